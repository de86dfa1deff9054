// The second half of snapping: every bar of a row onto its own edges, near where the fitted proportions expect it.
import type { Point, Quad } from '../types.js';
import type { ModelBar, PlacedModel } from './bar-model.js';
import type { EdgeField } from './edge-field.js';
import { lineStep } from './fit-proportions.js';

/** A bar where it was found. */
export interface FoundBar {
  /** Index among the layout's bars. */
  readonly index: number;
  /** Outline in the picture. */
  readonly quad: Quad;
  /** Evidence at its two sides, 0..1: how clear the picture steps there, and the right way. */
  readonly sides: number;
  /** Evidence at its two ends, 0..1. */
  readonly ends: number;
  /** Spacings from where the proportions expected it. */
  readonly moved: number;
}

/** Samples of a row per unit of the plan view. */
export const fine = 32;
// How far beyond the outer centres a side may be, and how slanted, in units.
const beyond = 0.9;
const slants = [-0.24, -0.16, -0.08, 0, 0.08, 0.16, 0.24];
// Centres and widths that are tried: units off, share of the expected width.
const reach = 0.5;
const widths = [0.62, 0.7, 0.78, 0.86, 0.93, 1, 1.07, 1.15, 1.25, 1.36];
const statesKept = 72;

interface Side {
  /** Place on the plan view half-way along the bar. */
  readonly x: number;
  /** How much farther right it is at the near end than at the far end. */
  readonly slant: number;
  /** Signed evidence. */
  readonly step: number;
}

/** Evidence of a side at every place along the row: the clearest step up and the clearest step down, and their slants. */
export interface RowEvidence {
  /** Place of the first sample. */
  readonly x0: number;
  /** 0..1: how clearly it gets brighter here. */
  readonly up: Float32Array;
  /** Slant of that line. */
  readonly upSlant: Float32Array;
  /** -1..0: how clearly it gets darker here. */
  readonly down: Float32Array;
  /** Slant of that line. */
  readonly downSlant: Float32Array;
}

/** The bars of a row, and what it cost to find them there: lower is better, -2 a bar is the best there can be. */
export interface FoundRow {
  /** Low to high. */
  readonly bars: readonly FoundBar[];
  /** Sum over the bars of what evidence lacks and what deviates from the expected proportions. */
  readonly cost: number;
}

/** Finds the bars of one row. */
export function placeRow(field: EdgeField, { toPicture }: PlacedModel, row: readonly ModelBar[]): FoundRow {
  const view: RowView = { toPicture, ends: (x) => endsAt(row, x), size: () => 1 };
  const evidence = gatherEvidence(field, view, row[0].x - beyond, row[row.length - 1].x + beyond);
  const bright = chain(evidence, row, 1);
  const dark = chain(evidence, row, -1);
  const { states, cost } = bright.cost <= dark.cost ? bright : dark;
  const sides = states.map(
    ({ left, right, sign }) => [sideAt(evidence, left, sign), sideAt(evidence, right, -sign)] as const,
  );
  straighten(sides, row);
  const ends = ([0, 1] as const).map((end) => findEnds(field, toPicture, row, sides, end));
  const bars = row.map((bar, i): FoundBar => {
    const [low, high] = sides[i];
    const [far, near] = [bar.far + ends[0][i].offset, bar.near + ends[1][i].offset];
    const middle = (bar.far + bar.near) / 2;
    const at = (side: Side, y: number): readonly [number, number] =>
      toPicture(side.x + (side.slant * (y - middle)) / (bar.near - bar.far), y);
    return {
      index: bar.index,
      quad: [at(low, far), at(high, far), at(high, near), at(low, near)],
      sides: (Math.abs(low.step) + Math.abs(high.step)) / 2,
      ends: (ends[0][i].clear + ends[1][i].clear) / 2,
      moved: ((low.x + high.x) / 2 - bar.x) / bar.pitch,
    };
  });
  return { bars, cost };
}

/** Far and near end of the row at a place along it, from the bars to either side. */
function endsAt(row: readonly ModelBar[], x: number): readonly [number, number] {
  let i = 0;
  while (i < row.length - 2 && row[i + 1].x < x) i++;
  const a = row[i];
  const b = row[Math.min(i + 1, row.length - 1)];
  const t = b.x > a.x ? Math.min(1.5, Math.max(-0.5, (x - a.x) / (b.x - a.x))) : 0;
  return [a.far + (b.far - a.far) * t, a.near + (b.near - a.near) * t];
}

/** Where a row is looked at. */
export interface RowView {
  /** From the plan view to the picture. */
  readonly toPicture: (x: number, y: number) => Point;
  /** Far and near end of the row at a place along it. */
  readonly ends: (x: number) => readonly [far: number, near: number];
  /** Size of the instrument's details at a place along it, units: slants are tried in its terms. */
  readonly size: (x: number) => number;
}

