// Video frames: gray, resized by the triangle filter or by point bilinear, and interleaved into space-time images.
//
// The triangle filter is separable, and between the centres of two output rows its weights are straight lines: a source
// row at distance k from the first of a block counts d0 + k towards the output row below and scale - d0 - k towards the
// one above. So a block of n rows needs no weights at all, only two running sums per byte, P = sum of g and
// Q = sum of P = sum of (n - k) g, in 16-bit integers and therefore exact; gray weights, conversion to float and the
// blend are paid once per block: below += (d0 + n) P - Q, above += Q + (scale - d0 - n) P.

// P and Q of one vector of pixels, blended into the output rows above and below the block.
function blend(p: v128, q: v128, d: v128, e: v128, first: bool, prior: usize, above: usize, below: usize): void {
  const a = f32x4.add(v128.load(prior), f32x4.add(q, f32x4.mul(e, p)));
  let b = f32x4.sub(f32x4.mul(d, p), q);
  if (!first) b = f32x4.add(b, v128.load(below));
  v128.store(above, a);
  v128.store(below, b);
}

// A block of 1..22 rows of a luma plane: Q <= 253 * 255 fits 16 bits.
function lumaBlock(
  src: usize,
  stride: usize,
  width: i32,
  n: i32,
  d: v128,
  e: v128,
  first: bool,
  above: usize,
  below: usize,
): void {
  let prior = first ? below : above;
  for (let x = 0; x < width; x += 16) {
    let row = src;
    let p0 = v128.load8x8_u(row);
    let p1 = v128.load8x8_u(row, 8);
    let q0 = p0;
    let q1 = p1;
    for (let r = n - 1; r > 0; r--) {
      row += stride;
      p0 = i16x8.add(p0, v128.load8x8_u(row));
      p1 = i16x8.add(p1, v128.load8x8_u(row, 8));
      q0 = i16x8.add(q0, p0);
      q1 = i16x8.add(q1, p1);
    }
    blend(
      f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(p0)),
      f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(q0)),
      d,
      e,
      first,
      prior,
      above,
      below,
    );
    blend(
      f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(p0)),
      f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(q0)),
      d,
      e,
      first,
      prior + 16,
      above + 16,
      below + 16,
    );
    blend(
      f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(p1)),
      f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(q1)),
      d,
      e,
      first,
      prior + 32,
      above + 32,
      below + 32,
    );
    blend(
      f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(p1)),
      f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(q1)),
      d,
      e,
      first,
      prior + 48,
      above + 48,
      below + 48,
    );
    src += 16;
    prior += 64;
    above += 64;
    below += 64;
  }
}

// Gray of four pixels from their summed channels: first and third in the lanes of `outer`, second and fourth in `inner`.
function gray(outer: v128, inner: v128, outerWeights: v128, innerWeights: v128): v128 {
  return f32x4.convert_i32x4_s(
    i32x4.add(i32x4.dot_i16x8_s(outer, outerWeights), i32x4.dot_i16x8_s(inner, innerWeights)),
  );
}

