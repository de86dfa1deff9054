// Rows of bars in a picture, without corners and without a layout: found in three ways, and the likeliest of what was found.
import { barCores } from './bar-cores.js';
import { completeRow, type WholeRow } from './complete-row.js';
import { edgeField, type EdgeField } from './edge-field.js';
import { edgeRows, keyboard } from './edge-rows.js';
import type { LumaPicture } from './median-picture.js';
import { paintBars, type PaintedPicture } from './paint-bars.js';
import { paintedRows } from './painted-rows.js';
import { paintRows } from './paint-rows.js';
import { repairRows } from './repair-rows.js';
import { rowEvidence, type RowEvidence } from './row-evidence.js';

/** Rows that were found, and how likely they are all bars and nothing else. */
export interface FoundRows {
  /** None, one, or the two of a keyboard. */
  readonly rows: readonly WholeRow[];
  /** 0..1. */
  readonly chance: number;
}

/**
 * Finds the rows of bars.
 * @param counts bars of every row that should be there, nearest the player first; rows of other counts are taken only where there are
 *   none of these.
 */
export function findRows(picture: LumaPicture, counts?: readonly number[]): FoundRows {
  const maps = paintBars(picture);
  const found = candidates(picture, maps).map((rows, i, all) => {
    const agreeing = all.filter((other, k) => k !== i && same(rows, other)).length;
    return { rows, chance: chance(rowEvidence(maps, rows), agreeing) };
  });
  const fitting = found.filter(({ rows }) => rows.map(({ bars }) => bars.length).join() === counts?.join());
  const judged = fitting.length > 0 ? fitting : found;
  return judged.reduce((a, b) => (b.chance > a.chance ? b : a), { rows: [] as readonly WholeRow[], chance: 0 });
}

/** By edges alone, by paint alone, and by edges where there is paint; all of them also repaired. */
function candidates(picture: LumaPicture, maps: PaintedPicture): (readonly WholeRow[])[] {
  const unit = Math.max(picture.width, picture.height) / 640;
  const field = edgeField(picture, Math.max(0.9, (unit > 1.3 ? 0.8 : 1.1) * unit));
  const found = [edgeRows(picture), paintRows(maps, field), edgesOfPaint(picture, maps, field)].filter(
    (rows) => rows.length > 0 && rows.every(({ bars }) => bars.length >= 3),
  );
  return found.flatMap((rows) => {
    const repaired = repairRows(maps, field, rows);
    return repaired === undefined ? [rows] : [rows, repaired];
  });
}

/** Painted rows completed by edges. */
function edgesOfPaint(picture: LumaPicture, maps: PaintedPicture, field: EdgeField): readonly WholeRow[] {
  const rows = paintedRows(barCores(maps), maps.scale).flatMap(({ bars }): WholeRow[] => {
    const both = [true, false].flatMap((bright) => {
      const pairs = bars.map((bar) => ({ ...bar, bright, quality: 1 }));
      const row = completeRow(picture, field, pairs, bright);
      return row === undefined ? [] : [row];
    });
    return both.length === 0 ? [] : [both.reduce((a, b) => (b.cost < a.cost ? b : a))];
  });
  return rows.length === 0 ? [] : (keyboard(picture, field, rows[0], rows.slice(1)) ?? [rows[0]]);
}

/** Whether two finds are the same bars. */
function same(one: readonly WholeRow[], other: readonly WholeRow[]): boolean {
  const middles = (rows: readonly WholeRow[]): (readonly [number, number])[] =>
    rows.flatMap(({ bars }) => bars.map(({ quad: [a, , c] }) => [(a[0] + c[0]) / 2, (a[1] + c[1]) / 2] as const));
  const [here, there] = [middles(one), middles(other)];
  if (here.length !== there.length) return false;
  return one.every(({ bars }) =>
    bars.every(({ quad: [a, b, c, d] }) => {
      const wide = Math.hypot(a[0] + d[0] - b[0] - c[0], a[1] + d[1] - b[1] - c[1]) / 2;
      const [x, y] = [(a[0] + c[0]) / 2, (a[1] + c[1]) / 2];
      return there.some(
        ([p, q]) => Math.hypot(p - x, q - y) < 0.5 * wide + 0.06 * Math.hypot(a[0] - d[0], a[1] - d[1]),
      );
    }),
  );
}

// Logistic regression over 100 simulated scenes that the network was not trained on.
function chance({ cost, paint, least, between, beyond, bars }: RowEvidence, agreeing: number): number {
  const seen = 6.21 * (least - 0.6) - 0.73 * (paint - 0.85) - 0.76 * between - 3.22 * beyond;
  const sum = -0.95 - 1.28 * (cost + 1.2) + seen + 1.11 * Math.min(2, agreeing) + 0.44 * Math.log(bars / 15);
  return 1 / (1 + Math.exp(-sum));
}
