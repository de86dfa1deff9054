// Rectified views: gray where it is needed, footprint averages through precomputed taps, and difference channels.

/** Gray of four pixels, i32x4: `even` weighs bytes 0 and 2, `odd` byte 1, in 1/32768. */
function grayOfFour(pixels: v128, even: v128, odd: v128): v128 {
  const mask = i32x4.splat(0x00ff00ff);
  const evenSum = i32x4.dot_i16x8_s(v128.and(pixels, mask), even);
  const oddSum = i32x4.dot_i16x8_s(v128.and(i32x4.shr_u(pixels, 8), mask), odd);
  return i32x4.shr_u(i32x4.add(i32x4.add(evenSum, oddSum), i32x4.splat(16384)), 15);
}

/**
 * Gray of the pixels that are needed, rounded to 8 bits. Pixels are 4 bytes; `even` holds the weights of their bytes 0 and 2
 * (low and high half), `odd` that of byte 1, in 1/32768. `spans` holds, per row, the first pixel and the one past the last
 * (i32 each). Blocks are 16 pixels: src is read up to 60 bytes, dst written up to 15 bytes past a span.
 */
export function rectifyGray(
  src: usize,
  srcStride: usize,
  dst: usize,
  dstStride: usize,
  spans: usize,
  rows: i32,
  even: i32,
  odd: i32,
): void {
  const e = i32x4.splat(even);
  const o = i32x4.splat(odd);
  for (; rows > 0; rows--) {
    const x = <usize>i32.load(spans);
    let p = src + x * 4;
    const end = dst + <usize>i32.load(spans, 4);
    for (let q = dst + x; q < end; q += 16) {
      const ab = i16x8.narrow_i32x4_s(grayOfFour(v128.load(p), e, o), grayOfFour(v128.load(p, 16), e, o));
      const cd = i16x8.narrow_i32x4_s(grayOfFour(v128.load(p, 32), e, o), grayOfFour(v128.load(p, 48), e, o));
      v128.store(q, i8x16.narrow_i16x8_u(ab, cd));
      p += 64;
    }
    spans += 8;
    src += srcStride;
    dst += dstStride;
  }
}

/**
 * Weighted sums of pixels, `groups` times four of them. `counts` holds the number of blocks of each group (i32); a block is
 * four source offsets (u32) and four runs of eight weights (u8). Output = sum * its entry of `scales` - the f32 at `black`.
 */
export function rectifyWarp(
  src: usize,
  counts: usize,
  blocks: usize,
  scales: usize,
  black: usize,
  out: usize,
  groups: i32,
): void {
  const offset = v128.load32_splat(black);
  for (; groups > 0; groups--) {
    let a = i32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    for (let n = i32.load(counts); n > 0; n--) {
      const ab = v128.load(blocks, 16);
      const cd = v128.load(blocks, 32);
      const pa = v128.load_ext<u8>(src + <usize>i32.load(blocks));
      const pb = v128.load_ext<u8>(src + <usize>i32.load(blocks, 4));
      const pc = v128.load_ext<u8>(src + <usize>i32.load(blocks, 8));
      const pd = v128.load_ext<u8>(src + <usize>i32.load(blocks, 12));
      a = i32x4.add(a, i32x4.dot_i16x8_s(pa, i16x8.extend_low_i8x16_u(ab)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(pb, i16x8.extend_high_i8x16_u(ab)));
      c = i32x4.add(c, i32x4.dot_i16x8_s(pc, i16x8.extend_low_i8x16_u(cd)));
      d = i32x4.add(d, i32x4.dot_i16x8_s(pd, i16x8.extend_high_i8x16_u(cd)));
      blocks += 48;
    }
    const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
    const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
    const sum = i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
    v128.store(out, f32x4.sub(f32x4.mul(f32x4.convert_i32x4_s(sum), v128.load(scales)), offset));
    counts += 4;
    scales += 16;
    out += 16;
  }
}

function sumOfLanes(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/**
 * Difference channels of one frame of `n` gray values, in place: `out` is three planes of n values, `last` and `mean` the
 * plan's state: gray less its frame's mean. `first` takes the state from this frame. `gains` holds, f32 each: how far the
 * running mean moves toward the frame, what is added to the standard deviation, and the gains of the differences from the
 * frame before and from the running mean. Up to three values past n are read in gray, and
 * written in the state and past the third plane.
 */
export function rectifyDifferences(
  gray: usize,
  n: i32,
  out: usize,
  last: usize,
  mean: usize,
  first: bool,
  gains: usize,
): void {
  const bytes = (<usize>n) << 2;
  const whole = bytes & ~15;
  let acc = f32x4.splat(0);
  for (let i: usize = 0; i < whole; i += 16) acc = f32x4.add(acc, v128.load(gray + i));
  let sum = sumOfLanes(acc);
  for (let i = whole; i < bytes; i += 4) sum += f32.load(gray + i);
  const level = sum / <f32>n;
  const levels = f32x4.splat(level);

  // The variance in a pass of its own: exact where sums of squares would cancel.
  acc = f32x4.splat(0);
  for (let i: usize = 0; i < whole; i += 16) {
    const z = f32x4.sub(v128.load(gray + i), levels);
    acc = f32x4.add(acc, f32x4.mul(z, z));
  }
  sum = sumOfLanes(acc);
  for (let i = whole; i < bytes; i += 4) {
    const z = f32.load(gray + i) - level;
    sum += z * z;
  }
  const scale: f32 = 1 / (sqrt(sum / <f32>n) + f32.load(gains, 4));
  const step = f32x4.splat(f32.load(gains, 8) * scale);
  const rise = f32x4.splat(f32.load(gains, 12) * scale);
  const keep = v128.load32_splat(gains);

  // Plane by plane, so that what one writes past its end is overwritten by the next.
  const out1 = out + bytes;
  const out2 = out1 + bytes;
  if (!first) memory.copy(out, out1, bytes);
  for (let i: usize = 0; i < bytes; i += 16) {
    const z = f32x4.sub(v128.load(gray + i), levels);
    const before = first ? z : v128.load(last + i);
    v128.store(out1 + i, f32x4.mul(f32x4.sub(z, before), step));
    v128.store(last + i, z);
  }
  if (first) memory.copy(out, out1, bytes);
  for (let i: usize = 0; i < bytes; i += 16) {
    const z = f32x4.sub(v128.load(gray + i), levels);
    const before = first ? z : v128.load(mean + i);
    const above = f32x4.sub(z, before);
    v128.store(out2 + i, f32x4.mul(above, rise));
    v128.store(mean + i, f32x4.add(before, f32x4.mul(above, keep)));
  }
}
