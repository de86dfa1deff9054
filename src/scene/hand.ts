// Hands that hold a mallet, a pencil, or point a finger, built of capsules.
import type { Vector } from './camera.js';
import type { Look } from './look.js';
import type { Random } from './random.js';

/** A capsule of a hand, in the hand's own axes: along the shaft away from the head, to the thumb's side, up; metres. */
export interface Limb {
  /** One end. */
  readonly from: Vector;
  /** The other. */
  readonly to: Vector;
  /** Radius there. */
  readonly r0: number;
  /** Radius at the other. */
  readonly r1: number;
  /** As the canvas holds it. */
  readonly colour: Float64Array;
}

/** Capsules of a hand that holds the tool. */
export function hands(
  look: Look,
  skin: Float64Array,
  shades: readonly Float64Array[],
  style: number,
  random: Random,
): Limb[] {
  const { tool } = look;
  const k = tool.build;
  const limb = (from: Vector, to: Vector, r0: number, r1: number, colour: Float64Array): Limb => ({
    from: [from[0] * k, from[1] * k, from[2] * k],
    to: [to[0] * k, to[1] * k, to[2] * k],
    r0: r0 * k,
    r1: r1 * k,
    colour,
  });
  const limbs: Limb[] = [];
  if (tool.kind === 'finger') {
    // Pointing: three fingers curled, the thumb beside.
    limbs.push(limb([0.012, -0.016, 0], [0.06, -0.018, 0.012], 0.024, 0.027, skin));
    for (let i = 0; i < 3; i++) {
      const y = -0.014 - 0.015 * i;
      limbs.push(limb([-0.012 + 0.006 * i, y, -0.008], [0.018, y, 0.01], 0.0095, 0.01, shades[i]));
    }
    limbs.push(limb([-0.012, 0.014, -0.004], [0.03, 0.012, 0.006], 0.009, 0.012, shades[2]));
    return limbs;
  }
  const spread = random.range(0.9, 1.15);
  limbs.push(limb([0, -0.006, 0.004], [0.055, -0.004, 0.014], 0.03, 0.03, skin));
  // Thumb along the shaft, or hooked round it.
  limbs.push(
    style < 0.6
      ? limb([-0.045, 0.004, 0.008], [0.022, 0.024, 0.012], 0.0085, 0.012, shades[2])
      : limb([-0.02, -0.008, 0.014], [0.02, 0.026, 0.012], 0.009, 0.012, shades[2]),
  );
  if (style < 0.3) {
    // The forefinger stretched along the shaft.
    limbs.push(limb([-0.062, -0.006, 0.01], [0.004, -0.022, 0.018], 0.0075, 0.01, shades[1]));
  }
  for (let i = style < 0.3 ? 1 : 0; i < 4; i++) {
    const along = -0.028 + 0.019 * i * spread;
    limbs.push(limb([along, 0.012, -0.01], [along + 0.01, -0.032, 0.01], 0.0092, 0.0102, shades[i % 3]));
  }
  return limbs;
}
