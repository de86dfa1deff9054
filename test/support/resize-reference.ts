// Gray and resize in float64, written straight from the definitions; validated against the golden files before use.

type Taps = readonly (readonly (readonly [index: number, weight: number])[])[];

/** Per output pixel of one axis: source pixels and weights. */
export type Filter = (size: number, outSize: number) => Taps;

/** Triangle of half-width max(1, scale), normalised over the pixels inside. */
export const triangle: Filter = (size, outSize) => {
  const scale = size / outSize;
  const reach = Math.max(1, scale);
  return Array.from({ length: outSize }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const taps: [number, number][] = [];
    for (let x = Math.max(0, Math.floor(centre - reach) - 1); x < Math.min(size, centre + reach + 1); x++) {
      const weight = 1 - Math.abs(x + 0.5 - centre) / reach;
      if (weight > 0) taps.push([x, weight]);
    }
    const sum = taps.reduce((total, [, weight]) => total + weight, 0);
    return taps.map(([x, weight]) => [x, weight / sum] as const);
  });
};

/** The two nearest pixels; those outside count as zero. */
export const nearestTwo: Filter = (size, outSize) =>
  Array.from({ length: outSize }, (_, i) => {
    const centre = ((i + 0.5) * size) / outSize - 0.5;
    const low = Math.floor(centre);
    return (
      [
        [low, 1 - (centre - low)],
        [low + 1, centre - low],
      ] as const
    ).filter(([x]) => x >= 0 && x < size);
  });

/** Separable resize of a row-major picture [height x width]. */
export function resizeReference(
  picture: Float64Array,
  [width, height]: readonly [number, number],
  [outWidth, outHeight]: readonly [number, number],
  filter: Filter,
): Float64Array {
  const rows = filter(height, outHeight);
  const columns = filter(width, outWidth);
  const out = new Float64Array(outWidth * outHeight);
  const row = new Float64Array(width);
  for (let j = 0; j < outHeight; j++) {
    row.fill(0);
    for (const [y, weight] of rows[j]) for (let x = 0; x < width; x++) row[x] += weight * picture[y * width + x];
    for (let i = 0; i < outWidth; i++) {
      let sum = 0;
      for (const [x, weight] of columns[i]) sum += weight * row[x];
      out[j * outWidth + i] = sum;
    }
  }
  return out;
}

/** The golden files' source picture, `source` in test/golden/frame-stack.py: bytes [height x width x channels]. */
export function hashedPicture(width: number, height: number, channels: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(width * height * channels);
  let o = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) {
        const h = (Math.imul(x, 374761393) + Math.imul(y, 668265263) + Math.imul(c, 2246822519) + seed) >>> 0;
        bytes[o++] = Math.imul(h ^ (h >>> 13), 1274126177) >>> 24;
      }
  return bytes;
}

/** Largest absolute difference; NaN when either holds one. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return NaN;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= worst)) worst = difference;
  }
  return worst;
}
