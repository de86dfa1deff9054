// The bars in the picture: reading, checking and writing a calibration, and sorting its bars into rows.
import { midiToName } from '../notes.js';
import type { CalibratedBar, Calibration, Quad } from '../types.js';
import { checkQuad, middle } from './homography.js';

const format = 'deep-marimba/calibration@1';
const largestPicture = 16384;

const nameOf = (bar: CalibratedBar): string => `bar ${midiToName(bar.midi)} (${bar.midi})`;
const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80));

/**
 * Checks a calibration and returns a copy of it that holds nothing else.
 * @param source the text of a calibration file, or its parsed content. Corners in pixels of the displayed video.
 * @throws {TypeError} when it is not a calibration at all: no JSON, another format, a corner that is no pair of numbers.
 * @throws {RangeError} when what it says cannot be: no bars, a note twice, an outline without area, with crossing sides
 *   or outside the picture, numbers that are not finite, bars of one row that overlap or face different ways.
 */
export function parseCalibration(source: unknown): Calibration {
  const content = typeof source === 'string' ? parseJson(source) : source;
  if (typeof content !== 'object' || content === null || !('format' in content) || content.format !== format) {
    const got = typeof content === 'object' && content !== null && 'format' in content ? content.format : content;
    throw new TypeError(`A calibration has the format "${format}", got ${shown(got)}.`);
  }
  const { width, height, bars } = content as Partial<Record<keyof Calibration, unknown>>;
  for (const [name, size] of Object.entries({ width, height })) {
    if (!Number.isInteger(size) || !(Number(size) >= 1 && Number(size) <= largestPicture)) {
      throw new RangeError(`A calibration's ${name} is a whole number of 1..${largestPicture} px, got ${shown(size)}.`);
    }
  }
  if (!Array.isArray(bars)) throw new TypeError(`A calibration has a list of bars, got ${shown(bars)}.`);
  if (bars.length === 0) throw new RangeError('A calibration needs at least one bar, got none.');
  const picture = { width: width as number, height: height as number };
  const checked = { format, ...picture, bars: bars.map((bar) => parseBar(bar, picture)) } as const;
  calibrationRows(checked);
  return checked;
}

