// Which pixels of the large picture each pixel of a small one averages, as taps in the form the kernel reads.

/** Where each pixel of a small picture comes from in a large one. Plain data; easy to draw over a video. */
export interface Warp {
  /** Columns of the small picture. */
  readonly width: number;
  /** Rows of the small picture. */
  readonly height: number;
  /** Size of the picture the mesh speaks of, pixels. Frames of another size are scaled to it. */
  readonly picture: { readonly width: number; readonly height: number };
  /**
   * [(height + 1) x (width + 1) x 2] x, y of the corners of the small picture's pixels, in pixels of the large picture,
   * row-major. Pixel (0, 0) of a picture covers 0..1 x 0..1.
   */
  readonly mesh: Float64Array;
}

/** The gray plane that taps point into. */
export interface GrayPlane {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Bytes from one row to the next. */
  readonly stride: number;
}

/** The taps of a warp. Outputs come in fours, so that the kernel keeps four sums in registers. */
export interface Footprints {
  /** [groups] blocks of each group of four outputs. */
  readonly counts: Int32Array;
  /**
   * Blocks of 48 bytes, group after group: for each of the four outputs the offset (u32) of a run of eight pixels, then for
   * each the weights (u8) of its run. Outputs with fewer runs than their neighbours end in runs of weight 0.
   */
  readonly blocks: Uint8Array;
  /** [groups x 4] one over the sum of an output's weights; 0 for outputs that fill up the last group. */
  readonly scales: Float32Array;
  /** [height x width] how much of each footprint lies inside the picture, 0..1. */
  readonly coverage: Float32Array;
  /** [rows of the plane x 2] first column that has weight, and the one past the last; equal where none has. */
  readonly spans: Int32Array;
}

// Samples per pixel of the plane along a footprint's sides, and the most along one side.
const density = 2;
const fewestSamples = 4;
const mostSamples = 512;

const runLength = 8;
const blockBytes = 48;
const largestWeight = 255;

/**
 * Traces the footprint of every output pixel.
 *
 * The footprint is the quadrilateral that the pixel's four mesh corners span. The output is the mean of n x m samples at
 * the centres of an n x m division of it, where n and m are twice the longer of its opposite sides in pixels, rounded up,
 * from 4 to 512. A sample interpolates the plane bilinearly between pixel centres; outside, it has the value of the nearest
 * edge. So a footprint of many pixels is averaged in full, whatever its direction and shape, and one smaller than a pixel
 * is interpolated. Weights are rounded to 1/255 of the output's largest.
 * @throws {RangeError} when the mesh holds numbers that are not finite, or its length does not fit its size.
 * **Source:** area sampling, Heckbert, Fundamentals of Texture Mapping (1989), 3.
 */
