// analyzeNotes against numpy, on sines, clicks and strikes whose answers are known, and on sound that cannot be analysed.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameRate } from '../../src/frame-rate.js';
import { GT18, noteSet } from '../../src/notes.js';
import { analyzeNotes } from '../../src/sound/analysis.js';
import type { NoteAmplitudes, Sound, SoundStream } from '../../src/types.js';
import golden from '../golden/analysis.json' with { type: 'json' };
import { errorOfMaximum } from '../support/dft.js';
import { noise } from '../support/white-noise.js';

const rates = [44100, 48000, 96000];
const frameRates = ['25', '30000/1001', '60'];
const everyRate = rates.flatMap((sampleRate) => frameRates.map((fps) => ({ sampleRate, fps })));

const sound = (sampleRate: number, ...channels: Float32Array[]): Sound => ({ sampleRate, channels });
const decibels = (x: number): number => 20 * Math.log10(x);

/** Row k of the amplitudes. */
const row = ({ data, notes }: NoteAmplitudes, k: number): Float32Array =>
  data.subarray(k * notes.length, (k + 1) * notes.length);

/** What one note does over time. */
const column = ({ data, notes, frames }: NoteAmplitudes, note: number): number[] =>
  Array.from({ length: frames }, (_, k) => data[k * notes.length + note]);

/** Samples from the start to video frame `frame`. */
function samplesTo(frame: number, sampleRate: number, fps: string): number {
  const { num, den } = frameRate(fps);
  return (frame * sampleRate * den) / num;
}

/** Channels in blocks of the given lengths, over and over. */
function inBlocks({ sampleRate, channels }: Sound, lengths: readonly number[]): SoundStream {
  return {
    sampleRate,
    channelCount: channels.length,
    // eslint-disable-next-line @typescript-eslint/require-await -- blocks that are there already
    async *blocks() {
      for (let from = 0, i = 0; from < channels[0].length; i++) {
        const to = from + lengths[i % lengths.length];
        yield channels.map((samples) => samples.slice(from, to));
        from = to;
      }
    },
  };
}

