// What a FrameStack promises whatever the pixels: invariances, the ring, memory, and refusals.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameStack } from '../../src/kernels/frame-stack.js';
import type { SpaceTimeImageFormat } from '../../src/kernels/frame-stack.js';
import { compileKernels } from '../../src/kernels/module.js';
import type { FrameFormat, PixelFormat } from '../../src/kernels/pixel-format.js';
import type { ResizeMode } from '../../src/kernels/resize-tables.js';
import { hashedPicture, largestDifference } from '../support/resize-reference.js';

const kernels = compileKernels();

const side = fc.integer({ min: 1, max: 48 });
const anyPlan = fc.record({
  width: side,
  height: side,
  outWidth: fc.integer({ min: 1, max: 30 }),
  outHeight: fc.integer({ min: 1, max: 60 }),
  format: fc.constantFrom<PixelFormat>('rgba', 'bgra', 'gray8', 'i420', 'nv12'),
  resize: fc.constantFrom<ResizeMode>('antialiased', 'bilinear'),
  seed: fc.nat(),
});
type AnyPlan = typeof anyPlan extends fc.Arbitrary<infer T> ? T : never;

function open(p: AnyPlan, order: 'planar' | 'interleaved' = 'planar'): FrameStack {
  const { width, height, format, resize } = p;
  return new FrameStack(kernels, { width, height, format }, { width: p.outWidth, height: p.outHeight, resize, order });
}

const noise = (p: AnyPlan, seed = p.seed): Uint8Array => {
  const channels = p.format === 'rgba' || p.format === 'bgra' ? 4 : 1;
  return hashedPicture(p.width, p.height, channels, seed);
};

/** The newest plane a fresh plan makes of one frame. */
const plane = (p: AnyPlan, bytes: Uint8Array): Float32Array =>
  open(p)
    .run(bytes)
    .slice(2 * p.outWidth * p.outHeight);

describe('FrameStack pictures', () => {
  it('keeps a constant picture constant', () => {
    fc.assert(
      fc.property(anyPlan, fc.nat(255), (p, level) => {
        // Enlarging in bilinear mode blends the edge with black, as scikit-image 0.13 did.
        fc.pre(p.resize === 'antialiased' || (p.outWidth <= p.width && p.outHeight <= p.height));
        const limited = p.format === 'i420' || p.format === 'nv12';
        const value = limited ? Math.min(1, Math.max(0, (level - 16) / 219)) : level / 255;
        const out = plane(p, noise(p).fill(level));
        // Measured: 1.2e-7.
        expect(
          largestDifference(
            out,
            out.map(() => value),
          ),
        ).toBeLessThan(1.2e-6);
      }),
      { numRuns: 300 },
    );
  });

  it('stays within 0..1 and finite for any bytes', () => {
    fc.assert(
      fc.property(anyPlan, (p) => {
        const plan = open(p);
        plan.input.set(hashedPicture(plan.input.length, 1, 1, p.seed));
        expect(plan.run().every((v) => v >= 0 && v <= 1)).toBe(true);
      }),
    );
  });

  it('is linear', () => {
    fc.assert(
      fc.property(anyPlan, fc.nat(), (p, seed) => {
        fc.pre(p.format === 'rgba' || p.format === 'bgra' || p.format === 'gray8');
        const a = noise(p).map((v) => v >> 1);
        const b = noise(p, seed).map((v) => v >> 1);
        const sum = plane(
          p,
          a.map((v, i) => v + b[i]),
        );
        const [fa, fb] = [plane(p, a), plane(p, b)];
        // Measured: 1.2e-7.
        expect(
          largestDifference(
            sum,
            fa.map((v, i) => v + fb[i]),
          ),
        ).toBeLessThan(5e-7);
      }),
    );
  });

  it('turns with the picture when it is flipped', () => {
    fc.assert(
      fc.property(anyPlan, (p) => {
        const bytes = noise(p);
        const size = bytes.length / (p.width * p.height);
        const turned = new Uint8Array(bytes.length);
        for (let i = 0; i < p.width * p.height; i++)
          turned.set(bytes.subarray(i * size, (i + 1) * size), bytes.length - (i + 1) * size);
        // Measured: 1.8e-7.
        expect(largestDifference(plane(p, turned), plane(p, bytes).reverse())).toBeLessThan(7e-7);
      }),
    );
  });

  it('makes the same of RGBA, BGRA and any alpha, to the last bit', () => {
    fc.assert(
      fc.property(anyPlan, (p) => {
        const rgba = hashedPicture(p.width, p.height, 4, p.seed);
        const bgra = rgba.slice();
        for (let i = 0; i < rgba.length; i += 4) bgra.set([rgba[i + 2], rgba[i + 1], rgba[i], 255 - rgba[i + 3]], i);
        expect(plane({ ...p, format: 'bgra' }, bgra)).toEqual(plane({ ...p, format: 'rgba' }, rgba));
      }),
    );
  });
});

