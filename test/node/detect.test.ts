// Bars on pictures that another program drew, detected and snapped; and what rows of bars are taken for.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GT18 } from '../../src/notes.js';
import type { CalibratedBar, Point, Quad } from '../../src/types.js';
import { calibrationRows, parseCalibration } from '../../src/video/calibration.js';
import { detectBars } from '../../src/video/detect.js';
import { parseLayout } from '../../src/video/layout.js';
import { matchLayout } from '../../src/video/match-layout.js';
import { nameBars } from '../../src/video/name-bars.js';
import { snapBars } from '../../src/video/snap.js';
import { nominalLayout, offsets } from '../support/stills.js';

interface Drawn {
  readonly width: number;
  readonly height: number;
  readonly pictures: readonly { readonly name: string; readonly bars: readonly CalibratedBar[] }[];
}
const golden = (name: string): Buffer => readFileSync(new URL(`../golden/${name}`, import.meta.url));
const { width, height, pictures } = JSON.parse(golden('drawn-bars.json').toString()) as Drawn;
const pixels = gunzipSync(golden('drawn-bars.gray.gz'));
const drawn = pictures.map(({ name, bars }, i) => ({
  name,
  bars,
  picture: { width, height, luma: new Uint8Array(pixels.subarray(i * width * height, (i + 1) * width * height)) },
}));
const drawing = (name: string) => drawn.find((one) => one.name === name)!;

describe('pictures drawn with OpenCV', () => {
  it.each(drawn)('$name: every bar snaps to within a sixth of its spacing', ({ bars, picture }) => {
    const rows = calibrationRows({ bars });
    const [front, back] = [rows[0], rows[rows.length - 1]];
    const corners = [back[0].quad[0], back.at(-1)!.quad[1], front.at(-1)!.quad[2], front[0].quad[3]].map(
      ([x, y], k): Point => [x + 2.5 * Math.cos(2 * k + 1), y + 2.5 * Math.sin(2 * k + 1)],
    ) as unknown as Quad;
    const snapped = snapBars(picture, corners, nominalLayout(bars.map(({ midi }) => midi)));
    // 0.08, 0.03 and 0.02.
    expect(Math.max(...offsets(bars, snapped.calibration.bars))).toBeLessThan(1 / 6);
    expect(snapped.confidence).toBeGreaterThan(0.9);
  });

  it('eighteen accidentals are detected, named and where they are; so are strips of cardboard', () => {
    const row = drawing('accidentals');
    const found = detectBars(row.picture);
    expect(found.found).toBe('18 bars in one row, taken for gt18');
    expect(found.confidence).toBeGreaterThan(0.5);
    expect(Math.max(...offsets(row.bars, found.calibration!.bars))).toBeLessThan(1 / 6);
    expect(parseCalibration(found.calibration)).toEqual(found.calibration);
    const strips = drawing('cardboard');
    const cut = detectBars(strips.picture, { layout: nominalLayout(strips.bars.map(({ midi }) => midi)) });
    expect(cut.found).toBe('12 bars in one row, taken for nominal');
    expect(Math.max(...offsets(strips.bars, cut.calibration!.bars))).toBeLessThan(1 / 4);
  });

  it('a keyboard of two rows is detected, with every faint bar of it, and named', () => {
    const { bars, picture } = drawing('marimba');
    const found = detectBars(picture);
    expect(found.found).toBe('24 and 16 bars in two rows, taken for keyboard');
    expect(found.calibration!.bars.map(({ midi }) => midi)).toEqual(bars.map(({ midi }) => midi));
    expect(Math.max(...offsets(bars, found.calibration!.bars))).toBeLessThan(1 / 4);
  });

  it('drawn outlines are taken for the bars that they enclose', () => {
    expect(detectBars(drawing('cardboard').picture).found).toBe('12 bars in one row, taken for naturals');
  });

  it('says that a layout has other bars, and that there are none', () => {
    const { picture } = drawing('accidentals');
    expect(detectBars(picture, { layout: parseLayout('marimba-7') })).toEqual({
      calibration: undefined,
      confidence: 0,
      found: '18 bars in one row, but marimba-7 has 7',
    });
    const flat = { width: 320, height: 180, luma: new Uint8Array(320 * 180).fill(90) };
    expect(detectBars(flat)).toEqual({ calibration: undefined, confidence: 0, found: 'no row of bars' });
    let state = 1;
    const noise = { ...flat, luma: flat.luma.map(() => (state = (state * 16807) % 2147483647) % 256) };
    expect(detectBars(noise).confidence).toBeLessThan(0.1);
    expect(() => detectBars({ ...flat, height: 181 })).toThrow(/expected 57920 bytes/);
    expect(() => detectBars(flat, { near: 'left' as never })).toThrow(RangeError);
  });
});

