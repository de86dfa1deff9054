// Calibrations for tests: a row of bars on a plan view, seen by a camera whose homography is given by four corners.
import type { CalibratedBar, Calibration, Quad } from '../../src/types.js';
import { homography, project } from '../../src/video/homography.js';

/** A bar on the plan view: centre, width, near and far end. */
export type PlanBar = readonly [x: number, width: number, near: number, far: number];

/** A calibration from bars' corners in the picture; notes count up from `midi`. */
export function calibrationOf(width: number, height: number, quads: readonly Quad[], midi = 60): Calibration {
  const bars: CalibratedBar[] = quads.map((quad, i) => ({ midi: midi + i, quad }));
  return { format: 'deep-marimba/calibration@1', width, height, bars };
}

/** Corners in the picture of bars on a plan view, of which `plan` goes to `picture`. */
export function seen(bars: readonly PlanBar[], plan: Quad, picture: Quad): Quad[] {
  const h = homography(plan, picture);
  const at = (x: number, y: number): readonly [number, number] => {
    const point = project(h, x, y);
    return [point.x, point.y];
  };
  return bars.map(([x, width, near, far]) => [
    at(x - width / 2, far),
    at(x + width / 2, far),
    at(x + width / 2, near),
    at(x - width / 2, near),
  ]);
}

/** n equal bars side by side, upright, unseen by perspective: pitch and sizes in pixels, the first centre at x. */
export function fence(n: number, x: number, y: number, pitch: number, width: number, length: number): Quad[] {
  return Array.from({ length: n }, (_, i): Quad => {
    const [left, right] = [x + i * pitch - width / 2, x + i * pitch + width / 2];
    return [
      [left, y],
      [right, y],
      [right, y + length],
      [left, y + length],
    ];
  });
}

/** The same calibration with all points moved by a function; the order of a quad's corners stays. */
export function moved(
  calibration: Calibration,
  move: (x: number, y: number) => readonly [number, number],
): Calibration {
  const bars = calibration.bars.map((bar) => ({
    ...bar,
    quad: bar.quad.map(([x, y]) => move(x, y)) as unknown as Quad,
  }));
  return { ...calibration, bars };
}
