// Whether the bars are still where the calibration says: a camera or an instrument that was bumped.
import type { Kernels } from '../kernels/module.js';
import type { FrameFormat } from '../kernels/pixel-format.js';
import { Rectifier } from '../kernels/rectifier.js';
import type { Calibration } from '../types.js';
import { barStrips, farMargin, nearMargin } from './strip.js';

/** What a {@link BarWatch} finds. */
export interface BarVerdict {
  /** How much of the outlines that were seen first is there still, -1..1. */
  readonly agreement: number;
  /** How far the bars seem to have gone: in bar widths to the high side, in bar lengths to the player. */
  readonly shift: { readonly across: number; readonly along: number };
  /** True once, when they have been elsewhere for {@link patience} verdicts; and again after they have been back. */
  readonly moved: boolean;
}

/** Pictures of which the median is taken: who passes, or plays on, covers a bar in fewer than half of them. */
const depth = 5;
/** Verdicts that must agree. */
export const patience = 3;
// Columns of a bar's cell, rows of a strip: those of the model that ships.
const [cellWidth, rows] = [12, 48];
const barLength = rows / (1 + farMargin + nearMargin);
// A sixth of a bar: from there on models hear the wrong one now and then.
const tolerance = { x: cellWidth / 6, y: barLength / 6 };
const reach = { x: cellWidth, y: 12 };
// Below this, the bars are not there at all. Measured on playing that nobody disturbs: never below 0.55.
const lowest = 0.3;

interface View {
  readonly gray: Float32Array;
  readonly width: number;
  readonly height: number;
  /** Last pictures, [height x width] each. */
  readonly recent: readonly Float32Array[];
  readonly median: Float32Array;
  /** Slopes to the right and down, of the first median and of this one. */
  readonly first: readonly [Float32Array, Float32Array];
  readonly now: readonly [Float32Array, Float32Array];
}

/**
 * Compares the bars of now with the bars as they were first seen.
 *
 * Every picture is rectified; of the last five the median is taken pixel by pixel, and of the medians the slopes, which light
 * changes little. The slopes of now, moved up to a bar's width and a half of its length, are correlated with the first ones:
 * bars that agree better elsewhere than where they were, a sixth of a bar away or more, have been moved.
 */
export class BarWatch {
  /** Seconds that should pass from picture to picture. */
  readonly interval = 0.8;
  readonly #rectifier: Rectifier;
  readonly #views: readonly View[];
  readonly #pictures: readonly Uint8Array<ArrayBuffer>[];
  readonly #five = new Float32Array(depth);
  #seen = 0;
  #energy = 0;
  #away = 0;

