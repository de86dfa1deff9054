// A row's own plan view: bars upright, far ends at 0, near ends at 1, fitted to bars that may be wrong here and there.
import type { Point, Quad } from '../types.js';
import { homography, project } from './homography.js';

type Vec = readonly [x: number, y: number];

/** Where a bar of a row may be. */
export interface BarGuess {
  /** Middle of the far end of the centre line. */
  readonly far: Vec;
  /** Middle of the near end. */
  readonly near: Vec;
  /** Width, pixels. */
  readonly width: number;
}

/** Lines through the row's ends, and the row's own coordinates. */
export interface RowFrame {
  /** From the row's own plan view to the picture: y is 0 at far ends and 1 at near ends. */
  readonly toPicture: (x: number, y: number) => Point;
  /** Back. */
  readonly place: (p: Vec) => { x: number; y: number };
}

/** Median line through points: y = a + b x. **Source:** Theil and Sen. */
export function medianLine(points: readonly Vec[]): (x: number) => number {
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

/** Middle of the sorted values. */
export function median(values: readonly number[]): number {
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
export function frameOf(guesses: readonly BarGuess[]): RowFrame | undefined {
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
