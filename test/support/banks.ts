// The golden sounds of the two banks, and how far a sound is from one.
import type { SinePartial } from '../../src/kernels/oscillator-bank.js';
import type { ModalBar } from '../../src/kernels/modal-bank.js';
import json from '../golden/banks.json' with { type: 'json' };

interface GoldenSines {
  readonly sampleRate: number;
  readonly fps: readonly [number, number];
  readonly hz: readonly number[];
  readonly partials: readonly SinePartial[];
  readonly delay: number;
  readonly amplitudes: readonly (readonly number[])[];
  readonly samples: string;
}

interface GoldenBars {
  readonly sampleRate: number;
  readonly seed: number;
  readonly clickTau: number;
  readonly bars: readonly ModalBar[];
  readonly strikes: readonly (readonly [at: number, bar: number, velocity: number])[];
  readonly samples: string;
}

/** numpy's sounds, with what they are made of. Written by test/golden/banks.py. */
export const golden = json as unknown as {
  readonly bank: GoldenSines;
  readonly hour: GoldenSines & { readonly position: number };
  readonly fast: GoldenSines;
  readonly bars: GoldenBars;
  readonly loud: GoldenBars;
};

/** Samples of a golden sound. */
export function unpack(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer);
}

/** Largest difference between two sounds over the peak of the second, dB. */
export function errorDb(sound: ArrayLike<number>, truth: ArrayLike<number>): number {
  let error = 0;
  let peak = 0;
  for (let i = 0; i < truth.length; i++) {
    error = Math.max(error, Number.isNaN(sound[i]) ? Infinity : Math.abs(sound[i] - truth[i]));
    peak = Math.max(peak, Math.abs(truth[i]));
  }
  return 20 * Math.log10(error / peak);
}
