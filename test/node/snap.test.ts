// Snap: from corners that are a little off and a layout whose proportions are wrong to the bars that are in the picture.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Family } from '../../src/scene/families.js';
import type { InstrumentKind } from '../../src/scene/instrument.js';
import type { Point, Quad } from '../../src/types.js';
import { parseCalibration } from '../../src/video/calibration.js';
import { parseLayout } from '../../src/video/layout.js';
import { medianOf, medianPicture } from '../../src/video/median-picture.js';
import { snapBars } from '../../src/video/snap.js';
import { nominalLayout, offsets, still } from '../support/stills.js';

/** Corners three pixels off, each its own way. */
const clicked = (corners: Quad, seed: number): Quad =>
  corners.map(([x, y], k): Point => {
    const angle = 2.4 * (seed + 3 * k);
    return [x + 3 * Math.cos(angle), y + 3 * Math.sin(angle)];
  }) as unknown as Quad;

describe('snapBars', () => {
  const scenes: readonly (readonly [InstrumentKind, Family, number])[] = [
    ['row', 'validation', 3],
    ['keyboard', 'validation', 4],
    ['toy', 'looks', 2],
    ['planks', 'validation', 5],
    ['cardboard', 'paper', 1],
    ['paper', 'paper', 8],
  ];
  it.each(scenes)('%s (%s %d): every bar within a sixth of its spacing', (instrument, family, seed) => {
    const { truth, picture } = still(seed, family, { instrument });
    const { bars } = truth.calibration;
    const layout = nominalLayout(bars.map(({ midi }) => midi));
    const snapped = snapBars(picture, clicked(truth.corners, seed), layout);
    expect(parseCalibration(snapped.calibration)).toEqual(snapped.calibration);
    expect(Math.max(...offsets(bars, snapped.calibration.bars))).toBeLessThan(1 / 6);
    expect(snapped.confidence).toBeGreaterThan(0.6);
  });

  it('says so when there is nothing to snap to', () => {
    const luma = new Uint8Array(320 * 180).fill(100);
    const flat = snapBars({ width: 320, height: 180, luma }, [[40, 60], [280, 70], [280, 120], [40, 140]], parseLayout('gt18')); // prettier-ignore
    expect(flat.confidence).toBeLessThan(0.1);
    let state = 1;
    const noise = luma.map(() => (state = (state * 16807) % 2147483647) % 256);
    const noisy = snapBars({ width: 320, height: 180, luma: noise }, [[40, 60], [280, 70], [280, 120], [40, 140]], parseLayout('gt18')); // prettier-ignore
    expect(noisy.confidence).toBeLessThan(0.5);
  });

  it('gives a calibration of all notes for any corners that enclose an area, or says what is wrong', () => {
    const luma = Uint8Array.from({ length: 160 * 90 }, (_, i) => ((i % 160) * 7 + Math.floor(i / 160) * 3) % 256);
    const x = fc.double({ min: -200, max: 400, noNaN: true });
    const point = fc.tuple(x, x);
    const layout = parseLayout('marimba-7');
    fc.assert(
      fc.property(fc.tuple(point, point, point, point), (corners) => {
        try {
          const { calibration, confidence, bars } = snapBars({ width: 160, height: 90, luma }, corners, layout);
          expect(calibration.bars.map(({ midi }) => midi)).toEqual(layout.bars.map(({ midi }) => midi));
          for (const sure of [confidence, ...bars]) {
            expect(sure).toBeGreaterThanOrEqual(0);
            expect(sure).toBeLessThanOrEqual(1);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          expect((error as Error).message).toMatch(/^corners: /);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('refuses what is no picture, no corners and no layout', () => {
    const corners: Quad = [[10, 10], [50, 10], [50, 30], [10, 30]]; // prettier-ignore
    const layout = parseLayout('marimba-7');
    const luma = new Uint8Array(64 * 36);
    expect(() => snapBars({ width: 64, height: 37, luma }, corners, layout)).toThrow(/expected 2368 bytes, got 2304/);
    expect(() => snapBars({ width: 64, height: 36, luma }, corners, layout, { clickError: 0 })).toThrow(/above 0/);
    expect(() => snapBars({ width: 64, height: 36, luma }, [...corners].reverse() as never, layout)).not.toThrow(TypeError); // prettier-ignore
    expect(() => snapBars({ width: 64, height: 36, luma }, corners, {} as never)).toThrow(TypeError);
  });
});

describe('medianPicture', () => {
  /** Frame k is of the value k, in memory that the next one overwrites. */
  const counting = (count: number, fps = 10) => ({
    width: 4,
    height: 2,
    read: 0,
    async *frames() {
      const luma = new Uint8Array(8);
      for (let k = 0; k < count; k++) {
        await Promise.resolve();
        this.read++;
        yield { time: k / fps, luma: luma.fill(k) };
      }
    },
  });

  it('is the median of frames spread over the clip', async () => {
    for (const count of [1, 2, 3, 11, 30, 100, 200]) {
      const { luma } = await medianPicture(counting(count));
      expect(Math.abs(luma[0] - (count - 1) / 2)).toBeLessThanOrEqual(Math.max(1, count / 20));
    }
  });

  it('reads no further than it was told', async () => {
    const source = counting(200);
    const { luma } = await medianPicture(source, { seconds: 5, frames: 5 });
    expect(source.read).toBe(52);
    expect(Math.abs(luma[7] - 25)).toBeLessThanOrEqual(3);
    await expect(medianPicture(counting(0))).rejects.toThrow('Expected at least one frame, got none.');
    await expect(medianPicture(counting(9), { frames: 4 })).rejects.toThrow(RangeError);
  });

  it('equals sorting, pixel by pixel', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 9 }),
        (pictures) => {
          const expected = pictures[0].map(
            (_, i) => pictures.map((one) => one[i]).sort((a, b) => a - b)[(pictures.length - 1) >> 1],
          );
          expect(medianOf(pictures)).toEqual(expected);
        },
      ),
    );
  });
});
