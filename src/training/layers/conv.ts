// Convolution layers: over the picture, per channel, across bars, and over time and picture together.
import { convolve } from '../convolution.js';
import { samePadding } from '../convolution-geometry.js';
import type { Shape } from '../graph.js';
import { concat, reshape, slice, transpose } from '../operators.js';
import { constant, defineLayer, heNormal } from './layer.js';

/** One number for every axis, or one per axis. */
export type PerAxis = number | readonly number[];

/** Zeros around a map: 'same' as TensorFlow has it, 'valid' (none), or per axis, the same before and after. */
export type Padding = 'same' | 'valid' | PerAxis;

/** One number per axis, from one number for all or a list. @throws RangeError when the list has another length. */
export function perAxis(value: PerAxis, axes: number): readonly number[] {
  if (typeof value === 'number') return Array<number>(axes).fill(value);
  if (value.length !== axes) throw new RangeError(`expected ${axes} numbers, got [${value.join(', ')}]`);
  return value;
}

/** Zeros before and after each axis. */
export function padding(
  option: Padding,
  sizes: Shape,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): { before: readonly number[]; after: readonly number[] } {
  if (option === 'same') return samePadding(sizes, kernel, strides, dilations);
  const zeros = perAxis(option === 'valid' ? 0 : option, sizes.length);
  return { before: zeros, after: zeros };
}

/**
 * Convolution of [items x channels x height x width]. `groups: 0` is depthwise: one group per channel. Over bars,
 * [items x channels x 1 x bars], a kernel of [1, 3] is the 1-D convolution across neighbours.
 */
export const conv = defineLayer<
  { filters: number; kernel: PerAxis },
  { stride: PerAxis; padding: Padding; dilation: PerAxis; groups: number; bias: boolean }
>(
  'conv',
  ['filters', 'kernel'],
  { stride: 1, padding: 'valid', dilation: 1, groups: 1, bias: true },
  (options, scope, x) => {
    const [, channels, ...sizes] = x.shape as [number, number, ...number[]];
    const kernel = perAxis(options.kernel, 2);
    const strides = perAxis(options.stride, 2);
    const dilations = perAxis(options.dilation, 2);
    const groups = options.groups === 0 ? channels : options.groups;
    const inputs = (channels / groups) * kernel[0] * kernel[1];
    const weight = scope.parameter('weight', [options.filters, channels / groups, ...kernel], heNormal(inputs));
    const bias = options.bias ? scope.parameter('bias', [options.filters], constant(0)) : undefined;
    const geometry = { strides, dilations, groups, ...padding(options.padding, sizes, kernel, strides, dilations) };
    return convolve(scope.tape, x, weight, geometry, bias);
  },
);

/**
 * Convolution over time and picture, kernel [frames, height, width], of [items x channels x height x width]. It looks
 * back only: the frames before the window are recurrent state, so a stream gives what a batch gives. 'same' in space.
 * The frames that a kernel sees stand beside each other as channels of a convolution over the picture, which every
 * runtime has.
 */
export const conv3d = defineLayer<{ filters: number; kernel: readonly [number, number, number] }, { bias: boolean }>(
  'conv3d',
  ['filters', 'kernel'],
  { bias: true },
  ({ filters, kernel, bias }, scope, x) => {
    const { tape, batch, frames } = scope;
    const [, channels, ...sizes] = x.shape as [number, number, number, number];
    const [taps, ...space] = kernel;
    if (taps < 2) throw new RangeError(`expected a kernel of at least 2 frames (for one, use conv), got ${taps}`);
    const inputs = taps * channels;
    const weight = scope.parameter('weight', [filters, channels, ...kernel], heNormal(inputs * space[0] * space[1]));
    const offset = bias ? scope.parameter('bias', [filters], constant(0)) : undefined;
    const now = reshape(tape, x, [batch, frames, channels, ...sizes]);
    const past = scope.state('frames', [batch, taps - 1, channels, ...sizes]);
    const all = concat(tape, [past, now], 1);
    scope.updateState('frames', slice(tape, all, 1, frames, frames + taps - 1));
    const seen = Array.from({ length: taps }, (_, tap) => slice(tape, all, 1, tap, tap + frames));
    const beside = reshape(tape, concat(tape, seen, 2), [batch * frames, inputs, ...sizes]);
    const flat = reshape(tape, transpose(tape, weight, [0, 2, 1, 3, 4]), [filters, inputs, ...space]);
    const ones = [1, 1];
    const geometry = { strides: ones, dilations: ones, groups: 1, ...samePadding(sizes, space, ones, ones) };
    return convolve(tape, beside, flat, geometry, offset);
  },
);
