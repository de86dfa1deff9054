// Rows that were found, without bars at their ends that have no paint, and with those that paint says go on beyond.
import type { Quad } from '../types.js';
import type { ModelBar } from './bar-model.js';
import { guessOf, type WholeRow } from './complete-row.js';
import type { EdgeField } from './edge-field.js';
import type { PaintedPicture } from './paint-bars.js';
import { placeRow } from './place-bars.js';
import { frameOf, median } from './row-frame.js';
import { nextOf, paintOf } from './row-evidence.js';
import { keyboardRows } from './second-row.js';

// Shares of a row's usual paint: what an end bar has at least, and what is seen as one more bar.
const leastAtEnds = 0.55;
const leastBeyond = 0.6;
const mostAdded = 4;

/** The rows repaired by their paint; undefined where nothing is wrong with them. */
export function repairRows(
  maps: PaintedPicture,
  field: EdgeField,
  rows: readonly WholeRow[],
): readonly WholeRow[] | undefined {
  const repaired = rows.map((row) => {
    const quads = row.bars.map(({ quad }) => quad);
    const better = trimAndGrow(maps, quads);
    return better === undefined ? row : placed(field, better, row);
  });
  if (repaired.every((row, i) => row === rows[i])) return undefined;
  return repaired.length > 1 ? keyboardRows(field, repaired[0], repaired[1]) : repaired;
}

function trimAndGrow(maps: PaintedPicture, quads: readonly Quad[]): readonly Quad[] | undefined {
  const usual = median(quads.map((quad) => paintOf(maps, quad)));
  let row = [...quads];
  // One end, then the other.
  for (let end = 0; end < 2; end++) {
    row.reverse();
    while (row.length > 4 && paintOf(maps, row[0]) < leastAtEnds * usual) row = row.slice(1);
    for (let added = 0; added < mostAdded; added++) {
      const next = nextOf(row[0], row[1]);
      if (paintOf(maps, next) < leastBeyond * usual) break;
      row.unshift(next);
    }
  }
  return row.length === quads.length && row.every((quad, i) => quad === quads[i]) ? undefined : row;
}

/** Bars at given places, on the picture's own edges. */
function placed(field: EdgeField, quads: readonly Quad[], like: WholeRow): WholeRow {
  const frame = frameOf(quads.map((quad) => guessOf({ quad })));
  if (frame === undefined) return like;
  const middle = (a: readonly [number, number], b: readonly [number, number]): number =>
    frame.place([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]).x;
  const row = quads.map(([a, b, c, d], index): ModelBar => {
    const [left, right] = [middle(a, d), middle(b, c)];
    return { index, x: (left + right) / 2, width: right - left, pitch: 1, far: 0, near: 1 };
  });
  row.forEach((bar, i) => {
    const steps = [row[i - 1], row[i + 1]].flatMap((next: ModelBar | undefined) =>
      next ? [Math.abs(next.x - bar.x)] : [],
    );
    bar.pitch = Math.min(...steps, 1.8 * bar.width);
  });
  const { bars, cost } = placeRow(field, { rows: [row], toPicture: frame.toPicture }, row);
  return { ...like, bars, cost: cost / bars.length };
}
