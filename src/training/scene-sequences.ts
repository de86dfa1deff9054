// Training sequences out of a simulated clip: it is rendered once, seen through several careless calibrations, and cut
// into windows of a few bars each.
import { type Kernels } from '../kernels/module.js';
import { type RectifiedView, Rectifier } from '../kernels/rectifier.js';
import type { Family } from '../scene/families.js';
import { type Scene, scene } from '../scene/scene.js';
import { sceneTracks, type TrackPoint } from '../scene/tracks.js';
import type { CalibratedBar, Calibration, Point, Quad, Strike } from '../types.js';
import { type Codecs, compressedScene } from './compression.js';
import { type CueName, cueNames, malletCues } from './cues.js';
import { checkInside } from '../video/calibration.js';
import { type ModelInput, type ModelView, modelViews, viewImage } from '../model/views.js';
import { Random } from './random.js';
import { framePosition, type StrikeHeads, type StrikeTargets, strikeTargets } from './strike-targets.js';

/** How clips are drawn and cut. */
export interface SequenceOptions {
  /** Seed of everything. */
  readonly seed: number;
  /** Scenes to draw from. */
  readonly family: Family;
  /** Length of a clip, seconds. */
  readonly seconds: number;
  /** Widths of the picture to choose from, pixels; pictures are 16:9. */
  readonly widths: readonly number[];
  /** Calibrations through which a clip is seen. */
  readonly calibrations: number;
  /** Share of the clips that go through a real encoder before they are seen; none where left out. */
  readonly compressed?: number;
  /** Sequences cut from a clip. */
  readonly sequences: number;
  /** Frames per sequence. */
  readonly frames: number;
  /** Frames at the beginning of a sequence that are not judged. */
  readonly burnIn: number;
  /** What is seen; bar strips where left out. */
  readonly geometry?: ModelInput['geometry'];
  /** Channels of the image; differences where left out. */
  readonly channels?: ModelInput['channels'];
  /** Bars per sequence. Of a strip, one cell more on either side is seen; of another view, these are the places answered for. */
  readonly bars: number;
  /** Rows of the strip or view. */
  readonly rows: number;
  /** Columns of a view that is no strip; 100 where left out. */
  readonly columns?: number;
  /** Heads and their delays, frames. */
  readonly heads: StrikeHeads;
  /** Whether cues of the mallets go with the strikes; no where left out. */
  readonly cues?: boolean;
}

/** Sequences by name, as a batch has them: `image`, `target.OUTPUT`, `mask.OUTPUT`, each [sequences x frames x ...]. */
export type Sequences = Readonly<Record<string, Float32Array>>;

/** Columns per cell. */
export const cellWidth = 12;

/** How the network of such sequences sees, as its card will say. */
export function inputOf(
  options: Pick<SequenceOptions, 'geometry' | 'channels' | 'bars' | 'rows' | 'columns'>,
  window?: number,
): ModelInput {
  const { geometry = 'bars', channels = 'differences', bars, rows, columns = 100 } = options;
  const common = { name: 'image', geometry, channels };
  if (geometry !== 'bars') return { ...common, shape: [3, rows, columns], window: bars };
  return {
    ...common,
    shape: [3, rows, cellWidth * (bars + 2)],
    cellWidth,
    ...(window === undefined ? {} : { window }),
  };
}

/** Largest error of the corners of the bar field: across in bar spacings, along in bar lengths. */
const fieldError = [1 / 6, 0.06] as const;
/** Standard deviation of each bar's own error, likewise. */
const barError = [0.03, 0.015] as const;
/** Shares of the cuts that are centred on a strike, and where something moves; the rest is anywhere. */
const [atStrikes, atMotion] = [0.35, 0.57];
/** A bar is judged only when this much of its cell lies in the picture. */
const leastCoverage = 0.6;

/** Cues that point the other way in a mirror. */
const mirrors: ReadonlySet<string> = new Set<CueName>(['across', 'shadowAcross']);

/** A strip or another view, and what is known of its bars. */
interface Row {
  readonly strip: CarelessView;
  readonly view: RectifiedView;
  /** [frames x 3 x rows x columns]. */
  readonly image: Float32Array;
  /** [frames x bars] how much moves over each bar. */
  readonly motion: Float32Array;
  readonly truth: StrikeTargets;
  /** Strikes as [position in frames, bar]. */
  readonly strikes: readonly (readonly [number, number])[];
}

