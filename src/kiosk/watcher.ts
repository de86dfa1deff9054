// Frames in, strikes out, one at a time: the heart of the worker, and what it counts.
import type { Kernels } from '../kernels/module.js';
import type { LumaRange } from '../kernels/pixel-format.js';
import type { Model } from '../model/model.js';
import type { Predictor } from '../model/predictor.js';
import type { Calibration } from '../types.js';
import { BarWatch } from '../video/bar-watch.js';
import type { TappedFrame } from '../video/frame-tap.js';
import { frameSize, LumaReader, rangeOf } from '../video/luma-reader.js';
import { wallClock, type WatchStats } from './live-messages.js';
import { decisionsOf } from './decisions.js';
import type { Decision, LiveMoved, LiveSound, LiveStrike } from './live-types.js';
import { StrikeTiming } from './strike-timing.js';

/** What a {@link Watcher} hears with. */
export interface WatcherSettings {
  readonly calibration: Calibration;
  readonly decision: Decision;
  readonly threshold: number | undefined;
}

/** Medians of what was measured since the last look; memory is made once. */
class Median {
  readonly #values = new Float64Array(128);
  readonly #sorted = new Float64Array(128);
  #count = 0;

  push(value: number): void {
    if (Number.isNaN(value)) return;
    this.#values[this.#count % 128] = value;
    this.#count += 1;
  }

  take(): number {
    const count = Math.min(this.#count, 128);
    this.#count = 0;
    if (count === 0) return NaN;
    this.#sorted.set(this.#values);
    return this.#sorted.subarray(0, count).sort()[count >> 1];
  }
}

/** Watches frames of one source with one model. */
export class Watcher {
  readonly #kernels: Kernels;
  readonly #model: Model;
  readonly #timing = new StrikeTiming();
  readonly #capture = new Median();
  readonly #step = new Median();
  readonly #audio = new Median();
  #settings: WatcherSettings;
  #predictor: Predictor | undefined;
  #bars: BarWatch | undefined;
  #reader = new LumaReader(1, 1, 'limited');
  #looked = -Infinity;
  #last = -Infinity;
  #frames = 0;
  #fresh = 0;
  #strikes = 0;
  #since = performance.now();
  // When the device was last asked for something that it has not answered yet, ms.
  #asked = NaN;
  #sound: MessagePort | undefined;
  // Strikes that the audio thread has not answered yet.
  readonly #sent: (readonly LiveStrike[])[] = [];
  /** Told of strikes as they are decided. */
  onStrikes: (strikes: readonly LiveStrike[]) => void = () => undefined;
  /** Told of strikes whose sound is on its way. */
  onSounds: (sounds: readonly LiveSound[]) => void = () => undefined;
  /** Told when the bars are no longer where they were. */
  onMoved: (moved: LiveMoved) => void = () => undefined;

  /** @throws {TypeError | RangeError | ModelError} as {@link Predictor}'s constructor. */
  constructor(kernels: Kernels, model: Model, settings: WatcherSettings) {
    this.#kernels = kernels;
    this.#model = model;
    this.#settings = settings;
    // What is wrong with the settings shows before the first frame does.
    this.#open(settings.calibration.width, settings.calibration.height, 'limited');
  }

  /** Takes other settings; strikes under way are forgotten. @throws as the constructor. */
  set(settings: WatcherSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    try {
      this.#open(this.#reader.width, this.#reader.height, this.#reader.range);
    } catch (error) {
      this.#settings = before;
      throw error;
    }
  }

