// Snap: corners and a layout become the bars that the picture shows, whatever the instrument's proportions.
import { checkCount } from '../kernels/pixel-format.js';
import type { Calibration, Point, Quad } from '../types.js';
import { BarModel } from './bar-model.js';
import { checkInside } from './calibration.js';
import { edgeField } from './edge-field.js';
import { fitProportions } from './fit-proportions.js';
import { checkQuad } from './homography.js';
import { parseLayout, type Layout } from './layout.js';
import type { LumaPicture } from './median-picture.js';
import { placeRow, type FoundRow } from './place-bars.js';

/** Bars that were fitted to a picture. */
export interface SnappedBars {
  /** The bars. */
  readonly calibration: Calibration;
  /** Expected share of the bars that lie within a sixth of their spacing of where they are, 0..1. */
  readonly confidence: number;
  /** The same per bar, in the order of the calibration's bars. */
  readonly bars: readonly number[];
}

/** How corners were given. */
export interface SnapOptions {
  /** Standard deviation of each corner's coordinates, pixels; default 3, or 0.4 % of the picture's width where that is more. */
  readonly clickError?: number;
}

/**
 * Fits the bars of a layout to a picture of which the outer corners are roughly known.
 * @param picture ideally the median of a clip's frames, without hands and mallets.
 * @param corners pixels: outer far corner of the lowest bar, of the highest, outer near corner of the highest, of the lowest; in
 *   an instrument of several rows, far corners of the farthest row and near corners of the nearest.
 * @throws {TypeError | RangeError} for corners that are no convex quadrilateral or outside the picture, a picture of another size
 *   than it says, or no layout.
 */
export function snapBars(picture: LumaPicture, corners: Quad, layout: Layout, options: SnapOptions = {}): SnappedBars {
  const { width, height, luma } = picture;
  checkCount('picture.width', width, 1, 16384);
  checkCount('picture.height', height, 1, 16384);
  if (luma.length < width * height) {
    throw new RangeError(`picture.luma: expected ${width * height} bytes, got ${luma.length}.`);
  }
  checkQuad(corners, 'corners');
  checkInside(corners, picture, 'corners');
  const { clickError = Math.max(3, 0.004 * width) } = options;
  if (!(clickError > 0)) throw new RangeError(`clickError: expected pixels above 0, got ${clickError}.`);
  const checked = parseLayout(layout);
  const rows = fitRows(picture, corners, new BarModel(checked), clickError);
  if (rows === undefined) {
    throw new RangeError(`corners: expected those of ${checked.bars.length} bars, got ${JSON.stringify(corners)}.`);
  }
  const count = checked.bars.length;
  const confidence = expectedShare(rows.reduce((sum, { cost }) => sum + cost, 0) / count);
  const bars = rows
    .flatMap(({ bars: row }, r) =>
      row.map(({ index, quad, sides }) => ({
        bar: { midi: checked.bars[index].midi, quad, ...(rows.length > 1 ? { row: r } : {}) },
        sides,
      })),
    )
    .sort((one, two) => one.bar.midi - two.bar.midi);
  // Bars whose own sides are clear are right more often than the rest.
  const clear = bars.reduce((sum, { sides }) => sum + sides, 0) / count;
  return {
    calibration: { format: 'deep-marimba/calibration@1', width, height, bars: bars.map(({ bar }) => bar) },
    confidence,
    bars: bars.map(({ sides }) => 1 - (1 - confidence) * Math.min(1, (1.2 - sides) / (1.2 - clear))),
  };
}

// Fitted to rendered scenes with corners 1 to 8 pixels off: cost per bar against the share of bars in place.
const expectedShare = (cost: number): number => 1 / (1 + Math.exp(5 * (cost + 0.7)));

/** The rows of a model where the picture shows them, or undefined where the corners cannot hold it. */
export function fitRows(
  picture: LumaPicture,
  corners: Quad,
  model: BarModel,
  clickError: number,
): FoundRow[] | undefined {
  const [a, b, c, d] = corners;
  const apart = (p: Point, q: Point): number => Math.hypot(p[0] - q[0], p[1] - q[1]);
  const pitch = (apart(a, b) + apart(c, d)) / 2 / (model.span + 1);
  const region = [
    Math.min(...corners.map(([x]) => x)),
    Math.min(...corners.map(([, y]) => y)),
    Math.max(...corners.map(([x]) => x)),
    Math.max(...corners.map(([, y]) => y)),
  ] as const;
  const coarse = edgeField(picture, Math.max(0.9, 0.05 * pitch), region);
  const close = edgeField(picture, Math.max(0.8, 0.04 * pitch), region);
  let best: { rows: FoundRow[]; cost: number } | undefined;
  for (const { proportions } of fitProportions(model, coarse, corners, { starts: 4, clickError })) {
    const placed = model.place(proportions, corners);
    if (placed === undefined) continue;
    const rows = placed.rows.map((row) => placeRow(close, placed, row));
    const cost = rows.reduce((sum, row) => sum + row.cost, 0);
    if (best === undefined || cost < best.cost) best = { rows, cost };
  }
  return best?.rows;
}
