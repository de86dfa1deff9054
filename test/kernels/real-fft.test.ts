// RealFft against numpy, against the definition, and against what every Fourier transform must obey.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadKernels } from '../../src/kernels/module.js';
import { RealFft } from '../../src/kernels/real-fft.js';
import golden from '../golden/spectrum.json' with { type: 'json' };
import { dftBin, dftMagnitudes, errorOfMaximum } from '../support/dft.js';
import { fillNoise, noise } from '../support/white-noise.js';

const kernels = await loadKernels();

function forward(samples: ArrayLike<number>): { real: number[]; imag: number[] } {
  const plan = new RealFft(kernels, samples.length);
  plan.samples.set(samples);
  plan.forward();
  return { real: [...plan.real], imag: [...plan.imag] };
}

describe('the reference DFT', () => {
  it('knows an impulse, a constant, a cosine and a sine', () => {
    expect(dftMagnitudes([1, 0, 0, 0, 0], 5, 0, 4)).toEqual([1, 1, 1, 1, 1]);
    expect(errorOfMaximum(dftMagnitudes([1, 1, 1, 1, 1], 5, 0, 4), [5, 0, 0, 0, 0])).toBeLessThan(1e-15);
    const turn = (n: number): number => (2 * Math.PI * 3 * n) / 10;
    const cosine = Array.from({ length: 10 }, (_, n) => Math.cos(turn(n)));
    const sine = Array.from({ length: 10 }, (_, n) => Math.sin(turn(n)));
    expect(dftBin(cosine, 10, 3).re).toBeCloseTo(5, 14);
    expect(dftBin(cosine, 10, 3).im).toBeCloseTo(0, 14);
    expect(dftBin(sine, 10, 3).im).toBeCloseTo(-5, 14);
    expect(dftBin(sine, 10, 2).im).toBeCloseTo(0, 14);
  });

  it('agrees with numpy on noise of any size', () => {
    for (const { size, real, imag } of golden.realFft) {
      const bins = real.map((_, k) => dftBin(noise(size, size), size, k));
      // The golden file has ten digits. Measured: 3.2e-10, half a digit.
      expect(
        errorOfMaximum(
          bins.map(({ re }) => re),
          real,
        ),
      ).toBeLessThan(1.2e-9);
      expect(
        errorOfMaximum(
          bins.map(({ im }) => im),
          imag,
        ),
      ).toBeLessThan(1.2e-9);
    }
  });
});

