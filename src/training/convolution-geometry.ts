// How a convolution walks over its input: what nothing but sizes decides.
import type { Shape } from './graph.js';

/** How a convolution walks; every list has one entry per spatial axis. */
export interface ConvolutionGeometry {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros before the first element. */
  readonly before: readonly number[];
  /** Zeros after the last element. */
  readonly after: readonly number[];
  /** Number of channel groups that do not see each other. */
  readonly groups: number;
}

/** Zeros each side so that the output has ceil(size / stride) elements, the odd one after. **Source:** TensorFlow 'SAME'. */
export function samePadding(
  sizes: Shape,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): { before: number[]; after: number[] } {
  const total = sizes.map((size, k) =>
    Math.max(0, (Math.ceil(size / strides[k]) - 1) * strides[k] + (kernel[k] - 1) * dilations[k] + 1 - size),
  );
  return { before: total.map((zeros) => zeros >> 1), after: total.map((zeros) => zeros - (zeros >> 1)) };
}

/** What nothing but sizes decides: output sizes, and how much of the padded input some output has seen. */
export function extents(sizes: Shape, kernel: readonly number[], geometry: ConvolutionGeometry) {
  const { strides, dilations, before, after } = geometry;
  const reach = kernel.map((taps, k) => (taps - 1) * dilations[k] + 1);
  const outputs = sizes.map((size, k) => Math.floor((size + before[k] + after[k] - reach[k]) / strides[k]) + 1);
  // Zeros that the last output saw after the last element; negative: elements that no output saw.
  const end = outputs.map((size, k) => (size - 1) * strides[k] + reach[k] - sizes[k] - before[k]);
  const padsSeen = [...before, ...end.map((zeros) => Math.max(0, zeros))];
  return { outputs, padsSeen, unseen: end.map((zeros) => Math.max(0, -zeros)) };
}
