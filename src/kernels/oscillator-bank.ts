// Additive synthesis as a plan: sines whose amplitudes are given once per video frame.
import { frameRate, type FrameRate } from '../frame-rate.js';
import { f32, f64, openInstance } from './instance.js';
import type { KernelExports } from './generated/exports.js';
import type { Kernels } from './module.js';

/** A sine that sounds along with every note of a bank. */
export interface SinePartial {
  /** Frequency over that of the note. */
  readonly ratio: number;
  /** Linear, on top of the note's amplitude; negative turns the phase. */
  readonly gain: number;
}

/** What an {@link OscillatorBank} is made for. */
export interface OscillatorBankOptions {
  /** Samples per second, 1 to 768000. */
  readonly sampleRate: number;
  /** Video frames per second: rows of amplitudes per second. */
  readonly fps: FrameRate | number | string;
  /** Frequency of each note, Hz. */
  readonly hz: readonly number[];
  /** Sines of each note; those at or above half the sample rate are left out. Default: the fundamental alone. */
  readonly partials?: readonly SinePartial[];
  /** Rows of amplitudes held; at least 2. */
  readonly rows: number;
  /** Video frames that pass before row 0; fractions allowed. Default 0. */
  readonly delay?: number;
  /** The most samples one `run` may ask for. Default 128, a block of the audio thread. */
  readonly samples?: number;
}

const segment = 64;
const recordSize = 560;

/**
 * A bank of sines: out(n) = sum over notes k and partials p of gain_p * a_k(n) * sin(2 pi ratio_p hz_k n / sampleRate),
 * where a_k(n) runs in straight lines through the amplitudes of the video frames; frame f lies at sample
 * (f + delay) * sampleRate / fps, an exact ratio, so nothing drifts. Before the first frame its amplitudes hold.
 *
 * The samples depend on their position alone, not on how a sound is cut into runs: bit-identical for any cut. Error
 * against float64: below -130 dB of the peak at any frequency, also after an hour. Notes that are silent cost next to nothing.
 *
 * **Source:** Hantrakul et al., "Deep Auditory Hallucinations" (2017): amplitudes interpolated and multiplied with one
 * oscillator per note. Inside 64 samples the addition theorem about their middle, with tables made once; a float64
 * phasor leads from one middle to the next.
 */
export class OscillatorBank {
  /**
   * [rows x notes], linear: the caller writes the amplitudes of video frame f into row f % rows, 64 samples before a run
   * reaches frame f - 1 (segments of 64 samples are rendered whole). A value that is not a number, infinite or beyond 1e30 counts as 0. Valid for the life of the bank.
   */
  readonly amplitudes: Float32Array<ArrayBuffer>;
  /** Mono samples, valid until the next `run`. */
  readonly output: Float32Array<ArrayBuffer>;
  /** Sines that sound: notes x partials below half the sample rate. */
  readonly sines: number;

  readonly #exports: KernelExports;
  readonly #at;
  readonly #clock: Float64Array;
  readonly #rest: Float32Array;
  readonly #turns: Float64Array;
  readonly #whole: Float32Array;
  readonly #rows: number;
  readonly #notes: number;
  readonly #delay: number;
  #position = 0;

