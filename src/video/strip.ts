// The bar strip: every bar of a row warped to a cell of the same size, upright, the player's side down.
import type { Warp } from '../kernels/footprints.js';
import { midiToName } from '../notes.js';
import type { CalibratedBar, Calibration, Point } from '../types.js';
import { calibrationRows, parseCalibration } from './calibration.js';

/** The warp of one row of bars. */
export interface BarStrip extends Warp {
  /** MIDI numbers of the bars, low end first. Bar i is cell i + 1: one cell without a bar lies at either end. */
  readonly midi: readonly number[];
  /** Columns per cell. */
  readonly cellWidth: number;
}

/** Bar lengths that the strip shows beyond a bar's far end. */
export const farMargin = 0.25;
/** Bar lengths that the strip shows before a bar's near end, where hands and mallets come from. */
export const nearMargin = 0.45;

// A single bar's cell, and the outermost cells of a row, end at most this many half bar widths from its centre.
const outerReach = 1.5;
// Smallest depth ratio a calibration may claim; beyond it, perspective is taken for a mistake in the corners.
const steepest = 0.1;

/**
 * The strips of a calibration, one per row, nearest the player first.
 *
 * A row of n bars becomes n + 2 cells of `cellWidth` columns. The centre line of a bar is the centre line of its cell;
 * cells meet half-way between the facing sides of two bars; both halves of a cell are scaled on their own. The outermost
 * borders mirror the inner ones, at most 3/4 of the bar's width from its centre, and an empty cell as wide as the bar's own
 * follows at either end; there, all runs on along the ends of the outermost bar. Rows of the strip run in equal steps of the bar's own length, from 25 % beyond its far end (top)
 * to 45 % before its near end (bottom).
 *
 * All this is measured on the instrument, not in the picture: the two parameters of the instrument's horizon are fitted
 * so that the bars become parallelograms, and halves, steps and extensions are taken there.
 * @throws {TypeError | RangeError} as {@link parseCalibration}, for sizes that are not whole numbers of 1..64 columns and
 *   1..512 rows, and for bars that overlap so far that their cells fold.
 * **Source:** the four-parameter layout of the strip is that of the project's own experiments with bar strips; horizon
 *   and affine rectification as in Hartley and Zisserman, Multiple View Geometry, 2.7.
 */
export function barStrips(
  calibration: Calibration,
  { cellWidth = 12, rows = 48 }: { readonly cellWidth?: number; readonly rows?: number } = {},
): BarStrip[] {
  for (const [name, value, most] of [
    ['cellWidth', cellWidth, 64],
    ['rows', rows, 512],
  ] as const) {
    if (!Number.isInteger(value) || value < 1 || value > most) {
      throw new RangeError(`A strip's ${name} is a whole number of 1..${most}, got ${value}.`);
    }
  }
  const checked = parseCalibration(calibration);
  const horizon = fitHorizon(checked.bars);
  const { width, height } = checked;
  return calibrationRows(checked).map((bars) => {
    // A horizon that crosses the margins is a mistake in the corners: believe half of it, a quarter, nothing.
    let mesh: Float64Array | undefined;
    for (let share = 1; !mesh; share = share > 1 / 4 ? share / 2 : 0) {
      mesh = stripMesh(bars, { ...horizon, a: horizon.a * share, b: horizon.b * share }, cellWidth, rows);
    }
    const midi = bars.map((bar) => bar.midi);
    return { width: cellWidth * (bars.length + 2), height: rows, picture: { width, height }, mesh, midi, cellWidth };
  });
}

/** The line a x + b y + 1 = 0 in coordinates centred at (cx, cy): where the plane of the bars vanishes. */
interface Horizon {
  cx: number;
  cy: number;
  a: number;
  b: number;
}

