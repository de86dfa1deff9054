// Quadrilaterals in the picture, and the projective map that takes one to another.
import type { Point, Quad } from '../types.js';

/** A projective map of the plane, row-major 3 x 3, last entry 1. */
export type Homography = readonly [number, number, number, number, number, number, number, number, 1];

// A corner closer than this to the line through its neighbours, relative to the longest side, counts as lying on it.
const flat = 1e-4;

/**
 * Throws unless the four points are the corners, in turn, of a convex quadrilateral that has an area.
 * @param name what the message calls the quadrilateral: "bar F#4", "the corners".
 * @throws {TypeError} when it is not four pairs of numbers.
 * @throws {RangeError} for numbers that are not finite, a zero area, three corners in a line, crossing or caved-in sides.
 */
export function checkQuad(quad: unknown, name: string): asserts quad is Quad {
  if (!Array.isArray(quad) || quad.length !== 4) {
    throw new TypeError(
      `${name}: expected four corners, got ${Array.isArray(quad) ? `${quad.length} of them` : typeof quad}.`,
    );
  }
  for (const point of quad as unknown[]) {
    if (!Array.isArray(point) || point.length !== 2 || point.some((value) => typeof value !== 'number')) {
      throw new TypeError(`${name}: expected corners [x, y] in pixels, got ${JSON.stringify(point)}.`);
    }
    if (!point.every(Number.isFinite)) {
      throw new RangeError(`${name}: expected finite corners, got [${point.join(', ')}].`);
    }
  }
  const corners = quad as unknown as Quad;
  const sides = corners.map(([x, y], k) => [corners[(k + 1) % 4][0] - x, corners[(k + 1) % 4][1] - y]);
  const longest = Math.max(...sides.map(([dx, dy]) => Math.hypot(dx, dy)));
  const turns = sides.map(([dx, dy], k) => {
    const [ex, ey] = sides[(k + 1) % 4];
    return (dx / longest) * (ey / longest) - (dy / longest) * (ex / longest);
  });
  const shown = JSON.stringify(quad);
  if (!(longest > 0) || turns.every((turn) => Math.abs(turn) < flat)) {
    throw new RangeError(`${name}: expected corners that enclose an area, got ${shown}.`);
  }
  if (turns.some((turn) => Math.abs(turn) < flat)) {
    throw new RangeError(`${name}: expected no three corners in a line, got ${shown}.`);
  }
  if (turns.some((turn) => turn > 0 !== turns[0] > 0)) {
    throw new RangeError(`${name}: expected corners in turn around a convex outline, got ${shown}, whose sides cross.`);
  }
}

/**
 * The map that takes each corner of `from` to the corner of `to` with the same number.
 * @throws {TypeError | RangeError} as {@link checkQuad}.
 * **Source:** the direct linear transform, Hartley and Zisserman, Multiple View Geometry, 4.1, with one entry fixed.
 */
export function homography(from: Quad, to: Quad): Homography {
  checkQuad(from, 'source corners');
  checkQuad(to, 'target corners');
  // Both through the unit square: two closed forms are better conditioned than one 8 x 8 system.
  const forward = fromUnitSquare(to);
  const back = invert(fromUnitSquare(from));
  const h = Array.from({ length: 9 }, (_, i) => {
    const row = i - (i % 3);
    return [0, 1, 2].reduce((sum, k) => sum + forward[row + k] * back[3 * k + (i % 3)], 0);
  });
  return h.map((value) => value / h[8]) as unknown as Homography;
}

/** Where the map takes a point, and `w`, whose sign tells the side of the horizon: positive where it is near `from`. */
export function project(h: Homography, x: number, y: number): { x: number; y: number; w: number } {
  const w = h[6] * x + h[7] * y + h[8];
  return { x: (h[0] * x + h[1] * y + h[2]) / w, y: (h[3] * x + h[4] * y + h[5]) / w, w };
}

/** Heckbert, Fundamentals of Texture Mapping (1989), 2.2.3: (0,0) (1,0) (1,1) (0,1) to the corners in turn. */
function fromUnitSquare([[x0, y0], [x1, y1], [x2, y2], [x3, y3]]: Quad): number[] {
  const sx = x0 - x1 + x2 - x3;
  const sy = y0 - y1 + y2 - y3;
  const [dx1, dy1, dx2, dy2] = [x1 - x2, y1 - y2, x3 - x2, y3 - y2];
  const det = dx1 * dy2 - dx2 * dy1;
  const g = (sx * dy2 - dx2 * sy) / det;
  const h = (dx1 * sy - sx * dy1) / det;
  return [x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h, 1];
}

function invert([a, b, c, d, e, f, g, h, i]: readonly number[]): number[] {
  return [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ];
}

/** Middle of two points. */
export const middle = ([ax, ay]: Point, [bx, by]: Point): Point => [(ax + bx) / 2, (ay + by) / 2];
