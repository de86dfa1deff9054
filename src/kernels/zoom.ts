// The memory and the run of a zoomed spectrum: lays a route (zoom-route.ts) out for the kernels (assembly/zoom.ts).
import { fillTurns, fillTwiddles, planeLength, resultInFirst, twiddleLength } from './fft-tables.js';
import { f32, i32, openInstance } from './instance.js';
import type { Instance, Region } from './instance.js';
import type { Kernels } from './module.js';
import { windowWeights } from './window.js';
import type { Window } from './window.js';
import { filterGain, filterLead, filteredLength, interpolator, zoomRoute } from './zoom-route.js';
import type { BinRange, HalfRateFilter, ZoomRoute } from './zoom-route.js';

/** What the transform of a frame is multiplied by. */
export type Scale = 'amplitude' | number;

/** What every zoom needs to know. */
export interface ZoomOptions {
  /** Samples of a frame. */
  readonly win: number;
  /** Points of the DFT whose bins are asked for. */
  readonly nfft: number;
  /** Default `'hamming'`. */
  readonly window?: Window;
  /** Default `'amplitude'`. */
  readonly scale?: Scale;
}

const longestWindow = 1 << 22;
const mostBins = 1 << 22;

const up = (length: number, multiple: number): number => Math.ceil(length / multiple) * multiple;

function whole(name: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`Expected ${name} to be a whole number of ${low}..${high}, got ${String(value)}.`);
  }
  return value;
}

function checkRanges(ranges: readonly BinRange[], nfft: number): void {
  if (!Array.isArray(ranges)) throw new TypeError(`Expected a list of ranges of bins, got ${typeof ranges}.`);
  if (ranges.length === 0) throw new RangeError('Expected at least one range of bins, got none.');
  const highest = Math.floor(nfft / 2);
  let bins = 0;
  for (const { first, last } of ranges) {
    if (!Number.isInteger(first) || !Number.isInteger(last) || first < 0 || last < first || last > highest) {
      throw new RangeError(
        `Expected a range of bins within 0..${highest} (half of nfft), got ${String(first)}..${String(last)}.`,
      );
    }
    bins += last - first + 1;
  }
  if (bins > mostBins) throw new RangeError(`Expected at most ${mostBins} bins in one plan, got ${bins}.`);
}

// Float32 squares keep magnitudes of about 1e-18 .. 1e18; this leaves room for the samples.
function checkScale(scale: Scale, weights: Float64Array): number {
  if (scale !== 'amplitude' && typeof scale !== 'number') {
    throw new TypeError(`Expected scale to be "amplitude" or a number, got ${String(scale)}.`);
  }
  const sum = weights.reduce((total, w) => total + w, 0);
  if (scale === 'amplitude' && !(Math.abs(sum) > 1e-9)) {
    throw new RangeError(`Expected a window whose sum is not 0, got ${sum}; give a scale instead.`);
  }
  const factor = scale === 'amplitude' ? 2 / sum : scale;
  const peak = weights.reduce((most, w) => Math.max(most, Math.abs(w)), 0) * Math.abs(factor);
  if (!(Math.abs(factor) >= 1e-12 && peak <= 1e12)) {
    throw new RangeError(`Expected a scale of 1e-12 or more, and at most 1e12 times the window, got ${factor}.`);
  }
  return factor;
}

type Floats = Region<Float32Array<ArrayBuffer>>;
type Plane = 'zr' | 'zi' | 'ar' | 'ai' | 'br' | 'bi' | 're' | 'im';
type Table = 'input' | 'window' | 'folded' | 'spread' | 'twiddles' | 'turns' | 'weights' | 'output';
type Stage = `${'even' | 'odd' | 'taps' | 'gain'}${number}`;
type Regions = Record<Plane | Table | Stage, Floats> & Record<'starts' | 'sizes', Region<Int32Array<ArrayBuffer>>>;

// Floats before the first sample of a plane that is filtered; a filter reads that far into silence.
const margin = ({ taps }: HalfRateFilter): number => up(2 * taps.length, 4);

function stageRegions(filters: readonly HalfRateFilter[], lengths: readonly number[]): Record<Stage, Floats> {
  const regions: Record<Stage, Floats> = {};
  filters.forEach((filter, s) => {
    const plane = f32(2 * margin(filter) + up(lengths[s], 8) / 2 + 32);
    regions[`even${s}`] = plane;
    regions[`odd${s}`] = plane;
    regions[`taps${s}`] = f32(1 + 3 * (filter.taps.length - 1));
    regions[`gain${s}`] = f32(up(lengths[s + 1], 16));
  });
  return regions;
}

// Grid bins that the interpolation reads: those computed, and those that mirror at bin 0 and at the last one.
interface Extent {
  readonly origin: number;
  readonly first: number;
  readonly count: number;
  readonly below: number;
  readonly above: number;
  readonly plane: number;
}

