// Turning and rounding luma planes, pixel by pixel against the definition of the display matrix.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lumaDepth, orientationOf, placeLuma, rotationOf, type Orientation } from '../../../src/video/luma.js';

const orientations: readonly Orientation[] = [
  [1, 0, 0, 1],
  [0, 1, -1, 0],
  [-1, 0, 0, -1],
  [0, -1, 1, 0],
  [-1, 0, 0, 1],
  [0, 1, 1, 0],
  [1, 0, 0, -1],
  [0, -1, -1, 0],
];

describe('luma', () => {
  it('lands every pixel where the matrix says, whatever the padding and the depth', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...orientations),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 5 }),
        fc.constantFrom(8, 10, 12, 16),
        (orientation, width, height, padding, depth) => {
          const [a, b, c, d] = orientation;
          const wide = depth === 8 ? 1 : 2;
          const stride = (width + padding) * wide;
          const bytes = Buffer.alloc(stride * height, 0xee);
          const out = new Uint8Array(width * height);
          const columns = a === 0 ? height : width;
          const expected = new Uint8Array(width * height);
          const left = Math.min(0, a * (width - 1)) + Math.min(0, c * (height - 1));
          const top = Math.min(0, b * (width - 1)) + Math.min(0, d * (height - 1));
          const most = 2 ** depth - 1;
          for (let y = 0; y < height; y++) {
            for (let x = 0; x < width; x++) {
              const value = (x * 37 + y * 101 + ((x * y) % 3) * most) % (most + 1);
              if (depth === 8) bytes[y * stride + x] = value;
              else bytes.writeUInt16LE(value, y * stride + 2 * x);
              const at = (b * x + d * y - top) * columns + (a * x + c * y - left);
              expected[at] = Math.min(255, Math.round(value / 2 ** (depth - 8)));
            }
          }
          placeLuma({ bytes, stride, depth }, width, height, orientation, out);
          expect(out).toEqual(expected);
        },
      ),
    );
  });

  it('reads display matrices', () => {
    const matrix = (a: number, b: number, c: number, d: number): number[] =>
      [a, b, 0, c, d, 0, 0, 0, 16384].map((value) => value * 65536);
    const turns = orientations.map((o) => rotationOf(orientationOf(matrix(...o))));
    expect(turns.map(({ rotation }) => rotation)).toEqual([0, 90, 180, 270, 0, 270, 180, 90]);
    expect(turns.map(({ mirrored }) => mirrored)).toEqual([false, false, false, false, true, true, true, true]);
    expect(orientationOf(undefined)).toEqual([1, 0, 0, 1]);
    expect(orientationOf(matrix(0.7, 0.7, -0.7, 0.7))).toEqual([1, 0, 0, 1]);
    expect(orientationOf(matrix(0, 0, 0, 0))).toEqual([1, 0, 0, 1]);
  });

  it('knows which formats have a luma plane', () => {
    expect(
      ['yuv420p', 'yuvj422p', 'yuva420p', 'gray', 'yuv420p10le', 'yuv444p12le', 'gray16le'].map(lumaDepth),
    ).toEqual([8, 8, 8, 8, 10, 12, 16]);
    for (const other of ['rgb24', 'gbrp', 'nv12', 'yuyv422', 'pal8', 'yuv420p10be', 'p010le', '']) {
      expect(lumaDepth(other), other).toBeUndefined();
    }
  });
});
