// Sound files: WAV in every layout against what scipy and ffmpeg read, writing, streams, and every way a file can be bad.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ALL_FORMATS, AudioSampleSink, BufferSource, Input } from 'mediabunny';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeWav, openSound, readSound, writeWav, type Sound, type SoundStream } from '../../src/node.js';
import { forwardBytes } from '../../src/sound/bytes.js';
import { readBlocks, readWavHeader } from '../../src/sound/wav.js';

const golden = resolve(import.meta.dirname, '../golden/sound-files');
const expected = JSON.parse(readFileSync(join(golden, 'wav.json'), 'utf8')) as Record<
  string,
  { sampleRate: number; channels: number[][] }
>;
const home = mkdtempSync(join(tmpdir(), 'deep-marimba-sound-'));
const at = (name: string): string => join(home, name);

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

/** A chirp that never repeats, different in every channel. */
function chirp(frames: number, channels: number, sampleRate = 48000): Sound {
  return {
    sampleRate,
    channels: Array.from({ length: channels }, (_, c) =>
      Float32Array.from({ length: frames }, (_, i) => 0.9 * Math.sin((c + 1) * 1e-7 * i * i + i / 50)),
    ),
  };
}

describe('reading WAV', () => {
  it.each(Object.keys(expected))('%s is what scipy or ffmpeg reads', async (name) => {
    const { sampleRate, channels } = await readSound(join(golden, `${name}.wav`));
    expect(sampleRate).toBe(expected[name].sampleRate);
    expect(channels.map((channel) => Array.from(channel))).toEqual(expected[name].channels);
  });

  it('reads a path, a file URL, a Blob and bytes alike', async () => {
    const path = join(golden, 's24-stereo-48000.wav');
    const bytes = readFileSync(path);
    const first = await readSound(path);
    for (const source of [pathToFileURL(path), new Blob([bytes]), new Uint8Array(bytes)]) {
      expect(await readSound(source)).toEqual(first);
    }
  });

  it('reads what mediabunny reads', async () => {
    for (const bits of [16, 24, 32] as const) {
      const bytes = encodeWav(chirp(5000, 3, 44100), { bits });
      const input = new Input({ source: new BufferSource(bytes), formats: ALL_FORMATS });
      const track = (await input.getPrimaryAudioTrack())!;
      const theirs: number[] = [];
      for await (const sample of new AudioSampleSink(track).samples()) {
        const plane = new Float32Array(sample.numberOfFrames);
        sample.copyTo(plane, { planeIndex: 2, format: 'f32-planar' });
        theirs.push(...plane);
        sample.close();
      }
      expect(Array.from((await readSound(bytes)).channels[2])).toEqual(theirs);
    }
  });

  it('streams from the start every time, and lets go early', async () => {
    await writeWav(at('long.wav'), chirp(300_000, 2), { bits: 32 });
    const stream = await openSound(at('long.wav'));
    expect(stream).toMatchObject({ sampleRate: 48000, channelCount: 2, duration: 6.25 });
    const heads: number[] = [];
    for (let pass = 0; pass < 2; pass++) {
      for await (const block of stream.blocks()) {
        heads.push(block[1][1]);
        break;
      }
    }
    expect(heads[0]).toBe(heads[1]);
    let frames = 0;
    for await (const block of stream.blocks()) frames += block[0].length;
    expect(frames).toBe(300_000);
  });

  it('reads from a pipe', async () => {
    const bytes = readFileSync(join(golden, 's16-piped-44100.wav'));
    // Chunks that split the header and the samples anywhere.
    const pipe = forwardBytes(
      (async function* () {
        for (let i = 0; i < bytes.length; i += 7) yield await Promise.resolve(new Uint8Array(bytes.subarray(i, i + 7)));
      })(),
    );
    const header = await readWavHeader(pipe, 'pipe');
    const left: number[] = [];
    for await (const block of readBlocks(pipe, 'pipe', header)) left.push(...block[0]);
    expect(left).toEqual(expected['s16-piped-44100'].channels[0]);
  });
});

