// One video frame -> gray -> 100 x 100, antialiased.
import { FrameStack, loadKernels } from '../../src/index.js';
import { inProcess, inProcessLater, type Contender, type Kernel, type Runner } from '../harness.js';
import { compilerVersion, libraryVersion, openNative, packInput } from '../native.js';
import { loadOpenCv, type OpenCvPackage } from '../opencv-peer.js';
import { loadPeer, peerVersion } from '../peers.js';
import { axisWeights, gray, height, luma, resize, rgba, width, type Filter } from './picture.js';

const size = 100;
type Source = 'rgba' | 'luma';

const references = new Map<string, Float64Array>();
function reference(source: Source, filter: Filter): Float64Array {
  const key = `${source} ${filter}`;
  const known = references.get(key) ?? resize(gray(source), filter, size, size);
  references.set(key, known);
  return known;
}

// Eight bits in, eight bits out, rounded in between: a few levels.
const eightBits = 0.02;

/** Gray 0..1 of a small interleaved picture. */
function graySmall(pixels: ArrayLike<number>, channels: number): Float32Array {
  const small = new Float32Array(size * size);
  for (let i = 0, p = 0; i < size * size; i++, p += channels) {
    small[i] =
      channels === 1 ? pixels[p] / 255 : (0.299 * pixels[p] + 0.587 * pixels[p + 1] + 0.114 * pixels[p + 2]) / 255;
  }
  return small;
}

const inPlace = 'deep-marimba, frame in place';
const copied = 'deep-marimba, frame copied in';

async function openOurs(source: Source, copies: boolean): Promise<Runner> {
  const format = source === 'rgba' ? 'rgba' : 'gray8';
  const stack = new FrameStack(await loadKernels(), { width, height, format }, { width: size, height: size });
  const frame = source === 'rgba' ? rgba : luma;
  stack.input.set(frame);
  const call = copies ? () => void stack.run(frame) : () => void stack.run();
  return inProcess(
    call,
    () => {
      call();
      // The newest of the three.
      return stack.output.subarray(2 * size * size);
    },
    { wasmBytes: () => stack.input.buffer.byteLength },
  );
}

const ours = (source: Source): Contender[] =>
  [inPlace, copied].map((name) => ({
    name,
    kind: 'ours',
    note: 'float32, with the stacking of three frames',
    open: () => openOurs(source, name === copied),
    tolerance: 1e-5,
  }));

/** Separable, columns last: every source row goes into the one or two target rows it belongs to, full width. */
function openPlain(source: Source): Runner {
  const columns = axisWeights('triangle', width, size);
  const rows = axisWeights('triangle', height, size);
  const sums = [new Float32Array(width), new Float32Array(width)];
  const small = new Float32Array(size * size);
  // A triangle reaches over two target rows: source row y goes into rows `upper` and `upper + 1`.
  const shares = Array.from({ length: height }, (_, y) => {
    const weight = (row: number): number => (row < size ? (rows[row].weights[y - rows[row].first] ?? 0) / 255 : 0);
    const upper = rows.findIndex((_, row) => weight(row) > 1e-12);
    return { upper, here: weight(upper), next: weight(upper + 1) };
  });
  const firsts = Int32Array.from(columns, ({ first }) => first);
  const starts = new Int32Array(size + 1);
  columns.forEach(({ weights }, x) => (starts[x + 1] = starts[x] + weights.length));
  const taps = Float32Array.from(columns.flatMap(({ weights }) => weights));
  const finish = (row: number): void => {
    const sum = sums[row % 2];
    for (let x = 0; x < size; x++) {
      let even = 0;
      let odd = 0;
      let from = firsts[x];
      let w = starts[x];
      for (; w + 1 < starts[x + 1]; w += 2, from += 2) {
        even += taps[w] * sum[from];
        odd += taps[w + 1] * sum[from + 1];
      }
      if (w < starts[x + 1]) even += taps[w] * sum[from];
      small[row * size + x] = even + odd;
    }
    sum.fill(0);
  };
  const call = (): void => {
    for (let y = 0, row = 0; y < height; y++) {
      const { upper, here, next } = shares[y];
      while (row < upper) finish(row++);
      const above = sums[upper % 2];
      const below = sums[1 - (upper % 2)];
      if (source === 'rgba') {
        for (let x = 0, p = 4 * y * width; x < width; x++, p += 4) {
          const value = 0.299 * rgba[p] + 0.587 * rgba[p + 1] + 0.114 * rgba[p + 2];
          above[x] += here * value;
          below[x] += next * value;
        }
      } else {
        for (let x = 0, p = y * width; x < width; x++, p++) {
          above[x] += here * luma[p];
          below[x] += next * luma[p];
        }
      }
    }
    finish(size - 1);
    // The row below the last one took its share too, which is none.
    sums[size % 2].fill(0);
  };
  return inProcess(call, () => {
    call();
    return small;
  });
}

