// Clips through real encoders: the same every time, no frame lost, worse the harder they are squeezed.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compileKernels } from '../../../src/kernels/module.js';
import { scene } from '../../../src/scene/scene.js';
import { type Compression, compressedScene, drawCompression, openCodecs } from '../../../src/training/compression.js';
import { Random } from '../../../src/training/random.js';
import { clipSequences } from '../../../src/training/scene-sequences.js';
import { trainConfig } from '../../../src/training/train-config.js';

const codecs = await openCodecs();
// Odd sides, and no whole macroblocks.
const [width, height, fps] = [97, 55, 25];
const made = scene(3, 'train', { width, height, seconds: 1.2, fps });
const original = Array.from(made.frames(), ({ pixels }) => pixels.slice());

function pass(compression: Compression): { times: number[]; frames: Uint8Array[] } {
  const times: number[] = [];
  const frames: Uint8Array[] = [];
  for (const { index, time, pixels } of codecs.through(compression, { width, height, fps }, made.frames())) {
    expect(index).toBe(frames.length);
    times.push(time);
    frames.push(pixels.slice());
  }
  return { times, frames };
}

const error = (frames: readonly Uint8Array[]): number => {
  let sum = 0;
  frames.forEach((pixels, k) => {
    pixels.forEach((value, i) => (sum += (value - original[k][i]) ** 2));
  });
  return Math.sqrt(sum / frames.length / original[0].length);
};

/** The first frame that is not the other's, or -1. */
const firstOther = (found: readonly Uint8Array[], expected: readonly Uint8Array[]): number =>
  found.findIndex((pixels, k) => Buffer.compare(pixels, expected[k]) !== 0);

const light: Compression[] = [
  { encoder: 'libx264', options: { preset: 'veryfast', crf: '18', g: '12', bf: '0' } },
  { encoder: 'libvpx-vp9', options: { b: '200000', g: '12', deadline: 'realtime', 'cpu-used': '8' } },
  { encoder: 'mjpeg', options: { qmin: '2', qmax: '2' } },
];
const hard: Compression[] = [
  { encoder: 'libx264', options: { ...light[0].options, crf: '38' } },
  { encoder: 'libvpx-vp9', options: { ...light[1].options, b: '6000' } },
  { encoder: 'mjpeg', options: { qmin: '14', qmax: '14' } },
];

describe.each([0, 1, 2])('a clip through encoder %i', (which) => {
  it('keeps its frames and times, changes a little or a lot, and always the same', () => {
    const { times, frames } = pass(light[which]);
    expect(times).toEqual(made.truth.times);
    const [little, much] = [error(frames), error(pass(hard[which]).frames)];
    // Measured: 1.3, 1.2, 1.8 grey levels lightly squeezed, 8.6, 7.8, 5.8 hard.
    expect(little).toBeGreaterThan(0.2);
    expect(little).toBeLessThan(4);
    expect(much).toBeGreaterThan(1.5 * little);
    expect(much).toBeLessThan(25);
    for (let again = 0; again < 8; again++) {
      pass(light[2 - which]).frames.forEach((pixels) => pixels.fill(again));
      expect(firstOther(pass(light[which]).frames, frames)).toBe(-1);
    }
  });
});

describe('compressedScene', () => {
  it('compresses its share of the clips, and leaves the others alone', () => {
    const share = { seed: 5, compressed: 0.25 };
    let changed = 0;
    for (let clip = 0; clip < 200; clip++) if (compressedScene(made, share, clip, codecs) !== made) changed++;
    expect(changed / 200).toBeGreaterThan(0.17);
    expect(changed / 200).toBeLessThan(0.33);
    expect(compressedScene(made, { seed: 5 }, 0, undefined)).toBe(made);
    expect(() => compressedScene(made, share, 0, undefined)).toThrow(/openCodecs/);
  });

  it('draws options that the encoders take', () => {
    const random = new Random(1, 'drawn');
    const seen = new Set<string>();
    for (let i = 0; i < 24; i++) {
      const compression = drawCompression(random, { width, height, fps });
      seen.add(compression.encoder);
      const { frames } = pass(compression);
      expect(frames.length).toBe(original.length);
      expect(error(frames)).toBeLessThan(25);
    }
    expect([...seen].sort()).toEqual(['libvpx-vp9', 'libx264', 'mjpeg']);
  });

  it('refuses what this FFmpeg does not have', () => {
    const nowhere = { encoder: 'nothing' as 'mjpeg', options: {} };
    expect(() => pass(nowhere)).toThrow(/nothing of this FFmpeg is missing/);
    expect(() => pass({ encoder: 'mjpeg', options: { nonsense: '1' } })).toThrow(/lacks nonsense/);
  });
});

describe('training', () => {
  const config = trainConfig({
    frames: 10,
    burnIn: 3,
    bars: 3,
    seconds: 1,
    widths: [96],
    calibrations: 1,
    sequences: 2,
  });
  const kernels = compileKernels();
  afterEach(() => {
    vi.doUnmock('node-av/lib');
    vi.resetModules();
  });

  it('sees other pictures of the same clips, with the same targets', () => {
    const plain = clipSequences(kernels, config, 0);
    expect(clipSequences(kernels, { ...config, compressed: 0 }, 0, codecs)).toEqual(plain);
    const { image, ...targets } = clipSequences(kernels, { ...config, compressed: 1 }, 0, codecs);
    const { image: before, ...expected } = plain;
    expect(image).not.toEqual(before);
    expect(Object.keys(targets)).toEqual(Object.keys(expected));
    expect(() => trainConfig({ compressed: 1.5 })).toThrow(/share of 0..1/);
  });

  it('says what to install where there is no encoder', async () => {
    vi.doMock('node-av/lib', () => {
      throw new Error('not here');
    });
    vi.resetModules();
    const { openCodecs: find } = await import('../../../src/training/compression.js');
    await expect(find()).rejects.toThrow(/npm install node-av, or train with "compressed": 0/);
  });
});
