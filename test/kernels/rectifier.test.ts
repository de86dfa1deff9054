// Rectifier against OpenCV, SciPy, scikit-image and float64 numpy (test/golden/rectify.py), and what must hold for any input.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FrameFormat } from '../../src/kernels/pixel-format.js';
import { compileKernels } from '../../src/kernels/module.js';
import { Rectifier } from '../../src/kernels/rectifier.js';
import type { RectifierOptions } from '../../src/kernels/rectifier.js';
import type { Calibration, Quad } from '../../src/types.js';
import { keyboardView } from '../../src/video/layout.js';
import { barStrips } from '../../src/video/strip.js';
import golden from '../golden/rectify.json' with { type: 'json' };
import { calibrationOf, fence, moved, seen } from '../support/instruments.js';
import { farthest, picture, unpack } from '../support/pictures.js';

const kernels = compileKernels();

const goldenCalibration = ({
  width,
  height,
  quads,
}: {
  width: number;
  height: number;
  quads: number[][][];
}): Calibration => calibrationOf(width, height, quads as unknown as Quad[]);

function rectified(options: RectifierOptions, frame: FrameFormat, bytes: Uint8Array): Rectifier {
  const plan = new Rectifier(kernels, frame, options);
  plan.run(0.04, bytes);
  return plan;
}

const rms = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum / a.length);
};

// White noise, the worst case: gray 0..1, largest and root-mean-square error, four times what was measured. What remains is
// the 8-bit weights and the half-pixel spacing of samples; coverage moves by single samples of a footprint.
const strips = [
  { name: 'regular', max: 0.03, rms: 0.005 }, // 0.0074, 0.0012: OpenCV warpPerspective
  { name: 'gt18', max: 0.03, rms: 0.0035, coverage: 0.18 }, // 0.0072, 0.0008; 0.045
  { name: 'portrait', max: 0.045, rms: 0.0075, coverage: 0.36 }, // 0.0106, 0.0018; 0.089
] as const;

describe('views against foreign warps', () => {
  it.each(strips)('strip: $name', ({ name, ...limits }) => {
    const { seed, rows, cellWidth, ...one } = golden[name];
    const warps = barStrips(goldenCalibration(one), { rows, cellWidth });
    const { width, height } = one;
    const { views } = rectified({ warps }, { width, height, format: 'gray8' }, picture(width, height, seed));
    const gray = unpack(one.gray);
    expect(farthest(views[0].gray, gray)).toBeLessThan(limits.max);
    expect(rms(views[0].gray, gray)).toBeLessThan(limits.rms);
    if (!('coverage' in one) || !('coverage' in limits)) return;
    expect(farthest(views[0].coverage, unpack(one.coverage))).toBeLessThan(limits.coverage);
    expect(rms(views[0].coverage, unpack(one.coverage))).toBeLessThan(0.025); // 0.0062
  });

  it('keyboard view', () => {
    const { width, height, seed, rows, columns, layout, corners, gray, coverage } = golden.keyboard;
    const format = 'deep-marimba/layout@1';
    const size = { width, height };
    const warp = keyboardView({ format, name: 'three', bars: layout }, corners as unknown as Quad, size, {
      columns,
      rows,
    });
    const { views } = rectified({ warps: [warp] }, { ...size, format: 'gray8' }, picture(width, height, seed));
    expect(farthest(views[0].gray, unpack(gray))).toBeLessThan(0.02); // 0.0046
    expect(rms(views[0].gray, unpack(gray))).toBeLessThan(0.004); // 0.0010
    expect(farthest(views[0].coverage, unpack(coverage))).toBeLessThan(0.13); // 0.032
  });
});

