// Straight edges of a picture, found without being told where to look.
import type { EdgeField } from './edge-field.js';

/** A straight edge, in pixels of the picture. Walking from `from` to `to`, the brighter side is on the left hand (y grows downwards). */
export interface LineSegment {
  /** One end. */
  readonly from: readonly [x: number, y: number];
  /** Other end. */
  readonly to: readonly [x: number, y: number];
  /** Pixels. */
  readonly length: number;
}

// Pixels join a segment when their step is within this angle of its mean, and stands out this much from the noise.
const tolerance = Math.cos(Math.PI / 8);
const leastStep = 0.55;

/**
 * Finds straight edges of at least `shortest` pixels.
 * **Source:** region growing on step directions as in the line segment detector of Grompone von Gioi et al. (2010), without its
 * validation: what is no bar falls out later.
 */
export function lineSegments({ width, height, scale, gx, gy }: EdgeField, shortest: number): LineSegment[] {
  const strength = new Float32Array(width * height);
  const order: number[] = [];
  for (let i = 0; i < strength.length; i++) {
    strength[i] = Math.sqrt(gx[i] * gx[i] + gy[i] * gy[i]);
    if (strength[i] > leastStep) order.push(i);
  }
  order.sort((a, b) => strength[b] - strength[a]);
  const used = new Uint8Array(width * height);
  const region: number[] = [];
  const found: LineSegment[] = [];
  for (const seed of order) {
    if (used[seed]) continue;
    region.length = 0;
    region.push(seed);
    used[seed] = 1;
    let [sx, sy] = [gx[seed] / strength[seed], gy[seed] / strength[seed]];
    // The list grows while it is walked.
    for (const at of region) {
      const norm = Math.sqrt(sx * sx + sy * sy);
      for (const step of [-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1]) {
        const next = at + step;
        if (next < 0 || next >= used.length || used[next] || strength[next] <= leastStep) continue;
        if ((gx[next] * sx + gy[next] * sy) / (strength[next] * norm) < tolerance) continue;
        used[next] = 1;
        region.push(next);
        sx += gx[next] / strength[next];
        sy += gy[next] / strength[next];
      }
    }
    const segment = segmentOf(region, strength, width, sx, sy);
    if (segment === undefined) continue;
    const [ax, ay, bx, by] = segment.map((value) => (value + 0.5) * scale);
    const length = Math.hypot(bx - ax, by - ay);
    if (length >= shortest) found.push({ from: [ax, ay], to: [bx, by], length });
  }
  return found;
}

/** Ends of a region's main axis, columns and rows; undefined where it is no line. */
function segmentOf(
  region: readonly number[],
  strength: Float32Array,
  width: number,
  sx: number,
  sy: number,
): [number, number, number, number] | undefined {
  if (region.length < 6) return undefined;
  let [w, cx, cy] = [0, 0, 0];
  for (const i of region) {
    w += strength[i];
    cx += strength[i] * (i % width);
    cy += strength[i] * Math.floor(i / width);
  }
  cx /= w;
  cy /= w;
  let [xx, xy, yy] = [0, 0, 0];
  for (const i of region) {
    const x = (i % width) - cx;
    const y = Math.floor(i / width) - cy;
    xx += strength[i] * x * x;
    xy += strength[i] * x * y;
    yy += strength[i] * y * y;
  }
  const angle = 0.5 * Math.atan2(2 * xy, xx - yy);
  let [dx, dy] = [Math.cos(angle), Math.sin(angle)];
  // The brighter side to the left hand: the step is the direction turned a quarter against the clock, as the picture shows it.
  if (dy * sx - dx * sy < 0) [dx, dy] = [-dx, -dy];
  let [low, high, off] = [Infinity, -Infinity, 0];
  for (const i of region) {
    const x = (i % width) - cx;
    const y = Math.floor(i / width) - cy;
    const along = x * dx + y * dy;
    if (along < low) low = along;
    if (along > high) high = along;
    off += Math.abs(y * dx - x * dy);
  }
  const length = high - low;
  if (length < 4 || off / region.length > 0.06 * length + 1.2) return undefined;
  return [cx + low * dx, cy + low * dy, cx + high * dx, cy + high * dy];
}

/** Joins segments that continue one another, as sides of bars do across a cord or a rail. */
export function joinSegments(segments: readonly LineSegment[]): LineSegment[] {
  let list = [...segments].sort((a, b) => b.length - a.length);
  for (let round = 0; round < 3; round++) {
    const gone = new Uint8Array(list.length);
    const next: LineSegment[] = [];
    for (let i = 0; i < list.length; i++) {
      if (gone[i]) continue;
      let one = list[i];
      for (let k = i + 1; k < list.length; k++) {
        if (gone[k]) continue;
        const joined = join(one, list[k]);
        if (joined === undefined) continue;
        one = joined;
        gone[k] = 1;
      }
      next.push(one);
    }
    if (next.length === list.length) break;
    list = next.sort((a, b) => b.length - a.length);
  }
  return list;
}

function join(a: LineSegment, b: LineSegment): LineSegment | undefined {
  const [dx, dy] = [(a.to[0] - a.from[0]) / a.length, (a.to[1] - a.from[1]) / a.length];
  const along = (b.to[0] - b.from[0]) * dx + (b.to[1] - b.from[1]) * dy;
  // The same way, to within 8 degrees.
  if (along < 0.99 * b.length) return undefined;
  const at = ([x, y]: readonly [number, number]): readonly [number, number] => [
    (x - a.from[0]) * dx + (y - a.from[1]) * dy,
    (y - a.from[1]) * dx - (x - a.from[0]) * dy,
  ];
  const [from, to] = [at(b.from), at(b.to)];
  const off = Math.max(1.6, 0.012 * (a.length + b.length));
  if (Math.abs(from[1]) > off || Math.abs(to[1]) > off) return undefined;
  const gap = Math.max(from[0] - a.length, -to[0]);
  if (gap > 0.45 * (a.length + b.length) || gap < -0.3 * b.length) return undefined;
  const start = from[0] < 0 ? b.from : a.from;
  const end = to[0] > a.length ? b.to : a.to;
  return { from: start, to: end, length: Math.hypot(end[0] - start[0], end[1] - start[1]) };
}
