// `deep-marimba render` through its own command object: files that others can read, and bad usage.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { render } from '../../../src/cli/render.js';
import { y4mFrame, y4mFrameBytes, y4mHeader } from '../../../src/cli/y4m.js';
import { scene } from '../../../src/scene/scene.js';
import type { SceneTruth } from '../../../src/scene/truth.js';
import { findFfmpeg } from '../../../src/media-decoder.js';
import { parseEvents } from '../../../src/sound/events.js';
import { readSound } from '../../../src/sound/sound-file.js';
import { readVideo } from '../../../src/video/video-file.js';

const folder = mkdtempSync(join(tmpdir(), 'render-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  vi.restoreAllMocks();
});

async function run(...args: string[]): Promise<string> {
  let out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  render.exitOverride();
  await render.parseAsync(args, { from: 'user' });
  return out;
}

const text = (...path: string[]): string => readFileSync(join(folder, ...path), 'utf8');

const ffmpeg = await findFfmpeg();

describe('render', () => {
  it('writes a clip, its truth and its sound, and nothing half done', async () => {
    const out = await run(
      '-o',
      join(folder, 'clip'),
      '--seed',
      '3',
      '--seconds',
      '1',
      '--size',
      '96x54',
      '--fps',
      '29.97',
    );
    const truth = JSON.parse(text('clip', 'truth.json')) as SceneTruth;
    expect(truth.times.length).toBe(30);
    expect(truth.fps).toEqual({ num: 30000, den: 1001 });
    const { video } = JSON.parse(out) as { video: string };
    const names = readdirSync(join(folder, 'clip'));
    for (const name of [video, 'clip.wav', 'calibration.json', 'events.json', 'truth.json'])
      expect(names).toContain(name);
    expect(names.some((name) => name.startsWith('.'))).toBe(false);
    expect(JSON.parse(text('clip', 'calibration.json'))).toEqual(truth.calibration);
    expect(parseEvents(JSON.parse(text('clip', 'events.json')), 'events.json').strikes.length).toBe(
      truth.strikes.length,
    );
  });

  it('plays the strikes of a file', async () => {
    const events = join(folder, 'played.json');
    const list = [0.3, 0.55, 0.8].map((time, i) => ({ time, midi: 66 + 2 * i, name: '', velocity: 0.5 }));
    writeFileSync(events, JSON.stringify({ format: 'deep-marimba/events@1', events: list }));
    await run('-o', join(folder, 'given'), '--events', events, '--seconds', '1', '--size', '64x36');
    const truth = JSON.parse(text('given', 'truth.json')) as SceneTruth;
    expect(truth.strikes.map(({ time, midi }) => [time, midi])).toEqual(list.map(({ time, midi }) => [time, midi]));
    // Sound and truth agree: silence before the first strike, the loudest within 30 ms of one.
    const { channels, sampleRate } = await readSound(join(folder, 'given', 'clip.wav'));
    expect(channels[0].length).toBe(sampleRate);
    const level = channels[0].map(Math.abs);
    expect(Math.max(...level.subarray(0, 0.299 * sampleRate))).toBeLessThan(1e-4);
    const loudest = level.indexOf(Math.max(...level)) / sampleRate;
    expect(Math.min(...list.map(({ time }) => Math.abs(loudest - time)))).toBeLessThan(0.03);
  });

  // Whoever encodes, what comes out is read by whoever decodes; node-av is among the project's own packages.
  const ways = [
    ['node-av', 'h264'],
    ['node-av', 'hevc'],
    ['node-av', 'vp9'],
    ['none', 'h264'],
    ...(ffmpeg === undefined ? [] : ([['ffmpeg', 'h264']] as const)),
  ] as const;
  it.each(ways)('%s writes %s that gives the picture back, at its times', async (encoder, codec) => {
    const to = join(folder, `${encoder}-${codec}`);
    const flags = [
      '--encoder',
      encoder,
      '--codec',
      codec,
      '--crf',
      '4',
      ...(encoder === 'node-av' ? ['--variable'] : []),
    ];
    const out = await run('-o', to, '--seed', '1', '--seconds', '0.4', '--size', '64x36', ...flags);
    const { video } = JSON.parse(out) as { video: string };
    const truth = JSON.parse(text(`${encoder}-${codec}`, 'truth.json')) as SceneTruth;
    const intervals = truth.times.slice(1).map((time, k) => time - truth.times[k]);
    expect(Math.max(...intervals) - Math.min(...intervals) > 1e-3).toBe(encoder === 'node-av');
    const options = { width: 64, height: 36, seconds: 0.4, fps: 25, rgb: true, variable: encoder === 'node-av' };
    const { frames } = scene(1, 'everything', options);
    const made = Array.from(frames(), ({ pixels }) => pixels.slice());
    let frame = 0;
    for await (const { luma, time } of (await readVideo(join(to, video))).frames()) {
      // webm counts in milliseconds.
      expect(Math.abs(time - truth.times[frame])).toBeLessThan(codec === 'vp9' ? 6e-4 : 1e-5);
      let sum = 0;
      for (let i = 0; i < 64 * 36; i++) {
        const [r, g, b] = made[frame].subarray(3 * i, 3 * i + 3);
        sum += Math.abs(((luma[i] - 16) * 255) / 219 - (0.2126 * r + 0.7152 * g + 0.0722 * b));
      }
      // Measured: 0.9 (HEVC 0.8, VP9 1.4) grey levels; 0.3 uncompressed.
      expect(sum / (64 * 36)).toBeLessThan(4);
      frame++;
    }
    expect(frame).toBe(made.length);
  });

  it('asks for node-av where frames have times of their own', async () => {
    const flags = ['-o', join(folder, 'timed'), '--variable', '--encoder', 'none'];
    await expect(run(...flags)).rejects.toThrow(/npm install node-av/);
  });

  it('writes a sheet of looks', async () => {
    await run('--sheet', join(folder, 'sheet.png'), '--size', '64x36');
    const png = readFileSync(join(folder, 'sheet.png'));
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([6 * 64, 8 * 36]);
  });

  it('refuses bad usage', async () => {
    for (const args of [
      [],
      ['-o', folder, '--size', '63x36'],
      ['-o', folder, '--family', 'test'],
      ['-o', folder, '--seed', '-1'],
    ]) {
      await expect(run(...args)).rejects.toThrow();
    }
  });
});

describe('formats', () => {
  it('Y4M: black, white and the primaries of BT.709', () => {
    expect(y4mHeader(64, 36, { num: 25, den: 1 })).toMatch(/^YUV4MPEG2 W64 H36 F25:1 /);
    expect(() => y4mHeader(63, 36, { num: 25, den: 1 })).toThrow(RangeError);
    const out = new Uint8Array(y4mFrameBytes(2, 2));
    // Source: the colour bars of ITU-R BT.709 at 8 bits.
    const known: [number[], number[]][] = [
      [
        [0, 0, 0],
        [16, 128, 128],
      ],
      [
        [255, 255, 255],
        [235, 128, 128],
      ],
      [
        [255, 0, 0],
        [63, 102, 240],
      ],
      [
        [0, 255, 0],
        [173, 42, 26],
      ],
      [
        [0, 0, 255],
        [32, 240, 118],
      ],
    ];
    for (const [rgb, yuv] of known) {
      y4mFrame(Uint8Array.from([...rgb, ...rgb, ...rgb, ...rgb]), 2, 2, out);
      expect([out[6], out[10], out[11]]).toEqual(yuv);
    }
  });
});
