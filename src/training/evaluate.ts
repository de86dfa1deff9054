// Evaluation: every family of scenes a model has never trained on, one threshold, baselines beside it.
import type { Kernels } from '../kernels/module.js';
import { type Family, seedsPerFamily } from '../scene/families.js';
import type { Codecs } from './compression.js';
import { type Answers, type Listener, strikesIn, watchClip } from './listen.js';
import { f1Score, matchStrikes, type ScoredClip, scoreClips, type Scores } from './metrics.js';

/** A head to be judged. */
export interface Head {
  readonly output: string;
  /** Frames after contact at which it speaks. */
  readonly latency: number;
}

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
const thresholds = [0.05, 0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9]; // prettier-ignore

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
  const { family, clips, first = 0, seconds = 6, width = 320, codecs } = options;
  const compression = codecs && { share: compressedShare, codecs };
  const all: Answers[][] = listeners.map(() => []);
  for (let i = 0; i < clips; i++) {
    const seed = (first + i) % seedsPerFamily;
    const answers = await watchClip(kernels, listeners, {
      family,
      seed,
      seconds,
      width,
      ...(compression ? { compression } : {}),
    });
    for (const [k, answer] of answers.entries()) all[k].push(answer);
    options.onClip?.(i + 1);
  }
  return all;
}

/** Picks with one threshold. */
export function pickAll(answers: readonly Answers[], head: Head, threshold: number): ScoredClip[] {
  return answers.map((clip) => strikesIn(clip, head, threshold));
}

/** F1 at 50 ms and recall of some clips. */
function quickScore(clips: readonly ScoredClip[]): { f1: number; recall: number } {
  const matched = clips.reduce((sum, clip) => sum + matchStrikes(clip, 0.05).length, 0);
  const played = clips.reduce((sum, { truth }) => sum + truth.length, 0);
  const heard = clips.reduce((sum, clip) => sum + clip.heard.length, 0);
  return { f1: played + heard === 0 ? 0 : f1Score(matched, played, heard), recall: matched / played };
}

/** A head's threshold, and what it reached with it on the clips it was tuned on. */
export interface Tuned extends Head {
  readonly threshold: number;
  readonly f1: number;
  /** Largest threshold whose recall is at least .80 and .85; none where no threshold reaches it. */
  readonly atRecall: Readonly<Record<'0.80' | '0.85', number | undefined>>;
}

/** Finds the threshold with the best F1 at 50 ms. The clips should hold their share of non-strikes. */
export function tuneThreshold(answers: readonly Answers[], head: Head): Tuned {
  const tried = thresholds.map((threshold) => ({ threshold, ...quickScore(pickAll(answers, head, threshold)) }));
  const best = tried.reduce((a, b) => (b.f1 > a.f1 ? b : a));
  const atRecall = (least: number): number | undefined =>
    tried.filter(({ recall }) => recall >= least).at(-1)?.threshold;
  return {
    ...head,
    threshold: best.threshold,
    f1: best.f1,
    atRecall: { '0.80': atRecall(0.8), '0.85': atRecall(0.85) },
  };
}

/** Scores of one family, and strikes per minute that were heard with the thresholds of fixed recall. */
export interface FamilyScores extends Scores {
  readonly atRecall: Readonly<Record<string, { readonly recall: number; readonly falsePerMinute: number } | undefined>>;
  /** F1 at 50 ms of every head, each with its own threshold. */
  readonly heads: Readonly<Record<string, number>>;
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
  const heads = Object.fromEntries(
    tuned.map((head) => [head.output, quickScore(pickAll(answers, head, head.threshold)).f1]),
  );
  return { ...scoreClips(pickAll(answers, sure, sure.threshold)), atRecall, heads };
}
