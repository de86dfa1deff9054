// Cues: where mallets and their shadows are, how high and how fast. Whoever trains on simulated scenes knows, and a network
// that has to say it too learns to see what tells a strike from a feint. What ships never says it.
import type { TrackPoint } from '../scene/tracks.js';
import type { Point, Quad } from '../types.js';
import { awayFromBar, barAxes } from './bar-axes.js';

/** What is asked about the mallet nearest to a bar; all mean little beyond its reach. */
export const cueNames = ['across', 'along', 'height', 'fall', 'shadowAcross', 'shadowAlong'] as const;

/** Names of its outputs, which no head may have. */
export type CueName = (typeof cueNames)[number];

/** How far from a bar a mallet still counts: in bar widths off its middle line, in bar lengths beyond its ends, in metres above. */
const reach = [1, 0.15, 0.12] as const;
/** Metres that heights and falls are measured in where they are small. */
const unit = 0.01;

const limit = (value: number, most: number): number => Math.min(most, Math.max(-most, value));

/** Cues of a clip, by name: each [frames x bars], and 1 where they count. */
export interface Cues {
  readonly targets: Readonly<Record<CueName, Float32Array>>;
  readonly masks: Readonly<Record<CueName, Float32Array>>;
}

/**
 * Cues of the mallet nearest to each bar: its head's place in bar widths off the middle line and bar lengths from the near
 * end, twice; log(1 + height / 1 cm); metres fallen since the frame before, in 3 cm; where its shadow lies from it, in bar
 * widths and quarters of a bar length.
 * @param quads of the bars, as they are seen.
 * @param mallets [mallets][frames] in the same picture; none leaves all masks empty.
 */
export function malletCues(quads: readonly Quad[], mallets: readonly (readonly TrackPoint[])[], frames: number): Cues {
  const empty = (): Record<CueName, Float32Array> =>
    Object.fromEntries(cueNames.map((name) => [name, new Float32Array(frames * quads.length)])) as Record<
      CueName,
      Float32Array
    >;
  const [targets, masks] = [empty(), empty()];
  for (const [b, quad] of quads.entries()) {
    const { measure } = barAxes(quad);
    for (let k = 0; k < frames; k++) {
      let [best, nearest] = [Infinity, -1];
      let place: Point = [0, 0];
      for (const [m, track] of mallets.entries()) {
        const head = measure(track[k].head);
        const away = awayFromBar(head);
        if (away < best) [best, nearest, place] = [away, m, head];
      }
      const [u, v] = place;
      if (nearest < 0 || Math.abs(u) > reach[0] || v < -reach[1] || v > 1 + reach[1]) continue;
      const { height, shadow } = mallets[nearest][k];
      if (height > reach[2]) continue;
      const before = mallets[nearest][Math.max(0, k - 1)].height;
      const at = k * quads.length + b;
      const set = (name: CueName, value: number): void => {
        targets[name][at] = value;
        masks[name][at] = 1;
      };
      set('across', u);
      set('along', 2 * v);
      set('height', Math.log1p(Math.max(0, height) / unit));
      set('fall', limit((before - height) / (3 * unit), 3));
      if (!shadow) continue;
      const [su, sv] = measure(shadow);
      set('shadowAcross', limit(su - u, 3));
      set('shadowAlong', limit(4 * (sv - v), 3));
    }
  }
  return { targets, masks };
}