/** Evidence of sides from `x0` to `x1`. */
export function gatherEvidence(
  field: EdgeField,
  { toPicture, ends, size }: RowView,
  x0: number,
  x1: number,
): RowEvidence {
  const count = Math.ceil((x1 - x0) * fine) + 1;
  const make = (): Float32Array => new Float32Array(count);
  const found: RowEvidence = { x0, up: make(), upSlant: make(), down: make(), downSlant: make() };
  for (let i = 0; i < count; i++) {
    const x = x0 + i / fine;
    const [far, near] = ends(x);
    const here = toPicture(x, (far + near) / 2);
    const there = toPicture(x + 0.1, (far + near) / 2);
    for (const share of slants) {
      const slant = share * size(x);
      const from = toPicture(x - slant / 2, far);
      const to = toPicture(x + slant / 2, near);
      const step = lineStep(field, from, to, there[0] - here[0], there[1] - here[1], 14) * (1 - 0.25 * Math.abs(share));
      if (step > found.up[i]) {
        found.up[i] = step;
        found.upSlant[i] = slant;
      }
      if (step < found.down[i]) {
        found.down[i] = step;
        found.downSlant[i] = slant;
      }
    }
  }
  return found;
}

interface State {
  readonly left: number;
  readonly right: number;
  /** 1 where the bar is brighter than what is beside it. */
  readonly sign: 1 | -1;
  readonly cost: number;
}

/** The cheapest chain of bars, where most are brighter (`sign` 1) or darker than their gaps. */
function chain(evidence: RowEvidence, row: readonly ModelBar[], sign: 1 | -1): { states: State[]; cost: number } {
  const states = row.map((bar) => candidates(evidence, bar, sign));
  const path = cheapestPath(
    states.map((list) => Float64Array.from(list, ({ cost }) => cost)),
    (i, a, b) => {
      const [one, two] = [states[i][a], states[i + 1][b]];
      const [here, next] = [row[i], row[i + 1]];
      const pitch = (here.pitch + next.pitch) / 2;
      const gap = two.left - one.right;
      if (gap < 0.02 * pitch) return 1e6;
      const spacing = ((two.left + two.right - one.left - one.right) / 2 - (next.x - here.x)) / pitch;
      const wider = Math.log((((two.right - two.left) / (one.right - one.left)) * here.width) / next.width);
      return 0.5 * bounded((spacing / 0.12) ** 2 * 0.35) + 0.5 * bounded((wider / 0.16) ** 2 * 0.25);
    },
  );
  return { states: path.map((k, i) => states[i][k]), cost: path.cost };
}

/** A square that gives up: what is far off is wrong, however far. */
const bounded = (square: number): number => square / (1 + square / 6);

function candidates({ x0, up, down }: RowEvidence, bar: ModelBar, sign: 1 | -1): State[] {
  const list: State[] = [];
  const at = (field: Float32Array, x: number): number => {
    const i = Math.round((x - x0) * fine);
    return i >= 0 && i < field.length ? field[i] : 0;
  };
  const tries = Math.round(reach * bar.pitch * fine);
  for (let k = -tries; k <= tries; k++) {
    const centre = bar.x + k / fine;
    for (const share of widths) {
      const width = Math.min(bar.width * share, 1.02 * bar.pitch);
      const left = centre - width / 2;
      const right = centre + width / 2;
      const bright = at(up, left) - at(down, right);
      const dark = at(up, right) - at(down, left);
      const [own, other] = sign > 0 ? [bright, dark] : [dark, bright];
      const prior = 0.12 * (k / fine / bar.pitch / 0.25) ** 2 + 0.12 * (Math.log(width / bar.width) / 0.2) ** 2;
      // A long edge within a bar is the side of another one.
      const [from, to] = [left + 0.22 * width, right - 0.22 * width].map((x) => Math.round((x - x0) * fine));
      let [rise, fall] = [0, 0];
      for (let i = Math.max(0, from); i <= to && i < up.length; i++) {
        if (up[i] > rise) rise = up[i];
        if (-down[i] > fall) fall = -down[i];
      }
      const within = 0.5 * Math.max(0, rise + fall - 0.3);
      const flipped = 0.6 * other - 0.25 > own;
      list.push({
        left,
        right,
        sign: flipped ? (-sign as 1 | -1) : sign,
        cost: prior + within - (flipped ? 0.6 * other - 0.25 : own),
      });
    }
  }
  list.sort((a, b) => a.cost - b.cost);
  return list.slice(0, statesKept);
}

