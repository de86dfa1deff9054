// The spectrum of a windowed frame at chosen frequencies only: window, decimate, transform on a power-of-two grid (fft.ts),
// and interpolate from that grid to the bins asked for.
// Source: J. Fessler, B. Sutton, Nonuniform fast Fourier transforms using min-max interpolation, IEEE TSP 51 (2003).

/** y = x * weights, even samples to one plane and odd samples to the other. `samples` is a multiple of 8. */
export function zoomWindow(samples: usize, x: usize, weights: usize, even: usize, odd: usize): void {
  const end = x + (samples << 2);
  for (; x < end; x += 32, weights += 32, even += 16, odd += 16) {
    const a = f32x4.mul(v128.load(x), v128.load(weights));
    const b = f32x4.mul(v128.load(x, 16), v128.load(weights, 16));
    v128.store(even, v128.shuffle<f32>(a, b, 0, 2, 4, 6));
    v128.store(odd, v128.shuffle<f32>(a, b, 1, 3, 5, 7));
  }
}

/** y[n mod period] = sum of x[n] * weights[n]: the period of a spectrum sampled at `period` points. */
export function zoomFold(samples: usize, x: usize, weights: usize, period: usize, y: usize): void {
  memory.fill(y, 0, period << 2);
  let p: usize = 0;
  for (let n: usize = 0; n < samples; n++) {
    const at = y + (p << 2);
    f32.store(at, f32.load(at) + f32.load(x + (n << 2)) * f32.load(weights + (n << 2)));
    p = p + 1 == period ? 0 : p + 1;
  }
}

/**
 * Halves the sample rate with a symmetric filter of odd length. Input and output are planes of even and odd samples;
 * `even` and `odd` point at the sample pair that the first output is centred on, and output m is
 *   gain[m] * (centre * even[m] + sum over pairs of weight * (plane[m + left] + plane[m + right])).
 * `taps`: the centre, float32, then for each pair the byte distances of left and right from `even`, int32, and the weight.
 * `outputs` is a multiple of 16.
 */
export function zoomDecimate(
  outputs: usize,
  even: usize,
  taps: usize,
  pairs: usize,
  gain: usize,
  outEven: usize,
  outOdd: usize,
): void {
  const centre = v128.load32_splat(taps);
  const firstPair = taps + 4;
  const lastPair = firstPair + pairs * 12;
  const end = even + (outputs << 2);
  for (; even < end; even += 64, gain += 64, outEven += 32, outOdd += 32) {
    let a = f32x4.mul(centre, v128.load(even));
    let b = f32x4.mul(centre, v128.load(even, 16));
    let c = f32x4.mul(centre, v128.load(even, 32));
    let d = f32x4.mul(centre, v128.load(even, 48));
    for (let pair = firstPair; pair < lastPair; pair += 12) {
      const left = even + i32.load(pair);
      const right = even + i32.load(pair, 4);
      const weight = v128.load32_splat(pair, 8);
      a = f32x4.add(a, f32x4.mul(weight, f32x4.add(v128.load(left), v128.load(right))));
      b = f32x4.add(b, f32x4.mul(weight, f32x4.add(v128.load(left, 16), v128.load(right, 16))));
      c = f32x4.add(c, f32x4.mul(weight, f32x4.add(v128.load(left, 32), v128.load(right, 32))));
      d = f32x4.add(d, f32x4.mul(weight, f32x4.add(v128.load(left, 48), v128.load(right, 48))));
    }
    a = f32x4.mul(a, v128.load(gain));
    b = f32x4.mul(b, v128.load(gain, 16));
    c = f32x4.mul(c, v128.load(gain, 32));
    d = f32x4.mul(d, v128.load(gain, 48));
    v128.store(outEven, v128.shuffle<f32>(a, b, 0, 2, 4, 6));
    v128.store(outOdd, v128.shuffle<f32>(a, b, 1, 3, 5, 7));
    v128.store(outEven, v128.shuffle<f32>(c, d, 0, 2, 4, 6), 16);
    v128.store(outOdd, v128.shuffle<f32>(c, d, 1, 3, 5, 7), 16);
  }
}

// |X|^2 of four neighbouring bins, each a weighted sum of the same `taps` grid points.
function power(re: usize, im: usize, weights: usize, taps: usize): v128 {
  let r = f32x4.splat(0);
  let i = r;
  const end = weights + (taps << 4);
  for (; weights < end; weights += 16, re += 4, im += 4) {
    const w = v128.load(weights);
    r = f32x4.add(r, f32x4.mul(w, v128.load32_splat(re)));
    i = f32x4.add(i, f32x4.mul(w, v128.load32_splat(im)));
  }
  return f32x4.add(f32x4.mul(r, r), f32x4.mul(i, i));
}

/**
 * Magnitudes of `groups` groups of four bins. `starts`: byte offset of each group's first grid point in both planes;
 * `weights`: [groups][taps][4].
 */
export function zoomMagnitudes(
  groups: usize,
  starts: usize,
  weights: usize,
  taps: usize,
  re: usize,
  im: usize,
  y: usize,
): void {
  const end = starts + (groups << 2);
  for (; starts < end; starts += 4, y += 16, weights += taps << 4) {
    const start = i32.load(starts);
    v128.store(y, f32x4.sqrt(power(re + start, im + start, weights, taps)));
  }
}

/** Largest magnitude of each band: band b has the next `sizes[b]` groups. One NaN sample makes every band NaN. */
export function zoomMaxima(
  bands: usize,
  sizes: usize,
  starts: usize,
  weights: usize,
  taps: usize,
  re: usize,
  im: usize,
  y: usize,
): void {
  const end = y + (bands << 2);
  for (; y < end; y += 4, sizes += 4) {
    let most = f32x4.splat(0);
    for (let group = i32.load(sizes); group > 0; group--, starts += 4, weights += taps << 4) {
      const start = i32.load(starts);
      most = f32x4.pmax(power(re + start, im + start, weights, taps), most);
    }
    const half = f32x4.max(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
    f32.store(y, sqrt(max(f32x4.extract_lane(half, 0), f32x4.extract_lane(half, 1))));
  }
}
