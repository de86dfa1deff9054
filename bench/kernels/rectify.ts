// A video frame to the bar strip a model looks at: warp, antialiased, and the difference channels.
import { barStrips, GT18, loadKernels, Rectifier, type Calibration, type Quad } from '../../src/index.js';
import { inProcess, type Contender, type Kernel, type Runner } from '../harness.js';
import { loadOpenCv, type OpenCvPackage } from '../opencv-peer.js';
import { peerVersion } from '../peers.js';
import { height, luma, width } from './picture.js';

const interval = 1 / 25;
const timeConstant = 1;

// Eighteen bars as a camera sees them that stands behind the player: the far ends closer together than the near ones.
const calibration: Calibration = {
  format: 'deep-marimba/calibration@1',
  width,
  height,
  bars: GT18.map(({ midi }, i) => {
    const far = (k: number): [number, number] => [240 + 800 * ((i + k) / 18), 200 + 40 * ((i + k) / 18)];
    const near = (k: number): [number, number] => [150 + 960 * ((i + k) / 18), 430];
    return { midi, quad: [far(0.1), far(0.9), near(0.9), near(0.1)] satisfies Quad };
  }),
};
const [strip] = barStrips(calibration);
const pixels = strip.width * strip.height;

// The picture, and the same a moment later: hands and mallets have moved on by a few pixels.
const later = luma.map((_, i) => (i % width < 7 ? luma[i] : luma[i - 7]));
const clip = [luma, later, luma];

/** Corner of a pixel of the strip, in pixels of the picture. */
const corner = (row: number, column: number): [x: number, y: number] => {
  const at = 2 * (row * (strip.width + 1) + column);
  return [strip.mesh[at], strip.mesh[at + 1]];
};

/** Point at (s, t), both 0..1, within a pixel of the strip, pixel centres at whole numbers. */
function within(row: number, column: number, s: number, t: number): [x: number, y: number] {
  const [ax, ay] = corner(row, column);
  const [bx, by] = corner(row, column + 1);
  const [cx, cy] = corner(row + 1, column + 1);
  const [dx, dy] = corner(row + 1, column);
  const mix = (a: number, b: number, c: number, d: number): number =>
    (a + (b - a) * s) * (1 - t) + (d + (c - d) * s) * t - 0.5;
  return [mix(ax, bx, cx, dx), mix(ay, by, cy, dy)];
}

/** Longest sides of a pixel of the strip, in pixels of the picture. */
function longestSides(): [across: number, along: number] {
  let [across, along] = [0, 0];
  for (let row = 0; row < strip.height; row++) {
    for (let column = 0; column < strip.width; column++) {
      const [x, y] = corner(row, column);
      const [rx, ry] = corner(row, column + 1);
      const [dx, dy] = corner(row + 1, column);
      across = Math.max(across, Math.hypot(rx - x, ry - y));
      along = Math.max(along, Math.hypot(dx - x, dy - y));
    }
  }
  return [across, along];
}

/** The taps of every pixel of the strip: those of output i from `ends[i]` on, before `ends[i + 1]`. */
interface Taps {
  readonly ends: Int32Array;
  readonly indices: Int32Array;
  readonly weights: Float64Array;
}

/** Averages points, so many per pixel of the picture each way, each between its four neighbours or on the nearest edge. */
function footprints(perPixel: number): Taps {
  const [n, m] = longestSides().map((length) => Math.ceil(length * perPixel));
  const ends = new Int32Array(pixels + 1);
  const [indices, weights]: [number[], number[]] = [[], []];
  const plane = new Float64Array(width * height);
  for (let i = 0; i < pixels; i++) {
    let [left, right, top, bottom] = [width, 0, height, 0];
    for (let j = 0; j < n * m; j++) {
      const row = Math.floor(i / strip.width);
      const [x, y] = within(row, i % strip.width, ((j % n) + 0.5) / n, (Math.floor(j / n) + 0.5) / m);
      const [px, py] = [Math.min(Math.max(x, 0), width - 1), Math.min(Math.max(y, 0), height - 1)];
      const [ix, iy] = [Math.min(Math.floor(px), width - 2), Math.min(Math.floor(py), height - 2)];
      const [fx, fy] = [px - ix, py - iy];
      const at = iy * width + ix;
      plane[at] += (1 - fx) * (1 - fy);
      plane[at + 1] += fx * (1 - fy);
      plane[at + width] += (1 - fx) * fy;
      plane[at + width + 1] += fx * fy;
      [left, right, top, bottom] = [
        Math.min(left, ix),
        Math.max(right, ix + 1),
        Math.min(top, iy),
        Math.max(bottom, iy + 1),
      ];
    }
    for (let y = top; y <= bottom; y++) {
      for (let at = y * width + left; at <= y * width + right; at++) {
        if (plane[at] === 0) continue;
        indices.push(at);
        weights.push(plane[at] / (255 * n * m));
        plane[at] = 0;
      }
    }
    ends[i + 1] = indices.length;
  }
  return { ends, indices: Int32Array.from(indices), weights: Float64Array.from(weights) };
}

