// The bars of a row whose frame is roughly known: how much paint there is at every place along it, summed from end to end.
import type { ModelBar } from './bar-model.js';
import { paintAt, type PaintedPicture } from './paint-bars.js';
import { type BarGuess, frameOf, median, medianLine, type RowFrame } from './row-frame.js';

// Samples per unit along the row, which is about the distance of neighbours; samples from far to near end.
const fine = 32;
const slabs = 24;
// Along a bar, what is looked at: not its ends.
const body = { from: 0.12, to: 0.88 } as const;
// How far beyond the outer bars others are looked for, units.
const beyond = 6;
// A peak is at least so high, and stands out so much from the valleys beside it, both shares of the usual peak.
const leastPeak = 0.4;
const leastProminence = 0.22;

/** Bars of a row on its own plan view. */
export interface ProfiledRow {
  /** The plan view: far ends about 0, near ends about 1. */
  readonly frame: RowFrame;
  /** From left to right. */
  readonly bars: readonly ModelBar[];
  /** How much paint each has, 0..1. */
  readonly heights: readonly number[];
}

/** Finds all bars of the row of which some were found. */
export function profileRow(maps: PaintedPicture, guesses: readonly BarGuess[]): ProfiledRow | undefined {
  let known = guesses;
  let row: ProfiledRow | undefined;
  for (let round = 0; round < 3; round++) {
    const next = onePass(maps, known);
    if (next === undefined) return row;
    row = next;
    known = next.bars.map((bar): BarGuess => {
      const { toPicture } = next.frame;
      const [far, near] = [toPicture(bar.x, bar.far), toPicture(bar.x, bar.near)];
      const [a, b] = [toPicture(bar.x - bar.width / 2, 0.5), toPicture(bar.x + bar.width / 2, 0.5)];
      return { far, near, width: Math.hypot(a[0] - b[0], a[1] - b[1]) };
    });
  }
  return row;
}

function onePass(maps: PaintedPicture, guesses: readonly BarGuess[]): ProfiledRow | undefined {
  if (guesses.length < 3) return undefined;
  const frame = frameOf(guesses);
  if (frame === undefined) return undefined;
  const centres = guesses.map(({ far, near }) => frame.place([(far[0] + near[0]) / 2, (far[1] + near[1]) / 2]).x);
  const [first, last] = [Math.min(...centres), Math.max(...centres)];
  if (!(last - first < 150)) return undefined;
  const x0 = first - beyond;
  const count = Math.ceil((last - first + 2 * beyond) * fine) + 1;
  const profile = Float32Array.from({ length: count }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < slabs; k++) {
      const y = body.from + ((body.to - body.from) * (k + 0.5)) / slabs;
      sum += paintAt(maps, ...frame.toPicture(x0 + i / fine, y));
    }
    return sum / slabs;
  });
  const near = (x: number): number => profile[Math.min(count - 1, Math.max(0, Math.round((x - x0) * fine)))];
  const usual = median(centres.map(near));
  const steps = centres.slice(1).map((x, i) => x - centres[i]);
  const peaks = peaksOf(profile, usual).map((i) => x0 + i / fine);
  const row = withoutHoles(withoutBoards(fromMiddle(peaks, centres[centres.length >> 1], steps), near));
  if (row.length < 3) return undefined;
  const half = (x: number, d: 1 | -1): number => {
    const least = near(x) / 2;
    let i = Math.round((x - x0) * fine);
    while (profile[i + d] > least) i += d;
    return Math.abs(i - (x - x0) * fine) / fine;
  };
  const bars = row.map((x, index): ModelBar => {
    const gaps = [row[index - 1], row[index + 1]].flatMap((other: number | undefined) =>
      other === undefined ? [] : [Math.abs(other - x)],
    );
    const pitch = Math.min(...gaps);
    // Half of a bar's width is painted.
    const width = Math.min(0.92 * pitch, Math.max(0.3 * pitch, 2 * (half(x, -1) + half(x, 1))));
    return { index, x, width, pitch: Math.min(pitch, 1.8 * width), far: 0, near: 1 };
  });
  const reach = bars.map((bar) => extent(maps, frame, bar.x));
  const lines = [0, 1].map((k) => medianLine(reach.map((ends, i) => [bars[i].x, ends[k]])));
  for (const bar of bars) [bar.far, bar.near] = [lines[0](bar.x), lines[1](bar.x)];
  return { frame, bars, heights: bars.map(({ x }) => near(x)) };
}

