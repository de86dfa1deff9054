// Geometry of strips, keyboard views, layouts and homographies.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GT18 } from '../../src/notes.js';
import type { Point, Quad } from '../../src/types.js';
import { homography, project } from '../../src/video/homography.js';
import { keyboardView, layoutCorners, layoutRows, parseLayout, placeLayout } from '../../src/video/layout.js';
import { barStrips } from '../../src/video/strip.js';
import type { BarStrip } from '../../src/video/strip.js';
import golden from '../golden/rectify.json' with { type: 'json' };
import { calibrationOf, fence, moved, seen } from '../support/instruments.js';
import type { PlanBar } from '../support/instruments.js';
import { farthest } from '../support/pictures.js';

/** Point of a strip's mesh at a cell (fractions allowed where they fall on a column) and a row's upper edge. */
function at({ mesh, width, cellWidth }: BarStrip, cell: number, row: number): Point {
  const k = (row * (width + 1) + Math.round(cell * cellWidth)) * 2;
  return [mesh[k], mesh[k + 1]];
}

const close = (a: Point, b: Point, digits = 6): void => {
  expect(a[0]).toBeCloseTo(b[0], digits);
  expect(a[1]).toBeCloseTo(b[1], digits);
};

describe('homography', () => {
  it('agrees with OpenCV getPerspectiveTransform', () => {
    for (const { from, to, h } of golden.homographies) {
      expect(farthest(homography(from as unknown as Quad, to as unknown as Quad), h)).toBeLessThan(6e-14); // 1.4e-14
    }
  });

  it('refuses corners that have none', () => {
    const good: Quad = [[0, 0], [1, 0], [1, 1], [0, 1]]; // prettier-ignore
    expect(() => homography(good, [[0, 0], [1, 0], [2, 0], [0, 1]])).toThrow(/target corners: expected no three/); // prettier-ignore
    expect(() => homography([[0, 0], [0, 0], [0, 0], [0, 0]], good)).toThrow(RangeError); // prettier-ignore
  });
});

