// Convolution layers: over the picture, per channel, across bars, and over time and picture together.
import { type ConvolutionGeometry, convolve, samePadding } from '../convolution.js';
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
 */
export const conv3d = defineLayer<{ filters: number; kernel: readonly [number, number, number] }, { bias: boolean }>(
  'conv3d',
  ['filters', 'kernel'],
  { bias: true },
  ({ filters, kernel, bias }, scope, x) => {
    const { tape, batch, frames } = scope;
    const [, channels, ...sizes] = x.shape as [number, number, number, number];
    const back = kernel[0] - 1;
    const inputs = channels * kernel[0] * kernel[1] * kernel[2];
    const weight = scope.parameter('weight', [filters, channels, ...kernel], heNormal(inputs));
    const offset = bias ? scope.parameter('bias', [filters], constant(0)) : undefined;
    // [batch x frames x channels x ...] -> [batch x channels x frames x ...], the remembered frames before it.
    const now = transpose(tape, reshape(tape, x, [batch, frames, channels, ...sizes]), [0, 2, 1, 3, 4]);
    const before = scope.state('frames', [batch, channels, back, ...sizes]);
    const all = back > 0 ? concat(tape, [before, now], 2) : now;
    scope.updateState('frames', slice(tape, all, 2, frames, frames + back));
    const ones = [1, 1, 1];
    const space = samePadding(sizes, kernel.slice(1), [1, 1], [1, 1]);
    const geometry: ConvolutionGeometry = {
      strides: ones,
      dilations: ones,
      groups: 1,
      before: [0, ...space.before],
      after: [0, ...space.after],
    };
    const y = convolve(tape, all, weight, geometry, offset);
    return reshape(tape, transpose(tape, y, [0, 2, 1, 3, 4]), [batch * frames, filters, ...sizes]);
  },
);
