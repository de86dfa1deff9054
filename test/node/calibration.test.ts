// Calibrations: what is read, what is refused and why, and which bars lie in which row.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Quad } from '../../src/types.js';
import { calibrationRows, formatCalibration, parseCalibration } from '../../src/video/calibration.js';
import { calibrationOf, fence, moved, seen } from '../support/instruments.js';
import type { PlanBar } from '../support/instruments.js';

const row = calibrationOf(640, 360, fence(5, 100, 100, 60, 40, 120));

describe('reading and writing', () => {
  it('text and content come back as they were', () => {
    expect(parseCalibration(formatCalibration(row))).toEqual(row);
    expect(parseCalibration(JSON.parse(formatCalibration(row)))).toEqual(row);
    const named = { ...row, bars: row.bars.map((bar) => ({ ...bar, row: 1 })) };
    expect(parseCalibration(formatCalibration(named))).toEqual(named);
    const more = { ...row, extra: 1, bars: row.bars.map((bar) => ({ ...bar, colour: 'red' })) };
    expect(parseCalibration(more)).toEqual(row);
  });

  const withBar = (bar: object): object => ({ ...row, bars: [...row.bars.slice(1), { ...row.bars[0], ...bar }] });
  const box = (x: number, y: number, w: number, h: number): number[][] => [
    [x, y],
    [x + w, y],
    [x + w, y + h],
    [x, y + h],
  ];
  it.each<[string, unknown, ErrorConstructor | RangeErrorConstructor | TypeErrorConstructor, RegExp]>([
    ['no JSON', 'bars', TypeError, /is JSON, got "bars"/],
    ['another format', { ...row, format: 'deep-marimba/events@1' }, TypeError, /calibration@1.*got.*events@1/],
    ['nothing', null, TypeError, /got null/],
    ['no width', { ...row, width: undefined }, RangeError, /width is a whole number.*got nothing/],
    ['a broken height', { ...row, height: 360.5 }, RangeError, /height.*got 360.5/],
    ['no list of bars', { ...row, bars: {} }, TypeError, /list of bars, got {}/],
    ['no bars', { ...row, bars: [] }, RangeError, /at least one bar, got none/],
    ['a bar that is none', { ...row, bars: [7] }, TypeError, /midi and a quad, got 7/],
    ['a note too high', withBar({ midi: 128 }), RangeError, /0\.\.127, got 128/],
    ['a note twice', withBar({ midi: 62 }), RangeError, /two bars for bar D4 \(62\)/],
    ['three corners', withBar({ quad: box(10, 10, 9, 9).slice(1) }), TypeError, /C4.*four corners, got 3/],
    ['a corner of text', withBar({ quad: [['1', 2], [2, 2], [2, 3], [1, 3]] }), TypeError, /\[x, y\] in pixels/], // prettier-ignore
    ['NaN', withBar({ quad: [[NaN, 2], [2, 2], [2, 3], [1, 3]] }), RangeError, /finite corners, got \[NaN, 2\]/], // prettier-ignore
    ['no area', withBar({ quad: box(10, 10, 0, 0) }), RangeError, /enclose an area/],
    ['a line', withBar({ quad: box(10, 10, 0, 50) }), RangeError, /enclose an area/],
    ['three corners in a line', withBar({ quad: [[0, 0], [5, 0], [10, 0], [5, 9]] }), RangeError, /in a line/], // prettier-ignore
    ['crossing sides', withBar({ quad: [[0, 0], [9, 9], [9, 0], [0, 9]] }), RangeError, /convex/], // prettier-ignore
    ['caved-in sides', withBar({ quad: [[0, 0], [9, 0], [2, 2], [0, 9]] }), RangeError, /convex/], // prettier-ignore
    ['outside the picture', withBar({ quad: box(641, 10, 20, 50) }), RangeError, /640 x 360, got x from 641 to 661/],
    ['far outside', withBar({ quad: box(10, -361, 20, 500) }), RangeError, /got y from -361 to 139/],
    ['a bar upside down', withBar({ quad: box(140, 220, -80, -120) }), RangeError, /faces another way/],
    ['a bar mirrored', withBar({ quad: box(120, 100, -40, 120) }), RangeError, /faces another way/],
    ['rows for some', withBar({ row: 0 }), RangeError, /Either every bar names its row/],
    ['half a row', withBar({ row: 0.5 }), RangeError, /whole number from 0, got 0.5/],
  ])('refuses %s', (_, source, kind, message) => {
    expect(() => parseCalibration(source)).toThrow(kind);
    expect(() => parseCalibration(source)).toThrow(message);
  });

  it('refuses any garbage with a sentence', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string(), fc.json()), (garbage) => {
        expect(() => parseCalibration(garbage)).toThrow(/got/);
      }),
      { numRuns: 2000 },
    );
  });
});

