// Mistakes that people make when they say where the bars are, for the judgement of models.
import type { CalibratedBar, Point, Quad } from '../types.js';
import { calibrationRows } from '../video/calibration.js';
import { type Layout, parseLayout } from '../video/layout.js';
import { snapBars } from '../video/snap.js';
import type { CalibrationMaker } from './listen.js';
import { Random } from './random.js';

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

const places = [0, 0.5, 1, 1.5, 2, 3, 3.5, 4, 4.5, 5, 5.5, 6];
const black = (midi: number): boolean => [1, 3, 6, 8, 10].includes(midi % 12);

/** The layout of some notes with nominal proportions: one row, or naturals in front of accidentals. */
export function nominalLayout(notes: readonly number[]): Layout {
  const place = (midi: number): number => 7 * Math.floor(midi / 12) + places[midi % 12];
  const first = Math.min(...notes.map(place));
  const rows = notes.some(black) && !notes.every(black) ? 2 : 1;
  const bars = notes.map((midi) => {
    const n = place(midi) - first;
    const length = 0.375 * 2 ** ((-0.35 * n) / 7);
    const ends =
      rows === 1
        ? { near: 0, far: length }
        : black(midi)
          ? { near: 0.005, far: 0.9 * length }
          : { near: -length, far: -0.005 };
    return { midi, x: 0.0485 * n - 0.00012 * n ** 2, width: 0.04 - (0.004 * n) / 24, ...ends };
  });
  return parseLayout({ format: 'deep-marimba/layout@1', name: 'nominal', bars });
}

/** Corners clicked with an error of three pixels at a picture 320 wide, and snapped to what the clip shows. */
const snapped: CalibrationMaker = (calibration, { seed, still }) => {
  const rows = calibrationRows(calibration);
  const [near, far] = [rows[0], rows[rows.length - 1]];
  const random = new Random(seed, 'corners');
  const { width, height } = calibration;
  const click = ([x, y]: Point): Point => {
    const off = (): number => (3 * width * random.normal()) / 320;
    return [Math.min(width, Math.max(0, x + off())), Math.min(height, Math.max(0, y + off()))];
  };
  const corners = [far[0].quad[0], far[far.length - 1].quad[1], near[near.length - 1].quad[2], near[0].quad[3]];
  const layout = nominalLayout(calibration.bars.map(({ midi }) => midi));
  return snapBars(still(), corners.map(click) as unknown as Quad, layout).calibration;
};

/** The mistakes that are reported, by name. */
export const calibrationErrors: Readonly<Record<string, CalibrationMaker>> = {
  'all bars 1/6 off': shiftedBy(1 / 6),
  'all bars 1/3 off': shiftedBy(1 / 3),
  'corners 3 px off, snapped': snapped,
};
