// SpectrumPlan and BinPlan against numpy and scipy, against the definition, and in the odd corners of their sizes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadKernels } from '../../src/kernels/module.js';
import { bandBins, BinPlan, SpectrumPlan } from '../../src/kernels/spectrum.js';
import type { BinOptions } from '../../src/kernels/spectrum.js';
import { GT18 } from '../../src/notes.js';
import golden from '../golden/spectrum.json' with { type: 'json' };
import { dftMagnitudes, errorOfMaximum, hamming } from '../support/dft.js';
import { fillNoise, noise } from '../support/white-noise.js';

const kernels = await loadKernels();
const bands = GT18.map(({ band }) => band);

function magnitudes(options: BinOptions, samples: ArrayLike<number>): Float32Array {
  const plan = new BinPlan(kernels, options);
  plan.input.set(samples);
  plan.run();
  return plan.output;
}

// Largest error relative to the root mean square of the whole spectrum; a few bins of it may be small by chance.
function errorOfLevel(measured: ArrayLike<number>, truth: readonly number[], frame: readonly number[]): number {
  const level = Math.sqrt(frame.reduce((sum, v) => sum + v * v, 0));
  return Math.max(...truth.map((v, i) => Math.abs(v - measured[i]))) / level;
}

// The 18 features of the 2017 recordings: 44.1 kHz, 25 fps, and one sample more than three frames.
const features = { win: 5293, nfft: 44100, sampleRate: 44100, bands };

