// Which bars of a picture are low, which side is the player's, and what notes they most likely are.
import type { CalibratedBar, Quad } from '../types.js';
import { matchNotes, natural } from './keyboard-notes.js';

/** Rows of bars with notes, and what was made of them. */
export interface NamedBars {
  /** In calibration order: every quad far low, far high, near high, near low. */
  readonly bars: readonly CalibratedBar[];
  /** `gt18`, `accidentals`, `naturals` or `keyboard`. */
  readonly layout: string;
}

const middle = (quad: Quad): readonly [number, number] => [
  (quad[0][0] + quad[1][0] + quad[2][0] + quad[3][0]) / 4,
  (quad[0][1] + quad[1][1] + quad[2][1] + quad[3][1]) / 4,
];
const distance = ([ax, ay]: readonly number[], [bx, by]: readonly number[]): number => Math.hypot(bx - ax, by - ay);

/** Seen from the other side: the last bar becomes the first, far ends become near ends. */
const turned = (row: readonly Quad[]): Quad[] => row.map(([a, b, c, d]): Quad => [c, d, a, b]).reverse();

/**
 * Which end is low: the bars there are longer for their width. Positive: the first, negative: the last, near 0: no telling.
 * Both sizes shrink alike with the distance from the camera, so their ratio is the instrument's own.
 */
function lowEnd(row: readonly Quad[]): number {
  const slender = row.map(([a, b, c, d]) =>
    Math.log((distance(a, d) + distance(b, c)) / (distance(a, b) + distance(d, c))),
  );
  const third = Math.max(1, Math.floor(row.length / 3));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return mean(slender.slice(0, third)) - mean(slender.slice(-third));
}

/** Sizes of the groups that wider gaps make, or one group. */
function groupsOf(row: readonly Quad[]): number[] {
  const centres = row.map(middle);
  const steps = centres.slice(1).map((point, i) => distance(point, centres[i]));
  const groups = [1];
  steps.forEach((step, i) => {
    const around = steps.slice(Math.max(0, i - 2), i + 3);
    if (step > 1.35 * Math.min(...around)) groups.push(1);
    else groups[groups.length - 1]++;
  });
  return groups;
}

const accidentalSteps = { 2: [1, 3], 3: [6, 8, 10] } as const;

/** MIDI numbers of accidentals whose groups have these sizes, or undefined where they cannot be. */
function accidentals(groups: readonly number[]): number[] | undefined {
  if (groups.length < 3 || groups.some((size) => size > 3)) return undefined;
  for (const first of [3, 2] as const) {
    const full = groups.map((_, i) => (i % 2 === 0 ? first : 5 - first) as 2 | 3);
    const inner = groups.slice(1, -1).every((size, i) => size === full[i + 1]);
    if (!inner || groups[0] > full[0] || groups[groups.length - 1] > full[full.length - 1]) continue;
    const notes = full.flatMap((size, i) => {
      // Octaves begin with C, so a group of two begins one.
      const octave = 12 * Math.floor((i + (first === 3 ? 1 : 0)) / 2);
      const all = accidentalSteps[size].map((step) => octave + step);
      return i === 0 ? all.slice(size - groups[0]) : all.slice(0, groups[i]);
    });
    // As in the 2017 recordings, the lowest F# or C# is the one above middle C.
    return notes.map((note) => note + 60);
  }
  return undefined;
}

const beyond = ([ax, ay]: readonly number[], [bx, by]: readonly number[]): number[] => [2 * ax - bx, 2 * ay - by];