/** What decides which scene a clip is. */
type Drawn = Pick<SequenceOptions, 'seed' | 'family' | 'seconds' | 'widths' | 'cues'>;

/** The clip of a number: a scene of the family. */
export function trainingScene(options: Drawn, clip: number): Scene & Pick<WatchedClip, 'mallets'> {
  const first = new Random(options.seed, 'scenes').word();
  const random = new Random(options.seed, `size ${clip}`);
  const width = options.widths[Math.floor(random.uniform() * options.widths.length)];
  const height = Math.round((width * 9) / 16);
  const [number, size] = [(first + clip) % 2 ** 32, { width, height, seconds: options.seconds }];
  const made = scene(number, options.family, size);
  return options.cues ? { ...made, mallets: sceneTracks(number, options.family, size).mallets } : made;
}

/**
 * The sequences of one clip. The same options and number give the same sequences.
 * @param clip number of the clip, from 0.
 * @param codecs needed where a share of the clips is to be compressed; another FFmpeg may leave other pixels.
 * @throws {RangeError} for clips shorter than a sequence.
 * @throws {UnsupportedError} when clips are to be compressed and there are no codecs.
 */
export function clipSequences(kernels: Kernels, options: SequenceOptions, clip: number, codecs?: Codecs): Sequences {
  const made = trainingScene(options, clip);
  const source = {
    ...compressedScene(made, options, clip, codecs),
    ...(made.mallets ? { mallets: made.mallets } : {}),
  };
  return sequencesOf(kernels, source, options, new Random(options.seed, `sequences ${clip}`));
}

/** Pictures in a row, simulated or filmed, and what is true of them. */
export interface WatchedClip {
  readonly truth: {
    /** Size of the pictures, pixels. */
    readonly width: number;
    readonly height: number;
    /** Seconds. */
    readonly times: readonly number[];
    readonly calibration: Calibration;
    readonly strikes: readonly Strike[];
  };
  /** Luma [height x width], one after the other; valid until the next. */
  readonly frames: () => Iterable<{ readonly index: number; readonly pixels: Uint8Array }>;
  /** [mallets][frames] where that is known, for cues. */
  readonly mallets?: readonly (readonly TrackPoint[])[];
}

/**
 * The sequences of a clip, seen through careless calibrations.
 * @throws {RangeError} for clips shorter than a sequence.
 */
export function sequencesOf(
  kernels: Kernels,
  source: WatchedClip,
  options: Omit<SequenceOptions, 'family' | 'seconds' | 'widths'>,
  random: Random,
): Sequences {
  if (source.truth.times.length < options.frames) {
    throw new RangeError(`expected clips of at least ${options.frames} frames, got ${source.truth.times.length}`);
  }
  const rows = rectifyScene(kernels, source, options, random);
  const { sequences, frames, burnIn, bars, rows: height, heads } = options;
  const outputs = [...Object.keys(heads), 'offset', 'velocity', ...(options.cues ? cueNames : [])];
  const whole = (options.geometry ?? 'bars') !== 'bars';
  const { shape } = inputOf(options);
  const columns = shape[2];
  const result: Record<string, Float32Array> = { image: new Float32Array(sequences * frames * 3 * height * columns) };
  for (const name of outputs) {
    for (const kind of ['target', 'mask']) result[`${kind}.${name}`] = new Float32Array(sequences * frames * bars);
  }
  if (rows.length === 0) return result;
  const last = source.truth.times.length - frames;
  for (let s = 0; s < sequences; s++) {
    const { row, start, bar } = cut(rows, last, options, random);
    const count = row.strip.midi.length;
    // Anywhere in the window, as long as the window stays on the row where the row is long enough.
    const free = Math.max(0, count - bars);
    const from = Math.min(Math.max(0, bar - Math.floor(random.uniform() * bars)), free);
    const mirrored = random.uniform() < 0.5;
    const gain = (random.uniform() < 0.4 ? -1 : 1) * Math.exp(0.2 * random.normal());
    copyImage(row, start, whole ? 0 : from * cellWidth, result.image, s, { ...options, columns, mirrored, gain });
    const end = whole ? Math.min(bars, count) : bars;
    for (let k = 0; k < frames; k++) {
      for (let b = 0; b < bars; b++) {
        const own = from + (mirrored ? end - 1 - b : b);
        if (own < 0 || own >= count) continue;
        const to = (s * frames + k) * bars + b;
        const at = (start + k) * count + own;
        const judged = k >= burnIn && (whole || isSeen(row, own));
        for (const name of outputs) {
          const target = row.truth.targets[name][at];
          result[`target.${name}`][to] = mirrored && mirrors.has(name) ? -target : target;
          if (judged) result[`mask.${name}`][to] = row.truth.masks[name][at];
        }
      }
    }
  }
  return result;
}

