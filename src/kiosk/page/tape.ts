// Records what sounds and what was struck, and makes files of it: WAV, MIDI, events.
import { formatEvents } from '../../sound/events.js';
import { encodeMidi } from '../../sound/midi.js';
import { encodeWav } from '../../sound/wav-encode.js';
import type { Strike } from '../../types.js';

/** Longest recording, s: what is kept is kept in memory. */
export const longest = 600;

/** A file to take home. */
export interface TapeFile {
  readonly name: string;
  readonly blob: Blob;
}

/** A recording under way. */
export class Tape {
  readonly #node: AudioWorkletNode;
  readonly #source: AudioNode;
  readonly #started: number;
  readonly #portions: Float32Array[] = [];
  readonly #strikes: Strike[] = [];
  readonly #sampleRate: number;

  private constructor(source: AudioNode, node: AudioWorkletNode) {
    this.#source = source;
    this.#node = node;
    this.#sampleRate = source.context.sampleRate;
    this.#started = performance.now();
    node.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
      if (this.seconds < longest) this.#portions.push(data);
    };
    source.connect(node);
  }

  /** Starts recording what a node plays. @throws {DOMException} when the audio thread's module cannot be loaded. */
  static async start(source: AudioNode): Promise<Tape> {
    await source.context.audioWorklet.addModule(new URL('tape-processor.js', document.baseURI));
    const options = { numberOfInputs: 1, numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit' } as const;
    return new Tape(source, new AudioWorkletNode(source.context, 'deep-marimba-tape', options));
  }

  /** Seconds so far. */
  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  /** Notes a strike that sounds now. */
  strike(midi: number, velocity: number): void {
    if (this.seconds < longest) this.#strikes.push({ time: this.seconds, midi, velocity });
  }

  /** Ends it, and makes the files. */
  stop(name = new Date().toISOString().slice(0, 19).replaceAll(':', '-')): TapeFile[] {
    this.#source.disconnect(this.#node);
    this.#node.port.onmessage = null;
    const length = this.#portions.reduce((sum, portion) => sum + portion.length, 0);
    const sound = new Float32Array(length);
    let at = 0;
    for (const portion of this.#portions) {
      sound.set(portion, at);
      at += portion.length;
    }
    const wav = encodeWav({ sampleRate: this.#sampleRate, channels: [sound] });
    const duration = length / this.#sampleRate;
    return [
      { name: `${name}.wav`, blob: new Blob([wav], { type: 'audio/wav' }) },
      { name: `${name}.mid`, blob: new Blob([encodeMidi(this.#strikes)], { type: 'audio/midi' }) },
      {
        name: `${name}.events.json`,
        blob: new Blob([formatEvents(this.#strikes, { source: 'live', duration })], { type: 'application/json' }),
      },
    ];
  }
}
