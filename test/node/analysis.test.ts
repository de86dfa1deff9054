// analyzeNotes in Node: what the 2017 code itself computed, and a long stream in bounded memory.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { analyzeNotes } from '../../src/sound/analysis.js';
import type { SoundStream } from '../../src/types.js';
import { errorOfMaximum } from '../support/dft.js';
import { noise } from '../support/white-noise.js';

const folder = new URL('../golden/features-2017/', import.meta.url);

it('seed is what the 2017 code computes', async () => {
  // 44 bytes of header, then 16-bit stereo.
  const wav = gunzipSync(readFileSync(new URL('sound-44100.wav.gz', folder)));
  const pcm = new Int16Array(new Uint8Array(wav.subarray(44)).buffer);
  const channels = [0, 1].map((c) => Float32Array.from({ length: pcm.length / 2 }, (_, n) => pcm[2 * n + c] / 32768));
  // 128 bytes of header, then float64.
  const npy = readFileSync(new URL('features-44100.npy', folder));
  const truth = new Float64Array(new Uint8Array(npy.subarray(128)).buffer);
  const { data, frames } = await analyzeNotes({ sampleRate: 44100, channels }, { fps: 25, frames: 534, mode: 'seed' });
  expect(frames).toBe(532);
  // Asked: 1e-5.
  expect(errorOfMaximum(data, truth)).toBeLessThan(4e-7); // 9.8e-8
  const whole = await analyzeNotes({ sampleRate: 44100, channels }, { fps: 25, mode: 'seed' });
  expect(whole.data).toEqual(data);
});

it('ten minutes of sound pass in little memory', async () => {
  const sampleRate = 48000;
  const block = [noise(1, 1 << 16), noise(2, 1 << 16)];
  let most = 0;
  const stream: SoundStream = {
    sampleRate,
    channelCount: 2,
    // eslint-disable-next-line @typescript-eslint/require-await -- the same block over and over
    async *blocks() {
      for (let passed = 0; passed < 600 * sampleRate; passed += block[0].length) {
        yield block;
        most = Math.max(most, process.memoryUsage().arrayBuffers);
      }
    },
  };
  const before = process.memoryUsage().arrayBuffers;
  const { frames } = await analyzeNotes(stream, { fps: 25 });
  expect(frames).toBeGreaterThan(14_990);
  // The sound itself would be 230 MB, its rows are 1.1 MB.
  expect(most - before).toBeLessThan(10e6); // 2.4e6
});