type Samples = Float32Array | Float64Array;

/** The difference channels, as Rectifier documents them, for whoever brings nothing but the warped gray. */
function differences(gray: Samples, output: Samples): { next: () => void; reset: () => void } {
  const before = new Float64Array(pixels);
  const mean = new Float64Array(pixels);
  let frames = 0;
  let elapsed = 0;
  return {
    next() {
      let sum = 0;
      let squares = 0;
      for (let i = 0; i < pixels; i++) {
        sum += gray[i];
        squares += gray[i] * gray[i];
      }
      const middle = sum / pixels;
      const deviation = Math.sqrt(Math.max(0, squares / pixels - middle * middle)) + 4 / 255;
      elapsed = frames === 1 ? 2 * interval : elapsed + interval;
      const share = Math.max(1 - Math.exp(-interval / timeConstant), interval / elapsed);
      const first = frames++ === 0;
      const [change, drift] = [2 / deviation, 1.5 / deviation];
      for (let i = 0; i < pixels; i++) {
        const level = gray[i] - middle;
        output[i] = first ? 0 : output[pixels + i];
        output[pixels + i] = first ? 0 : change * (level - before[i]);
        output[2 * pixels + i] = first ? 0 : drift * (level - mean[i]);
        mean[i] = first ? level : mean[i] + share * (level - mean[i]);
        before[i] = level;
      }
    },
    reset() {
      frames = 0;
      elapsed = 0;
    },
  };
}

/** Goes through the clip again and again; the answer is the last frame's, from a fresh start. */
function play(
  push: (frame: Uint8Array) => void,
  reset: () => void,
  output: () => Samples,
  wasmBytes?: () => number,
): Runner {
  let next = 0;
  return inProcess(
    () => {
      push(clip[next]);
      next = (next + 1) % clip.length;
    },
    () => {
      reset();
      for (const frame of clip) push(frame);
      return output();
    },
    wasmBytes && { wasmBytes },
  );
}

/** A contender that brings the warp; the differences are everybody's. */
function playWarp(warp: (frame: Uint8Array, gray: Samples) => void, exact = false): Runner {
  const make = (length: number): Samples => (exact ? new Float64Array(length) : new Float32Array(length));
  const gray = make(pixels);
  const output = make(3 * pixels);
  const { next, reset } = differences(gray, output);
  return play(
    (frame) => {
      warp(frame, gray);
      next();
    },
    reset,
    () => output,
  );
}

/** Averages pixels by lists of taps. */
function gather(perPixel: number): (frame: Uint8Array, gray: Samples) => void {
  const { ends, indices, weights } = footprints(perPixel);
  return (frame, gray) => {
    for (let i = 0, tap = 0; i < pixels; i++) {
      let even = 0;
      let odd = 0;
      for (const end = ends[i + 1] - 1; tap < end; tap += 2) {
        even += weights[tap] * frame[indices[tap]];
        odd += weights[tap + 1] * frame[indices[tap + 1]];
      }
      if (tap < ends[i + 1]) {
        even += weights[tap] * frame[indices[tap]];
        tap++;
      }
      gray[i] = even + odd;
    }
  };
}

let expected: ArrayLike<number> | undefined;
function reference(): ArrayLike<number> {
  expected ??= playWarp(gather(4), true).answer() as ArrayLike<number>;
  return expected;
}

const inPlace = 'deep-marimba, frame in place';
const copied = 'deep-marimba, frame copied in';

