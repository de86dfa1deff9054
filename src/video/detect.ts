// Detection: the bars of a picture without corners and without a layout.
import { checkCount } from '../kernels/pixel-format.js';
import type { Calibration } from '../types.js';
import { parseCalibration } from './calibration.js';
import { findRows } from './find-rows.js';
import type { Layout } from './layout.js';
import { layoutRows, parseLayout } from './layout.js';
import { matchLayout } from './match-layout.js';
import type { LumaPicture } from './median-picture.js';
import { nameBars } from './name-bars.js';

/** What detection may know. */
export interface DetectOptions {
  /**
   * The instrument: its notes, in as many rows as are found. Where a few bars too many or too few are found, it is fitted between
   * the outer ones, {@link snapBars}. Default: a guess by how many bars there are and how they stand.
   */
  readonly layout?: Layout;
  /** Side of the picture where the player is; default: where the shapes of the bars say so, else the bottom. */
  readonly near?: 'bottom' | 'top';
}

/** Bars that were detected, or why not. */
export interface DetectedBars {
  /** The bars; undefined where there are none to speak of. */
  readonly calibration: Calibration | undefined;
  /** Probability that these are all the bars and nothing else, 0..1. */
  readonly confidence: number;
  /** What was found, in one sentence without its end: `18 bars in one row, taken for gt18`. */
  readonly found: string;
}

/**
 * Looks for one or two rows of near-parallel bars, brighter or darker than what is around them. Look at `confidence`: of 42 simulated
 * pictures 24 were found whole; it was at least half sure of 21, of which 18 were right.
 * @param picture ideally the median of a clip's frames.
 * @throws {TypeError | RangeError} for a picture of another size than it says, no layout, or another side.
 */
export function detectBars(picture: LumaPicture, { layout, near }: DetectOptions = {}): DetectedBars {
  const { width, height, luma } = picture;
  checkCount('picture.width', width, 1, 16384);
  checkCount('picture.height', height, 1, 16384);
  if (luma.length < width * height) {
    throw new RangeError(`picture.luma: expected ${width * height} bytes, got ${luma.length}.`);
  }
  if (near !== undefined && !['bottom', 'top'].includes(near)) {
    throw new RangeError(`near: expected bottom or top, got ${JSON.stringify(near)}.`);
  }
  const wanted = layout === undefined ? undefined : parseLayout(layout);
  const { rows, chance } = findRows(picture, wanted && layoutRows(wanted).map((row) => row.length));
  if (rows.length === 0) return { calibration: undefined, confidence: 0, found: 'no row of bars' };
  const counts = rows.map(({ bars }) => bars.length);
  const found = counts.length > 1 ? `${counts.join(' and ')} bars in two rows` : `${counts[0]} bars in one row`;
  const quads = rows.map(({ bars }) => bars.map(({ quad }) => quad));
  const named = nameBars(quads, near);
  let bars = named?.bars;
  let confidence = chance;
  if (wanted !== undefined) {
    const expected = layoutRows(wanted);
    const own = expected.map((_, r) => (rows.length > 1 ? bars?.filter((bar) => bar.row === r) : bars) ?? []);
    if (expected.length === rows.length && expected.every((row, r) => row.length === own[r].length)) {
      // Both from low to high.
      bars = own
        .flatMap((row, r) => row.map((bar, i) => ({ ...bar, midi: expected[r][i].midi })))
        .sort((a, b) => a.midi - b.midi);
    } else {
      const matched = matchLayout(picture, quads, wanted, near);
      if (matched === undefined) {
        return {
          calibration: undefined,
          confidence: 0,
          found: `${found}, but ${wanted.name} has ${expected.map((row) => row.length).join(' and ')}`,
        };
      }
      bars = matched.bars;
      confidence = chanceOfMatch(matched.cost);
    }
  }
  if (bars === undefined) return { calibration: undefined, confidence: 0, found: `${found}, which no instrument has` };
  const content = { format: 'deep-marimba/calibration@1', width, height, bars } as const;
  const name = wanted?.name ?? named?.layout;
  try {
    return { calibration: parseCalibration(content), confidence, found: `${found}, taken for ${name}` };
  } catch {
    return { calibration: undefined, confidence: 0, found: `${found}, which overlap` };
  }
}

// Fitted to rendered scenes: the cost of the worse row against whether all bars were found and nothing else.
const chanceOfMatch = (cost: number): number => 1 / (1 + Math.exp(10 * (cost + 1.47)));
