// A picture as the network wants it, and what the network paints, in the picture's own pixels.
import { type PaintedBars, runNetwork, seen } from './bar-network.js';
import type { LumaPicture } from './median-picture.js';

/** What the network painted over a picture. */
export interface PaintedPicture extends PaintedBars {
  /** Pixels of the picture per cell. */
  readonly scale: number;
}

/** Paints the bars of a picture of any size. */
export function paintBars(picture: LumaPicture): PaintedPicture {
  const scale = Math.max(picture.width, picture.height) / seen.longest;
  const [columns, rows] = [picture.width, picture.height].map((size) => Math.max(1, Math.round(size / scale)));
  const whole = (size: number): number => seen.stride * Math.ceil(size / seen.stride);
  const [width, height] = [whole(columns), whole(rows)];
  const values = resize(picture, columns, rows, scale);
  let [sum, squares] = [0, 0];
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  const deviation = Math.sqrt(Math.max(1, squares / values.length - mean * mean));
  const image = new Float32Array(width * height);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) image[y * width + x] = (values[y * columns + x] - mean) / deviation;
  }
  return { ...runNetwork(image, width, height), scale: 2 * scale };
}

/** Probability that a point of the picture is in the middle of a bar. */
export function paintAt({ core, width, height, scale }: PaintedPicture, x: number, y: number): number {
  const [column, row] = [x / scale - 0.5, y / scale - 0.5];
  if (!(column >= 0 && row >= 0 && column < width - 1 && row < height - 1)) return 0;
  const [c, r] = [Math.floor(column), Math.floor(row)];
  const [u, v] = [column - c, row - r];
  const i = r * width + c;
  const logit =
    (1 - v) * ((1 - u) * core[i] + u * core[i + 1]) + v * ((1 - u) * core[i + width] + u * core[i + width + 1]);
  return 1 / (1 + Math.exp(-logit));
}

/** The mean of what each new pixel covers where they get larger, a straight line between old ones where they get smaller. */
function resize({ width, height, luma }: LumaPicture, columns: number, rows: number, scale: number): Float32Array {
  const across = shares(width, columns, scale);
  const down = shares(height, rows, scale);
  const middle = new Float32Array(height * columns);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < columns; x++) {
      const { first, weights } = across[x];
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * luma[y * width + first + k];
      middle[y * columns + x] = sum;
    }
  }
  const out = new Float32Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    const { first, weights } = down[y];
    for (let k = 0; k < weights.length; k++) {
      const from = (first + k) * columns;
      for (let x = 0; x < columns; x++) out[y * columns + x] += weights[k] * middle[from + x];
    }
  }
  return out;
}

/** Which old pixels make each new one, and their shares. */
function shares(old: number, now: number, scale: number): { first: number; weights: number[] }[] {
  return Array.from({ length: now }, (_, i) => {
    const half = Math.max(1, scale) / 2;
    const centre = (i + 0.5) * scale;
    const first = Math.min(old - 1, Math.max(0, Math.floor(centre - half)));
    const last = Math.min(old - 1, Math.max(first, Math.ceil(centre + half) - 1));
    const raw = Array.from({ length: last - first + 1 }, (_, k) =>
      Math.max(0, Math.min(first + k + 1, centre + half) - Math.max(first + k, centre - half)),
    );
    const total = raw.reduce((a, b) => a + b, 0);
    return { first, weights: total > 0 ? raw.map((share) => share / total) : [1] };
  });
}
