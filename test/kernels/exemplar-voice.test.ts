// The exemplar voice against mathematics: other rates, fractions of a sample, levels, struck again, cut differently, bad arguments.
import { describe, expect, it } from 'vitest';
import { limiterKnee } from '../../src/kernels/modal-bank.js';
import { compileKernels } from '../../src/kernels/module.js';
import type { Exemplar, ExemplarBank } from '../../src/sound/exemplar-bank.js';
import { ExemplarVoice, resampleExemplars, type ExemplarVoiceOptions } from '../../src/sound/exemplar-voice.js';
import { resample } from '../../src/sound/resampling.js';
import { errorDb } from '../support/banks.js';

const kernels = compileKernels();
const onset = 0.01;

/** A burst of `hz` that swells and dies without a corner, `t` seconds from its start; 0.2 s long. */
function burst(hz: number, t: number): number {
  if (t <= 0 || t >= 0.2) return 0;
  return Math.sin(Math.PI * (t / 0.2)) ** 4 * Math.sin(2 * Math.PI * hz * (t - 0.1) + Math.PI / 2);
}

const exemplar = (midi: number, hz: number, gain: number, rate: number): Exemplar => ({
  midi,
  gain,
  onset,
  samples: Float32Array.from({ length: Math.round(0.2 * rate) }, (_, i) => burst(hz, i / rate)),
});

const bankAt = (sampleRate: number): ExemplarBank => ({
  sampleRate,
  title: 'bursts',
  credit: '',
  license: '',
  // Level is told by pitch: 500 Hz is soft, 700 Hz is loud.
  exemplars: [
    exemplar(60, 500, 0.1, sampleRate),
    exemplar(60, 700, 0.8, sampleRate),
    exemplar(72, 900, 0.4, sampleRate),
  ],
});

function voiceAt(sampleRate: number, options: Partial<ExemplarVoiceOptions> = {}): ExemplarVoice {
  return new ExemplarVoice(kernels, { bank: bankAt(48_000), midi: [60, 72], sampleRate, samples: 48_000, ...options });
}

describe('resample', () => {
  it.each([
    [44_100, 48_000],
    [48_000, 44_100],
    [44_100, 96_000],
    [96_000, 44_100],
    [48_000, 45_311.7], // no simple ratio
  ])('%i to %f samples per second', (from, to) => {
    for (const hz of [110, 5000, 15_000]) {
      const input = Float32Array.from({ length: 6000 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / from));
      const output = resample(input, from / to);
      expect(output.length).toBe(Math.ceil((6000 * to) / from - 1e-9));
      const truth = output.map((_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / to));
      const inside = [400, output.length - 400] as const;
      const error = errorDb(output.slice(...inside), truth.slice(...inside));
      expect(error).toBeLessThan(-100); // measured: -111 and below
    }
  });

  it('leaves out what the new rate cannot hold', () => {
    const input = Float32Array.from({ length: 9600 }, (_, i) => Math.sin((2 * Math.PI * 30_000 * i) / 96_000));
    const loudest = resample(input, 2)
      .slice(200, -200)
      .reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    expect(loudest).toBeLessThan(8e-7); // measured: 2.1e-7
  });

  it('says what it expected', () => {
    for (const step of [0, -1, NaN, 21]) expect(() => resample(new Float32Array(4), step)).toThrow(RangeError);
  });
});

