// One video frame to work on: smooth shading, hard edges, and grain fine enough to alias.
import { whiteNoise } from './noise.js';

/** Pixels per row. */
export const width = 1280;
/** Rows. */
export const height = 720;

/** The frame as RGBA, opaque. [height x width x 4] */
export const rgba = new Uint8Array(width * height * 4);
/** Its luma plane, BT.601, full range. [height x width] */
export const luma = new Uint8Array(width * height);

const grain = whiteNoise(width * height);
for (let y = 0, i = 0; y < height; y++) {
  for (let x = 0; x < width; x++, i++) {
    const shade = 90 + 60 * Math.sin(x / 97) * Math.cos(y / 61) + (x % 160 < 12 ? 50 : 0) + 30 * grain[i];
    rgba.set([shade + 20, shade, shade * 0.8, 255], 4 * i);
    luma[i] = Math.round(0.299 * rgba[4 * i] + 0.587 * rgba[4 * i + 1] + 0.114 * rgba[4 * i + 2]);
  }
}

/** Gray 0..1 in float64, BT.601, from RGBA or as the luma plane has it. [height x width] */
export function gray(from: 'rgba' | 'luma'): Float64Array {
  return Float64Array.from({ length: width * height }, (_, i) =>
    from === 'luma' ? luma[i] / 255 : (0.299 * rgba[4 * i] + 0.587 * rgba[4 * i + 1] + 0.114 * rgba[4 * i + 2]) / 255,
  );
}

/** Ways to make a picture smaller: by exact area, by a triangle as wide as two small pixels, or by four neighbours. */
export type Filter = 'box' | 'triangle' | 'point';

/** Weights of one axis: the first source index and the weights from there on, of every target index. */
export function axisWeights(filter: Filter, source: number, target: number): { first: number; weights: number[] }[] {
  const scale = source / target;
  return Array.from({ length: target }, (_, i) => {
    const centre = (i + 0.5) * scale;
    if (filter === 'point') {
      const first = Math.floor(centre - 0.5);
      const between = centre - 0.5 - first;
      return { first, weights: [1 - between, between] };
    }
    const reach = filter === 'box' ? scale / 2 : scale;
    const first = Math.max(0, Math.floor(centre - reach));
    const last = Math.min(source, Math.ceil(centre + reach));
    const raw = Array.from({ length: last - first }, (_, t) => {
      const pixel = first + t;
      return filter === 'box'
        ? Math.min(pixel + 1, centre + reach) - Math.max(pixel, centre - reach)
        : Math.max(0, 1 - Math.abs((pixel + 0.5 - centre) / scale));
    });
    const sum = raw.reduce((a, b) => a + b, 0);
    return { first, weights: raw.map((w) => w / sum) };
  });
}

/** Resizes in float64. [targetHeight x targetWidth] */
export function resize(picture: Float64Array, filter: Filter, targetWidth: number, targetHeight: number): Float64Array {
  const columns = axisWeights(filter, width, targetWidth);
  const rows = axisWeights(filter, height, targetHeight);
  const narrow = new Float64Array(height * targetWidth);
  for (let y = 0; y < height; y++) {
    columns.forEach(({ first, weights }, x) => {
      let sum = 0;
      for (let t = 0; t < weights.length; t++) sum += weights[t] * picture[y * width + first + t];
      narrow[y * targetWidth + x] = sum;
    });
  }
  const small = new Float64Array(targetHeight * targetWidth);
  rows.forEach(({ first, weights }, y) => {
    for (let x = 0; x < targetWidth; x++) {
      let sum = 0;
      for (let t = 0; t < weights.length; t++) sum += weights[t] * narrow[(first + t) * targetWidth + x];
      small[y * targetWidth + x] = sum;
    }
  });
  return small;
}
