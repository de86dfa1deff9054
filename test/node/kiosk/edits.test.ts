// Edits of bars: what they keep, what they undo, what they refuse.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addBar,
  type Bars,
  calibrationOf,
  centre,
  drawnQuad,
  fieldCorners,
  findFlaw,
  moveAll,
  moveFieldCorner,
  movePart,
  nameBars,
  removeBar,
  scaledBars,
  scaleNotes,
  setNote,
} from '../../../src/kiosk/editor/edits.js';
import { History } from '../../../src/kiosk/editor/history.js';
import type { Point, Quad } from '../../../src/types.js';
import { homography, project } from '../../../src/video/homography.js';
import { parseLayout, placeLayout } from '../../../src/video/layout.js';

const picture = { width: 640, height: 360 };
const corners: Quad = [
  [60, 100],
  [560, 120],
  [520, 220],
  [90, 300],
];
const gt18 = placeLayout(parseLayout('gt18'), corners, picture).bars;

const near = (a: Point, b: Point): void => {
  expect(Math.hypot(a[0] - b[0], a[1] - b[1])).toBeLessThan(1e-6);
};

describe('moving', () => {
  it('moves one corner, one bar or all, and nothing else', () => {
    const corner = movePart(gt18, 3, 2, 5, -4);
    near(corner[3].quad[2], [gt18[3].quad[2][0] + 5, gt18[3].quad[2][1] - 4]);
    near(corner[3].quad[1], gt18[3].quad[1]);
    expect(corner.filter((bar, i) => bar !== gt18[i])).toHaveLength(1);
    near(centre(movePart(gt18, 3, 'bar', 5, -4)[3].quad), [centre(gt18[3].quad)[0] + 5, centre(gt18[3].quad)[1] - 4]);
    for (const [i, bar] of moveAll(gt18, 7, 8).entries()) {
      near(centre(bar.quad), [centre(gt18[i].quad)[0] + 7, centre(gt18[i].quad)[1] + 8]);
    }
  });

  it('finds the outer corners of the field', () => {
    const field = fieldCorners(gt18)!;
    for (const [i, corner] of field.entries()) near(corner, corners[i]);
    expect(fieldCorners([])).toBeUndefined();
  });

  it('finds them in two rows, whatever their order in the list', () => {
    const naturals = moveAll(gt18, 0, 60).map((bar) => ({ ...bar, midi: bar.midi - 50 }));
    const field = fieldCorners([...naturals, ...gt18].reverse())!;
    near(field[0], gt18[0].quad[0]);
    near(field[1], gt18[17].quad[1]);
    near(field[2], naturals[17].quad[2]);
    near(field[3], naturals[0].quad[3]);
  });

  it('takes every bar along when a corner of the field moves, as a homography does', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 2, 3), fc.double({ min: -30, max: 30, noNaN: true }), (corner, shift) => {
        const to: Point = [corners[corner][0] + shift, corners[corner][1] - shift / 2];
        const moved = moveFieldCorner(gt18, corner, to);
        const h = homography(corners, corners.map((point, i) => (i === corner ? to : point)) as unknown as Quad);
        for (const [i, { quad }] of moved.entries()) {
          for (const [k, point] of quad.entries()) {
            const { x, y } = project(h, ...gt18[i].quad[k]);
            near(point, [x, y]);
          }
        }
      }),
    );
  });

  it('leaves bars as they are where a corner cannot go', () => {
    expect(moveFieldCorner(gt18, 0, [900, 500])).toBe(gt18);
  });
});

