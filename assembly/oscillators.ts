// Additive synthesis: sines with amplitudes given per video frame, interpolated linearly to audio rate.
// Segments of 64 samples lie on an absolute grid, so the result does not depend on who asks for how many samples.
//
// Around the middle of a segment, m samples before or after it, the addition theorem takes a sine whose phase there is
// p and whose amplitude there is a, rising by b per sample, apart into an even and an odd half:
//   (a + b m) sin(p + w m) = [a sin p . cos(w m) + b cos p . m sin(w m)] + [a cos p . sin(w m) + b sin p . m cos(w m)]
// Each half is two products of a number that changes per segment with a table that never changes. The halves of all
// sines are summed first; their sum and their difference are then the samples after and before the middle.
//
// A record is 560 bytes:
//   0 cos p, sin p           in the middle of the segment, float64
//  16 cosine, note           of its rotation over a segment, float64; int32
//  32 -sine, sine            of its rotation over a segment, float64
//  48 tables of the even half: eight times two vectors, gain x cos(w m), gain x m sin(w m), for m = 0.5 ... 31.5
// 304 tables of the odd half: gain x sin(w m), gain x m cos(w m), likewise, all float32
import { resonatorAdvance } from './resonator';
import { turnCos, turnSin } from './trig';

const segment: usize = 256; // bytes
const recordSize: usize = 560;

/** Fills the record of one sine: `turns` per sample, gain on the amplitude of `note`. */
export function oscillatorSetup(record: usize, turns: f64, gain: f64, note: i32): void {
  f64.store(record, turnCos(64 * turns), 16);
  i32.store(record, note, 24);
  f64.store(record, -turnSin(64 * turns), 32);
  f64.store(record, turnSin(64 * turns), 40);
  for (let i: usize = 0; i < 32; i++) {
    const at = record + ((i >> 2) << 5) + ((i & 3) << 2);
    const m = <f64>i + 0.5;
    const c = gain * turnCos(turns * m);
    const s = gain * turnSin(turns * m);
    f32.store(at, <f32>c, 48);
    f32.store(at, <f32>(m * s), 64);
    f32.store(at, <f32>s, 304);
    f32.store(at, <f32>(m * c), 320);
  }
}

/** Sets the phase of one sine in the middle of a segment, in turns. */
export function oscillatorPhase(record: usize, turns: f64): void {
  f64.store(record, turnCos(turns));
  f64.store(record, turnSin(turns), 8);
}

/** Amplitudes as they count: what is not a number, infinite or absurd is silence. */
function audible(a: v128): v128 {
  return v128.and(a, f32x4.le(f32x4.abs(a), f32x4.splat(1e30)));
}

/** Amplitudes of a video frame in the ring of rows; before the first frame, those of the first. */
function rowAt(amplitudes: usize, frame: f64, rows: i32, notes: i32): usize {
  const row = frame < 0 ? 0 : <i32>(<i64>frame % <i64>rows);
  return amplitudes + ((<usize>(row * notes)) << 2);
}

/** Writes four levels and four slopes as pairs. */
function storePairs(at: usize, levels: v128, slopes: v128): void {
  v128.store(at, v128.shuffle<f32>(levels, slopes, 0, 4, 1, 5));
  v128.store(at, v128.shuffle<f32>(levels, slopes, 2, 6, 3, 7), 16);
}

/** Lanes in reverse. */
function mirrored(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 3, 2, 1, 0);
}

/**
 * Fills a segment with all sines, at the pairs (level, slope) of their notes. `voices` has room for 32 bytes a sine:
 * what the four tables of one that sounds are multiplied with, and where those of the even and the odd half are.
 */