/** Notes of a front row of naturals and a back row of accidentals, by where these stand. */
function keyboardNotes(front: readonly Quad[], back: readonly Quad[]): { front: number[]; back: number[] } | undefined {
  // Far ends of the naturals face the accidentals' near ends; centre lines go on to them.
  const gaps = back.map(([, , c, d]) => {
    const foot = [(c[0] + d[0]) / 2, (c[1] + d[1]) / 2];
    const ends = front.map(([a, b]) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
    // Also before the first and after the last natural.
    const [first, last] = [beyond(ends[0], ends[1]), beyond(ends[ends.length - 1], ends[ends.length - 2])];
    let [best, least] = [-1, Infinity];
    [first, ...ends, last].reduce((a, b, i) => {
      const away = distance(foot, [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
      if (away < least) [best, least] = [i - 2, away];
      return b;
    });
    return best;
  });
  if (new Set(gaps).size !== gaps.length) return undefined;
  const matched = matchNotes(
    front.map((_, i) => i),
    gaps.map((i) => i + 0.5),
  );
  const all = matched?.accidentals.map(({ after }) => after);
  if (matched === undefined || !gaps.every((i) => all?.includes(i))) return undefined;
  const notes = front.map((_, i) => natural(matched.offset + i));
  // The middle of the instrument near the F# above middle C.
  const centre = (notes[0] + notes[notes.length - 1]) / 2;
  const octave = 12 * Math.round((66 - centre) / 12);
  return { front: notes.map((note) => note + octave), back: gaps.map((i) => natural(matched.offset + i) + 1 + octave) };
}

/**
 * Gives rows of bars their sides and notes. Rows come as they lie in the picture: bars from left to right, far ends up.
 *
 * Two rows are naturals (the one with more bars, on the player's side) and accidentals, their notes by where the accidentals
 * stand. One row whose groups alternate between two and three is of accidentals from the C# or F# above middle C up, which for
 * 3-2-3-2-3-2-3 is `gt18`; any other row is of naturals from C4 up. The low end is where bars are longest for their width; where
 * that cannot be told it is on the left, the player's side down.
 * @param near the side of the picture where the player is, if known.
 */
export function nameBars(rows: readonly (readonly Quad[])[], near?: 'bottom' | 'top'): NamedBars | undefined {
  if (rows.length > 1) {
    const [a, b] = frontFirst(rows);
    const notes = keyboardNotes(a, b);
    if (notes === undefined) return undefined;
    const named = (row: readonly Quad[], midi: readonly number[], r: number): CalibratedBar[] =>
      row.map((quad, i) => ({ midi: midi[i], quad, row: r }));
    return sorted([...named(a, notes.front, 0), ...named(b, notes.back, 1)], 'keyboard');
  }
  const row = playersView(rows[0], near);
  const black = accidentals(groupsOf(row));
  const midi = black ?? row.map((_, i) => 60 + natural(i));
  const gt18 = black?.length === 18 && black[0] === 66;
  return sorted(
    row.map((quad, i) => ({ midi: midi[i], quad })),
    gt18 ? 'gt18' : black ? 'accidentals' : 'naturals',
  );
}

/** A single row as the player sees it: low end first, far ends away from the player. */
export function playersView(row: readonly Quad[], near?: 'bottom' | 'top'): readonly Quad[] {
  const away = near === undefined ? lowEnd(row) < -0.12 : near === 'top';
  return away ? turned(row) : row;
}

/** Two rows as the player sees them: the one with more bars is in front and comes first. */
export function frontFirst([first, second]: readonly (readonly Quad[])[]): readonly (readonly Quad[])[] {
  const [front, back] = first.length >= second.length ? [first, second] : [second, first];
  // The way the bars themselves point, far to near, says whether the naturals are in front.
  const [fx, fy] = centreOf(front);
  const [bx, by] = centreOf(back);
  const ahead = front.reduce((sum, [a, , , d]) => sum + (d[0] - a[0]) * (fx - bx) + (d[1] - a[1]) * (fy - by), 0) > 0;
  return ahead ? [front, back] : [turned(front), turned(back)];
}

function centreOf(row: readonly Quad[]): readonly [number, number] {
  const all = row.map(middle);
  return [all.reduce((sum, [x]) => sum + x, 0) / all.length, all.reduce((sum, [, y]) => sum + y, 0) / all.length];
}

const sorted = (bars: CalibratedBar[], layout: string): NamedBars | undefined =>
  bars.every(({ midi }) => midi >= 0 && midi <= 127)
    ? { bars: bars.sort((a, b) => a.midi - b.midi), layout }
    : undefined;
