// Power-of-two FFT. Planar complex float32, Stockham autosort: radix-4 passes, and a radix-2 pass where log2(size) is odd.
// Source: C. Van Loan, Computational Frameworks for the Fast Fourier Transform (1992), 1.7 (Stockham), 2.4 (radix 4).
//
// Twiddles of a size-n transform, n/4 floats each: cos t, -sin t, cos 2t, -sin 2t, cos 3t, -sin 3t, with t = 2 pi p / n.

// The butterfly of the first pass: neighbouring butterflies lie in neighbouring lanes, so each lane has its own twiddles
// and the four results of a lane, which belong side by side, are transposed on their way out.
function firstPass(size: usize, xr: usize, xi: usize, yr: usize, yi: usize, twiddles: usize): void {
  const quarter = size; // bytes: (size / 4) floats
  for (let p: usize = 0; p < quarter; p += 16) {
    const a = xr + p;
    const b = xi + p;
    const w = twiddles + p;
    const r0 = v128.load(a);
    const i0 = v128.load(b);
    const r1 = v128.load(a + quarter);
    const i1 = v128.load(b + quarter);
    const r2 = v128.load(a + 2 * quarter);
    const i2 = v128.load(b + 2 * quarter);
    const r3 = v128.load(a + 3 * quarter);
    const i3 = v128.load(b + 3 * quarter);
    const sumR02 = f32x4.add(r0, r2);
    const sumI02 = f32x4.add(i0, i2);
    const difR02 = f32x4.sub(r0, r2);
    const difI02 = f32x4.sub(i0, i2);
    const sumR13 = f32x4.add(r1, r3);
    const sumI13 = f32x4.add(i1, i3);
    const difR13 = f32x4.sub(r1, r3);
    const difI13 = f32x4.sub(i1, i3);
    const u1r = f32x4.add(difR02, difI13);
    const u1i = f32x4.sub(difI02, difR13);
    const u2r = f32x4.sub(sumR02, sumR13);
    const u2i = f32x4.sub(sumI02, sumI13);
    const u3r = f32x4.sub(difR02, difI13);
    const u3i = f32x4.add(difI02, difR13);
    const c1 = v128.load(w);
    const s1 = v128.load(w + quarter);
    const c2 = v128.load(w + 2 * quarter);
    const s2 = v128.load(w + 3 * quarter);
    const c3 = v128.load(w + 4 * quarter);
    const s3 = v128.load(w + 5 * quarter);
    const y0r = f32x4.add(sumR02, sumR13);
    const y1r = f32x4.sub(f32x4.mul(u1r, c1), f32x4.mul(u1i, s1));
    const y2r = f32x4.sub(f32x4.mul(u2r, c2), f32x4.mul(u2i, s2));
    const y3r = f32x4.sub(f32x4.mul(u3r, c3), f32x4.mul(u3i, s3));
    storeTransposed(yr + 4 * p, y0r, y1r, y2r, y3r);
    const y0i = f32x4.add(sumI02, sumI13);
    const y1i = f32x4.add(f32x4.mul(u1r, s1), f32x4.mul(u1i, c1));
    const y2i = f32x4.add(f32x4.mul(u2r, s2), f32x4.mul(u2i, c2));
    const y3i = f32x4.add(f32x4.mul(u3r, s3), f32x4.mul(u3i, c3));
    storeTransposed(yi + 4 * p, y0i, y1i, y2i, y3i);
  }
}

function storeTransposed(y: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  v128.store(y, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
  v128.store(y, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), 16);
  const AB = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const CD = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(y, v128.shuffle<f32>(AB, CD, 0, 1, 4, 5), 32);
  v128.store(y, v128.shuffle<f32>(AB, CD, 2, 3, 6, 7), 48);
}

// Every later radix-4 pass: `stride` transforms of `points` points lie side by side, and share their twiddles.
function laterPass(
  points: usize,
  stride: usize,
  xr: usize,
  xi: usize,
  yr: usize,
  yi: usize,
  twiddles: usize,
  plane: usize,
): void {
  const run = stride << 2;
  const quarter = (points >> 2) * run;
  for (let p: usize = 0; p < points >> 2; p++) {
    const w = twiddles + p * run;
    const c1 = v128.load32_splat(w);
    const s1 = v128.load32_splat(w + plane);
    const c2 = v128.load32_splat(w + 2 * plane);
    const s2 = v128.load32_splat(w + 3 * plane);
    const c3 = v128.load32_splat(w + 4 * plane);
    const s3 = v128.load32_splat(w + 5 * plane);
    let a = xr + p * run;
    let b = xi + p * run;
    let c = yr + 4 * p * run;
    let d = yi + 4 * p * run;
    const end = a + run;
    while (a < end) {
      const r0 = v128.load(a);
      const i0 = v128.load(b);
      const r1 = v128.load(a + quarter);
      const i1 = v128.load(b + quarter);
      const r2 = v128.load(a + 2 * quarter);
      const i2 = v128.load(b + 2 * quarter);
      const r3 = v128.load(a + 3 * quarter);
      const i3 = v128.load(b + 3 * quarter);
      const sumR02 = f32x4.add(r0, r2);
      const sumI02 = f32x4.add(i0, i2);
      const difR02 = f32x4.sub(r0, r2);
      const difI02 = f32x4.sub(i0, i2);
      const sumR13 = f32x4.add(r1, r3);
      const sumI13 = f32x4.add(i1, i3);
      const difR13 = f32x4.sub(r1, r3);
      const difI13 = f32x4.sub(i1, i3);
      const u1r = f32x4.add(difR02, difI13);
      const u1i = f32x4.sub(difI02, difR13);
      const u2r = f32x4.sub(sumR02, sumR13);
      const u2i = f32x4.sub(sumI02, sumI13);
      const u3r = f32x4.sub(difR02, difI13);
      const u3i = f32x4.add(difI02, difR13);
      v128.store(c, f32x4.add(sumR02, sumR13));
      v128.store(d, f32x4.add(sumI02, sumI13));
      v128.store(c + run, f32x4.sub(f32x4.mul(u1r, c1), f32x4.mul(u1i, s1)));
      v128.store(d + run, f32x4.add(f32x4.mul(u1r, s1), f32x4.mul(u1i, c1)));
      v128.store(c + 2 * run, f32x4.sub(f32x4.mul(u2r, c2), f32x4.mul(u2i, s2)));
      v128.store(d + 2 * run, f32x4.add(f32x4.mul(u2r, s2), f32x4.mul(u2i, c2)));
      v128.store(c + 3 * run, f32x4.sub(f32x4.mul(u3r, c3), f32x4.mul(u3i, s3)));
      v128.store(d + 3 * run, f32x4.add(f32x4.mul(u3r, s3), f32x4.mul(u3i, c3)));
      a += 16;
      b += 16;
      c += 16;
      d += 16;
    }
  }
}

