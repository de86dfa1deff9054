// Still pictures of simulated scenes, and how far found bars are from the true ones.
import type { SceneOptions } from '../../src/scene/draw-scene.js';
import type { Family } from '../../src/scene/families.js';
import { scene } from '../../src/scene/scene.js';
export { nominalLayout } from '../../src/training/calibration-errors.js';
import type { SceneTruth } from '../../src/scene/truth.js';
import type { CalibratedBar, Quad } from '../../src/types.js';
import { calibrationRows } from '../../src/video/calibration.js';
import { medianOf, type LumaPicture } from '../../src/video/median-picture.js';

/** A scene's truth and the median of seven of its frames. */
export function still(
  seed: number,
  family: Family,
  options: SceneOptions = {},
): { truth: SceneTruth; picture: LumaPicture } {
  const made = scene(seed, family, { width: 480, height: 270, seconds: 8, ...options });
  const { width, height, times } = made.truth;
  const frames = Array.from({ length: 7 }, (_, k) => {
    const index = Math.floor(((k + 0.5) * times.length) / 7);
    for (const { pixels } of made.frames(index, index + 1)) return pixels;
    throw new Error('A scene without frames.');
  });
  return { truth: made.truth, picture: { width, height, luma: medianOf(frames) } };
}

const between = (a: readonly number[], b: readonly number[], t: number): readonly [number, number] => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
];
/** Point of a bar's centre line, far end 0, near end 1. */
const centre = (quad: Quad, t: number): readonly [number, number] =>
  between(between(quad[0], quad[3], t), between(quad[1], quad[2], t), 0.5);

/**
 * How far each true bar's centre line is from the found one of the same note: the most of three places along it, in
 * spacings to its nearest neighbour. Infinity where none was found.
 */
export function offsets(truth: readonly CalibratedBar[], found: readonly CalibratedBar[]): number[] {
  return calibrationRows({ bars: truth }).flatMap((row) =>
    row.map(({ midi, quad }, i) => {
      const [mx, my] = centre(quad, 0.5);
      const [far, near] = [centre(quad, 0), centre(quad, 1)];
      const length = Math.hypot(near[0] - far[0], near[1] - far[1]);
      const [nx, ny] = [-(near[1] - far[1]) / length, (near[0] - far[0]) / length];
      const steps = [...row.slice(Math.max(0, i - 1), i), ...row.slice(i + 1, i + 2)].map((next) => {
        const [x, y] = centre(next.quad, 0.5);
        return Math.abs((x - mx) * nx + (y - my) * ny);
      });
      const other = found.find((bar) => bar.midi === midi);
      if (!other) return Infinity;
      const [p, q] = [centre(other.quad, 0), centre(other.quad, 1)];
      const across = (t: number): number => {
        const [x, y] = centre(quad, t);
        const [dx, dy] = [q[0] - p[0], q[1] - p[1]];
        return Math.abs((y - p[1]) * dx - (x - p[0]) * dy) / Math.hypot(dx, dy);
      };
      return Math.max(across(0.15), across(0.5), across(0.85)) / Math.min(...steps);
    }),
  );
}