/** Indices of peaks that stand out, from left to right. */
function peaksOf(profile: Float32Array, usual: number): number[] {
  const tops: number[] = [];
  for (let i = 1; i < profile.length - 1; i++) {
    if (profile[i] > leastPeak * usual && profile[i] >= profile[i - 1] && profile[i] > profile[i + 1]) tops.push(i);
  }
  // Of two with no valley between, the higher one.
  for (;;) {
    let weakest = -1;
    let least = 1;
    for (let k = 0; k + 1 < tops.length; k++) {
      const [a, b] = [tops[k], tops[k + 1]];
      let valley = Infinity;
      for (let i = a; i <= b; i++) if (profile[i] < valley) valley = profile[i];
      const lower = profile[a] < profile[b] ? k : k + 1;
      const prominence = (profile[tops[lower]] - valley) / (leastProminence * usual);
      if (prominence < least) [least, weakest] = [prominence, lower];
    }
    if (weakest < 0) return tops;
    tops.splice(weakest, 1);
  }
}

/** Bars that hang together, from one in the middle outwards. */
function fromMiddle(peaks: readonly number[], middle: number, steps: readonly number[]): number[] {
  if (peaks.length === 0) return [];
  const widest = Math.max(2.6, 1.3 * Math.max(...steps));
  const start = peaks.reduce((best, x, i) => (Math.abs(x - middle) < Math.abs(peaks[best] - middle) ? i : best), 0);
  let [low, high] = [start, start];
  while (low > 0 && peaks[low] - peaks[low - 1] < widest) low--;
  while (high + 1 < peaks.length && peaks[high + 1] - peaks[high] < widest) high++;
  return peaks.slice(low, high + 1);
}

// At the ends of a row less paint is a board's.
const leastAtEnds = 0.7;

/** A row without the boards beside it. */
function withoutBoards(row: readonly number[], paint: (x: number) => number): number[] {
  const least = leastAtEnds * median(row.map(paint).concat(0));
  const bars = row.map((x) => paint(x) >= least);
  return row.slice(Math.max(0, bars.indexOf(true)), bars.lastIndexOf(true) + 1);
}

// A row is even when hardly any of its steps is far from those around it.
const mostHoles = 0.12;

/** In a row of even steps a wide one hides bars: a hand, a sleeve. Rows of accidentals have wide steps by rights. */
function withoutHoles(row: readonly number[]): number[] {
  const steps = row.slice(1).map((x, i) => x - row[i]);
  const ratios = steps.map((step, i) => step / median(steps.slice(Math.max(0, i - 3), i + 4)));
  const wide = ratios.filter((ratio) => ratio > 1.4).length;
  if (wide > Math.max(1, mostHoles * row.length) || row.length < 6) return [...row];
  return row.flatMap((x, i) => {
    const missing = i > 0 && ratios[i - 1] > 1.7 ? Math.min(3, Math.round(ratios[i - 1])) - 1 : 0;
    return [...Array.from({ length: missing }, (_, k) => row[i - 1] + (steps[i - 1] * (k + 1)) / (missing + 1)), x];
  });
}

/** Far and near end of the paint at a place along the row, for the whole bar. */
function extent(maps: PaintedPicture, { toPicture }: RowFrame, x: number): [far: number, near: number] {
  const step = 1 / 40;
  const at = (k: number): number => paintAt(maps, ...toPicture(x, k * step));
  const inner = median(Array.from({ length: 21 }, (_, k) => at(10 + k)));
  const goes = (k: number): boolean => at(k) > 0.5 * inner;
  let [low, high] = [14, 26];
  // Over a cord or a mallet.
  while (low > -30 && (goes(low - 1) || goes(low - 2) || goes(low - 3))) low--;
  while (high < 70 && (goes(high + 1) || goes(high + 2) || goes(high + 3))) high++;
  // Bars are painted nearly from end to end.
  const more = ((high - low + 1) * 0.05) / 0.9;
  return [(low - 0.5 - more) * step, (high + 0.5 + more) * step];
}