function extentOf(ranges: readonly BinRange[], { width, taps, grid }: ZoomRoute, spacing: number): Extent {
  const half = grid / 2;
  const lowest = Math.ceil(Math.min(...ranges.map(({ first }) => first)) * spacing - width / 2);
  const highest = Math.floor(Math.max(...ranges.map(({ last }) => last)) * spacing + width / 2);
  const below = Math.max(0, -lowest);
  const above = Math.max(0, highest - half);
  const first = Math.min(Math.max(0, lowest), half - above);
  const count = Math.max(Math.min(half, highest), below) - first + 1;
  const origin = Math.min(lowest, first);
  return { origin, first, count, below, above, plane: Math.max(highest + taps, first + count) - origin + 8 };
}

// One halving of the sample rate, as the kernel wants it.
interface Halving {
  readonly outputs: number;
  readonly even: number;
  readonly taps: number;
  readonly pairs: number;
  readonly gain: number;
  readonly outEven: number;
  readonly outOdd: number;
}

/** Spectrum of one windowed frame at chosen bins: the engine of `SpectrumPlan` and `BinPlan`. */
export class Zoom {
  /** [win] samples to transform. */
  readonly input: Float32Array;
  /** [ranges] maxima, or [bins] magnitudes. */
  readonly output: Float32Array;
  /** How the spectrum is reached. */
  readonly route: ZoomRoute;

  readonly #instance: Instance<Regions>;
  readonly #nfft: number;
  readonly #bands: number;
  readonly #groups: number;
  readonly #extent: Extent;
  readonly #halvings: readonly Halving[];
  // Where the windowed samples go: into the first filter, or straight onto the grid.
  readonly #even: number;
  readonly #odd: number;

