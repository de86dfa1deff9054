// The two resize filters as tables for the frame kernels: which source pixels an output pixel takes, and how much of each.

/** How an output pixel is made: the triangle filter over all the pixels it covers, or the four around its centre. */
export type ResizeMode = 'antialiased' | 'bilinear';

/** Horizontal half of the triangle filter. */
export interface ColumnTaps {
  /** Per four output columns: four byte offsets, then their float32 weights, four vectors at a time. */
  readonly words: Int32Array<ArrayBuffer>;
  /** Weights per output column, a multiple of four; those past the filter's end are zero. */
  readonly taps: number;
}

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);
/** Bit pattern of `x` as float32, for tables that mix integers and floats. */
function floatBits(x: number): number {
  float[0] = x;
  return bits[0];
}

const beginsPair = 1;
const completesRow = 2;

/**
 * Vertical half of the triangle filter: blocks of at most `maxRows` source rows for `frameAntialiased`, six words each
 * (byte offset of the first row, rows, flags, three float32). `gain` multiplies every output pixel.
 * **Source:** the triangle filter of half-width max(1, scale), centres at half pixels, weights normalised over the pixels
 * inside the picture: Pillow's `BILINEAR`, PyTorch's `interpolate(mode="bilinear", antialias=True)`.
 */
export function rowBlocks(
  height: number,
  outHeight: number,
  stride: number,
  maxRows: number,
  gain: number,
): Int32Array<ArrayBuffer> {
  const scale = height / outHeight;
  const words: number[] = [];
  const block = (row: number, rows: number, flags: number, d: number, e: number, rowGain: number): void => {
    words.push(row * stride, rows, flags, floatBits(d), floatBits(e), floatBits(rowGain));
  };
  if (scale <= 1) {
    // Every output row is a mix of two neighbours. In a block of one row P = Q, so the row above gets (1 + e) P, and
    // d = 1 keeps the row below at zero. The first block only makes it zero.
    block(0, 1, beginsPair, 1, 0, 0);
    for (let j = 0; j < outHeight; j++) {
      const centre = (j + 0.5) * scale - 0.5;
      const row = Math.floor(centre);
      const upper = Math.max(0, row);
      const lower = Math.min(height - 1, row + 1);
      const mix = centre - row;
      if (upper === lower || mix === 0) block(upper, 1, beginsPair | completesRow, 1, 0, gain);
      else {
        block(upper, 1, beginsPair, 1, -mix, 0);
        block(lower, 1, completesRow, 1, mix - 1, gain);
      }
    }
    return Int32Array.from(words);
  }
  // Segment j holds the rows between the centres of output rows j - 1 and j.
  const norm = new Float64Array(outHeight + 1);
  const first = (j: number): number => (j <= 0 ? 0 : j > outHeight ? height : Math.ceil((j - 0.5) * scale - 0.5));
  for (let j = 0; j <= outHeight; j++) {
    for (let y = first(j); y < first(j + 1); y++) {
      const distance = y + 0.5 - (j - 0.5) * scale;
      norm[j] += distance;
      if (j > 0) norm[j - 1] += scale - distance;
    }
  }
  for (let j = 0; j <= outHeight; j++) {
    const end = first(j + 1);
    for (let y = first(j); y < end; y += maxRows) {
      const rows = Math.min(maxRows, end - y);
      const d = y + rows + 0.5 - (j - 0.5) * scale;
      const last = y + rows === end && j > 0;
      const flags = (y === first(j) ? beginsPair : 0) | (last ? completesRow : 0);
      block(y, rows, flags, d, scale - d, last ? gain / norm[j - 1] : 0);
    }
  }
  return Int32Array.from(words);
}

/** Taps for `frameAntialiased`, the same triangle filter as `rowBlocks` along a row. */
export function columnTaps(width: number, outWidth: number): ColumnTaps {
  const scale = width / outWidth;
  const reach = Math.max(1, scale);
  const begin = (i: number): number => Math.max(0, Math.floor((i + 0.5) * scale - reach + 0.5));
  const end = (i: number): number => Math.min(width, Math.floor((i + 0.5) * scale + reach + 0.5));
  let widest = 1;
  for (let i = 0; i < outWidth; i++) widest = Math.max(widest, end(i) - begin(i));
  const taps = Math.ceil(widest / 4) * 4;
  const groups = Math.ceil(outWidth / 4);
  const words = new Int32Array(groups * (4 + 4 * taps));
  const weights = new Float32Array(words.buffer);
  for (let i = 0; i < outWidth; i++) {
    const centre = (i + 0.5) * scale;
    const weight = (x: number): number => Math.max(0, 1 - Math.abs(x + 0.5 - centre) / reach);
    let sum = 0;
    for (let x = begin(i); x < end(i); x++) sum += weight(x);
    const group = (i >> 2) * (4 + 4 * taps);
    const lane = i & 3;
    words[group + lane] = begin(i) * 4;
    for (let t = 0; t < end(i) - begin(i); t++)
      weights[group + 4 + (t >> 2) * 16 + lane * 4 + (t & 3)] = weight(begin(i) + t) / sum;
  }
  return { words, taps };
}

/**
 * Table of one axis for `frameBilinear`: per output pixel two byte offsets and two float32 weights. A neighbour outside
 * the picture weighs nothing, as if the picture lay on black.
 * **Source:** scikit-image 0.13 `transform.resize`, whose defaults are order 1, `mode='constant'`, `cval=0`.
 */
export function bilinearTaps(size: number, outSize: number, step: number): Int32Array<ArrayBuffer> {
  const words = new Int32Array(outSize * 4);
  const weights = new Float32Array(words.buffer);
  for (let i = 0; i < outSize; i++) {
    const centre = ((i + 0.5) * size) / outSize - 0.5;
    const low = Math.floor(centre);
    const high = low + 1;
    words[4 * i] = Math.max(0, low) * step;
    words[4 * i + 1] = Math.min(size - 1, high) * step;
    weights[4 * i + 2] = low < 0 ? 0 : high - centre;
    weights[4 * i + 3] = high > size - 1 ? 0 : centre - low;
  }
  return words;
}
