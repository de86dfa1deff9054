// How well strikes were heard: matching as in mir_eval, counts over clips, and how far chance alone would move them.
import { barEnvelope, barGain } from '../sound/marimba-bars.js';
import type { Strike } from '../types.js';
import { Random } from './random.js';

/** A strike as it was heard. */
export interface HeardStrike extends Strike {
  /** When it was known: the end of the frame that proved it, seconds. */
  readonly known?: number;
}

/** A clip, what was played in it and what was heard. */
export interface ScoredClip {
  /** Played, sorted by time. */
  readonly truth: readonly Strike[];
  /** Heard, sorted by time. */
  readonly heard: readonly HeardStrike[];
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
  /** Its 95 % interval. */
  readonly falseInterval: readonly [number, number];
  /** Loudness and brightness at the strikes, as a listener would compare them. */
  readonly sound: SoundErrors;
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
 * What is heard at true strikes, from rendered amplitudes in the 45 ms after contact: loudness is the norm over the bars
 * (1 for one strike of full force), centroid the mean of the bars' MIDI numbers, each weighted with its amplitude.
 *
 * **Source:** Owens et al. 2016, section 6.1: errors of maximum energy and of the spectral centroid at impacts, and their
 * correlations; there of predicted sound, here of the amplitudes that sound is made of.
 */
export interface SoundErrors {
  /** Mean absolute error of loudness, and Pearson's r; a strike that was not heard has what rings on. */
  readonly loudness: number;
  readonly loudnessR: number;
  /** Mean absolute error of the centroid, octaves, and Pearson's r; of strikes at which anything sounds. */
  readonly centroid: number;
  readonly centroidR: number;
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
    f1Interval: bootstrap(counted, resamples, (drawn) =>
      f1Score(total(drawn, 'ms50'), total(drawn, 'played'), total(drawn, 'heard')),
    ),
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
    falseInterval: bootstrap(
      clips.map((clip, i) => ({ false: counted[i].heard - counted[i].ms50, seconds: clip.seconds })),
      resamples,
      (drawn) => (60 * total(drawn, 'false')) / total(drawn, 'seconds'),
    ),
    sound: soundErrors(clips),
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

const total = <Name extends string>(counts: readonly Readonly<Record<Name, number>>[], name: Name): number =>
  counts.reduce((sum, count) => sum + count[name], 0);

/** **Source:** Efron 1979: percentiles of a statistic of clips drawn with replacement. */
function bootstrap<Count>(
  counted: readonly Count[],
  resamples: number,
  statistic: (drawn: readonly Count[]) => number,
): [number, number] {
  const random = new Random(1, 'bootstrap');
  const values = Array.from({ length: resamples }, () =>
    statistic(counted.map(() => counted[Math.floor(random.uniform() * counted.length)])),
  )
    .filter((value) => !Number.isNaN(value))
    .sort((a, b) => a - b);
  const at = (share: number): number =>
    values.length === 0 ? NaN : values[Math.min(values.length - 1, Math.floor(share * values.length))];
  return [at(0.025), at(0.975)];
}

/**
 * F1 at 50 ms, right bar, of what was known in time: a strike counts as found when it was known `lead` seconds before
 * contact; all others that were heard count as false.
 * @param lead seconds; negative is after contact.
 */
export function leadF1(clips: readonly ScoredClip[], lead: number): number {
  let [found, played, heard] = [0, 0, 0];
  for (const clip of clips) {
    played += clip.truth.length;
    heard += clip.heard.length;
    const early = matchStrikes(clip, 0.05).filter(
      ([t, h]) => (clip.heard[h].known ?? Infinity) <= clip.truth[t].time - lead,
    );
    found += early.length;
  }
  return f1Score(found, played, heard);
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

/** Seconds after contact in which a strike is compared by ear. */
const impact = 0.045;

function soundErrors(clips: readonly ScoredClip[]): SoundErrors {
  const loudness: [number, number][] = [];
  const centroids: [number, number][] = [];
  for (const { truth, heard, rows, seconds } of clips) {
    const midi = rows.flat();
    const [played, rendered] = [truth, heard].map((strikes) => renderAmplitudes(strikes, midi, seconds));
    const frames = midi.length > 0 ? played.length / midi.length : 0;
    const listen = (amplitudes: Float32Array, time: number): { loudness: number; centroid: number } => {
      let [most, mean] = [0, NaN];
      // Rows are read at their ends.
      const first = Math.max(0, Math.ceil(time * rowsPerSecond) - 1);
      const last = Math.min(frames - 1, Math.ceil((time + impact) * rowsPerSecond) - 1);
      for (let k = first; k <= last; k++) {
        const row = amplitudes.subarray(k * midi.length, (k + 1) * midi.length);
        const norm = Math.hypot(...row);
        if (norm <= most) continue;
        const sum = row.reduce((a, b) => a + b, 0);
        [most, mean] = [norm, row.reduce((acc, value, b) => acc + value * midi[b], 0) / sum];
      }
      return { loudness: most, centroid: mean / 12 };
    };
    for (const { time } of truth) {
      const [own, other] = [listen(played, time), listen(rendered, time)];
      loudness.push([own.loudness, other.loudness]);
      if (other.loudness > 1e-3 && own.loudness > 1e-3) centroids.push([own.centroid, other.centroid]);
    }
  }
  const error = (pairs: readonly [number, number][]): number => mean(pairs.map(([a, b]) => Math.abs(a - b)));
  const r = (pairs: readonly [number, number][]): number => correlation(pairs.map(([a]) => a), pairs.map(([, b]) => b)); // prettier-ignore
  return { loudness: error(loudness), loudnessR: r(loudness), centroid: error(centroids), centroidR: r(centroids) };
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
