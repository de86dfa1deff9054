// How well strikes were heard: matching as in mir_eval, counts over clips, and how far chance alone would move them.
import { barEnvelope, barGain } from '../sound/marimba-bars.js';
import type { Strike } from '../types.js';
import { Random } from './random.js';

/** A clip, what was played in it and what was heard. */
export interface ScoredClip {
  /** Played, sorted by time. */
  readonly truth: readonly Strike[];
  /** Heard, sorted by time. */
  readonly heard: readonly Strike[];
  /** Length, seconds. */
  readonly seconds: number;
  /** MIDI numbers of the bars, one list per row, low to high. */
  readonly rows: readonly (readonly number[])[];
}

/** Which bar counts as the right one: the same, it or one beside it, any. */
export type BarMatch = 'same' | 'beside' | 'any';

/** Scores of a set of clips. Ratios are 0..1; NaN where nothing was there to be judged. */
export interface Scores {
  readonly clips: number;
  /** Length of all clips, seconds. */
  readonly seconds: number;
  readonly strikes: number;
  readonly heard: number;
  /** Right bar, onset within 25, 50 and 100 ms. */
  readonly f1: { readonly ms25: number; readonly ms50: number; readonly ms100: number };
  /** 95 % interval of the F1 at 50 ms, from resampled clips. */
  readonly f1Interval: readonly [number, number];
  /** At 50 ms, right bar. */
  readonly precision: number;
  readonly recall: number;
  /** F1 at 50 ms when the bar beside counts too, and when any bar does. */
  readonly f1Beside: number;
  readonly f1Any: number;
  /** Mean absolute and mean error of matched onsets (100 ms, right bar), ms; late is positive. */
  readonly onsetError: number;
  readonly onsetBias: number;
  /** Pearson correlation of the velocities of matched strikes. */
  readonly velocityR: number;
  /** Strikes heard that match none (50 ms, right bar), per minute. */
  readonly falsePerMinute: number;
  /** Root mean square errors of rendered amplitudes, [frames x bars] at 25 frames/s. */
  readonly amplitude: AmplitudeErrors;
}

/** Root mean square errors of amplitudes: of what was heard, and of baselines that hear nothing. */
export interface AmplitudeErrors {
  readonly heard: number;
  /** Silence. */
  readonly zeros: number;
  /** The mean of all true amplitudes, everywhere. */
  readonly mean: number;
  /** The true amplitudes one frame before. */
  readonly previous: number;
}

/**
 * The largest one-to-one matching of strikes whose times differ by at most `tolerance` and whose bars agree.
 * @param tolerance seconds; differences are rounded to 0.1 ms before they are compared.
 * @returns pairs of indices into `truth` and `heard`.
 *
 * **Source:** mir_eval 0.8 `transcription.match_note_onsets` and `match_notes`; augmenting paths as in Kuhn 1955, nearest
 * candidates first.
 */
export function matchStrikes(
  { truth, heard, rows }: Pick<ScoredClip, 'truth' | 'heard' | 'rows'>,
  tolerance: number,
  bars: BarMatch = 'same',
): [truth: number, heard: number][] {
  const place = new Map(rows.flatMap((row, r) => row.map((midi, b) => [midi, [r, b]] as const)));
  const agree = (a: number, b: number): boolean => {
    if (a === b || bars === 'any') return true;
    const [p, q] = [place.get(a), place.get(b)];
    return bars === 'beside' && p?.[0] === q?.[0] && Math.abs((p?.[1] ?? NaN) - (q?.[1] ?? NaN)) === 1;
  };
  const distance = (t: Strike, h: Strike): number => Math.round(Math.abs(t.time - h.time) * 1e4) / 1e4;
  const candidates = truth.map((t) =>
    heard
      .flatMap((h, i) => (distance(t, h) <= tolerance && agree(t.midi, h.midi) ? [i] : []))
      .sort((i, j) => Math.abs(t.time - heard[i].time) - Math.abs(t.time - heard[j].time)),
  );
  const owner = new Map<number, number>();
  const augment = (t: number, visited: Set<number>): boolean => {
    for (const h of candidates[t]) {
      if (visited.has(h)) continue;
      visited.add(h);
      const other = owner.get(h);
      if (other !== undefined && !augment(other, visited)) continue;
      owner.set(h, t);
      return true;
    }
    return false;
  };
  for (const t of truth.keys()) augment(t, new Set());
  return [...owner].map(([h, t]): [number, number] => [t, h]).sort(([a], [b]) => a - b);
}

/** Harmonic mean of precision and recall from counts; NaN when there is nothing played and nothing heard. */
export function f1Score(matched: number, played: number, heard: number): number {
  return (2 * matched) / (played + heard);
}

/**
 * Scores clips together: counts are summed over clips before ratios are taken.
 * @param options.resamples number of bootstrap resamples of clips for the interval; 1000 by default.
 */