async function openOpenCv(name: OpenCvPackage, filter: 'box' | 'point'): Promise<Runner> {
  const { cv } = await loadOpenCv(name);
  const frame = new cv.Mat(height, width, cv.CV_8UC4);
  const [whole, small] = [new cv.Mat(), new cv.Mat()];
  const shape = new cv.Size(size, size);
  const interpolation = filter === 'box' ? cv.INTER_AREA : cv.INTER_LINEAR;
  const call = (): void => {
    frame.data.set(rgba);
    cv.cvtColor(frame, whole, cv.COLOR_RGBA2GRAY);
    cv.resize(whole, small, shape, 0, 0, interpolation);
  };
  return inProcess(call, () => {
    call();
    return graySmall(small.data, 1);
  });
}

interface Sharp {
  resize(width: number, height: number, options: object): Sharp;
  toColourspace(name: string): Sharp;
  raw(): Sharp;
  toBuffer(): Promise<Uint8Array>;
}

async function openSharp(channels: 1 | 3 | 4): Promise<Runner> {
  const { default: sharp } = await loadPeer<{ default: (pixels: Uint8Array, options: object) => Sharp }>('sharp');
  const raw = { width, height, channels };
  let pixels: Uint8Array = channels === 1 ? luma : rgba;
  if (channels === 3) pixels = rgba.filter((_, i) => i % 4 !== 3);
  const run = async (): Promise<Float32Array> => {
    const small = sharp(pixels, { raw }).resize(size, size, { kernel: 'linear', fit: 'fill' });
    // Left alone, one channel comes back as three.
    if (channels === 1) small.toColourspace('b-w');
    return graySmall(await small.raw().toBuffer(), channels);
  };
  return inProcessLater(run);
}

interface Canvas {
  getContext(kind: '2d'): {
    imageSmoothingQuality: string;
    putImageData(pixels: unknown, x: number, y: number): void;
    drawImage(from: Canvas, x: number, y: number, width: number, height: number): void;
    getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
  };
}

async function openCanvas(): Promise<Runner> {
  const { createCanvas, ImageData } = await loadPeer<{
    createCanvas: (width: number, height: number) => Canvas;
    ImageData: new (pixels: Uint8ClampedArray, width: number, height: number) => unknown;
  }>('@napi-rs/canvas');
  const [whole, small] = [createCanvas(width, height), createCanvas(size, size)];
  const [from, to] = [whole.getContext('2d'), small.getContext('2d')];
  to.imageSmoothingQuality = 'high';
  const pixels = new ImageData(new Uint8ClampedArray(rgba), width, height);
  let answer: Float32Array = new Float32Array();
  const call = (): void => {
    from.putImageData(pixels, 0, 0);
    to.drawImage(whole, 0, 0, size, size);
    answer = graySmall(to.getImageData(0, 0, size, size).data, 4);
  };
  return inProcess(call, () => {
    call();
    return answer;
  });
}

async function openPica(): Promise<Runner> {
  const { default: pica } = await loadPeer<{
    default: (options: object) => { resizeBuffer(options: object): Promise<Uint8Array> };
  }>('pica');
  const resizer = pica({ features: ['js', 'wasm'] });
  const run = async (): Promise<Float32Array> =>
    graySmall(
      await resizer.resizeBuffer({ src: rgba, width, height, toWidth: size, toHeight: size, filter: 'box' }),
      4,
    );
  return inProcessLater(run);
}

