// The bars over time: one column of a picture per video frame, in which whatever moves over the bars leaves its trace.
import type { Kernels } from '../kernels/module.js';
import { Rectifier } from '../kernels/rectifier.js';
import type { TimeStrip } from '../sound/plot-strip.js';
import type { Calibration } from '../types.js';
import type { FrameSource, LumaFrame } from '../video/frames.js';
import { barStrips, farMargin, nearMargin } from '../video/strip.js';

// Pixels of a cell: across the bars, and along them.
const cellWidth = 3;
const rows = 12;
// Seconds from one frame to the next do not matter for gray.
const anyInterval = 0.04;

/** Records what {@link TimeStrip} draws: the mean gray along the bars, for every third of a bar. */
export class StripRecorder {
  readonly #rectifier: Rectifier;
  readonly #height: number;
  readonly #columns: Uint8Array[] = [];

  /** @throws {TypeError | RangeError} for a calibration that cannot be. */
  constructor(kernels: Kernels, { width, height, range }: FrameSource, calibration: Calibration) {
    const warps = barStrips(calibration, { cellWidth, rows });
    this.#rectifier = new Rectifier(kernels, { width, height, format: 'gray8', range }, { warps });
    this.#height = warps.reduce((sum, warp) => sum + warp.width, 0);
  }

  /** Takes a frame. */
  look({ luma }: LumaFrame): void {
    this.#rectifier.run(anyInterval, luma.subarray(0, this.#rectifier.frame.bytes));
    const length = 1 + farMargin + nearMargin;
    const [top, bottom] = [farMargin, 1 + farMargin].map((edge) => Math.round((edge / length) * rows));
    const column = new Uint8Array(this.#height);
    let at = 0;
    for (const { width, gray } of this.#rectifier.views) {
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let y = top; y < bottom; y++) sum += gray[y * width + x];
        column[at++] = Math.min(255, Math.max(0, Math.round((255 * sum) / (bottom - top))));
      }
    }
    this.#columns.push(column);
  }

  /**
   * What has been recorded, low bars first: gray less its own median over time, so that what stands still is middle gray.
   * @param duration length of the picture, s.
   */
  strip(duration: number): TimeStrip {
    const height = this.#height;
    const frames = this.#columns.length;
    const data = new Uint8Array(height * frames);
    const counts = new Uint32Array(256);
    for (let y = 0; y < height; y++) {
      counts.fill(0);
      for (const column of this.#columns) counts[column[y]]++;
      let median = 0;
      for (let seen = counts[0]; 2 * seen < frames; seen += counts[median]) median++;
      for (let x = 0; x < frames; x++) {
        data[y * frames + x] = Math.min(255, Math.max(0, 128 + 3 * (this.#columns[x][y] - median)));
      }
    }
    return { height, frames, data, duration };
  }
}
