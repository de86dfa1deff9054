// From a chain of guesses to a whole row: how far its bars reach, the ones that were missed, and the boards beside it that are none.
import type { Point, Quad } from '../types.js';
import type { BarGuess } from './bar-chain.js';
import type { ModelBar, PlacedModel } from './bar-model.js';
import type { EdgeField } from './edge-field.js';
import { lineStep } from './fit-proportions.js';
import { homography, project } from './homography.js';
import type { LumaPicture } from './median-picture.js';
import { fine, gatherEvidence, placeRow, type FoundBar, type RowView } from './place-bars.js';

/** A row of bars that was found without being told how many there are. */
export interface WholeRow {
  /** From left to right, far ends up, or to the left where bars lie level. */
  readonly bars: readonly FoundBar[];
  /** Cost per bar, as a {@link FoundRow}'s; -2 is the best. */
  readonly cost: number;
  /** Median width over the distance to the nearest neighbour: gaps that were taken for bars are narrow. */
  readonly fill: number;
}

type Vec = readonly [x: number, y: number];

/** Place of a bar on a row's own plan view: y is 0 at far ends and 1 at near ends. */
interface Interval {
  readonly left: number;
  readonly right: number;
  readonly value: number;
  /** How much farther right it is at the near end than at the far end. */
  readonly slant: number;
}

/** Lines through the row's ends, and the row's own coordinates. */
interface RowFrame {
  readonly toPicture: (x: number, y: number) => Point;
  readonly place: (p: Vec) => { x: number; y: number };
}

const middleX = ({ left, right }: Interval): number => (left + right) / 2;