describe('adding and removing', () => {
  it('adds any number of bars, each a calibration', () => {
    let bars: Bars = [];
    for (let count = 1; count <= 8; count++) {
      bars = addBar(bars, picture);
      if (count === 1) bars = movePart(bars, 0, 'bar', -250, 0);
      expect(bars).toHaveLength(count);
      expect(findFlaw(bars, picture)).toBeUndefined();
    }
    expect(new Set(bars.map(({ midi }) => midi)).size).toBe(8);
  });

  it('adds beside the chosen bar without covering another', () => {
    const bars = addBar(gt18, picture, 4);
    const [x, y] = centre(bars[18].quad);
    for (const { quad } of gt18) expect(Math.hypot(centre(quad)[0] - x, centre(quad)[1] - y)).toBeGreaterThan(5);
  });

  it('draws a bar along the others, from any corner to the opposite one', () => {
    const quad = drawnQuad(gt18, [100, 100], [130, 200], 2)!;
    const back = drawnQuad(gt18, [130, 200], [100, 100], 2)!;
    for (const [i, point] of quad.entries()) near(point, back[i]);
    expect(findFlaw([{ midi: 60, quad }], picture)).toBeUndefined();
    expect(drawnQuad(gt18, [100, 100], [101, 100], 2)).toBeUndefined();
  });

  it('removes one', () => {
    expect(removeBar(gt18, 5).map(({ midi }) => midi)).toEqual(gt18.map(({ midi }) => midi).filter((_, i) => i !== 5));
  });
});

describe('notes', () => {
  it('swaps rather than doubling', () => {
    const bars = setNote(gt18, 0, gt18[4].midi);
    expect(bars[4].midi).toBe(gt18[0].midi);
    expect(findFlaw(setNote(gt18, 0, 20), picture)).toBeUndefined();
    expect(() => setNote(gt18, 0, 128)).toThrow(RangeError);
  });

  it('names bars from the low end up, whatever their order', () => {
    const shuffled = [...gt18].reverse();
    const named = nameBars(shuffled, 'white keys', 60);
    expect([...named].reverse().map(({ midi }) => midi)).toEqual(scaleNotes('white keys', 60, 18));
    expect(scaleNotes('white keys', 60, 8)).toEqual([60, 62, 64, 65, 67, 69, 71, 72]);
    expect(nameBars(gt18, 'black keys', 66).map(({ midi }) => midi)).toEqual(gt18.map(({ midi }) => midi));
    expect(() => nameBars(gt18, 'black keys', 100)).toThrow(/start lower/);
  });
});

describe('what is wrong', () => {
  it('names the bar that is to blame', () => {
    const twisted = movePart(gt18, 7, 0, 120, 0);
    expect(findFlaw(twisted, picture)).toMatchObject({ bar: 7 });
    expect(findFlaw(moveAll(gt18, 700, 0), picture)?.message).toMatch(/in the picture/);
    expect(findFlaw([], picture)?.message).toBe('There are no bars yet.');
    expect(findFlaw([gt18[0], { ...gt18[1], midi: gt18[0].midi }], picture)?.message).toMatch(/each note once/);
  });

  it('scales to another picture and back', () => {
    const calibration = calibrationOf(gt18, picture);
    const doubled = calibrationOf(scaledBars(calibration, { width: 1280, height: 720 }), { width: 1280, height: 720 });
    expect(scaledBars(doubled, picture)).toEqual(calibration.bars);
  });
});

describe('history', () => {
  it('undoes and redoes any sequence of steps', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { maxLength: 30 }), fc.nat(30), (values, back) => {
        const history = new History(-1);
        const states = [-1];
        for (const value of values) {
          history.push(value);
          if (value !== states.at(-1)) states.push(value);
        }
        const steps = Math.min(back, states.length - 1);
        for (let i = 0; i < steps; i++) history.undo();
        expect(history.present).toBe(states[states.length - 1 - steps]);
        expect(history.canUndo).toBe(steps < states.length - 1);
        for (let i = 0; i < steps; i++) history.redo();
        expect(history.present).toBe(states.at(-1));
        expect(history.canRedo).toBe(false);
      }),
    );
  });

  it('takes a gesture for one step', () => {
    const history = new History(0);
    const drag = {};
    for (const value of [1, 2, 3]) history.push(value, drag);
    history.push(4, {});
    history.undo();
    expect(history.present).toBe(3);
    history.undo();
    expect(history.present).toBe(0);
  });
});