describe('matchLayout', () => {
  const { bars, picture } = drawing('accidentals');
  const layout = nominalLayout(bars.map(({ midi }) => midi));
  const quads = bars.map(({ quad }) => quad);
  const moved = (quad: Quad, dx: number): Quad => quad.map(([x, y]): Point => [x + dx, y]) as unknown as Quad;
  const wide = quads[1][0][0] - quads[0][0][0];
  it.each([
    ['a board at the low end', [moved(quads[0], -wide), ...quads]],
    ['a bar missed at the high end', quads.slice(0, -1)],
    ['gaps taken for bars', quads.flatMap((quad, i) => (i > 0 ? [moved(quad, -wide / 2), quad] : [quad]))],
  ])('%s', (_, row) => {
    const matched = matchLayout(picture, [row], layout)!;
    expect(matched.bars.map(({ midi }) => midi)).toEqual(bars.map(({ midi }) => midi));
    expect(Math.max(...offsets(bars, matched.bars))).toBeLessThan(1 / 6);
  });

  it('has no answer for another instrument', () => {
    expect(matchLayout(picture, [quads], parseLayout('marimba-7'))).toBeUndefined();
    expect(matchLayout(picture, [quads, quads], layout)).toBeUndefined();
    expect(matchLayout(picture, [quads], parseLayout('keyboard-C4-C6'))).toBeUndefined();
  });
});

/** Quads of a row, from places along it; lengths fall from the first to the last, widths stay. */
const row = (places: readonly number[], y: number, longest = 120, shortest = 60): Quad[] =>
  places.map((place, i): Quad => {
    const length = longest + ((shortest - longest) * i) / Math.max(1, places.length - 1);
    const [x0, x1] = [20 + 20 * place, 34 + 20 * place];
    return [[x0, y - length], [x1, y - length], [x1, y], [x0, y]]; // prettier-ignore
  });
const turned = (quads: readonly Quad[]): Quad[] =>
  quads
    .map((quad) => quad.map(([x, y]): Point => [1000 - x, 600 - y]) as unknown as Quad)
    .map(([a, b, c, d]): Quad => [c, d, a, b])
    .reverse();
const places = [0, 0.5, 1, 1.5, 2, 3, 3.5, 4, 4.5, 5, 5.5, 6];
const place = (midi: number): number => 7 * Math.floor(midi / 12) + places[midi % 12];
const black = (midi: number): boolean => [1, 3, 6, 8, 10].includes(midi % 12);
const notesOf = (named: ReturnType<typeof nameBars>): number[] | undefined => named?.bars.map(({ midi }) => midi);

describe('nameBars', () => {
  it('eighteen in groups of 3-2-3-2-3-2-3 are gt18, from either side', () => {
    const notes = GT18.map(({ midi }) => midi);
    const quads = row(notes.map((midi) => place(midi) - place(66)), 300); // prettier-ignore
    for (const view of [quads, turned(quads)]) {
      const named = nameBars([view]);
      expect(named?.layout).toBe('gt18');
      expect(notesOf(named)).toEqual(notes);
      const [low] = named!.bars;
      const high = named!.bars.at(-1)!;
      expect(low.quad[0][1] - low.quad[3][1]).toBeCloseTo(view === quads ? -120 : 120);
      expect(Math.abs(high.quad[0][1] - high.quad[3][1])).toBeCloseTo(60);
    }
  });

  it('other groups are accidentals, equal steps are naturals from C4', () => {
    const five = [61, 63, 66, 68, 70];
    expect(notesOf(nameBars([row([0, 1, 3, 4, 5, 7, 8], 300)]))).toEqual([...five, 73, 75]);
    expect(notesOf(nameBars([row([0, 2, 3, 5, 6, 7], 300)]))).toEqual([70, 73, 75, 78, 80, 82]);
    const even = nameBars([row([0, 1, 2, 3, 4, 5, 6, 7], 300)]);
    expect([notesOf(even), even?.layout]).toEqual([[60, 62, 64, 65, 67, 69, 71, 72], 'naturals']);
  });

  it('equal lengths: low is on the left, unless the player is said to be at the top', () => {
    const quads = row([0, 1, 2, 3, 4], 300, 90, 90);
    expect(nameBars([quads])!.bars[0].quad).toEqual(quads[0]);
    expect(nameBars([quads], 'top')!.bars[0].quad).toEqual([2, 3, 0, 1].map((k) => quads[4][k]));
  });

  it('two rows are a keyboard: pitch classes by where the accidentals stand, whatever the view and the order', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 36, max: 60 }),
        fc.integer({ min: 17, max: 40 }),
        fc.boolean(),
        (first, span, other) => {
          const low = black(first) ? first + 1 : first;
          const high = black(low + span) ? low + span + 1 : low + span;
          const notes = Array.from({ length: high - low + 1 }, (_, i) => low + i);
          const at = (keep: (midi: number) => boolean): number[] =>
            notes.filter(keep).map((midi) => place(midi) - place(low));
          const front = row(at((midi) => !black(midi)), 0, 60, 60).map((quad) => quad.map(([x, y]): Point => [x, y + 400]) as unknown as Quad); // prettier-ignore
          const back = row(at(black), 335, 60, 60);
          const rows = other ? [turned(back), turned(front)] : [front, back];
          const named = nameBars(rows);
          const got = notesOf(named)!;
          const octave = got[0] - notes[0];
          expect(Math.abs(octave % 12)).toBe(0);
          expect(got).toEqual(notes.map((midi) => midi + octave));
          expect(named!.layout).toBe('keyboard');
          expect(calibrationRows(named!).map((one) => one.length)).toEqual([front.length, back.length]);
        },
      ),
    );
  });
});
