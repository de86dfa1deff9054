// Mistakes that people make when they say where the bars are, for the judgement of models.
import type { CalibratedBar, Point, Quad } from '../types.js';
import { calibrationRows } from '../video/calibration.js';
import type { CalibrationMaker } from './listen.js';

/** A calibration that takes every bar of a row to lie a share of the bars' spacing further up. */
export const shiftedBy =
  (share: number): CalibrationMaker =>
  (calibration) => ({ ...calibration, bars: calibrationRows(calibration).flatMap((row) => shiftRow(row, share)) });

function shiftRow(row: readonly CalibratedBar[], share: number): CalibratedBar[] {
  const centres = row.map(({ quad }): Point => {
    const mean = (axis: 0 | 1): number => quad.reduce((sum, point) => sum + point[axis], 0) / 4;
    return [mean(0), mean(1)];
  });
  return row.map((bar, i) => {
    const [low, high] = [Math.max(0, i - 1), Math.min(row.length - 1, i + 1)];
    // A single bar has no spacing; its width will do.
    const spacing = (axis: 0 | 1): number =>
      high > low ? (centres[high][axis] - centres[low][axis]) / (high - low) : bar.quad[1][axis] - bar.quad[0][axis];
    const [dx, dy] = [share * spacing(0), share * spacing(1)];
    return { ...bar, quad: bar.quad.map(([x, y]): Point => [x + dx, y + dy]) as unknown as Quad };
  });
}

/** The mistakes that are reported, by name. */
export const calibrationErrors: Readonly<Record<string, CalibrationMaker>> = {
  'all bars 1/6 off': shiftedBy(1 / 6),
  'all bars 1/3 off': shiftedBy(1 / 3),
};
