// The simulator's kernels against the plainest loops that say the same: every pixel equal to the bit.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Canvas, type Shading } from '../../src/scene/canvas.js';
import { openStage, type StageMemory } from '../../src/scene/kernels.js';
import { Random } from '../../src/scene/random.js';

const [width, height] = [37, 23];
const size = width * height;
const shading: Shading = { ambient: 0.4, lamps: Float64Array.of(0.3, 0.5, 0.81, 0.7, -0.6, 0.2, 0.77, 0.3) };

type Shape = readonly [ax: number, ay: number, ar: number, bx: number, by: number, br: number];

/** Calls `paint` for every pixel within `soft` of the capsule: distances from its axis, radius there, and offsets. */
function walk(
  [ax, ay, ar, bx, by, br]: Shape,
  soft: number,
  paint: (pixel: number, squared: number, r: number, qx: number, qy: number) => void,
): void {
  const dx = bx - ax;
  const dy = by - ay;
  const inverse = 1 / (dx * dx + dy * dy + 1e-9);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const ex = x + 0.5 - ax;
      const ey = y + 0.5 - ay;
      const t = Math.min(1, Math.max(0, (ex * dx + ey * dy) * inverse));
      const qx = ex - t * dx;
      const qy = ey - t * dy;
      const r = ar + (br - ar) * t;
      const squared = qx * qx + qy * qy;
      if (squared < (r + soft) * (r + soft)) paint(y * width + x, squared, r, qx, qy);
    }
  }
}

function capsule(picture: Float32Array, shape: Shape, colour: Float64Array, soft: number, alpha: number): void {
  const { ambient, lamps } = shading;
  walk(shape, soft, (pixel, squared, r, qx, qy) => {
    const cover = Math.min(alpha, (r + soft - Math.sqrt(squared)) * (alpha / (2 * soft)));
    const nx = qx * (1 / (r + 0.3));
    const ny = -qy * (1 / (r + 0.3));
    const nz = Math.sqrt(Math.max(0, 1 - nx * nx - ny * ny));
    let light = ambient * (0.8 + 0.2 * nz);
    for (let l = 0; l < 8; l += 4) {
      light += Math.max(0, nx * lamps[l] + ny * lamps[l + 1] + nz * lamps[l + 2]) * lamps[l + 3];
    }
    for (const [k, c] of colour.entries()) {
      const o = k * size + pixel;
      picture[o] += cover * (c * light - picture[o]);
    }
  });
}

function shadow(picture: Float32Array, shape: Shape, channels: number, strength: number, soft: number): void {
  walk(shape, soft, (pixel, squared, r) => {
    const part = Math.min(1, (r + soft - Math.sqrt(squared)) / (2 * Math.min(r, soft)));
    const keep = 1 - strength * (part * part * (3 - 2 * part));
    for (let k = 0; k < channels; k++) picture[k * size + pixel] *= keep;
  });
}

function stage(channels: 1 | 3): { memory: StageMemory; sum: Canvas; one: Canvas } {
  const memory = openStage(width, height, channels);
  const random = new Random(7, 'plate');
  memory.views.plate.forEach((_, i, plate) => (plate[i] = random.unit()));
  const canvas = (layer: 'sum' | 'one'): Canvas => new Canvas(memory, layer, width, height, channels, shading);
  return { memory, sum: canvas('sum'), one: canvas('one') };
}

/** Index of the first value that is not the other's, or -1. */
const firstOther = (found: Float32Array, expected: Float32Array): number =>
  found.findIndex((value, i) => value !== expected[i]);

const across = fc.double({ min: -20, max: 60, noNaN: true });
const radius = fc.double({ min: 0.3, max: 9, noNaN: true });
const shapes = fc.tuple(across, across, radius, across, across, radius);
const softness = fc.double({ min: 0.5, max: 6, noNaN: true });
const share = fc.double({ min: 0.05, max: 1, noNaN: true });

describe.each([1, 3] as const)('canvas of %i planes', (channels) => {
  const { memory, sum, one } = stage(channels);
  const { plate, sum: drawn } = memory.views;
  const colour = Float64Array.of(0.8, 0.3, 0.1).subarray(0, channels);

  it('draws capsules and shadows, and takes them back', () => {
    fc.assert(
      fc.property(shapes, softness, share, fc.boolean(), (shape, soft, strength, dark) => {
        const expected = plate.slice();
        if (dark) {
          shadow(expected, shape, channels, strength, soft);
          sum.shadow(...shape, strength, soft);
        } else {
          capsule(expected, shape, colour, soft, strength);
          sum.capsule(...shape, colour, soft, strength);
        }
        expect(firstOther(drawn, expected)).toBe(-1);
        sum.reset();
        expect(firstOther(drawn, plate)).toBe(-1);
      }),
      { numRuns: 400 },
    );
  });

  it('adds a share of one picture to the other', () => {
    fc.assert(
      fc.property(shapes, shapes, softness, share, (first, second, soft, part) => {
        sum.capsule(...first, colour, soft);
        one.capsule(...second, colour, soft);
        const expected = drawn.slice();
        const more = memory.views.one;
        for (let i = 0; i < expected.length; i++) expected[i] += part * (more[i] - plate[i]);
        one.addTo(sum, part);
        expect(firstOther(drawn, expected)).toBe(-1);
        one.reset();
        sum.reset();
        expect(firstOther(drawn, plate)).toBe(-1);
        expect(firstOther(more, plate)).toBe(-1);
      }),
      { numRuns: 200 },
    );
  });

  it('moves a picture by parts of a pixel, its edges repeated', () => {
    const { views, at, exports } = memory;
    const { weights, shifted } = views;
    for (const [ix, iy] of [
      [0, 0],
      [-1, 2],
      [3, -2],
      [-50, 50],
    ]) {
      weights.set([0.1, 0.2, 0.3, 0.4]);
      const expected = new Float32Array(size);
      const from = (x: number, y: number): number =>
        plate[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))];
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const [u, v] = [x + ix, y + iy];
          expected[y * width + x] =
            from(u, v) * 0.1 + from(u + 1, v) * 0.2 + from(u, v + 1) * 0.3 + from(u + 1, v + 1) * 0.4;
        }
      }
      exports.sensorShift(at.plate, at.shifted, ix, iy, at.weights, width, height);
      expect(firstOther(shifted.subarray(0, size), expected)).toBe(-1);
    }
  });
});
