// Struck bars as a plan: strikes go in, sound comes out.
import { f32, f64, i32, openInstance } from './instance.js';
import type { KernelExports } from './generated/exports.js';
import type { Kernels } from './module.js';

/** One decaying sine of a bar. */
export interface BarMode {
  /** Hz. At or above half the sample rate it stays silent. */
  readonly hz: number;
  /** Time in which its amplitude falls to 1/e, seconds, 1e-4 to 1e3. */
  readonly tau: number;
  /** Amplitude at a strike of velocity 1, linear, -1e3 to 1e3; negative turns the phase. */
  readonly gain: number;
  /** How much duller softer strikes sound, 0 to 100: the mode loses exp(-brightness (velocity^-0.4 - 1)). Default 0. */
  readonly brightness?: number;
}

/** A bar: its modes, and the noise of the mallet on it. */
export interface ModalBar {
  /** Decaying sines, all starting at phase 0. */
  readonly modes: readonly BarMode[];
  /** Rms of the contact noise at a strike of velocity 1, linear, 0 to 1e3. Default 0. */
  readonly click?: number;
}

/** What a {@link ModalBank} is made for. */
export interface ModalBankOptions {
  /** Samples per second, 1 to 768000. */
  readonly sampleRate: number;
  /** The bars, in the order `strike` counts them. */
  readonly bars: readonly ModalBar[];
  /** Time constant of the contact noise, seconds, 1e-4 to 1. Default 0.004. */
  readonly clickTau?: number;
  /** Chooses the noise. Default 1. */
  readonly seed?: number;
  /** The most samples one `run` may ask for. Default 128, a block of the audio thread. */
  readonly samples?: number;
  /** Strikes that can wait at a time. Default 256. */
  readonly strikes?: number;
}

const segment = 64;
const recordSize = 208;

/** Samples within +-knee pass the limiter of a {@link ModalBank} bit for bit. */
export const limiterKnee = 0.75;

function within(name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high)) throw new RangeError(`${name}: expected ${low}..${high}, got ${value}.`);
}

/**
 * A bank of bars that ring when struck. A strike adds its energy to what rings already, so nothing clicks; a mode that
 * has decayed by 160 dB below full scale stops and costs nothing. Velocity scales all of a strike, its brighter modes
 * more: a mallet that lands faster touches the bar for a shorter time (Hertz: contact time ~ velocity^-1/5), which
 * shifts the spectrum of its push upwards. The sum passes a soft limiter: within +-{@link limiterKnee} untouched, never
 * beyond +-1.
 *
 * The samples depend on strikes and positions alone, not on how a sound is cut into runs: bit-identical for any cut.
 * The noise is a function of `seed` and the position. Error against float64: below -110 dB of the peak.
 *
 * **Source:** modal synthesis (Adrien, 1991; van den Doel and Pai, 1998): x(t) = sum of gain exp(-t / tau) sin(2 pi hz t).
 */
export class ModalBank {
  /** Mono samples, -1..1, valid until the next `run`. */
  readonly output: Float32Array<ArrayBuffer>;
  /** Number of bars. */
  readonly bars: number;

  readonly #exports: KernelExports;
  readonly #at;
  readonly #views;
  readonly #first: Int32Array;
  readonly #modes: Float32Array;
  readonly #click: Float32Array;
  readonly #noise: Int32Array;
  readonly #seed: number;
  readonly #count: number;
  // Strikes that wait, in order of time.
  readonly #times: Float64Array;
  readonly #struck: Int32Array;
  readonly #velocities: Float32Array;
  #waiting = 0;
  #position = 0;
  #ringing = 0;