// A block of 1..15 rows of four-byte pixels: Q <= 120 * 255 fits a signed 16-bit lane, times 40000 a signed 32-bit one.
// A loaded lane is an outer byte (0 or 2) plus 256 times an inner one (1 or 3). Lanes are summed as they are, inner bytes
// by themselves, and outer sums are what remains: modulo 2^16, hence exact, and an operation less in the loop.
function colourBlock(
  src: usize,
  stride: usize,
  width: i32,
  n: i32,
  d: v128,
  e: v128,
  first: bool,
  above: usize,
  below: usize,
  outerWeights: v128,
  innerWeights: v128,
): void {
  let prior = first ? below : above;
  for (let x = 0; x < width; x += 8) {
    let row = src;
    let po0 = v128.load(row);
    let po1 = v128.load(row, 16);
    let pi0 = i16x8.shr_u(po0, 8);
    let pi1 = i16x8.shr_u(po1, 8);
    let qo0 = po0;
    let qo1 = po1;
    let qi0 = pi0;
    let qi1 = pi1;
    for (let r = n - 1; r > 0; r--) {
      row += stride;
      const v0 = v128.load(row);
      const v1 = v128.load(row, 16);
      po0 = i16x8.add(po0, v0);
      po1 = i16x8.add(po1, v1);
      pi0 = i16x8.add(pi0, i16x8.shr_u(v0, 8));
      pi1 = i16x8.add(pi1, i16x8.shr_u(v1, 8));
      qo0 = i16x8.add(qo0, po0);
      qo1 = i16x8.add(qo1, po1);
      qi0 = i16x8.add(qi0, pi0);
      qi1 = i16x8.add(qi1, pi1);
    }
    po0 = i16x8.sub(po0, i16x8.shl(pi0, 8));
    po1 = i16x8.sub(po1, i16x8.shl(pi1, 8));
    qo0 = i16x8.sub(qo0, i16x8.shl(qi0, 8));
    qo1 = i16x8.sub(qo1, i16x8.shl(qi1, 8));
    blend(
      gray(po0, pi0, outerWeights, innerWeights),
      gray(qo0, qi0, outerWeights, innerWeights),
      d,
      e,
      first,
      prior,
      above,
      below,
    );
    blend(
      gray(po1, pi1, outerWeights, innerWeights),
      gray(qo1, qi1, outerWeights, innerWeights),
      d,
      e,
      first,
      prior + 16,
      above + 16,
      below + 16,
    );
    src += 32;
    prior += 32;
    above += 32;
    below += 32;
  }
}

// One output row from one row of float gray, four pixels at a time; `out` is written to a multiple of four.
// Table, per four pixels: four i32 byte offsets into `row`, then `tapBytes` / 16 times four vectors of weights.
function filterColumns(
  row: usize,
  table: usize,
  tapBytes: usize,
  width: i32,
  gain: v128,
  bias: v128,
  out: usize,
): void {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  for (let x = 0; x < width; x += 4) {
    const s0 = row + <usize>i32.load(table);
    const s1 = row + <usize>i32.load(table, 4);
    const s2 = row + <usize>i32.load(table, 8);
    const s3 = row + <usize>i32.load(table, 12);
    table += 16;
    let a0 = zero;
    let a1 = zero;
    let a2 = zero;
    let a3 = zero;
    for (let t: usize = 0; t < tapBytes; t += 16) {
      a0 = f32x4.add(a0, f32x4.mul(v128.load(s0 + t), v128.load(table)));
      a1 = f32x4.add(a1, f32x4.mul(v128.load(s1 + t), v128.load(table, 16)));
      a2 = f32x4.add(a2, f32x4.mul(v128.load(s2 + t), v128.load(table, 32)));
      a3 = f32x4.add(a3, f32x4.mul(v128.load(s3 + t), v128.load(table, 48)));
      table += 64;
    }
    const u = f32x4.add(v128.shuffle<f32>(a0, a1, 0, 4, 1, 5), v128.shuffle<f32>(a0, a1, 2, 6, 3, 7));
    const v = f32x4.add(v128.shuffle<f32>(a2, a3, 0, 4, 1, 5), v128.shuffle<f32>(a2, a3, 2, 6, 3, 7));
    const sum = f32x4.add(v128.shuffle<f32>(u, v, 0, 1, 4, 5), v128.shuffle<f32>(u, v, 2, 3, 6, 7));
    v128.store(out, f32x4.pmin(one, f32x4.pmax(zero, f32x4.add(f32x4.mul(sum, gain), bias))));
    out += 16;
  }
}

/**
 * Antialiased resize of one frame to float32 gray.
 * `blocks`, 24 bytes each: i32 byte offset of the first row, i32 rows, i32 flags (1: the block begins a new pair of output rows; 2: the
 * row above is complete, write it), f32 d0 + rows, f32 scale - d0 - rows, f32 gain of the output row.
 * `channelWeights` is 0 for a luma plane, else points to the weights of a pixel's bytes 0, 2, 1, 3 as i16, sum 40000.
 * Reads each row up to its width rounded up to 16 (luma) or 8 pixels; writes `out` up to 3 floats past its end.
 */
