// `deep-marimba synth`, run as a user runs it.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyzeNotes, GT18, readSound, synthesize, writeEvents, writeFeatures, writeMidi } from '../../src/node.js';
import { type Ended, runIn } from '../support/command.js';

const root = resolve(import.meta.dirname, '../..');
const home = mkdtempSync(join(tmpdir(), 'synth-'));
const golden = join(root, 'test/golden/sound-files');
const at = (name: string): string => join(home, name);
const strikes = [
  { time: 0.25, midi: 70, velocity: 1 },
  { time: 0.75, midi: 82, velocity: 0.5 },
];
const frames = 40;
// The sixth bar sounds in frames 10 to 19.
const data = Float32Array.from({ length: frames * 18 }, (_, i) =>
  i % 18 === 5 && i >= 10 * 18 && i < 20 * 18 ? 0.5 : 0,
);

beforeAll(async () => {
  await writeMidi(at('two.mid'), strikes);
  await writeEvents(at('two.json'), strikes, { duration: 1.5 });
  const amplitudes = { data, frames, notes: GT18, fps: { num: 25, den: 1 } };
  await writeFeatures(at('one.npy'), amplitudes);
  await writeFeatures(at('one.h5'), amplitudes);
  await writeFeatures(at('loud.npy'), { ...amplitudes, data: data.map((x) => 4 * x) });
});

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

const synth = (...args: string[]): Ended => runIn(home, 'synth', ...args);

const peakOf = (samples: Float32Array): number => samples.reduce((peak, x) => Math.max(peak, Math.abs(x)), 0);

describe('synth', () => {
  it.each(['modal', 'additive'] as const)('plays strikes with the %s voice', async (voice) => {
    for (const name of ['two.mid', 'two.json']) {
      expect(synth(name, '-o', 'two.wav', '--voice', voice, '--bits', '32')).toMatchObject({ status: 0, stdout: '' });
      const { sampleRate, channels } = await readSound(at('two.wav'));
      expect(sampleRate).toBe(48_000);
      // The events file says how long it is; a MIDI file rings until it is silent.
      if (name === 'two.json') expect(channels[0].length).toBe(1.5 * 48_000);
      const direct = await synthesize(strikes, { voice, duration: channels[0].length / 48_000 });
      // MIDI rounds times and velocities; JSON does not.
      const worst = direct.reduce((most, x, i) => Math.max(most, Math.abs(x - channels[0][i])), 0);
      expect(worst).toBeLessThan(name === 'two.json' ? 1e-7 : 0.5);
      const first = channels[0].findIndex((x) => Math.abs(x) > 0.01) / 48_000;
      expect(Math.abs(first - 0.25)).toBeLessThan(0.002);
    }
  });

  it('gives amplitudes back to who measures them, at any rate', async () => {
    expect(synth('one.npy', '-o', 'one.wav', '--voice', 'additive', '--rate', '44100', '--fps', '25').status).toBe(0);
    const sound = await readSound(at('one.wav'));
    expect(sound).toMatchObject({ sampleRate: 44_100 });
    const { data: back } = await analyzeNotes(sound, { fps: 25 });
    // Peak-normalised by the analysis: 0.5 becomes 1.
    expect(back[14 * 18 + 5]).toBeCloseTo(1, 1);
    expect(back[30 * 18 + 5]).toBeLessThan(0.01);
    expect(synth('one.h5', '-o', 'again.wav', '--voice', 'additive', '--rate', '44100').status).toBe(0);
    expect(await readSound(at('again.wav'))).toEqual(sound);
  });

  it('scales what would exceed full scale, and what it is asked to', async () => {
    const loud = synth('loud.npy', '-o', 'loud.wav', '--voice', 'additive');
    expect(loud.stderr).toMatch(/scaled by -6\.0\d dB/);
    expect(peakOf((await readSound(at('loud.wav'))).channels[0])).toBeCloseTo(1, 5);
    synth('two.mid', '-o', 'normal.wav', '--normalize');
    expect(peakOf((await readSound(at('normal.wav'))).channels[0])).toBeCloseTo(10 ** (-1 / 20), 5);
    // Float has room above 1.
    synth('loud.npy', '-o', 'float.wav', '--voice', 'additive', '--bits', '32');
    expect(peakOf((await readSound(at('float.wav'))).channels[0])).toBeGreaterThan(1.9);
  });

  it.each([
    ['a .mat without audio_vectors', [join(golden, 'v5-none.mat'), '-o', 'x.wav'], 1, /no variable audio_vectors/],
    ['a sound', [join(golden, 'u8-mono-8000.wav'), '-o', 'x.wav'], 1, /it is a WAV file/],
    ['a missing file', ['no.mid', '-o', 'x.wav'], 1, /There is no file no\.mid\./],
    ['a frame rate of 0', ['one.npy', '-o', 'x.wav', '--fps', '0'], 1, /frames per second above 0/],
    ['a sample rate of 10', ['one.npy', '-o', 'x.wav', '--rate', '10'], 1, /8000\.\.192000, got 10/],
    ['a folder that is not there', ['one.npy', '-o', 'no/x.wav'], 1, /folder of no\/x\.wav does not exist/],
    ['an unknown voice', ['one.npy', '-o', 'x.wav', '--voice', 'bells'], 2, /additive, modal/],
    ['13 bits', ['one.npy', '-o', 'x.wav', '--bits', '13'], 2, /16, 24, 32/],
    ['another format', ['one.npy', '-o', 'x.mp3'], 2, /ends in \.wav/],
    ['no output', ['one.npy'], 2, /--output/],
  ] as const)('%s: one sentence, nothing written', (_, args, status, message) => {
    const result = synth(...args);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect(result.status).toBe(status);
    expect(readdirSync(home).filter((name) => name.startsWith('x.') || name.endsWith('.part'))).toEqual([]);
  });

  it('an events file without strikes is silence of its length', async () => {
    writeFileSync(at('none.json'), '{"format":"deep-marimba/events@1","duration":0.5,"events":[]}');
    expect(synth('none.json', '-o', 'none.wav')).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/silent/) as string,
    });
    const { channels } = await readSound(at('none.wav'));
    expect([channels[0].length, peakOf(channels[0])]).toEqual([24_000, 0]);
  });
});