/** A calibration as the text of its file: JSON, one bar a line. */
export function formatCalibration({ width, height, bars }: Calibration): string {
  const lines = bars.map(({ midi, quad, row }) => `    ${JSON.stringify({ midi, quad, row })}`);
  return `{\n  "format": "${format}",\n  "width": ${width},\n  "height": ${height},\n  "bars": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

/**
 * The bars of a calibration by row, nearest the player first (or by `row`, where the bars name it), each row from its low
 * to its high end.
 *
 * Where no bar names a row, two bars are neighbours when each has the other's centre between the lines through its ends,
 * and a row is a chain of nearest neighbours. So naturals and accidentals come apart, at any camera angle.
 * @throws {RangeError} for two bars with one note, bars of which only some name a row, or a row whose bars face different
 *   ways (corners not in the order far low, far high, near high, near low).
 */
export function calibrationRows({ bars }: Pick<Calibration, 'bars'>): CalibratedBar[][] {
  const twice = bars.find((bar, i) => bars.findIndex(({ midi }) => midi === bar.midi) !== i);
  if (twice) throw new RangeError(`A calibration names each note once, got two bars for ${nameOf(twice)}.`);
  const named = bars.filter(({ row }) => row !== undefined);
  if (named.length > 0 && named.length < bars.length) {
    const without = bars.find(({ row }) => row === undefined)!;
    throw new RangeError(`Either every bar names its row or none does, got no row for ${nameOf(without)}.`);
  }
  const frames = bars.map(frameOf);
  const rows = named.length > 0 ? rowsByName(frames) : rowsByNeighbour(frames);
  for (const row of rows) sortRow(row);
  if (named.length === 0) sortRows(rows);
  return rows.map((row) => row.map(({ bar }) => bar));
}

/** A bar's centre, its direction along the row (low to high) and along itself (far to near), and its handedness. */
interface Frame {
  bar: CalibratedBar;
  x: number;
  y: number;
  across: [number, number];
  along: [number, number];
  turn: number;
}

function frameOf(bar: CalibratedBar): Frame {
  const [farLow, farHigh, nearHigh, nearLow] = bar.quad;
  const [fx, fy] = middle(farLow, farHigh);
  const [nx, ny] = middle(nearLow, nearHigh);
  const [lx, ly] = middle(farLow, nearLow);
  const [hx, hy] = middle(farHigh, nearHigh);
  const across: [number, number] = [hx - lx, hy - ly];
  const along: [number, number] = [nx - fx, ny - fy];
  return { bar, x: (fx + nx) / 2, y: (fy + ny) / 2, across, along, turn: cross(across, along) };
}

const cross = (a: readonly number[], b: readonly number[]): number => a[0] * b[1] - a[1] * b[0];
const dot = (a: readonly number[], b: readonly number[]): number => a[0] * b[0] + a[1] * b[1];

const distance = (a: Frame, b: Frame): number => Math.hypot(b.x - a.x, b.y - a.y);

/** Position of b's centre in a's own frame: bar widths toward the high side, bar lengths toward the player. */
function seenFrom(a: Frame, b: Frame): { across: number; along: number } {
  const d = [b.x - a.x, b.y - a.y];
  return { across: cross(d, a.along) / a.turn, along: cross(a.across, d) / a.turn };
}

function rowsByName(frames: Frame[]): Frame[][] {
  const numbers = [...new Set(frames.map(({ bar }) => bar.row!))].sort((a, b) => a - b);
  return numbers.map((number) => frames.filter(({ bar }) => bar.row === number));
}

function rowsByNeighbour(frames: Frame[]): Frame[][] {
  const rowOf = new Map(frames.map((frame) => [frame, [frame]]));
  for (const a of frames) {
    for (const side of [-1, 1]) {
      let nearest: Frame | undefined;
      for (const b of frames) {
        const { across, along } = seenFrom(a, b);
        if (!(across * side > 0) || Math.abs(along) >= 0.5 || Math.abs(seenFrom(b, a).along) >= 0.5) continue;
        if (!nearest || distance(a, b) < distance(a, nearest)) nearest = b;
      }
      if (!nearest || rowOf.get(nearest) === rowOf.get(a)) continue;
      const joined = [...rowOf.get(a)!, ...rowOf.get(nearest)!];
      for (const frame of joined) rowOf.set(frame, joined);
    }
  }
  return [...new Set(rowOf.values())];
}

function sortRow(row: Frame[]): void {
  const direction = [0, 0];
  for (const { across } of row) {
    const length = Math.hypot(...across);
    direction[0] += across[0] / length;
    direction[1] += across[1] / length;
  }
  for (const frame of row) {
    if (dot(frame.across, direction) <= 0 || frame.turn > 0 !== row[0].turn > 0) {
      throw new RangeError(
        `Expected corners in the order far low, far high, near high, near low, alike for all bars of a row, got ` +
          `${JSON.stringify(frame.bar.quad)} for ${nameOf(frame.bar)}, which faces another way.`,
      );
    }
  }
  row.sort((a, b) => dot([a.x, a.y], direction) - dot([b.x, b.y], direction));
}

/** Rows nearest the player first, seen along the mean direction of all bars. */
function sortRows(rows: Frame[][]): void {
  const along = [0, 0];
  for (const frame of rows.flat()) {
    along[0] += frame.along[0];
    along[1] += frame.along[1];
  }
  const position = (row: Frame[]): number => row.reduce((sum, { x, y }) => sum + dot([x, y], along), 0) / row.length;
  rows.sort((a, b) => position(b) - position(a));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`A calibration is JSON, got ${JSON.stringify(text.slice(0, 40))}.`, { cause });
  }
}

function parseBar(bar: unknown, picture: { width: number; height: number }): CalibratedBar {
  if (typeof bar !== 'object' || bar === null) throw new TypeError(`A bar has a midi and a quad, got ${shown(bar)}.`);
  const { midi, quad, row } = bar as Partial<Record<keyof CalibratedBar, unknown>>;
  if (!Number.isInteger(midi) || !(Number(midi) >= 0 && Number(midi) <= 127)) {
    throw new RangeError(`A bar's midi is a whole number of 0..127, got ${shown(midi)}.`);
  }
  if (row !== undefined && !(Number.isInteger(row) && Number(row) >= 0)) {
    throw new RangeError(`A bar's row is a whole number from 0, got ${shown(row)}.`);
  }
  const name = `bar ${midiToName(midi as number)} (${midi as number})`;
  checkQuad(quad, name);
  checkInside(quad, picture, name);
  const copy = quad.map(([x, y]) => [x, y] as const) as unknown as Quad;
  return { midi: midi as number, quad: copy, ...(row === undefined ? {} : { row: row as number }) };
}

/**
 * Throws unless a quadrilateral reaches into the picture and no corner lies farther outside than the picture is large.
 * @throws {RangeError} naming the quadrilateral.
 */
export function checkInside(quad: Quad, picture: { width: number; height: number }, name: string): void {
  for (const [axis, size] of [picture.width, picture.height].entries()) {
    const values = quad.map((point) => point[axis]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    if (high <= 0 || low >= size || low < -size || high > 2 * size) {
      throw new RangeError(
        `${name}: expected corners in the picture of ${picture.width} x ${picture.height}, got ` +
          `${axis === 0 ? 'x' : 'y'} from ${low} to ${high}.`,
      );
    }
  }
}

/** A calibration without the bars that the picture does not show. */
export function visibleBars(calibration: Calibration): Calibration {
  const bars = calibration.bars.filter(({ quad }) => {
    try {
      checkInside(quad, calibration, 'bar');
      return true;
    } catch {
      return false;
    }
  });
  return { ...calibration, bars };
}
