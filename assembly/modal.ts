// Struck bars: every bar is a few decaying sines (modes) and a short hiss of contact. Segments of 64 samples lie on an
// absolute grid; strikes fall on any sample.
import { resonatorAdvance, resonatorSeed, resonatorSetup } from './resonator';

const segment: usize = 256; // bytes
const recordSize: usize = 208;

// A mode this quiet (-160 dB) stops. It also keeps everything far away from denormal numbers.
const floor: f64 = 1e-8;

/** Fills the record of one mode: `turns` per sample, `decay` of amplitude per sample. */
export function modeSetup(record: usize, turns: f64, decay: f64): void {
  resonatorSetup(record, turns, decay);
}

/** Adds a segment of two modes, whose phasors (c, s, -, -) are given, to `out`. */
function addModes(out: usize, a: usize, zA: v128, b: usize, zB: v128): void {
  let c = v128.shuffle<f32>(zA, zA, 0, 0, 0, 0);
  let s = v128.shuffle<f32>(zA, zA, 1, 1, 1, 1);
  let x0A = resonatorSeed(a + 144, c, s);
  let x1A = resonatorSeed(a + 160, c, s);
  let y0A = resonatorSeed(a + 80, c, s);
  let y1A = resonatorSeed(a + 96, c, s);
  c = v128.shuffle<f32>(zB, zB, 0, 0, 0, 0);
  s = v128.shuffle<f32>(zB, zB, 1, 1, 1, 1);
  let x0B = resonatorSeed(b + 144, c, s);
  let x1B = resonatorSeed(b + 160, c, s);
  let y0B = resonatorSeed(b + 80, c, s);
  let y1B = resonatorSeed(b + 96, c, s);
  const feedbackA = v128.load32_splat(a, 64);
  const feedbackB = v128.load32_splat(b, 64);
  const dampingA = v128.load32_splat(a, 68);
  const dampingB = v128.load32_splat(b, 68);
  for (const end = out + segment; out < end; out += 64) {
    v128.store(out, f32x4.add(v128.load(out), f32x4.add(y0A, y0B)));
    v128.store(out, f32x4.add(v128.load(out, 16), f32x4.add(y1A, y1B)), 16);
    x0A = f32x4.sub(f32x4.mul(feedbackA, y0A), f32x4.mul(dampingA, x0A));
    x1A = f32x4.sub(f32x4.mul(feedbackA, y1A), f32x4.mul(dampingA, x1A));
    x0B = f32x4.sub(f32x4.mul(feedbackB, y0B), f32x4.mul(dampingB, x0B));
    x1B = f32x4.sub(f32x4.mul(feedbackB, y1B), f32x4.mul(dampingB, x1B));
    v128.store(out, f32x4.add(v128.load(out, 32), f32x4.add(x0A, x0B)), 32);
    v128.store(out, f32x4.add(v128.load(out, 48), f32x4.add(x1A, x1B)), 48);
    y0A = f32x4.sub(f32x4.mul(feedbackA, x0A), f32x4.mul(dampingA, y0A));
    y1A = f32x4.sub(f32x4.mul(feedbackA, x1A), f32x4.mul(dampingA, y1A));
    y0B = f32x4.sub(f32x4.mul(feedbackB, x0B), f32x4.mul(dampingB, y0B));
    y1B = f32x4.sub(f32x4.mul(feedbackB, x1B), f32x4.mul(dampingB, y1B));
  }
}

/** Four integers well mixed. Source: the 32-bit finaliser "lowbias32" of Wellons' hash-prospector (public domain). */
function mix(x: v128): v128 {
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(0x7feb352d));
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), i32x4.splat(0x846ca68b));
  return v128.xor(x, i32x4.shr_u(x, 16));
}

/** Adds a segment of noise of unit rms that starts at `level` and decays; the noise of sample `index` is always the same. */
function addHiss(out: usize, index: i32, level: f64, decay: f64): void {
  const second = level * decay;
  const third = second * decay;
  let envelope = f32x4(<f32>level, <f32>second, <f32>third, <f32>(third * decay));
  envelope = f32x4.mul(envelope, f32x4.splat(8.065548e-10)); // sqrt(3) / 2^31
  const fall = f32x4.splat(<f32>(decay * decay * decay * decay));
  let n = i32x4.add(i32x4.splat(index), i32x4(0, 1, 2, 3));
  for (const end = out + segment; out < end; out += 16) {
    v128.store(out, f32x4.add(v128.load(out), f32x4.mul(envelope, f32x4.convert_i32x4_s(mix(n)))));
    envelope = f32x4.mul(envelope, fall);
    n = i32x4.add(n, i32x4.splat(4));
  }
}

