// Half precision against every number that it has, and rounding against its neighbours.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHalf, roundToHalf, toHalf } from '../../../src/training/half.js';

const all = Uint16Array.from({ length: 0x10000 }, (_, k) => k);
const isNaNBits = (bits: number): boolean => (bits & 0x7fff) > 0x7c00;

describe('half precision', () => {
  it('is what IEEE 754 says', () => {
    // Powers of two at the edges, one third, the largest, and the smallest that is subnormal.
    const known = [1, -2, 0.5, 65504, 2 ** -14, 2 ** -24, 1023 * 2 ** -24, 0.333251953125, Infinity, -0];
    const bits = [0x3c00, 0xc000, 0x3800, 0x7bff, 0x0400, 0x0001, 0x03ff, 0x3555, 0x7c00, 0x8000];
    expect([...toHalf(Float32Array.from(known))]).toEqual(bits);
    expect([...fromHalf(Uint16Array.from(bits))]).toEqual(known);
    expect(fromHalf(toHalf(Float32Array.of(NaN)))).toEqual(Float32Array.of(NaN));
  });

  it('comes back bit for bit', () => {
    const back = toHalf(fromHalf(all));
    expect(all.filter((bits, k) => (isNaNBits(bits) ? !isNaNBits(back[k]) : bits !== back[k]))).toHaveLength(0);
  });

  it('takes the nearest of all, the even one of two', () => {
    const finite = [...fromHalf(all)].filter(Number.isFinite).sort((a, b) => a - b);
    fc.assert(
      fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (x) => {
        const [bits] = toHalf(Float32Array.of(x));
        const [half] = fromHalf(Uint16Array.of(bits));
        let low = 0;
        let high = finite.length - 1;
        while (high - low > 1) {
          const middle = (low + high) >> 1;
          if (finite[middle] <= x) low = middle;
          else high = middle;
        }
        const nearest = Math.min(Math.abs(finite[low] - x), Math.abs(finite[high] - x));
        expect(Math.abs(half - x)).toBe(nearest);
        if (Math.abs(finite[low] - x) === Math.abs(finite[high] - x)) expect(bits & 1).toBe(0);
      }),
      { numRuns: 3000 },
    );
    expect([...toHalf(Float32Array.of(65519, 65520, 2 ** -25, 1 + 2 ** -11, 1 + 3 * 2 ** -11))]).toEqual([
      0x7bff, 0x7c00, 0, 0x3c00, 0x3c02,
    ]);
  });

  it('rounds kernels and leaves what is short', () => {
    const long = Float32Array.from({ length: 300 }, (_, k) => k / 7);
    const rounded = roundToHalf(new Map([['kernel', long], ['bias', Float32Array.of(0.1)]])); // prettier-ignore
    expect(rounded.get('bias')).toEqual(Float32Array.of(0.1));
    expect(Math.max(...rounded.get('kernel')!.map((x, k) => Math.abs(x - long[k])))).toBeLessThan(300 / 7 / 2048);
    expect(rounded.get('kernel')).not.toEqual(long);
  });
});