export function frameAntialiased(
  src: usize,
  stride: usize,
  width: i32,
  channelWeights: usize,
  blocks: usize,
  blocksEnd: usize,
  table: usize,
  tapBytes: usize,
  outWidth: i32,
  bias: f32,
  above: usize,
  below: usize,
  out: usize,
): void {
  const bias4 = f32x4.splat(bias);
  for (; blocks < blocksEnd; blocks += 24) {
    const rows = src + <usize>i32.load(blocks);
    const n = i32.load(blocks, 4);
    const flags = i32.load(blocks, 8);
    const d = v128.load32_splat(blocks, 12);
    const e = v128.load32_splat(blocks, 16);
    const first = (flags & 1) != 0;
    if (channelWeights == 0) lumaBlock(rows, stride, width, n, d, e, first, above, below);
    else {
      const outer = v128.load32_splat(channelWeights);
      const inner = v128.load32_splat(channelWeights, 4);
      colourBlock(rows, stride, width, n, d, e, first, above, below, outer, inner);
    }
    if ((flags & 2) != 0) {
      filterColumns(above, table, tapBytes, outWidth, v128.load32_splat(blocks, 20), bias4, out);
      out += (<usize>outWidth) << 2;
    }
  }
}

// Gray of the pixel at `p`, times 40000.
function grayAt(p: usize, w0: i32, w1: i32, w2: i32): f32 {
  const v = i32.load(p);
  return <f32>((v & 255) * w0 + ((v >> 8) & 255) * w1 + ((v >> 16) & 255) * w2);
}

/**
 * Point bilinear resize of one frame to float32 gray: four source pixels per output pixel, however far apart.
 * `rows` and `columns`, 16 bytes for each output row or column: two i32 byte offsets, two f32 weights.
 * w0..w2 weigh a pixel's first three bytes, sum 40000 (luma: 40000, 0, 0); `black` is subtracted from every pixel.
 * Reads up to 3 bytes past a luma pixel.
 */
export function frameBilinear(
  src: usize,
  w0: i32,
  w1: i32,
  w2: i32,
  black: f32,
  gain: f32,
  rows: usize,
  rowsEnd: usize,
  columns: usize,
  columnsEnd: usize,
  out: usize,
): void {
  for (; rows < rowsEnd; rows += 16) {
    const upper = src + <usize>i32.load(rows);
    const lower = src + <usize>i32.load(rows, 4);
    const upperWeight = f32.load(rows, 8);
    const lowerWeight = f32.load(rows, 12);
    for (let c = columns; c < columnsEnd; c += 16) {
      const left = <usize>i32.load(c);
      const right = <usize>i32.load(c, 4);
      const leftWeight = f32.load(c, 8);
      const rightWeight = f32.load(c, 12);
      const u =
        (grayAt(upper + left, w0, w1, w2) - black) * leftWeight +
        (grayAt(upper + right, w0, w1, w2) - black) * rightWeight;
      const l =
        (grayAt(lower + left, w0, w1, w2) - black) * leftWeight +
        (grayAt(lower + right, w0, w1, w2) - black) * rightWeight;
      f32.store(out, min<f32>(1, max<f32>(0, (u * upperWeight + l * lowerWeight) * gain)));
      out += 4;
    }
  }
}

/** Three planes of `count` floats to one of interleaved triples. Reads each plane up to 3 floats past its end, writes 12. */
export function frameInterleave(a: usize, b: usize, c: usize, count: i32, out: usize): void {
  for (let i = 0; i < count; i += 4) {
    const x = v128.load(a);
    const y = v128.load(b);
    const z = v128.load(c);
    const xy = v128.shuffle<f32>(x, y, 0, 4, 1, 5);
    const xyHigh = v128.shuffle<f32>(x, y, 2, 6, 3, 7);
    v128.store(out, v128.shuffle<f32>(xy, z, 0, 1, 4, 2));
    // x0 y0 z0 x1 | y1 z1 x2 y2 | z2 x3 y3 z3
    v128.store(out, v128.shuffle<f32>(v128.shuffle<f32>(xy, z, 3, 5, 0, 0), xyHigh, 0, 1, 4, 5), 16);
    v128.store(out, v128.shuffle<f32>(xyHigh, z, 6, 2, 3, 7), 32);
    a += 16;
    b += 16;
    c += 16;
    out += 48;
  }
}