function isSeen({ view }: Row, bar: number): boolean {
  let sum = 0;
  for (let y = 0; y < view.height; y++) {
    for (let x = 0; x < cellWidth; x++) sum += view.coverage[y * view.width + (bar + 1) * cellWidth + x];
  }
  return sum >= leastCoverage * view.height * cellWidth;
}

/** Sees a clip through all its calibrations. */
function rectifyScene(
  kernels: Kernels,
  { truth, frames, mallets = [] }: WatchedClip,
  options: Omit<SequenceOptions, 'family' | 'seconds' | 'widths'>,
  random: Random,
): Row[] {
  const { heads, channels = 'differences' } = options;
  const { times, strikes, width } = truth;
  const strips = Array.from({ length: options.calibrations }, () =>
    carelessViews(truth.calibration, options, random),
  ).flat();
  if (strips.length === 0) return [];
  const rectifier = new Rectifier(
    kernels,
    { width, height: truth.height, format: 'gray8' },
    { warps: strips.map(({ warp }) => warp) },
  );
  const rows = strips.map((strip, i): Row => {
    const positions = strikes.map(({ time, midi }) => [framePosition(times, time), strip.midi.indexOf(midi)] as const);
    const struck = strikeTargets(times, strip.midi, strikes, heads);
    return {
      strip,
      view: rectifier.views[i],
      image: new Float32Array(times.length * 3 * strip.warp.height * strip.warp.width),
      motion: new Float32Array(times.length * strip.midi.length),
      truth: options.cues ? withCues(struck, malletCues(strip.quads, mallets, times.length)) : struck,
      strikes: positions.filter(([, bar]) => bar >= 0),
    };
  });
  const images = rows.map(({ view }) => viewImage(view, channels));
  for (const { index, pixels } of frames()) {
    rectifier.run(index > 0 ? times[index] - times[index - 1] : times[1], pixels);
    for (const [r, row] of rows.entries()) {
      images[r].advance();
      row.image.set(images[r].data, index * images[r].data.length);
      if ((options.geometry ?? 'bars') === 'bars') measureMotion(row, index);
    }
  }
  return rows;
}

/** Mean square of the newest difference over each bar, the player's side left out: hands move there all the time. */
function measureMotion({ view, strip, motion }: Row, frame: number): void {
  const { width, height, output } = view;
  const count = strip.midi.length;
  for (let y = 0; y < 0.75 * height; y++) {
    const row = (height + y) * width;
    for (let x = cellWidth; x < width - cellWidth; x++) {
      motion[frame * count + Math.floor(x / cellWidth) - 1] += output[row + x] * output[row + x];
    }
  }
}

