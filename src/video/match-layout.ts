// Rows that were found, given the bars that a layout says are there: boards taken for bars go, bars that were missed come.
import type { CalibratedBar, Quad } from '../types.js';
import { BarModel } from './bar-model.js';
import { layoutRows, type Layout } from './layout.js';
import type { LumaPicture } from './median-picture.js';
import { frontFirst, playersView } from './name-bars.js';
import { fitRows } from './snap.js';

/** A layout's bars where rows were found. */
export interface MatchedBars {
  /** In calibration order. */
  readonly bars: readonly CalibratedBar[];
  /** Cost per bar, as a {@link FoundRow}'s; -2 is the best. */
  readonly cost: number;
}

// Beyond so many bars too many or too few, a row is another instrument's.
const mostOff = 3;
// Drawn outlines are brighter or darker than both a bar and a gap: then gaps are found as well, at least this share of them.
const bothFrom = 1.6;
const mostTries = 8;

/**
 * Fits a layout between the ends of rows that were found, and between ends a bar or two farther in or out.
 * @param rows quads as they lie in the picture, bars from left to right, far ends up.
 * @returns undefined where the rows are not as many, or their bars far too many or too few.
 */
export function matchLayout(
  picture: LumaPicture,
  rows: readonly (readonly Quad[])[],
  layout: Layout,
  near?: 'bottom' | 'top',
): MatchedBars | undefined {
  const expected = layoutRows(layout);
  if (expected.length !== rows.length || rows.length > 2) return undefined;
  const seen = rows.length > 1 ? frontFirst(rows) : [playersView(rows[0], near)];
  if (!seen.every((row, r) => mayBe(row.length, expected[r].length))) return undefined;
  const model = new BarModel(layout);
  const ends = seen.map((row, r) => endsOf(row, expected[r].length, rows.length === 1));
  const tries = ends[0]
    .flatMap((front) => ends[ends.length - 1].map((back) => ({ front, back, odd: front.odd + back.odd })))
    .filter(({ front, back }) => rows.length > 1 || front === back)
    .sort((a, b) => a.odd - b.odd)
    .slice(0, mostTries);
  let best: MatchedBars | undefined;
  for (const { front, back } of tries) {
    const corners: Quad = [back.low[0], back.high[1], front.high[2], front.low[3]];
    const found = fitRows(picture, corners, model, Math.max(3, 0.004 * picture.width));
    if (found === undefined) continue;
    const cost = Math.max(...found.map((row) => row.cost / row.bars.length));
    if (best !== undefined && cost >= best.cost) continue;
    const bars = found
      .flatMap(({ bars: row }, r) =>
        row.map(({ index, quad }) => ({
          midi: layout.bars[index].midi,
          quad,
          ...(found.length > 1 ? { row: r } : {}),
        })),
      )
      .sort((a, b) => a.midi - b.midi);
    best = { bars, cost };
  }
  return best;
}

const withGaps = (found: number, count: number): boolean => found >= bothFrom * count && found <= 2 * count + 1;
const mayBe = (found: number, count: number): boolean => Math.abs(found - count) <= mostOff || withGaps(found, count);

interface Ends {
  readonly low: Quad;
  readonly high: Quad;
  /** How far the count between these ends is from the layout's, and how much was taken away. */
  readonly odd: number;
}

/** Outer bars that a row may have. */
function endsOf(row: readonly Quad[], count: number, alone: boolean): Ends[] {
  const list: Ends[] = [];
  const gaps = withGaps(row.length, count) ? count - 1 : 0;
  const spare = Math.min(mostOff, row.length - count - gaps);
  const most = Math.max(0, spare) + (alone ? 1 : 0);
  const missing = Math.min(2, Math.max(0, -spare));
  for (let a = -missing; a <= Math.min(2, most); a++) {
    for (let b = -missing; b <= Math.min(2, most); b++) {
      if (a + b > most || a + b < -missing || row.length - Math.max(0, a) - Math.max(0, b) < 2) continue;
      if (a * b < 0) continue;
      const odd = Math.abs(a + b - spare) + 0.1 * (Math.abs(a) + Math.abs(b));
      list.push({ low: barAt(row, a), high: barAt(row, row.length - 1 - b), odd });
    }
  }
  return list;
}

/** A bar of the row, or where one more would be. */
function barAt(row: readonly Quad[], index: number): Quad {
  const last = row.length - 1;
  const inside = Math.min(last, Math.max(0, index));
  if (inside === index) return row[index];
  const [end, next] = index < 0 ? [row[0], row[1]] : [row[last], row[last - 1]];
  const count = Math.abs(index - inside);
  return end.map(([x, y], k) => [x + count * (x - next[k][0]), y + count * (y - next[k][1])]) as unknown as Quad;
}
