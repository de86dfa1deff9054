// A simulated camera's electronics: linear light to bytes. f64 throughout, as in canvas.ts.

/** Two values of f32, as f64. */
function pairAt(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

/** Four indices into the tone curve of four values of light under their gains. */
function toneOfFour(light: v128, corner: v128, gain: v128, side: v128, highest: v128): v128 {
  const low = f64x2.mul(gain, f64x2.sub(side, f64x2.promote_low_f32x4(corner)));
  const high = f64x2.mul(gain, f64x2.sub(side, f64x2.promote_low_f32x4(v128.shuffle<i64>(corner, corner, 1, 1))));
  const a = f64x2.mul(f64x2.promote_low_f32x4(light), low);
  const b = f64x2.mul(f64x2.promote_low_f32x4(v128.shuffle<i64>(light, light, 1, 1)), high);
  const index = v128.shuffle<i64>(i32x4.trunc_sat_f64x2_s_zero(a), i32x4.trunc_sat_f64x2_s_zero(b), 0, 2);
  return i32x4.min_s(i32x4.max_s(index, i32x4.splat(0)), highest);
}

/** Two grey levels of one pair of tones (grey and deviation, f32 each), and noise. */
function greyOfTwo(first: usize, second: usize, noise: v128): v128 {
  const a = f64x2.promote_low_f32x4(v128.load64_zero(first));
  const b = f64x2.promote_low_f32x4(v128.load64_zero(second));
  const grey = v128.shuffle<i64>(a, b, 0, 2);
  const deviation = v128.shuffle<i64>(a, b, 1, 3);
  return f64x2.add(f64x2.add(grey, f64x2.mul(noise, deviation)), f64x2.splat(0.5));
}

/**
 * Develops a plane. `curve` holds pairs of grey level and deviation of its noise (f32), `tones` of them; `starts` the
 * offset in bytes into `noise` per row (i32); `corner` the darkening per column (f32). `numbers` is f64s: gain, darkening per
 * squared row from the middle, shares of the noise there and of the noise `other` bytes further. Bytes go to `out`, `stride`
 * apart. Up to three values are read past a row.
 */
export function sensorDevelop(
  light: usize,
  corner: usize,
  curve: usize,
  tones: i32,
  noise: usize,
  starts: usize,
  other: usize,
  numbers: usize,
  out: usize,
  stride: usize,
  width: i32,
  height: i32,
): void {
  const gain = v128.load64_splat(numbers);
  const fall = f64.load(numbers, 8);
  const own = v128.load64_splat(numbers, 16);
  const shared = v128.load64_splat(numbers, 24);
  const highest = i32x4.splat(tones - 1);
  const bytes = (<usize>width) << 2;
  for (let y = 0; y < height; y++) {
    const off = <f64>y + 0.5 - <f64>height / 2;
    const side = f64x2.splat(1 - fall * off * off);
    const grain = noise + <usize>i32.load(starts + ((<usize>y) << 2));
    for (let x: usize = 0; x < bytes; x += 16) {
      const tone = toneOfFour(v128.load(light + x), v128.load(corner + x), gain, side, highest);
      const low = f64x2.add(f64x2.mul(own, pairAt(grain + x)), f64x2.mul(shared, pairAt(grain + other + x)));
      const high = f64x2.add(f64x2.mul(own, pairAt(grain + x + 8)), f64x2.mul(shared, pairAt(grain + other + x + 8)));
      const a = greyOfTwo(
        curve + ((<usize>i32x4.extract_lane(tone, 0)) << 3),
        curve + ((<usize>i32x4.extract_lane(tone, 1)) << 3),
        low,
      );
      const b = greyOfTwo(
        curve + ((<usize>i32x4.extract_lane(tone, 2)) << 3),
        curve + ((<usize>i32x4.extract_lane(tone, 3)) << 3),
        high,
      );
      const whole = v128.shuffle<i64>(i32x4.trunc_sat_f64x2_s_zero(a), i32x4.trunc_sat_f64x2_s_zero(b), 0, 2);
      const words = i16x8.narrow_i32x4_s(whole, whole);
      const four = i8x16.narrow_i16x8_u(words, words);
      let packed = i32x4.extract_lane(four, 0);
      const end = out + stride * min<usize>(4, (bytes - x) >> 2);
      if (stride == 1 && x + 16 <= bytes) i32.store(out, packed);
      else for (let to = out; to < end; to += stride, packed >>= 8) store<u8>(to, <u8>packed);
      out = end;
    }
    light += bytes;
  }
}

/** Moves a plane by whole pixels (`ix`, `iy`) and a part of one: `weights`, f64s, of the four pixels at each place. */
export function sensorShift(light: usize, out: usize, ix: i32, iy: i32, weights: usize, width: i32, height: i32): void {
  const w00 = v128.load64_splat(weights);
  const w10 = v128.load64_splat(weights, 8);
  const w01 = v128.load64_splat(weights, 16);
  const w11 = v128.load64_splat(weights, 24);
  const bytes = (<usize>width) << 2;
  const last = width - 1;
  for (let y = 0; y < height; y++) {
    const above = light + <usize>min(max(y + iy, 0), height - 1) * bytes;
    const below = light + <usize>min(max(y + iy + 1, 0), height - 1) * bytes;
    for (let x = 0; x < width;) {
      const to = out + ((<usize>x) << 2);
      const from = x + ix;
      // Pairs that lie, with the pixel behind them, wholly in the row.
      if (from >= 0 && from + 2 <= last && x < last) {
        const at = (<usize>from) << 2;
        let sum = f64x2.add(f64x2.mul(pairAt(above + at), w00), f64x2.mul(pairAt(above + at + 4), w10));
        sum = f64x2.add(sum, f64x2.mul(pairAt(below + at), w01));
        sum = f64x2.add(sum, f64x2.mul(pairAt(below + at + 4), w11));
        v128.store64_lane(to, f32x4.demote_f64x2_zero(sum), 0);
        x += 2;
        continue;
      }
      const a = (<usize>min(max(from, 0), last)) << 2;
      const b = (<usize>min(max(from + 1, 0), last)) << 2;
      const top = <f64>f32.load(above + a) * f64.load(weights) + <f64>f32.load(above + b) * f64.load(weights, 8);
      const left = top + <f64>f32.load(below + a) * f64.load(weights, 16);
      f32.store(to, <f32>(left + <f64>f32.load(below + b) * f64.load(weights, 24)));
      x++;
    }
    out += bytes;
  }
}
