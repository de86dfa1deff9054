// Patches that the network painted as rows of bars: neighbours that lie side by side, as long and as wide as each other.
import type { BarCore } from './bar-cores.js';
import { type BarGuess, median, medianLine } from './row-frame.js';

type Vec = readonly [x: number, y: number];

/** A patch and where it lies along the row and across it. */
interface Standing {
  readonly core: BarCore;
  /** Centre, to the right. */
  readonly x: number;
  /** Far and near end, downwards. */
  readonly far: number;
  readonly near: number;
  readonly farEnd: Vec;
  readonly nearEnd: Vec;
}

const dot = (a: Vec, b: Vec): number => a[0] * b[0] + a[1] * b[1];

/** Bars of a row, and how they were painted. */
export interface PaintedRow {
  /** From left to right, far ends up, in pixels of the picture. */
  readonly bars: readonly BarGuess[];
  /** Mean probability that they are bars. */
  readonly sure: number;
  /** Mean probability that they are the far row of two. */
  readonly back: number;
}

/**
 * Rows, the one with most paint first; a second one where it lies beside the first as the rows of a keyboard do.
 * @param scale pixels of the picture per cell.
 */
export function paintedRows(cores: readonly BarCore[], scale: number): PaintedRow[] {
  if (cores.length < 3) return [];
  // The direction that most of the paint has.
  let [c, s] = [0, 0];
  for (const { from, to, area } of cores) {
    const angle = 2 * Math.atan2(to[1] - from[1], to[0] - from[0]);
    const weight = area * Math.hypot(to[0] - from[0], to[1] - from[1]);
    c += weight * Math.cos(angle);
    s += weight * Math.sin(angle);
  }
  const half = Math.atan2(s, c) / 2;
  const angle = half < 0 ? half + Math.PI : half;
  const down: Vec = [Math.cos(angle), Math.sin(angle)];
  const right: Vec = [down[1], -down[0]];
  const standing = cores
    .flatMap((core): Standing[] => {
      const { from, to } = core;
      const [farEnd, nearEnd] = dot(to, down) > dot(from, down) ? [from, to] : [to, from];
      const [far, near] = [dot(farEnd, down), dot(nearEnd, down)];
      if (near - far < 0.7 * Math.hypot(to[0] - from[0], to[1] - from[1])) return [];
      return [{ core, x: (dot(from, right) + dot(to, right)) / 2, far, near, farEnd, nearEnd }];
    })
    .sort((a, b) => a.x - b.x);
  const rows = groupsOf(standing)
    .map(inRow)
    .filter((row) => row.length >= 3);
  if (rows.length === 0) return [];
  const paint = (row: readonly Standing[]): number =>
    row.reduce((sum, { core }) => sum + core.area * (core.sure - 0.45), 0);
  const first = rows.reduce((a, b) => (paint(b) > paint(a) ? b : a));
  const others = rows.filter((row) => row !== first && beside(first, row));
  const best = others.length > 0 ? [first, others.reduce((a, b) => (paint(b) > paint(a) ? b : a))] : [first];
  return best.map((row) => ({
    bars: row.map(({ core, farEnd, nearEnd }) => ({
      far: [farEnd[0] * scale, farEnd[1] * scale],
      near: [nearEnd[0] * scale, nearEnd[1] * scale],
      width: core.width * scale,
    })),
    sure: row.reduce((sum, { core }) => sum + core.sure, 0) / row.length,
    back: row.reduce((sum, { core }) => sum + core.back, 0) / row.length,
  }));
}

// Neighbours share so much of their lengths, and are no longer, wider, farther apart than so.
const leastShared = 0.45;
const mostLonger = 1.7;
const mostWider = 2.2;
const mostApart = 5.5;

/** Whether two patches may be neighbours in a row: the left one first. */
function neighbours(a: Standing, b: Standing): boolean {
  const [la, lb] = [a.near - a.far, b.near - b.far];
  const wide = Math.max(a.core.width, b.core.width);
  const apart = b.x - a.x;
  if (apart > mostApart * wide || apart < 0.5 * Math.min(a.core.width, b.core.width)) return false;
  if (Math.max(la, lb) > mostLonger * Math.min(la, lb)) return false;
  if (wide > mostWider * Math.min(a.core.width, b.core.width)) return false;
  return Math.min(a.near, b.near) - Math.max(a.far, b.far) > leastShared * Math.max(la, lb);
}

/** Patches that hang together as neighbours. */
function groupsOf(standing: readonly Standing[]): Standing[][] {
  const group = standing.map((_, i) => i);
  const rootOf = (i: number): number => (group[i] === i ? i : (group[i] = rootOf(group[i])));
  for (let i = 0; i < standing.length; i++) {
    for (let k = i + 1; k < standing.length; k++) {
      if (neighbours(standing[i], standing[k])) group[rootOf(k)] = rootOf(i);
    }
  }
  const groups = new Map<number, Standing[]>();
  standing.forEach((one, i) => {
    const root = rootOf(i);
    groups.set(root, [...(groups.get(root) ?? []), one]);
  });
  return [...groups.values()];
}

// What lies farther off the line through the others' ends, share of a bar's length; what is smaller than its neighbours.
const mostOff = 0.4;
const leastArea = 0.3;

/** What of a row is like its neighbours. */
function inRow(row: readonly Standing[]): Standing[] {
  let kept = [...row];
  while (kept.length > 3) {
    const line = (value: (one: Standing) => number): ((x: number) => number) =>
      medianLine(kept.map((one) => [one.x, value(one)]));
    const [far, near] = [line((one) => one.far), line((one) => one.near)];
    const usual = median(kept.map(({ core }) => core.area));
    const odd = kept.map((one) => {
      const off = Math.max(Math.abs(one.far - far(one.x)), Math.abs(one.near - near(one.x)));
      return Math.max(off / (near(one.x) - far(one.x)) / mostOff, (leastArea * usual) / one.core.area);
    });
    const worst = Math.max(...odd);
    if (!(worst > 1)) break;
    kept = kept.filter((_, i) => odd[i] < worst);
  }
  return kept;
}

/** Whether a row lies behind or before another one along most of its length, without lying on it. */
function beside(first: readonly Standing[], other: readonly Standing[]): boolean {
  const line = (row: readonly Standing[], value: (one: Standing) => number): ((x: number) => number) =>
    medianLine(row.map((one) => [one.x, value(one)]));
  const [far, near] = [line(first, (one) => one.far), line(first, (one) => one.near)];
  const places = other.map((one) => {
    const length = near(one.x) - far(one.x);
    return ((one.far + one.near) / 2 - far(one.x)) / length;
  });
  const place = median(places);
  const [low, high] = [first[0].x, first[first.length - 1].x];
  const step = (high - low) / (first.length - 1);
  const along = other.filter(({ x }) => x > low - 1.5 * step && x < high + 1.5 * step);
  return ((place > -0.9 && place < 0.05) || (place > 0.95 && place < 1.9)) && along.length > 0.7 * other.length;
}
