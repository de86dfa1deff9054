// Rectifier: a video frame to the small pictures a model looks at, and to their difference channels.
import { traceFootprints } from './footprints.js';
import type { Warp } from './footprints.js';
import { f32, i32, openInstance, u8 } from './instance.js';
import type { KernelExports } from './generated/exports.js';
import type { Kernels } from './module.js';
import { checkCount, checkFields, copyFrame, frameLayout } from './pixel-format.js';
import type { FrameFormat, FrameLayout } from './pixel-format.js';

/** What a `Rectifier` makes. Only `warps` has to be given. */
export interface RectifierOptions {
  /** The views to make of each frame: `barStrips(calibration)`, or one `keyboardView(...)`. */
  readonly warps: readonly Warp[];
  /** Time constant of the running mean, seconds, above 0. Default: 1. */
  readonly timeConstant?: number;
}

/** One small picture, renewed by every `run()`. Arrays are views of the plan's memory, valid for the life of the plan. */
export interface RectifiedView {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** [height x width] gray, 0..1 from black to white, the player's side in the last row. Valid until the next run(). */
  readonly gray: Float32Array<ArrayBuffer>;
  /** [3 x height x width] difference channels, see {@link Rectifier}. Valid until the next run(). */
  readonly output: Float32Array<ArrayBuffer>;
  /** [height x width] how much of each pixel's footprint lies inside the picture, 0..1. Never changes. */
  readonly coverage: Float32Array;
}

/** What the standard deviation of a frame is raised by: four steps of an 8-bit picture. Keeps noise small in dull frames. */
export const deviationFloor = 4 / 255;
/** Gain of the two frame differences. */
export const differenceGain = 2;
/** Gain of the frame less its running mean. */
export const meanGain = 1.5;

/** All that a {@link Rectifier} remembers, as plain data. */
export interface RectifierState {
  /** The frame seen last, [frame.bytes]. */
  readonly input: Uint8Array<ArrayBuffer>;
  /** Gray, gray of the frame before, running means and channels of all views, as they lie in memory. */
  readonly planes: readonly Float32Array<ArrayBuffer>[];
  readonly elapsed: number;
  readonly frames: number;
}

interface Placed extends RectifiedView {
  groups: number;
  outputs: number;
  counts: number;
  blocks: number;
  scales: number;
  grayAt: number;
  outputAt: number;
  last: number;
  mean: number;
}

/**
 * Gray, antialiased warp and difference channels in one pass over the pixels that are needed.
 *
 * Every pixel of a view is the mean of its footprint in the frame; outside the frame the nearest edge counts, and
 * `coverage` tells how much that is. Four-byte pixels become gray first, rounded to 8 bits; a luma plane is read as it is.
 * Gray runs from 0 (black of the frame's range) to 1 (white), unclipped.
 *
 * The three channels of `output`, for frame k of gray g[k] with mean m[k] and standard deviation s[k] (over all pixels of
 * the view, divided by their number), z[k] = g[k] - m[k]:
 * - 0: channel 1 of the frame before;
 * - 1: 2 (z[k] - z[k-1]) / (s[k] + 4/255);
 * - 2: 1.5 (z[k] - b[k-1]) / (s[k] + 4/255), where b[k] = b[k-1] + c (z[k] - b[k-1]) is the running mean,
 *   c = max(1 - exp(-dt / timeConstant), dt / T), dt the interval before frame k, T the time that frames 0..k stand for.
 *
 * So the running mean is the plain mean of all frames at first and forgets exponentially later, at the same pace for any
 * frame rate. After construction or `reset()`, frame 0 gives zeros, frame 1 a channel 0 of zeros.
 *
 * **Source:** differences as in the project's experiments with bar strips (at 25 fps their weight of a new frame, 0.04, is a
 * time constant of 0.98 s).
 */
export class Rectifier {
  /** The frame format, every default filled in. */
  readonly frame: FrameLayout;
  /** The next frame's bytes go here: `frame.bytes` of them. The same view for life; `run()` does not change it. */
  readonly input: Uint8Array<ArrayBuffer>;
  /** One view per warp, in their order. */
  readonly views: readonly RectifiedView[];
  readonly #timeConstant: number;
  readonly #blackAt: number;
  readonly #gains: Float32Array<ArrayBuffer>;
  readonly #gainsAt: number;
  readonly #kernels: KernelExports;
  readonly #placed: readonly Placed[];
  readonly #inputAt: number;
  readonly #lumaAt: number;
  readonly #lumaStride: number;
  readonly #spansAt: number;
  readonly #evenWeights: number;
  readonly #oddWeight: number;
  readonly #planes: readonly Float32Array<ArrayBuffer>[];
  #elapsed = 0;
  #frames = 0;