  /**
   * @param summary `'maxima'`: the largest magnitude of each range; `'magnitudes'`: every bin of the only range.
   * @throws {RangeError} for sizes, ranges or a scale that make no sense.
   * @throws {TypeError} for a window or a scale of another kind.
   */
  constructor(kernels: Kernels, options: ZoomOptions, ranges: readonly BinRange[], summary: 'maxima' | 'magnitudes') {
    const win = whole('win', options.win, 1, longestWindow);
    const nfft = whole('nfft', options.nfft, 1, 2 ** 40);
    checkRanges(ranges, nfft);
    const window = windowWeights(options.window ?? 'hamming', win);
    const factor = checkScale(options.scale ?? 'amplitude', window);
    const route = zoomRoute(win, nfft, ranges);
    const { filters, grid, length, taps, fold } = route;
    const half = grid / 2;
    const spacing = (grid * 2 ** filters.length) / nfft;
    const extent = extentOf(ranges, route, spacing);
    const sizes = ranges.map(({ first, last }) => Math.ceil((last - first + 1) / 4));
    const groups = sizes.reduce((sum, size) => sum + size, 0);
    const lengths = [fold ? nfft : win];
    for (const filter of filters) lengths.push(filteredLength(filter, lengths.at(-1)!));

    const plane = f32(planeLength(half));
    const spectrum = f32(extent.plane);
    this.#instance = openInstance<Regions>(kernels, {
      input: f32(up(win, 8)),
      window: f32(up(win, 8)),
      folded: f32(fold ? up(nfft, 8) : 0),
      spread: f32(fold ? up(nfft, 8) : 0),
      ...stageRegions(filters, lengths),
      zr: plane,
      zi: plane,
      ar: plane,
      ai: plane,
      br: plane,
      bi: plane,
      re: spectrum,
      im: spectrum,
      twiddles: f32(twiddleLength(half)),
      turns: f32(2 * up(extent.count, 4)),
      starts: i32(groups),
      sizes: i32(sizes.length),
      weights: f32(groups * taps * 4),
      output: f32(summary === 'maxima' ? ranges.length : groups * 4),
    });
    const { views, at } = this.#instance;
    const [{ first, last }] = ranges;
    this.input = views.input.subarray(0, win);
    this.output = summary === 'maxima' ? views.output : views.output.subarray(0, last - first + 1);
    this.route = route;
    this.#nfft = nfft;
    this.#bands = summary === 'maxima' ? ranges.length : 0;
    this.#groups = groups;
    this.#extent = extent;

    // The frame sits in the middle of the grid, so that the phase between grid points turns by half a turn and no more:
    // an alternating sign, which goes into the weights. An even start keeps even samples even.
    const start = half - 2 * Math.round(length / 4);
    const { spread } = interpolator(route);
    const correction = Float64Array.from({ length }, (_, n) => 1 / spread(start + n - half));
    const scaled = window.map((w, n) => w * factor * (fold || filters.length > 0 ? 1 : correction[n]));
    views.window.set(scaled);
    if (fold) views.spread.set(correction);
    const planes = filters.map((filter, s) => [at[`even${s}`], at[`odd${s}`]].map((p) => p + 4 * margin(filter)));
    planes.push([at.zr + 2 * start, at.zi + 2 * start]);
    [[this.#even, this.#odd]] = planes;
    this.#halvings = filters.map((filter, s) => {
      fillTaps(views[`taps${s}`], filter, planes[s][1] - planes[s][0]);
      views[`gain${s}`].fill(1);
      if (s === filters.length - 1) views[`gain${s}`].set(correction);
      return {
        outputs: up(lengths[s + 1], 16),
        even: planes[s][0] - 4 * filterLead(filter),
        taps: at[`taps${s}`],
        pairs: filter.taps.length - 1,
        gain: at[`gain${s}`],
        outEven: planes[s + 1][0],
        outOdd: planes[s + 1][1],
      };
    });
    fillTwiddles(views.twiddles, half);
    fillTurns(views.turns, half, extent.first, extent.count, 1);
    views.sizes.set(sizes);
    fillWeights(views.starts, views.weights, route, ranges, nfft, extent.origin);
  }

  /** `input` -> `output`. */
  run(): void {
    const { exports, at } = this.#instance;
    const half = this.route.grid / 2;
    const win = (this.input.length + 7) & ~7;
    if (this.route.fold) {
      exports.zoomFold(this.input.length, at.input, at.window, this.#nfft, at.folded);
      exports.zoomWindow((this.#nfft + 7) & ~7, at.folded, at.spread, this.#even, this.#odd);
    } else {
      exports.zoomWindow(win, at.input, at.window, this.#even, this.#odd);
    }
    for (const { outputs, even, taps, pairs, gain, outEven, outOdd } of this.#halvings) {
      exports.zoomDecimate(outputs, even, taps, pairs, gain, outEven, outOdd);
    }
    exports.fft(half, at.zr, at.zi, at.ar, at.ai, at.br, at.bi, at.twiddles);
    const { first, count, origin, below, above } = this.#extent;
    const inFirst = resultInFirst(half);
    const zr = inFirst ? at.ar : at.br;
    const zi = inFirst ? at.ai : at.bi;
    const turns = 4 * ((count + 3) & ~3);
    const offset = 4 * (first - origin);
    exports.fftSplit(half, zr, zi, at.turns, turns, first, count, 0.5, at.re + offset, at.im + offset);
    if (below > 0) this.#mirror(-origin, -1, below);
    if (above > 0) this.#mirror(half - origin, 1, above);
    const { starts, weights, re, im, output } = at;
    const { taps } = this.route;
    if (this.#bands > 0) exports.zoomMaxima(this.#bands, at.sizes, starts, weights, taps, re, im, output);
    else exports.zoomMagnitudes(this.#groups, starts, weights, taps, re, im, output);
  }

  // The spectrum of real samples continues beyond its ends as its own conjugate.
  #mirror(end: number, direction: 1 | -1, count: number): void {
    const { re, im } = this.#instance.views;
    for (let k = 1; k <= count; k++) {
      re[end + direction * k] = re[end - direction * k];
      im[end + direction * k] = -im[end - direction * k];
    }
  }
}

function fillTaps(table: Float32Array<ArrayBuffer>, { taps }: HalfRateFilter, oddFromEven: number): void {
  const distances = new Int32Array(table.buffer, table.byteOffset, table.length);
  table[0] = taps[0];
  for (let j = 1; j < taps.length; j++) {
    // Sample 2m + j is even sample m + j/2, or odd sample m + (j-1)/2.
    const [left, right] = j % 2 === 0 ? [-2 * j, 2 * j] : [oddFromEven - 2 * j - 2, oddFromEven + 2 * j - 2];
    distances[3 * j - 2] = left;
    distances[3 * j - 1] = right;
    table[3 * j] = taps[j];
  }
}

// What every grid point contributes to every bin, in groups of four bins that share their grid points: the kernel, the
// alternating sign, and what the filters took away. A group beyond the end of its range repeats the last bin.
function fillWeights(
  starts: Int32Array,
  weights: Float32Array,
  route: ZoomRoute,
  ranges: readonly BinRange[],
  nfft: number,
  origin: number,
): void {
  const { filters, grid, width, taps } = route;
  const rate = 2 ** filters.length;
  const { weight } = interpolator(route);
  let group = 0;
  for (const { first, last } of ranges) {
    for (let bin = first; bin <= last; bin += 4, group++) {
      const start = Math.ceil((bin * grid * rate) / nfft - width / 2);
      starts[group] = 4 * (start - origin);
      for (let lane = 0; lane < 4; lane++) {
        const frequency = Math.min(bin + lane, last) / nfft;
        const gain = filters.reduce((product, filter, s) => product * filterGain(filter, frequency * 2 ** s), 1 / rate);
        for (let tap = 0; tap < taps; tap++) {
          const value = weight(frequency * rate * grid - start - tap) / gain;
          weights[(group * taps + tap) * 4 + lane] = tap % 2 === 0 ? value : -value;
        }
      }
    }
  }
}