export function traceFootprints(warp: Warp, { width, height, stride }: GrayPlane): Footprints {
  const { mesh } = warp;
  const expected = (warp.width + 1) * (warp.height + 1) * 2;
  if (mesh.length !== expected || !mesh.every(Number.isFinite)) {
    throw new RangeError(`A mesh of ${warp.width} x ${warp.height} pixels has ${expected} finite numbers, got others.`);
  }
  const outputs = warp.width * warp.height;
  const groups = Math.ceil(outputs / 4);
  const sx = width / warp.picture.width;
  const sy = height / warp.picture.height;
  const counts = new Int32Array(groups);
  const scales = new Float32Array(groups * 4);
  const coverage = new Float32Array(outputs);
  const spans = new Int32Array(height * 2);
  for (let y = 0; y < height; y++) spans[2 * y] = width;
  let blocks = new Uint8Array(blockBytes * 1024);
  let words = new Uint32Array(blocks.buffer);
  let end = 0;
  let window = new Float64Array(1024);
  const box = { width, height, x0: 0, y0: 0, pitch: 0 };

  for (let output = 0; output < groups * 4; output++) {
    const lane = output % 4;
    const group = output >> 2;
    if (lane === 0 && group > 0) end += counts[group - 1] * blockBytes;
    if (output >= outputs) continue;
    const above = ((output / warp.width) | 0) * (warp.width + 1) * 2 + (output % warp.width) * 2;
    const below = above + (warp.width + 1) * 2;
    // Half a pixel off, so that pixel centres are whole numbers.
    const [ax, ay] = [mesh[above] * sx - 0.5, mesh[above + 1] * sy - 0.5];
    const [bx, by] = [mesh[above + 2] * sx - 0.5, mesh[above + 3] * sy - 0.5];
    const [cx, cy] = [mesh[below + 2] * sx - 0.5, mesh[below + 3] * sy - 0.5];
    const [dx, dy] = [mesh[below] * sx - 0.5, mesh[below + 1] * sy - 0.5];
    const n = samplesOf(Math.max(Math.hypot(bx - ax, by - ay), Math.hypot(cx - dx, cy - dy)));
    const m = samplesOf(Math.max(Math.hypot(dx - ax, dy - ay), Math.hypot(cx - bx, cy - by)));
    const x0 = clamp(Math.floor(Math.min(ax, bx, cx, dx)), width);
    const y0 = clamp(Math.floor(Math.min(ay, by, cy, dy)), height);
    const columns = clamp(Math.floor(Math.max(ax, bx, cx, dx)) + 1, width) - x0 + 1;
    const rows = clamp(Math.floor(Math.max(ay, by, cy, dy)) + 1, height) - y0 + 1;
    // One column and row more: the neighbour, of weight 0, of a sample on the last.
    const pitch = columns + 1;
    const area = pitch * (rows + 1);
    if (window.length < area) window = new Float64Array(area * 2);
    window.fill(0, 0, area);

    box.x0 = x0;
    box.y0 = y0;
    box.pitch = pitch;
    coverage[output] = addSamples(window, box, n, m, ax, ay, bx, by, cx, cy, dx, dy) / (n * m);

    let peak = 0;
    for (let k = 0; k < area; k++) if (window[k] > peak) peak = window[k];
    let sum = 0;
    let count = 0;
    for (let row = 0; row < rows; row++) {
      const start = row * pitch;
      let from = columns;
      let to = 0;
      for (let k = 0; k < columns; k++) {
        const weight = Math.round((window[start + k] * largestWeight) / peak);
        window[start + k] = weight;
        if (weight === 0) continue;
        sum += weight;
        if (from === columns) from = k;
        to = k + 1;
      }
      if (from === columns) continue;
      const y = y0 + row;
      if (x0 + from < spans[2 * y]) spans[2 * y] = x0 + from;
      if (x0 + to > spans[2 * y + 1]) spans[2 * y + 1] = x0 + to;
      for (; from < to; from += runLength, count++) {
        const block = end + count * blockBytes;
        if (block + blockBytes > blocks.length) {
          const larger = new Uint8Array(blocks.length * 2);
          larger.set(blocks);
          blocks = larger;
          words = new Uint32Array(blocks.buffer);
        }
        words[block / 4 + lane] = y * stride + x0 + from;
        const weights = block + 16 + lane * runLength;
        for (let k = 0; k < runLength && from + k < to; k++) blocks[weights + k] = window[start + from + k];
      }
    }
    scales[output] = 1 / sum;
    counts[group] = Math.max(counts[group], count);
  }
  end += counts[groups - 1] * blockBytes;
  for (let y = 0; y < height; y++) if (spans[2 * y + 1] === 0) spans[2 * y] = 0;
  return { counts, blocks: blocks.slice(0, end), scales, coverage, spans };
}

/**
 * Adds the weights of n x m samples of the quadrilateral a b c d to the window, whose first pixel is (x0, y0); returns how
 * many samples lie inside the picture. A function of its own, so that engines compile it after the first few pixels.
 */
function addSamples(
  window: Float64Array,
  { width, height, x0, y0, pitch }: { width: number; height: number; x0: number; y0: number; pitch: number },
  n: number,
  m: number,
  ax: number,
  ay: number,
  bx: number,
  by: number,
  cx: number,
  cy: number,
  dx: number,
  dy: number,
): number {
  let inside = 0;
  for (let j = 0; j < m; j++) {
    const t = (j + 0.5) / m;
    const lx = ax + (dx - ax) * t;
    const ly = ay + (dy - ay) * t;
    const rx = (bx + (cx - bx) * t - lx) / n;
    const ry = (by + (cy - by) * t - ly) / n;
    for (let i = 0; i < n; i++) {
      const x = lx + rx * (i + 0.5);
      const y = ly + ry * (i + 0.5);
      if (x >= -0.5 && y >= -0.5 && x < width - 0.5 && y < height - 0.5) inside++;
      const px = x < 0 ? 0 : x > width - 1 ? width - 1 : x;
      const py = y < 0 ? 0 : y > height - 1 ? height - 1 : y;
      const ix = px | 0;
      const iy = py | 0;
      const fx = px - ix;
      const fy = py - iy;
      const at = (iy - y0) * pitch + ix - x0;
      window[at] += (1 - fx) * (1 - fy);
      window[at + 1] += fx * (1 - fy);
      window[at + pitch] += (1 - fx) * fy;
      window[at + pitch + 1] += fx * fy;
    }
  }
  return inside;
}

const samplesOf = (length: number): number =>
  Math.min(Math.max(Math.ceil(length * density), fewestSamples), mostSamples);
const clamp = (value: number, size: number): number => Math.min(Math.max(value, 0), size - 1);