  /**
   * @throws {RangeError} when an option is out of range.
   */
  constructor(kernels: Kernels, options: ModalBankOptions) {
    const { sampleRate, bars, clickTau = 0.004, seed = 1, samples = 128, strikes = 256 } = options;
    if (!Number.isInteger(sampleRate) || sampleRate < 1 || sampleRate > 768_000) {
      throw new RangeError(`sampleRate: expected a whole number of 1..768000, got ${sampleRate}.`);
    }
    if (bars.length === 0) throw new RangeError('bars: expected one or more, got none.');
    within('clickTau', clickTau, 1e-4, 1);
    if (!Number.isInteger(seed)) throw new RangeError(`seed: expected a whole number, got ${seed}.`);
    if (!Number.isInteger(samples) || samples < 1) {
      throw new RangeError(`samples: expected a whole number >= 1, got ${samples}.`);
    }
    if (!Number.isInteger(strikes) || strikes < 1 || strikes > 1e6) {
      throw new RangeError(`strikes: expected a whole number of 1..1000000, got ${strikes}.`);
    }
    for (const { modes, click = 0 } of bars) {
      within('click', click, 0, 1e3);
      for (const { hz, tau, gain, brightness = 0 } of modes) {
        if (!(hz > 0 && hz < Infinity)) throw new RangeError(`hz: expected a frequency above 0, got ${hz}.`);
        within('tau', tau, 1e-4, 1e3);
        within('gain', gain, -1e3, 1e3);
        within('brightness', brightness, 0, 100);
      }
    }
    const modes = bars.flatMap((bar) => bar.modes);
    const most = Math.max(...bars.map((bar) => bar.modes.length));
    const { views, at, exports } = openInstance(kernels, {
      records: f64(((modes.length + 1) * recordSize) / 8),
      list: i32(modes.length + 1),
      hiss: f64(3),
      gains: f32(most + 1),
      scratch: f32(segment),
      rest: f32(segment),
      output: f32((Math.ceil(samples / segment) + 1) * segment),
    });
    modes.forEach(({ hz, tau }, i) => {
      exports.modeSetup(at.records + i * recordSize, hz / sampleRate, Math.exp(-1 / (tau * sampleRate)));
    });
    views.hiss[1] = Math.exp(-1 / (clickTau * sampleRate));
    this.#exports = exports;
    this.#at = { ...at, empty: at.records + modes.length * recordSize };
    this.#views = views;
    this.#count = modes.length;
    this.#first = new Int32Array(bars.length + 1);
    bars.forEach((bar, i) => (this.#first[i + 1] = this.#first[i] + bar.modes.length));
    this.#modes = Float32Array.from(
      modes.flatMap(({ hz, gain, brightness = 0 }) => [hz < sampleRate / 2 ? gain : 0, brightness]),
    );
    this.#click = Float32Array.from(bars, ({ click = 0 }) => click);
    // The number of the next sample of noise lies in memory: a number this large might be put on the heap on its way.
    this.#noise = new Int32Array(views.hiss.buffer, views.hiss.byteOffset + 16, 1);
    this.#seed = Math.imul(seed, 0x9e3779b1);
    this.#noise[0] = this.#seed;
    this.#times = new Float64Array(strikes);
    this.#struck = new Int32Array(strikes);
    this.#velocities = new Float32Array(strikes);
    this.bars = bars.length;
    this.output = views.output.subarray(0, samples);
  }

  /** Sample that the next run begins with. */
  get position(): number {
    return this.#position;
  }

  /** Modes that rang at the end of the last run; 0 when all is quiet. */
  get ringing(): number {
    return this.#ringing;
  }

  /** Strikes that wait for their time. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Strikes a bar at a sample; a time that has passed means now. Allocates nothing.
   * @param bar index into `bars`.
   * @param velocity linear, 0..1.
   * @param at sample on the bank's own clock, rounded to a whole one. Default: the next to be rendered.
   * @returns false when too many strikes wait already; this one is lost.
   * @throws {RangeError} for a bar that is not there, or a velocity or time that is not a number in range.
   */
  strike(bar: number, velocity: number, at: number = this.#position): boolean {
    if (!(Number.isInteger(bar) && bar >= 0 && bar < this.bars)) {
      throw new RangeError(`bar: expected a whole number of 0..${this.bars - 1}, got ${bar}.`);
    }
    within('velocity', velocity, 0, 1);
    if (!Number.isFinite(at)) throw new RangeError(`at: expected a sample, got ${at}.`);
    if (velocity === 0) return true;
    const time = Math.max(Math.round(at), this.#position);
    const start = this.#position - (this.#position % segment);
    // The segment under way has been rendered: what falls into it joins what is left of it.
    if (start < this.#position && time < start + segment) {
      this.#excite(this.#at.rest, start, time, bar, velocity);
      return true;
    }
    if (this.#waiting === this.#times.length) return false;
    let i = this.#waiting++;
    for (; i > 0 && this.#times[i - 1] > time; i--) {
      this.#times[i] = this.#times[i - 1];
      this.#struck[i] = this.#struck[i - 1];
      this.#velocities[i] = this.#velocities[i - 1];
    }
    this.#times[i] = time;
    this.#struck[i] = bar;
    this.#velocities[i] = velocity;
    return true;
  }

  /** Silences everything, forgets waiting strikes, and goes back to sample 0. */
  reset(): void {
    for (let i = 0; i < this.#count; i++) this.#views.records.fill(0, (i * recordSize) / 8, (i * recordSize) / 8 + 2);
    this.#views.hiss[0] = 0;
    this.#noise[0] = this.#seed;
    this.#waiting = 0;
    this.#position = 0;
    this.#ringing = 0;
  }

  /**
   * Renders the next `samples` samples into the front of `output`. Allocates nothing.
   * @throws {RangeError} when `samples` is not a whole number within what the bank was made for.
   */
  run(samples: number = this.output.length): void {
    if (!Number.isInteger(samples) || samples < 0 || samples > this.output.length) {
      throw new RangeError(`samples: expected a whole number of 0..${this.output.length}, got ${samples}.`);
    }
    const { rest, output } = this.#views;
    const used = this.#position % segment;
    let filled = 0;
    if (used > 0) {
      filled = Math.min(segment - used, samples);
      for (let i = 0; i < filled; i++) output[i] = rest[used + i];
    }
    const begin = this.#position + filled;
    const end = begin + Math.ceil((samples - filled) / segment) * segment;
    for (let at = begin; at < end;) {
      // As far as the segment of the next strike in one go, then that segment and the strikes in it.
      const strike = this.#waiting > 0 ? this.#times[0] - (this.#times[0] % segment) : Infinity;
      const next = strike === at ? at + segment : Math.min(end, strike);
      const out = this.#at.output + 4 * (filled + at - begin);
      this.#ringing = this.#exports.modes(
        out,
        (next - at) / segment,
        this.#at.records,
        this.#count,
        this.#at.list,
        this.#at.hiss,
      );
      if (strike === at) this.#strikesOf(at, out);
      at = next;
    }
    const over = end - this.#position - samples;
    if (over > 0) for (let i = 0; i < segment; i++) rest[i] = output[samples + over - segment + i];
    this.#position += samples;
    this.#exports.modeLimit(this.#at.output, samples, limiterKnee);
  }

  #strikesOf(start: number, out: number): void {
    let done = 0;
    for (; done < this.#waiting && this.#times[done] < start + segment; done++) {
      this.#excite(out, start, this.#times[done], this.#struck[done], this.#velocities[done]);
    }
    this.#waiting -= done;
    this.#times.copyWithin(0, done, done + this.#waiting);
    this.#struck.copyWithin(0, done, done + this.#waiting);
    this.#velocities.copyWithin(0, done, done + this.#waiting);
  }

  #excite(out: number, start: number, time: number, bar: number, velocity: number): void {
    const { gains } = this.#views;
    const first = this.#first[bar];
    const count = this.#first[bar + 1] - first;
    const dull = velocity ** -0.4 - 1;
    for (let i = 0; i < count; i++) {
      const mode = 2 * (first + i);
      gains[i] = this.#modes[mode] * velocity * Math.exp(-this.#modes[mode + 1] * dull);
    }
    gains[count] = this.#click[bar] * velocity ** 1.5;
    const { records, empty, scratch, hiss } = this.#at;
    const record = records + first * recordSize;
    const offset = time - start;
    this.#exports.modeStrike(out, offset, record, count, this.#at.gains, empty, scratch, hiss);
  }
}
