// Videos with their sound: the picture is the same to the bit and at the same moments, a click is where it should be.
import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeAv } from '../../../src/media-decoder.js';
import { type DecoderChoice, readSound, readVideo } from '../../../src/node.js';
import { muxMp4 } from '../../../src/sonify/mux.js';
import { writeWav } from '../../../src/sound/wav-file.js';
import { clipFolder, ffmpeg, moving, probe, runFfmpeg } from '../../support/clips.js';

const { at, remove } = clipFolder();
afterAll(remove);
const sampleRate = 48_000;
const clicks = [0.25, 1, 1.75];

const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-bf', '2', '-g', '25'];
const sine = ['-f', 'lavfi', '-i', 'sine=d=3'];
const clips: Readonly<Record<string, () => void>> = {
  'frames.mp4': () => runFfmpeg(...moving(2), ...x264, at('frames.mp4')),
  'reordered.mkv': () => runFfmpeg(...moving(2), ...x264, at('reordered.mkv')),
  'deep.mov': () =>
    runFfmpeg(...moving(2), '-c:v', 'libx265', '-x265-params', 'log-level=none', '-pix_fmt', 'yuv420p10le', at('deep.mov')),
  'open.webm': () => runFfmpeg(...moving(2), '-c:v', 'libvpx-vp9', '-deadline', 'realtime', at('open.webm')),
  'motion.avi': () => runFfmpeg(...moving(2), '-c:v', 'mjpeg', at('motion.avi')),
  'broadcast.ts': () => runFfmpeg(...moving(2), ...x264, at('broadcast.ts')),
  // Half a second of sound before the picture begins.
  'late.mp4': () => runFfmpeg(...sine, '-itsoffset', '0.5', ...moving(2), ...x264, '-c:a', 'aac', at('late.mp4')),
  'turned.mov': () => {
    runFfmpeg(...moving(2), ...x264, at('upright.mov'));
    // As ffmpeg's option was called before version 6, and since.
    const [before, after] = runFfmpeg('-h', 'full').includes('-display_rotation')
      ? [['-display_rotation', '90'], []]
      : [[], ['-metadata:s:v', 'rotate=90']];
    runFfmpeg(...before, '-i', at('upright.mov'), '-c', 'copy', ...after, at('turned.mov'));
  },
  // The first frames are decoded and not shown.
  'cut.mp4': () => {
    runFfmpeg(...moving(4), ...x264, '-g', '100', at('whole.mp4'));
    runFfmpeg('-ss', '1.3', '-i', at('whole.mp4'), '-t', '2', '-c', 'copy', at('cut.mp4'));
  },
  'variable.mp4': () =>
    runFfmpeg(...moving(2), '-vf', "select='mod(n,5)'", '-fps_mode', 'vfr', ...x264, at('variable.mp4')),
}; // prettier-ignore

beforeAll(async () => {
  const samples = new Float32Array(2 * sampleRate);
  for (const time of clicks) samples.fill(0.9, time * sampleRate, time * sampleRate + 8);
  await writeWav(at('clicks.wav'), { sampleRate, channels: [samples] });
  await writeWav(at('high.wav'), { sampleRate: 192_000, channels: [new Float32Array(192_000)] });
});

/** Coded bytes of every packet, in order. MPEG-TS frames its packets otherwise than MP4 does, so there decoded frames are compared. */
const content = (path: string, decoded: boolean): string[] =>
  decoded
    ? runFfmpeg('-i', path, '-map', '0:v', '-f', 'framemd5', '-').toString().match(/[0-9a-f]{32}/g)!
    : probe('-select_streams', 'v', '-show_packets', '-show_data_hash', 'md5', '-show_entries', 'packet=data_hash', '-of', 'csv=p=0', path); // prettier-ignore

async function times(path: string): Promise<number[]> {
  const list: number[] = [];
  for await (const { time } of (await readVideo(path)).frames()) list.push(time);
  return list;
}

const ways: readonly DecoderChoice[] = [
  ...((await nodeAv()) ? (['node-av'] as const) : []),
  ...(ffmpeg ? (['ffmpeg'] as const) : []),
];

describe.skipIf(!ffmpeg).each(ways)('muxMp4 through %s', (decoder) => {
  it.each(Object.keys(clips))('%s', async (name) => {
    clips[name]();
    const before = await times(at(name));
    const output = at(`${name}.${decoder}.mp4`);
    await muxMp4(at(name), at('clicks.wav'), output, { first: before[0], decoder, name: output });
    expect(content(output, name === 'broadcast.ts')).toEqual(content(at(name), name === 'broadcast.ts'));
    const after = await times(output);
    expect(after.length).toBe(before.length);
    // Sound and picture begin together. Containers count in ticks of a millisecond or less.
    expect(after[0]).toBe(0);
    after.forEach((time, i) => {
      expect(Math.abs(time - (before[i] - before[0]))).toBeLessThan(0.0011);
    });
    const { rotation, width } = await readVideo(output);
    expect({ rotation, width }).toEqual((({ rotation, width }) => ({ rotation, width }))(await readVideo(at(name))));
    const [samples] = (await readSound(output)).channels;
    for (const time of clicks) {
      const around = samples.subarray((time - 0.1) * sampleRate, (time + 0.1) * sampleRate);
      const peak = around.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      const first = around.findIndex((x) => Math.abs(x) > peak / 2) - 0.1 * sampleRate;
      // Measured: within 1 sample; asked: 1 ms.
      expect(Math.abs(first)).toBeLessThan(5);
    }
    expect(probe('-select_streams', 'a', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', output)).toEqual(['aac']);
  }); // prettier-ignore

  it('takes sound at rates that AAC has not, and says why it cannot write', async () => {
    clips['frames.mp4']();
    const options = { first: 0, decoder };
    await muxMp4(at('frames.mp4'), at('high.wav'), at('high.mp4'), { ...options, name: 'high.mp4' });
    expect(statSync(at('high.mp4')).size).toBeGreaterThan(1000);
    await expect(
      muxMp4(at('frames.mp4'), at('clicks.wav'), at('no/such.mp4'), { ...options, name: 'such.mp4' }),
    ).rejects.toThrow(/^such\.mp4 could not be written: .+\.$/);
  });
});