describe('barStrips', () => {
  it('gives every bar its cell: 12 columns, 48 rows, margins of 25 % and 45 %, an empty cell at either end', () => {
    // Bars 40 wide every 60, from y = 100 to 220: borders half-way, at 70, 130, 190 ..
    const [strip] = barStrips(calibrationOf(640, 360, fence(5, 100, 100, 60, 40, 120)));
    expect([strip.width, strip.height, strip.cellWidth]).toEqual([84, 48, 12]);
    expect(strip.midi).toEqual([60, 61, 62, 63, 64]);
    for (let cell = 0; cell <= 7; cell++) {
      close(at(strip, cell, 0), [10 + 60 * cell, 70]);
      close(at(strip, cell, 48), [10 + 60 * cell, 274]);
    }
    // The bar's own ends, a quarter and 1.25 lengths down of 1.7.
    close(at(strip, 1.5, 24), [100, 172]);
  });

  it('borders lie half-way between facing sides, centres stay centres, outer cells reach 3/4 of a width at most', () => {
    const quads = [...fence(2, 100, 100, 50, 40, 100), ...fence(1, 300, 100, 50, 60, 100)];
    const [strip] = barStrips(calibrationOf(640, 360, quads), { cellWidth: 4, rows: 17 });
    const y = 100 - 25;
    const expected = [75 - 50, 75, 100, 125, 150, 220, 300, 345, 345 + 125];
    for (const [i, cell] of [0, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5].entries()) close(at(strip, cell, 0), [expected[i], y]);
  });

  it('sees through perspective: a strip of bars on a plane is that plane, from any camera', () => {
    const bars: PlanBar[] = Array.from({ length: 6 }, (_, i) => [50 + 100 * i, 80, 0, 300]);
    const plan: Quad = [[0, 300], [600, 300], [600, 0], [0, 0]]; // prettier-ignore
    const shift = fc.integer({ min: -40, max: 40 });
    fc.assert(
      fc.property(fc.array(shift, { minLength: 8, maxLength: 8 }), fc.boolean(), (d, mirrored) => {
        const picture: Quad = [[200 + d[0], 150 + d[1]], [600 + d[2], 150 + d[3]], [680 + d[4], 400 + d[5]], [120 + d[6], 400 + d[7]]]; // prettier-ignore
        const calibration = calibrationOf(800, 600, seen(bars, plan, picture));
        const [strip] = barStrips(mirrored ? moved(calibration, (x, y) => [800 - x, y]) : calibration, {
          cellWidth: 2,
          rows: 17,
        });
        const back = homography(picture, plan);
        for (let row = 0; row <= 17; row++) {
          for (let cell = 0; cell <= 8; cell += 0.5) {
            const [x, y] = at(strip, cell, row);
            const point = project(back, mirrored ? 800 - x : x, y);
            close([point.x, point.y], [-100 + 100 * cell, 375 - 30 * row], 4);
          }
        }
      }),
    );
  });

  it('wobbly corners move the strip little: 1 px of error in any corner stays below a tenth of a cell on the bars', () => {
    const layout = parseLayout('gt18');
    const corners: Quad = [[180, 170], [1100, 190], [1210, 520], [60, 500]]; // prettier-ignore
    const truth = placeLayout(layout, corners, { width: 1280, height: 720 });
    const [good] = barStrips(truth);
    const unit = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(unit, { minLength: 144, maxLength: 144 }), (noise) => {
        let k = 0;
        const [strip] = barStrips(moved(truth, (x, y) => [x + noise[k++], y + noise[k++]]));
        for (let cell = 1; cell <= 19; cell += 0.5) {
          for (let row = 7; row <= 35; row++) {
            const [a, b] = [at(good, cell, row), at(strip, cell, row)];
            expect(Math.hypot(a[0] - b[0], a[1] - b[1])).toBeLessThan(6); // 3.0
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('refuses sizes that cannot be and bars that overlap', () => {
    const row = calibrationOf(640, 360, fence(3, 100, 100, 60, 40, 120));
    for (const size of [{ rows: 0 }, { rows: 513 }, { cellWidth: 0 }, { cellWidth: 1.5 }, { rows: NaN }]) {
      expect(() => barStrips(row, size)).toThrow(/whole number/);
    }
    const overlapping = calibrationOf(640, 360, [
      ...fence(1, 100, 100, 0, 100, 120),
      ...fence(1, 130, 100, 0, 20, 120),
    ]);
    expect(() => barStrips(overlapping)).toThrow(/beside each other, got C#4 and C4/);
  });
});

describe('layouts', () => {
  it('gt18 has the notes of GT18, bars that do not touch, and lengths that fall to 45 %', () => {
    const { bars } = parseLayout('gt18');
    expect(bars.map(({ midi }) => midi)).toEqual(GT18.map(({ midi }) => midi));
    for (let i = 1; i < bars.length; i++) {
      expect(bars[i].x - bars[i].width / 2).toBeGreaterThan(bars[i - 1].x + bars[i - 1].width / 2);
    }
    expect(bars[17].far / bars[0].far).toBeCloseTo(0.45, 2);
  });

  it('marimba-N has N naturals from C4', () => {
    expect(parseLayout('marimba-15').bars.map(({ midi }) => midi)).toEqual([60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79, 81, 83, 84]); // prettier-ignore
    expect(parseLayout('marimba-40').bars.at(-1)?.midi).toBe(127);
  });

  it('keyboard-LOW-HIGH has naturals in front and accidentals behind them', () => {
    const layout = parseLayout('keyboard-F2-C7');
    expect(layout.bars.map(({ midi }) => midi)).toEqual(Array.from({ length: 56 }, (_, i) => 41 + i));
    const [front, back] = layoutRows(layout);
    expect(front.length + back.length).toBe(56);
    expect([front.length, back.length]).toEqual([33, 23]);
    for (const { far } of front) expect(far).toBeLessThan(Math.min(...back.map(({ near }) => near)));
    const [farLow, farHigh, nearHigh, nearLow] = layoutCorners(layout);
    expect(farLow[0]).toBeGreaterThan(nearLow[0]);
    expect(farHigh[0]).toBeLessThan(nearHigh[0]);
    for (const bad of ['keyboard-C7-F2', 'keyboard-C4-D4', 'keyboard-C4']) expect(() => parseLayout(bad)).toThrow(); // prettier-ignore
  });

  it('reads JSON and refuses what is none', () => {
    const layout = parseLayout('gt18');
    expect(parseLayout(JSON.stringify(layout))).toEqual(layout);
    expect(parseLayout({ ...layout, bars: [...layout.bars].reverse() })).toEqual(layout);
    const [bar] = layout.bars;
    expect(() => parseLayout('piano')).toThrow(/gt18, marimba-N, keyboard-LOW-HIGH .+ or JSON, got "piano"/);
    for (const bad of ['marimba-0', 'marimba-41']) expect(() => parseLayout(bad)).toThrow(RangeError);
    for (const bad of [null, 7, {}, { ...layout, name: 1 }]) expect(() => parseLayout(bad)).toThrow(TypeError);
    for (const bars of [[], [bar, bar], [{ ...bar, width: 0 }], [{ ...bar, far: bar.near }], [{ ...bar, x: NaN }]]) {
      expect(() => parseLayout({ ...layout, bars })).toThrow(RangeError);
    }
    expect(() => parseLayout({ ...layout, bars: [{ midi: 60 }] })).toThrow(TypeError);
  });

  const picture = { width: 1280, height: 720 };
  const corners: Quad = [[180, 170], [1100, 190], [1210, 520], [60, 500]]; // prettier-ignore

  it('corners come back as the outer corners of the outer bars', () => {
    const { bars } = placeLayout(parseLayout('gt18'), corners, picture);
    for (const [corner, bar] of [[0, 0], [1, 17], [2, 17], [3, 0]]) close(bars[bar].quad[corner], corners[corner]); // prettier-ignore
  });

  it('the keyboard view shows the plan with its margins', () => {
    const layout = parseLayout('gt18');
    const { mesh, width, height } = keyboardView(layout, corners, picture);
    expect([width, height]).toEqual([128, 64]);
    const plan = layoutCorners(layout);
    const back = homography(corners, plan);
    const [left, right, far] = [plan[0][0], plan[1][0], plan[0][1]];
    for (const [i, j] of [
      [0, 0],
      [128, 0],
      [128, 64],
      [0, 64],
      [50, 20],
    ]) {
      // prettier-ignore
      const k = (j * 129 + i) * 2;
      const { x, y } = project(back, mesh[k], mesh[k + 1]);
      close([x, y], [left + (right - left) * (-0.06 + (1.12 * i) / 128), far * (1.2 - (1.65 * j) / 64)]);
    }
  });

  it('refuses corners that cannot be', () => {
    const layout = parseLayout('gt18');
    const view = (quad: unknown) => () => keyboardView(layout, quad as Quad, picture);
    expect(view([corners[0], corners[2], corners[1], corners[3]])).toThrow(/corners: expected.*convex/);
    expect(view([corners[0], corners[0], corners[0], corners[0]])).toThrow(/enclose an area/);
    expect(view(corners.slice(1))).toThrow(/four corners, got 3/);
    expect(view(corners.map(([x, y]) => [x + 1300, y]))).toThrow(/in the picture of 1280 x 720/);
    expect(view([[600, 100], [605, 101], [1200, 600], [10, 610]])).toThrow(/horizon/); // prettier-ignore
  });
});