describe('SpectrumPlan', () => {
  it.each(golden.features)('agrees with numpy at $sampleRate Hz, $fps fps', ({ sampleRate, win, maxima }) => {
    const plan = new SpectrumPlan(kernels, { win, nfft: sampleRate, sampleRate, bands });
    fillNoise(plan.input, win);
    plan.run();
    expect(errorOfMaximum(plan.output, maxima)).toBeLessThan(1e-6); // 3.6e-7
  });

  it('stays within 1e-6 of the maximum on noise, frame after frame', () => {
    for (const { sampleRate, win } of golden.features) {
      const plan = new SpectrumPlan(kernels, { win, nfft: sampleRate, sampleRate, bands });
      const bins = new BinPlan(kernels, { win, nfft: sampleRate, first: 600, last: 640 });
      const weights = hamming(win);
      const sum = weights.reduce((a, b) => a + b, 0);
      for (const seed of [1, 2, 3]) {
        fillNoise(plan.input, seed);
        fillNoise(bins.input, seed);
        bins.run();
        const frame = weights.map((w, n) => (2 / sum) * w * bins.input[n]);
        expect(errorOfMaximum(bins.output, dftMagnitudes(frame, sampleRate, 600, 640))).toBeLessThan(1e-6); // 4.1e-7
        plan.run();
        const { first, last } = bandBins(bands[4], sampleRate, sampleRate);
        const most = Math.max(...dftMagnitudes(frame, sampleRate, first, last));
        expect(Math.abs(plan.output[4] - most) / Math.max(...plan.output)).toBeLessThan(1e-6); // 1.3e-7
      }
    }
  });

  it('reads 1 for a unit sine on a note, and less than -40 dB beside it', () => {
    for (const sampleRate of [44100, 48000, 96000]) {
      for (const fps of [25, 30000 / 1001, 60]) {
        const win = Math.round((3 * sampleRate) / fps);
        const plan = new SpectrumPlan(kernels, { win, nfft: sampleRate, sampleRate, bands });
        // Half the width of the main lobe. At 60 fps, 3 frames are too short to keep the lowest notes apart.
        const lobe = (2 * sampleRate) / win;
        for (const [note, { hz }] of GT18.entries()) {
          for (let n = 0; n < win; n++) plan.input[n] = Math.sin((2 * Math.PI * hz * n) / sampleRate + note);
          plan.run();
          expect(Math.abs(20 * Math.log10(plan.output[note]))).toBeLessThan(0.1); // 0.025
          for (const [other, { low, high }] of bands.entries()) {
            const apart = Math.max(low - hz, hz - high);
            if (other !== note && apart > lobe) expect(20 * Math.log10(plan.output[other])).toBeLessThan(-40); // -42
          }
        }
        const crowded = bands.filter(({ low }, i) => i > 0 && low - GT18[i - 1].hz <= lobe).length;
        expect(crowded).toBe(fps === 60 ? 2 : 0);
      }
    }
  });

  it('lets nothing in from far outside the bands', () => {
    for (const sampleRate of [44100, 48000, 96000]) {
      const win = Math.round((3 * sampleRate) / 25);
      const plan = new SpectrumPlan(kernels, { win, nfft: sampleRate, sampleRate, bands, window: 'hann' });
      for (let hz = 5000; hz < sampleRate / 2; hz += 97) {
        for (let n = 0; n < win; n++) plan.input[n] = Math.sin((2 * Math.PI * hz * n) / sampleRate);
        plan.run();
        expect(20 * Math.log10(Math.max(...plan.output))).toBeLessThan(-120); // -131
      }
    }
  });

  it('takes bands from 0 Hz to half the sample rate', () => {
    for (const [sampleRate, win, nfft] of [
      [8000, 600, 8000],
      [8000, 601, 7999],
      [48000, 5761, 44100],
    ]) {
      const whole = { low: 0, high: sampleRate / 2 };
      const edges = { low: 0, high: 0 };
      const top = { low: (Math.floor(nfft / 2) * sampleRate) / nfft, high: (Math.floor(nfft / 2) * sampleRate) / nfft };
      if (nfft % 2 === 1) whole.high = top.high;
      const plan = new SpectrumPlan(kernels, { win, nfft, sampleRate, bands: [whole, edges, top], scale: 1 });
      fillNoise(plan.input, 5);
      plan.run();
      const frame = hamming(win).map((w, n) => w * plan.input[n]);
      const bins = nfft < 10_000 ? dftMagnitudes(frame, nfft, 0, Math.floor(nfft / 2)) : [];
      if (bins.length > 0) expect(Math.abs(plan.output[0] / Math.max(...bins) - 1)).toBeLessThan(1e-6);
      const [dc] = dftMagnitudes(frame, nfft, 0, 0);
      const [nyquist] = dftMagnitudes(frame, nfft, Math.floor(nfft / 2), Math.floor(nfft / 2));
      expect(Math.abs(plan.output[1] - dc) / plan.output[0]).toBeLessThan(1e-6);
      expect(Math.abs(plan.output[2] - nyquist) / plan.output[0]).toBeLessThan(1e-6);
    }
  });

  it('scales by a number when asked, and takes any window', () => {
    const win = 1000;
    const samples = noise(9, win);
    const ranges = [{ first: 10, last: 20 }];
    const truth = (weights: number[]): number =>
      Math.max(
        ...dftMagnitudes(
          weights.map((w, n) => w * samples[n]),
          2000,
          10,
          20,
        ),
      );
    const weights = hamming(win).map((w, n) => w * (1 + n / win));
    const measure = (options: object): number => {
      const plan = new SpectrumPlan(kernels, { win, nfft: 2000, ranges, ...options });
      plan.input.set(samples);
      plan.run();
      return plan.output[0];
    };
    expect(measure({ scale: 1 }) / truth(hamming(win))).toBeCloseTo(1, 5);
    expect(measure({ scale: 2 / 2000 }) / truth(hamming(win))).toBeCloseTo(0.001, 8);
    expect(measure({ scale: 1, window: 'rectangular' }) / truth(Array<number>(win).fill(1))).toBeCloseTo(1, 5);
    expect(measure({ scale: 1, window: weights }) / truth(weights)).toBeCloseTo(1, 5);
  });

  it('gives the same result on every run, whatever ran before, in memory that stays', () => {
    for (const options of [features, { ...features, win: 60_000 }, { ...features, bands: [{ low: 0, high: 22050 }] }]) {
      const plan = new SpectrumPlan(kernels, options);
      const { input } = plan;
      const bytes = input.buffer.byteLength;
      fillNoise(input, 1);
      plan.run();
      const first = plan.output.slice();
      expect(first.every((v) => v > 0)).toBe(true);
      for (const dirt of [NaN, Infinity, 1e30]) {
        input.fill(dirt);
        plan.run();
        if (Number.isNaN(dirt)) expect([...plan.output].every(Number.isNaN)).toBe(true);
        fillNoise(input, 1);
        plan.run();
        expect(plan.output).toEqual(first);
      }
      input[100] = NaN;
      plan.run();
      expect([...plan.output].every(Number.isNaN)).toBe(true);
      expect(plan.input).toBe(input);
      expect(input.buffer.byteLength).toBe(bytes);
    }
  });
});

