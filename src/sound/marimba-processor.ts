// What runs on the audio thread: a voice, its clock, and the messages it takes. `process` allocates nothing and never
// throws; everything that may fail or allocate happens where messages arrive.
import { makeRoom } from '../kernels/room.js';
import { AmplitudeStream } from './amplitude-stream.js';
import { ClockLag } from './clock-lag.js';
import type { FromProcessor, MarimbaProcessorOptions, ToProcessor } from './marimba-messages.js';
import { openStrikeVoice, type StrikeVoice } from './voices.js';

// What the audio thread's global scope has, declared here alone: everywhere else these names would be slips.
declare const sampleRate: number;
declare const currentFrame: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

// Elsewhere there is nothing to extend, and nobody to make a processor.
const Processor =
  'AudioWorkletProcessor' in globalThis ? AudioWorkletProcessor : (Object as unknown as typeof AudioWorkletProcessor);

// Samples the voice makes at a time: what every browser asks for today.
const block = 128;
// Strikes that can wait: a busy hour.
const strikeRoom = 16_384;
// Fade that `silence` takes, seconds.
const fade = 0.01;
// The longest gap that is caught up with, samples: a few milliseconds of work.
const mostSkipped = 65_536;
// Later than this, in ms, and the device has run dry; later than a pause, and somebody stopped the clock.
const [late, pause] = [100, 1000];
// A block this late, in ms, does not come for now.
const stopped = 400;
// Looks at the wall clock before old ones are forgotten: three seconds.
const clockSpan = 64;

/** The processor of a marimba node. */
export class MarimbaProcessor extends Processor {
  #voice: StrikeVoice;
  #sines: AmplitudeStream | undefined;
  readonly #live: boolean;
  readonly #fadeStep: number;
  // Rows to come, and where among them: what they stand for, on the context's clock, and how far apart, in samples.
  #rows: { data: Float32Array; row: number; start: number; step: number }[] = [];
  readonly #when = new Float64Array(2);
  #held: Exclude<ToProcessor, { type: 'silence' | 'status' | 'receive' | 'close' | 'make room' }>[] = [];
  readonly #notes: number;
  readonly #places: ReadonlyMap<number, number>;
  readonly #clock = new ClockLag(clockSpan, late);
  // Frame of the context at which the voice's clock is 0.
  #origin = -1;
  #expected = -1;
  #gain = 1;
  #fading = false;
  #broken = false;
  #closed = false;
  #underruns = 0;
  #rendered = 0;
  #lag = Infinity;

  /** Opens the voice. A failure here reaches the page as `processorerror`. */
  constructor(options: { processorOptions: MarimbaProcessorOptions }) {
    super();
    const { kernels, voice, midi, tuning, exemplars, a4, live } = options.processorOptions;
    const shape = { midi, sampleRate, tuning, a4, samples: block };
    this.#voice = openStrikeVoice(kernels, voice, { ...shape, exemplars, strikes: strikeRoom });
    this.#sines = voice === 'additive' ? new AmplitudeStream(kernels, shape) : undefined;
    this.#notes = midi.length;
    this.#places = new Map(midi.map((number, place) => [number, place]));
    this.#live = live;
    this.#fadeStep = 1 / (fade * sampleRate);
    this.port.onmessage = ({ data }: MessageEvent<ToProcessor>) => {
      try {
        this.#receive(data);
      } catch (error) {
        this.#report(error);
      }
    };
    this.#post({ type: 'ready' });
  }

  /** Renders one block; returns false once it has been closed, for else browsers keep it for ever. */
  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    // A browser may leave out what nobody hears.
    const channel = outputs[0]?.[0] as Float32Array | undefined;
    if (this.#closed) {
      this.#post({ type: 'closed' });
      return false;
    }
    if (this.#broken || !channel) return true;
    try {
      this.#watch(channel.length);
      for (let at = 0; at < channel.length; at += block)
        this.#render(channel, at, Math.min(block, channel.length - at));
    } catch (error) {
      this.#broken = true;
      channel.fill(0);
      this.#report(error);
    }
    return true;
  }

  /** Counts what came late, and keeps the voice's clock on the context's. */
  #watch(length: number): void {
    if (this.#origin < 0) {
      this.#origin = currentFrame;
      this.#release();
    }
    if (this.#expected >= 0 && currentFrame !== this.#expected) {
      this.#underruns += 1;
      this.#skip(currentFrame - this.#expected);
    }
    this.#expected = currentFrame + length;
    this.#rendered += length;
    // The wall clock is a number on the heap, the only thing ever put there: read it now and then.
    if (!this.#live || (this.#rendered & 2047) !== 0) return;
    const lag = Date.now() - (1000 * currentFrame) / sampleRate;
    this.#clock.push(lag);
    if (lag > this.#lag + late) {
      if (lag < this.#lag + pause) this.#underruns += 1;
      this.#lag = lag;
    } else if (lag < this.#lag) {
      this.#lag = lag;
    }
  }

  /** Lets samples pass unheard, so that what is to come keeps its time; after a long gap it comes as much later. */
  #skip(samples: number): void {
    let left = samples;
    for (; left >= block && samples <= mostSkipped; left -= block) {
      this.#feed();
      this.#voice.run(block);
      this.#sines?.run(block);
    }
    this.#origin += left;
  }

