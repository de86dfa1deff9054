// What each bar rings like, moment by moment, and how much of it a steadily decaying bar could not have done by itself.
import type { Note } from '../notes.js';

/** Ringing of one note over time, on a fixed grid of moments. */
export interface Resonance {
  /** Length of the analysis window, s: long enough to tell the note from its nearest neighbour. */
  readonly window: number;
  /** Half the window, moments: how far apart "before" and "after" are taken from a moment. */
  readonly reach: number;
  /** Amplitude just before each moment, linear; [moments]. */
  readonly before: Float32Array;
  /** Amplitude that appeared at each moment beyond the decay of what was there, linear; [moments]. */
  readonly novelty: Float32Array;
}

/** Seconds between moments. */
export const momentSeconds = 0.004;

/** Window in which two notes `spacing` Hz apart can be told apart: the first zero of a Hann window. */
function windowSeconds(spacing: number): number {
  return Math.min(Math.max(2 / spacing, 0.024), longestWindow);
}

/** Longest window any note is followed with, s. */
export const longestWindow = 0.09;

/**
 * Follows one note through a sound that comes piece by piece.
 *
 * A ringing bar turns in phase and decays at a steady rate, the same at every strike; both are learnt from the sound
 * itself. What the window after a moment holds beyond the window before it, turned and decayed, is new: a strike, in
 * whatever phase it meets the ringing bar.
 */
export class NoteFollower {
  /** Length of the analysis window, s. */
  readonly window: number;
  // The right half of a Hann window times a cosine and a sine about its centre; the left half mirrors it.
  readonly #real: Float32Array;
  readonly #imag: Float32Array;
  #re: Float32Array;
  #im: Float32Array;
  #moments = 0;

  /**
   * @param spacing distance to the nearest other note, Hz.
   * @param moments how many there will be, as far as is known.
   */
  constructor(sampleRate: number, note: Note, spacing: number, moments: number) {
    this.window = windowSeconds(spacing);
    const half = Math.floor((this.window * sampleRate) / 2);
    this.#real = new Float32Array(half + 1);
    this.#imag = new Float32Array(half + 1);
    for (let i = 0; i <= half; i++) {
      // Normalised to the amplitude of a sine: twice the mean under the window.
      const weight = (2 / half) * Math.cos((Math.PI * i) / (2 * half)) ** 2;
      const phase = (2 * Math.PI * note.hz * i) / sampleRate;
      this.#real[i] = weight * Math.cos(phase);
      this.#imag[i] = -weight * Math.sin(phase);
    }
    this.#re = new Float32Array(moments);
    this.#im = new Float32Array(moments);
  }

  /** Measures the next moment, which lies at `centre` in `samples`; half the longest window lies to both sides. */
  measure(samples: Float32Array, centre: number): void {
    const real = this.#real;
    const imag = this.#imag;
    let a = samples[centre] * real[0];
    let b = 0;
    for (let i = 1; i < real.length; i++) {
      const later = samples[centre + i];
      const earlier = samples[centre - i];
      a += (later + earlier) * real[i];
      b += (later - earlier) * imag[i];
    }
    if (this.#moments === this.#re.length) {
      // By a quarter: an hour of eighteen notes is large, doubling it would be larger.
      const more = Math.ceil(1.25 * this.#moments) + 1024;
      this.#re = grown(this.#re, more);
      this.#im = grown(this.#im, more);
    }
    this.#re[this.#moments] = a;
    this.#im[this.#moments++] = b;
  }

  /** What has been followed. It lies where the measurements lay, so it can be asked for once. */
  finish(): Resonance {
    const re = this.#re.subarray(0, this.#moments);
    const im = this.#im.subarray(0, this.#moments);
    const reach = Math.ceil(this.window / 2 / momentSeconds);
    const { turnRe, turnIm } = steadyTurn(re, im, 2 * reach);
    // Moment m compares m - reach with m + reach. Writing m's result to m - reach is safe: nothing later reads there.
    const first = Math.max(0, Math.min(reach, re.length));
    const early = new Float32Array(first);
    for (let m = 0; m < first && m + reach < re.length; m++) early[m] = magnitude(re[m + reach], im[m + reach]);
    for (let b = 0; b < re.length; b++) {
      const a = b + 2 * reach;
      const bRe = re[b];
      const bIm = im[b];
      re[b] = magnitude(bRe, bIm);
      // Past the end nothing is known, which is not the same as silence.
      im[b] = a < re.length ? magnitude(re[a] - bRe * turnRe + bIm * turnIm, im[a] - bRe * turnIm - bIm * turnRe) : 0;
    }
    re.copyWithin(first, 0);
    re.fill(0, 0, first);
    im.copyWithin(first, 0);
    im.set(early, 0);
    return { window: this.window, reach, before: re, novelty: im };
  }
}

// Math.hypot guards against overflow, at twenty times the price.
function magnitude(re: number, im: number): number {
  return Math.sqrt(re * re + im * im);
}

function grown(values: Float32Array, length: number): Float32Array {
  const larger = new Float32Array(length);
  larger.set(values);
  return larger;
}

/** The factor by which a freely ringing bar changes over `lag` moments: a turn in phase and a decay. */
function steadyTurn(re: Float32Array, im: Float32Array, lag: number): { turnRe: number; turnIm: number } {
  const loud = quantile(
    re.map((x, i) => magnitude(x, im[i])),
    0.8,
  );
  let sumRe = 0;
  let sumIm = 0;
  const decays: number[] = [];
  for (let i = 0; i + lag < re.length; i++) {
    const was = magnitude(re[i], im[i]);
    const is = magnitude(re[i + lag], im[i + lag]);
    // Only where it is loud and dies away undisturbed.
    if (was <= loud || is >= was || is <= 0.2 * was) continue;
    sumRe += re[i + lag] * re[i] + im[i + lag] * im[i];
    sumIm += im[i + lag] * re[i] - re[i + lag] * im[i];
    decays.push(is / was);
  }
  const size = magnitude(sumRe, sumIm);
  if (decays.length < 6 || size === 0) return { turnRe: 0.5, turnIm: 0 };
  const decay = quantile(decays, 0.5);
  return { turnRe: (decay * sumRe) / size, turnIm: (decay * sumIm) / size };
}

/** Linear-interpolated quantile of unsorted values; 0 for none. */
export function quantile(values: ArrayLike<number>, q: number): number {
  if (values.length === 0) return 0;
  const sorted = Float32Array.from(values).sort();
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}
