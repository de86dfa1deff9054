// How a spectrum at chosen bins is reached most cheaply: how often to halve the sample rate, on what power-of-two grid to
// transform, and how to interpolate from the grid to the bins. Pure float64 mathematics; zoom.ts makes memory of it.
import { smallestFft } from './fft-tables.js';

/** Inclusive range of DFT bins, counted from 0. */
export interface BinRange {
  /** First bin. */
  readonly first: number;
  /** Last bin. */
  readonly last: number;
}

/** A symmetric low-pass filter of odd length before every second sample is dropped. */
export interface HalfRateFilter {
  /** The centre tap and those to its right, rounded to float32. */
  readonly taps: Float32Array;
}

/** A way from windowed samples to bins. */
export interface ZoomRoute {
  /** Whether the samples wrap around at nfft first, because the window is longer. */
  readonly fold: boolean;
  /** Filters, first to last; each halves the sample rate. */
  readonly filters: readonly HalfRateFilter[];
  /** Samples that reach the grid, filter tails included. */
  readonly length: number;
  /** Grid: points of the real transform, a power of two. */
  readonly grid: number;
  /** Width of the interpolation kernel in grid points; 0 when every bin lies on the grid. */
  readonly width: number;
  /** Grid points that contribute to a group of four bins. */
  readonly taps: number;
}

// What a filter may let through of what aliases onto the bins, relative to them. The first two, which see most samples, may
// leak most; the later ones are cheap enough to leak little.
const leakOf = (stage: number): number => (stage < 2 ? 6e-7 : 2e-7);
const longestFilter = 24;
// What the filters together must leave of the highest bin: dividing by less would amplify their rounding.
const leastGain = 0.04;

const chebyshev = (n: number, x: number): number =>
  Math.abs(x) <= 1 ? Math.cos(n * Math.acos(x)) : Math.cosh(n * Math.acosh(x));

/**
 * The shortest filter that keeps what would alias onto [0, top] below `leak`, `top` in cycles per sample; undefined when
 * none is short enough. The pass band needs not be flat, because interpolation divides it out again, so all zeros go to
 * where the aliases come from: a Chebyshev polynomial in cos w that is small on the image of the pass band.
 * **Source:** C. Dolph, A current distribution for broadside arrays, Proc. IRE 34 (1946), with the axis turned round.
 */
function halfRateFilter(top: number, leak: number): HalfRateFilter | undefined {
  const cosine = Math.cos(2 * Math.PI * Math.max(top, 1 / 64));
  const scale = 1 - cosine;
  const stretch = (x: number): number => (2 * x + 1 + cosine) / scale;
  if (stretch(cosine) <= 1) return undefined;
  const degree = Math.ceil(Math.acosh(1 / leak) / Math.acosh(stretch(cosine)));
  if (degree > longestFilter) return undefined;
  const points = degree + 1;
  const peak = chebyshev(degree, stretch(1));
  const taps = Float32Array.from({ length: points }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < points; i++) {
      const w = (Math.PI * (i + 0.5)) / points;
      sum += chebyshev(degree, stretch(Math.cos(w))) * Math.cos(j * w);
    }
    return sum / points / peak;
  });
  return { taps };
}

/** Gain of a filter at `frequency` cycles per sample of its input. */
export function filterGain({ taps }: HalfRateFilter, frequency: number): number {
  return taps.reduce((sum, tap, j) => sum + (j === 0 ? tap : 2 * tap * Math.cos(2 * Math.PI * frequency * j)), 0);
}

/** Outputs of a filter that lie before the first input sample. */
export const filterLead = ({ taps }: HalfRateFilter): number => (taps.length - 1) >> 1;

/** Outputs of a filter for `length` input samples, tails included. */
export const filteredLength = (filter: HalfRateFilter, length: number): number =>
  ((length - 1 + filter.taps.length - 1) >> 1) + filterLead(filter) + 1;

/** Modified Bessel function of the first kind, order 0. */
function besselI0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / 2 / k) ** 2;
    sum += term;
  }
  return sum;
}

/** The Kaiser-Bessel pair: interpolation kernel on the grid, and its transform, which the samples are divided by. */
export interface Interpolator {
  /** Weight of a grid point `distance` points away. */
  readonly weight: (distance: number) => number;
  /** What to divide a sample `offset` samples from the centre of the grid by. */
  readonly spread: (offset: number) => number;
}

/**
 * The interpolation of a route.
 * **Source:** P. Beatty, D. Nishimura, J. Pauly, Rapid gridding reconstruction with a minimal oversampling ratio, IEEE
 * TMI 24 (2005), equations 2 and 4; their shape parameter (5) is within 2 % of ours.
 */