async function openOurs(copies: boolean): Promise<Runner> {
  const frameFormat = { width, height, format: 'gray8' } as const;
  const rectifier = new Rectifier(await loadKernels(), frameFormat, { warps: [strip], timeConstant });
  const runner = play(
    (frame) => {
      rectifier.run(interval, frame);
    },
    () => {
      rectifier.reset();
    },
    () => rectifier.output,
    () => rectifier.input.buffer.byteLength,
  );
  if (copies) return runner;
  const call = (): void => {
    rectifier.run(interval);
  };
  return inProcess(call, () => runner.answer() as ArrayLike<number>, { wasmBytes: runner.wasmBytes! });
}

/**
 * OpenCV, antialiased in one of two ways. `every`: one remap to a strip so much larger that no pixel of the picture is
 * passed over, then INTER_AREA down to size. `blur`: a box as large as a pixel of the strip, then one remap to size;
 * faster, but the box is the same everywhere. (Neither build offers convertMaps, which makes maps a little faster.)
 */
async function openOpenCv(name: OpenCvPackage, way: 'every' | 'blur'): Promise<Runner> {
  const { cv } = await loadOpenCv(name);
  const [across, along] = longestSides().map(Math.ceil);
  const [n, m] = way === 'every' ? [across, along] : [1, 1];
  const maps = [0, 1].map(() => new cv.Mat(strip.height * m, strip.width * n, cv.CV_32FC1));
  for (let row = 0, i = 0; row < strip.height * m; row++) {
    for (let column = 0; column < strip.width * n; column++, i++) {
      const [r, c] = [Math.floor(row / m), Math.floor(column / n)];
      const [x, y] = within(r, c, ((column % n) + 0.5) / n, ((row % m) + 0.5) / m);
      maps[0].data32F[i] = x;
      maps[1].data32F[i] = y;
    }
  }
  const frame = new cv.Mat(height, width, cv.CV_8UC1);
  const [middle, small] = [new cv.Mat(), new cv.Mat()];
  const [box, anchor, size] = [
    new cv.Size(across, along),
    new cv.Point(-1, -1),
    new cv.Size(strip.width, strip.height),
  ];
  return playWarp((picture, gray) => {
    frame.data.set(picture);
    if (way === 'every') {
      cv.remap(frame, middle, maps[0], maps[1], cv.INTER_LINEAR, cv.BORDER_REPLICATE);
      cv.resize(middle, small, size, 0, 0, cv.INTER_AREA);
    } else {
      cv.blur(frame, middle, box, anchor, cv.BORDER_REPLICATE);
      cv.remap(middle, small, maps[0], maps[1], cv.INTER_LINEAR, cv.BORDER_REPLICATE);
    }
    const { data } = small;
    for (let i = 0; i < pixels; i++) gray[i] = data[i] / 255;
  });
}

const openCv = (name: OpenCvPackage, way: 'every' | 'blur', tolerance: number, asked?: number): Contender => ({
  name: `${name} ${way === 'every' ? 'remap, INTER_AREA' : 'blur, remap'}`,
  kind: 'npm',
  version: () => peerVersion(name),
  note: `${way === 'every' ? 'antialiased like ours' : 'the same box everywhere'}; differences in JS`,
  open: () => openOpenCv(name, way),
  tolerance,
  against: copied,
  asked,
});

/** The race for the rectifier. */
export const rectify: Kernel = {
  name: 'rectify',
  work: `${width} x ${height} luma -> strip of 18 bars, ${strip.width} x ${strip.height}, with differences`,
  reference,
  contenders: [
    ...[inPlace, copied].map((name): Contender => ({
      name,
      kind: 'ours',
      open: () => openOurs(name === copied),
      tolerance: 0.02,
    })),
    openCv('opencv-wasm', 'every', 0.05, 4),
    openCv('opencv-wasm', 'blur', 0.5, 4),
    openCv('@techstark/opencv-js', 'every', 0.05),
    openCv('@techstark/opencv-js', 'blur', 0.5),
    {
      name: 'plain JS',
      kind: 'js',
      note: 'lists of taps made beforehand',
      open: () => Promise.resolve(playWarp(gather(2))),
      tolerance: 0.02,
      against: copied,
      asked: 5,
    },
  ],
};