/** Median line through points: y = a + b x. **Source:** Theil and Sen. */
function medianLine(points: readonly Vec[]): (x: number) => number {
  const slopes: number[] = [];
  for (let i = 0; i < points.length; i++) {
    for (let k = i + 1; k < points.length; k++) {
      const dx = points[k][0] - points[i][0];
      if (Math.abs(dx) > 1e-9) slopes.push((points[k][1] - points[i][1]) / dx);
    }
  }
  const slope = slopes.length > 0 ? median(slopes) : 0;
  const offset = median(points.map(([x, y]) => y - slope * x));
  return (x) => offset + slope * x;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Where lines meet, as homogeneous coordinates; the least sum of squares, those far off weighing less. */
function meetingPoint(lines: readonly (readonly [Vec, Vec])[]): readonly [number, number, number] {
  const points = lines.flat();
  const mean = (k: 0 | 1): number => points.reduce((sum, p) => sum + p[k], 0) / points.length;
  const [cx, cy] = [mean(0), mean(1)];
  const size = Math.max(...points.map(([x, y]) => Math.hypot(x - cx, y - cy)), 1e-9);
  const normals = lines.map(([[ax, ay], [bx, by]]): readonly [number, number, number] => {
    const [px, py, qx, qy] = [(ax - cx) / size, (ay - cy) / size, (bx - cx) / size, (by - cy) / size];
    const length = Math.hypot(qx - px, qy - py);
    const [nx, ny] = [(py - qy) / length, (qx - px) / length];
    return [nx, ny, -(nx * (px + qx) + ny * (py + qy)) / 2];
  });
  // Away from all sides' middles: parallel lines meet infinitely far along themselves.
  let at: [number, number, number] = [-normals[0][1], normals[0][0], 0];
  for (let round = 0; round < 6; round++) {
    // Angle between a line and the direction from its middle to the meeting point is what is measured.
    const m = [1e-9, 0, 0, 1e-9, 0, 1e-9];
    const off = normals.map(([a, b, c]) => Math.abs(a * at[0] + b * at[1] + c * at[2]));
    const scale = round === 0 ? Infinity : 2.5 * median(off) + 1e-6;
    normals.forEach(([a, b, c], i) => {
      const w = 1 / (1 + (off[i] / scale) ** 2);
      m[0] += w * a * a;
      m[1] += w * a * b;
      m[2] += w * a * c;
      m[3] += w * b * b;
      m[4] += w * b * c;
      m[5] += w * c * c;
    });
    for (let k = 0; k < 12; k++) at = solveSymmetric(m, at);
  }
  const [x, y, w] = at;
  return [x * size + w * cx, y * size + w * cy, w];
}

/** One step of inverse iteration: the solution of a symmetric 3 x 3 system, at length 1. */
function solveSymmetric([a, b, c, d, e, f]: readonly number[], [x, y, z]: readonly number[]): [number, number, number] {
  const [aa, ab, ac] = [d * f - e * e, c * e - b * f, b * e - c * d];
  const [bb, bc, cc] = [a * f - c * c, b * c - a * e, a * d - b * b];
  const out = [aa * x + ab * y + ac * z, ab * x + bb * y + bc * z, ac * x + bc * y + cc * z];
  const norm = Math.hypot(...out) || 1;
  return [out[0] / norm, out[1] / norm, out[2] / norm];
}

/** A frame whose unit along the row is the median distance of neighbours. */
function frameOf(guesses: readonly BarGuess[]): RowFrame | undefined {
  const first = guesses[0];
  const last = guesses[guesses.length - 1];
  // Coordinates along the chain, so that lines through ends are functions.
  const axis: Vec = [
    last.far[0] + last.near[0] - first.far[0] - first.near[0],
    last.far[1] + last.near[1] - first.far[1] - first.near[1],
  ];
  const norm = Math.hypot(...axis);
  const [ux, uy] = [axis[0] / norm, axis[1] / norm];
  const local = ([x, y]: Vec): Vec => [x * ux + y * uy, y * ux - x * uy];
  const back = (x: number, y: number): Point => [x * ux - y * uy, x * uy + y * ux];
  const far = medianLine(guesses.map((guess) => local(guess.far)));
  const near = medianLine(guesses.map((guess) => local(guess.near)));
  // All bars are parallel on the instrument: their centre lines meet in one point of the picture.
  const meeting = meetingPoint(guesses.map((guess) => [local(guess.far), local(guess.near)]));
  const onLine = (p: Vec, line: (x: number) => number): number => {
    const [l0, l1] = [line(0), line(1) - line(0)];
    // Direction from the point to where all meet, which may be infinitely far.
    const [dx, dy] = [meeting[0] - p[0] * meeting[2], meeting[1] - p[1] * meeting[2]];
    const t = (l0 + l1 * p[0] - p[1]) / (dy - l1 * dx);
    return p[0] + t * dx;
  };
  const middle = (guess: BarGuess): Vec =>
    local([(guess.far[0] + guess.near[0]) / 2, (guess.far[1] + guess.near[1]) / 2]);
  const [f0, f1] = [onLine(middle(first), far), onLine(middle(last), far)];
  const [n0, n1] = [onLine(middle(first), near), onLine(middle(last), near)];
  const corners: Quad = [back(f0, far(f0)), back(f1, far(f1)), back(n1, near(n1)), back(n0, near(n0))];
  try {
    const unit: Quad = [[0, 0], [1, 0], [1, 1], [0, 1]]; // prettier-ignore
    const plain = homography(corners, unit);
    const places = guesses.map(({ far: a, near: b }) => project(plain, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2).x);
    const steps = places.slice(1).map((x, i) => x - places[i]);
    const scale = 1 / median(steps);
    if (!(scale > 0.5 && scale < 200)) return undefined;
    const plan: Quad = [[0, 0], [scale, 0], [scale, 1], [0, 1]]; // prettier-ignore
    const forth = homography(corners, plan);
    const h = homography(plan, corners);
    return {
      place: ([x, y]) => project(forth, x, y),
      toPicture: (x, y) => {
        const point = project(h, x, y);
        // Beyond the horizon there is nothing to see.
        return point.w > 0.05 ? [point.x, point.y] : [-1e6, -1e6];
      },
    };
  } catch {
    return undefined;
  }
}

/** Completes a chain; undefined where it turns out to be none. */
export function completeRow(
  picture: LumaPicture,
  field: EdgeField,
  chain: readonly BarGuess[],
  bright: boolean,
): WholeRow | undefined {
  let guesses = chain;
  let found: { frame: RowFrame; intervals: Interval[] } | undefined;
  if (chain.length < 3) return undefined;
  let before = 0;
  for (let round = 0; round < 6; round++) {
    const frame = frameOf(guesses);
    if (frame === undefined) return undefined;
    const own = guesses.map((guess): Interval => {
      const length = Math.hypot(guess.near[0] - guess.far[0], guess.near[1] - guess.far[1]);
      const [nx, ny] = [(guess.near[1] - guess.far[1]) / length, -(guess.near[0] - guess.far[0]) / length];
      const [mx, my] = [(guess.far[0] + guess.near[0]) / 2, (guess.far[1] + guess.near[1]) / 2];
      const half = guess.width / 2;
      return {
        left: frame.place([mx - nx * half, my - ny * half]).x,
        right: frame.place([mx + nx * half, my + ny * half]).x,
        value: 1,
        slant: 0,
      };
    });
    const logWidth = medianLine(
      own.map((one) => [middleX(one), Math.log(Math.max(0.05, one.right - one.left))] as const),
    );
    const width = (x: number): number => Math.exp(Math.min(1.2, Math.max(-2.2, logWidth(x))));
    const intervals = chooseBars(field, frame, width, bright, own);
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
  return { bars, cost: cost / bars.length, fill };
}

/** All bars along a row, as many as there are: the set of intervals that do not overlap and explain most. */
function chooseBars(
  field: EdgeField,
  frame: RowFrame,
  width: (x: number) => number,
  bright: boolean,
  own: readonly Interval[],
): Interval[] {
  const view: RowView = { toPicture: frame.toPicture, ends: () => [0, 1], size: (x) => 1.3 * width(x) };
  const first = middleX(own[0]);
  const last = middleX(own[own.length - 1]);
  const x0 = first - 12 * width(first);
  const x1 = last + 12 * width(last);
  if (!(x1 - x0 < 150)) return [];
  const { up, down, upSlant, downSlant } = gatherEvidence(field, view, x0, x1);
  const [rise, fall] = bright ? [up, down.map((value) => -value)] : [down.map((value) => -value), up];
  const [riseSlant, fallSlant] = bright ? [upSlant, downSlant] : [downSlant, upSlant];
  const list: Interval[] = [];
  for (let i = 0; i < rise.length; i++) {
    if (rise[i] < 0.12) continue;
    const x = x0 + i / fine;
    const expected = width(x);
    const from = Math.max(2, Math.round(0.6 * expected * fine));
    const to = Math.round(1.6 * expected * fine);
    for (let k = from; k <= to && i + k < fall.length; k++) {
      if (fall[i + k] < 0.12) continue;
      const value = rise[i] + fall[i + k] - 0.7 - 1.2 * Math.log(k / fine / expected) ** 2;
      if (value <= 0) continue;
      let [inner, outer] = [0, 0];
      for (let j = i + Math.ceil(0.22 * k); j <= i + Math.floor(0.78 * k); j++) {
        if (rise[j] > inner) inner = rise[j];
        if (fall[j] > outer) outer = fall[j];
      }
      const net = value - 0.5 * Math.max(0, inner + outer - 0.3);
      if (net > 0)
        list.push({ left: x, right: x + k / fine, value: net, slant: (riseSlant[i] + fallSlant[i + k]) / 2 });
    }
  }
  list.sort((a, b) => b.value - a.value);
  list.length = Math.min(list.length, 1500);
  list.sort((a, b) => a.left - b.left);
  const total = new Float64Array(list.length);
  const came = new Int32Array(list.length).fill(-1);
  let best = -1;
  for (let b = 0; b < list.length; b++) {
    total[b] = list[b].value;
    for (let a = b - 1; a >= 0; a--) {
      const gap = list[b].left - list[a].right;
      if (gap < 0.03) continue;
      const expected = width(list[b].left);
      const spread = (middleX(list[b]) - middleX(list[a])) / expected;
      if (spread > 6) continue;
      const wider = Math.log((list[b].right - list[b].left) / (list[a].right - list[a].left));
      const cost = 0.8 * wider * wider + (spread > 3.2 ? 0.25 * (spread - 3.2) : 0);
      if (total[a] - cost + list[b].value > total[b]) {
        total[b] = total[a] - cost + list[b].value;
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
function extents(
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

const centre = (a: Point, b: Point): Vec => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

interface Shape {
  readonly far: Vec;
  readonly near: Vec;
  readonly length: number;
  readonly width: number;
  readonly middle: Vec;
}

function shapeOf({ quad: [a, b, c, d] }: FoundBar): Shape {
  const [far, near] = [centre(a, b), centre(d, c)];
  const length = Math.hypot(near[0] - far[0], near[1] - far[1]);
  const [low, high] = [centre(a, d), centre(b, c)];
  const width = Math.abs((high[0] - low[0]) * (near[1] - far[1]) - (high[1] - low[1]) * (near[0] - far[0])) / length;
  return { far, near, length, width, middle: centre(far, near) };
}

/** Takes away end boards and other things beside the row that are not like the bars next to them. */
function dropBoards(bars: readonly FoundBar[], picture: LumaPicture): readonly FoundBar[] {
  let kept = [...bars];
  for (let round = 0; round < 8 && kept.length > 4; round++) {
    const [first, last] = [oddity(kept, picture), oddity([...kept].reverse(), picture)];
    if (Math.max(first, last) < 1) break;
    kept = first > last ? kept.slice(1) : kept.slice(0, -1);
  }
  return kept;
}

const expected2 = (values: readonly number[], places: readonly number[]): number =>
  medianLine(values.map((value, i) => [places[i], value] as const))(0);

/** Median brightness of a bar's inside. */
function brightness({ width, height, luma }: LumaPicture, { quad: [a, b, c, d] }: FoundBar): number {
  const values: number[] = [];
  for (let i = 1; i <= 9; i++) {
    for (const t of [0.3, 0.5, 0.7]) {
      const at = (k: 0 | 1): number => {
        const low = a[k] + ((d[k] - a[k]) * i) / 10;
        const high = b[k] + ((c[k] - b[k]) * i) / 10;
        return Math.floor(low + (high - low) * t);
      };
      const [x, y] = [at(0), at(1)];
      if (x >= 0 && y >= 0 && x < width && y < height) values.push(luma[y * width + x]);
    }
  }
  return values.length > 0 ? median(values) : 0;
}

/** How little the first bar has of those that follow it; 1 is too little. */
function oddity(bars: readonly FoundBar[], picture: LumaPicture): number {
  const shapes = bars.map(shapeOf);
  const rest = shapes.slice(1);
  const [one, next] = shapes;
  const places = rest.map(({ middle: [x, y] }) => Math.hypot(x - one.middle[0], y - one.middle[1]));
  const some = Math.min(rest.length, 8);
  const expected = (value: (shape: Shape) => number): number =>
    medianLine(rest.slice(0, some).map((shape, i) => [places[i], value(shape)] as const))(0);
  const longer = Math.abs(Math.log(one.length) - expected(({ length }) => Math.log(length)));
  const wider = Math.abs(Math.log(one.width) - expected(({ width }) => Math.log(width)));
  // Ends off the lines through the others' ends, along the bar.
  const [dx, dy] = [(one.near[0] - one.far[0]) / one.length, (one.near[1] - one.far[1]) / one.length];
  const along = ([x, y]: Vec): number => x * dx + y * dy;
  const off = (end: 'far' | 'near'): number =>
    Math.abs(along(one[end]) - expected((shape) => along(shape[end]))) / one.length;
  const steps = places.map(
    (place, i) => (i === 0 ? place : place - places[i - 1]) / (i === 0 ? next.width : rest[i - 1].width),
  );
  const widest = Math.max(...steps.slice(1));
  const apart = Math.max(0, steps[0] / widest - 1.1);
  const clear = median(bars.slice(1).map(({ sides }) => sides));
  const weak = Math.max(0, 0.75 - bars[0].sides / clear);
  // An end that is drawn through where its neighbours end, but that the picture does not show.
  const ended = median(bars.slice(1).map(({ ends }) => ends));
  const open = Math.max(0, ended - bars[0].ends - 0.08) / Math.max(0.2, ended);
  const pitch = Math.max(0, Math.log(steps[0] / Math.max(...steps.slice(1, 6))));
  // Boards are of another wood; where bars differ among themselves, that says nothing.
  const lights = bars.map((bar) => brightness(picture, bar));
  const usual = median(lights.slice(1));
  const spread = median(lights.slice(1).map((light) => Math.abs(light - usual)));
  const nearby = expected2(lights.slice(1, 1 + some), places);
  const other = Math.max(
    0,
    Math.min(Math.abs(lights[0] - usual), Math.abs(lights[0] - nearby)) / (2.5 * spread + 10) - 0.6,
  );
  return (
    other +
    (longer / 0.3) ** 2 +
    (wider / 0.4) ** 2 +
    (off('far') / 0.25) ** 2 +
    (off('near') / 0.25) ** 2 +
    apart / 0.6 +
    weak / 0.4 +
    open / 0.6 +
    pitch / 0.5
  );
}
