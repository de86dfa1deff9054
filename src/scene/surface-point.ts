// The place where a ray meets something, and what it is like there. Arrays throughout: numbers that functions hand to each
// other for every ray would otherwise be allocated every time.

/** Filled in, ray by ray, by whoever traces, paints and lights. */
export class SurfacePoint {
  /** Direction of the ray, and its length. */
  readonly ray = new Float64Array(4);
  /** Metres. */
  readonly at = new Float64Array(3);
  /** Reflectance of red, green, blue. */
  readonly colour = new Float64Array(3);
  /** Unit vector off the surface. */
  readonly normal = new Float64Array(3);
  /** Strength of what is mirrored, and how wide it spreads. */
  readonly shine = new Float64Array(2);
  /** Where on each lamp this ray's share of its light comes from, -1..1. */
  readonly jitter = new Float64Array(2);
  /** Light that falls on it, and light that it mirrors. */
  readonly lit = new Float64Array(4);
}
