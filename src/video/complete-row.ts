// From a chain of guesses to a whole row: how far its bars reach, the ones that were missed, and the boards beside it that are none.
import type { Point } from '../types.js';
import type { SidePair } from './bar-chain.js';
import type { ModelBar, PlacedModel } from './bar-model.js';
import { chooseBars, extents, middleX, type Interval } from './choose-bars.js';
import type { EdgeField } from './edge-field.js';
import { dropBoards } from './end-boards.js';
import type { LumaPicture } from './median-picture.js';
import { placeRow, type FoundBar } from './place-bars.js';
import { frameOf, median, medianLine, type RowFrame } from './row-frame.js';

/** A row of bars that was found without being told how many there are. */
export interface WholeRow {
  /** From left to right, far ends up, or to the left where bars lie level. */
  readonly bars: readonly FoundBar[];
  /** Cost per bar, as a {@link FoundRow}'s; -2 is the best. */
  readonly cost: number;
  /** Median width over the distance to the nearest neighbour: gaps that were taken for bars are narrow. */
  readonly fill: number;
  /** Whether most bars are brighter than their gaps. */
  readonly bright: boolean;
  /** Median evidence at the bars' sides, 0..1. */
  readonly sides: number;
}

/** A bar as the guess it would have come from. */
export function guessOf({ quad: [a, b, c, d] }: Pick<FoundBar, 'quad'>): SidePair {
  const far = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] as const;
  const near = [(d[0] + c[0]) / 2, (d[1] + c[1]) / 2] as const;
  const [ux, uy] = [near[0] - far[0], near[1] - far[1]];
  const across = [(b[0] + c[0] - a[0] - d[0]) / 2, (b[1] + c[1] - a[1] - d[1]) / 2] as const;
  return { far, near, width: Math.abs(across[0] * uy - across[1] * ux) / Math.hypot(ux, uy), bright: true, quality: 1 };
}

/** Completes a chain; undefined where it turns out to be none. */
export function completeRow(
  picture: LumaPicture,
  field: EdgeField,
  chain: readonly SidePair[],
  bright: boolean,
): WholeRow | undefined {
  let guesses = chain;
  let found: { frame: RowFrame; intervals: Interval[] } | undefined;
  if (chain.length < 3) return undefined;
  let before = 0;
  for (let round = 0; round < 6; round++) {
    const frame = frameOf(guesses);
    if (frame === undefined) return undefined;
    const own = guesses.map((guess) => {
      const length = Math.hypot(guess.near[0] - guess.far[0], guess.near[1] - guess.far[1]);
      const [nx, ny] = [(guess.near[1] - guess.far[1]) / length, -(guess.near[0] - guess.far[0]) / length];
      const [mx, my] = [(guess.far[0] + guess.near[0]) / 2, (guess.far[1] + guess.near[1]) / 2];
      const half = guess.width / 2;
      return {
        left: frame.place([mx - nx * half, my - ny * half]).x,
        right: frame.place([mx + nx * half, my + ny * half]).x,
      };
    });
    const logWidth = medianLine(
      own.map((one) => [middleX(one), Math.log(Math.max(0.05, one.right - one.left))] as const),
    );
    const width = (x: number): number => Math.exp(Math.min(1.2, Math.max(-2.2, logWidth(x))));
    const [first, last] = [middleX(own[0]), middleX(own[own.length - 1])];
    const intervals = chooseBars(field, {
      frame,
      width,
      range: [first - 12 * width(first), last + 12 * width(last)],
      ends: [0, 1],
      bright,
      clear: found && median(found.intervals.map(({ clear }) => clear)),
    });
    if (intervals.length < 3) return undefined;
    found = { frame, intervals };
    // A row that still grows is looked at again.
    if (round >= 2 && intervals.length <= before) break;
    before = intervals.length;
    const [farAt, nearAt] = extents(field, frame, intervals);
    // The row as it is now known, for a better frame.
    guesses = intervals.map((one) => {
      const x = middleX(one);
      const at = (y: number): Point => frame.toPicture(x + one.slant * (y - 0.5), y);
      const [far, near] = [at(farAt(x)), at(nearAt(x))];
      const [a, b] = [frame.toPicture(one.left, 0.5), frame.toPicture(one.right, 0.5)];
      const length = Math.hypot(near[0] - far[0], near[1] - far[1]);
      const acrossWidth = Math.abs((b[0] - a[0]) * (near[1] - far[1]) - (b[1] - a[1]) * (near[0] - far[0])) / length;
      return { far, near, width: acrossWidth, bright, quality: 1 };
    });
  }
  if (found === undefined) return undefined;
  const { frame, intervals } = found;
  const row = intervals.map((one, index): ModelBar => ({
    index,
    x: middleX(one),
    width: one.right - one.left,
    pitch: 1,
    far: 0,
    near: 1,
  }));
  for (const [i, bar] of row.entries()) {
    const steps = [row[i - 1], row[i + 1]].flatMap((next: ModelBar | undefined) =>
      next ? [Math.abs(next.x - bar.x)] : [],
    );
    bar.pitch = Math.min(...steps, 1.8 * bar.width);
  }
  const placed: PlacedModel = { rows: [row], toPicture: frame.toPicture };
  let { bars, cost } = placeRow(field, placed, row);
  const kept = dropBoards(bars, picture);
  if (kept.length < bars.length && kept.length >= 3) {
    cost *= kept.length / bars.length;
    bars = kept;
  }
  const fill = median(row.map(({ width, pitch }) => width / pitch));
  return { bars, cost: cost / bars.length, fill, bright, sides: median(bars.map(({ sides }) => sides)) };
}
