// The voice made of recordings: each strike plays an exemplar at its time, to a fraction of a sample.
import { f32, openInstance } from '../kernels/instance.js';
import { limiterKnee } from '../kernels/modal-bank.js';
import type { Kernels } from '../kernels/module.js';
import type { ExemplarBank } from './exemplar-bank.js';
import { delayLength, delayTaps, prepareDelays, resample } from './resampling.js';

/** What an {@link ExemplarVoice} is made for. */
export interface ExemplarVoiceOptions {
  /** The recordings. */
  readonly bank: ExemplarBank;
  /** MIDI numbers of its bars; a strike names one by its place in this list. */
  readonly midi: readonly number[];
  /** Samples per second, 8000 to 192000. */
  readonly sampleRate: number;
  /** Frequency of A4, Hz, where the recordings are taken to be at 440. Default 440. */
  readonly a4?: number;
  /** The most samples one `run` may ask for. Default 128. */
  readonly samples?: number;
  /** Strikes that can wait at a time. Default 256. */
  readonly strikes?: number;
}

/** An exemplar as one bar plays it. */
interface Recording {
  /** At the voice's rate and pitch, with silence around it that the delay reaches into; peak about 1. */
  readonly samples: Float32Array;
  /** Time of contact, samples from the first. */
  readonly onset: number;
  /** Peak in the bank's own units. */
  readonly gain: number;
}

// Peak of the loudest exemplar of a bank when it is struck with velocity 1: a single strike stays clear of the limiter.
const loudest = 0.6;
// Exemplars that sound at a time; one more ends the one that has sounded longest.
const room = 64;
// How fast a bar that is struck again lets go of what it rang, s.
const fade = 0.005;
const half = delayLength / 2;

/**
 * Plays recorded strikes. A strike takes the exemplar of its bar that was nearest in level and scales it to the level it
 * wants; it rings out, unless the bar is struck again, which fades it within 5 ms. Velocity 1 is the loudest exemplar of the
 * bar; bars keep the balance they were recorded with. A bar that the bank lacks is played from the nearest one it has,
 * transposed. The sum passes the limiter of the `ModalBank`: within +-{@link limiterKnee} untouched, never beyond +-1.
 *
 * Recordings are brought to the voice's rate once, when it is opened; strikes are placed to 1/256 of a sample and better.
 * **Source:** example-based synthesis of Owens et al., "Visually Indicated Sounds" (2016).
 */
export class ExemplarVoice {
  /** Mono samples, -1..1, valid until the next `run`. */
  readonly output: Float32Array<ArrayBuffer>;
  /** Number of bars. */
  readonly bars: number;

  readonly #limit: (samples: number) => void;
  readonly #recordings: readonly (readonly Recording[])[];
  readonly #scale: number;
  readonly #fade: number;
  // Strikes that wait, in order of time: when the first sample is due, which recording, how loud.
  readonly #times: Float64Array;
  readonly #struck: Int32Array;
  readonly #chosen: Int32Array;
  readonly #levels: Float32Array;
  #waiting = 0;
  // What sounds: bar -1 is free. Starts are whole samples, the fraction is in the taps.
  readonly #bars = new Int32Array(room).fill(-1);
  readonly #which = new Int32Array(room);
  readonly #starts = new Float64Array(room);
  readonly #gains = new Float32Array(room);
  readonly #fades = new Float64Array(room);
  readonly #taps = Array.from({ length: room }, () => new Float32Array(delayLength));
  #position = 0;