describe('RealFft', () => {
  it.each(golden.realFft)('agrees with numpy at $size points', ({ size, real, imag }) => {
    const measured = forward(noise(size, size));
    expect(errorOfMaximum([...measured.real, ...measured.imag], [...real, ...imag])).toBeLessThan(6e-7); // 1.5e-7
  });

  it('agrees with the definition at large sizes', () => {
    for (const size of [1024, 2048, 32768, 65536]) {
      const samples = noise(size, size);
      const { real, imag } = forward(samples);
      const bins = [0, 1, 2, 3, 5, size / 4 - 1, size / 4, size / 3, size / 2 - 3, size / 2 - 1, size / 2].map(
        Math.floor,
      );
      const truth = bins.map((k) => dftBin(samples, size, k));
      const level = Math.sqrt(size / 3); // of a bin of white noise
      for (const [i, k] of bins.entries()) {
        expect(Math.abs(real[k] - truth[i].re) / level).toBeLessThan(8e-7); // 1.7e-7
        expect(Math.abs(imag[k] - truth[i].im) / level).toBeLessThan(8e-7); // 2.2e-7
      }
    }
  });

  it('inverts itself, and leaves its inputs as they are', () => {
    for (let size = 1; size <= 1 << 16; size *= 2) {
      const plan = new RealFft(kernels, size);
      fillNoise(plan.samples, 7);
      const before = plan.samples.slice();
      plan.forward();
      expect(plan.samples).toEqual(before);
      const { real } = plan;
      const bins = real.slice();
      plan.inverse();
      expect(real).toEqual(bins);
      expect(errorOfMaximum(plan.samples, before)).toBeLessThan(2.4e-6); // 6e-7
    }
  });

  it('takes the imaginary parts of the first and last bin as 0', () => {
    for (const size of [8, 64]) {
      const plan = new RealFft(kernels, size);
      plan.real[0] = 1;
      plan.imag[0] = 5;
      plan.imag[size / 2] = -7;
      plan.inverse();
      expect([...plan.samples]).toEqual(Array<number>(size).fill(1 / size));
    }
  });

  const sizes = fc.integer({ min: 0, max: 11 }).map((p) => 2 ** p);
  const level = fc.double({ min: -1, max: 1, noNaN: true });
  const frames = sizes.chain((size) =>
    fc.record({ x: fc.array(level, { minLength: size, maxLength: size }), seed: fc.nat(), at: fc.nat(size - 1) }),
  );

  it('is linear', () => {
    fc.assert(
      fc.property(frames, level, ({ x, seed }, factor) => {
        const y = noise(seed, x.length);
        const sum = forward(x.map((v, n) => v + factor * y[n]));
        const [a, b] = [forward(x), forward(y)];
        const expected = [
          ...a.real.map((v, k) => v + factor * b.real[k]),
          ...a.imag.map((v, k) => v + factor * b.imag[k]),
        ];
        const peak = Math.max(1e-3, ...expected.map(Math.abs), ...[...b.real, ...b.imag].map(Math.abs));
        const worst = Math.max(...[...sum.real, ...sum.imag].map((v, k) => Math.abs(v - expected[k])));
        expect(worst / peak).toBeLessThan(8e-7); // 1.8e-7
      }),
      { numRuns: 60 },
    );
  });

  it('keeps energy (Parseval)', () => {
    fc.assert(
      fc.property(frames, ({ seed, x: { length: size } }) => {
        const samples = noise(seed, size);
        const { real, imag } = forward(samples);
        const energy = samples.reduce((sum, v) => sum + v * v, 0);
        const bins = real.map((re, k) => (re * re + imag[k] * imag[k]) * (k === 0 || 2 * k === size ? 1 : 2));
        expect(bins.reduce((sum, v) => sum + v, 0) / size / energy).toBeCloseTo(1, 5); // 1e-7
      }),
      { numRuns: 60 },
    );
  });

  it('turns a shift in time into a turn of phase', () => {
    fc.assert(
      fc.property(frames, ({ seed, at, x: { length: size } }) => {
        const samples = noise(seed, size);
        const a = forward(samples);
        const b = forward(samples.map((_, n) => samples[(n + at) % size]));
        const level = Math.sqrt(size / 3);
        for (let k = 0; k <= size / 2; k++) {
          const angle = (2 * Math.PI * ((k * at) % size)) / size;
          const re = a.real[k] * Math.cos(angle) - a.imag[k] * Math.sin(angle);
          const im = a.real[k] * Math.sin(angle) + a.imag[k] * Math.cos(angle);
          expect(Math.abs(b.real[k] - re) / level).toBeLessThan(2.4e-6); // 6e-7
          expect(Math.abs(b.imag[k] - im) / level).toBeLessThan(2.4e-6);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('gives an impulse a flat spectrum of the right phase', () => {
    fc.assert(
      fc.property(frames, ({ at, x: { length: size } }) => {
        const { real, imag } = forward(Float32Array.from({ length: size }, (_, n) => (n === at ? 1 : 0)));
        for (let k = 0; k <= size / 2; k++) {
          const angle = (2 * Math.PI * ((k * at) % size)) / size;
          expect(Math.abs(real[k] - Math.cos(angle))).toBeLessThan(9e-7); // 2.2e-7
          expect(Math.abs(imag[k] + Math.sin(angle))).toBeLessThan(9e-7);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('gives the same result on every run, whatever ran before, in memory that stays', () => {
    for (const size of [4, 32, 64, 4096]) {
      const plan = new RealFft(kernels, size);
      const bytes = plan.samples.buffer.byteLength;
      const samples = noise(3, size);
      plan.samples.set(samples);
      plan.forward();
      const first = [...plan.real, ...plan.imag];
      for (const dirt of [NaN, Infinity, 1e30]) {
        plan.samples.fill(dirt);
        plan.forward();
        plan.inverse();
        plan.samples.set(samples);
        plan.forward();
        expect([...plan.real, ...plan.imag]).toEqual(first);
      }
      expect(plan.samples.buffer.byteLength).toBe(bytes);
    }
  });

  it('refuses sizes that are not powers of two', () => {
    for (const size of [0, -2, 3, 12, 1.5, NaN, Infinity, 2 ** 23, 2 ** 32, '8', undefined, null]) {
      expect(() => new RealFft(kernels, size as number)).toThrow(RangeError);
      expect(() => new RealFft(kernels, size as number)).toThrow(/Expected .* got /);
    }
  });
});
