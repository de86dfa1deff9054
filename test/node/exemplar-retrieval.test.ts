// Retrieval of exemplars by amplitudes, on strikes of the sampled bars that the bank does not hold, and the sound it makes.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { GT18, noteSet } from '../../src/notes.js';
import { analyzeNotes } from '../../src/sound/analysis.js';
import type { ExemplarBank } from '../../src/sound/exemplar-bank.js';
import { readExemplars } from '../../src/sound/exemplar-file.js';
import { ExemplarIndex, fingerprint, nearestPrint, stretchAt } from '../../src/sound/exemplar-retrieval.js';
import { readSound } from '../../src/sound/sound-file.js';
import { synthesize } from '../../src/sound/synthesize.js';
import type { NoteAmplitudes, Sound, Strike } from '../../src/types.js';
import { playing, soundOf } from '../support/playing.js';

const golden = new URL('../golden/features-2017/', import.meta.url);
// fluidsynth's samples begin 2.3 to 3.5 ms after the note.
const late = 0.0028;
const strikes: Strike[] = readFileSync(new URL('strikes.csv', golden), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [time, bar, velocity] = line.split(',').map(Number);
    // Velocity of MIDI is 40 log10 dB in the SoundFont.
    return { time: time + late, midi: GT18[bar].midi, velocity: (velocity / 127) ** 2 };
  });
let bank: ExemplarBank;
let sound: Sound;
beforeAll(async () => {
  bank = await readExemplars();
  sound = await readSound(gunzipSync(readFileSync(new URL('sound-44100.wav.gz', golden))));
});

