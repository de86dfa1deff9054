// Layouts: where the bars of an instrument lie on its plan view, and what that means in a picture whose corners are known.
import type { Warp } from '../kernels/footprints.js';
import { checkCount } from '../kernels/pixel-format.js';
import { GT18, midiToName, nameToMidi } from '../notes.js';
import type { Calibration, Point, Quad } from '../types.js';
import { calibrationRows, checkInside, parseCalibration } from './calibration.js';
import { checkQuad, homography, project } from './homography.js';

/** A bar on the plan view, in any unit of length that all bars share. */
export interface LayoutBar {
  /** MIDI number. */
  readonly midi: number;
  /** Its centre line, growing from the low to the high end of the instrument. */
  readonly x: number;
  /** Its width. */
  readonly width: number;
  /** Its end on the player's side, growing away from the player. */
  readonly near: number;
  /** Its other end, above `near`. */
  readonly far: number;
}

/** The plan view of an instrument, seen from above. */
export interface Layout {
  /** Names the file format and its version. */
  readonly format: 'deep-marimba/layout@1';
  /** What it is called: `gt18`. */
  readonly name: string;
  /** Its bars, low to high. */
  readonly bars: readonly LayoutBar[];
}

const format = 'deep-marimba/layout@1';

// Metres. Accidentals of a 3 1/2 octave instrument: position among the naturals, pitch that narrows slowly, lengths that
// fall to 45 % from the lowest bar to the highest. Fitted by eye to the photographs of the 2017 project's instrument.
const accidentals = [0.5, 1.5, 2.5, 4.5, 5.5];

function bar(midi: number, natural: number): LayoutBar {
  return {
    midi,
    x: 0.0485 * natural - 0.00012 * natural ** 2,
    width: 0.04 - (0.004 * natural) / 24,
    near: 0,
    far: 0.375 * 2 ** ((-0.35 * natural) / 7),
  };
}

const naturals = [0, 2, 4, 5, 7, 9, 11];
const mostNaturals = 40;
// Place of each pitch class among the naturals of its octave.
const places = [0, 0.5, 1, 1.5, 2, 3, 3.5, 4, 4.5, 5, 5.5, 6];

/** Naturals in front, accidentals behind them; far ends of the ones and near ends of the others meet. */
function keyboard(low: number, high: number): LayoutBar[] {
  const place = (midi: number): number => 7 * Math.floor(midi / 12) + places[midi % 12];
  return Array.from({ length: high - low + 1 }, (_, i) => {
    const midi = low + i;
    const one = bar(midi, place(midi) - place(low));
    const behind = !naturals.includes(midi % 12);
    return { ...one, near: behind ? 0.005 : -one.far, far: behind ? 0.9 * one.far : -0.005 };
  });
}

/**
 * A layout by name, or from the text or content of a layout file.
 * @param source `gt18`: the eighteen accidentals F#4..A#7 of the 2017 recordings, all near ends in line. `marimba-N`: N
 *   naturals from C4 up in one row, N = 1..40. `keyboard-LOW-HIGH` (`keyboard-A2-C7`): naturals in front and accidentals
 *   behind them, all notes from one to the other, at least an octave. Otherwise JSON: `{"format":"deep-marimba/layout@1","name","bars":[{"midi",
 *   "x","width","near","far"}...]}`.
 * @throws {TypeError} when it is neither a name nor a layout.
 * @throws {RangeError} for no bars, a note twice, or numbers that cannot be.
 */
