// Evaluation: every family of scenes a model has never trained on, one threshold, baselines beside it.
import type { Kernels } from '../kernels/module.js';
import { type Family, seedsPerFamily } from '../scene/families.js';
import type { Codecs } from './compression.js';
import type { OnsetHead } from '../model/card.js';
import {
  type Answers,
  type CalibrationMaker,
  type Listener,
  strikesIn,
  watchClipThrough,
  watchFilmed,
} from './listen.js';
import type { OwnClip } from './own-clips.js';
import { f1Score, leadF1, matchStrikes, type ScoredClip, scoreClips, type Scores } from './metrics.js';

/** A head to be judged. */
export type Head = Pick<OnsetHead, 'output' | 'latency' | 'timing'>;

/** The families that are reported, under their short names. */
export const testFamilies: Readonly<Record<string, Family>> = {
  T1: 'sequences',
  T2: 'looks',
  T3: 'cameras',
  T4: 'paper',
  T6: 'silent',
  T7: 'degraded',
};

/** Share of T7's clips that a real encoder has squeezed, where there is one. */
export const compressedShare = 0.5;

/** Thresholds that are tried. */
const thresholds = [
  ...[0.01, 0.015, 0.02, 0.03, 0.04],
  ...Array.from({ length: 18 }, (_, i) => Number((0.05 + 0.05 * i).toFixed(2))),
  ...[0.08, 0.12, 0.18, 0.22, 0.28, 0.32, 0.38, 0.93, 0.95, 0.97, 0.98, 0.99],
].sort((a, b) => a - b);

/** Seconds before contact at which it is asked what is known. */
const leads = { '120 ms after': -0.12, '80 ms after': -0.08, '40 ms after': -0.04, 'at contact': 0, '40 ms before': 0.04, '80 ms before': 0.08 } as const; // prettier-ignore

/** How much to watch. */
export interface WatchOptions {
  readonly family: Family;
  /** Clips: seeds `first` (0 by default) to `first + clips - 1`. */
  readonly clips: number;
  readonly first?: number;
  /** Length of each, seconds; 6 by default. */
  readonly seconds?: number;
  /** Width of the picture, pixels; 320 by default. */
  readonly width?: number;
  /** With them, `compressedShare` of the clips goes through an encoder first. */
  readonly codecs?: Codecs;
  /** Told after every clip. */
  readonly onClip?: (done: number) => void;
}

/**
 * Lets networks watch clips of a family.
 * @returns answers by network, then clip.
 */
export async function watchFamily(
  kernels: Kernels,
  listeners: readonly Listener[],
  options: WatchOptions,
): Promise<Answers[][]> {
  return (await watchFamilyThrough(kernels, listeners, [(calibration) => calibration], options))[0];
}

/**
 * Lets networks watch clips of a family through several calibrations.
 * @returns answers by calibration, then network, then clip.
 */
export async function watchFamilyThrough(
  kernels: Kernels,
  listeners: readonly Listener[],
  makers: readonly CalibrationMaker[],
  options: WatchOptions,
): Promise<Answers[][][]> {
  const { family, clips, first = 0, seconds = 6, width = 320, codecs } = options;
  const compression = codecs && { share: compressedShare, codecs };
  const all = makers.map(() => listeners.map((): Answers[] => []));
  for (let i = 0; i < clips; i++) {
    const clip = {
      family,
      seed: (first + i) % seedsPerFamily,
      seconds,
      width,
      ...(compression ? { compression } : {}),
    };
    const said = await watchClipThrough(kernels, listeners, makers, clip);
    for (const [m, ofMaker] of said.entries()) for (const [k, answer] of ofMaker.entries()) all[m][k].push(answer);
    options.onClip?.(i + 1);
  }
  return all;
}

/**
 * Lets networks watch recordings of one's own.
 * @returns answers by network, then clip.
 */
export async function watchOwn(
  kernels: Kernels,
  listeners: readonly Listener[],
  clips: readonly OwnClip[],
  onClip: (done: number) => void = () => undefined,
): Promise<Answers[][]> {
  const all = listeners.map((): Answers[] => []);
  for (const [i, clip] of clips.entries()) {
    const said = await watchFilmed(kernels, listeners, clip.piece());
    for (const [k, answer] of said.entries()) all[k].push(answer);
    onClip(i + 1);
  }
  return all;
}

/** Frames at a clip's end whose strikes nobody can know yet: the surest head answers two frames late, the next shows its peak. */
const undecided = 3;

