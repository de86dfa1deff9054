// Which naturals a row is, told by where accidentals stand beside it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchNotes, natural } from '../../src/video/keyboard-notes.js';

/** A keyboard of `count` naturals from the `offset`th of an octave up, spacings falling by a tenth: its true places. */
function keyboard(offset: number, count: number): { naturals: number[]; accidentals: number[]; after: number[] } {
  const place = (i: number): number => 10 + 5 * i - (0.25 * i * i) / count;
  const naturals = Array.from({ length: count }, (_, i) => place(i));
  const after = naturals.slice(1).flatMap((_, i) => (natural(offset + i + 1) - natural(offset + i) === 2 ? [i] : []));
  return { naturals, accidentals: after.map((i) => (naturals[i] + naturals[i + 1]) / 2), after };
}

const afterOf = (matched: ReturnType<typeof matchNotes>): number[] | undefined =>
  matched?.accidentals.map(({ after }) => after);

describe('matchNotes', () => {
  it('counts naturals from C', () => {
    expect(Array.from({ length: 9 }, (_, i) => natural(i))).toEqual([0, 2, 4, 5, 7, 9, 11, 12, 14]);
    expect(natural(-1)).toBe(-1);
  });

  it('any keyboard of two octaves and more, whatever one accidental is missing or wrong', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 15, max: 30 }),
        fc.nat(),
        fc.constantFrom('none', 'missing', 'stray'),
        (offset, count, which, fault) => {
          const { naturals, accidentals, after } = keyboard(offset, count);
          const seen = [...accidentals];
          if (fault === 'missing') seen.splice(which % seen.length, 1);
          // On a natural's own centre line, where no accidental can be.
          if (fault === 'stray') seen.push(naturals[which % count]);
          const matched = matchNotes(naturals, seen);
          expect(matched?.offset).toBe(offset);
          expect(afterOf(matched)).toEqual(after);
          matched!.accidentals.forEach(({ x }, i) => {
            expect(x).toBeCloseTo(accidentals[i], 9);
          });
        },
      ),
    );
  });

  it('accidentals beyond the outer naturals, where they are seen', () => {
    const { naturals, accidentals } = keyboard(4, 15);
    // G to G: a G# may follow, an F# may come before.
    const last = naturals[14] + (naturals[14] - naturals[13]) / 2;
    const first = naturals[0] - (naturals[1] - naturals[0]) / 2;
    expect(afterOf(matchNotes(naturals, [...accidentals, last]))?.at(-1)).toBe(14);
    expect(afterOf(matchNotes(naturals, [first, ...accidentals]))?.[0]).toBe(-1);
  });

  it('nothing else is a keyboard: a tube in every gap, a second row of the same places, too few bars', () => {
    const { naturals, accidentals } = keyboard(0, 15);
    const gaps = naturals.slice(1).map((x, i) => (x + naturals[i]) / 2);
    expect(matchNotes(naturals, gaps)).toBeUndefined();
    expect(matchNotes(naturals, naturals)).toBeUndefined();
    expect(matchNotes(naturals, [])).toBeUndefined();
    expect(matchNotes(naturals.slice(0, 2), accidentals.slice(0, 1))).toBeUndefined();
  });
});