function silence(at: usize): void {
  for (const end = at + segment; at < end; at += 16) v128.store(at, f32x4.splat(0));
}

/**
 * Renders `segments` x 64 samples of what rings. `hiss` holds the level of the noise, its decay per sample (float64,
 * float64), and the number of its next sample (int32). After the `count` records follows an empty one; `list` has
 * room for `count` + 1 addresses. Returns how many modes rang in the last segment.
 */
export function modes(out: usize, segments: i32, records: usize, count: i32, list: usize, hiss: usize): i32 {
  let index = i32.load(hiss, 16);
  const last = records + <usize>count * recordSize;
  let end = list;
  for (; segments > 0; segments--, out += segment, index += 64) {
    silence(out);
    end = list;
    for (let record = records; record < last; record += recordSize) {
      const z = f64x2.abs(v128.load(record));
      if (f64x2.extract_lane(z, 0) + f64x2.extract_lane(z, 1) > floor) {
        store<usize>(end, record);
        end += 4;
      } else {
        v128.store(record, f64x2.splat(0));
      }
    }
    // An odd mode is paired with the empty record.
    store<usize>(end, last);
    for (let at = list; at < end; at += 8) {
      const a = load<usize>(at);
      const b = load<usize>(at, 4);
      const zA = f32x4.demote_f64x2_zero(v128.load(a));
      addModes(out, a, zA, b, f32x4.demote_f64x2_zero(v128.load(b)));
      resonatorAdvance(a);
      resonatorAdvance(b);
    }
    const level = f64.load(hiss);
    if (level > floor) {
      const decay = f64.load(hiss, 8);
      addHiss(out, index, level, decay);
      let left = level;
      for (let i = 0; i < 64; i++) left *= decay;
      f64.store(hiss, left);
    } else {
      f64.store(hiss, 0);
    }
  }
  i32.store(hiss, index, 16);
  return <i32>((end - list) >> 2);
}

/**
 * Strikes a bar, the `count` modes at `record`, `offset` samples into the segment at `out` that has just been rendered:
 * adds its sound to the rest of the segment and its energy to what rings. `gains` holds one float32 per mode and that
 * of the hiss; `empty` is a record that never rings.
 */
export function modeStrike(
  out: usize,
  offset: i32,
  record: usize,
  count: i32,
  gains: usize,
  empty: usize,
  scratch: usize,
  hiss: usize,
): void {
  silence(scratch);
  const left = 64 - offset;
  for (let i = 0; i < count; i++, record += recordSize) {
    const gain = load<f32>(gains + ((<usize>i) << 2));
    addModes(scratch, record, f32x4(gain, 0, 0, 0), empty, f32x4.splat(0));
    const rotation = v128.load64_splat(record, 48);
    const quarter = f64x2.mul(v128.load64_splat(record, 56), f64x2(-1, 1));
    let z = f64x2(<f64>gain, 0);
    for (let n = 0; n < left; n++) {
      z = f64x2.add(f64x2.mul(z, rotation), f64x2.mul(v128.shuffle<f64>(z, z, 1, 0), quarter));
    }
    v128.store(record, f64x2.add(v128.load(record), z));
  }
  let level = <f64>load<f32>(gains + ((<usize>count) << 2));
  const decay = f64.load(hiss, 8);
  addHiss(scratch, i32.load(hiss, 16) - left, level, decay);
  for (let n = 0; n < left; n++) level *= decay;
  f64.store(hiss, f64.load(hiss) + level);
  out += (<usize>offset) << 2;
  for (const end = scratch + ((<usize>left) << 2); scratch < end; scratch += 4, out += 4) {
    f32.store(out, f32.load(out) + f32.load(scratch));
  }
}

/**
 * Soft limiter over `samples` (rounded up to 4): what stays within `knee` passes untouched, the rest bends smoothly
 * (slope and curvature continuous) towards 1, which it never exceeds.
 */
export function modeLimit(at: usize, samples: i32, knee: f32): void {
  const k = f32x4.splat(knee);
  const room = f32x4.splat(1 - knee);
  const sign = f32x4.splat(-0.0);
  for (const end = at + ((<usize>samples) << 2); at < end; at += 16) {
    const x = v128.load(at);
    const over = f32x4.div(f32x4.sub(f32x4.abs(x), k), room);
    const loud = f32x4.gt(over, f32x4.splat(0));
    if (!v128.any_true(loud)) continue;
    const far = f32x4.min(over, f32x4.splat(1e6));
    const bent = f32x4.div(far, f32x4.sqrt(f32x4.add(f32x4.splat(1), f32x4.mul(far, far))));
    const y = v128.or(f32x4.add(k, f32x4.mul(room, bent)), v128.and(x, sign));
    v128.store(at, v128.bitselect(y, x, loud));
  }
}
