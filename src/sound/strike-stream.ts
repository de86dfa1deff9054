// The sound of strikes that are still being found: samples as far as nothing further can be struck.
import type { Kernels } from '../kernels/module.js';
import type { Strike } from '../types.js';
import { openStrikeVoice, type StrikeVoice, type VoiceName, type VoiceOptions } from './voices.js';

/** How a {@link StrikeStream} sounds. */
export interface StrikeStreamOptions extends Omit<VoiceOptions, 'samples' | 'strikes'> {
  /** Default `modal`. */
  readonly voice?: VoiceName;
}

// Samples of a block: what it needs stays in the processor's cache.
const piece = 4096;
// Strikes that can wait: every bar, several times in the half second that a model may look back.
const waiting = 4096;

/**
 * Plays strikes in the order in which they are found, and renders up to where the finder has made up its mind. The samples are
 * those of `synthesize()` for the same strikes, bit for bit, however they are cut into blocks.
 */
export class StrikeStream {
  /** Samples rendered so far. */
  position = 0;
  readonly #voice: StrikeVoice;
  readonly #bars: ReadonlyMap<number, number>;
  readonly #sampleRate: number;

  /**
   * @throws {RangeError} when an option is out of range.
   * @throws {TypeError} for the exemplar voice without exemplars.
   */
  constructor(kernels: Kernels, { voice = 'modal', ...options }: StrikeStreamOptions) {
    this.#voice = openStrikeVoice(kernels, voice, { ...options, samples: piece, strikes: waiting });
    this.#bars = new Map(options.midi.map((midi, bar) => [midi, bar]));
    this.#sampleRate = options.sampleRate;
  }

  /** Takes a strike on one of the bars; one that lies before `position` sounds at once, one on another bar not at all. */
  strike({ time, midi, velocity }: Strike): void {
    const bar = this.#bars.get(midi);
    if (bar !== undefined) this.#voice.strike(bar, velocity, time * this.#sampleRate);
  }

  /** Renders up to a time, s. Each block is mono, linear, and valid until the next one is asked for. */
  *until(seconds: number): Generator<Float32Array, void, undefined> {
    const end = Math.round(seconds * this.#sampleRate);
    while (this.position < end) {
      const samples = Math.min(piece, end - this.position);
      this.#voice.run(samples);
      this.position += samples;
      yield this.#voice.output.subarray(0, samples);
    }
  }
}