/** Viterbi: one state per step, at the least cost of states and steps between them. */
function cheapestPath(
  costs: readonly Float64Array[],
  step: (i: number, from: number, to: number) => number,
): number[] & { cost: number } {
  let total = costs[0];
  const came: Int32Array[] = [];
  for (let i = 1; i < costs.length; i++) {
    const next = new Float64Array(costs[i].length).fill(Infinity);
    const from = new Int32Array(costs[i].length);
    for (let b = 0; b < next.length; b++) {
      for (let a = 0; a < total.length; a++) {
        const cost = total[a] + step(i - 1, a, b);
        if (cost < next[b]) {
          next[b] = cost;
          from[b] = a;
        }
      }
      next[b] += costs[i][b];
    }
    came.push(from);
    total = next;
  }
  let last = 0;
  for (let k = 1; k < total.length; k++) if (total[k] < total[last]) last = k;
  const path = [last];
  for (let i = came.length - 1; i >= 0; i--) path.unshift(came[i][path[0]]);
  return Object.assign(path, { cost: total[last] });
}

function sideAt({ x0, up, upSlant, down, downSlant }: RowEvidence, x: number, sign: number): Side {
  const [field, slant] = sign > 0 ? [up, upSlant] : [down, downSlant];
  // The clearest of the places next to it.
  let best = Math.round((x - x0) * fine);
  for (const k of [best - 1, best + 1]) {
    if (Math.abs(field[k] ?? 0) > Math.abs(field[best] ?? 0)) best = k;
  }
  return { x: x0 + best / fine, slant: slant[best] ?? 0, step: field[best] ?? 0 };
}

/** Sides without clear evidence lean as the others do. */
function straighten(sides: (readonly [Side, Side])[], row: readonly ModelBar[]): void {
  const clear = sides.flat().filter(({ step }) => Math.abs(step) > 0.35);
  const lean = lineThrough(clear.map(({ x, slant, step }) => [x, slant, Math.abs(step)]));
  sides.forEach((pair, i) => {
    sides[i] = pair.map((side) => {
      const expected = Math.min(0.3, Math.max(-0.3, lean(side.x)));
      const trust = Math.min(1, Math.max(0, (Math.abs(side.step) - 0.15) / 0.35));
      // A side across its neighbours' lean is the edge of something else.
      const slant = Math.abs(side.slant - expected) > 0.2 * row[i].pitch ? expected : side.slant;
      return { ...side, slant: expected + trust * (slant - expected) };
    }) as unknown as readonly [Side, Side];
  });
}

/** Weighted line through points [x, y, weight]; level where there are few. */
function lineThrough(points: readonly (readonly [number, number, number])[]): (x: number) => number {
  let [w, sx, sy, sxx, sxy] = [1e-9, 0, 0, 0, 0];
  for (const [x, y, weight] of points) {
    w += weight;
    sx += weight * x;
    sy += weight * y;
    sxx += weight * x * x;
    sxy += weight * x * y;
  }
  const spread = sxx - (sx * sx) / w;
  const slope = points.length > 3 && spread > 1e-6 ? (sxy - (sx * sy) / w) / (spread + 1) : 0;
  return (x) => sy / w + slope * (x - sx / w);
}

const endOffsets = Array.from({ length: 33 }, (_, k) => (k - 16) * 0.0125);

/** How far each bar's far (0) or near (1) end is from the expected one, units of the plan view, and how clear it is. */
function findEnds(
  field: EdgeField,
  toPicture: PlacedModel['toPicture'],
  row: readonly ModelBar[],
  sides: readonly (readonly [Side, Side])[],
  end: 0 | 1,
): { offset: number; clear: number }[] {
  const clear = row.map(() => new Float64Array(endOffsets.length));
  const costs = row.map((bar, i) => {
    const length = bar.near - bar.far;
    const middle = (bar.far + bar.near) / 2;
    const [low, high] = sides[i];
    return Float64Array.from(endOffsets, (offset, k) => {
      const y = (end === 0 ? bar.far : bar.near) + offset * length;
      const lean = (y - middle) / length;
      const from = toPicture(low.x + low.slant * lean, y);
      const to = toPicture(high.x + high.slant * lean, y);
      const inner = toPicture(bar.x, middle);
      const step = lineStep(field, from, to, inner[0] - from[0], inner[1] - from[1], 8);
      // The bar's own brightness against the gaps' says which way it should step, but what lies beyond its end is another matter.
      const sign = low.step >= high.step ? 1 : -1;
      clear[i][k] = step * sign > 0 ? Math.abs(step) : 0.6 * Math.abs(step);
      return 0.35 * (offset / 0.1) ** 2 - clear[i][k];
    });
  });
  const path = cheapestPath(costs, (_, a, b) => bounded(((endOffsets[a] - endOffsets[b]) / 0.04) ** 2 * 0.3));
  return path.map((k, i) => ({ offset: endOffsets[k] * (row[i].near - row[i].far), clear: clear[i][k] }));
}
