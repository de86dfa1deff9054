// All bars of a row whose frame is roughly known: the intervals along it whose two sides the picture shows, and how far they reach.
import type { Point } from '../types.js';
import type { EdgeField } from './edge-field.js';
import { lineStep } from './fit-proportions.js';
import { fine, gatherEvidence, type RowView } from './place-bars.js';
import { median, medianLine, type RowFrame } from './row-frame.js';

/** Place of a bar on a row's own plan view. */
export interface Interval {
  /** Low side, half-way along. */
  readonly left: number;
  /** High side. */
  readonly right: number;
  /** How much it explains. */
  readonly value: number;
  /** How much farther right it is at the near end than at the far end. */
  readonly slant: number;
  /** Evidence of its two sides, 0..2. */
  readonly clear: number;
}

/** Centre of an interval. */
export const middleX = ({ left, right }: Pick<Interval, 'left' | 'right'>): number => (left + right) / 2;

/** Where bars are looked for. */
export interface Search {
  /** The row's own plan view. */
  readonly frame: RowFrame;
  /** Width of a bar at a place along the row. */
  readonly width: (x: number) => number;
  /** From where to where along the row. */
  readonly range: readonly [from: number, to: number];
  /** Far and near end of what is looked at, on the plan view. */
  readonly ends: readonly [far: number, near: number];
  /** Whether most bars are brighter than their gaps. */
  readonly bright: boolean;
  /** Evidence of both sides that bars of this row have, 0..2; undefined: not known yet. */
  readonly clear: number | undefined;
}

/** What the sides of a bar must show together: less where all bars of the row are faint. */
const leastOf = (clear = 2): number => Math.min(0.7, Math.max(0.4, 0.45 * clear));

/** All bars along a row, as many as there are: the set of intervals that do not overlap and explain most. */
export function chooseBars(
  field: EdgeField,
  { frame, width, range: [x0, x1], ends, bright, clear }: Search,
): Interval[] {
  if (!(x1 - x0 < 150)) return [];
  const view: RowView = { toPicture: frame.toPicture, ends: () => ends, size: (x) => 1.3 * width(x) };
  const { up, down, upSlant, downSlant } = gatherEvidence(field, view, x0, x1);
  const [rise, fall] = bright ? [up, down.map((value) => -value)] : [down.map((value) => -value), up];
  const [riseSlant, fallSlant] = bright ? [upSlant, downSlant] : [downSlant, upSlant];
  // A side is where the step is clearest.
  const crest = (values: Float32Array, i: number): boolean =>
    values[i] > 0.12 && values[i] >= (values[i - 1] ?? 0) && values[i] >= (values[i + 1] ?? 0);
  const least = leastOf(clear);
  const list: Interval[] = [];
  for (let i = 0; i < rise.length; i++) {
    if (!crest(rise, i)) continue;
    const x = x0 + i / fine;
    const expected = width(x);
    const from = Math.max(2, Math.round(0.6 * expected * fine));
    const to = Math.round(1.6 * expected * fine);
    for (let k = from; k <= to && i + k < fall.length; k++) {
      if (!crest(fall, i + k)) continue;
      const value = rise[i] + fall[i + k] - least - 1.2 * Math.log(k / fine / expected) ** 2;
      if (value <= 0) continue;
      let [inner, outer] = [0, 0];
      for (let j = i + Math.ceil(0.22 * k); j <= i + Math.floor(0.78 * k); j++) {
        if (rise[j] > inner) inner = rise[j];
        if (fall[j] > outer) outer = fall[j];
      }
      const net = value - 0.5 * Math.max(0, inner + outer - 0.3);
      if (net > 0) {
        const slant = (riseSlant[i] + fallSlant[i + k]) / 2;
        list.push({ left: x, right: x + k / fine, value: net, slant, clear: rise[i] + fall[i + k] });
      }
    }
  }
  if (list.length === 0) return [];
  const [middles, expecteds, logs] = [
    Float64Array.from(list, middleX),
    Float64Array.from(list, ({ left }) => width(left)),
    Float64Array.from(list, ({ left, right }) => Math.log(right - left)),
  ];
  const total = new Float64Array(list.length);
  const came = new Int32Array(list.length).fill(-1);
  let best = -1;
  for (let b = 0; b < list.length; b++) {
    const { left, value } = list[b];
    const expected = expecteds[b];
    total[b] = value;
    for (let a = b - 1; a >= 0; a--) {
      // Too far to the left, and all that follow too.
      if (left - list[a].left > 8 * expected) break;
      if (left - list[a].right < 0.03 || total[a] + value <= total[b]) continue;
      const spread = (middles[b] - middles[a]) / expected;
      if (spread > 6) continue;
      const wider = logs[b] - logs[a];
      const cost = 0.8 * wider * wider + (spread > 3.2 ? 0.25 * (spread - 3.2) : 0);
      if (total[a] - cost + value > total[b]) {
        total[b] = total[a] - cost + value;
        came[b] = a;
      }
    }
    if (best < 0 || total[b] > total[best]) best = b;
  }
  const chosen: Interval[] = [];
  for (let b = best; b >= 0; b = came[b]) chosen.unshift(list[b]);
  // At either end only what is nearly as clear as the rest.
  const usual = median(chosen.map(({ value }) => value).concat(0));
  while (chosen.length > 3 && chosen[0].value < 0.4 * usual) chosen.shift();
  while (chosen.length > 3 && chosen[chosen.length - 1].value < 0.4 * usual) chosen.pop();
  return chosen;
}

/** How far bars' sides go on beyond 0 and 1: lines of far and of near ends along the row. */
export function extents(
  field: EdgeField,
  frame: RowFrame,
  bars: readonly Interval[],
): [far: (x: number) => number, near: (x: number) => number] {
  const step = 0.06;
  const slabs = Array.from({ length: 58 }, (_, k) => -1.2 + k * step);
  const profiles = bars.map(({ left, right, slant }) =>
    slabs.map((y) => {
      const at = (x: number, v: number): Point => frame.toPicture(x + slant * (v - 0.5), v);
      const [here, there] = [at(left, y), at(right, y)];
      const [tx, ty] = [there[0] - here[0], there[1] - here[1]];
      const low = lineStep(field, at(left, y - step), at(left, y + step), tx, ty, 4);
      const high = lineStep(field, at(right, y - step), at(right, y + step), tx, ty, 4);
      return Math.abs(low - high) / 2;
    }),
  );
  const reach = (own: readonly number[], i: number): [number, number] => {
    // Neighbours help where a cord or a rail hides a slab or two.
    const some = profiles.slice(Math.max(0, i - 1), i + 2);
    const values = own.map((value, k) => (value + some.reduce((sum, other) => sum + other[k], 0) / some.length) / 2);
    const core = values.filter((_, k) => slabs[k] > 0.25 && slabs[k] < 0.75);
    const least = 0.45 * median(core);
    let [low, high] = [slabs.findIndex((y) => y >= 0.4), slabs.findIndex((y) => y >= 0.6)];
    const goes = (k: number, d: number): boolean => [1, 2, 3].some((m) => (values[k + d * m] ?? 0) > least);
    while (low > 3 && goes(low, -1)) low--;
    while (high < slabs.length - 4 && goes(high, 1)) high++;
    return [slabs[low], slabs[high]];
  };
  const reaches = profiles.map(reach);
  const lineOf = (k: 0 | 1): ((x: number) => number) =>
    medianLine(reaches.map((one, i) => [middleX(bars[i]), one[k]] as const));
  return [lineOf(0), lineOf(1)];
}
