// Video files of real encoders through both decoders, against planes and time stamps that ffmpeg and ffprobe give on their own.
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FrameStack, loadKernels, readVideo } from '../../../src/node.js';
import { nodeAv } from '../../../src/media-decoder.js';
import { clipFolder, ffmpeg, moving, probe, runFfmpeg } from '../../support/clips.js';

const { at, remove } = clipFolder();
afterAll(remove);

const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-pix_fmt', 'yuv420p'];
const h265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none'];
const every2nd = "select='not(mod(n,7))+not(mod(n,3))',setpts=PTS+0.05/TB";

// Name, the encoder's arguments, the codec that must come out, frames, planes as ffmpeg calls them.
const clips: [name: string, args: string[], codec: string, frames: number, pixels: string][] = [
  ['h264.mp4', [...moving(), ...h264], 'h264', 25, 'yuv420p'],
  ['odd.mov', [...moving(1, '95x63', '30000/1001'), ...h264, '-pix_fmt', 'yuv444p'], 'h264', 30, 'yuv444p'],
  ['hevc.mp4', [...moving(), ...h265, '-pix_fmt', 'yuv420p'], 'hevc', 25, 'yuv420p'],
  ['hevc10.mkv', [...moving(), ...h265, '-pix_fmt', 'yuv420p10le'], 'hevc', 25, 'yuv420p10le'],
  ['vp8.webm', [...moving(), '-c:v', 'libvpx', '-deadline', 'realtime'], 'vp8', 25, 'yuv420p'],
  ['vp9.webm', [...moving(), '-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8'], 'vp9', 25, 'yuv420p'],
  ['av1.mkv', [...moving(), '-c:v', 'libaom-av1', '-cpu-used', '8', '-usage', 'realtime'], 'av1', 25, 'yuv420p'],
  ['mjpeg.avi', [...moving(), '-c:v', 'mjpeg'], 'mjpeg', 25, 'yuvj420p'],
  ['raw.y4m', [...moving(), '-pix_fmt', 'yuv420p'], 'rawvideo', 25, 'yuv420p'],
  ['variable.mp4', [...moving(2), '-vf', every2nd, '-fps_mode', 'passthrough', ...h264], 'h264', 22, 'yuv420p'],
  [
    'late.mp4',
    [
      ...[...moving(), '-f', 'lavfi', '-i', 'sine=d=2', '-filter_complex', '[0:v]setpts=PTS+0.5/TB[v]', '-map', '[v]'],
      ...['-map', '1:a', '-fps_mode', 'passthrough', ...h264, '-c:a', 'aac'],
    ],
    'h264',
    25,
    'yuv420p',
  ],
];
// Made from h264.mp4 without encoding again.
const copies: [name: string, args: string[], frames: number][] = [
  ['cut-by-edit-list.mp4', ['-ss', '0.3'], 17],
  ...['90', '180', '270'].map((turn): [string, string[], number] => [
    `turned-${turn}.mp4`,
    ['-display_rotation', turn],
    25,
  ]),
];

/** Luma planes in 8 bits as ffmpeg decodes, turns and writes them. */
function truth(file: string, pixels: string, size: number): Uint8Array[] {
  const all = runFfmpeg(
    '-i',
    file,
    '-map',
    '0:v',
    '-fps_mode',
    'passthrough',
    '-f',
    'rawvideo',
    '-pix_fmt',
    pixels,
    '-',
  );
  const deep = pixels.endsWith('10le');
  const chroma = pixels.includes('444') ? 2 * size : size / 2;
  const frame = (deep ? 2 : 1) * (size + chroma);
  return Array.from({ length: all.length / frame }, (_, k) => {
    const plane = all.subarray(k * frame, (k + 1) * frame);
    if (!deep) return new Uint8Array(plane.subarray(0, size));
    return Uint8Array.from({ length: size }, (_, i) => Math.min(255, Math.round(plane.readUInt16LE(2 * i) / 4)));
  });
}

