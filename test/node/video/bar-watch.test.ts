// Bars that are bumped, and bars that are played: simulated players, the picture shifted half-way through.
import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernels, type Kernels } from '../../../src/kernels/module.js';
import { scene } from '../../../src/scene/scene.js';
import { BarWatch, type BarVerdict } from '../../../src/video/bar-watch.js';

const [width, height] = [320, 180];
let kernels: Kernels;
beforeAll(async () => {
  kernels = await loadKernels();
});

/** Moves a picture; what comes in from outside is its edge. */
function moved(pixels: Uint8Array, dx: number, dy: number): Uint8Array {
  const out = new Uint8Array(pixels.length);
  const inside = (value: number, size: number): number => Math.min(size - 1, Math.max(0, value));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      out[y * width + x] = pixels[inside(y - dy, height) * width + inside(x - dx, width)];
    }
  }
  return out;
}

/** Watches a simulated player; from the middle on, the picture is `share` of a bar's spacing and length elsewhere. */
function watch(seed: number, share: readonly [across: number, along: number], light = 1): BarVerdict[] {
  const seconds = 36;
  const { truth, frames } = scene(seed, 'validation', { width, height, seconds, fps: 25, mix: 'music' });
  const { calibration } = truth;
  const bars = new BarWatch(kernels, calibration, { width, height, format: 'gray8' });
  const [a, b] = [calibration.bars[0].quad, calibration.bars[1].quad];
  const across = [b[0][0] - a[0][0], b[0][1] - a[0][1]].map((d) => d * share[0]);
  const along = [a[3][0] - a[0][0], a[3][1] - a[0][1]].map((d) => d * share[1]);
  const [dx, dy] = [0, 1].map((axis) => Math.round(across[axis] + along[axis]));
  const verdicts: BarVerdict[] = [];
  for (let k = 0; k < (25 * seconds) / 20; k++) {
    const { pixels } = [...frames(20 * k, 20 * k + 1)][0];
    const late = k >= (25 * seconds) / 40;
    const lit = late && light !== 1 ? pixels.map((value) => Math.min(255, value * light)) : pixels;
    const verdict = bars.push(late ? moved(lit, dx, dy) : lit);
    if (verdict) verdicts.push(verdict);
  }
  return verdicts;
}

// Measured once on 20 seeds: undisturbed, agreement never falls below 0.63 and nothing is reported; moved by 0.35 of the spacing,
// 0.7, 1.2, by 0.35 of a bar's length, and by 0.3 and 0.2 of both, 19, 20, 19, 20 and 19 of 20 are.
describe('BarWatch', () => {
  it.each([0, 1])('leaves a player alone, also when the light changes (seed %i)', (seed) => {
    const verdicts = watch(seed, [0, 0], 0.6);
    expect(verdicts.length).toBe(8);
    for (const { agreement, moved: bumped, shift } of verdicts) {
      expect(bumped).toBe(false);
      expect(agreement).toBeGreaterThan(0.5);
      expect(Math.abs(shift.across) + Math.abs(shift.along)).toBeLessThan(1 / 6);
    }
  });

  it('tells once that bars have been moved, and how far', () => {
    const verdicts = watch(1, [0.35, 0]);
    expect(verdicts.filter(({ moved: bumped }) => bumped).length).toBe(1);
    expect(Math.abs(verdicts.at(-1)!.shift.across - 0.35)).toBeLessThan(0.2);
    expect(verdicts.at(-1)!.agreement).toBeLessThan(0.3);
  });

  it('keeps a picture of what stands still', () => {
    const { calibration } = scene(3, 'validation', { width, height, seconds: 1 }).truth;
    const bars = new BarWatch(kernels, calibration, { width, height, format: 'gray8' });
    const still = Uint8Array.from({ length: width * height }, (_, i) => (i * 7) % 256);
    // A hand over part of it in two of five.
    for (let k = 0; k < 5; k++) bars.push(k === 1 || k === 3 ? still.map((v, i) => (i < 9000 ? 255 : v)) : still);
    expect(bars.picture()).toEqual(still);
  });
});