/** Which row, from which frame, around which bar. */
function cut(rows: readonly Row[], last: number, options: Pick<SequenceOptions, 'frames' | 'burnIn'>, random: Random) {
  const { frames, burnIn } = options;
  const row = rows[Math.floor(random.uniform() * rows.length)];
  const start = Math.floor(random.uniform() * (last + 1));
  const kind = random.uniform();
  if (kind < atStrikes && row.strikes.length > 0) {
    const [position, bar] = row.strikes[Math.floor(random.uniform() * row.strikes.length)];
    const within = burnIn + Math.floor(random.uniform() * (frames - burnIn - 4));
    return { row, bar, start: Math.min(last, Math.max(0, Math.floor(position) - within)) };
  }
  const count = row.strip.midi.length;
  if (kind < atStrikes + atMotion) {
    const weights = Array.from({ length: count }, (_, bar) => {
      let sum = 0;
      for (let k = start + burnIn; k < start + frames; k++) sum += row.motion[k * count + bar];
      return sum;
    });
    const floor = [...weights].sort((a, b) => a - b)[count >> 1];
    const chances = weights.map((weight) => Math.max(0, weight - floor) ** 2);
    let left = random.uniform() * chances.reduce((a, b) => a + b, 0);
    const bar = chances.findIndex((chance) => (left -= chance) < 0);
    if (bar >= 0) return { row, start, bar };
  }
  return { row, start, bar: Math.floor(random.uniform() * count) };
}

function copyImage(
  { image, strip: { warp } }: Row,
  start: number,
  first: number,
  out: Float32Array,
  sequence: number,
  {
    frames,
    rows,
    columns,
    mirrored,
    gain,
    channels,
  }: Pick<SequenceOptions, 'frames' | 'rows' | 'channels'> & { columns: number; mirrored: boolean; gain: number },
): void {
  const known = Math.min(columns, warp.width - first);
  const lines = 3 * rows;
  // A gray picture in negative is still one: it turns about its middle.
  const middle = channels === 'gray' ? 0.5 : 0;
  for (let k = 0; k < frames; k++) {
    for (let y = 0; y < lines; y++) {
      const at = ((start + k) * lines + y) * warp.width + first;
      const to = ((sequence * frames + k) * lines + y) * columns;
      for (let x = 0; x < known; x++) {
        out[to + (mirrored ? columns - 1 - x : x)] = middle + gain * (image[at + x] - middle);
      }
    }
  }
}

/** A view, and its bars' outlines as they were taken to be. */
interface CarelessView extends ModelView {
  readonly quads: readonly Quad[];
}

const withCues = (struck: StrikeTargets, cues: StrikeTargets): StrikeTargets => ({
  targets: { ...struck.targets, ...cues.targets },
  masks: { ...struck.masks, ...cues.masks },
});

/** Views of a calibration as people make them; less careless where strips would fold. */
function carelessViews(
  calibration: Calibration,
  options: Parameters<typeof inputOf>[0],
  random: Random,
): CarelessView[] {
  const bars = calibration.bars.filter((bar) => {
    try {
      checkInside(bar.quad, calibration, 'bar');
      return true;
    } catch {
      return false;
    }
  });
  const field = Array.from({ length: 8 }, () => 2 * random.uniform() - 1);
  const own = bars.map(() => Array.from({ length: 8 }, () => random.normal()));
  for (const share of [1, 0.5, 0.25, 0]) {
    try {
      const moved = bars.map((bar, i): CalibratedBar => ({ ...bar, quad: moveQuad(bar.quad, i, share) }));
      const quads = new Map(moved.map(({ midi, quad }) => [midi, quad]));
      const views = modelViews(inputOf(options), { ...calibration, bars: moved });
      return views.map((view) => ({ ...view, quads: view.midi.map((midi) => quads.get(midi)!) }));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return [];

  function moveQuad(quad: Quad, i: number, share: number): Quad {
    const [farLow, farHigh, nearHigh, nearLow] = quad;
    const u = bars.length > 1 ? i / (bars.length - 1) : 0.5;
    return quad.map(([x, y], corner): Point => {
      const far = corner < 2;
      // Bilinear between the errors of the four corners of the field.
      const [low, high] = far ? [0, 2] : [4, 6];
      const error = (axis: 0 | 1): number =>
        share *
        (fieldError[axis] * (field[low + axis] * (1 - u) + field[high + axis] * u) +
          barError[axis] * own[i][2 * corner + axis]);
      const [a, b] = far ? [farLow, farHigh] : [nearLow, nearHigh];
      const [c, d] = corner === 0 || corner === 3 ? [farLow, nearLow] : [farHigh, nearHigh];
      const [across, along] = [error(0), error(1)];
      return [x + across * (b[0] - a[0]) + along * (d[0] - c[0]), y + across * (b[1] - a[1]) + along * (d[1] - c[1])];
    }) as unknown as Quad;
  }
}
