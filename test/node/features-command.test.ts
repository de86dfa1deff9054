// `deep-marimba features` as its users run it: files in, files out, one sentence and exit code 1 when it cannot be done.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { GT18 } from '../../src/notes.js';
import { analyzeNotes } from '../../src/sound/analysis.js';
import { readFeatures } from '../../src/sound/data-file.js';
import { readSound } from '../../src/sound/sound-file.js';
import { writeWav } from '../../src/sound/wav-file.js';
import * as command from '../support/command.js';
import { noise } from '../support/white-noise.js';

const folder = mkdtempSync(join(tmpdir(), 'deep-marimba-features-'));
const path = (name: string): string => join(folder, name);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const run = (...args: string[]): command.Ended => command.run('features', ...args);

const sampleRate = 8000;
await writeWav(path('noise.wav'), { sampleRate, channels: [noise(1, 8000), noise(2, 8000)] }, { bits: 32 });
await writeWav(path('silent.wav'), { sampleRate, channels: [new Float32Array(8000)] });
await writeWav(path('low.wav'), { sampleRate: 4000, channels: [noise(1, 4000)] });
const whole = readFileSync(path('noise.wav'));
const odd = Buffer.from(whole);
odd.writeFloatLE(NaN, whole.length - 4000);
writeFileSync(path('nan.wav'), odd);
writeFileSync(path('cut.wav'), whole.subarray(0, 20_000));
writeFileSync(path('nothing.wav'), '');
writeFileSync(path('text.wav'), 'do re mi '.repeat(100));

describe('deep-marimba features', () => {
  it('writes what analyzeNotes gives, as .npy, as JSON, to stdout', async () => {
    const known = await analyzeNotes(await readSound(path('noise.wav')), { fps: '30000/1001' });
    expect(known.frames).toBe(27);
    for (const name of ['a.npy', 'a.json']) {
      expect(run(path('noise.wav'), '--fps', '29.97', '-o', path(name))).toEqual({ status: 0, stdout: '', stderr: '' });
      const { data, frames } = await readFeatures(path(name));
      expect(frames).toBe(27);
      expect(data).toEqual(known.data);
      rmSync(path(name));
    }
    const { status, stdout } = run(path('noise.wav'), '--fps', '29.97');
    expect(status).toBe(0);
    const parsed = JSON.parse(stdout) as { fps: string; notes: number[]; amplitudes: number[][] };
    expect(parsed.fps).toBe('30000/1001');
    expect(parsed.notes).toEqual(GT18.map(({ midi }) => midi));
    expect(Float32Array.from(parsed.amplitudes.flat())).toEqual(known.data);
  });

  it('takes frames, mode, notes and nfft', async () => {
    const args = ['--frames', '10', '--mode', 'corrected', '--notes', '69,81', '--nfft', '4096'];
    const { stdout, status } = run(path('noise.wav'), '--fps', '25', ...args);
    expect(status).toBe(0);
    const { amplitudes } = JSON.parse(stdout) as { amplitudes: number[][] };
    expect(amplitudes.map((row) => row.length)).toEqual(Array(8).fill(2));
    const seed = run(path('noise.wav'), '--fps', '25', '--mode', 'seed', '-o', path('seed.npy'));
    expect(seed.status).toBe(0);
    const known = await analyzeNotes(await readSound(path('noise.wav')), { fps: 25, mode: 'seed' });
    expect((await readFeatures(path('seed.npy'))).data).toEqual(known.data);
    rmSync(path('seed.npy'));
  });

  const failures: [string, string[], RegExp][] = [
    ['a frame rate of 0', ['noise.wav', '--fps', '0'], /frames per second above 0 and up to 1000, got 0\./],
    [
      'more frames than sound',
      ['noise.wav', '--fps', '25', '--frames', '99'],
      /lasts 1\.000 s, too short for 99 video/,
    ],
    ['too few frames', ['noise.wav', '--fps', '25', '--frames', '2'], /Expected 3 or more video frames/],
    ['a silent file', ['silent.wav', '--fps', '25'], /silent\.wav is silent/],
    ['a low sample rate', ['low.wav', '--fps', '25'], /low\.wav .*nothing above 2000 Hz/],
    ['samples that are not numbers', ['nan.wav', '--fps', '25'], /nan\.wav .*not a number/],
    ['a file cut short', ['cut.wav', '--fps', '25'], /cut\.wav/],
    ['a file without bytes', ['nothing.wav', '--fps', '25'], /nothing\.wav is empty/],
    ['a file of something else', ['text.wav', '--fps', '25'], /text\.wav/],
    ['no file', ['missing.wav', '--fps', '25'], /missing\.wav/],
  ];
  it.each(failures)('%s: one sentence, exit code 1, nothing written', (_, [name, ...args], message) => {
    const before = readdirSync(folder);
    const { status, stdout, stderr } = run(path(name), ...args, '-o', path('out.npy'));
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(readdirSync(folder)).toEqual(before);
  });

  it('bad usage: exit code 2', () => {
    for (const args of [
      ['--fps', '25', '-o', 'out.txt'],
      ['--fps', '25', '--mode', 'both'],
      [],
      ['--fps', '25', '--notes', 'A4'],
    ]) {
      expect(run(path('noise.wav'), ...args).status).toBe(2);
    }
  });
});