  /**
   * @throws {RangeError} when an option is out of range, or the bank is empty.
   */
  constructor(kernels: Kernels, options: ExemplarVoiceOptions) {
    const { bank, midi, sampleRate, a4 = 440, samples = 128, strikes = 256 } = options;
    if (!Number.isInteger(sampleRate) || sampleRate < 8000 || sampleRate > 192_000) {
      throw new RangeError(`sampleRate: expected a whole number of 8000..192000, got ${sampleRate}.`);
    }
    if (!(a4 >= 400 && a4 <= 480)) throw new RangeError(`a4: expected 400..480 Hz, got ${a4}.`);
    if (midi.length === 0) throw new RangeError('midi: expected one bar or more, got none.');
    for (const number of midi) {
      if (!Number.isInteger(number) || number < 0 || number > 127) {
        throw new RangeError(`midi: expected whole numbers of 0..127, got ${number}.`);
      }
    }
    if (bank.exemplars.length === 0) throw new RangeError('bank: expected one exemplar or more, got none.');
    if (!Number.isInteger(samples) || samples < 1) {
      throw new RangeError(`samples: expected a whole number >= 1, got ${samples}.`);
    }
    if (!Number.isInteger(strikes) || strikes < 1 || strikes > 1e6) {
      throw new RangeError(`strikes: expected a whole number of 1..1000000, got ${strikes}.`);
    }
    const { views, at, exports } = openInstance(kernels, { output: f32(4 * Math.ceil(samples / 4)) });
    this.output = views.output.subarray(0, samples);
    this.#limit = (count) => {
      exports.modeLimit(at.output, count, limiterKnee);
    };
    this.#recordings = midi.map((number) => recordingsOf(bank, number, sampleRate, a4));
    this.#scale = loudest / Math.max(...bank.exemplars.map(({ gain }) => gain));
    this.#fade = 1 / (fade * sampleRate);
    this.#times = new Float64Array(strikes);
    this.#struck = new Int32Array(strikes);
    this.#chosen = new Int32Array(strikes);
    this.#levels = new Float32Array(strikes);
    this.bars = midi.length;
    prepareDelays();
  }

  /** Sample that the next run begins with. */
  get position(): number {
    return this.#position;
  }

  /** Strikes that wait for their time. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Strikes a bar; a time that has passed means now. Allocates nothing.
   * @param bar place in the voice's list.
   * @param velocity linear, 0..1.
   * @param at time of contact on the voice's own clock, samples, fractions count. Default: the next to be rendered.
   * @returns false when too many strikes wait already; this one is lost.
   * @throws {RangeError} for a bar that is not there, or a velocity or time that is not a number in range.
   */
  strike(bar: number, velocity: number, at: number = this.#position): boolean {
    this.#check(bar, at);
    if (!(velocity >= 0 && velocity <= 1)) throw new RangeError(`velocity: expected 0..1, got ${velocity}.`);
    if (velocity === 0) return true;
    // From the softest to the loudest: the nearest in dB.
    const recordings = this.#recordings[bar];
    const wanted = velocity * recordings[recordings.length - 1].gain;
    let which = 0;
    while (which + 1 < recordings.length && wanted * wanted > recordings[which].gain * recordings[which + 1].gain)
      which++;
    return this.#enqueue(bar, which, wanted * this.#scale, at);
  }

  /**
   * Plays one exemplar. Allocates nothing.
   * @param bar place in the voice's list.
   * @param which place among the bank's exemplars of that bar (or of the nearest bar there is), from the softest.
   * @param peak how loud, linear: its largest sample will be about this.
   * @param at time of contact on the voice's own clock, samples, fractions count.
   * @returns false when too many strikes wait already.
   * @throws {RangeError} for a bar or exemplar that is not there, or a peak or time that is not a number in range.
   */
  play(bar: number, which: number, peak: number, at: number = this.#position): boolean {
    this.#check(bar, at);
    const count = this.#recordings[bar].length;
    if (!(Number.isInteger(which) && which >= 0 && which < count)) {
      throw new RangeError(`which: expected a whole number of 0..${count - 1}, got ${which}.`);
    }
    if (!(peak >= 0 && peak < 1e3)) throw new RangeError(`peak: expected 0..1000, got ${peak}.`);
    return peak === 0 || this.#enqueue(bar, which, peak, at);
  }

  /** Silences everything, forgets waiting strikes, and goes back to sample 0. */
  reset(): void {
    this.#bars.fill(-1);
    this.#waiting = 0;
    this.#position = 0;
  }

  /**
   * Renders the next `samples` samples into the front of `output`. Allocates nothing.
   * @throws {RangeError} when `samples` is not a whole number within what the voice was made for.
   */
  run(samples: number = this.output.length): void {
    if (!Number.isInteger(samples) || samples < 0 || samples > this.output.length) {
      throw new RangeError(`samples: expected a whole number of 0..${this.output.length}, got ${samples}.`);
    }
    this.output.fill(0);
    const end = this.#position + samples;
    let due = 0;
    while (due < this.#waiting && this.#times[due] < end) this.#start(due++);
    if (due > 0) {
      this.#waiting -= due;
      this.#times.copyWithin(0, due, due + this.#waiting);
      this.#struck.copyWithin(0, due, due + this.#waiting);
      this.#chosen.copyWithin(0, due, due + this.#waiting);
      this.#levels.copyWithin(0, due, due + this.#waiting);
    }
    for (let slot = 0; slot < room; slot++) if (this.#bars[slot] >= 0) this.#render(slot, samples);
    this.#position = end;
    this.#limit(samples);
  }

  #check(bar: number, at: number): void {
    if (!(Number.isInteger(bar) && bar >= 0 && bar < this.bars)) {
      throw new RangeError(`bar: expected a whole number of 0..${this.bars - 1}, got ${bar}.`);
    }
    if (!Number.isFinite(at)) throw new RangeError(`at: expected a sample, got ${at}.`);
  }

  #enqueue(bar: number, which: number, peak: number, at: number): boolean {
    if (this.#waiting === this.#times.length) return false;
    // A recording begins before contact. Where there is no time left for that, it begins now.
    const time = Math.max(at - this.#recordings[bar][which].onset, this.#position);
    let i = this.#waiting++;
    for (; i > 0 && this.#times[i - 1] > time; i--) {
      this.#times[i] = this.#times[i - 1];
      this.#struck[i] = this.#struck[i - 1];
      this.#chosen[i] = this.#chosen[i - 1];
      this.#levels[i] = this.#levels[i - 1];
    }
    this.#times[i] = time;
    this.#struck[i] = bar;
    this.#chosen[i] = which;
    this.#levels[i] = peak;
    return true;
  }

  /** Gives a strike whose time has come a place among what sounds. */
  #start(waiting: number): void {
    const bar = this.#struck[waiting];
    const start = Math.floor(this.#times[waiting]);
    let slot = 0;
    for (let i = 0; i < room; i++) {
      if (this.#bars[i] === bar && this.#fades[i] === Infinity) this.#fades[i] = start;
      if (this.#bars[slot] >= 0 && (this.#bars[i] < 0 || this.#starts[i] < this.#starts[slot])) slot = i;
    }
    this.#bars[slot] = bar;
    this.#which[slot] = this.#chosen[waiting];
    this.#starts[slot] = start;
    this.#gains[slot] = this.#levels[waiting];
    this.#fades[slot] = Infinity;
    delayTaps(this.#times[waiting] - start, this.#taps[slot]);
  }

  #render(slot: number, samples: number): void {
    const { output } = this;
    const recording = this.#recordings[this.#bars[slot]][this.#which[slot]].samples;
    const taps = this.#taps[slot];
    const gain = this.#gains[slot];
    const first = this.#starts[slot] - this.#position;
    const letGo = this.#fades[slot] - this.#position;
    // The silence around a recording is what the filter reaches into.
    const length = recording.length - delayLength + 1;
    const last = Math.min(samples, first + length, letGo + Math.ceil(1 / this.#fade));
    for (let i = Math.max(0, first); i < last; i++) {
      const n = i - first;
      // Four sums at a time do not wait for each other.
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      for (let j = 0, at = n + delayLength - 1; j < delayLength; j += 4, at -= 4) {
        a += taps[j] * recording[at];
        b += taps[j + 1] * recording[at - 1];
        c += taps[j + 2] * recording[at - 2];
        d += taps[j + 3] * recording[at - 3];
      }
      const hold = i > letGo ? 1 - (i - letGo) * this.#fade : 1;
      output[i] += gain * hold * (a + b + (c + d));
    }
    if (last < samples) this.#bars[slot] = -1;
  }
}

/** A bank at another rate, so that a voice of that rate has less to do when it opens: on the audio thread it had better. */
export function resampleExemplars(bank: ExemplarBank, sampleRate: number): ExemplarBank {
  const step = bank.sampleRate / sampleRate;
  if (step === 1) return bank;
  const exemplars = bank.exemplars.map((exemplar) => ({ ...exemplar, samples: resample(exemplar.samples, step) }));
  return { ...bank, sampleRate, exemplars };
}

/** The exemplars of a bar, or of the nearest bar there is, as it plays them. */
function recordingsOf(bank: ExemplarBank, midi: number, sampleRate: number, a4: number): Recording[] {
  const nearest = bank.exemplars.reduce(
    (best, { midi: other }) => (Math.abs(other - midi) < Math.abs(best.midi - midi) ? { midi: other } : best),
    { midi: bank.exemplars[0].midi },
  ).midi;
  const pitch = (a4 / 440) * 2 ** ((midi - nearest) / 12);
  const step = (pitch * bank.sampleRate) / sampleRate;
  return bank.exemplars
    .filter((exemplar) => exemplar.midi === nearest)
    .sort((a, b) => a.gain - b.gain)
    .map(({ samples, onset, gain }) => {
      const resampled = step === 1 ? samples : resample(samples, step);
      const padded = new Float32Array(resampled.length + 2 * half);
      padded.set(resampled, half);
      return { samples: padded, onset: (onset * sampleRate) / pitch, gain };
    });
}
