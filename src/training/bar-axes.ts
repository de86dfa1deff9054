// A bar's own measure of places in the picture.
import type { Point, Quad } from '../types.js';

/** From pixels to a bar's own measure: bar widths off its middle line, bar lengths from its near end. */
export function barAxes([farLow, farHigh, nearHigh, nearLow]: Quad) {
  const middle = (a: Point, b: Point): Point => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const near = middle(nearLow, nearHigh);
  const far = middle(farLow, farHigh);
  const along: Point = [far[0] - near[0], far[1] - near[1]];
  const [low, high] = [middle(farLow, nearLow), middle(farHigh, nearHigh)];
  const across: Point = [high[0] - low[0], high[1] - low[1]];
  const det = across[0] * along[1] - across[1] * along[0];
  const measure = ([x, y]: Point): Point => {
    const [dx, dy] = [x - near[0], y - near[1]];
    return [(dx * along[1] - dy * along[0]) / det, (dy * across[0] - dx * across[1]) / det];
  };
  return { along, across, measure };
}

/** How far a place in a bar's own measure lies from the bar: bar widths off its middle line, and beyond its ends three a length. */
export const awayFromBar = ([u, v]: Point): number => Math.hypot(u, Math.max(0, Math.abs(v - 0.5) - 0.5) * 3);