describe('writing WAV', () => {
  it.each([
    // Half a step of the integer formats; float is exact.
    [16, 0.5 / 32768],
    [24, 0.5 / 8388608],
    [32, 0],
  ] as const)('%d bits come back within %d', async (bits, tolerance) => {
    for (const channels of [1, 2, 5]) {
      const sound = chirp(20_001, channels, 44100);
      await writeWav(at('out.wav'), sound, { bits });
      const back = await readSound(at('out.wav'));
      expect(back.sampleRate).toBe(44100);
      let worst = 0;
      for (const [c, channel] of back.channels.entries()) {
        expect(channel.length).toBe(20_001);
        for (let i = 0; i < channel.length; i++) worst = Math.max(worst, Math.abs(channel[i] - sound.channels[c][i]));
      }
      expect(worst).toBeLessThanOrEqual(tolerance * 1.001);
      expect(readFileSync(at('out.wav')).equals(encodeWav(sound, { bits }))).toBe(true);
    }
  });

  it('saturates, and says 24 bits when nothing is said', async () => {
    const sound = { sampleRate: 8000, channels: [Float32Array.of(2, -2, 1, -1)] };
    const { channels } = await readSound(encodeWav(sound));
    const top = 1 - 1 / 8388608;
    expect(Array.from(channels[0])).toEqual([top, -1, top, -1].map(Math.fround));
  });

  it('writes a stream as it arrives', async () => {
    await writeWav(at('source.wav'), chirp(200_000, 2), { bits: 16 });
    await writeWav(at('copy.wav'), await openSound(at('source.wav')), { bits: 16 });
    expect(readFileSync(at('copy.wav')).equals(readFileSync(at('source.wav')))).toBe(true);
  });

  it('leaves what was there when it fails', async () => {
    writeFileSync(at('kept.wav'), 'precious');
    const failing: SoundStream = {
      sampleRate: 48000,
      channelCount: 1,
      async *blocks() {
        yield await Promise.resolve([new Float32Array(100)]);
        throw new Error('the source broke');
      },
    };
    await expect(writeWav(at('kept.wav'), failing)).rejects.toThrow('the source broke');
    expect(readFileSync(at('kept.wav'), 'utf8')).toBe('precious');
    const odd = { sampleRate: 48000, channels: [Float32Array.of(0, NaN)] };
    await expect(writeWav(at('kept.wav'), odd)).rejects.toThrow(/Sample 1 is not a finite number/);
    expect(readFileSync(at('kept.wav'), 'utf8')).toBe('precious');
    expect(readdirSync(home).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it.each([
    [{ sampleRate: 48000, channels: [] }, {}, /1 to 1024 channels, got 0/],
    [{ sampleRate: 0, channels: [new Float32Array(4)] }, {}, /whole number of Hz/],
    [{ sampleRate: 8000, channels: [new Float32Array(4), new Float32Array(5)] }, {}, /equal length, got 4 and 5/],
    [{ sampleRate: 8000, channels: [new Float32Array(4)] }, { bits: 8 as 16 }, /expected 16, 24 or 32/],
  ])('refuses %o', async (sound, options, message) => {
    expect(() => encodeWav(sound, options)).toThrow(message);
    await expect(writeWav(at('never.wav'), sound, options)).rejects.toThrow(message);
  });

  it('names a folder that is not there', async () => {
    await expect(writeWav(at('nowhere/x.wav'), chirp(10, 1))).rejects.toThrow(/folder of .* does not exist/);
  });
});

describe('bad sound files', () => {
  const good = encodeWav(chirp(48_000, 2), { bits: 16 });
  const cases: Record<string, [content: Uint8Array | string, message: RegExp]> = {
    'empty.wav': ['', /empty\.wav is empty \(0 bytes\)\.$/],
    'cut.wav': [good.subarray(0, good.length / 2), /cut\.wav ends early: 0\.50 of 1\.00 s are there; .*\.$/],
    'header-only.wav': [good.subarray(0, 30), /header-only\.wav has no samples: it ends in its header; .*\.$/],
    'no-samples.wav': [encodeWav({ sampleRate: 8000, channels: [new Float32Array(0)] }), /holds no samples\.$/],
    'text.wav': ['This is not a sound.'.repeat(20), /text\.wav is not a sound or video file that can be read.*\.$/],
    'garbage.mp3': [
      Uint8Array.from({ length: 5000 }, (_, i) => (i * i * 31 + (i >> 3)) & 255),
      /garbage\.mp3 is not a sound/,
    ],
  };

  beforeAll(() => {
    for (const [name, [content]] of Object.entries(cases)) writeFileSync(at(name), content);
    mkdirSync(at('folder.wav'));
    const odd = chirp(1000, 2).channels;
    odd[1][700] = NaN;
    const bytes = encodeWav(chirp(1000, 2), { bits: 32 });
    new DataView(bytes.buffer).setFloat32(bytes.length - 8 * 300 + 4, NaN, true);
    writeFileSync(at('nan.wav'), bytes);
  });

  it.each(Object.entries(cases).map(([name, [, message]]) => [name, message] as const))('%s', async (name, message) => {
    const error: unknown = await readSound(at(name)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ tag: 'SoundError' });
    expect((error as Error).message).toMatch(message);
    // One sentence.
    expect((error as Error).message).not.toMatch(/\n/);
  });

  it('a missing file, a folder, and samples that are not numbers', async () => {
    await expect(readSound(at('missing.wav'))).rejects.toThrow(/There is no file .*missing\.wav\./);
    await expect(readSound(at('folder.wav'))).rejects.toThrow(/folder\.wav is a folder, not a file\./);
    await expect(readSound(at('nan.wav'))).rejects.toThrow(/holds a sample that is not a number, at 0\.015 s/);
  });

  it('a file that shrinks while it is read', async () => {
    await writeWav(at('shrinking.wav'), chirp(400_000, 2));
    const stream = await openSound(at('shrinking.wav'));
    truncateSync(at('shrinking.wav'), 1_000_000);
    await expect(async () => {
      for await (const block of stream.blocks()) expect(block.length).toBe(2);
    }).rejects.toThrow(/ended while it was read/);
  });

  it('reads by content, whatever the name', async () => {
    writeFileSync(at('really-wav.mp3'), good);
    expect((await readSound(at('really-wav.mp3'))).channels[0].length).toBe(48_000);
  });
});