// The last pass where log2(size) is odd.
function radix2Pass(size: usize, x: usize, y: usize): void {
  const half = size << 1;
  const end = x + half;
  for (; x < end; x += 16, y += 16) {
    const a = v128.load(x);
    const b = v128.load(x + half);
    v128.store(y, f32x4.add(a, b));
    v128.store(y + half, f32x4.sub(a, b));
  }
}

/**
 * Forward transform of `size` complex points (a power of two, 16 or more), unnormalised. The input planes are kept.
 * The passes write planes a, b, a, b...: the result lies in a when ceil(log4(size)) is odd, in b otherwise, and one more
 * point repeats the first. For the inverse, exchange the real and the imaginary planes.
 */
export function fft(
  size: usize,
  xr: usize,
  xi: usize,
  ar: usize,
  ai: usize,
  br: usize,
  bi: usize,
  twiddles: usize,
): void {
  firstPass(size, xr, xi, ar, ai, twiddles);
  let points = size >> 2;
  let stride: usize = 4;
  while (points > 1) {
    if (points == 2) {
      radix2Pass(size, ar, br);
      radix2Pass(size, ai, bi);
    } else {
      laterPass(points, stride, ar, ai, br, bi, twiddles, size);
    }
    points >>= 2;
    stride <<= 2;
    let swap = ar;
    ar = br;
    br = swap;
    swap = ai;
    ai = bi;
    bi = swap;
  }
  f32.store(ar + (size << 2), f32.load(ar));
  f32.store(ai + (size << 2), f32.load(ai));
}

/**
 * From the transform Z of `half` complex points to that of the 2 half real samples they were packed from:
 * X[k] = scale ((Z[k] + Z*[half-k]) - i e^(-i pi k / half) (Z[k] - Z*[half-k])), k = first .. first + count - 1, in fours.
 * `turn`: planes of `plane` bytes, cos and sin of pi k / half from k = first on. With the cosines negated it goes the other way.
 */
export function fftSplit(
  half: usize,
  zr: usize,
  zi: usize,
  turn: usize,
  plane: usize,
  first: usize,
  count: usize,
  scale: f32,
  xr: usize,
  xi: usize,
): void {
  const gain = f32x4.splat(scale);
  const end = xr + (count << 2);
  let a = zr + (first << 2);
  let b = zi + (first << 2);
  // Four bins that end at half - first, to be read backwards.
  let c = zr + ((half - first - 3) << 2);
  let d = zi + ((half - first - 3) << 2);
  while (xr < end) {
    const r = v128.load(a);
    const i = v128.load(b);
    let mr = v128.load(c);
    let mi = v128.load(d);
    mr = v128.shuffle<f32>(mr, mr, 3, 2, 1, 0);
    mi = v128.shuffle<f32>(mi, mi, 3, 2, 1, 0);
    const er = f32x4.add(r, mr);
    const ei = f32x4.sub(i, mi);
    const or = f32x4.sub(r, mr);
    const oi = f32x4.add(i, mi);
    const cos = v128.load(turn);
    const sin = v128.load(turn + plane);
    v128.store(xr, f32x4.mul(gain, f32x4.add(er, f32x4.sub(f32x4.mul(oi, cos), f32x4.mul(or, sin)))));
    v128.store(xi, f32x4.mul(gain, f32x4.sub(ei, f32x4.add(f32x4.mul(or, cos), f32x4.mul(oi, sin)))));
    a += 16;
    b += 16;
    c -= 16;
    d -= 16;
    turn += 16;
    xr += 16;
    xi += 16;
  }
}

/** Samples in pairs: even ones to the real plane, odd ones to the imaginary plane. `samples` is a multiple of 8. */
export function fftDeinterleave(samples: usize, x: usize, even: usize, odd: usize): void {
  const end = x + (samples << 2);
  for (; x < end; x += 32, even += 16, odd += 16) {
    const a = v128.load(x);
    const b = v128.load(x, 16);
    v128.store(even, v128.shuffle<f32>(a, b, 0, 2, 4, 6));
    v128.store(odd, v128.shuffle<f32>(a, b, 1, 3, 5, 7));
  }
}

/** The way back from two planes to samples. */
export function fftInterleave(samples: usize, even: usize, odd: usize, x: usize): void {
  const end = x + (samples << 2);
  for (; x < end; x += 32, even += 16, odd += 16) {
    const a = v128.load(even);
    const b = v128.load(odd);
    v128.store(x, v128.shuffle<f32>(a, b, 0, 4, 1, 5));
    v128.store(x, v128.shuffle<f32>(a, b, 2, 6, 3, 7), 16);
  }
}