describe('difference channels', () => {
  const { width, height, seed, rows, cellWidth, intervals, frames, ...one } = golden.differences;
  const warps = barStrips(goldenCalibration({ width, height, ...one }), { rows, cellWidth });

  it('agree with float64 numpy on colour frames at uneven intervals', () => {
    const plan = new Rectifier(kernels, { width, height, gray: 'skimage' }, { warps });
    for (const [k, interval] of intervals.entries()) {
      const planes = [0, 1, 2].map((c) => picture(width, height, seed + 3 * k + c));
      for (let i = 0; i < width * height; i++) for (let c = 0; c < 3; c++) plan.input[4 * i + c] = planes[c][i];
      plan.run(interval);
      if (!(String(k) in frames)) continue;
      const expected = unpack(frames[String(k) as keyof typeof frames]);
      // In standard deviations of white noise, up to 4.7: the error of the views, times 2 over a deviation of 0.1.
      expect(farthest(plan.output, expected)).toBeLessThan(0.45); // 0.11
      expect(rms(plan.output, expected)).toBeLessThan(0.06); // 0.015
    }
  });

  it('are what the definition says of the gray they come with, to float32', () => {
    const plan = new Rectifier(kernels, { width, height, format: 'gray8' }, { warps, timeConstant: 0.3 });
    const n = plan.output.length / 3;
    let last = new Float64Array(n);
    let mean = new Float64Array(n);
    let before = new Float64Array(n);
    let elapsed = 0;
    for (let k = 0; k < 20; k++) {
      const interval = 0.02 + 0.01 * (k % 4);
      plan.run(interval, picture(width, height, k));
      const gray = Float64Array.from(plan.views[0].gray);
      const level = gray.reduce((a, b) => a + b) / n;
      const z = gray.map((value) => value - level);
      const scale = 1 / (Math.sqrt(z.reduce((a, b) => a + b * b, 0) / n) + 4 / 255);
      if (k === 0) [last, mean] = [z, z];
      elapsed = k === 1 ? 2 * interval : elapsed + interval;
      const share = k === 0 ? 0 : Math.max(1 - Math.exp(-interval / 0.3), interval / elapsed);
      const step = z.map((value, i) => 2 * (value - last[i]) * scale);
      const rise = z.map((value, i) => 1.5 * (value - mean[i]) * scale);
      expect(farthest(plan.output, [...before, ...step, ...rise])).toBeLessThan(8e-6); // 1.9e-6
      mean = mean.map((value, i) => value + share * (z[i] - value));
      [last, before] = [z, step];
    }
  });

  it('start with zeros, and again after reset()', () => {
    const plan = new Rectifier(kernels, { width, height, format: 'gray8' }, { warps });
    const runs = [0, 1].map(() => {
      plan.reset();
      return [0, 1, 2].map((k) => {
        plan.run(0.04, picture(width, height, k));
        return plan.output.slice();
      });
    });
    expect(runs[0]).toEqual(runs[1]);
    const n = plan.output.length / 3;
    expect(runs[0][0].every((value) => value === 0)).toBe(true);
    expect(runs[0][1].subarray(0, n).every((value) => value === 0)).toBe(true);
    expect(runs[0][2].subarray(0, n)).toEqual(runs[0][1].subarray(n, 2 * n));
  });

  it('forget at the same pace at 24, 25, 30, 50 and 60 frames per second', () => {
    // A picture changes for good: how much of the change is left in channel 2 after a second and after three.
    const left = [24, 25, 30, 50, 60].map((fps) => {
      const plan = new Rectifier(kernels, { width, height, format: 'gray8' }, { warps });
      const [a, b] = [picture(width, height, 0), picture(width, height, 1)];
      for (let k = 0; k < 2 * fps; k++) plan.run(1 / fps, a);
      const n = plan.output.length / 3;
      const levels: number[] = [];
      for (let k = 0; k <= 3 * fps; k++) {
        plan.run(1 / fps, b);
        if (k === 0 || k === fps || k === 3 * fps) levels.push(rms(plan.output.subarray(2 * n), new Float32Array(n)));
      }
      return [levels[1] / levels[0], levels[2] / levels[0]];
    });
    for (const [second, third] of left) {
      expect(second).toBeCloseTo(Math.exp(-1), 4);
      expect(third).toBeCloseTo(Math.exp(-3), 4);
    }
  });
});

const W = 96;
const H = 72;
const row = calibrationOf(W, H, fence(5, 20, 20, 14, 10, 24));
const slanted = calibrationOf(
  W,
  H,
  seen(
    [
      [5, 8, 0, 40],
      [16, 8, 2, 36],
      [29, 9, 0, 30],
    ],
    [
      [0, 40],
      [35, 40],
      [35, 0],
      [0, 0],
    ],
    [
      [20, 14],
      [74, 20],
      [80, 58],
      [10, 50],
    ],
  ),
);
const small = { rows: 16, cellWidth: 5 };
const noise = picture(W, H, 7);
const gray8 = { width: W, height: H, format: 'gray8' } as const;
const grayOf = (calibration: Calibration, bytes: Uint8Array, frame: FrameFormat = gray8): Float32Array =>
  rectified({ warps: barStrips(calibration, small) }, frame, bytes).views[0].gray.slice();

