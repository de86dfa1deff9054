// Frame rates as exact ratios.
import { expect, it } from 'vitest';
import { frameRate } from '../../src/frame-rate.js';

it.each([
  [25, 25, 1],
  ['25', 25, 1],
  [29.97, 30000, 1001],
  [23.976, 24000, 1001],
  ['59.94', 60000, 1001],
  ['30000/1001', 30000, 1001],
  [12.5, 25, 2],
  [{ num: 50, den: 2 }, 50, 2],
] as const)('%s is %d/%d', (fps, num, den) => {
  expect(frameRate(fps)).toEqual({ num, den });
});

it.each([0, -25, NaN, Infinity, '', 'fast', '25/0', { num: 0, den: 1 }])('refuses %s', (fps) => {
  expect(() => frameRate(fps)).toThrow(RangeError);
});
