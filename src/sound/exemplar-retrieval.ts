// Which exemplar sounds most like what was predicted: nearest neighbours among short stretches of note amplitudes.
import type { FrameRate } from '../frame-rate.js';
import type { NoteSet } from '../notes.js';
import type { NoteAmplitudes, Strike } from '../types.js';
import { analyzeNotes } from './analysis.js';
import type { ExemplarBank } from './exemplar-bank.js';

/** Rows that are compared: from the first that a strike touches. */
export const comparedRows = 8;

// Where in its video frame an exemplar is struck, frames. A prediction is compared with the nearest.
const phases = [0.125, 0.375, 0.625, 0.875];

// A row shares the images of three video frames, so a strike touches the row that begins two frames earlier first.
const framesBefore = 2;

/** A stretch of note amplitudes that belongs to one strike. */
export interface Stretch {
  /** MIDI number of the bar that was struck. */
  readonly midi: number;
  /** [{@link comparedRows} x notes], linear. */
  readonly rows: Float32Array;
}

/**
 * The rows of `amplitudes` around a strike at `time` s, without what other bars rang before: the row before is taken off them.
 * The ring of the bar itself stays, for the strike carries it on. Silence where there are no rows.
 * [{@link comparedRows} x notes], linear.
 */
export function stretchAt(
  { data, frames, notes, fps }: NoteAmplitudes,
  { time, midi }: Pick<Strike, 'time' | 'midi'>,
): Float32Array {
  const width = notes.length;
  const first = Math.floor((time * fps.num) / fps.den + 1e-6) - framesBefore;
  const rows = new Float32Array(comparedRows * width);
  for (let r = 0; r < comparedRows; r++) {
    if (first + r < 0 || first + r >= frames) continue;
    for (let n = 0; n < width; n++) {
      const before = first > 0 && notes[n].midi !== midi ? data[(first - 1) * width + n] : 0;
      rows[r * width + n] = Math.max(0, data[(first + r) * width + n] - before);
    }
  }
  return rows;
}

/** What is compared: square roots, which bring loud and soft nearer together, and of length 1, which takes the level away. */
export function fingerprint(rows: Float32Array): Float32Array {
  const roots = rows.map((x) => Math.sqrt(Math.max(0, x)));
  const length = Math.sqrt(roots.reduce((sum, x) => sum + x * x, 0));
  return length > 0 ? roots.map((x) => x / length) : roots;
}

/** Place of the print that is nearest (L2) to `print` among those that `eligible` lets take part; -1 when there is none. */
export function nearestPrint(
  print: Float32Array,
  prints: readonly Float32Array[],
  eligible: (place: number) => boolean = () => true,
): number {
  let best = -1;
  let least = Infinity;
  for (const [place, other] of prints.entries()) {
    if (!eligible(place)) continue;
    let distance = 0;
    for (let i = 0; i < print.length; i++) distance += (print[i] - other[i]) ** 2;
    if (distance < least) [best, least] = [place, distance];
  }
  return best;
}

/** An exemplar that was found. */
export interface FoundExemplar {
  /** MIDI number of its bar. */
  readonly midi: number;
  /** Place among the exemplars of that bar, from the softest. */
  readonly which: number;
  /** What its samples (peak 1) are to be multiplied with to be as loud as what was predicted, linear. */
  readonly peak: number;
}

/** The exemplars of a bank as a video of some frame rate would show them. */
export class ExemplarIndex {
  readonly #bank: ExemplarBank;
  readonly #notes: NoteSet;
  readonly #fps: FrameRate;
  // [exemplars x phases]
  readonly #stretches: readonly Stretch[];
  readonly #prints: readonly Float32Array[];

  private constructor(bank: ExemplarBank, notes: NoteSet, fps: FrameRate, stretches: readonly Stretch[]) {
    this.#bank = bank;
    this.#notes = notes;
    this.#fps = fps;
    this.#stretches = stretches;
    this.#prints = stretches.map(({ rows }) => fingerprint(rows));
  }

