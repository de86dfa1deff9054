// Video in a real browser: files against what ffmpeg sees in them, elements and streams as they play.
import { describe, expect, it } from 'vitest';
import { readVideo, type Video } from '../../src/browser.js';
import { LumaReader, lumaRoom } from '../../src/video/luma-reader.js';

interface Truth {
  readonly width: number;
  readonly height: number;
  readonly rate: number;
  readonly times: readonly number[];
  readonly blocks: readonly (readonly number[])[];
}

async function golden(name: string): Promise<File> {
  const response = await fetch(new URL(`../golden/video-clips/${name}`, import.meta.url));
  expect(response.ok).toBe(true);
  return new File([await response.arrayBuffer()], name);
}

const truth = (await (await golden('truth.json')).text().then(JSON.parse)) as Readonly<Record<string, Truth>>;

/** Means of 8 x 8 pixels. */
function blocks(luma: Uint8Array, { width, height }: { width: number; height: number }): number[] {
  const means = new Array<number>((width * height) / 64).fill(0);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) means[(y >> 3) * (width >> 3) + (x >> 3)] += luma[y * width + x] / 64;
  }
  return means;
}

const apart = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i])));

async function read(video: Video, most = Infinity, target?: Uint8Array): Promise<{ time: number; blocks: number[] }[]> {
  const frames = [];
  for await (const { time, luma } of video.frames(target)) {
    expect(luma.length).toBe(video.width * video.height);
    frames.push({ time, blocks: blocks(luma, video) });
    if (frames.length === most) break;
  }
  return frames;
}

/** A stream of a canvas whose brightness is `10 * k` in frame k. */
function drawn(fps: number, draw: (k: number) => string): { stream: MediaStream; stop: () => void } {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [64, 48];
  const context = canvas.getContext('2d')!;
  let k = 0;
  const paint = (): void => {
    context.fillStyle = draw(k++);
    context.fillRect(0, 0, 64, 48);
  };
  paint();
  const timer = setInterval(paint, 1000 / fps);
  const stream = canvas.captureStream();
  return {
    stream,
    stop: () => {
      clearInterval(timer);
      for (const track of stream.getTracks()) track.stop();
    },
  };
}

describe('readVideo of files', () => {
  it.each(Object.keys(truth))('%s: every frame, its time, upright luma', async (name) => {
    const { width, height, rate, times, blocks: expected } = truth[name];
    const video = await readVideo(await golden(name));
    expect(video).toMatchObject({ width, height, live: false, range: name === 'full-range.mp4' ? 'full' : 'limited' });
    expect(video.frameRate!.num / video.frameRate!.den).toBeCloseTo(rate, 1);
    expect(video.duration).toBeCloseTo(times.length / rate, 1);
    const frames = await read(video);
    expect(frames.length).toBe(times.length);
    const start = times[0];
    frames.forEach((frame, k) => {
      expect(frame.time).toBeCloseTo(times[k] - start, 3);
      // measured: 0 for H.264 and VP9, which decode to the same bits everywhere
      expect(apart(frame.blocks, expected[k])).toBeLessThan(0.01);
    });
  });

  it('writes into the reader\'s memory, with room for chroma and without', async () => {
    const video = await readVideo(await golden('bframes.mp4'));
    const { memory } = new WebAssembly.Instance(
      new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 1, 7, 10, 1, 6, 109, 101, 109, 111, 114, 121, 2, 0])),
    ).exports as { memory: WebAssembly.Memory };
    for (const bytes of [64 * 48, lumaRoom(64, 48)]) {
      const target = new Uint8Array(memory.buffer, 128, bytes);
      const [frame] = await read(video, 1, target);
      expect(apart(frame.blocks, truth['bframes.mp4'].blocks[0])).toBeLessThan(0.01);
      expect(apart(blocks(target, video), frame.blocks)).toBe(0);
    }
    await expect(read(video, 1, new Uint8Array(64 * 48 - 1))).rejects.toThrow(RangeError);
  }); // prettier-ignore

  it('reads the same file twice, and two at once', async () => {
    const video = await readVideo(await golden('vp9.webm'));
    const [a, b] = await Promise.all([read(video), read(video)]);
    expect(a).toEqual(b);
    expect(await read(video, 3)).toEqual(a.slice(0, 3));
  });

  it('says what is wrong with a file', async () => {
    const whole = await golden('bframes.mp4');
    await expect(readVideo(new File([], 'nothing.mp4'))).rejects.toThrow('nothing.mp4 is empty (0 bytes).');
    await expect(readVideo(new File(['no video at all'], 'text.mp4'))).rejects.toThrow('is not a video file');
    await expect(readVideo(new File([whole.slice(0, 900)], 'cut.mp4'))).rejects.toThrow(/cut\.mp4/);
    const sound = await fetch(new URL('../golden/sound-files/aac.m4a', import.meta.url));
    await expect(readVideo(new File([await sound.arrayBuffer()], 'song.m4a'))).rejects.toThrow(
      'song.m4a has no video track.',
    );
  });
});