/** Gauss-Newton on how far the bars are from parallelograms once the horizon is sent to infinity. */
function fitHorizon(bars: readonly CalibratedBar[]): Horizon {
  const corners = bars.flatMap(({ quad }) => quad);
  const mean = (axis: 0 | 1): number => corners.reduce((sum, point) => sum + point[axis], 0) / corners.length;
  const [cx, cy] = [mean(0), mean(1)];
  const size = Math.max(...corners.map(([x, y]) => Math.hypot(x - cx, y - cy)));
  const points = corners.map(([x, y]) => [(x - cx) / size, (y - cy) / size]);

  const gap = (a: number, b: number): { cost: number; step: [number, number] } => {
    let [cost, aa, ab, bb, ga, gb] = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < points.length; i += 4) {
      for (const axis of [0, 1]) {
        let [r, ra, rb] = [0, 0, 0];
        for (let k = 0; k < 4; k++) {
          const [x, y] = points[i + k];
          const q = 1 + a * x + b * y;
          if (q < steepest) return { cost: Infinity, step: [0, 0] };
          const value = (k % 2 ? -points[i + k][axis] : points[i + k][axis]) / q;
          r += value;
          ra -= (value * x) / q;
          rb -= (value * y) / q;
        }
        cost += r * r;
        aa += ra * ra;
        ab += ra * rb;
        bb += rb * rb;
        ga += ra * r;
        gb += rb * r;
      }
    }
    const det = aa * bb - ab * ab;
    // One skinny bar says nothing about one of the two directions.
    if (!(det > 1e-12 * (aa + bb) ** 2)) return { cost, step: [0, 0] };
    return { cost, step: [(ab * gb - bb * ga) / det, (ab * ga - aa * gb) / det] };
  };

  let [a, b] = [0, 0];
  let here = gap(a, b);
  for (let turn = 0, share = 1; turn < 60 && share > 1e-3; turn++) {
    const next = gap(a + share * here.step[0], b + share * here.step[1]);
    if (next.cost < here.cost) {
      a += share * here.step[0];
      b += share * here.step[1];
      here = next;
      share = 1;
    } else share /= 2;
  }
  return { cx, cy, a: a / size, b: b / size };
}

/** The corners of all pixels of a strip, or nothing when they reach the horizon. */
function stripMesh(
  bars: readonly CalibratedBar[],
  { cx, cy, a, b }: Horizon,
  cellWidth: number,
  rows: number,
): Float64Array | undefined {
  const lifted = bars.map(({ quad }) =>
    quad.map(([x, y]): Point => {
      const q = 1 + a * (x - cx) + b * (y - cy);
      return [(x - cx) / q, (y - cy) / q];
    }),
  );
  const n = bars.length;
  const columns = cellWidth * (n + 2) + 1;
  const mesh = new Float64Array(columns * (rows + 1) * 2);
  const reaches = outerReaches(lifted);
  // Outer border, then border, centre, border .. border of the bars' cells, then outer border.
  const knots = Array.from({ length: 2 * n + 3 }, (): [number, number] => [0, 0]);
  for (let j = 0, at = 0; j <= rows; j++) {
    const t = -farMargin + ((1 + farMargin + nearMargin) * j) / rows;
    placeKnots(knots, lifted, t, reaches);
    checkFolds(knots, bars, lifted);
    for (let i = 0; i < columns; i++) {
      // Half cells from the low end of the first bar's cell; the cells at either end are not halved.
      const u = 2 * (i / cellWidth - 1);
      const k = Math.min(Math.max(Math.floor(u), -1), 2 * n);
      const f = k < 0 ? u / 2 + 1 : k === 2 * n ? u / 2 - n : u - k;
      const from = knots[k + 1];
      const to = knots[k + 2];
      const x = from[0] + (to[0] - from[0]) * f;
      const y = from[1] + (to[1] - from[1]) * f;
      const w = 1 - a * x - b * y;
      if (!(w > steepest && w < 1 / steepest)) return undefined;
      mesh[at++] = cx + x / w;
      mesh[at++] = cy + y / w;
    }
  }
  return mesh;
}

