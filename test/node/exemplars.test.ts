// Banks of exemplars: the one in the package, the file they travel in, cutting them from recordings, and the command.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { exemplars as command } from '../../src/cli/exemplars.js';
import { SoundError } from '../../src/errors.js';
import { GT18, nameToMidi } from '../../src/notes.js';
import { decodeExemplars, encodeExemplars, type Exemplar, type ExemplarBank } from '../../src/sound/exemplar-bank.js';
import { cutExemplars, spreadLevels } from '../../src/sound/exemplar-cutting.js';
import { readExemplars, writeExemplars } from '../../src/sound/exemplar-file.js';
import { writeWav } from '../../src/sound/wav-file.js';
import type { Strike } from '../../src/types.js';
import { soundOf } from '../support/playing.js';
import { noise } from '../support/white-noise.js';

const folder = mkdtempSync(join(tmpdir(), 'exemplars-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const packaged = new URL('../../models/exemplars/fluidr3-marimba.exemplars', import.meta.url);

const small: ExemplarBank = {
  sampleRate: 44_100,
  title: 'Zwei Töne',
  credit: 'somebody',
  license: 'CC0-1.0',
  exemplars: [60, 62].map((midi, i) => {
    const samples = noise(midi, 500 + i).map((x) => 0.9 * x);
    samples[9] = 1;
    samples[10] = -1;
    return { midi, gain: 0.25 * (i + 1), onset: 0.0005, samples };
  }),
};

describe('the bank in the package', () => {
  it('holds four levels of every bar, cut at contact and to the end of the ring', async () => {
    const { exemplars, sampleRate, credit, license } = await readExemplars();
    expect([sampleRate, credit]).toEqual([44_100, 'Frank Wen']);
    expect(license).toMatch(/^MIT License\n\nCopyright \(c\) 2000-2002, 2008 Frank Wen\n[^]*PROVIDED "AS IS"/);
    for (const { midi } of GT18) {
      const own = exemplars.filter((exemplar) => exemplar.midi === midi);
      expect(own).toHaveLength(4);
      // Velocities 40 to 127: 20 dB apart.
      const span = 20 * Math.log10(own[3].gain / own[0].gain);
      expect(Math.abs(span - 20)).toBeLessThan(0.5);
    }
    for (const { samples, onset, gain } of exemplars) {
      const peak = (from: number, to: number): number =>
        samples.subarray(from, to).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      expect(onset).toBeLessThanOrEqual(0.001);
      expect(gain).toBeGreaterThan(0);
      expect(peak(0, samples.length)).toBe(1);
      expect(peak(0, Math.round(onset * sampleRate))).toBeLessThanOrEqual(0.0101);
      // Struck: half its height within 5 ms.
      expect(peak(0, 220)).toBeGreaterThan(0.5);
      // Fallen by 60 dB 25 ms before its end, and faded out.
      expect(peak(samples.length - 1000, samples.length)).toBeLessThan(0.0011);
      expect(samples.at(-1)).toBe(0);
    }
  });

  it('is small', () => {
    expect(statSync(packaged).size).toBeLessThan(3e6); // 0.83 MB
  });
});

describe('the file of a bank', () => {
  it('keeps everything to half a step of 16 bits', async () => {
    const file = join(folder, 'small.exemplars');
    await writeExemplars(file, small);
    const { exemplars, ...facts } = await readExemplars(file);
    expect(facts).toEqual({ sampleRate: 44_100, title: 'Zwei Töne', credit: 'somebody', license: 'CC0-1.0' });
    exemplars.forEach(({ samples, ...rest }, i) => {
      const { samples: truth, ...facts } = small.exemplars[i];
      expect(rest).toEqual(facts);
      expect(samples.length).toBe(truth.length);
      samples.forEach((x, n) => {
        expect(Math.abs(x - truth[n])).toBeLessThanOrEqual(0.5001 / 32767);
      });
    });
  });

  it('refuses a bank that makes no sense', async () => {
    const with_ = (change: Partial<Exemplar>): ExemplarBank => ({
      ...small,
      exemplars: [{ ...small.exemplars[0], ...change }],
    });
    for (const bank of [
      { ...small, exemplars: [] },
      { ...small, sampleRate: 0 },
      with_({ midi: 128 }),
      with_({ gain: 0 }),
      with_({ gain: NaN }),
      with_({ onset: -1 }),
      with_({ onset: 1 }),
      with_({ samples: new Float32Array(0) }),
    ]) {
      await expect(encodeExemplars(bank)).rejects.toThrow(RangeError);
    }
  });

  it('says what is wrong with a file', async () => {
    await expect(readExemplars(join(folder, 'none'))).rejects.toThrow(/There is no file/);
    await expect(decodeExemplars(new TextEncoder().encode('RIFF'), 'x.wav')).rejects.toThrow(
      'x.wav is not a bank of exemplars.',
    );
    const whole = await encodeExemplars(small);
    await expect(decodeExemplars(whole.subarray(0, 700), 'cut')).rejects.toThrow(/cut cannot be unpacked/);
  });

  it('reads damaged files as errors, or as banks', async () => {
    const whole = await encodeExemplars(small);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        fc.nat(whole.length),
        async (changes, length) => {
          const bytes = whole.slice(0, length);
          for (const [at, value] of changes) if (at < length) bytes[at] = value;
          const answer = await decodeExemplars(bytes).catch((error: unknown) => error);
          if (!(answer instanceof SoundError)) expect((answer as ExemplarBank).exemplars.length).toBe(2);
        },
      ),
      { numRuns: 300 },
    );
  });
});