describe('BinPlan', () => {
  it.each(golden.bins)(
    'agrees with scipy: $win samples, nfft $nfft, bins $first to $last',
    ({ win, nfft, first, last, window, magnitudes: truth }) => {
      const named = window as 'hamming' | 'hann' | 'rectangular';
      const measured = magnitudes({ win, nfft, first, last, window: named, scale: 1 }, noise((win + nfft) >>> 0, win));
      expect(errorOfMaximum(measured, truth)).toBeLessThan(1e-6); // 5.2e-7
    },
  );

  it('is right at every small size', () => {
    for (let win = 1; win <= 64; win++) {
      const samples = noise(win, win);
      const frame = hamming(win).map((w, n) => w * samples[n]);
      for (let nfft = 1 + (win % 3); nfft <= 64; nfft += 3) {
        const last = Math.floor(nfft / 2);
        const measured = magnitudes({ win, nfft, first: 0, last, scale: 1 }, samples);
        expect(errorOfLevel(measured, dftMagnitudes(frame, nfft, 0, last), frame)).toBeLessThan(2e-6); // 4.9e-7
      }
    }
  });

  const frames = fc
    .record({ win: fc.integer({ min: 1, max: 3000 }), nfft: fc.integer({ min: 1, max: 100_000 }), seed: fc.nat() })
    .chain(({ win, nfft, seed }) => {
      const first = fc.integer({ min: 0, max: Math.floor(nfft / 2) });
      return first.chain((from) =>
        fc.record({
          win: fc.constant(win),
          nfft: fc.constant(nfft),
          seed: fc.constant(seed),
          first: fc.constant(from),
          last: fc.integer({ min: from, max: Math.min(from + 12, Math.floor(nfft / 2)) }),
        }),
      );
    });

  it('agrees with the definition at any size', () => {
    fc.assert(
      fc.property(frames, ({ seed, ...options }) => {
        const samples = noise(seed, options.win);
        const frame = hamming(options.win).map((w, n) => w * samples[n]);
        const measured = magnitudes({ ...options, scale: 1 }, samples);
        const truth = dftMagnitudes(frame, options.nfft, options.first, options.last);
        expect(errorOfLevel(measured, truth, frame)).toBeLessThan(5e-6); // 1.1e-6
      }),
      { numRuns: 300 },
    );
  });

  it('does not mind a shift in time by whole silence', () => {
    const samples = noise(4, 500);
    const at = (offset: number): Float32Array => {
      const padded = new Float32Array(900);
      padded.set(samples, offset);
      return magnitudes({ win: 900, nfft: 9001, first: 100, last: 300, window: 'rectangular', scale: 1 }, padded);
    };
    const first = at(0);
    for (const offset of [1, 2, 3, 200, 400]) expect(errorOfMaximum(at(offset), first)).toBeLessThan(1.2e-6); // 3e-7
  });

  it('keeps energy (Parseval)', () => {
    for (const [win, nfft] of [
      [500, 1000],
      [500, 500],
      [777, 999],
      [512, 512],
    ]) {
      const samples = noise(win, win);
      const last = Math.floor(nfft / 2);
      const bins = magnitudes({ win, nfft, first: 0, last, window: 'rectangular', scale: 1 }, samples);
      const twice = (k: number): number => (k === 0 || 2 * k === nfft ? 1 : 2);
      const energy = bins.reduce((sum, v, k) => sum + twice(k) * v * v, 0) / nfft;
      expect(energy / samples.reduce((sum, v) => sum + v * v, 0)).toBeCloseTo(1, 6);
    }
  });

  it('is flat for an impulse, wherever it lies', () => {
    for (const at of [0, 1, 2, 1500, 2999]) {
      const impulse = new Float32Array(3000);
      impulse[at] = 1;
      for (const last of [50, 2000]) {
        const bins = magnitudes({ win: 3000, nfft: 30_000, first: 0, last, window: 'rectangular', scale: 1 }, impulse);
        for (const v of bins) expect(Math.abs(v - 1)).toBeLessThan(3e-6); // 7.8e-7
      }
    }
  });
});

