// The other row of a keyboard: behind or before one that was found, its accidentals where the naturals leave them room.
import type { Point } from '../types.js';
import type { SidePair } from './bar-chain.js';
import type { ModelBar } from './bar-model.js';
import { chooseBars, middleX, type Interval } from './choose-bars.js';
import { completeRow, guessOf, type WholeRow } from './complete-row.js';
import type { EdgeField } from './edge-field.js';
import { matchNotes } from './keyboard-notes.js';
import type { LumaPicture } from './median-picture.js';
import { placeRow, type FoundBar, type FoundRow } from './place-bars.js';
import { frameOf, median, medianLine, type RowFrame } from './row-frame.js';

// Where the other row lies on a row's plan view, whose bars reach from 0 to 1: behind it or before it, without its ends.
const besides = [[-0.75, -0.15], [1.15, 1.75]] as const; // prettier-ignore
// Naturals at the ends that may have been missed.
const mostAdded = 4;

/** Rows that lie beside a row, behind it or before it. */
export function rowsBeside(picture: LumaPicture, field: EdgeField, first: WholeRow): WholeRow[] {
  const frame = frameOf(first.bars.map(guessOf));
  if (frame === undefined) return [];
  const own = intervalsOf(first.bars, frame);
  const logWidth = medianLine(own.map((one) => [middleX(one), Math.log(one.right - one.left)]));
  const width = (x: number): number => Math.exp(logWidth(x));
  const [low, high] = [middleX(own[0]), middleX(own[own.length - 1])];
  const range = [low - 2.5 * width(low), high + 2.5 * width(high)] as const;
  return besides.flatMap((ends): WholeRow[] => {
    const found = chooseBars(field, { frame, width, range, ends, bright: first.bright, clear: 2 * first.sides });
    if (found.length < 3) return [];
    const guesses = found.map((one): SidePair => {
      const at = (y: number): readonly [number, number] =>
        frame.toPicture(middleX(one) + (one.slant * (y - (ends[0] + ends[1]) / 2)) / (ends[1] - ends[0]), y);
      const [far, near] = [at(ends[0]), at(ends[1])];
      const [a, b] = [one.left, one.right].map((x) => frame.toPicture(x, (ends[0] + ends[1]) / 2));
      const length = Math.hypot(near[0] - far[0], near[1] - far[1]);
      const across = Math.abs((b[0] - a[0]) * (near[1] - far[1]) - (b[1] - a[1]) * (near[0] - far[0])) / length;
      return { far, near, width: across, bright: first.bright, quality: 1 };
    });
    const row = completeRow(picture, field, guesses, first.bright);
    return row === undefined ? [] : [row];
  });
}

type Sides = Pick<Interval, 'left' | 'right'>;

const intervalsOf = (bars: readonly FoundBar[], frame: RowFrame): Sides[] =>
  bars.map(({ quad: [a, b, c, d] }) => ({
    left: frame.place([(a[0] + d[0]) / 2, (a[1] + d[1]) / 2]).x,
    right: frame.place([(b[0] + c[0]) / 2, (b[1] + c[1]) / 2]).x,
  }));

/**
 * Takes two rows for a keyboard's: naturals, and accidentals only where there can be some, all of them.
 * @returns naturals and accidentals, or undefined where the rows do not stand like these.
 */
export function keyboardRows(
  field: EdgeField,
  naturals: WholeRow,
  others: WholeRow,
): readonly [WholeRow, WholeRow] | undefined {
  const frame = frameOf(naturals.bars.map(guessOf));
  if (frame === undefined || naturals.bars.length < 5) return undefined;
  const found = intervalsOf(naturals.bars, frame);
  const places = intervalsOf(others.bars, frame);
  const seen = others.bars.map((bar, i) => ({ bar, ...places[i] }));
  const front = allNaturals(found.map(middleX), seen.map(middleX));
  const matched = matchNotes(
    front.map(({ x }) => x),
    seen.map(middleX),
  );
  if (matched === undefined) return undefined;
  // The ends next to the naturals, and lengths in theirs.
  const yOf = (p: Point, q: Point): number => frame.place([(p[0] + q[0]) / 2, (p[1] + q[1]) / 2]).y;
  const ends = seen.map(({ bar: { quad } }) => [yOf(quad[0], quad[1]), yOf(quad[3], quad[2])] as const);
  const behind = median(ends.map(([far, near]) => far + near)) < 1;
  const inner = clamp(median(ends.map(([far, near]) => (behind ? near : 1 - far))), -0.1, 0.1);
  const long = clamp(median(ends.map(([far, near]) => near - far)), 0.7, 1.1);
  const [far, near] = behind ? [inner - long, inner] : [1 - inner, 1 - inner + long];
  const place = (model: ModelBar[]): FoundRow => placeRow(field, { rows: [model], toPicture: frame.toPicture }, model);
  const line = (row: readonly Sides[]): ((x: number) => number) =>
    medianLine(row.map((one) => [middleX(one), one.right - one.left]));
  const [wide, narrow] = [line(found), line(seen)];
  const width = (x: number, pitch: number, at: (x: number) => number): number =>
    clamp(at(x), 0.2 * pitch, 0.98 * pitch);
  const back = matched.accidentals.map(({ x, pitch }, index): ModelBar => ({
    index,
    x,
    width: width(x, pitch, narrow),
    pitch,
    far,
    near,
  }));
  const whole = (row: FoundRow, model: readonly ModelBar[], like: WholeRow): WholeRow => ({
    ...like,
    bars: row.bars,
    cost: row.cost / row.bars.length,
    fill: median(model.map((bar) => bar.width / bar.pitch)),
  });
  const accidentals = whole(place(back), back, others);
  if (front.length === found.length) return [naturals, accidentals];
  const all = front.map(({ x, pitch }, index): ModelBar => ({
    index,
    x,
    width: width(x, pitch, wide),
    pitch,
    far: 0,
    near: 1,
  }));
  return [whole(place(all), all, naturals), accidentals];
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

/** Places of naturals, those that are missing between, and those at the ends that accidentals further out say are there. */
function allNaturals(naturals: readonly number[], seen: readonly number[]): { x: number; pitch: number }[] {
  const steps = naturals.slice(1).map((x, i) => x - naturals[i]);
  const all = naturals.flatMap((x, i) => {
    if (i === 0) return [x];
    // Naturals stand at equal distances: a hole is as wide as the bars that are missing.
    const missing = Math.min(2, Math.round(steps[i - 1] / median(steps.slice(Math.max(0, i - 4), i + 3))) - 1);
    const step = steps[i - 1] / (1 + Math.max(0, missing));
    return Array.from({ length: 1 + Math.max(0, missing) }, (_, k) => naturals[i - 1] + step * (k + 1));
  });
  for (let added = 0; added < mostAdded; added++) {
    const [first, last] = [all[1] - all[0], all[all.length - 1] - all[all.length - 2]];
    if (Math.min(...seen) < all[0] - 0.8 * first) all.unshift(all[0] - first);
    else if (Math.max(...seen) > all[all.length - 1] + 0.8 * last) all.push(all[all.length - 1] + last);
    else break;
  }
  return all.map((x, i) => ({ x, pitch: i > 0 ? x - all[i - 1] : all[1] - x }));
}