describe('analyzeNotes', () => {
  it.each(golden)('$mode agrees with numpy at $sampleRate Hz, $fps fps', async (known) => {
    const { sampleRate, channels: count, samples, rows, frames, fps } = known;
    const rising = (x: number, n: number): number => x * (0.2 + (0.4 * n) / (samples - 1));
    const channels = Array.from({ length: count }, (_, c) => noise(sampleRate + c, samples).map(rising));
    const mode = known.mode as 'corrected' | 'seed';
    const found = await analyzeNotes(sound(sampleRate, ...channels), { fps, frames, mode });
    expect(found.frames).toBe(frames - 2);
    expect(found.fps).toEqual(frameRate(fps));
    expect(errorOfMaximum(found.data, rows.flat())).toBeLessThan(1.6e-6); // 4.3e-7
  });

  it.each(everyRate)('reads 1 for a sine on a note, -40 dB beside it: $sampleRate Hz, $fps fps', async (at) => {
    const { sampleRate, fps } = at;
    const samples = Math.ceil(samplesTo(5, sampleRate, fps));
    // Half the main lobe of three frames, Hz. At 60 fps the lowest three notes lie within each other's.
    const lobe = 2 / (samplesTo(3, sampleRate, fps) / sampleRate);
    for (const [note, { hz }] of GT18.entries()) {
      const sine = Float32Array.from({ length: samples }, (_, n) => Math.sin((2 * Math.PI * hz * n) / sampleRate));
      const found = await analyzeNotes(sound(sampleRate, sine), { fps });
      expect(found.frames).toBe(3);
      for (let k = 0; k < 3; k++) {
        for (const [other, level] of row(found, k).entries()) {
          const { low, high } = GT18[other].band;
          if (other === note)
            expect(Math.abs(decibels(level))).toBeLessThan(0.1); // 0.025
          else if (Math.max(low - hz, hz - high) > lobe) expect(decibels(level)).toBeLessThan(-40); // -42
        }
      }
    }
  });

  it.each(everyRate)('sees a click in the three rows of its frame: $sampleRate Hz, $fps fps', async (at) => {
    const { sampleRate, fps } = at;
    const frames = 200;
    for (const frame of [2, 57, 151]) {
      const samples = new Float32Array(Math.ceil(samplesTo(frames, sampleRate, fps)));
      samples[Math.round(samplesTo(frame + 0.5, sampleRate, fps))] = 1;
      const corrected = column(await analyzeNotes(sound(sampleRate, samples), { fps, frames }), 7);
      const seen = corrected.flatMap((level, k) => (level > 0 ? [k] : []));
      expect(seen).toEqual([frame - 2, frame - 1, frame]);
      expect(corrected.indexOf(Math.max(...corrected))).toBe(frame - 1);
      const seed = column(await analyzeNotes(sound(sampleRate, samples), { fps, frames, mode: 'seed' }), 7);
      expect(seed.indexOf(Math.max(...seed))).toBe(frame - 2);
    }
  });

  it.each(everyRate)('peaks at row t for a strike in frame t: $sampleRate Hz, $fps fps', async (at) => {
    const { sampleRate, fps } = at;
    const frames = 160;
    const [{ hz }] = GT18;
    for (const frame of [3, 120]) {
      const strike = Math.round(samplesTo(frame + 0.4, sampleRate, fps));
      const samples = new Float32Array(Math.ceil(samplesTo(frames, sampleRate, fps)));
      // It rings for a few frames.
      const decay = samplesTo(4, sampleRate, fps) / sampleRate;
      for (let n = strike; n < samples.length; n++) {
        const t = (n - strike) / sampleRate;
        samples[n] = Math.exp(-t / decay) * Math.sin(2 * Math.PI * hz * t);
      }
      const found = column(await analyzeNotes(sound(sampleRate, samples), { fps, frames }), 0);
      expect(found.indexOf(Math.max(...found))).toBe(frame);
      expect(found.slice(0, frame - 2).every((level) => level === 0)).toBe(true);
    }
  });

  it('gives the same rows however the sound is cut into blocks', async () => {
    const whole = sound(8000, noise(1, 9000), noise(2, 9000));
    const expected = await Promise.all(
      (['corrected', 'seed'] as const).map((mode) => analyzeNotes(whole, { fps: 29.97, mode })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1 }), async (lengths) => {
        for (const [i, mode] of (['corrected', 'seed'] as const).entries()) {
          expect(await analyzeNotes(inBlocks(whole, lengths), { fps: 29.97, mode })).toEqual(expected[i]);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('mixes channels to their mean, whatever their level', async () => {
    const [a, b, c] = [1, 2, 3].map((seed) => noise(seed, 8000));
    const mean = a.map((x, n) => (x + b[n] + c[n]) / 3);
    const known = await analyzeNotes(sound(8000, mean), { fps: 25 });
    const quiet = [a, b, c].map((samples) => samples.map((x) => x * 0.01));
    const found = await analyzeNotes(sound(8000, ...quiet), { fps: 25 });
    expect(errorOfMaximum(found.data, known.data)).toBeLessThan(8e-7); // 2e-7
  });

  it('divides by the loudest sample; seed by the highest', async () => {
    const samples = noise(5, 8000).map((x, n) => 0.3 * x - (n === 4000 ? 0.6 : 0));
    const flipped = samples.map((x) => -x);
    const level = async (x: Float32Array, mode: 'corrected' | 'seed'): Promise<number> =>
      (await analyzeNotes(sound(8000, x), { fps: 25, mode })).data[0];
    expect(await level(samples, 'corrected')).toBe(await level(flipped, 'corrected'));
    const [highest, lowest] = [Math.max(...samples), Math.min(...samples)];
    const ratio = (await level(flipped, 'seed')) / (await level(samples, 'seed'));
    expect(ratio).toBeCloseTo(highest / -lowest, 5);
  });

  it('counts the frames that the sound lasts, and lets the last ones end in silence', async () => {
    const samples = noise(3, Math.round((8000 * 1001) / 30));
    const found = await analyzeNotes(sound(8000, samples), { fps: '30000/1001' });
    expect(found.frames).toBe(1000 - 2);
    expect(found.data.length).toBe(998 * 18);
    const longer = await analyzeNotes(sound(8000, samples), { fps: '30000/1001', frames: 1002 });
    expect(longer.data.subarray(0, 998 * 18)).toEqual(found.data);
    expect(Math.max(...row(longer, 999))).toBeGreaterThan(0);
    const fewer = await analyzeNotes(sound(8000, samples), { fps: '30000/1001', frames: 3 });
    expect(fewer.data).toEqual(row(found, 0));
  });

  it('analyses any notes, with any nfft', async () => {
    const notes = noteSet([45, 69]);
    const a = Float32Array.from({ length: 22050 }, (_, n) => 0.5 * Math.sin((2 * Math.PI * 440 * n) / 22050));
    for (const nfft of [2646, 8192, 1 << 20]) {
      const { data } = await analyzeNotes(sound(22050, a), { fps: 25, notes, nfft });
      expect(data[1]).toBeGreaterThan(0.96);
      expect(data[0]).toBeLessThan(0.01);
    }
  });
});

describe('sound that cannot be analysed', () => {
  const samples = noise(1, 8000);
  const cases: [string, Sound, object, RegExp][] = [
    ['empty', sound(8000, new Float32Array(0)), {}, /^The sound is empty/],
    ['silent', sound(8000, new Float32Array(8000)), {}, /^The sound is silent/],
    ['NaN', sound(8000, samples, samples.with(4000, NaN)), {}, /not a number \(NaN\), 0\.500 s .* channel 2/],
    ['infinite', sound(8000, samples.with(7999, -Infinity)), {}, /\(-Infinity\), 1\.000 s/],
    [
      'too short for a row',
      sound(8000, samples.slice(0, 900)),
      {},
      /lasts 0\.113 s, expected three video frames at least/,
    ],
    ['shorter than the video', sound(8000, samples), { frames: 28 }, /lasts 1\.000 s, too short for 28 video frames/],
    ['of too low a rate', sound(7000, samples), {}, /nothing above 3500 Hz, but the note A#7/],
  ];
  it.each(cases)('%s', async (_, bad, options, message) => {
    await expect(analyzeNotes(bad, { fps: 25, ...options })).rejects.toThrow(message);
    await expect(analyzeNotes(bad, { fps: 25, ...options })).rejects.toMatchObject({ tag: 'SoundError' });
  });

  it('any rates and lengths: finite rows, or one clear error', async () => {
    const notes = noteSet([60, 62]);
    const anything = fc.record({
      sampleRate: fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 200_000 })),
      fps: fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0.5, max: 1000, noNaN: true })),
      length: fc.nat(5000),
      frames: fc.oneof(fc.constant(undefined), fc.nat(40)),
      mode: fc.constantFrom('corrected' as const, 'seed' as const),
    });
    let analysed = 0;
    await fc.assert(
      fc.asyncProperty(anything, async ({ sampleRate, length, ...options }) => {
        try {
          const { data, frames } = await analyzeNotes(sound(sampleRate, noise(length, length)), { ...options, notes });
          expect(data).toHaveLength(frames * 2);
          expect(data.every(Number.isFinite)).toBe(true);
          analysed++;
        } catch (error) {
          expect(String(error)).toMatch(/^(Range|Sound)Error: .*(xpected|The sound)/);
        }
      }),
      { numRuns: 300 },
    );
    expect(analysed).toBeGreaterThan(30); // about 100
  });

  it('bad options', async () => {
    const good = sound(8000, samples);
    const bad: [object, RegExp][] = [
      [{ fps: 0 }, /frames per second above 0/],
      [{ fps: NaN }, /frames per second/],
      [{ frames: 2 }, /Expected 3 or more video frames.*got 2/],
      [{ frames: 10.5 }, /got 10\.5/],
      [{ mode: 'both' }, /Expected mode to be corrected or seed, got "both"/],
      [{ mode: 'seed', nfft: 1000 }, /Expected no nfft in seed mode/],
      [{ nfft: -1 }, /Expected nfft .* got -1/],
    ];
    for (const [change, message] of bad) {
      await expect(analyzeNotes(good, { fps: 25, ...change })).rejects.toThrow(message);
    }
    for (const sampleRate of [24, 0, -8000, NaN, Infinity]) {
      await expect(analyzeNotes(sound(sampleRate, samples), { fps: 25 })).rejects.toThrow(
        /Expected a sample rate .*got/,
      );
    }
    await expect(analyzeNotes(sound(8000), { fps: 25 })).rejects.toThrow(/equal length, got none/);
    await expect(analyzeNotes(sound(8000, samples, samples.slice(1)), { fps: 25 })).rejects.toThrow(/8000 and 7999/);
  });
});