describe('bad arguments', () => {
  it('are named, with what was expected and what came', () => {
    const good = { win: 100, nfft: 1000, first: 0, last: 10 };
    const cases: [object, string][] = [
      [{ win: 0 }, 'win'],
      [{ win: 1.5 }, 'win'],
      [{ nfft: NaN }, 'nfft'],
      [{ last: 501 }, '0..500'],
      [{ first: 11 }, '11..10'],
      [{ window: [1, 2] }, '100 window weights'],
      [{ window: Array<number>(100).fill(NaN) }, 'finite window weights'],
      [{ window: Array<number>(100).fill(0) }, 'sum is not 0'],
      [{ window: 'triangle' }, 'triangle'],
      [{ scale: Infinity }, 'got Infinity'],
      [{ scale: 'loud' }, 'loud'],
    ];
    for (const [change, word] of cases) {
      expect(() => new BinPlan(kernels, { ...good, ...change })).toThrow(word);
      expect(() => new BinPlan(kernels, { ...good, ...change })).toThrow(/Expected .*got/);
    }
    expect(() => new SpectrumPlan(kernels, { ...features, bands: [] })).toThrow(/at least one/);
    expect(() => new SpectrumPlan(kernels, { ...features, sampleRate: 4000 })).toThrow(/within 0\.\.2000 Hz/);
  });

  it('never trap: 10,000 random sets give a working plan or one clear error', () => {
    const odd = fc.constantFrom<unknown>(
      0,
      -1,
      0.5,
      NaN,
      Infinity,
      -Infinity,
      2 ** 31,
      2 ** 45,
      1e300,
      '7',
      null,
      undefined,
      {},
      [],
    );
    const often = <T>(usual: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
      fc.oneof({ weight: 30, arbitrary: usual }, { weight: 1, arbitrary: odd });
    const size = fc.oneof(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 6000 }));
    const nfft = fc.oneof(size, fc.integer({ min: 1, max: 200_000 }), fc.constantFrom(2 ** 16, 2 ** 33, 2 ** 40));
    const bin = fc.oneof(fc.nat(40), fc.nat(400));
    const window = fc.oneof(
      fc.constantFrom<unknown>(undefined, 'hamming', 'hann', 'rectangular', 'none', 5),
      fc.array(fc.double(), { maxLength: 6 }),
    );
    const scale = fc.oneof(fc.constantFrom<unknown>(undefined, 'amplitude', 'power'), fc.double());
    const hz = fc.double({ min: -10, max: 30_000 });
    const sets = fc.record({
      win: often(size),
      nfft: often(nfft),
      window: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: window }),
      scale: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: scale }),
      first: often(bin),
      last: often(bin),
      sampleRate: often(fc.constantFrom(8000, 44100, 48000, 96000)),
      bands: often(fc.array(fc.record({ low: often(hz), high: often(hz) }), { maxLength: 3 })),
      ranges: often(fc.array(fc.record({ first: often(bin), last: often(bin) }), { maxLength: 3 })),
      kind: fc.constantFrom('bins', 'ranges', 'bands'),
    });
    let working = 0;
    fc.assert(
      fc.property(sets, ({ kind, first, last, sampleRate, bands: hzBands, ranges, ...common }) => {
        let plan: BinPlan | SpectrumPlan;
        try {
          plan =
            kind === 'bins'
              ? new BinPlan(kernels, { ...common, first, last } as never)
              : kind === 'ranges'
                ? new SpectrumPlan(kernels, { ...common, ranges } as never)
                : new SpectrumPlan(kernels, { ...common, sampleRate, bands: hzBands } as never);
        } catch (error) {
          expect(error instanceof RangeError || error instanceof TypeError, String(error)).toBe(true);
          expect((error as Error).message).toMatch(/Expected .*got|would need more than/);
          return;
        }
        working++;
        plan.run();
        expect([...plan.output].every((v) => v === 0)).toBe(true);
      }),
      { numRuns: 10_000 },
    );
    expect(working).toBeGreaterThan(1000);
  });
});
