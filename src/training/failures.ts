// The worst moments of a model on a family, as one picture: what it took for strikes, and the strikes it did not see.
import type { Raster } from '../figure/raster.js';
import { type Family, seedsPerFamily } from '../scene/families.js';
import { scene } from '../scene/scene.js';
import { pickAll, type Tuned } from './evaluate.js';
import type { Answers } from './listen.js';
import { matchStrikes } from './metrics.js';
import { framePosition } from './strike-targets.js';

/** A moment at which a model was wrong. */
export interface Failure {
  readonly kind: 'false' | 'missed';
  /** Seed of the clip in its family. */
  readonly seed: number;
  /** Seconds. */
  readonly time: number;
  readonly midi: number;
  /** Largest probability of the head within two frames. */
  readonly probability: number;
  /** What the hand did nearest to a false strike, within 0.3 s: `feint`, `miss` and so on, or `strike` on another bar. */
  readonly cause?: string;
}

/** Columns and rows of a piece of picture, and how many frames before and after the moment are shown. */
const [width, height, around] = [88, 60, 2] as const;
const gap = 2;

/** Which clips the answers are about. */
export interface FailureClips {
  readonly family: Family;
  /** Seed of the first. */
  readonly first: number;
  readonly seconds: number;
  /** Width of the picture, pixels. */
  readonly width: number;
}

/** The worst moments, surest mistakes first: false strikes and missed ones in equal parts, as far as there are any. */
export function worstMoments(answers: readonly Answers[], head: Tuned, clips: FailureClips, most = 10): Failure[] {
  const all = answers.flatMap((clip, c): Failure[] => {
    const [scored] = pickAll([clip], head, head.threshold);
    const pairs = matchStrikes(scored, 0.05);
    const seed = (clips.first + c) % seedsPerFamily;
    const size = { width: clips.width, height: Math.round((clips.width * 9) / 16), seconds: clips.seconds };
    const { truth } = scene(seed, clips.family, size);
    const cause = (time: number): string => {
      const near = [...truth.strikes.map((strike) => ({ time: strike.time, kind: 'strike' })), ...truth.nonStrikes]
        .map((event) => ({ kind: event.kind, away: Math.abs(event.time - time) }))
        .sort((a, b) => a.away - b.away)
        .at(0);
      return near && near.away < 0.3 ? near.kind : 'nothing near';
    };
    const probability = (midi: number, time: number): number => {
      const row = clip.rows.find((one) => one.midi.includes(midi));
      if (!row) return 0;
      const middle = Math.floor(framePosition(clip.times, time)) + head.latency;
      let best = 0;
      for (let k = Math.max(0, middle - 2); k <= Math.min(clip.times.length - 1, middle + 2); k++) {
        best = Math.max(best, row.heads[head.output][k * row.midi.length + row.midi.indexOf(midi)]);
      }
      return best;
    };
    const failure = (kind: Failure['kind'], { time, midi }: { time: number; midi: number }): Failure => ({
      ...{ kind, seed, time, midi, probability: probability(midi, time) },
      ...(kind === 'false' ? { cause: cause(time) } : {}),
    });
    return [
      ...scored.heard.flatMap((strike, h) => (pairs.some(([, p]) => p === h) ? [] : [failure('false', strike)])),
      ...scored.truth.flatMap((strike, t) => (pairs.some(([p]) => p === t) ? [] : [failure('missed', strike)])),
    ];
  });
  const wrong = all.filter(({ kind }) => kind === 'false').sort((a, b) => b.probability - a.probability);
  const missed = all.filter(({ kind }) => kind === 'missed').sort((a, b) => a.probability - b.probability);
  const half = Math.max(Math.ceil(most / 2), most - missed.length);
  const kept = wrong.slice(0, half);
  return [...kept, ...missed.slice(0, most - kept.length)];
}

/**
 * The moments as pieces of picture around the bar, a row each, five frames from left to right with the one of contact in the
 * middle; a red edge for false strikes, a blue one for missed ones, and a cross on the bar.
 */
export function failurePicture(failures: readonly Failure[], clips: FailureClips): Raster {
  const columns = 2 * around + 1;
  const picture = {
    width: 6 + columns * (width + gap),
    height: Math.max(1, failures.length) * (height + gap),
  };
  const rgb = new Uint8Array(3 * picture.width * picture.height).fill(255);
  for (const [f, failure] of failures.entries()) {
    const size = { width: clips.width, height: Math.round((clips.width * 9) / 16) };
    const { truth, frames } = scene(failure.seed, clips.family, { ...size, seconds: clips.seconds });
    const bar = truth.calibration.bars.find(({ midi }) => midi === failure.midi);
    const centre = (axis: 0 | 1): number => (bar ? bar.quad.reduce((sum, point) => sum + point[axis], 0) / 4 : 0);
    const [cx, cy] = [centre(0), centre(1)];
    const left = Math.round(Math.min(size.width - width, Math.max(0, cx - width / 2)));
    const top = Math.round(Math.min(size.height - height, Math.max(0, cy - height / 2)));
    const put = (x: number, y: number, [r, g, b]: readonly number[]): void => {
      rgb.set([r, g, b], 3 * ((f * (height + gap) + y) * picture.width + x));
    };
    const edge = failure.kind === 'false' ? [200, 30, 30] : [30, 60, 200];
    for (let y = 0; y < height; y++) for (let x = 0; x < 4; x++) put(x, y, edge);
    const contact = Math.floor(framePosition(truth.times, failure.time));
    for (const { index, pixels } of frames(contact - around, contact + around + 1)) {
      const start = 6 + (index - contact + around) * (width + gap);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const value = pixels[(top + y) * size.width + left + x];
          put(start + x, y, [value, value, value]);
        }
      }
      for (let d = -3; d <= 3; d++) {
        for (const [x, y] of [
          [Math.round(cx) - left + d, Math.round(cy) - top],
          [Math.round(cx) - left, Math.round(cy) - top + d],
        ]) {
          if (x >= 0 && x < width && y >= 0 && y < height) put(start + x, y, edge);
        }
      }
    }
  }
  return { ...picture, rgb };
}