  #render(channel: Float32Array, at: number, length: number): void {
    this.#feed();
    this.#voice.run(length);
    const { output } = this.#voice;
    for (let i = 0; i < length; i++) channel[at + i] = output[i];
    if (this.#sines) {
      this.#sines.run(length);
      const { output: sines } = this.#sines;
      for (let i = 0; i < length; i++) channel[at + i] += sines[i];
    }
    if (!this.#fading) return;
    for (let i = at; i < at + length; i++) {
      this.#gain = Math.max(0, this.#gain - this.#fadeStep);
      channel[i] *= this.#gain;
    }
    if (this.#gain > 0) return;
    this.#fading = false;
    this.#gain = 1;
    this.#origin += this.#voice.position;
    this.#voice.reset();
    this.#sines?.reset();
    this.#release();
  }

  /** Takes the messages that had to wait. */
  #release(): void {
    for (const message of this.#held) {
      try {
        this.#receive(message);
      } catch (error) {
        this.#report(error);
      }
    }
    this.#held.length = 0;
  }

  /** Hands rows to the oscillators as far ahead as these can hold them. */
  #feed(): void {
    if (!this.#sines) return;
    while (this.#rows.length > 0) {
      const rows = this.#rows[0];
      this.#when[0] = rows.start + rows.row * rows.step - this.#origin;
      this.#when[1] = rows.step;
      if (!this.#sines.push(rows.data, rows.row * this.#notes, this.#when)) return;
      rows.row += 1;
      if (rows.row * this.#notes >= rows.data.length) this.#rows.shift();
    }
  }

  #receive(message: ToProcessor): void {
    if (this.#closed) return;
    if (message.type === 'status') {
      this.#post({ type: 'status', rendered: this.#rendered, underruns: this.#underruns });
    } else if (message.type === 'receive') {
      const { port } = message;
      port.onmessage = ({ data }: MessageEvent<Float64Array>) => {
        port.postMessage(this.#strikeLive(data));
      };
    } else if (message.type === 'close') {
      this.#closed = true;
      // Their memory may be collected although the page holds on to its node. Nothing asks a closed one for them.
      this.#voice = this.#sines = undefined as never;
    } else if (message.type === 'make room') {
      makeRoom();
    } else if (message.type === 'silence') {
      this.#fading = this.#origin >= 0;
      this.#rows = [];
      this.#held = [];
    } else if (this.#fading || this.#origin < 0) {
      this.#held.push(message);
    } else if (message.type === 'amplitudes') {
      const { data, time, step } = message;
      if (data.length > 0) this.#rows.push({ data, row: 0, start: time * sampleRate, step: step * sampleRate });
    } else {
      const { strikes } = message;
      let lost = 0;
      for (let i = 0; i < strikes.length; i += 3) {
        const at = strikes[i] * sampleRate - this.#origin;
        if (!this.#voice.strike(strikes[i + 1], strikes[i + 2], at)) lost += 1;
      }
      if (lost > 0) throw new Error(`${lost} strikes are lost: more than ${strikeRoom} wait already.`);
    }
  }

  /** Strikes by the wall clock; answers when they leave. */
  #strikeLive(strikes: Float64Array): Float64Array {
    const leave = new Float64Array(strikes.length / 3).fill(NaN);
    if (this.#origin < 0 || this.#fading || this.#broken || this.#closed) return leave;
    // Nobody hears it for now: it leads nowhere, and is not asked for blocks.
    if (currentFrame - this.#expected > (stopped * sampleRate) / 1000) return leave;
    const { least } = this.#clock;
    // A suspended context would play all of them when it goes on.
    if (least < Infinity && Date.now() - least - (1000 * currentFrame) / sampleRate > stopped) return leave;
    for (let i = 0; i < leave.length; i++) {
      const place = this.#places.get(strikes[3 * i]);
      if (place === undefined) continue;
      const due = ((strikes[3 * i + 2] - least) * sampleRate) / 1000;
      // Before the first look at the clock, and when due, at once.
      const at = due > this.#expected ? due : Math.max(this.#expected, currentFrame);
      if (this.#voice.strike(place, strikes[3 * i + 1], at - this.#origin)) {
        leave[i] = Math.max(Date.now(), least < Infinity ? least + (1000 * at) / sampleRate : 0);
      }
    }
    return leave;
  }

  #report(error: unknown): void {
    this.#post({ type: 'problem', message: error instanceof Error ? error.message : String(error) });
  }

  #post(message: FromProcessor): void {
    this.port.postMessage(message);
  }
}
