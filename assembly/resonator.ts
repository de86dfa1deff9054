// One rotating, decaying phasor: a mode of a bar; the sines of the oscillator bank turn theirs likewise.
//
// Sound is made in segments of 64 samples. A segment starts from the float64 phasor (c, s); inside it samples eight
// apart obey y'' = feedback * y' - damping * y in float32. Eight steps are few enough that the rounding of `feedback`,
// which is what limits such a recurrence, stays below -110 dB at any frequency.
//
// A record is 208 bytes:
//   0 c, s                 the phasor at the start of the segment, float64
//  16 cosine, -, -sine, sine   its rotation over a segment, float64
//  48 cosine, sine         its rotation over a sample, float64
//  64 feedback, damping   float32
//  80 seeds of samples 0..7: eight float32 to multiply with s, eight with c
// 144 seeds of samples -8..-1, likewise
import { turnCos, turnSin } from './trig';

/** Fills a record for `turns` per sample and `decay` per sample (1 = none). The phasor starts silent. */
export function resonatorSetup(record: usize, turns: f64, decay: f64): void {
  let power = decay * decay;
  power *= power;
  const eighth = power * power;
  let whole = eighth * eighth;
  whole *= whole;
  whole *= whole;
  f64.store(record, 0);
  f64.store(record, 0, 8);
  f64.store(record, whole * turnCos(64 * turns), 16);
  f64.store(record, -whole * turnSin(64 * turns), 32);
  f64.store(record, whole * turnSin(64 * turns), 40);
  f64.store(record, decay * turnCos(turns), 48);
  f64.store(record, decay * turnSin(turns), 56);
  f32.store(record, <f32>(2 * eighth * turnCos(8 * turns)), 64);
  f32.store(record, <f32>(eighth * eighth), 68);
  power = 1 / eighth;
  for (let j = -8; j < 8; j++) {
    const at = record + (j < 0 ? 144 : 80) + ((<usize>(j & 7)) << 2);
    f32.store(at, <f32>(power * turnCos(turns * <f64>j)));
    f32.store(at, <f32>(power * turnSin(turns * <f64>j)), 32);
    power *= decay;
  }
}

/** Turns the phasor of a record by one segment. */
export function resonatorAdvance(record: usize): void {
  const z = v128.load(record);
  const across = v128.shuffle<f64>(z, z, 1, 0);
  v128.store(record, f64x2.add(f64x2.mul(z, v128.load64_splat(record, 16)), f64x2.mul(across, v128.load(record, 32))));
}

/** Four seeds from the tables at `table`. */
export function resonatorSeed(table: usize, c: v128, s: v128): v128 {
  return f32x4.add(f32x4.mul(s, v128.load(table)), f32x4.mul(c, v128.load(table, 32)));
}