  /**
   * @throws {RangeError} when an option is out of range.
   */
  constructor(kernels: Kernels, options: OscillatorBankOptions) {
    const { sampleRate, hz, rows, delay = 0, samples = 128, partials = [{ ratio: 1, gain: 1 }] } = options;
    const fps = frameRate(options.fps);
    if (!Number.isInteger(sampleRate) || sampleRate < 1 || sampleRate > 768_000) {
      throw new RangeError(`sampleRate: expected a whole number of 1..768000, got ${sampleRate}.`);
    }
    if (!Number.isInteger(rows) || rows < 2) throw new RangeError(`rows: expected a whole number >= 2, got ${rows}.`);
    if (!Number.isInteger(samples) || samples < 1) {
      throw new RangeError(`samples: expected a whole number >= 1, got ${samples}.`);
    }
    if (!(Math.abs(delay) <= 1e6)) throw new RangeError(`delay: expected frames of -1e6..1e6, got ${delay}.`);
    if (hz.length === 0 || !hz.every((f) => f > 0 && f < Infinity)) {
      throw new RangeError(`hz: expected one or more frequencies above 0, got ${hz.join(' ') || 'none'}.`);
    }
    for (const { ratio, gain } of partials) {
      if (!(ratio > 0 && ratio < Infinity && Math.abs(gain) <= 1e6)) {
        throw new RangeError(`partials: expected a ratio above 0 and a gain of -1e6..1e6, got ${ratio} and ${gain}.`);
      }
    }
    if (fps.num / fps.den > sampleRate) {
      throw new RangeError(`fps: expected at most one frame per sample, got ${fps.num}/${fps.den}.`);
    }
    const unit = sampleRate * fps.den;
    // Whole numbers of float64 stay exact up to 2^53: a segment may take its steps without rounding.
    if (unit > 2 ** 51 || fps.num > 2 ** 42) {
      throw new RangeError(`fps: expected a ratio of smaller numbers, got ${fps.num}/${fps.den}.`);
    }

    const sines = partials.flatMap(({ ratio, gain }) =>
      hz.flatMap((f, note) => (f * ratio < sampleRate / 2 ? [{ turns: (f * ratio) / sampleRate, gain, note }] : [])),
    );
    const instance = openInstance(kernels, {
      clock: f64(4),
      records: f64((sines.length * recordSize) / 8),
      scratch: f32(segment + 8 * sines.length + 2 * (hz.length + 3)),
      rest: f32(segment),
      amplitudes: f32(rows * hz.length + 4),
      output: f32((Math.ceil(samples / segment) + 1) * segment),
    });
    const { views, at, exports } = instance;
    sines.forEach(({ turns, gain, note }, i) => {
      exports.oscillatorSetup(at.records + i * recordSize, turns, gain, note);
    });
    this.#exports = exports;
    this.#at = at;
    this.#clock = views.clock;
    this.#clock[2] = unit;
    this.#clock[3] = fps.num;
    this.#rest = views.rest;
    this.#whole = views.output;
    this.#turns = Float64Array.from(sines, ({ turns }) => turns);
    this.#rows = rows;
    this.#notes = hz.length;
    this.#delay = Math.round(delay * unit);
    this.sines = sines.length;
    this.amplitudes = views.amplitudes.subarray(0, rows * hz.length);
    this.output = views.output.subarray(0, samples);
    this.seek(0);
  }

  /** Sample that the next run begins with. */
  get position(): number {
    return this.#position;
  }

  /**
   * Moves to any sample, an hour ahead or back to the start; the phases are what they would be there.
   * @throws {RangeError} when `position` is not a whole number of 0..2^40.
   */
  seek(position: number): void {
    if (!Number.isInteger(position) || position < 0 || position > 2 ** 40) {
      throw new RangeError(`position: expected a whole number of samples, 0..2^40, got ${position}.`);
    }
    const start = position - (position % segment);
    const unit = BigInt(this.#clock[2]);
    const elapsed = BigInt(start) * BigInt(this.#clock[3]) - BigInt(this.#delay);
    let frame = elapsed / unit;
    if (frame * unit > elapsed) frame -= 1n;
    this.#clock[0] = Number(frame);
    this.#clock[1] = Number(elapsed - frame * unit);
    for (let i = 0; i < this.sines; i++) {
      this.#exports.oscillatorPhase(this.#at.records + i * recordSize, this.#turns[i] * (start + (segment - 1) / 2));
    }
    this.#position = position;
    if (position > start) this.#render(this.#at.rest, 1);
  }

  /**
   * Renders the next `samples` samples into the front of `output`. Allocates nothing.
   * @throws {RangeError} when `samples` is not a whole number within what the bank was made for.
   */
  run(samples: number = this.output.length): void {
    if (!Number.isInteger(samples) || samples < 0 || samples > this.output.length) {
      throw new RangeError(`samples: expected a whole number of 0..${this.output.length}, got ${samples}.`);
    }
    // A segment that an earlier run left unfinished comes first.
    const used = this.#position % segment;
    let filled = 0;
    if (used > 0) {
      filled = Math.min(segment - used, samples);
      for (let i = 0; i < filled; i++) this.#whole[i] = this.#rest[used + i];
    }
    const segments = Math.ceil((samples - filled) / segment);
    if (segments > 0) {
      this.#render(this.#at.output + 4 * filled, segments);
      const over = filled + segments * segment - samples;
      if (over > 0) for (let i = 0; i < segment; i++) this.#rest[i] = this.#whole[samples + over - segment + i];
    }
    this.#position += samples;
  }

  #render(out: number, segments: number): void {
    const { clock, amplitudes, records, scratch } = this.#at;
    this.#exports.oscillators(out, segments, clock, amplitudes, this.#rows, this.#notes, records, this.sines, scratch);
  }
}