describe('what holds for any picture', () => {
  const pictures = fc.uint8Array({ minLength: W * H, maxLength: W * H });

  it('a constant picture stays constant', () => {
    for (const value of [0, 1, 127, 255]) {
      const expected = new Float32Array(2000).fill(value / 255);
      for (const calibration of [row, slanted]) {
        const gray = grayOf(calibration, new Uint8Array(W * H).fill(value));
        expect(farthest(gray, expected.subarray(0, gray.length))).toBeLessThan(5e-7); // 1.2e-7
      }
      const rgba = grayOf(slanted, new Uint8Array(4 * W * H).fill(value), { width: W, height: H });
      expect(farthest(rgba, expected.subarray(0, rgba.length))).toBeLessThan(5e-7);
    }
  });

  it('the warp is linear', () => {
    fc.assert(
      fc.property(pictures, pictures, (a, b) => {
        const half = a.map((value) => value >> 1);
        const other = b.map((value) => value >> 1);
        const sum = grayOf(
          slanted,
          half.map((value, i) => value + other[i]),
        );
        const [x, y] = [grayOf(slanted, half), grayOf(slanted, other)];
        expect(
          farthest(
            sum,
            x.map((value, i) => value + y[i]),
          ),
        ).toBeLessThan(3e-7); // 6e-8
      }),
      { numRuns: 20 },
    );
  });

  it('moving picture and bars by whole pixels changes nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: -6, max: 6 }), fc.integer({ min: -6, max: 6 }), (dx, dy) => {
        const shifted = new Uint8Array(W * H);
        for (let y = 0; y < H; y++)
          for (let x = 0; x < W; x++)
            shifted[y * W + x] = noise[Math.min(Math.max(y - dy, 0), H - 1) * W + Math.min(Math.max(x - dx, 0), W - 1)];
        // Bars far enough from the edges that no footprint meets them.
        const inner = calibrationOf(W, H, fence(3, 34, 26, 14, 10, 20));
        const a = grayOf(inner, noise);
        const b = grayOf(
          moved(inner, (x, y) => [x + dx, y + dy]),
          shifted,
        );
        expect(farthest(a, b)).toBeLessThan(0.002); // 0 here; a weight may round the other way
      }),
    );
  });

  it('a mirrored picture with mirrored bars gives the same strip; swapped low and high sides mirror it', () => {
    for (const calibration of [row, slanted]) {
      const strip = grayOf(calibration, noise);
      const mirrored = new Uint8Array(W * H);
      for (let y = 0; y < H; y++) for (let x = 0; x < W; x++) mirrored[y * W + x] = noise[y * W + W - 1 - x];
      expect(
        farthest(
          grayOf(
            moved(calibration, (x, y) => [W - x, y]),
            mirrored,
          ),
          strip,
        ),
      ).toBeLessThan(0.002); // 0
      const swapped = {
        ...calibration,
        bars: calibration.bars.map(({ midi, quad: [a, b, c, d] }) => ({
          midi: 127 - midi,
          quad: [b, a, d, c] as Quad,
        })),
      };
      const turned = grayOf(swapped, noise);
      const width = strip.length / small.rows;
      const back = turned.map((_, i) => turned[i - (i % width) + width - 1 - (i % width)]);
      expect(farthest(back, strip)).toBeLessThan(0.002); // 0
    }
  });

  it('strides, formats and what lies between the rows do not matter', () => {
    const plain = grayOf(slanted, noise);
    fc.assert(
      fc.property(fc.integer({ min: W, max: 3 * W }), fc.integer({ min: 0, max: 255 }), (stride, filler) => {
        const wide = new Uint8Array(stride * H).fill(filler);
        for (let y = 0; y < H; y++) wide.set(noise.subarray(y * W, (y + 1) * W), y * stride);
        expect(grayOf(slanted, wide, { ...gray8, stride })).toEqual(plain);
        expect(grayOf(slanted, wide, { ...gray8, format: 'nv12', range: 'full', stride })).toEqual(plain);
        const rgba = new Uint8Array(4 * stride * H).fill(filler);
        const bgra = new Uint8Array(4 * stride * H).fill(filler);
        for (let y = 0; y < H; y++) {
          for (let x = 0; x < W; x++) {
            const at = 4 * (y * stride + x);
            rgba.fill(noise[y * W + x], at, at + 3);
            bgra.fill(noise[y * W + x], at, at + 3);
          }
        }
        expect(grayOf(slanted, rgba, { width: W, height: H, stride: 4 * stride })).toEqual(plain);
        expect(grayOf(slanted, bgra, { width: W, height: H, format: 'bgra', stride: 4 * stride })).toEqual(plain);
      }),
      { numRuns: 20 },
    );
  });

  it('red, green and blue are weighed as the mode says, in either order', () => {
    for (const [channel, expected] of [0.299, 0.587, 0.114].entries()) {
      for (const format of ['rgba', 'bgra'] as const) {
        const bytes = new Uint8Array(4 * W * H);
        for (let i = 0; i < W * H; i++) bytes[4 * i + (format === 'rgba' ? channel : 2 - channel)] = 255;
        const gray = grayOf(row, bytes, { width: W, height: H, format });
        // Rounded to 8 bits before the warp.
        for (const value of gray) expect(Math.abs(value - expected)).toBeLessThan(0.5 / 255);
      }
    }
  });

  it('limited range: 16 is black, 235 is white', () => {
    for (const [luma, gray] of [
      [16, 0],
      [235, 1],
      [255, 239 / 219],
    ]) {
      const frame = { width: W, height: H, format: 'i420' } as const;
      for (const value of grayOf(row, new Uint8Array(W * H).fill(luma), frame)) expect(value).toBeCloseTo(gray, 6);
    }
  });

  it('frames of another size than the calibration are scaled to it', () => {
    const doubled = moved({ ...row, width: 2 * W, height: 2 * H }, (x, y) => [2 * x, 2 * y]);
    expect(farthest(grayOf(doubled, noise), grayOf(row, noise))).toBeLessThan(1e-6);
  });
});