const mix = ([ax, ay]: Point, [bx, by]: Point, t: number): Point => [ax + (bx - ax) * t, ay + (by - ay) * t];
const lowSide = (quad: readonly Point[], t: number): Point => mix(quad[0], quad[3], t);
const highSide = (quad: readonly Point[], t: number): Point => mix(quad[1], quad[2], t);

/** Half widths from the centre of an outermost bar to the outer border of its cell, and to that of the empty cell beyond. */
type Reach = readonly [own: number, beyond: number];

function outerReaches(quads: readonly (readonly Point[])[]): readonly [Reach, Reach] {
  const n = quads.length;
  if (n === 1) return [...Array<Reach>(2).fill([outerReach, 3 * outerReach])] as [Reach, Reach];
  const reach = (bar: readonly Point[], own: Point, facing: Point): Reach => {
    const centre = mix(lowSide(bar, 0.5), highSide(bar, 0.5), 0.5);
    const border = mix(own, facing, 0.5);
    // Across the bar only: neighbours of another length put the border farther up or down.
    const [farLow, , , nearLow] = bar;
    const off = ([x, y]: Point): number =>
      (x - centre[0]) * (nearLow[1] - farLow[1]) - (y - centre[1]) * (nearLow[0] - farLow[0]);
    const inner = off(border) / off(own);
    const outer = Math.min(outerReach, inner);
    return [outer, 2 * outer + inner];
  };
  return [
    reach(quads[0], highSide(quads[0], 0.5), lowSide(quads[1], 0.5)),
    reach(quads[n - 1], lowSide(quads[n - 1], 0.5), highSide(quads[n - 2], 0.5)),
  ];
}

function placeKnots(
  knots: [number, number][],
  quads: readonly (readonly Point[])[],
  t: number,
  [first, last]: readonly [Reach, Reach],
): void {
  const n = quads.length;
  const put = (k: number, point: Point): void => {
    [knots[k][0], knots[k][1]] = point;
  };
  for (let i = 0; i < n; i++) {
    const low = lowSide(quads[i], t);
    const high = highSide(quads[i], t);
    put(2 * i + 2, mix(low, high, 0.5));
    if (i < n - 1) put(2 * i + 3, mix(high, lowSide(quads[i + 1], t), 0.5));
    if (i === 0) for (const k of [0, 1]) put(k, mix(high, low, 0.5 + first[1 - k] / 2));
    if (i === n - 1) for (const k of [0, 1]) put(2 * n + 1 + k, mix(low, high, 0.5 + last[k] / 2));
  }
}

/** Every step across the row must go from low to high, or a cell would show the picture folded over. */
function checkFolds(
  knots: readonly Point[],
  bars: readonly CalibratedBar[],
  quads: readonly (readonly Point[])[],
): void {
  for (const [i, [farLow, farHigh, nearHigh, nearLow]] of quads.entries()) {
    const alongX = nearLow[0] + nearHigh[0] - farLow[0] - farHigh[0];
    const alongY = nearLow[1] + nearHigh[1] - farLow[1] - farHigh[1];
    const own = (farHigh[0] - nearLow[0]) * alongY - (farHigh[1] - nearLow[1]) * alongX;
    for (const step of [0, 1]) {
      const from = knots[2 * i + 1 + step];
      const to = knots[2 * i + 2 + step];
      if (((to[0] - from[0]) * alongY - (to[1] - from[1]) * alongX) * own > 0) continue;
      const other = bars[Math.min(Math.max(i + (step ? 1 : -1), 0), bars.length - 1)];
      throw new RangeError(
        `Expected bars of a row beside each other, got ${midiToName(bars[i].midi)} and ${midiToName(other.midi)}, ` +
          'whose outlines overlap or whose sides meet within the margins.',
      );
    }
  }
}