// Two and a half octaves of a marimba: naturals in front, accidentals behind them, over the gaps.
const naturals: PlanBar[] = Array.from({ length: 18 }, (_, i) => [50 * i, 44, 0, 400 - 10 * i]);
const accidentals: PlanBar[] = [0, 1, 3, 4, 5, 7, 8, 10, 11, 12, 14, 15].map((i) => [
  50 * i + 25,
  40,
  400 - 10 * i,
  740 - 19 * i,
]);
const plan: Quad = [
  [0, 700],
  [850, 700],
  [850, 0],
  [0, 0],
];
const cameras: Record<string, Quad> = {
  'in front': [[340, 200], [900, 200], [1100, 600], [120, 600]], // prettier-ignore
  'at the side': [[300, 420], [760, 120], [1180, 260], [500, 690]], // prettier-ignore
  'behind the player': [[900, 200], [340, 200], [120, 600], [1100, 600]], // prettier-ignore
  portrait: [[900, 120], [900, 620], [300, 680], [300, 60]], // prettier-ignore
};

describe('rows', () => {
  it.each(Object.keys(cameras))('naturals and accidentals come apart: camera %s', (name) => {
    const calibration = calibrationOf(1280, 720, seen([...naturals, ...accidentals], plan, cameras[name]), 48);
    fc.assert(
      fc.property(fc.shuffledSubarray([...calibration.bars], { minLength: 30, maxLength: 30 }), (bars) => {
        const rows = calibrationRows({ bars });
        expect(rows.map((row) => row.map(({ midi }) => midi))).toEqual([
          naturals.map((_, i) => 48 + i),
          accidentals.map((_, i) => 66 + i),
        ]);
      }),
      { numRuns: 10 },
    );
  });

  it('crooked bars of different lengths stay in one row, in order of place and not of note', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true })), {
          minLength: 2,
          maxLength: 15,
        }),
        (wobble) => {
          // prettier-ignore
          const quads = wobble.map(([turn, stretch], i): Quad => {
          const [[ax, ay], [bx], , [, dy]] = fence(1, 60 + 40 * i, 150, 40, 26, 100 + 20 * stretch)[0];
          const lean = 0.08 * turn * (dy - ay);
          return [[ax + lean, ay], [bx + lean, ay], [bx, dy], [ax, dy]]; // prettier-ignore
        });
          const calibration = calibrationOf(700, 400, quads);
          const bars = calibration.bars.map((bar, i) => ({ ...bar, midi: i % 2 ? 60 + i : 90 - i }));
          expect(calibrationRows({ bars })).toEqual([bars]);
        },
      ),
    );
  });

  it('named rows are taken as named', () => {
    const bars = row.bars.map((bar, i) => ({ ...bar, row: i % 2 ? 3 : 8 }));
    expect(calibrationRows({ bars }).map((line) => line.map(({ midi }) => midi))).toEqual([
      [61, 63],
      [60, 62, 64],
    ]);
  });

  it('turn with the picture', () => {
    const turned = moved({ ...row, width: 360, height: 640 }, (x, y) => [360 - y, x]);
    expect(calibrationRows(turned).map((line) => line.map(({ midi }) => midi))).toEqual([[60, 61, 62, 63, 64]]);
  });
});