  /**
   * Measures a bank like {@link analyzeNotes} measures sound: all exemplars, struck at four moments within a frame, in one
   * sound, one after the other. 72 exemplars take about a fifth of a second.
   * @throws {SoundError} when the bank's rate is too low for the notes.
   */
  static async open(bank: ExemplarBank, notes: NoteSet, fps: FrameRate): Promise<ExemplarIndex> {
    const { sampleRate, exemplars } = bank;
    const slot = comparedRows + framesBefore;
    const samplesAt = (frame: number): number => Math.round((frame * sampleRate * fps.den) / fps.num);
    const slots = exemplars.length * phases.length;
    const sound = new Float32Array(samplesAt(slots * slot));
    exemplars.forEach(({ samples, onset }, e) => {
      phases.forEach((phase, p) => {
        const frame = (e * phases.length + p) * slot;
        const start = samplesAt(frame + framesBefore + phase) - Math.round(onset * sampleRate);
        // Nothing reaches into the next.
        sound.set(samples.subarray(0, Math.max(0, samplesAt(frame + slot) - start)), start);
      });
    });
    const { data, frames } = await analyzeNotes({ sampleRate, channels: [sound] }, { fps, notes });
    // What the analysis divided by, so that a sine of amplitude 1 reads 1.
    const peak = sound.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const width = notes.length;
    const stretches = Array.from({ length: slots }, (_, s) => {
      const rows = new Float32Array(comparedRows * width);
      const from = s * slot * width;
      rows.set(data.subarray(from, Math.min(from + rows.length, frames * width)).map((x) => x * peak));
      return { midi: exemplars[Math.floor(s / phases.length)].midi, rows };
    });
    return new ExemplarIndex(bank, notes, fps, stretches);
  }

  /**
   * The exemplar most like a strike in `amplitudes`: of the bar that the strike names and its neighbours, the nearest (L2) of
   * the eight rows around it, square roots, level taken away. A neighbour that is itself struck meanwhile does not answer.
   * Undefined when the bank has none of those bars, or the rows are silent.
   * @param amplitudes of the notes and frame rate this was opened for.
   * @param strikes all that is struck.
   * @param reach how many bars to each side may answer. Default 1.
   */
  find(
    amplitudes: NoteAmplitudes,
    strike: Pick<Strike, 'time' | 'midi'>,
    strikes: readonly Pick<Strike, 'time' | 'midi'>[] = [],
    reach = 1,
  ): FoundExemplar | undefined {
    const rows = stretchAt(amplitudes, strike);
    const place = this.#notes.findIndex(({ midi }) => midi === strike.midi);
    const perFrame = this.#fps.den / this.#fps.num;
    const others = strikes
      .filter(({ time }) => Math.abs(time - strike.time) < (comparedRows - framesBefore) * perFrame)
      .map(({ midi }) => midi);
    const bars = this.#notes
      .filter(({ midi }, i) => i === place || (Math.abs(i - place) <= reach && !others.includes(midi)))
      .map(({ midi }) => midi);
    const frame = strike.time / perFrame + 1e-6;
    const phase = Math.min(phases.length - 1, Math.floor((frame - Math.floor(frame)) * phases.length));
    const found = nearestPrint(
      fingerprint(rows),
      this.#prints,
      (s) => s % phases.length === phase && bars.includes(this.#stretches[s].midi),
    );
    if (found < 0) return undefined;
    const peak = levelBetween(rows, this.#stretches[found], this.#notes);
    if (!(peak > 0)) return undefined;
    const { midi, gain } = this.#bank.exemplars[Math.floor(found / phases.length)];
    const softer = this.#bank.exemplars.filter((other) => other.midi === midi && other.gain < gain);
    return { midi, which: softer.length, peak };
  }

  /** The bank this was opened for. */
  get bank(): ExemplarBank {
    return this.#bank;
  }
}

/** The factor that brings a stretch nearest (least squares) to `rows`, in the note of its own bar. */
export function levelBetween(rows: Float32Array, { midi, rows: own }: Stretch, notes: NoteSet): number {
  const column = notes.findIndex((note) => note.midi === midi);
  let both = 0;
  let square = 0;
  for (let r = 0; r < comparedRows; r++) {
    const i = r * notes.length + column;
    both += rows[i] * own[i];
    square += own[i] ** 2;
  }
  return square > 0 ? both / square : 0;
}