export function scoreClips(clips: readonly ScoredClip[], { resamples = 1000 } = {}): Scores {
  const counted = clips.map((clip) => {
    const count = (tolerance: number, bars: BarMatch = 'same'): number => matchStrikes(clip, tolerance, bars).length;
    return {
      played: clip.truth.length,
      heard: clip.heard.length,
      ms25: count(0.025),
      ms50: count(0.05),
      ms100: count(0.1),
      beside: count(0.05, 'beside'),
      any: count(0.05, 'any'),
    };
  });
  const sum = (pick: (count: (typeof counted)[number]) => number): number =>
    counted.reduce((total, count) => total + pick(count), 0);
  const [played, heard, matched] = [sum((c) => c.played), sum((c) => c.heard), sum((c) => c.ms50)];
  const seconds = clips.reduce((total, clip) => total + clip.seconds, 0);
  const pairs = clips.flatMap((clip) =>
    matchStrikes(clip, 0.1).map(([t, h]) => [clip.truth[t], clip.heard[h]] as const),
  );
  const errors = pairs.map(([t, h]) => 1000 * (h.time - t.time));
  const f1 = (matches: number): number => f1Score(matches, played, heard);
  return {
    clips: clips.length,
    seconds,
    strikes: played,
    heard,
    f1: { ms25: f1(sum((c) => c.ms25)), ms50: f1(matched), ms100: f1(sum((c) => c.ms100)) },
    f1Interval: bootstrap(counted, resamples),
    precision: matched / heard,
    recall: matched / played,
    f1Beside: f1(sum((c) => c.beside)),
    f1Any: f1(sum((c) => c.any)),
    onsetError: mean(errors.map(Math.abs)),
    onsetBias: mean(errors),
    velocityR: correlation(
      pairs.map(([t]) => t.velocity),
      pairs.map(([, h]) => h.velocity),
    ),
    falsePerMinute: (60 * (heard - matched)) / seconds,
    amplitude: amplitudeErrors(clips),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Pearson's r; NaN for fewer than two pairs or without variation. */
export function correlation(x: readonly number[], y: readonly number[]): number {
  const [mx, my] = [mean(x), mean(y)];
  let [xx, yy, xy] = [0, 0, 0];
  for (const [i, value] of x.entries()) {
    xx += (value - mx) ** 2;
    yy += (y[i] - my) ** 2;
    xy += (value - mx) * (y[i] - my);
  }
  return xy / Math.sqrt(xx * yy);
}

/** **Source:** Efron 1979: percentiles of the F1 of clips drawn with replacement. */
function bootstrap(
  counted: readonly { played: number; heard: number; ms50: number }[],
  resamples: number,
): [number, number] {
  const random = new Random(1, 'bootstrap');
  const values = Array.from({ length: resamples }, () => {
    let [matched, played, heard] = [0, 0, 0];
    const drawn = counted.map(() => counted[Math.floor(random.uniform() * counted.length)]);
    for (const count of drawn) {
      matched += count.ms50;
      played += count.played;
      heard += count.heard;
    }
    return f1Score(matched, played, heard);
  })
    .filter((value) => !Number.isNaN(value))
    .sort((a, b) => a - b);
  const at = (share: number): number =>
    values.length === 0 ? NaN : values[Math.min(values.length - 1, Math.floor(share * values.length))];
  return [at(0.025), at(0.975)];
}

const rowsPerSecond = 25;

/**
 * Amplitudes that strikes leave behind, [frames x bars] at 25 frames/s, 1 for the loudest strike: each bar rings as that
 * of the 2017 instrument does, with the velocity of its last strike, read at the end of the frame.
 */
export function renderAmplitudes(strikes: readonly Strike[], midi: readonly number[], seconds: number): Float32Array {
  const frames = Math.ceil(seconds * rowsPerSecond);
  const out = new Float32Array(frames * midi.length);
  for (const [bar, note] of midi.entries()) {
    const decays = barEnvelope(note);
    const own = strikes.filter((strike) => strike.midi === note);
    for (let k = 0, next = 0; k < frames; k++) {
      const time = (k + 1) / rowsPerSecond;
      while (next < own.length && own[next].time < time) next++;
      if (next === 0) continue;
      const since = time - own[next - 1].time;
      const level = decays.reduce((sum, { gain, tau }) => sum + gain * Math.exp(-since / tau), 0);
      out[k * midi.length + bar] = (own[next - 1].velocity * level) / barGain;
    }
  }
  return out;
}

function amplitudeErrors(clips: readonly ScoredClip[]): AmplitudeErrors {
  const rendered = clips.map(({ truth, heard, rows, seconds }) => {
    const midi = rows.flat();
    return {
      bars: midi.length,
      truth: renderAmplitudes(truth, midi, seconds),
      heard: renderAmplitudes(heard, midi, seconds),
    };
  });
  let [count, total] = [0, 0];
  for (const { truth } of rendered) {
    count += truth.length;
    for (const value of truth) total += value;
  }
  const average = total / count;
  let [heardError, zeros, meanError, previous] = [0, 0, 0, 0];
  for (const { truth, heard, bars } of rendered) {
    for (const [i, value] of truth.entries()) {
      heardError += (heard[i] - value) ** 2;
      zeros += value ** 2;
      meanError += (average - value) ** 2;
      previous += ((i < bars ? 0 : truth[i - bars]) - value) ** 2;
    }
  }
  const root = (sum: number): number => Math.sqrt(sum / count);
  return { heard: root(heardError), zeros: root(zeros), mean: root(meanError), previous: root(previous) };
}
