// The modal bank against numpy, against itself cut differently, in silence, at its loudest, and against bad arguments.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limiterKnee, ModalBank, type ModalBankOptions, type ModalBar } from '../../src/kernels/modal-bank.js';
import { compileKernels } from '../../src/kernels/module.js';
import { GT18 } from '../../src/notes.js';
import { errorDb, golden, unpack } from '../support/banks.js';

const kernels = compileKernels();

function goldenBank(spec: typeof golden.bars, samples: number): ModalBank {
  const { sampleRate, bars, seed, clickTau } = spec;
  return new ModalBank(kernels, { sampleRate, bars, seed, clickTau, samples });
}

// Eighteen bars of three partials, about as loud as the real ones.
const eighteen: readonly ModalBar[] = GT18.map(({ hz }) => ({
  click: 0.02,
  modes: [
    { hz, tau: 0.1 * (440 / hz), gain: 0.35 },
    { hz, tau: 0.0015, gain: -0.35 },
    { hz: 3 * hz, tau: 0.02, gain: 0.15, brightness: 0.3 },
    { hz: 6.1 * hz, tau: 0.014, gain: 0.03, brightness: 1 },
  ],
}));

function render(
  strikes: readonly (readonly [number, number, number])[],
  samples: number,
  bars = eighteen,
): Float32Array {
  const bank = new ModalBank(kernels, { sampleRate: 48_000, bars, samples });
  for (const [at, bar, velocity] of strikes) bank.strike(bar, velocity, at);
  bank.run();
  return bank.output;
}