  /** How long the device has been thinking about one step, ms; 0 when it is not. */
  get thinking(): number {
    return Number.isNaN(this.#asked) ? 0 : performance.now() - this.#asked;
  }

  /** What was counted, the medians since the last call. @param dropped frames that the source lost. */
  stats(dropped: number): WatchStats {
    const now = performance.now();
    const fps = (1000 * this.#fresh) / Math.max(1, now - this.#since);
    this.#since = now;
    this.#fresh = 0;
    return {
      fps,
      frames: this.#frames,
      dropped,
      strikes: this.#strikes,
      capture: this.#capture.take(),
      model: this.#step.take(),
      audio: this.#audio.take(),
    };
  }

  /** Where strikes are sent that are to sound. */
  get sound(): MessagePort | undefined {
    return this.#sound;
  }

  /** Answers to strikes sent before are no longer waited for. */
  set sound(port: MessagePort | undefined) {
    this.#sound = port;
    this.#sent.length = 0;
  }

  /** Takes the audio thread's answer to the strikes sent longest ago: when they leave it, ms of `Date.now()`. */
  heard(leave: Float64Array): void {
    const strikes = this.#sent.shift();
    if (!strikes) return;
    const toWall = wallClock() - Date.now();
    const sounds: LiveSound[] = [];
    strikes.forEach((strike, i) => {
      const leaves = leave[i] + toWall;
      this.#audio.push(leaves - strike.decided);
      if (!Number.isNaN(leaves)) sounds.push({ ...strike, leaves });
    });
    if (sounds.length > 0) this.onSounds(sounds);
  }

  /**
   * Watches one frame, and closes it.
   * @throws {ModelError} when the device fails.
   */
  async watch({ frame, time, arrived, captured }: TappedFrame): Promise<void> {
    let found;
    try {
      const { width, height } = frameSize(frame);
      const range = rangeOf(frame);
      const reader = this.#reader;
      if (width !== reader.width || height !== reader.height || range !== reader.range)
        this.#open(width, height, range);
      // A loop, a seek, another camera: all that was seen belongs to another time.
      if (!(time > this.#last)) {
        this.#predictor!.reset();
        this.#timing.reset();
        this.#looked = -Infinity;
      }
      this.#last = time;
      this.#timing.frame(time, performance.timeOrigin + arrived);
      this.#capture.push(arrived - captured);
      this.#asked = performance.now();
      found = await this.#predictor!.push({ time, write: (input) => this.#read(frame, input) });
    } finally {
      this.#asked = NaN;
      frame.close();
    }
    const decided = wallClock();
    this.#step.push(decided - performance.timeOrigin - arrived);
    this.#frames += 1;
    this.#fresh += 1;
    if (found.length === 0) return;
    this.#strikes += found.length;
    const toSound = new Float64Array(3 * found.length);
    const toDate = Date.now() - decided;
    const strikes = found.map(({ time: at, midi, velocity }, i) => {
      const contact = this.#timing.contact(at);
      toSound.set([midi, velocity, this.#timing.due(contact, decided) + toDate], 3 * i);
      return { time: at, midi, velocity, contact, arrived: performance.timeOrigin + arrived, decided };
    });
    if (this.#sound) {
      this.#sent.push(strikes);
      this.#sound.postMessage(toSound, [toSound.buffer]);
    }
    this.onStrikes(strikes);
  }

  async #read(frame: VideoFrame, input: Uint8Array<ArrayBuffer>): Promise<void> {
    const reader = this.#reader;
    await reader.read(frame, input);
    const bars = this.#bars;
    if (!bars || this.#last - this.#looked < bars.interval) return;
    this.#looked = this.#last;
    const verdict = bars.push(input);
    if (verdict?.moved !== true) return;
    const { width, height } = reader;
    this.onMoved({ agreement: verdict.agreement, picture: { luma: bars.picture(), width, height } });
  }

  #open(width: number, height: number, range: LumaRange): void {
    const { calibration, decision, threshold } = this.#settings;
    // With room for chroma, which comes along.
    const frame = { width, height, format: 'i420', range } as const;
    this.#predictor = this.#model.createPredictor(calibration, {
      frame,
      head: decisionsOf(this.#model.card)[decision].head,
      ...(threshold === undefined ? {} : { threshold }),
    });
    this.#bars = new BarWatch(this.#kernels, calibration, { width, height, format: 'gray8', range });
    this.#reader = new LumaReader(width, height, range);
    this.#looked = -Infinity;
  }
}