/** Picks with one threshold. What is struck in a clip's last three frames counts neither way. */
export function pickAll(answers: readonly Answers[], head: Head, threshold: number): ScoredClip[] {
  return answers.map((clip) => {
    const picked = strikesIn(clip, head, threshold);
    const end = clip.times.at(-undecided) ?? 0;
    const decided = ({ time }: { readonly time: number }): boolean => time < end;
    return { ...picked, truth: picked.truth.filter(decided), heard: picked.heard.filter(decided) };
  });
}

/** F1 at 50 ms and recall of some clips. */
function quickScore(clips: readonly ScoredClip[]): { f1: number; recall: number } {
  const matched = clips.reduce((sum, clip) => sum + matchStrikes(clip, 0.05).length, 0);
  const played = clips.reduce((sum, { truth }) => sum + truth.length, 0);
  const heard = clips.reduce((sum, clip) => sum + clip.heard.length, 0);
  return { f1: played + heard === 0 ? 0 : f1Score(matched, played, heard), recall: matched / played };
}

/** A head's threshold, and what it reached with it on the clips it was tuned on. */
export interface Tuned extends OnsetHead {
  readonly f1: number;
  /** Largest threshold whose recall is at least .80, .85 and .90; none where no threshold reaches it. */
  readonly atRecall: Readonly<Record<'0.80' | '0.85' | '0.90', number | undefined>>;
}

/**
 * Finds the threshold with the best F1 at 50 ms, and whether offsets or centroids tell contacts better. The clips should
 * hold their share of non-strikes.
 */
export function tuneThreshold(answers: readonly Answers[], { output, latency }: Head): Tuned {
  const head = { output, latency };
  const tried = thresholds.map((threshold) => ({ threshold, ...quickScore(pickAll(answers, head, threshold)) }));
  const best = tried.reduce((a, b) => (b.f1 > a.f1 ? b : a));
  const atRecall = (least: number): number | undefined =>
    tried.filter(({ recall }) => recall >= least).at(-1)?.threshold;
  return {
    ...head,
    threshold: best.threshold,
    ...betterTiming(answers, head, best.threshold),
    f1: best.f1,
    atRecall: { '0.80': atRecall(0.8), '0.85': atRecall(0.85), '0.90': atRecall(0.9) },
  };
}

/** Offsets belong to the first head; they are believed when they err less, on enough strikes. */
function betterTiming(answers: readonly Answers[], head: Head, threshold: number): Pick<Tuned, 'timing'> {
  const [row] = answers.flatMap(({ rows }) => rows);
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- there may be no row at all
  if (!row?.offset || Object.keys(row.heads)[0] !== head.output) return {};
  const [centroid, offset] = (['centroid', 'offset'] as const).map((timing) =>
    scoreClips(pickAll(answers, { ...head, timing }, threshold), { resamples: 0 }),
  );
  const enough = centroid.recall * centroid.strikes >= 20;
  return enough && offset.onsetError < centroid.onsetError ? { timing: 'offset' } : {};
}

/** Scores of one family, and strikes per minute that were heard with the thresholds of fixed recall. */
export interface FamilyScores extends Scores {
  readonly atRecall: Readonly<Record<string, { readonly recall: number; readonly falsePerMinute: number } | undefined>>;
  /** F1 at 50 ms of every head, each with its own threshold. */
  readonly heads: Readonly<Record<string, number>>;
  /** By time before or after contact, then head: F1 at 50 ms of what it knew by then. */
  readonly lead: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Scores a family with tuned heads, the first of which is the one reported in full. */
export function scoreFamily(answers: readonly Answers[], tuned: readonly Tuned[]): FamilyScores {
  const [sure] = tuned;
  const atRecall = Object.fromEntries(
    Object.entries(sure.atRecall).map(([name, threshold]) => {
      if (threshold === undefined) return [name, undefined];
      const { recall, falsePerMinute } = scoreClips(pickAll(answers, sure, threshold), { resamples: 0 });
      return [name, { recall, falsePerMinute }];
    }),
  );
  const picked = tuned.map((head) => [head.output, pickAll(answers, head, head.threshold)] as const);
  const each = (score: (clips: readonly ScoredClip[]) => number): Record<string, number> =>
    Object.fromEntries(picked.map(([output, clips]) => [output, score(clips)]));
  return {
    ...scoreClips(picked[0][1]),
    atRecall,
    heads: each((clips) => quickScore(clips).f1),
    lead: Object.fromEntries(Object.entries(leads).map(([when, lead]) => [when, each((clips) => leadF1(clips, lead))])),
  };
}