  /**
   * Traces every footprint and lays out all memory; takes some tens of milliseconds, the first time in a process a few hundred.
   * @param frame what the frames look like. Of another size than the warps' picture, the warps are scaled to it.
   * @throws {TypeError | RangeError} for a frame format that cannot be, no warps, a warp whose size is no whole number of
   *   1..8192 or whose mesh does not fit, a time constant that is not above 0, or a plan beyond 1 GiB.
   */
  constructor(kernels: Kernels, frame: FrameFormat, options: RectifierOptions) {
    const layout = frameLayout(frame);
    checkFields('options', options, 'warps');
    const { warps, timeConstant = 1 } = options;
    if (!Array.isArray(warps) || warps.length === 0) {
      throw new TypeError(
        `warps: expected a list of at least one, got ${Array.isArray(warps) ? 'none' : typeof warps}.`,
      );
    }
    if (!(timeConstant > 0)) throw new RangeError(`timeConstant: expected seconds above 0, got ${timeConstant}.`);
    const { width, height, stride, bytesPerPixel } = layout;
    const lumaStride = bytesPerPixel === 4 ? width : stride;
    const traced = (warps as readonly Warp[]).map((warp) => {
      checkWarp(warp);
      return { warp, ...traceFootprints(warp, { width, height, stride: lumaStride }) };
    });
    const total = (size: (warp: (typeof traced)[number]) => number): number =>
      traced.reduce((sum, one) => sum + size(one), 0);
    const groups = total(({ counts }) => counts.length);
    const planes = total(({ warp }) => align(3 * warp.width * warp.height));
    const { exports, views, at } = openInstance(kernels, {
      // Kernels read up to 60 bytes past a frame and 7 past the luma, and write 15 past it.
      input: u8(layout.bytes + 64),
      luma: u8(bytesPerPixel === 4 ? width * height + 16 : 0),
      gains: f32(4),
      black: f32(1),
      spans: i32(2 * height),
      counts: i32(groups),
      blocks: u8(total(({ blocks }) => blocks.length)),
      scales: f32(4 * groups),
      gray: f32(4 * groups),
      last: f32(4 * groups),
      mean: f32(4 * groups),
      output: f32(planes),
    });
    this.input = views.input.subarray(0, layout.bytes);
    const spans = views.spans;
    for (let y = 0; y < height; y++) {
      const used = traced.filter((one) => one.spans[2 * y + 1] > 0);
      if (used.length === 0) continue;
      spans[2 * y] = Math.min(...used.map((one) => one.spans[2 * y]));
      spans[2 * y + 1] = Math.max(...used.map((one) => one.spans[2 * y + 1]));
    }
    let [group, block, plane] = [0, 0, 0];
    this.#placed = traced.map(({ warp, counts, blocks, scales, coverage }) => {
      const outputs = warp.width * warp.height;
      views.counts.set(counts, group);
      views.blocks.set(blocks, block);
      for (const [i, scale] of scales.entries()) views.scales[4 * group + i] = scale / (layout.white - layout.black);
      const placed: Placed = {
        width: warp.width,
        height: warp.height,
        gray: views.gray.subarray(4 * group, 4 * group + outputs),
        output: views.output.subarray(plane, plane + 3 * outputs),
        coverage,
        groups: counts.length,
        outputs,
        counts: at.counts + 4 * group,
        blocks: at.blocks + block,
        scales: at.scales + 16 * group,
        grayAt: at.gray + 16 * group,
        outputAt: at.output + 4 * plane,
        last: at.last + 16 * group,
        mean: at.mean + 16 * group,
      };
      group += counts.length;
      block += blocks.length;
      plane += align(3 * outputs);
      return placed;
    });
    const [first, second, third] = layout.weights.map((weight) => Math.round(weight * 32768));
    this.#evenWeights = first | (third << 16);
    // What rounding left over goes to green, so that white stays white.
    this.#oddWeight = second + 32768 - (first + second + third);
    this.frame = layout;
    this.#lumaStride = lumaStride;
    this.#timeConstant = timeConstant;
    views.gains.set([0, deviationFloor, differenceGain, meanGain]);
    views.black[0] = layout.black / (layout.white - layout.black);
    this.#gains = views.gains;
    this.#gainsAt = at.gains;
    this.#planes = [views.gray, views.last, views.mean, views.output];
    this.#blackAt = at.black;
    this.#kernels = exports;
    this.#inputAt = at.input;
    this.#lumaAt = bytesPerPixel === 4 ? at.luma : at.input;
    this.#spansAt = at.spans;
    this.views = this.#placed.map(({ width, height, gray, output, coverage }) => ({
      width,
      height,
      gray,
      output,
      coverage,
    }));
  }

  /** Difference channels of the first view: [3 x height x width], ready for a model's `image`. Valid until the next run(). */
  get output(): Float32Array<ArrayBuffer> {
    return this.views[0].output;
  }

  /**
   * Takes the frame in `input`, or first copies `frame` there, renews all views and returns `output`.
   * @param interval seconds since the frame before; of the first frame after construction or `reset()` it does not matter.
   * @throws {RangeError} when the interval is not a finite number above 0.
   * @throws {TypeError | RangeError} when `frame` is not bytes, or not as many as the format needs.
   */
  run(interval: number, frame?: Uint8Array | Uint8ClampedArray): Float32Array<ArrayBuffer> {
    if (!(interval > 0 && interval < Infinity)) {
      throw new RangeError(`interval: expected seconds above 0, got ${interval}.`);
    }
    if (frame !== undefined) copyFrame(frame, this.input, this.frame);
    const kernels = this.#kernels;
    const { height, stride, bytesPerPixel } = this.frame;
    if (bytesPerPixel === 4) {
      kernels.rectifyGray(
        this.#inputAt,
        stride,
        this.#lumaAt,
        this.#lumaStride,
        this.#spansAt,
        height,
        this.#evenWeights,
        this.#oddWeight,
      );
    }
    // Frame 0 stands for as long a time as frame 1.
    this.#elapsed = this.#frames === 1 ? 2 * interval : this.#elapsed + interval;
    // Through memory: a fraction handed to wasm may have to become an object first.
    this.#gains[0] = Math.max(1 - Math.exp(-interval / this.#timeConstant), interval / this.#elapsed);
    const first = this.#frames === 0;
    this.#frames++;
    // eslint-disable-next-line @typescript-eslint/prefer-for-of -- an iterator is an object, and this runs per frame
    for (let i = 0; i < this.#placed.length; i++) {
      const view = this.#placed[i];
      kernels.rectifyWarp(this.#lumaAt, view.counts, view.blocks, view.scales, this.#blackAt, view.grayAt, view.groups);
      kernels.rectifyDifferences(view.grayAt, view.outputs, view.outputAt, view.last, view.mean, first, this.#gainsAt);
    }
    return this.output;
  }

  /** Forgets all earlier frames, as after a cut or a seek. */
  reset(): void {
    this.#frames = 0;
    this.#elapsed = 0;
  }

  /** What it remembers; a copy. */
  snapshot(): RectifierState {
    return {
      input: this.input.slice(),
      planes: this.#planes.map((plane) => plane.slice()),
      elapsed: this.#elapsed,
      frames: this.#frames,
    };
  }

  /**
   * Goes on exactly where the rectifier was that the state is of.
   * @throws {RangeError} when that one's frames or views are of other sizes.
   */
  restore({ input, planes, elapsed, frames }: RectifierState): void {
    const lengths = (arrays: readonly ArrayLike<unknown>[]): string => arrays.map(({ length }) => length).join(' ');
    const [expected, got] = [lengths([this.input, ...this.#planes]), lengths([input, ...planes])];
    if (got !== expected) throw new RangeError(`expected a state of ${expected} numbers, got ${got}`);
    this.input.set(input);
    for (const [i, plane] of planes.entries()) this.#planes[i].set(plane);
    this.#elapsed = elapsed;
    this.#frames = frames;
  }
}

const align = (count: number): number => (count + 7) & ~3;

function checkWarp(warp: Warp): void {
  checkFields('warp', warp, 'width, height, picture and mesh');
  checkFields('warp.picture', warp.picture, 'width and height');
  if (!(warp.mesh instanceof Float64Array)) {
    throw new TypeError(`warp.mesh: expected a Float64Array, got ${typeof warp.mesh}.`);
  }
  checkCount('warp.width', warp.width, 1, 8192);
  checkCount('warp.height', warp.height, 1, 8192);
  checkCount('warp.picture.width', warp.picture.width, 1, 16384);
  checkCount('warp.picture.height', warp.picture.height, 1, 16384);
}
