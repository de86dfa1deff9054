// The oscillator bank against numpy, against itself cut differently, and against bad arguments.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileKernels } from '../../src/kernels/module.js';
import { OscillatorBank, type OscillatorBankOptions } from '../../src/kernels/oscillator-bank.js';
import { GT18 } from '../../src/notes.js';
import { errorDb, golden, unpack } from '../support/banks.js';

const kernels = compileKernels();

function goldenBank(spec: typeof golden.bank, samples: number): OscillatorBank {
  const { sampleRate, hz, partials, delay, amplitudes, fps } = spec;
  const options = { sampleRate, hz, partials, delay, rows: amplitudes.length, samples };
  const bank = new OscillatorBank(kernels, { ...options, fps: { num: fps[0], den: fps[1] } });
  bank.amplitudes.set(amplitudes.flat());
  return bank;
}

describe('OscillatorBank', () => {
  it('matches numpy: 29.97 fps, partials, a delay, the worst frequencies', () => {
    const truth = unpack(golden.bank.samples);
    const bank = goldenBank(golden.bank, truth.length);
    expect(bank.sines).toBe(12);
    bank.run();
    expect(errorDb(bank.output, truth)).toBeLessThan(-121); // measured -133
  });

  it('matches numpy where several video frames begin in one segment', () => {
    const truth = unpack(golden.fast.samples);
    const bank = goldenBank(golden.fast, truth.length);
    bank.run();
    expect(errorDb(bank.output, truth)).toBeLessThan(-123); // measured -135
  });

  it('matches numpy an hour ahead', () => {
    const truth = unpack(golden.hour.samples);
    const bank = goldenBank(golden.hour, truth.length);
    bank.seek(golden.hour.position);
    expect(bank.position).toBe(golden.hour.position);
    bank.run();
    expect(errorDb(bank.output, truth)).toBeLessThan(-125); // measured -137
  });

  it('does not drift in an hour of rendering', () => {
    const length = 8192;
    const hz = GT18.map((note) => Math.round(note.hz * 100) / 100);
    const bank = new OscillatorBank(kernels, { sampleRate: 44_100, fps: 25, hz, rows: 2, samples: length });
    bank.amplitudes.fill(1 / 18);
    const runs = Math.ceil((3600 * 44_100) / length);
    for (let i = 0; i < runs; i++) bank.run();
    const truth = new Float64Array(length);
    for (let n = 0; n < length; n++) {
      const at = (runs - 1) * length + n;
      // hz in hundredths: whole turns leave exactly.
      for (const f of hz)
        truth[n] += Math.sin((2 * Math.PI * ((Math.round(f * 100) * at) % 4_410_000)) / 4_410_000) / 18;
    }
    expect(errorDb(bank.output, truth)).toBeLessThan(-123); // measured -136
  }, 120_000);

  it('is as exact at any frequency, from 1 Hz to half the sample rate', () => {
    const [sampleRate, hop, samples, row] = [44_100, 1764, 3528, [0.3, 1, 0.2]];
    let worst = -Infinity;
    for (let hz = 1; hz < sampleRate / 2; hz *= 1.1) {
      const bank = new OscillatorBank(kernels, { sampleRate, fps: 25, hz: [hz], rows: 3, samples });
      bank.amplitudes.set(row);
      bank.run();
      const truth = Float64Array.from({ length: samples }, (_, n) => {
        const frame = Math.floor(n / hop);
        const amplitude = row[frame] + ((row[frame + 1] - row[frame]) * (n - frame * hop)) / hop;
        return amplitude * Math.sin((2 * Math.PI * hz * n) / sampleRate);
      });
      worst = Math.max(worst, errorDb(bank.output, truth));
    }
    expect(worst).toBeLessThan(-120); // measured -132
  });

  it('passes over silent notes without a trace', () => {
    const play = (silent: number): Float32Array => {
      const hz = [440, ...new Array<number>(silent).fill(1000), 555, ...new Array<number>(silent).fill(2000)];
      const bank = new OscillatorBank(kernels, { sampleRate: 48_000, fps: 60, hz, rows: 3, samples: 1600 });
      [0.5, 0, 0.7].forEach((a, frame) => {
        bank.amplitudes[frame * hz.length] = a;
        bank.amplitudes[frame * hz.length + silent + 1] = 1 - a;
      });
      bank.run();
      return bank.output;
    };
    expect(play(7)).toEqual(play(0));
  });

  it('sounds the same however it is cut', () => {
    const whole = goldenBank(golden.bank, 6000);
    whole.run();
    const cuts = fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(1, 63, 64, 65, 128)), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(cuts, (lengths) => {
        const bank = goldenBank(golden.bank, 300);
        let at = 0;
        for (const length of lengths) {
          if (at + length > 6000) break;
          bank.run(length);
          expect(bank.output.subarray(0, length)).toEqual(whole.output.subarray(at, at + length));
          at += length;
        }
        expect(bank.position).toBe(at);
      }),
      { numRuns: 60 },
    );
  });

  it('lands anywhere by seek', () => {
    const whole = goldenBank(golden.bank, 6000);
    whole.run();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5900 }), (at) => {
        const bank = goldenBank(golden.bank, 100);
        bank.run(77);
        bank.seek(at);
        bank.run();
        expect(errorDb(bank.output, whole.output.subarray(at, at + 100))).toBeLessThan(-130); // measured: not a bit of difference, though the phasors differ by 1e-16
      }),
      { numRuns: 60 },
    );
  });

  it('is linear in the amplitudes, silent at zero, and forgets what was there', () => {
    const bank = goldenBank(golden.bank, 6000);
    bank.run();
    const once = bank.output.slice();
    bank.amplitudes.forEach((a, i) => (bank.amplitudes[i] = 2 * a));
    bank.seek(0);
    bank.run();
    expect(bank.output.every((x, i) => x === 2 * once[i])).toBe(true);
    bank.amplitudes.fill(0);
    bank.seek(0);
    bank.run();
    expect(bank.output.every((x) => x === 0)).toBe(true);
  });

  it('takes amplitudes that are no numbers for silence, and recovers', () => {
    const bank = goldenBank(golden.bank, 6000);
    const clean = goldenBank(golden.bank, 6000);
    const bad = [NaN, Infinity, -Infinity, 3e38];
    bad.forEach((value, note) => {
      bank.amplitudes[4 + note] = value;
      clean.amplitudes[4 + note] = 0;
    });
    bank.run();
    clean.run();
    expect(bank.output).toEqual(clean.output);
  });

  it('leaves out sines at or above half the sample rate', () => {
    const options = { sampleRate: 8000, fps: 25, rows: 2, samples: 512 };
    const all = new OscillatorBank(kernels, {
      ...options,
      hz: [1000, 4000],
      partials: [
        { ratio: 1, gain: 1 },
        { ratio: 4, gain: 1 },
      ],
    });
    expect(all.sines).toBe(1);
    const none = new OscillatorBank(kernels, { ...options, hz: [5000] });
    none.amplitudes.fill(1);
    none.run();
    expect(none.output.every((x) => x === 0)).toBe(true);
  });

  it('never grows its memory', () => {
    const bank = goldenBank(golden.bank, 128);
    const { buffer } = bank.output;
    for (let i = 0; i < 1000; i++) bank.run(1 + (i % 128));
    bank.seek(123_456_789);
    bank.run();
    expect(bank.output.buffer).toBe(buffer);
    expect(bank.output.length).toBe(128);
  });

  it('says what it expected', () => {
    const options: OscillatorBankOptions = { sampleRate: 48_000, fps: 25, hz: [440], rows: 2 };
    const make = (change: Partial<OscillatorBankOptions>) => () =>
      new OscillatorBank(kernels, { ...options, ...change });
    expect(make({ sampleRate: NaN })).toThrow(/sampleRate: expected .* got NaN/);
    expect(make({ fps: 0 })).toThrow(RangeError);
    expect(make({ hz: [] })).toThrow(/hz: expected .* got none/);
    expect(make({ hz: [440, -1] })).toThrow(/got 440 -1/);
    expect(make({ rows: 1 })).toThrow(/rows: expected .* got 1/);
    expect(make({ partials: [{ ratio: 0, gain: 1 }] })).toThrow(/partials: expected/);
    expect(make({ samples: 1e9 })).toThrow(RangeError);
    const bank = make({})();
    expect(() => {
      bank.run(129);
    }).toThrow(/samples: expected .* got 129/);
    expect(() => {
      bank.run(1.5);
    }).toThrow(RangeError);
    expect(() => {
      bank.seek(-1);
    }).toThrow(/position: expected/);
  });

  it('either constructs or throws a RangeError, whatever it is given, and never traps', () => {
    const number = fc.oneof(
      fc.double(),
      fc.integer({ min: -2, max: 200_000 }),
      fc.constantFrom(0, 1, 2, 25, 48_000, 1e9, -0, NaN, Infinity, 2 ** 31, 2 ** 53),
    );
    const options = fc.record({
      sampleRate: fc.oneof(number, fc.constant(48_000)),
      fps: fc.oneof(number, fc.record({ num: number, den: number }), fc.constant('30000/1001')),
      hz: fc.array(fc.oneof(number, fc.constant(440)), { maxLength: 4 }),
      partials: fc.array(fc.record({ ratio: number, gain: number }), { maxLength: 2 }),
      rows: fc.oneof(fc.integer({ min: -1, max: 100 }), number),
      delay: fc.oneof(fc.constant(0), number),
      samples: fc.oneof(fc.integer({ min: -1, max: 1000 }), number),
    });
    let made = 0;
    fc.assert(
      fc.property(options, number, (given, seed) => {
        let bank;
        try {
          bank = new OscillatorBank(kernels, given);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        made += 1;
        bank.amplitudes.fill(seed);
        bank.run(Math.min(bank.output.length, 200));
        expect(bank.output.every((x) => !Number.isNaN(x))).toBe(true);
      }),
      { numRuns: 10_000 },
    );
    expect(made).toBeGreaterThan(50);
  });
});