export function parseLayout(source: unknown): Layout {
  if (source === 'gt18') {
    const bars = GT18.map(({ midi }, i) => bar(midi, 7 * Math.floor(i / 5) + accidentals[i % 5]));
    return { format, name: source, bars };
  }
  const row = typeof source === 'string' ? /^marimba-(\d+)$/.exec(source) : null;
  if (row) {
    const count = checkCount('Bars of a marimba-N layout', Number(row[1]), 1, mostNaturals);
    const bars = Array.from({ length: count }, (_, i) => bar(60 + 12 * Math.floor(i / 7) + naturals[i % 7], i));
    return { format, name: row[0], bars };
  }
  const ends = typeof source === 'string' ? /^keyboard-([A-G][#b]?\d)-([A-G][#b]?\d)$/.exec(source) : null;
  if (ends) {
    const [low, high] = [nameToMidi(ends[1]), nameToMidi(ends[2])];
    checkCount('Semitones of a keyboard layout', high - low, 11, 87);
    return { format, name: ends[0], bars: keyboard(low, high) };
  }
  let content: unknown = source;
  if (typeof source === 'string') {
    try {
      content = JSON.parse(source);
    } catch (cause) {
      throw new TypeError(
        `A layout is gt18, marimba-N, keyboard-LOW-HIGH (keyboard-A2-C7) or JSON, got ${JSON.stringify(source.slice(0, 40))}.`,
        {
          cause,
        },
      );
    }
  }
  const { format: got, name, bars } = (content ?? {}) as Partial<Record<keyof Layout, unknown>>;
  if (got !== format)
    throw new TypeError(
      `A layout has the format "${format}", got ${got === undefined ? 'none' : JSON.stringify(got)}.`,
    );
  if (typeof name !== 'string') throw new TypeError(`A layout has a name, got ${typeof name}.`);
  if (!Array.isArray(bars) || bars.length === 0) throw new RangeError('A layout needs at least one bar, got none.');
  const checked = bars.map(parseBar).sort((a, b) => a.midi - b.midi);
  const twice = checked.find(({ midi }, i) => i > 0 && checked[i - 1].midi === midi);
  if (twice) throw new RangeError(`A layout names each note once, got two bars for ${midiToName(twice.midi)}.`);
  return { format, name, bars: checked };
}

function parseBar(content: unknown): LayoutBar {
  const { midi, x, width, near, far } = (content ?? {}) as Partial<Record<keyof LayoutBar, unknown>>;
  checkCount("A layout bar's midi", midi, 0, 127);
  const numbers = [x, width, near, far];
  if (!numbers.every((value) => typeof value === 'number')) {
    throw new TypeError(`A layout bar has numbers x, width, near and far, got ${JSON.stringify(content)}.`);
  }
  if (!numbers.every(Number.isFinite) || !(Number(width) > 0) || !(Number(far) > Number(near))) {
    throw new RangeError(`A layout bar has a width above 0 and far above near, got ${JSON.stringify(content)}.`);
  }
  return { midi, x, width, near, far } as LayoutBar;
}

/** The bars of a layout by row, nearest the player first, each from its low to its high end. */
export function layoutRows({ bars }: Layout): LayoutBar[][] {
  const quads = bars.map(({ midi, x, width, near, far }) => {
    const [left, right] = [x - width / 2, x + width / 2];
    // The player's side is down, as in a picture.
    return { midi, quad: [[left, -far], [right, -far], [right, -near], [left, -near]] as unknown as Quad }; // prettier-ignore
  });
  return calibrationRows({ bars: quads }).map((row) => row.map(({ midi }) => bars.find((bar) => bar.midi === midi)!));
}

/**
 * Outer corners of a layout's field of bars on its plan view, in the order of a `Quad`: far corners of the row farthest
 * from the player, near corners of the nearest one.
 */
export function layoutCorners(layout: Layout): Quad {
  const rows = layoutRows(layout);
  const [front, back] = [rows[0], rows[rows.length - 1]];
  const left = (bar: LayoutBar): number => bar.x - bar.width / 2;
  const right = (bar: LayoutBar): number => bar.x + bar.width / 2;
  const [farLow, farHigh] = [back[0], back[back.length - 1]];
  const [nearLow, nearHigh] = [front[0], front[front.length - 1]];
  return [
    [left(farLow), farLow.far],
    [right(farHigh), farHigh.far],
    [right(nearHigh), nearHigh.near],
    [left(nearLow), nearLow.near],
  ];
}

/**
 * The bars of a layout in a picture of which the outer corners of the lowest and highest bar are known: a first guess, for
 * an instrument of other proportions puts bars into the wrong places.
 * @param corners pixels: far corner of the lowest bar, far corner of the highest, near of the highest, near of the lowest.
 * @throws {TypeError | RangeError} for corners that are no convex quadrilateral or outside the picture, or a layout that
 *   they send beyond the horizon or out of the picture.
 */
export function placeLayout(
  layout: Layout,
  corners: Quad,
  picture: { readonly width: number; readonly height: number },
): Calibration {
  const toPicture = planToPicture(layout, corners, picture);
  const bars = layout.bars.map(({ midi, x, width, near, far }) => {
    const [left, right] = [x - width / 2, x + width / 2];
    const quad: Quad = [toPicture(left, far), toPicture(right, far), toPicture(right, near), toPicture(left, near)];
    return { midi, quad };
  });
  return parseCalibration({ format: 'deep-marimba/calibration@1', width: picture.width, height: picture.height, bars });
}

/**
 * The rectified keyboard view: the instrument's plan view with a margin of 6 % of its width at either end, 20 % of its
 * longest bar beyond the far ends (top) and 45 % before the near ends (bottom). The corners map to the plan view's
 * trapezoid, so low bars keep their width.
 * @param corners as in {@link placeLayout}.
 * @throws {TypeError | RangeError} as {@link placeLayout}, and for sizes that are no whole numbers of 1..4096.
 */
export function keyboardView(
  layout: Layout,
  corners: Quad,
  picture: { readonly width: number; readonly height: number },
  { columns = 128, rows = 64 }: { readonly columns?: number; readonly rows?: number } = {},
): Warp {
  checkCount('columns', columns, 1, 4096);
  checkCount('rows', rows, 1, 4096);
  const toPicture = planToPicture(layout, corners, picture);
  const left = Math.min(...layout.bars.map(({ x, width }) => x - width / 2));
  const right = Math.max(...layout.bars.map(({ x, width }) => x + width / 2));
  const near = Math.min(...layout.bars.map((one) => one.near));
  const far = Math.max(...layout.bars.map((one) => one.far));
  const mesh = new Float64Array((columns + 1) * (rows + 1) * 2);
  for (let j = 0, at = 0; j <= rows; j++) {
    const y = near + (far - near) * (1.2 - (1.65 * j) / rows);
    for (let i = 0; i <= columns; i++) {
      const [px, py] = toPicture(left + (right - left) * (-0.06 + (1.12 * i) / columns), y);
      mesh[at++] = px;
      mesh[at++] = py;
    }
  }
  return { width: columns, height: rows, picture: { width: picture.width, height: picture.height }, mesh };
}

function planToPicture(
  layout: Layout,
  corners: Quad,
  picture: { readonly width: number; readonly height: number },
): (x: number, y: number) => Point {
  checkCount('picture.width', picture.width, 1, 16384);
  checkCount('picture.height', picture.height, 1, 16384);
  checkQuad(corners, 'corners');
  checkInside(corners, picture, 'corners');
  const plan = layoutCorners(layout);
  const h = homography(plan, corners);
  // Depth at the corners is the measure of what is still in front of the camera.
  const depth = Math.min(...plan.map(([x, y]) => Math.abs(project(h, x, y).w)));
  const side = Math.sign(project(h, ...plan[0]).w);
  return (x, y) => {
    const point = project(h, x, y);
    if (!(point.w * side > depth / 10)) {
      throw new RangeError(
        `corners: expected the whole instrument in front of the camera, got ${JSON.stringify(corners)}, which put its ` +
          'margin at the horizon.',
      );
    }
    return [point.x, point.y];
  };
}
