// What can be done to bars while they are edited: pure functions from one list of bars to the next.
import { GT18, midiToName } from '../../notes.js';
import type { CalibratedBar, Calibration, Point, Quad } from '../../types.js';
import { parseCalibration } from '../../video/calibration.js';
import { homography, middle, project } from '../../video/homography.js';
import { barStrips } from '../../video/strip.js';

/** Bars under work: possibly none, possibly crooked. */
export type Bars = readonly CalibratedBar[];

/** What of a bar is grasped: all of it, or one corner, in the order of a `Quad`. */
export type Part = 'bar' | 0 | 1 | 2 | 3;

/** Size of the picture the bars lie in, pixels. */
export interface Picture {
  readonly width: number;
  readonly height: number;
}

const withBar = (bars: Bars, index: number, change: (bar: CalibratedBar) => CalibratedBar): Bars =>
  bars.map((bar, i) => (i === index ? change(bar) : bar));

const eachCorner = (quad: Quad, change: (corner: Point, index: number) => Point): Quad =>
  quad.map(change) as unknown as Quad;

/** Moves a bar, or one corner of it, by pixels. */
export function movePart(bars: Bars, index: number, part: Part, dx: number, dy: number): Bars {
  return withBar(bars, index, (bar) => ({
    ...bar,
    quad: eachCorner(bar.quad, ([x, y], i) => (part === 'bar' || part === i ? [x + dx, y + dy] : [x, y])),
  }));
}

/** Moves every bar by pixels. */
export function moveAll(bars: Bars, dx: number, dy: number): Bars {
  return bars.map((bar) => ({ ...bar, quad: eachCorner(bar.quad, ([x, y]) => [x + dx, y + dy]) }));
}

/** The middle of a quadrilateral's corners. */
export function centre([a, b, c, d]: Quad): Point {
  return middle(middle(a, c), middle(b, d));
}

/** Mean directions of some bars, pixels: along the row from low to high, and along the bars from far to near. */
function directions(bars: Bars): { across: Point; along: Point } {
  const [across, along] = [
    [0, 0],
    [0, 0],
  ];
  for (const { quad } of bars) {
    const [farLow, farHigh, nearHigh, nearLow] = quad;
    const [far, near, low, high] = [
      middle(farLow, farHigh),
      middle(nearLow, nearHigh),
      middle(farLow, nearLow),
      middle(farHigh, nearHigh),
    ];
    for (const axis of [0, 1]) {
      across[axis] += (high[axis] - low[axis]) / bars.length;
      along[axis] += (near[axis] - far[axis]) / bars.length;
    }
  }
  return { across: [across[0], across[1]], along: [along[0], along[1]] };
}

/**
 * The outer corners of all bars together, in the order of a `Quad`: far low, far high, near high, near low.
 * Undefined for no bars, or where such corners would not enclose an area.
 */
export function fieldCorners(bars: Bars): Quad | undefined {
  if (bars.length === 0) return undefined;
  const { across, along } = directions(bars);
  const det = across[0] * along[1] - across[1] * along[0];
  if (Math.abs(det) < 1e-6) return undefined;
  const corners = bars.flatMap(({ quad }) => quad);
  // Places in the frame of the bars' own directions, each scaled to the extent of the field.
  const places = corners.map(([x, y]) => [(x * along[1] - y * along[0]) / det, (across[0] * y - across[1] * x) / det]);
  const extent = [0, 1].map((axis) => {
    const values = places.map((place) => place[axis]);
    return Math.max(...values) - Math.min(...values) || 1;
  });
  const outermost = (toHigh: number, toNear: number): Point => {
    const reach = places.map(([u, v]) => (toHigh * u) / extent[0] + (toNear * v) / extent[1]);
    return corners[reach.indexOf(Math.max(...reach))];
  };
  const field: Quad = [outermost(-1, -1), outermost(1, -1), outermost(1, 1), outermost(-1, 1)];
  try {
    homography(field, field);
    return field;
  } catch {
    return undefined;
  }
}

