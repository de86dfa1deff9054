// The player's trunk and head, and what must not stand before the bars.
import type { Vector } from './camera.js';
import type { Instrument } from './instrument.js';
import type { Look } from './look.js';
import { enter, type Prism } from './solids.js';

const squared = (x: number): number => x * x;

/** Whether something that merely lies around stands between the eye and a bar. */
export function hides(solid: Prism, { bars }: Instrument, eye: Vector): boolean {
  if (solid.surface !== 'thing' && solid.surface !== 'rod') return false;
  return bars.some(({ plan, top }) =>
    [...plan, [(plan[0][0] + plan[2][0]) / 2, (plan[0][1] + plan[2][1]) / 2]].some(([x, y]) =>
      enter(solid, Float64Array.of(x - eye[0], y - eye[1], top - eye[2]), eye[2], { t: 1, side: 0 }),
    ),
  );
}

/** An ellipsoid with upright axes. */
export interface Ball {
  /** Metres. */
  readonly centre: Vector;
  /** Metres along x, y and z. */
  readonly radii: Vector;
  /** Reflectance. */
  readonly colour: readonly [number, number, number];
}

/** The player's trunk and head, where they do not stand before the bars. */
export function placeBody(instrument: Instrument, look: Look, eye: Vector): Ball[] | undefined {
  if (!look.body) return undefined;
  const { bounds, bars } = instrument;
  // Seen over the player's shoulder only from high up, else from the other side.
  const away = eye[1] - bounds.y0;
  if (away < 0 && eye[2] < -1.7 * away) return undefined;
  const x = (bounds.x0 + bounds.x1) / 2;
  const y = bounds.y0 - 0.34;
  const trunk: Ball = { centre: [x, y, 0.1], radii: [0.22, 0.13, 0.48], colour: look.body };
  const head: Ball = { centre: [x, y - 0.03, 0.72], radii: [0.085, 0.1, 0.13], colour: look.tool.skin };
  for (const ball of [trunk, head]) {
    const wide: Ball = { ...ball, radii: [ball.radii[0] + 0.12, ball.radii[1] + 0.12, ball.radii[2] + 0.12] };
    if (meetBall(wide, new Float64Array([1e-9, 0, 1]), eye) !== 0) {
      const [cx, cy, cz] = wide.centre;
      const inside =
        squared((eye[0] - cx) / wide.radii[0]) +
        squared((eye[1] - cy) / wide.radii[1]) +
        squared((eye[2] - cz) / wide.radii[2]);
      if (inside < 1.3) return undefined;
    }
    for (const { plan } of bars) {
      for (const [px, py] of plan) {
        const t = meetBall(wide, new Float64Array([px - eye[0], py - eye[1], -eye[2]]), eye);
        if (t > 0 && t < 1) return undefined;
      }
    }
  }
  return [trunk, head];
}

/** Where a ray from the eye meets an ellipsoid, as a multiple of its direction; 0 where it does not. */
export function meetBall({ centre, radii }: Ball, ray: Float64Array, eye: Vector): number {
  let a = 0;
  let b = 0;
  let c = -1;
  for (let k = 0; k < 3; k++) {
    const d = ray[k] / radii[k];
    const p = (eye[k] - centre[k]) / radii[k];
    a += d * d;
    b += d * p;
    c += p * p;
  }
  const root = b * b - a * c;
  if (root <= 0) return 0;
  const t = (-b - Math.sqrt(root)) / a;
  return t > 0 ? t : 0;
}