export function interpolator({ width, grid, length }: ZoomRoute): Interpolator {
  if (width === 0) return { weight: (distance) => (distance === 0 ? 1 : 0), spread: () => 1 };
  const oversampling = oversamplingOf(length, grid);
  // The shape with the least error, root mean square: 0.98..1.00 of pi width (1 - 1 / (2 oversampling)), found in float64.
  const beta = 0.995 * Math.PI * width * (1 - 0.5 / oversampling);
  // Divided by its peak, so that float32 keeps its range.
  const peak = besselI0(beta);
  return {
    weight: (distance) => {
      const x = (2 * distance) / width;
      return Math.abs(x) > 1 ? 0 : besselI0(beta * Math.sqrt(1 - x * x)) / peak;
    },
    spread: (offset) => {
      const square = beta * beta - ((Math.PI * width * offset) / grid) ** 2;
      const root = Math.sqrt(Math.abs(square));
      const ratio = root < 1e-6 ? 1 : (square > 0 ? Math.sinh(root) : Math.sin(root)) / root;
      return (width * ratio) / peak;
    },
  };
}

// Grid points per sample. A frame starts at an even point, so it may lie up to 1.5 points off the centre.
const oversamplingOf = (length: number, grid: number): number => grid / (length + 3);

// What is asked of the interpolation: its error, root mean square over a frame, and the oversampling below which the first
// and last samples are raised so much that the rounding of the transform shows. Short frames have few samples to average
// errors over, and cost next to nothing.
const accuracyOf = (length: number): { error: number; oversampling: number } =>
  length < 512 ? { error: 1e-7, oversampling: 1.8 } : { error: 7.5e-7, oversampling: 1.35 };

// The narrowest kernel that is exact enough. The law bounds errors computed in float64 for oversamplings of 1.2..32 and
// widths of 5..11; it is tight from 1.8 to 4, and up to 2 times too high near that.
function widthFor(length: number, grid: number): number {
  const oversampling = oversamplingOf(length, grid);
  const { error } = accuracyOf(length);
  return Math.ceil(Math.log((1.3 * oversampling) / error) / (Math.PI * Math.sqrt(1 - 1 / oversampling)));
}

// Nanoseconds per unit of work, measured once on one machine; only their proportions matter.
const cost = {
  window: 0.1,
  filter: (outputs: number, pairs: number) => outputs * (0.1 + 0.11 * pairs),
  fft: (grid: number) => 0.1 * grid * Math.log2(grid),
  group: (taps: number) => 1 + 0.6 * taps,
};

/**
 * The cheapest route to the given bins.
 * @param win samples of the window.
 * @param nfft points of the whole DFT, of which bins 0 .. nfft/2 exist.
 */
export function zoomRoute(win: number, nfft: number, ranges: readonly BinRange[]): ZoomRoute {
  const fold = win > nfft;
  const top = Math.max(...ranges.map(({ last }) => last)) / nfft;
  const groups = ranges.reduce((sum, { first, last }) => sum + Math.ceil((last - first + 1) / 4), 0);
  const filters: HalfRateFilter[] = [];
  let length = fold ? nfft : win;
  let spent = win * cost.window;
  let gain = 1;
  let best: { route: ZoomRoute; cost: number } | undefined;
  for (let rate = 1; ; rate *= 2) {
    const smallest = Math.max(2 * smallestFft, 2 ** Math.ceil(Math.log2(length)));
    for (const grid of [smallest, 2 * smallest]) {
      const spacing = (grid * rate) / nfft;
      const onGrid = Number.isInteger(spacing);
      if (!onGrid && oversamplingOf(length, grid) < accuracyOf(length).oversampling) continue;
      const width = onGrid ? 0 : widthFor(length, grid);
      const taps = Math.floor(width + 3 * spacing) + 1;
      const total = spent + cost.fft(grid) + groups * cost.group(taps);
      if (best === undefined || total < best.cost) {
        best = { route: { fold, filters: [...filters], length, grid, width, taps }, cost: total };
      }
    }
    const filter = fold ? undefined : halfRateFilter(top * rate, leakOf(filters.length));
    if (filter === undefined) break;
    gain *= filterGain(filter, top * rate);
    if (gain < leastGain) break;
    const outputs = filteredLength(filter, length);
    if (outputs >= length) break;
    spent += cost.filter(outputs, filter.taps.length - 1);
    length = outputs;
    filters.push(filter);
  }
  // The grid of twice the smallest size is always wide enough.
  return best!.route;
}