/** Moves one outer corner of the whole field to a point; everything follows as on a sheet of card. No change where it cannot. */
export function moveFieldCorner(bars: Bars, corner: 0 | 1 | 2 | 3, to: Point): Bars {
  const field = fieldCorners(bars);
  if (!field) return bars;
  try {
    const h = homography(
      field,
      eachCorner(field, (point, i) => (i === corner ? to : point)),
    );
    const moved = bars.map((bar) => ({
      ...bar,
      quad: eachCorner(bar.quad, ([x, y]) => {
        const { x: u, y: v, w } = project(h, x, y);
        if (!(w > 0.05)) throw new RangeError('beyond the horizon');
        return [u, v];
      }),
    }));
    return moved;
  } catch {
    return bars;
  }
}

/** The lowest number of 0..127 above `from` (then below it) that no bar has. */
function freeNote(bars: Bars, from: number): number {
  const taken = new Set(bars.map(({ midi }) => midi));
  for (let midi = from; midi <= 127; midi++) if (!taken.has(midi)) return midi;
  for (let midi = from; midi >= 0; midi--) if (!taken.has(midi)) return midi;
  throw new RangeError('Expected at most 128 bars, one for each note.');
}

/**
 * Adds a bar with the next free note, after the last in the list.
 * @param quad its outline; by default beside bar `beside`, as far from it as its other neighbour, or in the middle of the picture.
 */
export function addBar(bars: Bars, picture: Picture, beside = bars.length - 1, quad?: Quad): Bars {
  const bar = bars.at(beside);
  if (!bar) {
    const { width, height } = picture;
    const [x, y, w, h] = [width / 2, height / 2, width / 24, height / 6];
    const first: Quad = [
      [x - w, y - h],
      [x + w, y - h],
      [x + w, y + h],
      [x - w, y + h],
    ];
    return [{ midi: freeNote(bars, 60), quad: quad ?? first }];
  }
  const inOrder = bars.map(({ midi }) => midi).sort((a, b) => a - b);
  const place = inOrder.indexOf(bar.midi);
  const step = Math.max(1, place > 0 ? inOrder[place] - inOrder[place - 1] : 1);
  const midi = freeNote(bars, Math.min(127, bar.midi + step));
  const other = bars.find(({ midi: note }) => note === inOrder[place - 1]);
  const [x, y] = centre(bar.quad);
  let [dx, dy] = directions([bar]).across.map((part) => 1.2 * part);
  if (other) {
    const [ox, oy] = centre(other.quad);
    // A neighbour in another row is no measure.
    if (Math.hypot(x - ox, y - oy) < 3 * Math.hypot(dx, dy)) [dx, dy] = [x - ox, y - oy];
  }
  // As many steps out as it takes to lie on no other bar.
  const isTaken = (steps: number): boolean =>
    bars.some(({ quad: one }) => {
      const [cx, cy] = centre(one);
      return Math.hypot(x + steps * dx - cx, y + steps * dy - cy) < 0.3 * Math.hypot(dx, dy);
    });
  let steps = 1;
  while (isTaken(steps)) steps++;
  const { row } = bar;
  return [
    ...bars,
    {
      midi,
      quad: quad ?? eachCorner(bar.quad, ([px, py]) => [px + steps * dx, py + steps * dy]),
      ...(row === undefined || quad ? {} : { row }),
    },
  ];
}

/**
 * The outline of a bar that was drawn as a box from one point to another, laid along the mean direction of the bars that
 * are there. Undefined when the box is too small to be meant.
 */
export function drawnQuad(bars: Bars, from: Point, to: Point, smallest: number): Quad | undefined {
  const { across, along } = bars.length > 0 ? directions(bars) : { across: [1, 0], along: [0, 1] };
  const [a, b] = [Math.hypot(across[0], across[1]), Math.hypot(along[0], along[1])];
  const [ux, uy, vx, vy] = [across[0] / a, across[1] / a, along[0] / b, along[1] / b];
  const det = ux * vy - uy * vx;
  if (Math.abs(det) < 0.05) return undefined;
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const u = (dx * vy - dy * vx) / det;
  const v = (ux * dy - uy * dx) / det;
  if (Math.abs(u) < smallest || Math.abs(v) < smallest) return undefined;
  const at = (s: number, t: number): Point => [from[0] + s * ux + t * vx, from[1] + s * uy + t * vy];
  const [u0, u1, v0, v1] = [Math.min(0, u), Math.max(0, u), Math.min(0, v), Math.max(0, v)];
  return [at(u0, v0), at(u1, v0), at(u1, v1), at(u0, v1)];
}

/** Takes a bar away. */
export function removeBar(bars: Bars, index: number): Bars {
  return bars.filter((_, i) => i !== index);
}