describe('coverage', () => {
  it('is 1 inside, 0 outside, and a fraction on the edge; outside, the edge goes on', () => {
    // One bar 20 px wide in the middle of a left half: cells 30 px wide, so the strip reaches from -35 to 55.
    const one = calibrationOf(100, 100, fence(1, 10, 30, 30, 20, 40));
    const plan = new Rectifier(
      kernels,
      { width: 100, height: 100, format: 'gray8' },
      {
        warps: barStrips(one, { rows: 17, cellWidth: 3 }),
      },
    );
    for (let y = 0; y < 100; y++) for (let x = 0; x < 100; x++) plan.input[y * 100 + x] = x < 2 ? 40 : 200;
    plan.run(0.04);
    const [{ coverage, gray }] = plan.views;
    // Columns of 10 px from -35; rows of 4 px from 20: all in the picture.
    for (let j = 0; j < 17; j++) {
      expect([...coverage.subarray(9 * j, 9 * j + 9)]).toEqual([0, 0, 0, 0.5, 1, 1, 1, 1, 1]);
      for (let i = 0; i < 3; i++) expect(gray[9 * j + i]).toBeCloseTo(40 / 255, 6);
      for (let i = 5; i < 9; i++) expect(gray[9 * j + i]).toBeCloseTo(200 / 255, 6);
    }
  });
});

