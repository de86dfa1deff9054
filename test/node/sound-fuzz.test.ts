// 5,000 damaged files of every format we parse ourselves: each is read, or refused with a sentence; nothing hangs or swells.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { amplitudesOf } from '../../src/sound/features.js';
import { memoryBytes } from '../../src/sound/bytes.js';
import { readMat5 } from '../../src/sound/mat.js';
import { decodeMidi } from '../../src/sound/midi.js';
import { parseNpy } from '../../src/sound/npy.js';
import { collectSound } from '../../src/sound/open-sound.js';
import { readWavHeader, wavStream } from '../../src/sound/wav.js';

const golden = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(resolve(import.meta.dirname, '../golden/sound-files', name)));

/** xorshift32: the same damage in every run. */
function randomness(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

// Lengths and counts that break careless readers.
const nasty = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

function damaged(bytes: Uint8Array, random: () => number): Uint8Array {
  let out = bytes.slice();
  const pick = (count: number): number => Math.floor(random() * count);
  // Mostly in the header, where the lengths are.
  const place = (): number => pick(random() < 0.6 ? Math.min(out.length, 160) : out.length);
  for (let wounds = 1 + pick(4); wounds > 0 && out.length > 8; wounds--) {
    const kind = pick(6);
    if (kind === 0) out = out.slice(0, pick(out.length));
    else if (kind === 1) out[place()] ^= 1 << pick(8);
    else if (kind === 2) out[place()] = pick(256);
    else if (kind === 3) {
      const at = Math.min(place(), out.length - 4);
      new DataView(out.buffer).setUint32(at, nasty[pick(nasty.length)], random() < 0.5);
    } else if (kind === 4) {
      const at = place();
      out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(pick(out.length))]);
    } else {
      const at = place();
      out.fill(nasty[pick(5)], at, at + pick(16));
    }
  }
  return out;
}

const kinds: Record<string, { files: string[]; read: (bytes: Uint8Array, name: string) => unknown }> = {
  wav: {
    files: [
      's16-stereo-44100',
      's24-extensible-6-96000',
      'f32-stereo-48000',
      's16-rf64-44100',
      's16-bext-44100',
      's16-piped-44100',
    ].map((name) => `${name}.wav`),
    async read(bytes, name) {
      const source = memoryBytes(bytes, name);
      const header = await readWavHeader(await source.open(), name);
      if (header.format !== undefined) await collectSound(wavStream(source, header), name);
    },
  },
  mat: {
    files: ['v5.mat', 'v5-compressed.mat', 'v5-single.mat', 'v5-whole.mat', 'v5-none.mat'],
    async read(bytes, name) {
      const { rows, columns, data } = await readMat5(bytes, 'audio_vectors', name);
      amplitudesOf([columns, rows], data, {}, name);
    },
  },
  midi: { files: ['type0.mid', 'type1.mid', 'smpte.mid'], read: (bytes, name) => decodeMidi(bytes, name) },
  npy: {
    files: ['f8.npy', 'f4-fortran.npy', 'f8-big-endian.npy', 'i2.npy'],
    read(bytes, name) {
      const { shape, data } = parseNpy(bytes, name);
      amplitudesOf(shape, data, {}, name);
    },
  },
};

it.each(Object.keys(kinds))('%s: 5,000 damaged files', async (kind) => {
  const { files, read } = kinds[kind];
  const sources = files.map(golden);
  const random = randomness(0x2017 + kind.length);
  const before = process.memoryUsage().rss;
  let [refused, slowest, swollen] = [0, 0, 0];
  for (let i = 0; i < 5000; i++) {
    const bytes = damaged(sources[i % sources.length], random);
    const started = performance.now();
    try {
      await read(bytes, `file ${i}`);
    } catch (error) {
      refused++;
      // Not a TypeError from deep inside: our own error, one sentence that names the file.
      if (!(error instanceof Error && 'tag' in error)) throw new Error(`damage ${i}`, { cause: error });
      expect(error.message).toMatch(new RegExp(`^file ${i} [^\n]*\\.$`));
    }
    slowest = Math.max(slowest, performance.now() - started);
    if (i % 50 === 0) swollen = Math.max(swollen, process.memoryUsage().rss - before);
  }
  console.log(
    `${kind}: ${refused} refused, slowest ${slowest.toFixed(0)} ms, ${(swollen / 1e6).toFixed(0)} MB more at most`,
  );
  expect(refused).toBeGreaterThan(1000);
  expect(slowest).toBeLessThan(2000);
  expect(swollen).toBeLessThan(300e6);
});