  /**
   * @param frame what the pictures look like: a luma plane.
   * @throws {TypeError | RangeError} as `barStrips` and {@link Rectifier}.
   */
  constructor(kernels: Kernels, calibration: Calibration, frame: FrameFormat) {
    this.#rectifier = new Rectifier(kernels, frame, { warps: barStrips(calibration, { cellWidth, rows }) });
    const plane = (length: number): Float32Array => new Float32Array(length);
    this.#views = this.#rectifier.views.map(({ gray, width, height }) => ({
      gray,
      width,
      height,
      recent: Array.from({ length: depth }, () => plane(gray.length)),
      median: plane(gray.length),
      first: [plane(gray.length), plane(gray.length)],
      now: [plane(gray.length), plane(gray.length)],
    }));
    const bytes = this.#rectifier.frame.bytesRead;
    this.#pictures = Array.from({ length: depth }, () => new Uint8Array(bytes));
  }

  /**
   * Takes a picture, every {@link interval} seconds. Returns a verdict with every fifth one, from the tenth on.
   * @param luma as the frame format says; more bytes than it needs do no harm. Copied.
   */
  push(luma: Uint8Array): BarVerdict | undefined {
    const slot = this.#seen % depth;
    this.#seen += 1;
    const picture = this.#pictures[slot];
    picture.set(luma.subarray(0, picture.length));
    this.#rectifier.run(this.interval, picture);
    for (const { gray, recent } of this.#views) recent[slot].set(gray);
    if (this.#seen % depth !== 0) return undefined;
    const isFirst = this.#seen === depth;
    for (const view of this.#views) {
      this.#takeMedian(view.recent, view.median);
      slopes(view, isFirst ? view.first : view.now);
    }
    if (!isFirst) return this.#judge();
    this.#energy = this.#views.reduce((sum, { first }) => sum + energy(first), 0);
    return undefined;
  }

  /** The median of the last pictures, [height x width] luma: what stands still. A new array. */
  picture(): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(this.#pictures[0].length);
    const five = this.#five;
    const count = Math.min(this.#seen, depth);
    for (let i = 0; i < out.length; i++) {
      for (let k = 0; k < depth; k++) five[k] = this.#pictures[count === 0 ? 0 : k % count][i];
      out[i] = five.sort()[depth >> 1];
    }
    return out;
  }

  /** Sees the bars for the first time again. */
  reset(): void {
    this.#seen = 0;
    this.#away = 0;
  }

  #judge(): BarVerdict {
    const norm = Math.sqrt(this.#energy * this.#views.reduce((sum, { now }) => sum + energy(now), 0)) || 1;
    const score = (dx: number, dy: number): number =>
      this.#views.reduce((sum, view) => sum + correlate(view, dx, dy), 0) / norm;
    const agreement = score(0, 0);
    let best = { dx: 0, dy: 0, score: agreement };
    const tryOut = (dx: number, dy: number): void => {
      const here = score(dx, dy);
      if (here > best.score) best = { dx, dy, score: here };
    };
    for (let dy = -reach.y; dy <= reach.y; dy += 2) for (let dx = -reach.x; dx <= reach.x; dx += 2) tryOut(dx, dy);
    const { dx: x, dy: y } = best;
    for (let dy = y - 1; dy <= y + 1; dy++) for (let dx = x - 1; dx <= x + 1; dx++) tryOut(dx, dy);
    const { dx, dy } = best;
    const elsewhere = Math.abs(dx) >= tolerance.x || Math.abs(dy) >= tolerance.y;
    this.#away = (elsewhere && best.score > 1.1 * agreement) || agreement < lowest ? this.#away + 1 : 0;
    return {
      agreement,
      shift: { across: dx / cellWidth, along: dy / barLength },
      moved: this.#away === patience,
    };
  }

  #takeMedian(recent: readonly Float32Array[], out: Float32Array): void {
    const five = this.#five;
    for (let i = 0; i < out.length; i++) {
      for (let k = 0; k < depth; k++) five[k] = recent[k][i];
      out[i] = five.sort()[depth >> 1];
    }
  }
}

// Rows of a strip that show bars, not the player's hands.
const [top, bottom] = [2, Math.round((1 + farMargin) * barLength)];

function slopes({ median, width }: View, [right, down]: readonly [Float32Array, Float32Array]): void {
  for (let y = top; y < bottom; y++) {
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x;
      right[i] = median[i + 1] - median[i - 1];
      down[i] = median[i + width] - median[i - width];
    }
  }
}

const energy = (planes: readonly Float32Array[]): number =>
  planes.reduce((sum, plane) => sum + plane.reduce((part, value) => part + value * value, 0), 0);

/** How well the slopes of now, taken from (dx, dy) away, agree with the first ones. */
function correlate({ first, now, width }: View, dx: number, dy: number): number {
  const [right, down] = first;
  const [rightNow, downNow] = now;
  const [left, end] = [Math.max(1, 1 - dx), Math.min(width - 1, width - 1 - dx)];
  let sum = 0;
  for (let y = Math.max(top, top - dy); y < Math.min(bottom, bottom - dy); y++) {
    const from = y * width;
    const to = (y + dy) * width + dx;
    for (let x = left; x < end; x++) sum += right[from + x] * rightNow[to + x] + down[from + x] * downNow[to + x];
  }
  return sum;
}