/** FFmpeg's scaler; it reads the frame where it lies, as ours does in place. */
function swscale(source: Source, filter: 'bilinear' | 'area', details: Partial<Contender>): Contender {
  return {
    name: `swscale ${filter} in C`,
    kind: 'native',
    version: () => libraryVersion('libswscale'),
    open: () =>
      openNative(
        'frames.c',
        ['swscale', 'avutil'],
        `${source}-${filter}`,
        packInput(Int32Array.of(width, height, size, size), source === 'rgba' ? rgba : luma),
      ),
    // It leaves out small weights and rounds the others to 14 bits.
    tolerance: 0.03,
    reference: () => reference(source, filter === 'area' ? 'box' : 'triangle'),
    ...details,
  };
}

function memory(contender: 'copy' | 'read', name: string, asked?: number, stretch?: number): Contender {
  const sum = rgba.reduce((total, byte) => total + byte, 0);
  return {
    name,
    kind: 'native',
    version: compilerVersion,
    note: `limit: ${(rgba.length / 1e6).toFixed(2)} MB, nothing computed`,
    open: () => openNative('memory.c', [], contender, packInput(Int32Array.of(rgba.length), rgba)),
    tolerance: 1e-6,
    reference: () => [sum],
    asked,
    stretch,
  };
}

const openCv = (name: OpenCvPackage, filter: 'box' | 'point', asked?: number): Contender => ({
  name: `${name} ${filter === 'box' ? 'INTER_AREA' : 'INTER_LINEAR'}`,
  kind: 'npm',
  version: () => peerVersion(name),
  note: filter === 'box' ? 'copied in, eight bits' : 'copied in, eight bits; four neighbours only: aliases',
  open: () => openOpenCv(name, filter),
  tolerance: eightBits,
  reference: () => reference('rgba', filter),
  against: copied,
  asked,
});

/** A peer whose filter nobody has written down: held against the triangle, loosely. */
const own = (name: string, note: string, open: () => Promise<Runner>, details: Partial<Contender> = {}): Contender => ({
  name,
  kind: 'npm',
  version: () => peerVersion(name.split(' ')[0]),
  note,
  open,
  tolerance: 0.15,
  against: copied,
  ...details,
});

const plain = (source: Source): Contender => ({
  name: 'plain JS',
  kind: 'js',
  note: 'the same filter, separable, taps computed beforehand',
  open: () => Promise.resolve(openPlain(source)),
  tolerance: 1e-5,
  against: copied,
});

/** The race from RGBA. */
export const grayFromRgba: Kernel = {
  name: 'gray-rgba',
  work: `${width} x ${height} RGBA -> gray ${size} x ${size}, antialiased`,
  reference: () => reference('rgba', 'triangle'),
  contenders: [
    ...ours('rgba'),
    memory('copy', 'memcpy of the frame in C', 1 / 1.6, 1),
    memory('read', 'reading the frame in C'),
    swscale('rgba', 'bilinear', { asked: 2.5 }),
    swscale('rgba', 'area', {}),
    openCv('opencv-wasm', 'box', 4),
    openCv('opencv-wasm', 'point'),
    openCv('@techstark/opencv-js', 'box'),
    own('sharp (RGB)', 'linear; three channels', () => openSharp(3), { asked: 8 }),
    own('sharp (RGBA)', 'linear; multiplies by alpha and back', () => openSharp(4), { asked: 8 }),
    own('@napi-rs/canvas', 'high smoothing quality', openCanvas),
    own('pica', 'box', openPica),
    plain('rgba'),
  ],
};

/** The race from a luma plane. */
export const grayFromLuma: Kernel = {
  name: 'gray-luma',
  work: `${width} x ${height} luma -> gray ${size} x ${size}, antialiased`,
  reference: () => reference('luma', 'triangle'),
  contenders: [
    ...ours('luma'),
    swscale('luma', 'bilinear', { asked: 1 / 1.15, stretch: 1 / 0.74 }),
    swscale('luma', 'area', {}),
    own('sharp (1 channel)', 'linear', () => openSharp(1), { asked: 8 }),
    plain('luma'),
  ],
};
