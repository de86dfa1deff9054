// What speaks for rows of bars, however they were found: paint on the bars, none between and beyond them, edges at their sides.
import type { Quad } from '../types.js';
import type { WholeRow } from './complete-row.js';
import { paintAt, type PaintedPicture } from './paint-bars.js';

/** Numbers that tell whether rows are all bars and nothing else. */
export interface RowEvidence {
  /** Cost of the worse row, as a {@link FoundRow}'s, per bar. */
  readonly cost: number;
  /** Mean paint of the bars, 0..1. */
  readonly paint: number;
  /** Paint of the bars that have least: the mean of one in ten. */
  readonly least: number;
  /** Mean paint half-way between neighbours, 0..1. */
  readonly between: number;
  /** Most paint where a row's next bar would be, 0..1. */
  readonly beyond: number;
  /** Number of bars. */
  readonly bars: number;
}

type Vec = readonly [x: number, y: number];

const mix = (a: Vec, b: Vec, t: number): Vec => [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean paint of the middle of a quad. */
export function paintOf(maps: PaintedPicture, [a, b, c, d]: Quad): number {
  const values = [0.38, 0.5, 0.62].flatMap((u) => {
    const [far, near] = [mix(a, b, u), mix(d, c, u)];
    return Array.from({ length: 15 }, (_, k) => paintAt(maps, ...mix(far, near, 0.1 + (0.8 * k) / 14)));
  });
  return mean(values);
}

/** What lies between two neighbours, as narrow as the gap. */
const gapBetween = (left: Quad, right: Quad): Quad => [left[1], right[0], right[3], left[2]];

/** Where the bar beyond the end of a row would be: as far from the last as that from the one before it. */
export const nextOf = (last: Quad, before: Quad): Quad =>
  last.map(([x, y], k) => [2 * x - before[k][0], 2 * y - before[k][1]]) as unknown as Quad;

/** Gathers the evidence. */
export function rowEvidence(maps: PaintedPicture, rows: readonly WholeRow[]): RowEvidence {
  const quads = rows.map(({ bars }) => bars.map(({ quad }) => quad));
  const paints = quads.flatMap((row) => row.map((quad) => paintOf(maps, quad))).sort((a, b) => a - b);
  const gaps = quads.flatMap((row) => row.slice(1).map((quad, i) => paintOf(maps, gapBetween(row[i], quad))));
  const ends = quads.flatMap((row) => [nextOf(row[0], row[1]), nextOf(row[row.length - 1], row[row.length - 2])]);
  return {
    cost: Math.max(...rows.map(({ cost }) => cost)),
    paint: mean(paints),
    least: mean(paints.slice(0, Math.ceil(paints.length / 10))),
    between: mean(gaps),
    beyond: Math.max(...ends.map((quad) => paintOf(maps, quad))),
    bars: paints.length,
  };
}