describe('the plan', () => {
  it('gives the same result on every run and from dirty memory, and never grows', () => {
    const options = { warps: barStrips(slanted, small) };
    const clean = new Rectifier(kernels, gray8, options);
    const dirty = new Rectifier(kernels, gray8, options);
    const { buffer } = dirty.input;
    for (let k = 0; k < 50; k++) dirty.run(0.02, picture(W, H, 100 + k));
    dirty.output.fill(NaN);
    dirty.views[0].gray.fill(NaN);
    dirty.reset();
    for (let k = 0; k < 5; k++) {
      for (const plan of [clean, dirty]) plan.run(0.04, picture(W, H, k));
      expect(dirty.output).toEqual(clean.output);
      expect(dirty.views[0].gray).toEqual(clean.views[0].gray);
    }
    expect(dirty.input.buffer).toBe(buffer);
    expect(dirty.output.buffer).toBe(buffer);
    expect(buffer.byteLength).toBeGreaterThan(0);
  });

  it('views of several rows and odd sizes do not disturb each other', () => {
    const two = calibrationOf(W, H, [...fence(5, 20, 40, 14, 10, 18), ...fence(4, 27, 14, 14, 10, 18)]);
    for (const [rows, cellWidth] of [
      [1, 1],
      [7, 3],
      [16, 5],
      [9, 12],
    ]) {
      const warps = barStrips(two, { rows, cellWidth });
      expect(warps.map(({ midi }) => midi)).toEqual([
        [60, 61, 62, 63, 64],
        [65, 66, 67, 68],
      ]);
      const both = new Rectifier(kernels, gray8, { warps });
      const alone = warps.map((warp) => new Rectifier(kernels, gray8, { warps: [warp] }));
      for (let k = 0; k < 3; k++) {
        for (const plan of [both, ...alone]) plan.run(0.04, picture(W, H, k));
        for (const [i, plan] of alone.entries()) {
          expect(both.views[i].output).toEqual(plan.output);
          expect(both.views[i].gray).toEqual(plan.views[0].gray);
        }
      }
    }
  });

  it('refuses what it cannot do, and says what it expected', () => {
    const warps = barStrips(row, small);
    const make =
      (options: unknown, frame: FrameFormat = gray8) =>
      () =>
        new Rectifier(kernels, frame, options as RectifierOptions);
    expect(make({ warps: [] })).toThrow(/expected a list of at least one/);
    expect(make({ warps: [{}] })).toThrow(TypeError);
    expect(make({ warps: [{ ...warps[0], width: 3 }] })).toThrow(RangeError);
    expect(make({ warps: [{ ...warps[0], mesh: warps[0].mesh.map(() => NaN) }] })).toThrow(RangeError);
    expect(make({ warps }, { ...gray8, stride: W - 1 })).toThrow(RangeError);
    for (const timeConstant of [0, -1, NaN]) expect(make({ warps, timeConstant })).toThrow(/expected seconds above 0/);
    const plan = new Rectifier(kernels, gray8, { warps });
    for (const interval of [0, -0.04, NaN, Infinity]) {
      expect(() => {
        plan.run(interval);
      }).toThrow(/expected seconds above 0/);
    }
    expect(() => {
      plan.run(0.04, new Uint8Array(W * H - 1));
    }).toThrow(RangeError);
    const gone = new Uint8Array(W * H);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    expect(() => {
      plan.run(0.04, gone);
    }).toThrow(RangeError);
  });

  it('never traps: 10,000 random sets of arguments', () => {
    const wild = fc.oneof(
      { weight: 12, arbitrary: fc.double({ min: -8, max: 40, noNaN: true }) },
      { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, 1e9, -1e308, 0, 32) },
    );
    const point = fc.tuple(wild, wild);
    const wildQuad = fc.tuple(point, point, point, point);
    const niceQuad = fc
      .tuple(
        fc.integer({ min: -4, max: 30 }),
        fc.integer({ min: -4, max: 30 }),
        fc.integer({ min: 1, max: 12 }),
        fc.boolean(),
      )
      .map(([x, y, size, flip]) => fence(1, x, y, 1, flip ? -size : size, 2 * size)[0]);
    const bars = fc.array(
      fc.record({
        midi: fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 0, max: 127 }) }, fc.constantFrom(-1, 0.5, NaN, 128)),
        quad: fc.oneof({ weight: 3, arbitrary: niceQuad }, { weight: 1, arbitrary: wildQuad }),
      }),
      { maxLength: 3 },
    );
    const side = fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: 1, max: 40 }) },
      fc.constantFrom(0, -1, NaN, 1e9, 2.5),
    );
    const sets = fc.record({
      bars,
      size: fc.tuple(side, side),
      frame: fc.record({
        width: side,
        height: side,
        format: fc.constantFrom('rgba', 'bgra', 'gray8', 'i420', 'nv12', 'png'),
        stride: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, fc.integer({ min: -1, max: 300 })),
      }),
      cellWidth: fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 1, max: 5 }) }, fc.constantFrom(0, NaN, 1e6)),
      rows: fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 1, max: 6 }) }, fc.constantFrom(0, -3, 1e6)),
    });
    let built = 0;
    fc.assert(
      fc.property(sets, ({ bars, size: [width, height], frame, cellWidth, rows }) => {
        try {
          const calibration = { format: 'deep-marimba/calibration@1', width, height, bars } as unknown as Calibration;
          const warps = barStrips(calibration, { cellWidth, rows });
          const plan = new Rectifier(kernels, frame as FrameFormat, { warps });
          plan.input.fill(200);
          for (let k = 0; k < 3; k++) plan.run(0.04);
          for (const { output, gray, coverage } of plan.views) {
            if (!output.every(Number.isFinite) || !gray.every(Number.isFinite)) throw new Error('Not finite.');
            if (!coverage.every((value) => value >= 0 && value <= 1)) throw new Error('Coverage outside 0..1.');
          }
          built++;
        } catch (error) {
          if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
          if (!error.message.includes('got'))
            throw new Error(`Says nothing of what it got: ${error.message}`, { cause: error });
        }
      }),
      { numRuns: 10_000 },
    );
    // Not all refused: the plans that are built run.
    expect(built).toBeGreaterThan(400);
  });
});