describe('readVideo of what plays', () => {
  it('an element: its own clock, then its end', async () => {
    const element = document.createElement('video');
    element.muted = true;
    element.src = URL.createObjectURL(await golden('bframes.mp4'));
    const video = await readVideo(element);
    expect(video).toMatchObject({ width: 64, height: 48, live: true, dropped: 0 });
    element.playbackRate = 0.5;
    void element.play();
    const frames = await read(video);
    expect(frames.length).toBeGreaterThan(3);
    for (const { time, blocks: seen } of frames) {
      const k = truth['bframes.mp4'].times.findIndex((at) => Math.abs(at - truth['bframes.mp4'].times[0] - time) < 0.005);
      // Limited range either way, but this browser may convert on the way to the screen: measured 1.
      expect(apart(seen, truth['bframes.mp4'].blocks[k])).toBeLessThan(4);
    }
  }); // prettier-ignore

  it('an element that cannot play is refused', async () => {
    await expect(readVideo(document.createElement('video'))).rejects.toThrow('it has no source');
    const element = document.createElement('video');
    element.src = URL.createObjectURL(new Blob(['garbage']));
    await expect(readVideo(element)).rejects.toThrow('cannot be played');
  });

  it('a stream: times from zero, its end with the track, and luma of RGB', async () => {
    const { stream, stop } = drawn(30, (k) => (k % 2 ? '#ffffff' : '#000000'));
    const video = await readVideo(stream);
    expect(video).toMatchObject({ width: 64, height: 48, live: true });
    const frames = await read(video, 12);
    expect(frames[0].time).toBe(0);
    for (let k = 1; k < frames.length; k++) expect(frames[k].time).toBeGreaterThan(frames[k - 1].time);
    const levels = new Set(frames.map(({ blocks: [level] }) => Math.round(level)));
    const [black, white] = video.range === 'full' ? [0, 255] : [16, 235];
    expect([...levels].sort((a, b) => a - b)).toEqual([black, white]);
    const rest = read(video);
    stop();
    await rest;
    await expect(readVideo(stream)).rejects.toThrow('The camera has been switched off.');
    await expect(readVideo(new MediaStream())).rejects.toThrow('The stream has no picture.');
  });

  it('drops what comes while the reader is busy, newest first, and counts it', async () => {
    const { stream, stop } = drawn(60, (k) => `rgb(${k % 256} ${k % 256} ${k % 256})`);
    const video = await readVideo(stream);
    let last = { time: -1, level: -1 };
    let seen = 0;
    for await (const { time, luma } of video.frames()) {
      seen += 1;
      // Never a queue: what is read next is newer than all that passed meanwhile.
      if (last.time >= 0) expect(time - last.time).toBeGreaterThan(0.15);
      last = { time, level: luma[0] };
      if (seen === 5) break;
      await new Promise((later) => setTimeout(later, 200));
    }
    expect(video.dropped).toBeGreaterThan(4 * 5);
    stop();
  });
});

