// Compressed sound in Node: what encoders write, through node-av and through the ffmpeg command.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeWav, openSound, readSound } from '../../src/node.js';
import { findFfmpeg, nodeAv } from '../../src/media-decoder.js';

const at = (name: string): string => resolve(import.meta.dirname, '../golden/sound-files', name);
const decoders = [
  ['node-av', (await nodeAv()) !== undefined],
  ['ffmpeg', (await findFfmpeg()) !== undefined],
] as const;

// In every file a burst of 1 kHz begins at exactly 0.5 s, the right channel half as loud; 0.9 s in all.
const rate = 44100;

/** Where the burst begins, s: half its height first reached. */
function onset({ sampleRate, channels }: { sampleRate: number; channels: readonly Float32Array[] }): number {
  return channels[0].findIndex((x) => Math.abs(x) > 0.25) / sampleRate;
}

describe.each(decoders)('through %s', (decoder, present) => {
  const test = it.skipIf(!present);

  // Half height is reached within 1/12 of a period; encoders blur that by their own transients, priming would be 21 ms and more.
  test.each(['aac.m4a', 'aac.mov', 'mp3.mp3', 'flac.flac', 'vorbis.ogg', 'opus.webm', 'adpcm.wav'])(
    '%s keeps its rate, its channels and its time',
    async (name) => {
      const sound = await readSound(at(name), { decoder });
      // Opus knows one rate only.
      expect(sound.sampleRate).toBe(name === 'opus.webm' ? 48000 : rate);
      expect(sound.channels.length).toBe(2);
      expect(Math.abs(onset(sound) - 0.5)).toBeLessThan(0.001);
      const peak = (x: Float32Array): number => x.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      expect(peak(sound.channels[0])).toBeGreaterThan(0.4);
      expect(peak(sound.channels[1]) / peak(sound.channels[0])).toBeCloseTo(0.5, 1);
      // Whole, give or take the encoder's last packet.
      expect(sound.channels[0].length / sound.sampleRate).toBeGreaterThan(0.89);
      expect(sound.channels[0].length / sound.sampleRate).toBeLessThan(0.96);
    },
  );

  test('lossless is exact', async () => {
    const { channels } = await readSound(at('flac.flac'), { decoder });
    // 16 bits: the wave, rounded.
    let worst = 0;
    for (let i = 0; i < 0.9 * rate; i++) {
      const wave = i >= 22050 && i < 26460 ? 16384 * Math.sin(((2 * Math.PI * 1000) / rate) * (i - 22050)) : 0;
      worst = Math.max(worst, Math.abs(channels[0][i] * 32768 - wave));
    }
    expect(worst).toBeLessThan(0.5 + 1e-9);
  });

  test('a sound track that starts after the picture begins with silence', async () => {
    expect(Math.abs(onset(await readSound(at('late.mp4'), { decoder })) - 0.75)).toBeLessThan(0.001);
  });

  test('reads a Blob and bytes', async () => {
    const bytes = new Uint8Array(readFileSync(at('aac.m4a')));
    const direct = await readSound(at('aac.m4a'), { decoder });
    expect(await readSound(bytes, { decoder })).toEqual(direct);
    expect(await readSound(new File([bytes], 'a.m4a'), { decoder })).toEqual(direct);
  });

  test('says that there is no sound, that it ends early, that it is damaged', async () => {
    await expect(readSound(at('mute.mp4'), { decoder })).rejects.toThrow(/mute\.mp4 has no sound track\./);
    await expect(readSound(at('cut.mp4'), { decoder })).rejects.toThrow(/cut\.mp4 ends early: 0\.\d\d of 0\.9\d s/);
    await expect(readSound(at('cut.flac'), { decoder })).rejects.toThrow(/cut\.flac ends early: 0\.\d\d of 0\.90 s/);
    const junk = new Blob([new Uint8Array(3000).fill(65)]);
    await expect(readSound(junk, { decoder })).rejects.toThrow(/^The sound is not a sound or video file/);
  });

  test('can be left in the middle, and read again', async () => {
    const stream = await openSound(at('aac.m4a'), { decoder });
    for (let pass = 0; pass < 2; pass++) {
      let frames = 0;
      for await (const block of stream.blocks()) {
        frames += block[0].length;
        if (pass === 0) break;
      }
      expect(frames).toBeGreaterThan(0);
    }
  });
});

describe('choosing a decoder', () => {
  it('refuses one that does not exist', async () => {
    const wav = encodeWav({ sampleRate: 8000, channels: [new Float32Array(8)] });
    await expect(readSound(wav, { decoder: 'magic' as 'auto' })).rejects.toThrow(/expected auto, node-av or ffmpeg/);
  });

  it('says what to install when there is none', async () => {
    const { PATH, FFMPEG_PATH } = process.env;
    try {
      process.env.PATH = join(at('.'), 'no-such-folder');
      delete process.env.FFMPEG_PATH;
      await expect(readSound(at('mp3.mp3'), { decoder: 'ffmpeg' })).rejects.toMatchObject({
        tag: 'UnsupportedError',
        message: expect.stringMatching(/mp3\.mp3 needs a decoder: install ffmpeg/) as string,
      });
    } finally {
      process.env.PATH = PATH;
      if (FFMPEG_PATH !== undefined) process.env.FFMPEG_PATH = FFMPEG_PATH;
    }
  });
});