/** When each frame is shown, from the start of the file's earliest track. */
function shown(file: string): number[] {
  const [start] = probe('-show_entries', 'format=start_time', '-of', 'csv=p=0', file);
  // Some frames have more lines, of side data.
  return probe('-select_streams', 'v', '-show_entries', 'frame=best_effort_timestamp_time', '-of', 'csv=p=0', file)
    .filter((line) => /^\d/.test(line))
    .map((line) => parseFloat(line) - Math.max(0, Number(start)));
}

async function collect(
  file: string,
  decoder: 'node-av' | 'ffmpeg',
): Promise<{ times: number[]; planes: Uint8Array[]; video: Awaited<ReturnType<typeof readVideo>> }> {
  const video = await readVideo(file, { decoder });
  const times: number[] = [];
  const planes: Uint8Array[] = [];
  for await (const { time, luma } of video.frames()) {
    times.push(time);
    planes.push(luma.slice());
  }
  return { times, planes, video };
}

// From FFmpeg 6 on.
const rotates = ffmpeg !== undefined && runFfmpeg('-h', 'full').includes('-display_rotation');

describe.skipIf(ffmpeg === undefined)('readVideo', async () => {
  beforeAll(() => {
    for (const [name, args] of clips) runFfmpeg(...args, at(name));
    for (const [name, args] of copies) {
      // Older ffmpegs set the turn by a tag of the output; theirs is clockwise.
      const turn = args[0] === '-display_rotation' && !rotates;
      const tag = turn ? ['-metadata:s:v', `rotate=${args[1]}`] : [];
      runFfmpeg(...(turn ? [] : args), '-i', at('h264.mp4'), '-c', 'copy', ...tag, at(name));
    }
  });

  const decoders = [
    ['node-av', (await nodeAv()) !== undefined],
    ['ffmpeg', ffmpeg !== undefined],
  ] as const;
  const files = [
    ...clips.map(([name, , codec, frames, pixels]) => ({ name, codec, frames, pixels })),
    ...copies.map(([name, , frames]) => ({ name, codec: 'h264', frames, pixels: 'yuv420p' })),
  ];

  describe.each(decoders)('through %s', (decoder, present) => {
    const test = it.skipIf(!present);

    test.each(files)('$name: every pixel and every time', async ({ name, codec, frames, pixels }) => {
      const { times, planes, video } = await collect(at(name), decoder);
      expect(video.codec).toBe(codec);
      expect(video.decoder).toBe(decoder);
      expect(planes.length).toBe(frames);
      const expected = truth(at(name), pixels, video.width * video.height);
      expect(planes.length).toBe(expected.length);
      for (const [k, plane] of planes.entries()) {
        expect(Buffer.compare(plane, expected[k]), `frame ${k}`).toBe(0);
      }
      // Measured 0; ffprobe prints microseconds.
      const stamps = shown(at(name));
      expect(stamps.length).toBe(frames);
      for (const [k, time] of times.entries()) expect(Math.abs(time - stamps[k])).toBeLessThan(1.01e-6);
      expect(times.every((time, k) => k === 0 || time > times[k - 1])).toBe(true);
    });

    test('tells size, turn, rate, length and count', async () => {
      const upright = await readVideo(at('h264.mp4'), { decoder });
      expect(upright).toMatchObject({ width: 96, height: 64, rotation: 0, mirrored: false, range: 'limited' });
      expect(upright).toMatchObject({ frameRate: { num: 25, den: 1 }, duration: 1, frameCount: 25 });
      const turned = await readVideo(at('turned-90.mp4'), { decoder });
      expect(turned).toMatchObject({ width: 64, height: 96 });
      expect([90, 270]).toContain(turned.rotation);
      expect((await readVideo(at('turned-180.mp4'), { decoder })).rotation).toBe(180);
      expect((await readVideo(at('odd.mov'), { decoder })).frameRate).toEqual({ num: 30000, den: 1001 });
      expect((await readVideo(at('cut-by-edit-list.mp4'), { decoder })).frameCount).toBeUndefined();
      expect((await readVideo(pathToFileURL(at('late.mp4')), { decoder })).duration).toBeCloseTo(1.48, 2);
    });

    test('white is what the range says', async () => {
      const white = ['-f', 'lavfi', '-i', 'color=white:s=32x32:d=0.2'];
      runFfmpeg(...white, ...h264, at('limited.mp4'));
      runFfmpeg(...white, '-vf', 'scale=out_range=pc', ...h264, '-color_range', 'pc', at('full.mp4'));
      for (const [name, range, value] of [
        ['limited.mp4', 'limited', 235],
        ['full.mp4', 'full', 255],
      ] as const) {
        const { video, planes } = await collect(at(name), decoder);
        expect(video.range).toBe(range);
        expect(Math.abs(planes[0][500] - value)).toBeLessThanOrEqual(1);
      }
    });

    test('pictures without luma become luma of BT.601', async () => {
      runFfmpeg('-f', 'lavfi', '-i', 'color=0x4080c0:s=32x32:d=0.2', '-c:v', 'libx264rgb', '-qp', '0', at('rgb.mp4'));
      const { video, planes } = await collect(at('rgb.mp4'), decoder);
      expect(video.range).toBe('limited');
      const gray = 0.299 * 0x40 + 0.587 * 0x80 + 0.114 * 0xc0;
      expect(Math.abs(planes[0][500] - (16 + (219 / 255) * gray))).toBeLessThan(1);
    });

    test('a picture that changes its size keeps the first one', async () => {
      runFfmpeg(...moving(1, '64x48'), ...h264, at('small.ts'));
      runFfmpeg(...moving(1), ...h264, at('large.ts'));
      writeFileSync(at('sizes.ts'), Buffer.concat([readFileSync(at('large.ts')), readFileSync(at('small.ts'))]));
      const { planes, times } = await collect(at('sizes.ts'), decoder);
      expect(planes.length).toBe(50);
      expect(planes.every((plane) => plane.length === 96 * 64)).toBe(true);
      expect(times.every((time, k) => k === 0 || time > times[k - 1])).toBe(true);
    });

    test('decodes into memory of a plan', async () => {
      const { planes } = await collect(at('h264.mp4'), decoder);
      const kernels = await loadKernels();
      const frame = { width: 96, height: 64, format: 'gray8', range: 'limited' } as const;
      const stack = new FrameStack(kernels, frame, { width: 48, height: 32 });
      const other = new FrameStack(kernels, frame, { width: 48, height: 32 });
      let k = 0;
      for await (const { luma } of (await readVideo(at('h264.mp4'), { decoder })).frames(stack.input)) {
        expect(luma.buffer).toBe(stack.input.buffer);
        expect(stack.run()).toEqual(other.run(planes[k++]));
      }
      expect(k).toBe(25);
    });

    test('a frame stays as it is until the next is asked for, and leaving frees everything', async () => {
      const children = (): string[] =>
        process.platform === 'linux'
          ? readdirSync('/proc/self/task').flatMap((task) =>
              readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
            )
          : [];
      const before = process.getActiveResourcesInfo().length;
      const family = children().length;
      for await (const { luma } of (await readVideo(at('variable.mp4'), { decoder })).frames()) {
        const copy = luma.slice();
        await setTimeout(150);
        expect(luma).toEqual(copy);
        break;
      }
      // Others' timers may have ended meanwhile.
      expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before);
      expect(children().length).toBe(family);
    });

    test('two readers at once', async () => {
      const video = await readVideo(at('vp9.webm'), { decoder });
      const [a, b] = [video.frames(), video.frames()];
      for (;;) {
        const [x, y] = await Promise.all([a.next(), b.next()]);
        expect(x).toEqual(y);
        if (x.done === true) break;
      }
    });

    test('one sentence for each thing that can be wrong', async () => {
      const fails = async (name: string): Promise<unknown> =>
        collect(at(name), decoder).then(
          () => expect.fail('it was read'),
          (error: unknown) => error,
        );
      writeFileSync(at('empty.mp4'), '');
      writeFileSync(at('junk.mp4'), Buffer.alloc(5000, 'q'));
      runFfmpeg('-f', 'lavfi', '-i', 'sine=d=1', at('sound.wav'));
      const whole = readFileSync(at('h264.mp4'));
      writeFileSync(at('no-index.mp4'), whole.subarray(0, whole.length / 2));
      writeFileSync(at('codec.mp4'), Buffer.from(whole.toString('latin1').replaceAll('avc1', 'zzzz'), 'latin1'));
      const key = ['-encryption_scheme', 'cenc-aes-ctr', '-encryption_key', 'a7e61c373e219033c21091fa607bf3b8'];
      runFfmpeg(...moving(), ...h264, ...key, '-encryption_kid', '76a6c65c5ea762046bd749a2e632ccbb', at('drm.mp4'));
      const cover = ['-f', 'lavfi', '-i', 'sine=d=1', '-f', 'lavfi', '-i', 'color=red:s=32x32:d=0.04'];
      runFfmpeg(...cover, '-map', '0', '-map', '1', '-c:v', 'mjpeg', '-disposition:v', 'attached_pic', at('cover.mp3'));

      const file = (name: string): RegExp => new RegExp(name.replace('.', '\\.'));
      for (const [name, sentence] of [
        ['absent.mp4', /^There is no file .*absent\.mp4\.$/],
        ['.', /is a folder, not a file\.$/],
        ['empty.mp4', /is empty \(0 bytes\)\.$/],
        ['junk.mp4', /is not a video file that can be read, or it is damaged or cut short\.$/],
        ['no-index.mp4', /is not a video file that can be read, or it is damaged or cut short\.$/],
        ['sound.wav', /has no video track\.$/],
        ['cover.mp3', /has no video track\.$/],
        ['codec.mp4', /is coded in a way that this decoder does not know.*; convert it to H\.264\.$/],
        ['drm.mp4', /is protected against copying and cannot be decoded; take an unprotected copy\.$/],
      ] as const) {
        const error = await fails(name);
        expect(error).toMatchObject({ tag: 'VideoError', message: expect.stringMatching(sentence) as string });
        if (name !== '.') expect(String(error)).toMatch(file(name));
      }
    });

    test('a file that ends early gives what it has, and says so', async () => {
      const long = [...moving(4), ...h264, '-g', '10'];
      const made: [string, string[], RegExp, number | undefined][] = [
        ['early.mp4', [...long, '-movflags', '+faststart'], /ends early: \d+ of 100 frames are there/, 100],
        ['early.avi', [...moving(4), '-c:v', 'mjpeg'], /ends early: \d+ of 100 frames are there/, 100],
        ['early.mkv', long, /ends early: \d\.\d\d of 4\.0\d s are there/, undefined],
      ];
      for (const [name, args, sentence, framesExpected] of made) {
        runFfmpeg(...args, at(name));
        truncateSync(at(name), Math.round(readFileSync(at(name)).length * 0.6));
        let frames = 0;
        let failure: unknown;
        try {
          for await (const frame of (await readVideo(at(name), { decoder })).frames()) {
            expect(frame.luma.length).toBe(96 * 64);
            frames++;
          }
        } catch (error) {
          failure = error;
        }
        expect(frames).toBeGreaterThan(20);
        expect(frames).toBeLessThan(90);
        expect(failure).toMatchObject({
          tag: 'VideoError',
          message: expect.stringMatching(sentence) as string,
          facts: { frames, endsEarly: true, ...(framesExpected === undefined ? {} : { framesExpected }) },
        });
      }
    });
  });

  it('says what to install when there is no decoder', async () => {
    vi.stubEnv('FFMPEG_PATH', at('no-such-command'));
    await expect(readVideo(at('h264.mp4'), { decoder: 'ffmpeg' })).rejects.toThrow(
      /h264\.mp4 needs a decoder: install ffmpeg .* or npm install node-av\.$/,
    );
    vi.unstubAllEnvs();
  });

  it('refuses what makes no sense', async () => {
    await expect(readVideo(at('h264.mp4'), { decoder: 'mpv' as 'auto' })).rejects.toThrow(/expected auto, node-av or/);
    const video = await readVideo(at('h264.mp4'));
    expect(() => video.frames(new Uint8Array(10))).toThrow(/expected a Uint8Array of at least 6144 bytes/);
  });
});