/** Gives a bar a note; a bar that had it takes the old one in exchange. */
export function setNote(bars: Bars, index: number, midi: number): Bars {
  if (!Number.isInteger(midi) || midi < 0 || midi > 127) {
    throw new RangeError(`midi: expected a whole number of 0..127, got ${midi}.`);
  }
  const old = bars[index].midi;
  return bars.map((bar, i) => (i === index ? { ...bar, midi } : bar.midi === midi ? { ...bar, midi: old } : bar));
}

/** Ways to name many bars at once: the steps from one bar to the next, in semitones, over and over. */
export const scales = {
  'white keys': [0, 2, 4, 5, 7, 9, 11],
  'black keys': [1, 3, 6, 8, 10],
  'every semitone': [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  'five notes': [0, 2, 4, 7, 9],
} as const satisfies Record<string, readonly number[]>;

/** Name of a way to name bars. */
export type ScaleName = keyof typeof scales;

/** The notes of a scale from `lowest` (or the next above it that belongs) up, as many as asked for, up to note 127. */
export function scaleNotes(name: ScaleName, lowest: number, count: number): number[] {
  const pitches = new Set<number>(scales[name]);
  const notes: number[] = [];
  for (let midi = lowest; midi <= 127 && notes.length < count; midi++) if (pitches.has(midi % 12)) notes.push(midi);
  return notes;
}

/**
 * Names all bars from the low end up: each row in turn from the player's side, or, in one row, left to right as the bars
 * themselves say which side is low.
 * @throws {RangeError} when the scale has too few notes above `lowest`.
 */
export function nameBars(bars: Bars, name: ScaleName, lowest: number): Bars {
  const notes = scaleNotes(name, lowest, bars.length);
  if (notes.length < bars.length) {
    throw new RangeError(`From ${midiToName(lowest)} up there are only ${notes.length} ${name}; start lower.`);
  }
  const { across } = directions(bars);
  const place = ({ quad }: CalibratedBar): number => {
    const [x, y] = centre(quad);
    return x * across[0] + y * across[1];
  };
  const order = bars.map((bar, i) => ({ i, at: place(bar) })).sort((a, b) => a.at - b.at);
  const named = new Map(order.map(({ i }, rank) => [i, notes[rank]]));
  return bars.map((bar, i) => ({ ...bar, midi: named.get(i)! }));
}

/** Lowest note of the instrument whose bars were first heard, where naming starts by default. */
export const firstNote = GT18[0].midi;

/** What keeps bars from being a calibration. */
export interface Flaw {
  /** One sentence. */
  readonly message: string;
  /** Place in the list of the bar that is to blame, where it is one. */
  readonly bar?: number;
}

/** The first thing that is wrong with the bars; undefined when they can be played. */
export function findFlaw(bars: Bars, picture: Picture): Flaw | undefined {
  if (bars.length === 0) return { message: 'There are no bars yet.' };
  const complain = (error: unknown): string => (error instanceof Error ? error.message : String(error));
  for (const [i, bar] of bars.entries()) {
    try {
      parseCalibration({ format: 'deep-marimba/calibration@1', ...picture, bars: [bar] });
    } catch (error) {
      return { message: complain(error), bar: i };
    }
  }
  try {
    barStrips(calibrationOf(bars, picture), { cellWidth: 2, rows: 4 });
    return undefined;
  } catch (error) {
    return { message: complain(error) };
  }
}

/**
 * The calibration that bars amount to, corners to a hundredth of a pixel.
 * @throws {TypeError | RangeError} as `parseCalibration`.
 */
export function calibrationOf(bars: Bars, { width, height }: Picture): Calibration {
  const tidy = (value: number): number => Math.round(value * 100) / 100;
  const rounded = bars.map((bar) => ({ ...bar, quad: eachCorner(bar.quad, ([x, y]) => [tidy(x), tidy(y)]) }));
  return parseCalibration({ format: 'deep-marimba/calibration@1', width, height, bars: rounded });
}

/** A calibration's bars in a picture of another size. */
export function scaledBars({ width, height, bars }: Calibration, picture: Picture): Bars {
  const [sx, sy] = [picture.width / width, picture.height / height];
  return bars.map((bar) => ({ ...bar, quad: eachCorner(bar.quad, ([x, y]) => [x * sx, y * sy]) }));
}
