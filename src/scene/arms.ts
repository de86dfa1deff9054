// The arms of a player: what their mallets do, where their shoulders are, and how each hand is built.
import type { Vector } from './camera.js';
import { hands, type Limb } from './hand.js';
import type { Instrument } from './instrument.js';
import type { Look } from './look.js';
import { Motion } from './motion.js';
import type { Performance } from './player.js';
import type { Random } from './random.js';

/** One arm, and the mallets in its hand. */
export interface Arm {
  /** Movement of each mallet. */
  readonly motions: readonly Motion[];
  /** -1 left, 1 right. */
  readonly side: number;
  /** The hand. */
  readonly limbs: readonly Limb[];
  /** Metres. */
  readonly shoulder: Vector;
  /** Metres that the grip is off to the side, and above the bars. */
  readonly lean: number;
  /** Metres that the grip is above the bars. */
  readonly lift: number;
  /** Makes each arm sway in its own way. */
  readonly phase: number;
  /** As the canvas holds it. */
  readonly sleeve: Float64Array;
}

/** What arms are coloured with, as the canvas holds it. */
export interface ArmColours {
  /** Skin, and three shades of it for fingers. */
  readonly skin: Float64Array;
  /** Shades of skin. */
  readonly shades: readonly Float64Array[];
  /** Sleeve. */
  readonly sleeve: Float64Array;
}

/** Draws the arms of a performance, left before right; the same random numbers give the same arms. */
export function drawArms(
  { bounds }: Instrument,
  look: Look,
  performance: Performance,
  random: Random,
  { skin, shades, sleeve }: ArmColours,
): Arm[] {
  const middle = (bounds.x0 + bounds.x1) / 2;
  const tremble = random.range(0.3, 1.2);
  const lean = random.range(-0.04, 0.09);
  const lift = random.range(0.015, 0.09);
  const style = random.unit();
  return ([0, 1] as const).flatMap((hand): Arm[] => {
    const parts = performance.parts.filter((part) => part.hand === hand);
    const side = hand === 0 ? -1 : 1;
    const motions = parts.map(
      (part, i) =>
        new Motion(
          part.gestures,
          [middle + side * (0.12 + 0.05 * i), bounds.y0 + 0.4 * (bounds.y1 - bounds.y0)],
          random.range(0, 6.28),
          tremble,
        ),
    );
    if (motions.length === 0) return [];
    return [
      {
        motions,
        side,
        limbs: hands(look, skin, shades, style, random),
        shoulder: [middle + side * 0.19, bounds.y0 - 0.32 - random.range(0, 0.12), random.range(0.3, 0.5)],
        lean: side * (lean + random.range(-0.02, 0.02)),
        lift,
        phase: random.range(0, 6.28),
        sleeve,
      },
    ];
  });
}