describe('ExemplarVoice', () => {
  it.each([44_100, 48_000, 96_000])('places strikes to a fraction of a sample at %i', (sampleRate) => {
    for (const at of [0.05, 0.0512345, 0.0599999]) {
      const voice = voiceAt(sampleRate, { samples: sampleRate });
      voice.play(0, 1, 0.7, at * sampleRate);
      voice.run(Math.round(0.5 * sampleRate));
      const sound = voice.output.slice(0, Math.round(0.5 * sampleRate));
      const truth = sound.map((_, i) => 0.7 * burst(700, i / sampleRate - at + onset));
      expect(errorDb(sound, truth)).toBeLessThan(-100); // measured: -110, -141 where no resampling is needed
    }
  });

  it('takes the exemplar nearest in level, and scales it', () => {
    // The loudest exemplar of the bank at velocity 1 peaks at 0.6; the boundary lies at the geometric mean, 0.283 / 0.8.
    for (const [velocity, hz] of [
      [1, 700],
      [0.4, 700],
      [0.3, 500],
      [0.01, 500],
    ] as const) {
      const voice = voiceAt(48_000);
      voice.strike(0, velocity, 4800);
      voice.run(24_000);
      const truth = voice.output
        .slice(0, 24_000)
        .map((_, i) => 0.6 * velocity * burst(hz, (i - 4800) / 48_000 + onset));
      expect(errorDb(voice.output.slice(0, 24_000), truth)).toBeLessThan(-128); // measured: -140
    }
  });

  it('lets go of a bar that is struck again, within 5 ms, and of no other', () => {
    const voice = voiceAt(48_000);
    voice.play(0, 0, 0.5, 1000);
    voice.play(1, 0, 0.2, 1000);
    voice.play(0, 1, 0.5, 5000);
    voice.run(24_000);
    const sound = voice.output.slice(0, 24_000);
    const lead = onset * 48_000;
    const at = (start: number, hz: number, i: number): number => burst(hz, (i - start + lead) / 48_000);
    const truth = sound.map((_, i) => {
      const letGo = Math.min(1, Math.max(0, 1 - (i - (5000 - lead)) / 240));
      return 0.5 * letGo * at(1000, 500, i) + 0.2 * at(1000, 900, i) + 0.5 * at(5000, 700, i);
    });
    expect(errorDb(sound, truth)).toBeLessThan(-128); // measured: -139.7
  });

  it('sounds the same however it is cut into runs', () => {
    const render = (cut: (i: number) => number): Float32Array => {
      const voice = voiceAt(44_100, { samples: 10_000 });
      for (let i = 0; i < 40; i++) voice.strike(i % 2, 0.2 + 0.01 * i, 300.25 * i);
      const sound = new Float32Array(20_000);
      for (let at = 0, i = 0; at < sound.length; i++) {
        const count = Math.min(cut(i), sound.length - at);
        voice.run(count);
        sound.set(voice.output.subarray(0, count), at);
        at += count;
      }
      return sound;
    };
    const whole = render(() => 10_000);
    for (const cut of [() => 128, (i: number) => (i * 37) % 300])
      expect(errorDb(render(cut), whole)).toBeLessThan(-127); // measured: -139
  });

  it('plays at once what is late, and is silent after a reset', () => {
    const voice = voiceAt(48_000);
    voice.run(1000);
    voice.play(0, 0, 0.5, 3);
    voice.run(12_000);
    const truth = voice.output.slice(0, 12_000).map((_, i) => 0.5 * burst(500, i / 48_000));
    expect(errorDb(voice.output.slice(0, 12_000), truth)).toBeLessThan(-100);
    voice.strike(0, 1);
    voice.strike(0, 1, 1e6);
    voice.run(10);
    voice.reset();
    expect([voice.position, voice.waiting]).toEqual([0, 0]);
    voice.run(2000);
    expect(voice.output.slice(0, 2000).every((x) => x === 0)).toBe(true);
  });

  it('stays within its bounds when everything sounds at once, and after', () => {
    const midi = Array.from({ length: 100 }, (_, i) => i + 20);
    const voice = voiceAt(48_000, {
      midi,
      bank: { ...bankAt(48_000), exemplars: midi.map((number) => exemplar(number, 10 * number, 1, 48_000)) },
      strikes: 100,
    });
    for (let bar = 0; bar < 100; bar++) voice.strike(bar, 1, 2000 + bar);
    voice.run(24_000);
    const loudest = voice.output.slice(0, 24_000).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    expect(loudest).toBeGreaterThan(limiterKnee);
    expect(loudest).toBeLessThanOrEqual(1);
  });

  it('transposes the nearest bar for one that the bank lacks, and all for another A4', () => {
    const voice = voiceAt(48_000, { midi: [74], a4: 442 });
    voice.play(0, 0, 0.5, 4800);
    voice.run(24_000);
    const pitch = (442 / 440) * 2 ** (2 / 12);
    const sound = voice.output.slice(0, 24_000);
    const truth = sound.map((_, i) => 0.5 * burst(900, ((i - 4800) / 48_000) * pitch + onset));
    expect(errorDb(sound, truth)).toBeLessThan(-96); // measured: -108
  });

  it('gives the same from a bank that was resampled before', () => {
    const play = (bank: ExemplarBank): Float32Array => {
      const voice = voiceAt(44_100, { bank });
      voice.strike(1, 0.5, 500.5);
      voice.run(20_000);
      return voice.output.slice(0, 20_000);
    };
    const bank = bankAt(48_000);
    expect(play(resampleExemplars(bank, 44_100))).toEqual(play(bank));
    expect(resampleExemplars(bank, 48_000)).toBe(bank);
  });

  it('refuses more strikes than can wait', () => {
    const voice = voiceAt(48_000, { strikes: 2 });
    expect([1, 2, 3].map((at) => voice.strike(0, 1, 1000 * at))).toEqual([true, true, false]);
    expect(voice.strike(0, 0)).toBe(true);
  });

  it('says what it expected', () => {
    for (const options of [
      { sampleRate: 7000 },
      { a4: 0 },
      { midi: [] },
      { midi: [60.5] },
      { samples: 0 },
      { strikes: 0 },
      { bank: { ...bankAt(48_000), exemplars: [] } },
    ]) {
      expect(() => voiceAt(48_000, options), JSON.stringify(Object.keys(options))).toThrow(RangeError);
    }
    const voice = voiceAt(48_000);
    expect(() => voice.strike(2, 1)).toThrow('expected a whole number of 0..1, got 2');
    expect(() => voice.strike(0, 1.5)).toThrow(RangeError);
    expect(() => voice.strike(0, 1, NaN)).toThrow(RangeError);
    expect(() => voice.play(0, 2, 1)).toThrow('expected a whole number of 0..1, got 2');
    expect(() => voice.play(0, 0, -1)).toThrow(RangeError);
    expect(() => {
      voice.run(48_001);
    }).toThrow(RangeError);
  });
});