describe('ModalBank', () => {
  it('matches numpy: strikes on any sample, overlapping, retriggered, with their noise', () => {
    const truth = unpack(golden.bars.samples);
    const bank = goldenBank(golden.bars, truth.length);
    // Out of order on purpose.
    for (const [at, bar, velocity] of [...golden.bars.strikes].reverse()) bank.strike(bar, velocity, at);
    expect(bank.waiting).toBe(6);
    bank.run();
    expect(bank.waiting).toBe(0);
    expect(errorDb(bank.output, truth)).toBeLessThan(-109); // measured -121
  });

  it('matches numpy where the limiter works', () => {
    const truth = unpack(golden.loud.samples);
    expect(Math.max(...truth.map(Math.abs))).toBeGreaterThan(0.95);
    const bank = goldenBank(golden.loud, truth.length);
    for (const [at, bar, velocity] of golden.loud.strikes) bank.strike(bar, velocity, at);
    bank.run();
    expect(errorDb(bank.output, truth)).toBeLessThan(-103); // measured -115: sixteen strikes add up to four times what the limiter lets through
  });

  it('sounds the same however it is cut, also when strikes come at the last moment', () => {
    const { strikes } = golden.bars;
    const whole = goldenBank(golden.bars, 4000);
    for (const [at, bar, velocity] of strikes) whole.strike(bar, velocity, at);
    whole.run();
    const cuts = fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(1, 63, 64, 65, 128)), {
      maxLength: 50,
    });
    fc.assert(
      fc.property(cuts, fc.boolean(), (lengths, late) => {
        const bank = goldenBank(golden.bars, 300);
        if (!late) for (const [at, bar, velocity] of strikes) bank.strike(bar, velocity, at);
        let at = 0;
        for (const length of lengths) {
          if (at + length > 4000) break;
          const now = strikes.filter(([time]) => late && time >= at && time < at + length);
          for (const [time, bar, velocity] of now) bank.strike(bar, velocity, time);
          bank.run(length);
          expect(bank.output.subarray(0, length)).toEqual(whole.output.subarray(at, at + length));
          at += length;
        }
      }),
      { numRuns: 60 },
    );
  });

  it('adds the energy of a strike to what rings: two strikes sound as the sum of each, without a step', () => {
    const bars = eighteen.map(({ modes }) => ({ modes }));
    const first = render([[100, 0, 0.5]], 9600, bars);
    const second = render([[4321, 0, 0.5]], 9600, bars);
    const both = render(
      [
        [100, 0, 0.5],
        [4321, 0, 0.5],
      ],
      9600,
      bars,
    );
    const sum = first.map((x, i) => x + second[i]);
    expect(errorDb(both, sum)).toBeLessThan(-109); // measured -121
    expect(second.subarray(0, 4322).every((x) => x === 0)).toBe(true);
    expect(second[4322]).not.toBe(0);
  });

  it('plays louder and brighter when struck harder', () => {
    const [modes] = [eighteen[0].modes];
    const share = (velocity: number): number => {
      const sound = render([[0, 0, velocity]], 4800, [{ modes }]);
      const level = (hz: number): number => {
        let re = 0;
        let im = 0;
        for (let n = 0; n < sound.length; n++) {
          re += sound[n] * Math.cos((2 * Math.PI * hz * n) / 48_000);
          im += sound[n] * Math.sin((2 * Math.PI * hz * n) / 48_000);
        }
        return Math.hypot(re, im);
      };
      return level(3 * GT18[0].hz) / level(GT18[0].hz);
    };
    // exp(-0.3 (0.1^-0.4 - 1)) = 0.636
    expect(share(0.1) / share(1)).toBeCloseTo(0.636, 2);
    const peak = (velocity: number): number => Math.max(...render([[0, 0, velocity]], 4800).map(Math.abs));
    expect(peak(1) / peak(0.5)).toBeGreaterThan(2);
  });

  it('keeps within +-1 when all eighteen bars are struck at once, again and again', () => {
    const strikes = Array.from({ length: 10 * 18 }, (_, i) => [Math.floor(i / 18) * 480, i % 18, 1] as const);
    const peak = Math.max(...render(strikes, 9600).map(Math.abs));
    expect(peak).toBeGreaterThan(0.95);
    expect(peak).toBeLessThanOrEqual(1);
    const absurd = Array.from({ length: 18 }, () => ({ modes: [{ hz: 440, tau: 1, gain: 1000 }], click: 1000 }));
    const limited = render(strikes, 9600, absurd);
    expect(limited.every((x) => Math.abs(x) <= 1)).toBe(true);
  });

  it('lets a single strike through untouched', () => {
    const loudest = Math.max(...eighteen.map((_, bar) => Math.max(...render([[0, bar, 1]], 9600).map(Math.abs))));
    expect(loudest).toBeLessThan(limiterKnee);
  });

  it('falls silent: nothing rings, nothing is denormal, the next strike sounds like the first', () => {
    const bank = new ModalBank(kernels, { sampleRate: 48_000, bars: eighteen, samples: 48_000 });
    const strike = () => {
      for (let bar = 0; bar < 18; bar++) bank.strike(bar, 0.01);
    };
    strike();
    bank.run();
    const first = bank.output.slice();
    // Ringing up to sixteen times of a second: every sample is zero or far from denormal.
    let smallest = Infinity;
    for (let second = 1; second < 16 && bank.ringing > 0; second++) {
      for (const x of bank.output) if (x !== 0) smallest = Math.min(smallest, Math.abs(x));
      bank.run();
    }
    expect(bank.ringing).toBe(0);
    expect(smallest).toBeGreaterThan(1e-20);
    bank.run();
    expect(bank.output.every((x) => x === 0)).toBe(true);
    bank.reset();
    strike();
    bank.run();
    expect(bank.output).toEqual(first);
  });

  it('has noise of its own seed and position, of the stated rms', () => {
    const bars = [{ modes: [], click: 0.1 }];
    const bank = (seed: number) => {
      const made = new ModalBank(kernels, { sampleRate: 48_000, bars, seed, clickTau: 1, samples: 9600 });
      made.strike(0, 1);
      made.run();
      return made.output;
    };
    expect(bank(1)).toEqual(bank(1));
    expect(bank(1)).not.toEqual(bank(2));
    const sound = bank(3);
    let energy = 0;
    sound.forEach((x, n) => (energy += (x * Math.exp(n / 48_000)) ** 2));
    expect(Math.sqrt(energy / sound.length)).toBeCloseTo(0.1, 2);
  });

  it('plays what is late at once, and says when too many strikes wait', () => {
    const bank = new ModalBank(kernels, { sampleRate: 48_000, bars: [{ modes: eighteen[0].modes }] });
    bank.run();
    bank.run(100);
    expect(bank.output.every((x) => x === 0)).toBe(true);
    bank.strike(0, 1, 5);
    bank.run(100);
    const truth = render([[0, 0, 1]], 100, [{ modes: eighteen[0].modes }]);
    expect(errorDb(bank.output, truth)).toBeLessThan(-110); // measured -122
    const fresh = new ModalBank(kernels, { sampleRate: 48_000, bars: eighteen, strikes: 2 });
    expect([1000, 2000, 3000].map((at) => fresh.strike(0, 1, at))).toEqual([true, true, false]);
    expect(fresh.strike(0, 0, 4000)).toBe(true);
  });

  it('never grows its memory', () => {
    const bank = goldenBank(golden.bars, 128);
    const { buffer } = bank.output;
    for (let i = 0; i < 1000; i++) {
      bank.strike(i & 1, 0.5, bank.position + (i % 200));
      bank.run(1 + (i % 128));
    }
    expect(bank.output.buffer).toBe(buffer);
    expect(bank.output.length).toBe(128);
  });

  it('says what it expected', () => {
    const options: ModalBankOptions = { sampleRate: 48_000, bars: eighteen };
    const make = (change: Partial<ModalBankOptions>) => () => new ModalBank(kernels, { ...options, ...change });
    const mode = { hz: 440, tau: 1, gain: 1 };
    expect(make({ sampleRate: 0 })).toThrow(/sampleRate: expected .* got 0/);
    expect(make({ bars: [] })).toThrow(/bars: expected/);
    expect(make({ bars: [{ modes: [{ ...mode, tau: 0 }] }] })).toThrow(/tau: expected .* got 0/);
    expect(make({ bars: [{ modes: [{ ...mode, hz: NaN }] }] })).toThrow(/hz: expected .* got NaN/);
    expect(make({ bars: [{ modes: [{ ...mode, gain: Infinity }] }] })).toThrow(/gain: expected/);
    expect(make({ bars: [{ modes: [], click: -1 }] })).toThrow(/click: expected/);
    expect(make({ seed: 0.5 })).toThrow(/seed: expected/);
    const bank = make({})();
    expect(() => bank.strike(18, 1)).toThrow(/bar: expected a whole number of 0..17, got 18/);
    expect(() => bank.strike(0, 1.5)).toThrow(/velocity: expected 0..1, got 1.5/);
    expect(() => bank.strike(0, NaN)).toThrow(RangeError);
    expect(() => bank.strike(0, 1, NaN)).toThrow(/at: expected/);
    expect(() => {
      bank.run(129);
    }).toThrow(RangeError);
  });

  it('either constructs or throws a RangeError, whatever it is given, and never traps', () => {
    const number = fc.oneof(
      fc.double(),
      fc.double({ min: 0, max: 2, noNaN: true }),
      fc.integer({ min: -2, max: 100_000 }),
      fc.constantFrom(0, 1, -0, NaN, Infinity, 2 ** 31, 48_000),
    );
    const fair = (value: number) => fc.oneof({ weight: 3, arbitrary: fc.constant(value) }, number);
    const options = fc.record({
      sampleRate: fair(48_000),
      bars: fc.array(
        fc.record({
          modes: fc.array(fc.record({ hz: fair(440), tau: fair(0.1), gain: fair(1), brightness: fair(0) }), {
            maxLength: 3,
          }),
          click: fair(0.1),
        }),
        { maxLength: 3 },
      ),
      clickTau: fair(0.004),
      seed: fair(1),
      samples: fair(200),
      strikes: fair(4),
    });
    let made = 0;
    fc.assert(
      fc.property(options, number, number, number, (given, bar, velocity, at) => {
        try {
          const bank = new ModalBank(kernels, given);
          made += 1;
          bank.strike(0, 1, 3);
          const samples = Math.min(bank.output.length, 200);
          bank.run(samples);
          expect(bank.output.subarray(0, samples).every((x) => Math.abs(x) <= 1)).toBe(true);
          bank.strike(bar, velocity, at);
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
        }
      }),
      { numRuns: 10_000 },
    );
    expect(made).toBeGreaterThan(300);
  });
});