function sines(out: usize, records: usize, last: usize, pairs: usize, voices: usize): void {
  let end = voices;
  for (let record = records; record < last; record += recordSize) {
    const pair = pairs + ((<usize>i32.load(record, 24)) << 3);
    // Most bars are silent most of the time.
    if (load<u64>(pair) == 0) continue;
    const z = f32x4.demote_f64x2_zero(v128.load(record));
    v128.store(end, f32x4.mul(v128.load64_splat(pair), v128.shuffle<f32>(z, z, 1, 0, 0, 1)));
    store<usize>(end, record + 48, 16);
    store<usize>(end, record + 304, 24);
    end += 32;
  }
  // Four sums at a time: with more, V8 runs out of registers.
  let at = out;
  for (let half = voices; half < voices + 16; half += 8) {
    for (let quarter: usize = 0; quarter < 256; quarter += 128) {
      let sum0 = f32x4.splat(0);
      let sum1 = sum0;
      let sum2 = sum0;
      let sum3 = sum0;
      for (let voice = half; voice < end; voice += 32) {
        const a = v128.load32_splat(voice);
        const b = v128.load32_splat(voice, 4);
        const table = load<usize>(voice, 16) + quarter;
        sum0 = f32x4.add(sum0, f32x4.add(f32x4.mul(a, v128.load(table)), f32x4.mul(b, v128.load(table, 16))));
        sum1 = f32x4.add(sum1, f32x4.add(f32x4.mul(a, v128.load(table, 32)), f32x4.mul(b, v128.load(table, 48))));
        sum2 = f32x4.add(sum2, f32x4.add(f32x4.mul(a, v128.load(table, 64)), f32x4.mul(b, v128.load(table, 80))));
        sum3 = f32x4.add(sum3, f32x4.add(f32x4.mul(a, v128.load(table, 96)), f32x4.mul(b, v128.load(table, 112))));
      }
      v128.store(at, sum0);
      v128.store(at, sum1, 16);
      v128.store(at, sum2, 32);
      v128.store(at, sum3, 48);
      at += 64;
    }
  }
  // The even half lies where the samples before the middle belong, the odd half where those after it do.
  for (let low = out, high = out + 112; low < high; low += 16, high -= 16) {
    const even0 = v128.load(low);
    const even1 = v128.load(high);
    const odd0 = v128.load(low, 128);
    const odd1 = v128.load(high, 128);
    v128.store(low, mirrored(f32x4.sub(even1, odd1)));
    v128.store(high, mirrored(f32x4.sub(even0, odd0)));
    v128.store(low, f32x4.add(even0, odd0), 128);
    v128.store(high, f32x4.add(even1, odd1), 128);
  }
}

/**
 * Renders `segments` x 64 samples of the `count` sines in `records`.
 * `clock` holds four float64: the video frame the next sample lies in, the position within it in units of 1 / `unit`
 * frames, `unit`, and units per sample; all whole numbers, so that time never drifts.
 * `amplitudes` is a ring of `rows` x `notes`, readable three floats past its end; `scratch` has room for a segment, 32
 * bytes a sine, and twice the notes, rounded up to vectors.
 */
export function oscillators(
  out: usize,
  segments: i32,
  clock: usize,
  amplitudes: usize,
  rows: i32,
  notes: i32,
  records: usize,
  count: i32,
  scratch: usize,
): void {
  const unit = f64.load(clock, 16);
  const step = f64.load(clock, 24);
  const perSample = f32x4.splat(<f32>(step / unit));
  const width = ((<usize>notes + 3) & ~3) << 2;
  const voices = scratch + segment;
  const pairs = voices + ((<usize>count) << 5);
  const last = records + <usize>count * recordSize;
  let frame = f64.load(clock);
  let within = f64.load(clock, 8);
  let row = rowAt(amplitudes, frame, rows, notes);
  let next = rowAt(amplitudes, frame + 1, rows, notes);
  for (const end = out + <usize>segments * segment; out < end; out += segment) {
    const into = f32x4.splat(<f32>((within + 31.5 * step) / unit));
    for (let i: usize = 0; i < width; i += 16) {
      const a = audible(v128.load(row + i));
      const rise = f32x4.sub(audible(v128.load(next + i)), a);
      storePairs(pairs + 2 * i, f32x4.add(a, f32x4.mul(rise, into)), f32x4.mul(rise, perSample));
    }
    sines(out, records, last, pairs, voices);

    // Where a video frame begins inside the segment the amplitudes bend: add the sines again, as loud as their slopes
    // change, times the samples since the bend.
    within += 64 * step;
    for (; within > unit; within -= unit) {
      frame += 1;
      const before = row;
      row = next;
      next = rowAt(amplitudes, frame + 1, rows, notes);
      for (let i: usize = 0; i < width; i += 16) {
        const a = audible(v128.load(row + i));
        const bend = f32x4.sub(
          f32x4.sub(audible(v128.load(next + i)), a),
          f32x4.sub(a, audible(v128.load(before + i))),
        );
        storePairs(pairs + 2 * i, f32x4.mul(bend, perSample), f32x4.splat(0));
      }
      sines(scratch, records, last, pairs, voices);
      let since = f32x4.add(f32x4.splat(<f32>((within - unit) / step - 64)), f32x4(0, 1, 2, 3));
      for (let i: usize = 0; i < segment; i += 16) {
        const late = f32x4.mul(f32x4.max(since, f32x4.splat(0)), v128.load(scratch + i));
        v128.store(out + i, f32x4.add(v128.load(out + i), late));
        since = f32x4.add(since, f32x4.splat(4));
      }
    }
    // A frame that begins with the next segment bends nothing in this one.
    if (within == unit) {
      within = 0;
      frame += 1;
      row = next;
      next = rowAt(amplitudes, frame + 1, rows, notes);
    }
    for (let record = records; record < last; record += recordSize) resonatorAdvance(record);
  }
  f64.store(clock, frame);
  f64.store(clock, within, 8);
}
