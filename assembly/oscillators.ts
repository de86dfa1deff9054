// Additive synthesis: sines with amplitudes given per video frame, interpolated linearly to audio rate.
// Segments of 64 samples lie on an absolute grid, so the result does not depend on who asks for how many samples.
import { resonatorAdvance, resonatorSeed, resonatorSetup } from './resonator';
import { turnCos, turnSin } from './trig';

const segment: usize = 256; // bytes
const recordSize: usize = 208;

/** Fills the record of one sine: `turns` per sample, gain on the amplitude of `note`. */
export function oscillatorSetup(record: usize, turns: f64, gain: f32, note: i32): void {
  resonatorSetup(record, turns, 1, gain, note);
}

/** Sets the phase of one sine, in turns. */
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

/** Empties a segment. A loop: memory.fill costs a call out of wasm, which is as long as two sines. */
function silence(at: usize): void {
  for (const end = at + segment; at < end; at += 16) v128.store(at, f32x4.splat(0));
}

/** Adds one segment of all sines to `out`, each at `levels` of its note at first, rising by `slopes` per sample. */
function addSines(out: usize, records: usize, last: usize, levels: usize, slopes: usize): void {
  for (let a = records; a < last; a += 2 * recordSize) {
    const b = a + recordSize;
    const noteA = (<usize>i32.load(a, 76)) << 2;
    const noteB = (<usize>i32.load(b, 76)) << 2;
    let slopeA = f32x4.mul(v128.load32_splat(a, 72), v128.load32_splat(slopes + noteA));
    let slopeB = f32x4.mul(v128.load32_splat(b, 72), v128.load32_splat(slopes + noteB));
    let levelA = f32x4.mul(v128.load32_splat(a, 72), v128.load32_splat(levels + noteA));
    let levelB = f32x4.mul(v128.load32_splat(b, 72), v128.load32_splat(levels + noteB));
    levelA = f32x4.add(levelA, f32x4.mul(slopeA, f32x4(0, 1, 2, 3)));
    levelB = f32x4.add(levelB, f32x4.mul(slopeB, f32x4(0, 1, 2, 3)));
    slopeA = f32x4.mul(slopeA, f32x4.splat(4));
    slopeB = f32x4.mul(slopeB, f32x4.splat(4));

    let z = f32x4.demote_f64x2_zero(v128.load(a));
    let c = v128.shuffle<f32>(z, z, 0, 0, 0, 0);
    let s = v128.shuffle<f32>(z, z, 1, 1, 1, 1);
    let x0A = resonatorSeed(a + 144, c, s);
    let x1A = resonatorSeed(a + 160, c, s);
    let y0A = resonatorSeed(a + 80, c, s);
    let y1A = resonatorSeed(a + 96, c, s);
    z = f32x4.demote_f64x2_zero(v128.load(b));
    c = v128.shuffle<f32>(z, z, 0, 0, 0, 0);
    s = v128.shuffle<f32>(z, z, 1, 1, 1, 1);
    let x0B = resonatorSeed(b + 144, c, s);
    let x1B = resonatorSeed(b + 160, c, s);
    let y0B = resonatorSeed(b + 80, c, s);
    let y1B = resonatorSeed(b + 96, c, s);

    const feedbackA = v128.load32_splat(a, 64);
    const feedbackB = v128.load32_splat(b, 64);
    // Two sines x two vectors are four independent chains, which hides the latency of the recurrence; x and y take
    // turns being the newer one.
    for (let o = out; o < out + segment; o += 64) {
      v128.store(o, f32x4.add(v128.load(o), f32x4.add(f32x4.mul(levelA, y0A), f32x4.mul(levelB, y0B))));
      levelA = f32x4.add(levelA, slopeA);
      levelB = f32x4.add(levelB, slopeB);
      v128.store(o, f32x4.add(v128.load(o, 16), f32x4.add(f32x4.mul(levelA, y1A), f32x4.mul(levelB, y1B))), 16);
      levelA = f32x4.add(levelA, slopeA);
      levelB = f32x4.add(levelB, slopeB);
      x0A = f32x4.sub(f32x4.mul(feedbackA, y0A), x0A);
      x1A = f32x4.sub(f32x4.mul(feedbackA, y1A), x1A);
      x0B = f32x4.sub(f32x4.mul(feedbackB, y0B), x0B);
      x1B = f32x4.sub(f32x4.mul(feedbackB, y1B), x1B);
      v128.store(o, f32x4.add(v128.load(o, 32), f32x4.add(f32x4.mul(levelA, x0A), f32x4.mul(levelB, x0B))), 32);
      levelA = f32x4.add(levelA, slopeA);
      levelB = f32x4.add(levelB, slopeB);
      v128.store(o, f32x4.add(v128.load(o, 48), f32x4.add(f32x4.mul(levelA, x1A), f32x4.mul(levelB, x1B))), 48);
      levelA = f32x4.add(levelA, slopeA);
      levelB = f32x4.add(levelB, slopeB);
      y0A = f32x4.sub(f32x4.mul(feedbackA, x0A), y0A);
      y1A = f32x4.sub(f32x4.mul(feedbackA, x1A), y1A);
      y0B = f32x4.sub(f32x4.mul(feedbackB, x0B), y0B);
      y1B = f32x4.sub(f32x4.mul(feedbackB, x1B), y1B);
    }
  }
}

/**
 * Renders `segments` x 64 samples of the sines in `records` (an even `count`).
 * `clock` holds four float64: the video frame the next sample lies in, the position within it in units of 1 / `unit`
 * frames, `unit`, and units per sample; all whole numbers, so that time never drifts.
 * `amplitudes` is a ring of `rows` x `notes`, readable three floats past its end; `scratch` has room for a segment and
 * three times the notes, rounded up to vectors.
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
  const levels = scratch + segment;
  const slopes = levels + width;
  const level = slopes + width;
  const last = records + <usize>count * recordSize;
  memory.fill(level, 0, width);
  for (const end = out + <usize>segments * segment; out < end; out += segment) {
    let frame = f64.load(clock);
    let within = f64.load(clock, 8);
    const into = f32x4.splat(<f32>(within / unit));
    let row = rowAt(amplitudes, frame, rows, notes);
    let next = rowAt(amplitudes, frame + 1, rows, notes);
    for (let i: usize = 0; i < width; i += 16) {
      const a = audible(v128.load(row + i));
      const rise = f32x4.sub(audible(v128.load(next + i)), a);
      v128.store(levels + i, f32x4.add(a, f32x4.mul(rise, into)));
      v128.store(slopes + i, f32x4.mul(rise, perSample));
    }
    silence(out);
    addSines(out, records, last, levels, slopes);

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
        v128.store(levels + i, f32x4.mul(bend, perSample));
      }
      silence(scratch);
      addSines(scratch, records, last, levels, level);
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
    }
    f64.store(clock, frame);
    f64.store(clock, within, 8);
    for (let record = records; record < last; record += recordSize) resonatorAdvance(record);
  }
}
