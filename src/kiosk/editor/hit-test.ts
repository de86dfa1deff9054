// What lies under the pointer: a handle, a bar, or nothing.
import type { Point } from '../../types.js';
import { type Bars, centre } from './edits.js';

// Reach of a handle, CSS pixels; fingers are thicker.
const reach = { mouse: 14, touch: 24 };
const smallest = 8;

const distance = ([ax, ay]: Point, [bx, by]: Point): number => Math.hypot(bx - ax, by - ay);

/**
 * The nearest of four handles within reach of a point.
 * @param scale CSS pixels per pixel of the picture.
 */
export function handleAt(
  handles: readonly Point[],
  point: Point,
  scale: number,
  touch: boolean,
): 0 | 1 | 2 | 3 | undefined {
  if (handles.length !== 4) return undefined;
  const narrowest = Math.min(...handles.map((handle, i) => distance(handle, handles[(i + 1) % 4])));
  // Narrow bars keep a middle by which they can be grasped.
  const radius = Math.min((touch ? reach.touch : reach.mouse) / scale, Math.max(0.4 * narrowest, smallest / scale));
  const distances = handles.map((handle) => distance(handle, point));
  const nearest = distances.indexOf(Math.min(...distances)) as 0 | 1 | 2 | 3;
  return distances[nearest] <= radius ? nearest : undefined;
}

/** Place of the bar that a point lies in; where bars overlap, of the one whose middle is nearest. */
export function barAt(bars: Bars, point: Point): number | undefined {
  const hits = [...bars.entries()].filter(([, { quad }]) => contains(quad, point));
  hits.sort(([, a], [, b]) => distance(centre(a.quad), point) - distance(centre(b.quad), point));
  return hits.at(0)?.[0];
}

/** Whether a point lies in a convex outline. */
export function contains(outline: readonly Point[], [x, y]: Point): boolean {
  if (outline.length < 3) return false;
  const turns = outline.map(([ax, ay], i) => {
    const [bx, by] = outline[(i + 1) % outline.length];
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax);
  });
  return turns.every((turn) => turn >= 0) || turns.every((turn) => turn <= 0);
}