const sampleRate = 44_100;
// Each bar at three levels, 2.2 s apart; then two too close together.
const alone: Strike[] = [66, 75, 90].flatMap((midi, bar) =>
  [0.2, 0.5, 1].map((velocity, i) => ({ time: 0.5 + 2.2 * (3 * bar + i) + 0.0013 * i, midi, velocity })),
);
const close: Strike[] = [0, 0.12].map((later) => ({ time: 21 + later, midi: 80, velocity: 0.5 }));
const played = [...alone, ...close];

describe('cutExemplars', () => {
  it('cuts what stands alone, half a millisecond before contact', () => {
    const sound = soundOf(played, 23, sampleRate);
    // As late as an ear may be.
    const heard = played.map((strike) => ({ ...strike, time: strike.time + 0.004 }));
    const cut = cutExemplars(sound, sampleRate, heard);
    // The last of all is alone in what follows, not in what came before.
    expect(cut.map(({ midi }) => midi)).toEqual(alone.map(({ midi }) => midi));
    cut.forEach(({ samples, gain, onset }, k) => {
      expect(Math.abs(samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0) - 1)).toBeLessThan(1e-6);
      const contact = Math.round(alone[k].time * sampleRate);
      // Where it was cut: the place where it is the recording.
      const differences = Array.from({ length: 200 }, (_, i) => i - 100).map((shift) => {
        let sum = 0;
        for (let n = 0; n < 2000; n++) {
          sum += Math.abs(gain * samples[n] - sound[contact + shift - Math.round(onset * sampleRate) + n]);
        }
        return { shift, sum };
      });
      const { shift, sum } = differences.reduce((best, one) => (one.sum < best.sum ? one : best));
      expect(sum).toBeLessThan(1e-3);
      // Measured: 1 to 10 samples, which is when the attack passes 1 % of the peak.
      expect(shift).toBeGreaterThanOrEqual(0);
      expect(shift).toBeLessThan(0.0005 * sampleRate);
    });
  });

  it('cuts nothing out of silence or noise', () => {
    expect(cutExemplars(new Float32Array(44_100), sampleRate, [{ time: 0.5, midi: 66, velocity: 1 }])).toEqual([]);
    expect(cutExemplars(noise(1, 44_100), sampleRate, [{ time: 0.5, midi: 66, velocity: 1 }])).toEqual([]);
    expect(cutExemplars(new Float32Array(0), sampleRate, [{ time: 0, midi: 66, velocity: 1 }])).toEqual([]);
  });
});

describe('spreadLevels', () => {
  it('keeps the softest, the loudest, and what lies between', () => {
    const many = [70, 66].flatMap((midi) =>
      Array.from({ length: 21 }, (_, i) => ({ ...small.exemplars[0], midi, gain: 10 ** (-((i * 8) % 21) / 20) })),
    );
    const kept = spreadLevels(many, 3).map(({ midi, gain }) => [midi, Math.round(20 * Math.log10(gain))]);
    expect(kept).toEqual([
      [66, -20],
      [66, -10],
      [66, 0],
      [70, -20],
      [70, -10],
      [70, 0],
    ]);
    expect(spreadLevels(many, 30)).toHaveLength(42);
    expect(spreadLevels(many, 1).map(({ gain }) => Math.round(20 * Math.log10(gain)))).toEqual([-10, -10]);
  });
});

describe('deep-marimba exemplars', () => {
  const out: string[] = [];
  const said: string[] = [];
  async function run(...words: string[]): Promise<void> {
    out.length = said.length = 0;
    const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
    const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    try {
      await command.parseAsync(words, { from: 'user' });
    } finally {
      stdout.mockRestore();
      stderr.mockRestore();
    }
  }
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('makes a bank from recordings, skips what is bad, and tells what is in it', async () => {
    const wav = join(folder, 'take.wav');
    const bad = join(folder, 'bad.wav');
    const bank = join(folder, 'own.exemplars');
    await writeWav(wav, { sampleRate, channels: [soundOf(played, 23, sampleRate)] });
    writeFileSync(bad, 'not sound');
    await expect(run('build', wav, bad, '-o', bank, '--levels', '2', '--credit', 'me')).rejects.toThrow(
      '1 of 2 recordings were skipped.',
    );
    const text = said.join('');
    expect(text).toContain(`${wav}: 11 strikes heard, 9 of them clean.`);
    expect(text).toMatch(/bad\.wav: skipped\. /);
    expect(text).toMatch(/F#4 +2 of +3 heard +peaks -\d/);
    expect(text).toMatch(/G#5 +0 of +2 heard +none stood alone/);
    expect(text).toMatch(/not heard: G#4 A#4/);
    const { exemplars, credit, title } = await readExemplars(bank);
    expect([credit, title]).toEqual(['me', 'take.wav, bad.wav']);
    expect(exemplars.map(({ midi }) => midi)).toEqual([66, 66, 75, 75, 90, 90]);

    await run('info', bank);
    expect(out.join('')).toMatch(/^take\.wav[^]*6 exemplars, 44100 samples per second\n {2}F#4 +2 /);
    await run('info', '--json', bank);
    const facts = JSON.parse(out.join('')) as { exemplars: { midi: number }[] };
    expect(facts.exemplars[0].midi).toBe(nameToMidi('F#4'));
  });

  it('says so when nothing can be cut', async () => {
    const wav = join(folder, 'silence.wav');
    await writeWav(wav, { sampleRate, channels: [new Float32Array(sampleRate)] });
    const bank = join(folder, 'nothing.exemplars');
    await expect(run('build', wav, '-o', bank)).rejects.toThrow(/No clean strike was found/);
    expect(() => readFileSync(bank)).toThrow();
    await expect(run('info', wav)).rejects.toThrow(/silence\.wav is not a bank of exemplars/);
  });
});