describe('FrameStack ring', () => {
  it('holds the last three frames, oldest first, whatever came before', () => {
    fc.assert(
      fc.property(anyPlan, fc.array(fc.nat(), { minLength: 1, maxLength: 12 }), fc.boolean(), (p, seeds, reset) => {
        const plan = open(p);
        const triples = open(p, 'interleaved');
        if (reset) {
          // Dirty memory: another clip first, of the largest and smallest values there are.
          for (const level of [255, 0, 255, 255]) for (const q of [plan, triples]) q.run(noise(p).fill(level));
          plan.reset();
          triples.reset();
          expect(plan.frames).toBe(0);
        }
        const planes = seeds.map((seed) => plane(p, noise(p, seed)));
        const count = p.outWidth * p.outHeight;
        seeds.forEach((seed, k) => {
          const out = plan.run(noise(p, seed));
          expect(plan.frames).toBe(k + 1);
          expect(out).toBe(plan.output);
          const channels = [2, 1, 0].map((age) => planes[Math.max(0, k - age)]);
          channels.forEach((expected, c) => {
            expect(largestDifference(out.subarray(c * count, (c + 1) * count), expected)).toBe(0);
          });
          const interleaved = triples.run(noise(p, seed));
          const expected = interleaved.map((_, i) => channels[i % 3][Math.floor(i / 3)]);
          expect(largestDifference(interleaved, expected)).toBe(0);
        });
      }),
    );
  });

  it('reads zeros before the first frame', () => {
    for (const order of ['planar', 'interleaved'] as const) {
      const plan = new FrameStack(kernels, { width: 4, height: 4 }, { width: 3, height: 2, order });
      expect(plan.output).toEqual(new Float32Array(18));
      expect(plan.frames).toBe(0);
    }
  });

  it('takes a frame written in place, and leaves it there', () => {
    const plan = new FrameStack(kernels, { width: 40, height: 30 }, { width: 10, height: 10 });
    const bytes = hashedPicture(40, 30, 4);
    plan.input.set(bytes);
    const first = plan.run().slice();
    expect(plan.input).toEqual(bytes);
    expect(plan.run()).toEqual(first);
  });

  it('never grows or moves its memory', () => {
    const plan = new FrameStack(kernels, { width: 64, height: 48 }, { width: 20, height: 20 });
    const { input } = plan;
    const { buffer } = input;
    const views = new Set<Float32Array>();
    for (let k = 0; k < 1000; k++) views.add(plan.run());
    expect(plan.input).toBe(input);
    expect(input.buffer).toBe(buffer);
    expect(buffer.byteLength).toBeGreaterThan(0);
    expect(views.size).toBe(3);
    for (const view of views) expect(view.buffer).toBe(buffer);
  });
});

