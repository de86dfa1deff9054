// Rows of bars in a picture, without corners and without a layout.
import { bestChain, guessBars, type BarGuess } from './bar-chain.js';
import { completeRow, type WholeRow } from './complete-row.js';
import { edgeField, type EdgeField } from './edge-field.js';
import { joinSegments, lineSegments } from './line-segments.js';
import type { LumaPicture } from './median-picture.js';
import type { Quad } from '../types.js';

/** Rows that were found, best first. */
export function findRows(picture: LumaPicture): WholeRow[] {
  const unit = Math.max(picture.width, picture.height) / 640;
  const field = edgeField(picture, Math.max(0.9, 1.1 * unit));
  const close = unit > 1.3 ? edgeField(picture, Math.max(0.8, 0.8 * unit)) : field;
  const segments = joinSegments(lineSegments(field, 11 * unit));
  const chains = Array.from({ length: 12 }, (_, k) => {
    // From level bars through upright ones to level ones again.
    const angle = (k * Math.PI) / 12;
    const down = [Math.cos(angle), Math.sin(angle)] as const;
    const guesses = guessBars(segments, down);
    return { down, guesses, ...bestChain(guesses, down) };
  }).sort((a, b) => b.score - a.score);
  let best: WholeRow | undefined;
  let from: (typeof chains)[number] | undefined;
  const tried: BarGuess[] = [];
  for (const chain of chains) {
    // The same chain is found from several directions.
    if (tried.length >= 3 || tried.includes(chain.bars[0])) continue;
    if (chain.bars.length > 0) tried.push(chain.bars[0]);
    const row = bestRow(picture, close, chain.bars);
    if (row !== undefined && (best === undefined || worth(row) > worth(best))) [best, from] = [row, chain];
  }
  if (best === undefined || from === undefined) return [];
  const second = secondRow(picture, close, best, from);
  return second === undefined ? [best] : [best, second];
}

/** Evidence that a row explains, the more the longer its bars are: resonators, tiles and stripes are small. */
function worth({ bars, cost, fill }: WholeRow): number {
  const lengths = bars.map(({ quad: [a, , , d] }) => Math.hypot(a[0] - d[0], a[1] - d[1])).sort((x, y) => x - y);
  const length = lengths[lengths.length >> 1];
  return -bars.length * (cost + 0.35) * (0.5 + Math.min(0.5, Math.max(0, fill - 0.25))) * Math.sqrt(length);
}

/** A chain completed, as it is or as the gaps of the true bars. */
function bestRow(picture: LumaPicture, field: EdgeField, chain: readonly BarGuess[]): WholeRow | undefined {
  const bright = isBright(chain);
  const rows = [completeRow(picture, field, chain, bright), completeRow(picture, field, gapsOf(chain), !bright)];
  return rows.reduce((a, b) => (a === undefined || (b !== undefined && worth(b) > worth(a)) ? b : a));
}

const isBright = (bars: readonly BarGuess[]): boolean => 2 * bars.filter(({ bright }) => bright).length > bars.length;

/** What lies between the bars of a chain, for it may be the gaps that stood out. */
function gapsOf(bars: readonly BarGuess[]): BarGuess[] {
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

/** Another row behind or before the first, whose bars are about as wide and lie the same way. */
function secondRow(
  picture: LumaPicture,
  field: EdgeField,
  first: WholeRow,
  { guesses, down }: { readonly guesses: readonly BarGuess[]; readonly down: readonly [number, number] },
): WholeRow | undefined {
  const taken = first.bars.map(({ quad }) => quad);
  const apart = guesses.filter(({ far, near }) => {
    const at = (t: number): readonly [number, number] => [
      far[0] + (near[0] - far[0]) * t,
      far[1] + (near[1] - far[1]) * t,
    ];
    return [0.3, 0.5, 0.7].every((t) => taken.every((quad) => !inside(quad, at(t)))) && !between(taken, at(0.5));
  });
  const chain = bestChain(apart, down);
  if (chain.bars.length < 3 || chain.score < 2) return undefined;
  const row = bestRow(picture, field, chain.bars);
  if (row === undefined || row.bars.length < 4 || row.cost > -0.6) return undefined;
  const clear = row.bars.filter(({ quad }) => !taken.some((other) => inside(other, middle(quad))));
  return clear.length === row.bars.length && beside(first, row) ? row : undefined;
}

const middle = (quad: Quad): readonly [number, number] => [
  (quad[0][0] + quad[1][0] + quad[2][0] + quad[3][0]) / 4,
  (quad[0][1] + quad[1][1] + quad[2][1] + quad[3][1]) / 4,
];

function inside(quad: Quad, [x, y]: readonly [number, number]): boolean {
  let sign = 0;
  for (let k = 0; k < 4; k++) {
    const [ax, ay] = quad[k];
    const [bx, by] = quad[(k + 1) % 4];
    const turn = Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax));
    if (sign !== 0 && turn !== 0 && turn !== sign) return false;
    if (turn !== 0) sign = turn;
  }
  return true;
}

/** Whether a point lies in a gap of the row. */
function between(row: readonly Quad[], point: readonly [number, number]): boolean {
  return row.slice(1).some((quad, i) => {
    const gap = [row[i][1], quad[0], quad[3], row[i][2]] as unknown as Quad;
    return inside(gap, point);
  });
}

/** Whether two rows look like one instrument's: next to each other, alike in size. */
function beside(a: WholeRow, b: WholeRow): boolean {
  const size = ({ bars }: WholeRow): readonly [number, number, number, number] => {
    const middles = bars.map(({ quad }) => middle(quad));
    const lengths = bars.map(({ quad: [p, , , s] }) => Math.hypot(p[0] - s[0], p[1] - s[1])).sort((x, y) => x - y);
    const widths = bars.map(({ quad: [p, q] }) => Math.hypot(p[0] - q[0], p[1] - q[1])).sort((x, y) => x - y);
    return [
      middles.reduce((sum, [x]) => sum + x, 0) / middles.length,
      middles.reduce((sum, [, y]) => sum + y, 0) / middles.length,
      lengths[lengths.length >> 1],
      widths[widths.length >> 1],
    ];
  };
  const [ax, ay, al, aw] = size(a);
  const [bx, by, bl, bw] = size(b);
  return (
    Math.hypot(bx - ax, by - ay) < 2.2 * Math.max(al, bl) &&
    Math.abs(Math.log(al / bl)) < 0.7 &&
    Math.abs(Math.log(aw / bw)) < 0.6
  );
}
