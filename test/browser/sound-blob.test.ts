// Sound files in a real browser: WAV by our own reader, the rest through WebCodecs.
import { describe, expect, it } from 'vitest';
import { encodeWav, openSound, readSound } from '../../src/browser.js';

async function golden(name: string): Promise<File> {
  const response = await fetch(new URL(`../golden/sound-files/${name}`, import.meta.url));
  expect(response.ok).toBe(true);
  return new File([await response.arrayBuffer()], name);
}

describe('sound in the browser', () => {
  it('reads WAV as Node does', async () => {
    const expected = (await (await golden('wav.json')).text().then(JSON.parse)) as Record<
      string,
      { channels: number[][] }
    >;
    for (const name of ['s24-extensible-6-96000', 'f64-mono-22050', 's16-rf64-44100']) {
      const file = await golden(`${name}.wav`);
      const bytes = new Uint8Array(await file.arrayBuffer());
      for (const source of [file, bytes]) {
        const { channels } = await readSound(source);
        expect(channels.map((channel) => Array.from(channel))).toEqual(expected[name].channels);
      }
    }
  });

  // The burst begins at 0.5 s; the late track starts 0.25 s after its picture.
  it.each([
    ['aac.m4a', 0.5],
    ['aac.mov', 0.5],
    ['mp3.mp3', 0.5],
    ['flac.flac', 0.5],
    ['vorbis.ogg', 0.5],
    ['opus.webm', 0.5],
    ['late.mp4', 0.75],
  ] as const)('%s keeps its time', async (name, begins) => {
    const { sampleRate, channels } = await readSound(await golden(name));
    expect(channels.length).toBe(2);
    const onset = channels[0].findIndex((x) => Math.abs(x) > 0.25) / sampleRate;
    expect(Math.abs(onset - begins)).toBeLessThan(0.001);
  });

  it('streams again from the start', async () => {
    const stream = await openSound(await golden('aac.m4a'));
    const lengths: number[] = [];
    for (let pass = 0; pass < 2; pass++) {
      let frames = 0;
      for await (const block of stream.blocks()) frames += block[0].length;
      lengths.push(frames);
    }
    expect(lengths[0]).toBe(lengths[1]);
  });

  it('says what is wrong', async () => {
    const wav = encodeWav({ sampleRate: 8000, channels: [new Float32Array(800)] });
    await expect(readSound(new File([], 'a.wav'))).rejects.toThrow(/^a\.wav is empty/);
    await expect(readSound(wav.slice(0, 900))).rejects.toThrow(/^The sound ends early: 0\.0\d of 0\.10 s/);
    await expect(readSound(await golden('mute.mp4'))).rejects.toThrow(/mute\.mp4 has no sound track/);
    await expect(readSound(await golden('cut.mp4'))).rejects.toThrow(/cut\.mp4 ends early/);
    await expect(readSound(new Blob(['nonsense'.repeat(100)]))).rejects.toThrow(
      /^The sound is not a sound or video file/,
    );
  });
});