describe('FrameStack refuses', () => {
  const frame: FrameFormat = { width: 16, height: 9 };
  const image: SpaceTimeImageFormat = { width: 4, height: 4 };
  const make =
    (f: object | null | undefined, i: object | null | undefined = image) =>
    () =>
      new FrameStack(kernels, f as FrameFormat, i as SpaceTimeImageFormat);

  it.each([
    [{ ...frame, width: 0 }, RangeError, 'width: expected a whole number in 1..8192, got 0.'],
    [{ ...frame, height: 2.5 }, RangeError, 'height: expected a whole number in 1..8192, got 2.5.'],
    [{ ...frame, width: NaN }, RangeError, 'width: expected a whole number in 1..8192, got NaN.'],
    [{ ...frame, width: 8193 }, RangeError, 'width: expected a whole number in 1..8192, got 8193.'],
    [{ ...frame, width: '16' }, TypeError, "width: expected a number, got '16'."],
    [{ height: 9 }, TypeError, 'width: expected a number, got undefined.'],
    [{ ...frame, stride: 63 }, RangeError, 'stride: expected a whole number in 64..1048576, got 63.'],
    [{ ...frame, format: 'rgb' }, RangeError, "format: expected one of rgba, bgra, gray8, i420, nv12, got 'rgb'."],
    [{ ...frame, gray: 'bt2020' }, RangeError, "gray: expected one of bt601, bt709, skimage, got 'bt2020'."],
    [{ ...frame, gray: 1 }, TypeError, 'gray: expected a string, got 1.'],
    [{ ...frame, format: 'i420', gray: 'skimage' }, RangeError, /because i420 is luma already/],
    [{ ...frame, range: 'limited' }, RangeError, /because rgba has no luma plane/],
    [{ ...frame, range: 'tv' }, RangeError, "range: expected one of limited, full, got 'tv'."],
    [null, TypeError, 'frame: expected an object with width and height, got null.'],
    [undefined, TypeError, 'frame: expected an object with width and height, got undefined.'],
  ])('frame %j', (bad, type, message) => {
    expect(make(bad)).toThrow(type);
    expect(make(bad)).toThrow(message);
  });

  it.each([
    [{ ...image, width: -1 }, RangeError, 'image.width: expected a whole number in 1..8192, got -1.'],
    [{ ...image, height: Infinity }, RangeError, 'image.height: expected a whole number in 1..8192, got Infinity.'],
    [{ ...image, resize: 'area' }, RangeError, "image.resize: expected one of antialiased, bilinear, got 'area'."],
    [{ ...image, order: 'nhwc' }, RangeError, "image.order: expected one of planar, interleaved, got 'nhwc'."],
    [{ ...image, order: {} }, TypeError, 'image.order: expected a string, got object.'],
    [null, TypeError, 'image: expected an object with width and height, got null.'],
  ])('image %j', (bad, type, message) => {
    expect(make(frame, bad)).toThrow(type);
    expect(make(frame, bad)).toThrow(message);
  });

  it('what would not fit in memory', () => {
    expect(make({ width: 8192, height: 8192 }, { width: 8192, height: 8192 })).toThrow(RangeError);
  });

  it('frames of the wrong length or type, and those whose buffer was transferred away', () => {
    const plan = new FrameStack(kernels, { ...frame, stride: 70 }, image);
    const message = /expected 624\.\.630 bytes \(rgba 16x9, stride 70\), got /;
    for (const length of [0, 623, 631]) {
      expect(() => plan.run(new Uint8Array(length))).toThrow(RangeError);
      expect(() => plan.run(new Uint8Array(length))).toThrow(message);
    }
    const gone = new Uint8Array(630);
    structuredClone(gone, { transfer: [gone.buffer] });
    expect(() => plan.run(gone)).toThrow(message);
    for (const wrong of [[1, 2, 3], new Uint16Array(630), new ArrayBuffer(630), 'frame', null])
      expect(() => plan.run(wrong as never)).toThrow(TypeError);
    expect(plan.frames).toBe(0);
    expect(plan.run(new Uint8ClampedArray(630)).length).toBe(48);
  });

  it('or works: 10,000 random argument sets, nothing else is thrown and nothing traps', () => {
    const odd = fc.constantFrom<unknown>(
      undefined,
      null,
      NaN,
      Infinity,
      -Infinity,
      -1,
      0,
      0.5,
      2 ** 31,
      2 ** 53,
      1n,
      '7',
      'rgba',
      true,
      {},
      [],
      Symbol('s'),
      () => 0,
    );
    const mostly = (good: fc.Arbitrary<unknown>) =>
      fc.oneof({ weight: 12, arbitrary: good }, { weight: 1, arbitrary: odd });
    const small = fc.integer({ min: 1, max: 40 });
    const fields = { width: mostly(small), height: mostly(small) };
    const frames = fc.record(
      {
        ...fields,
        format: mostly(fc.constantFrom('rgba', 'bgra', 'gray8', 'i420', 'nv12')),
        stride: mostly(fc.integer({ min: 1, max: 400 })),
        gray: mostly(fc.constantFrom('bt601', 'bt709', 'skimage')),
        range: mostly(fc.constantFrom('limited', 'full')),
      },
      { requiredKeys: ['width', 'height'] },
    );
    const images = fc.record(
      {
        ...fields,
        resize: mostly(fc.constantFrom('antialiased', 'bilinear')),
        order: mostly(fc.constantFrom('planar', 'interleaved')),
      },
      { requiredKeys: ['width', 'height'] },
    );
    let worked = 0;
    let refused = 0;
    fc.assert(
      fc.property(mostly(frames), mostly(images), (f, i) => {
        let plan: FrameStack;
        try {
          plan = new FrameStack(kernels, f as FrameFormat, i as SpaceTimeImageFormat);
        } catch (error) {
          if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
          if (!/: expected .* got /.test(error.message)) throw error;
          refused++;
          return;
        }
        plan.input.fill(255);
        expect(plan.run().every((v) => v >= 0 && v <= 1)).toBe(true);
        worked++;
      }),
      { numRuns: 10_000 },
    );
    expect(worked).toBeGreaterThan(1500);
    expect(refused).toBeGreaterThan(1500);
  });
});