describe('LumaReader', () => {
  const [width, height] = [16, 8];
  const gray = (x: number, y: number): number => (x * 13 + y * 29) % 256;
  const planes = (): Uint8Array<ArrayBuffer> => {
    const bytes = new Uint8Array(lumaRoom(width, height)).fill(128);
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) bytes[y * width + x] = gray(x, y);
    return bytes;
  };
  const frameOf = (format: VideoPixelFormat, data: Uint8Array<ArrayBuffer>): VideoFrame =>
    new VideoFrame(data, { format, codedWidth: width, codedHeight: height, timestamp: 0 });

  it.each(['I420', 'NV12'] as const)('%s: the plane as it is', async (format) => {
    const frame = frameOf(format, planes());
    const target = new Uint8Array(lumaRoom(width, height));
    await new LumaReader(width, height, 'limited').read(frame, target);
    expect(target.subarray(0, width * height)).toEqual(planes().subarray(0, width * height));
    frame.close();
  });

  it('brings full range to limited and back', async () => {
    const frame = (fullRange: boolean): VideoFrame =>
      new VideoFrame(planes(), {
        format: 'I420',
        codedWidth: width,
        codedHeight: height,
        timestamp: 0,
        colorSpace: { fullRange, matrix: 'bt709', primaries: 'bt709', transfer: 'bt709' },
      });
    for (const full of [true, false]) {
      const target = new Uint8Array(lumaRoom(width, height));
      await new LumaReader(width, height, full ? 'limited' : 'full').read(frame(full), target);
      for (let i = 0; i < width * height; i++) {
        const level = gray(i % width, Math.floor(i / width));
        const expected = full ? 16 + (219 * level) / 255 : Math.min(255, Math.max(0, ((level - 16) * 255) / 219));
        expect(Math.abs(target[i] - expected)).toBeLessThan(0.51);
      }
    }
  });

  it.each(['RGBA', 'BGRX'] as const)('%s: weights of BT.601, in either range', async (format) => {
    const pixels = new Uint8Array(4 * width * height);
    for (let i = 0; i < width * height; i++) pixels.set([(i * 7) & 255, (i * 3) & 255, (i * 11) & 255, 255], 4 * i);
    for (const range of ['full', 'limited'] as const) {
      const target = new Uint8Array(width * height);
      const frame = frameOf(format, pixels);
      await new LumaReader(width, height, range).read(frame, target);
      frame.close();
      for (let i = 0; i < width * height; i++) {
        const [a, g, c] = pixels.subarray(4 * i);
        const [r, b] = format === 'RGBA' ? [a, c] : [c, a];
        const level = 0.299 * r + 0.587 * g + 0.114 * b;
        const truth = range === 'full' ? level : 16 + (219 * level) / 255;
        expect(Math.abs(target[i] - truth)).toBeLessThan(0.51);
      }
    }
  });

  it.each([
    [90, false, (x: number, y: number) => gray(y, height - 1 - x)],
    [180, false, (x: number, y: number) => gray(width - 1 - x, height - 1 - y)],
    [270, false, (x: number, y: number) => gray(width - 1 - y, x)],
    [0, true, (x: number, y: number) => gray(width - 1 - x, y)],
    [90, true, (x: number, y: number) => gray(y, x)],
  ] as const)('turned by %i, flipped: %s', async (rotation, flip, expected) => {
    const data = planes();
    const picture = {
      format: 'I420', codedWidth: width, codedHeight: height, visibleRect: null, colorSpace: {}, rotation, flip,
      allocationSize: () => data.length,
      copyTo: async (target: Uint8Array) => { target.set(data); return Promise.resolve(); },
    }; // prettier-ignore
    const [columns, rows] = rotation === 90 || rotation === 270 ? [height, width] : [width, height];
    const target = new Uint8Array(columns * rows);
    await new LumaReader(columns, rows, 'limited').read(picture, target);
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) expect(target[y * columns + x]).toBe(expected(x, y));
    }
  });

  it('scales a picture of another size', async () => {
    const frame = frameOf('I420', new Uint8Array(lumaRoom(width, height)).fill(128));
    const target = new Uint8Array(4 * 4);
    await new LumaReader(4, 4, 'limited').read(frame, target);
    expect(Math.max(...target) - Math.min(...target)).toBeLessThan(3);
    expect(Math.abs(target[0] - 128)).toBeLessThan(3);
    frame.close();
  });
});
