// Rows of bars by a picture's edges alone.
import { bestChain, guessBars, type SidePair } from './bar-chain.js';
import { completeRow, type WholeRow } from './complete-row.js';
import { edgeField, type EdgeField } from './edge-field.js';
import { joinSegments, lineSegments } from './line-segments.js';
import type { LumaPicture } from './median-picture.js';
import { keyboardRows, rowsBeside } from './second-row.js';

// Chains that are completed to see which one is the row.
const mostTries = 4;
// A second row costs no more than this per bar.
const leastClear = -0.6;

/** Rows that were found, best first. */
export function edgeRows(picture: LumaPicture): WholeRow[] {
  const unit = Math.max(picture.width, picture.height) / 640;
  // Fine detail for narrow gaps; coarse detail where noise and texture hide the bars.
  const fine = edgeField(picture, Math.max(0.9, 1.1 * unit));
  const coarse = edgeField(picture, Math.max(1.8, 2.2 * unit));
  const close = unit > 1.3 ? edgeField(picture, Math.max(0.8, 0.8 * unit)) : fine;
  const chains = [
    ...chainsIn(fine, 11 * unit).map((chain) => ({ ...chain, field: close })),
    ...chainsIn(coarse, 14 * unit).map((chain) => ({ ...chain, field: coarse })),
  ].sort((a, b) => b.score - a.score);
  const tried: (readonly SidePair[])[] = [];
  const rows: { row: WholeRow; field: EdgeField }[] = [];
  for (const { bars, field } of chains) {
    // The same chain is found from several directions.
    if (tried.length >= mostTries || bars.length < 3 || tried.some((other) => alike(bars, other))) continue;
    tried.push(bars);
    for (const row of bothWays(picture, field, bars)) rows.push({ row, field });
  }
  if (rows.length === 0) return [];
  const first = rows.reduce((a, b) => (worth(b.row) > worth(a.row) ? b : a));
  const best = rows.find(({ row }) => outlines(first.row, row)) ?? first;
  const others = rows.filter((one) => one !== best).map(({ row }) => row);
  return keyboard(picture, best.field, best.row, others) ?? [best.row];
}

/** The best chains of bars among a field's edges, in all directions. */
function chainsIn(field: EdgeField, shortest: number): { bars: SidePair[]; score: number }[] {
  const segments = joinSegments(lineSegments(field, shortest));
  return Array.from({ length: 12 }, (_, k) => {
    // From level bars through upright ones to level ones again.
    const angle = (k * Math.PI) / 12;
    const down = [Math.cos(angle), Math.sin(angle)] as const;
    return bestChain(guessBars(segments, down), down);
  });
}

/** Two rows where the best one has another beside it that makes a keyboard of both. */
export function keyboard(
  picture: LumaPicture,
  field: EdgeField,
  best: WholeRow,
  others: readonly WholeRow[],
): WholeRow[] | undefined {
  let found: { rows: WholeRow[]; cost: number } | undefined;
  const beside = [...rowsBeside(picture, field, best), ...others];
  for (const other of beside) {
    for (const [front, back] of [
      [best, other],
      [other, best],
    ] as const) {
      const both = keyboardRows(field, front, back);
      if (both === undefined || both[1].cost > leastClear) continue;
      const cost = Math.max(both[0].cost, both[1].cost);
      if (found === undefined || cost < found.cost) found = { rows: [...both], cost };
    }
  }
  return found?.rows;
}

/** Whether most bars of a chain are bars, or gaps, of another. */
function alike(one: readonly SidePair[], other: readonly SidePair[]): boolean {
  const same = one.filter((a) =>
    other.some((b) => {
      const [dx, dy] = [a.far[0] + a.near[0] - b.far[0] - b.near[0], a.far[1] + a.near[1] - b.far[1] - b.near[1]];
      return Math.hypot(dx, dy) < 1.2 * Math.max(a.width, b.width);
    }),
  );
  return 2 * same.length > one.length;
}

/** Evidence that a row explains, the more the longer its bars are: resonators, tiles and stripes are small. */
function worth({ bars, cost, fill }: WholeRow): number {
  const lengths = bars.map(({ quad: [a, , , d] }) => Math.hypot(a[0] - d[0], a[1] - d[1])).sort((x, y) => x - y);
  const length = lengths[lengths.length >> 1];
  return -bars.length * (cost + 0.35) * (0.5 + Math.min(0.5, Math.max(0, fill - 0.25))) * Math.sqrt(length);
}

/** A chain completed, as it is and as the gaps of the true bars. */
function bothWays(picture: LumaPicture, field: EdgeField, chain: readonly SidePair[]): WholeRow[] {
  const bright = isBright(chain);
  const rows = [completeRow(picture, field, chain, bright), completeRow(picture, field, gapsOf(chain), !bright)];
  return rows.filter((row) => row !== undefined);
}

/** Whether what was found are the drawn sides of a row's bars: lines, two for every bar. */
function outlines({ bars: lines }: WholeRow, { bars }: WholeRow): boolean {
  if (lines.length < 1.6 * bars.length || lines.length > 2.3 * bars.length) return false;
  const middles = lines.map(({ quad: [a, b, c] }) => ({
    x: (a[0] + c[0]) / 2,
    y: (a[1] + c[1]) / 2,
    wide: Math.hypot(a[0] - b[0], a[1] - b[1]),
  }));
  const sides = bars.flatMap(({ quad: [a, b, c, d] }) => {
    const wide = Math.hypot(a[0] - b[0], a[1] - b[1]);
    return [[a, d] as const, [b, c] as const].map(([p, q]) =>
      middles.some(
        (line) =>
          line.wide < 0.45 * wide &&
          Math.hypot((p[0] + q[0]) / 2 - line.x, (p[1] + q[1]) / 2 - line.y) < 0.15 * wide + 0.5 * line.wide,
      ),
    );
  });
  return sides.filter(Boolean).length > 0.8 * sides.length;
}

const isBright = (bars: readonly SidePair[]): boolean => 2 * bars.filter(({ bright }) => bright).length > bars.length;

/** What lies between the bars of a chain, for it may be the gaps that stood out. */
function gapsOf(bars: readonly SidePair[]): SidePair[] {
  return bars.slice(1).flatMap((b, i) => {
    const a = bars[i];
    const mid = (p: readonly [number, number], q: readonly [number, number]): readonly [number, number] => [
      (p[0] + q[0]) / 2,
      (p[1] + q[1]) / 2,
    ];
    const [far, near] = [mid(a.far, b.far), mid(a.near, b.near)];
    const length = Math.hypot(near[0] - far[0], near[1] - far[1]);
    const [mx, my] = [
      (b.far[0] + b.near[0] - a.far[0] - a.near[0]) / 2,
      (b.far[1] + b.near[1] - a.far[1] - a.near[1]) / 2,
    ];
    const apart = Math.abs(mx * (near[1] - far[1]) - my * (near[0] - far[0])) / length;
    const width = apart - (a.width + b.width) / 2;
    return width > 1.5 ? [{ far, near, width, bright: !a.bright, quality: 1 }] : [];
  });
}
