// The additive voice for amplitudes that arrive while it sounds: rows at any time, late or never.
import type { Kernels } from '../kernels/module.js';
import type { OscillatorBank } from '../kernels/oscillator-bank.js';
import { openSines, type VoiceOptions } from './voices.js';

// Rows of the bank, per second and in all: fine enough for any video frame to begin where it should, 5 s ahead.
const rate = 200;
const rows = 1024;

/**
 * Oscillators whose amplitudes come as rows with a time each. Between rows they run in straight lines (resolved to
 * 1/200 s); before the first and after the last, and across a gap of more than two steps, they fade within one step.
 * Nothing clicks, whatever comes late. `push` and `run` allocate nothing.
 */
export class AmplitudeStream {
  /** Mono samples, valid until the next `run`. */
  readonly output: Float32Array;

  readonly #bank: OscillatorBank;
  readonly #hop: number;
  readonly #notes: number;
  readonly #last: Float32Array;
  #lastTime = -Infinity;
  #cleared = 0;

  /**
   * @throws {RangeError} when an option is out of range.
   */
  constructor(kernels: Kernels, options: Omit<VoiceOptions, 'strikes'>) {
    this.#bank = openSines(kernels, options, { fps: rate, rows });
    this.#hop = options.sampleRate / rate;
    this.#notes = options.midi.length;
    this.#last = new Float32Array(this.#notes);
    this.output = this.#bank.output;
  }

  /** Sample that the next run begins with. */
  get position(): number {
    return this.#bank.position;
  }

  /**
   * Takes a row. Rows come in order of time; one that is not later than the last is ignored, and what of a row lies in
   * the past is lost.
   * @param data amplitudes, linear; the row begins at `offset`.
   * @param when sample that the row stands for, and samples from one row to the next: in an array, because a number that
   * is handed over may be put on the heap.
   * @returns false when the row lies too far ahead (5 s) to be held.
   */
  push(data: Float32Array, offset: number, when: Float64Array): boolean {
    const time = when[0] / this.#hop;
    const span = when[1] / this.#hop;
    const soonest = this.#soonest();
    if (time + span >= soonest + rows - 4) return false;
    if (!(time > this.#lastTime)) return true;
    if (time - this.#lastTime > 2 * span) {
      this.#last.fill(0);
      this.#lastTime = time - span;
    }
    const { amplitudes } = this.#bank;
    for (let row = Math.max(soonest, Math.ceil(this.#lastTime)); row < time + span; row++) {
      const base = (row % rows) * this.#notes;
      const rising = row <= time;
      const part = rising ? (row - this.#lastTime) / (time - this.#lastTime) : 1 - (row - time) / span;
      for (let note = 0; note < this.#notes; note++) {
        const from = rising ? this.#last[note] : 0;
        amplitudes[base + note] = from + (data[offset + note] - from) * part;
      }
    }
    for (let note = 0; note < this.#notes; note++) this.#last[note] = data[offset + note];
    this.#lastTime = time;
    return true;
  }

  /** Renders the next `samples` samples into the front of `output`. */
  run(samples: number = this.output.length): void {
    this.#bank.run(samples);
    // Rows that have been heard are silent when the ring comes round again.
    for (const until = Math.floor(this.position / this.#hop) - 1; this.#cleared < until; this.#cleared++) {
      const base = (this.#cleared % rows) * this.#notes;
      for (let note = 0; note < this.#notes; note++) this.#bank.amplitudes[base + note] = 0;
    }
  }

  /** Silences everything, forgets rows to come, and goes back to sample 0. */
  reset(): void {
    this.#bank.amplitudes.fill(0);
    this.#bank.seek(0);
    this.#lastTime = -Infinity;
    this.#cleared = 0;
  }

  /** The first row that may still change: those before have been read for segments already begun. */
  #soonest(): number {
    return Math.floor((this.position + 64) / this.#hop) + 2;
  }
}