/** Pearson correlation. */
function correlation(a: Float32Array, b: Float32Array): number {
  const mean = (x: Float32Array): number => x.reduce((sum, v) => sum + v, 0) / x.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

describe('ExemplarIndex', () => {
  it.each([25, 29.97, 60])('finds the bar and the level of strikes it has not seen, at %f fps', async (fps) => {
    const amplitudes = await analyzeNotes(sound, { fps });
    const index = await ExemplarIndex.open(bank, GT18, amplitudes.fps);
    const errors: number[] = [];
    for (const strike of strikes) {
      for (const reach of [1, 17]) {
        const found = index.find(amplitudes, strike, strikes, reach);
        // Measured: all 36 right, with all bars to choose from too.
        expect(found?.midi, `${strike.time}`).toBe(strike.midi);
        if (reach === 1) errors.push(20 * Math.log10(found!.peak / strike.velocity));
      }
    }
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    const deviation = Math.sqrt(errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / errors.length);
    // Measured: 0.45, 0.44 and 0.39 dB.
    expect(deviation).toBeLessThan(1);
  });

  it('finds the bars of another instrument', async () => {
    const truth = playing('walk', 40, 5);
    const amplitudes = await analyzeNotes({ sampleRate: 48_000, channels: [soundOf(truth, 40, 48_000)] }, { fps: 25 });
    const index = await ExemplarIndex.open(bank, GT18, amplitudes.fps);
    // Measured: all 51, two of them soft and soon after a louder strike of the same bar.
    const right = truth.filter((strike) => index.find(amplitudes, strike, truth)?.midi === strike.midi);
    expect(right.length).toBe(truth.length);
  });

  it('answers nothing where there is nothing', async () => {
    const silent: NoteAmplitudes = {
      data: new Float32Array(18 * 20),
      frames: 20,
      notes: GT18,
      fps: { num: 25, den: 1 },
    };
    const index = await ExemplarIndex.open(bank, GT18, silent.fps);
    expect(index.find(silent, { time: 0.2, midi: 66 })).toBeUndefined();
    expect(index.find(silent, { time: 99, midi: 66 })).toBeUndefined();
    // A bar that is none of the notes, and has no neighbours.
    expect(index.find(silent, { time: 0.2, midi: 67 })).toBeUndefined();
  });
});

describe('fingerprints', () => {
  it('do not depend on level, and are of length 1', () => {
    const rows = Float32Array.from({ length: 144 }, (_, i) => (i * 7919) % 13);
    const print = fingerprint(rows);
    expect(print.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(1, 5);
    fingerprint(rows.map((x) => 0.01 * x)).forEach((x, i) => {
      expect(x).toBeCloseTo(print[i], 5);
    });
    expect(fingerprint(new Float32Array(4))).toEqual(new Float32Array(4));
    expect(nearestPrint(print, [new Float32Array(144), print, print])).toBe(1);
    expect(nearestPrint(print, [print], () => false)).toBe(-1);
  });

  it('leave out what other bars rang before', () => {
    const width = 2;
    const data = Float32Array.from({ length: 20 * width }, (_, i) => (i % 2 === 0 ? 0.5 : i >= 8 * width ? 1 : 0));
    const amplitudes = { data, frames: 20, notes: noteSet([60, 64]), fps: { num: 25, den: 1 } };
    const rows = stretchAt(amplitudes, { time: 0.41, midi: 64 });
    expect([...rows].filter((_, i) => i % 2 === 0)).toEqual(Array(8).fill(0));
    expect([...rows].filter((_, i) => i % 2 === 1)).toEqual(Array(8).fill(1));
  });
});

describe('synthesize, exemplar', () => {
  it('turns amplitudes into sound that has these amplitudes', async () => {
    const amplitudes = await analyzeNotes(sound, { fps: 25 });
    for (const sampleRate of [44_100, 48_000]) {
      const samples = await synthesize(amplitudes, { voice: 'exemplar', exemplars: bank, strikes, sampleRate });
      const again = await analyzeNotes({ sampleRate, channels: [samples] }, { fps: 25, frames: amplitudes.frames + 2 });
      // Measured: 0.9997.
      expect(correlation(again.data, amplitudes.data)).toBeGreaterThan(0.9988);
    }
  });

  it('plays strikes at their times, at 44.1, 48 and 96 kHz, with or without their own bars in the bank', async () => {
    const longest = Math.max(...bank.exemplars.map((exemplar) => exemplar.samples.length)) / bank.sampleRate;
    for (const sampleRate of [44_100, 48_000, 96_000]) {
      const truth = playing('walk', 12, 7);
      const samples = await synthesize(truth, { voice: 'exemplar', exemplars: bank, sampleRate });
      expect(samples.length).toBe(Math.round((truth.at(-1)!.time + longest) * sampleRate));
      const onsets = truth.map(({ time }) => {
        const at = Math.round(time * sampleRate);
        const energy = (from: number, to: number): number =>
          samples.subarray(at + from * sampleRate, at + to * sampleRate).reduce((sum, x) => sum + x * x, 0);
        return energy(0, 0.01) / (energy(-0.011, -0.001) + 1e-9);
      });
      // Measured: 1400, the least.
      expect(Math.min(...onsets)).toBeGreaterThan(300);
    }
    const naturals = await synthesize([{ time: 0, midi: 67, velocity: 1 }], { voice: 'exemplar', exemplars: bank });
    const { data } = await analyzeNotes(
      { sampleRate: 48_000, channels: [naturals] },
      { fps: 25, notes: noteSet([64, 67, 70]) },
    );
    expect(data[1]).toBeGreaterThan(4 * Math.max(data[0], data[2]));
  });

  it('reads strikes from amplitudes when it is not told', async () => {
    const amplitudes = await analyzeNotes(sound, { fps: 25 });
    const samples = await synthesize(amplitudes, { voice: 'exemplar', exemplars: bank });
    expect(samples.length).toBe(Math.round(((amplitudes.frames + 2) / 25) * 48_000));
    expect(samples.some((x) => Math.abs(x) > 0.1)).toBe(true);
  });

  it('asks for a bank', async () => {
    await expect(synthesize(strikes, { voice: 'exemplar' })).rejects.toThrow(/exemplars: expected a bank/);
  });
});
