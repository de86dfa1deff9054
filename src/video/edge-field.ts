// Where the picture's brightness steps, and which way: the evidence that bars have sides and ends.
import type { LumaPicture } from './median-picture.js';

/**
 * Directions of a picture's brightness steps at one scale. `gx`, `gy` point towards the brighter side; their length is
 * 0 where nothing steps, near 1 where a step stands out from the picture's own noise and texture, however strong it is.
 */
export interface EdgeField {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Pixels of the picture per sample of the field. */
  readonly scale: number;
  /** [height x width]. */
  readonly gx: Float32Array;
  /** [height x width]. */
  readonly gy: Float32Array;
}

/**
 * Makes an edge field.
 * @param sigma width of the smallest detail that counts, pixels of the picture.
 * @param region pixels [x0, y0, x1, y1] whose typical step counts as noise; default: all of them.
 */
export function edgeField(
  picture: LumaPicture,
  sigma: number,
  region: readonly [number, number, number, number] = [0, 0, picture.width, picture.height],
): EdgeField {
  // Coarse evidence needs no fine samples.
  const scale = Math.max(1, Math.floor(sigma / 1.2));
  const { data, width, height } = shrink(picture, scale);
  const blurred = blur(data, width, height, Math.sqrt(Math.max(0, (sigma / scale) ** 2 - 0.25)));
  const gx = new Float32Array(width * height);
  const gy = new Float32Array(width * height);
  const steps: number[] = [];
  const stride = Math.max(1, Math.floor(Math.sqrt((width * height) / 20000)));
  const [x0, y0, x1, y1] = region.map((value) => value / scale);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1, i = y * width + 1; x < width - 1; x++, i++) {
      gx[i] = (blurred[i + 1] - blurred[i - 1]) / 2;
      gy[i] = (blurred[i + width] - blurred[i - width]) / 2;
      if (x % stride === 0 && y % stride === 0 && x >= x0 && x < x1 && y >= y0 && y < y1) {
        steps.push(Math.sqrt(gx[i] * gx[i] + gy[i] * gy[i]));
      }
    }
  }
  steps.sort((a, b) => a - b);
  const floor = (steps[steps.length >> 1] ?? 0) + 0.5;
  for (let i = 0; i < gx.length; i++) {
    const step = Math.sqrt(gx[i] * gx[i] + gy[i] * gy[i]);
    const soft = 1 / (step + floor);
    gx[i] *= soft;
    gy[i] *= soft;
  }
  return { width, height, scale, gx, gy };
}

/**
 * The step at a point of the picture across a line: -1..1, positive where it gets brighter along (nx, ny), near 0 where the
 * picture steps another way. 0 outside the picture.
 */
export function stepAcross(
  { width, height, scale, gx, gy }: EdgeField,
  x: number,
  y: number,
  nx: number,
  ny: number,
): number {
  const column = x / scale - 0.5;
  const row = y / scale - 0.5;
  if (!(column >= 1 && row >= 1 && column < width - 2 && row < height - 2)) return 0;
  const c = Math.floor(column);
  const r = Math.floor(row);
  const fx = column - c;
  const fy = row - r;
  const i = r * width + c;
  const a = (1 - fx) * (1 - fy);
  const b = fx * (1 - fy);
  const d = (1 - fx) * fy;
  const e = fx * fy;
  const u = a * gx[i] + b * gx[i + 1] + d * gx[i + width] + e * gx[i + width + 1];
  const v = a * gy[i] + b * gy[i + 1] + d * gy[i + width] + e * gy[i + width + 1];
  const along = u * nx + v * ny;
  const length = Math.sqrt(u * u + v * v);
  // Twice the cosine: a step at 45 degrees to the line counts half.
  return length > 0 ? (along * Math.abs(along)) / length : 0;
}

function shrink(
  { width, height, luma }: LumaPicture,
  scale: number,
): { data: Float32Array; width: number; height: number } {
  const [columns, rows] = [Math.floor(width / scale), Math.floor(height / scale)];
  const data = new Float32Array(columns * rows);
  if (scale === 1) {
    data.set(luma.subarray(0, data.length));
    return { data, width, height };
  }
  const share = 1 / (scale * scale);
  for (let y = 0; y < rows * scale; y++) {
    const to = Math.floor(y / scale) * columns;
    for (let x = 0, i = y * width; x < columns; x++) {
      let sum = 0;
      for (let k = 0; k < scale; k++) sum += luma[i++];
      data[to + x] += sum * share;
    }
  }
  return { data, width: columns, height: rows };
}

/** Gaussian, both ways, in place; edges repeat. */
function blur(data: Float32Array, width: number, height: number, sigma: number): Float32Array {
  if (sigma < 0.3) return data;
  const reach = Math.max(1, Math.ceil(2.5 * sigma));
  const taps = Float32Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-0.5 * ((k - reach) / sigma) ** 2));
  const total = taps.reduce((a, b) => a + b, 0);
  for (let k = 0; k < taps.length; k++) taps[k] /= total;
  const out = new Float32Array(data.length);
  for (let y = 0; y < height; y++) {
    const from = y * width;
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = -reach; k <= reach; k++) {
        sum += taps[k + reach] * data[from + Math.min(width - 1, Math.max(0, x + k))];
      }
      out[from + x] = sum;
    }
  }
  data.fill(0);
  for (let y = 0; y < height; y++) {
    for (let k = -reach; k <= reach; k++) {
      const from = Math.min(height - 1, Math.max(0, y + k)) * width;
      const tap = taps[k + reach];
      for (let x = 0, i = y * width; x < width; x++) data[i++] += tap * out[from + x];
    }
  }
  return data;
}
