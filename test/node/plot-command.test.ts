// `deep-marimba plot`, run as a user runs it.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeMidi } from '../../src/node.js';
import { writeWav } from '../../src/sound/wav-file.js';
import { type Ended, runIn } from '../support/command.js';

const root = resolve(import.meta.dirname, '../..');
const home = mkdtempSync(join(tmpdir(), 'plot-'));
const golden = join(root, 'test/golden/sound-files');
const at = (name: string): string => join(home, name);

beforeAll(async () => {
  const samples = Float32Array.from({ length: 48_000 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * 440 * i) / 48_000));
  await writeWav(at('tone.wav'), { sampleRate: 48_000, channels: [samples] });
  writeFileSync(at('tone.mid'), encodeMidi([{ time: 0.2, midi: 70, velocity: 1 }]));
});

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

const plot = (...args: string[]): Ended => runIn(tmpdir(), 'plot', ...args);

it('draws features as SVG beside them, sound as PNG where it is told', () => {
  const svg = plot(
    join(golden, 'v5-compressed.mat'),
    '-o',
    at('v5.svg'),
    '--strikes',
    at('tone.mid'),
    '--title',
    'Ten',
  );
  expect(svg).toMatchObject({ status: 0, stdout: '' });
  expect(readFileSync(at('v5.svg'), 'utf8')).toMatch(/<title id="title">Ten<\/title>/);
  const png = plot(at('tone.wav'), '-o', at('tone.png'), '--fps', '29.97', '--scale', '1');
  expect(png.status).toBe(0);
  expect(readFileSync(at('tone.png')).subarray(1, 4).toString()).toBe('PNG');
  expect(plot(at('tone.wav')).status).toBe(0);
  expect(existsSync(at('tone.svg'))).toBe(true);
});

it.each([
  [['nothing.npy'], 1, /There is no file nothing\.npy\./],
  [[join(golden, 'v5-none.mat')], 1, /has no variable audio_vectors/],
  [[join(golden, 'mute.mp4')], 1, /has no sound track/],
  [[join(golden, 'v5.mat'), '--fps', '0'], 1, /frames per second above 0/],
  [[join(golden, 'v5.mat'), '-o', 'x.jpg'], 2, /ends in \.svg or \.png/],
  [[join(golden, 'v5.mat'), '-o', '/no/such/folder/x.svg'], 1, /The folder of .* does not exist/],
  [[], 2, /missing required argument/],
] as const)('%s ends with %d and says why', (args, status, message) => {
  const before = readdirSync(golden);
  const result = plot(...args);
  expect(result.status).toBe(status);
  expect(result.stderr).toMatch(message);
  expect(result.stderr).not.toMatch(/\n\s+at /);
  expect(readdirSync(golden)).toEqual(before);
});
