// FrameStack against foreign code, and against a float64 reference that the foreign code has confirmed first.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameStack } from '../../src/kernels/frame-stack.js';
import { compileKernels } from '../../src/kernels/module.js';
import { grayWeights } from '../../src/kernels/pixel-format.js';
import type { GrayMode, PixelFormat } from '../../src/kernels/pixel-format.js';
import type { ResizeMode } from '../../src/kernels/resize-tables.js';
import golden from '../golden/frame-stack.json' with { type: 'json' };
import {
  hashedPicture,
  largestDifference,
  nearestTwo,
  resizeReference,
  triangle,
} from '../support/resize-reference.js';

const kernels = compileKernels();

function decodeFloats(base64: string): Float32Array {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

/** Spreads RGB triples into four-byte pixels of the format, with noise in the alpha. */
function withAlpha(rgb: Uint8Array, format: 'rgba' | 'bgra'): Uint8Array {
  const out = new Uint8Array((rgb.length / 3) * 4);
  for (let i = 0; i < rgb.length / 3; i++) {
    const [r, g, b] = rgb.subarray(3 * i, 3 * i + 3);
    out.set(format === 'rgba' ? [r, g, b, i * 37] : [b, g, r, i * 91], 4 * i);
  }
  return out;
}

function grayOf(rgb: Uint8Array, mode: GrayMode): Float64Array {
  const [r, g, b] = grayWeights[mode];
  return Float64Array.from(
    { length: rgb.length / 3 },
    (_, i) => (r * rgb[3 * i] + g * rgb[3 * i + 1] + b * rgb[3 * i + 2]) / 255,
  );
}

/** The newest plane after one frame. */
function resized(
  bytes: Uint8Array,
  [width, height]: readonly [number, number],
  [outWidth, outHeight]: readonly [number, number],
  options: { format?: PixelFormat; gray?: GrayMode; range?: 'full' | 'limited'; stride?: number; resize?: ResizeMode },
): Float32Array {
  const { resize, ...frame } = options;
  const plan = new FrameStack(kernels, { width, height, ...frame }, { width: outWidth, height: outHeight, resize });
  return plan.run(bytes).slice(2 * outWidth * outHeight);
}

describe('FrameStack against foreign code', () => {
  for (const { width, height, outWidth, outHeight, gray, resize, expected } of golden.cases) {
    it(`${resize} ${gray ?? 'luma'} ${width}x${height} -> ${outWidth}x${outHeight}`, () => {
      const from = [width, height] as const;
      const to = [outWidth, outHeight] as const;
      const truth = decodeFloats(expected);
      const mode = resize as ResizeMode;
      const picture = hashedPicture(width, height, gray === null ? 1 : 3);
      // Measured: 1.8e-7, of which the truth's own rounding to float32 is up to 6e-8.
      const limit = 7e-7;
      if (gray === null) {
        expect(largestDifference(resized(picture, from, to, { format: 'gray8', resize: mode }), truth)).toBeLessThan(
          limit,
        );
      } else {
        for (const format of ['rgba', 'bgra'] as const) {
          const options = { format, gray: gray as GrayMode, resize: mode };
          expect(largestDifference(resized(withAlpha(picture, format), from, to, options), truth)).toBeLessThan(limit);
        }
      }
      const exact = gray === null ? Float64Array.from(picture, (y) => y / 255) : grayOf(picture, gray as GrayMode);
      const reference = resizeReference(exact, from, to, mode === 'bilinear' ? nearestTwo : triangle);
      expect(largestDifference(reference, truth)).toBeLessThan(limit);
    });
  }
});

describe('FrameStack against the float64 reference', () => {
  // Measured over all below: 3.4e-7.
  const limit = 1.4e-6;

  it.each([
    [1280, 720, 100, 100],
    [1920, 1080, 100, 100],
    [1279, 719, 101, 97],
    [4096, 64, 3, 64],
    [64, 4096, 64, 3],
    [4096, 512, 1, 1],
    [4096, 1, 100, 2],
    [2, 2, 4096, 3],
    [300, 301, 299, 300],
  ])('%i x %i -> %i x %i', (width, height, outWidth, outHeight) => {
    for (const format of ['rgba', 'gray8'] as const) {
      const luma = format === 'gray8';
      const picture = hashedPicture(width, height, luma ? 1 : 3);
      const exact = luma ? Float64Array.from(picture, (y) => y / 255) : grayOf(picture, 'bt709');
      const bytes = luma ? picture : withAlpha(picture, 'rgba');
      const result = resized(bytes, [width, height], [outWidth, outHeight], { format, gray: 'bt709' });
      const truth = resizeReference(exact, [width, height], [outWidth, outHeight], triangle);
      expect(largestDifference(result, truth)).toBeLessThan(limit);
    }
  });

  it('does not drift over the longest sums', () => {
    for (const format of ['rgba', 'gray8'] as const)
      for (const to of [
        [1, 1],
        [100, 100],
      ] as const) {
        const bytes = new Uint8Array(4096 * 4096 * (format === 'rgba' ? 4 : 1)).fill(201);
        const out = resized(bytes, [4096, 4096], to, { format });
        // Measured: 9.1e-7, all of it rounding in one direction.
        expect(
          largestDifference(
            out,
            out.map(() => 201 / 255),
          ),
        ).toBeLessThan(4e-6);
      }
  });

  it('holds for any size, up and down, and any stride', () => {
    const side = fc.integer({ min: 1, max: 70 });
    fc.assert(
      fc.property(
        fc.tuple(side, side),
        fc.tuple(side, side),
        fc.nat(40),
        fc.constantFrom<PixelFormat>('rgba', 'bgra', 'gray8'),
        fc.constantFrom<ResizeMode>('antialiased', 'bilinear'),
        fc.nat(),
        ([width, height], to, gap, format, resize, seed) => {
          const luma = format === 'gray8';
          const picture = hashedPicture(width, height, luma ? 1 : 3, seed);
          const dense = format === 'gray8' ? picture : withAlpha(picture, format === 'rgba' ? 'rgba' : 'bgra');
          const rowBytes = dense.length / height;
          const stride = rowBytes + gap;
          const bytes = new Uint8Array(stride * height).fill(255);
          for (let y = 0; y < height; y++) bytes.set(dense.subarray(y * rowBytes, (y + 1) * rowBytes), y * stride);
          const exact = luma ? Float64Array.from(picture, (y) => y / 255) : grayOf(picture, 'bt601');
          const filter = resize === 'bilinear' ? nearestTwo : triangle;
          const truth = resizeReference(exact, [width, height], to, filter);
          const result = resized(bytes, [width, height], to, { format, stride, resize });
          expect(largestDifference(result, truth)).toBeLessThan(limit);
          // What lies between the rows has no say, to the last bit.
          expect(result).toEqual(resized(dense, [width, height], to, { format, resize }));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('maps limited range, and clamps what lies outside it', () => {
    const [width, height] = [45, 31];
    const luma = hashedPicture(width, height, 1);
    for (const resize of ['antialiased', 'bilinear'] as const) {
      for (const to of [
        [7, 9],
        [60, 50],
      ] as const) {
        const filter = resize === 'bilinear' ? nearestTwo : triangle;
        const exact = Float64Array.from(luma, (y) => (y - 16) / 219);
        const truth = resizeReference(exact, [width, height], to, filter).map((v) => Math.min(1, Math.max(0, v)));
        const chroma = new Uint8Array(2 * 23 * 16).fill(200);
        const whole = new Uint8Array([...luma, ...chroma]);
        for (const format of ['i420', 'nv12'] as const) {
          expect(largestDifference(resized(whole, [width, height], to, { format, resize }), truth)).toBeLessThan(limit);
          // A lone luma plane is enough.
          expect(resized(luma, [width, height], to, { format, resize })).toEqual(
            resized(whole, [width, height], to, { format, resize }),
          );
        }
        const full = resizeReference(
          exact.map((v) => (v * 219 + 16) / 255),
          [width, height],
          to,
          filter,
        );
        const said = resized(luma, [width, height], to, { format: 'i420', range: 'full', resize });
        expect(largestDifference(said, full)).toBeLessThan(limit);
      }
    }
  });
});
