// Convolution over any number of spatial axes, and its gradients as ordinary ONNX convolutions.
import { type Shape, sizeOf, type Value } from './graph.js';
import { concat, reshape, scale, slice, sum, transpose } from './operators.js';
import type { Tape } from './tape.js';

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
function extents(sizes: Shape, kernel: readonly number[], geometry: ConvolutionGeometry) {
  const { strides, dilations, before, after } = geometry;
  const reach = kernel.map((taps, k) => (taps - 1) * dilations[k] + 1);
  const outputs = sizes.map((size, k) => Math.floor((size + before[k] + after[k] - reach[k]) / strides[k]) + 1);
  // Zeros that the last output saw after the last element; negative: elements that no output saw.
  const end = outputs.map((size, k) => (size - 1) * strides[k] + reach[k] - sizes[k] - before[k]);
  const padsSeen = [...before, ...end.map((zeros) => Math.max(0, zeros))];
  return { outputs, padsSeen, unseen: end.map((zeros) => Math.max(0, -zeros)) };
}

/**
 * A convolution whose attributes are settled, written so that onnxruntime 1.30 computes it rightly on WebGPU too.
 *
 * There it errs, without a word, when the channels are a multiple of 3 but not of 4 (and not just 3) and the filters a
 * multiple of 4: one more channel, of zeros, avoids that. And it forgets padding when the kernel is a single element:
 * then the kernel gets a second element, zero, that sees one more column of padding.
 */
function emitConvolution(
  t: Tape,
  [x, w, ...bias]: readonly Value[],
  shape: Shape,
  { strides, dilations, groups }: Omit<ConvolutionGeometry, 'before' | 'after'>,
  pads: readonly number[],
): Value {
  return t.untaped(() => {
    let [image, kernel, around] = [x, w, pads];
    const zeros = (value: Value, axis: number): Value => scale(t, slice(t, value, axis, 0, 1), 0);
    const last = w.shape.length - 1;
    if (sizeOf(w.shape.slice(2)) === 1 && pads.some((count) => count > 0)) {
      kernel = concat(t, [w, zeros(w, last)], last);
      around = pads.with(-1, pads.at(-1)! + dilations.at(-1)!);
    }
    const [filters, channels] = w.shape;
    if (groups === 1 && channels > 3 && channels % 3 === 0 && channels % 4 !== 0 && filters % 4 === 0) {
      image = concat(t, [image, zeros(image, 1)], 1);
      kernel = concat(t, [kernel, zeros(kernel, 1)], 1);
    }
    const attributes = { strides, dilations, group: groups, kernel_shape: kernel.shape.slice(2), pads: around };
    return t.emit('Conv', [image, kernel, ...bias], shape, attributes);
  });
}

/** dL/dx: the transposed convolution of dy with the same weights. `shape` is that of x. */
export function convolutionInputGradient(
  t: Tape,
  dy: Value,
  w: Value,
  shape: Shape,
  geometry: ConvolutionGeometry,
): Value {
  const kernel = w.shape.slice(2);
  const { padsSeen, unseen } = extents(shape.slice(2), kernel, geometry);
  return t.emit('ConvTranspose', [dy, w], shape, {
    strides: geometry.strides,
    dilations: geometry.dilations,
    group: geometry.groups,
    kernel_shape: kernel,
    pads: padsSeen,
    output_padding: unseen,
  });
}

/**
 * dL/dw, again a convolution: channels become items, items become channels, dy becomes the kernel, and strides and
 * dilations trade places. `shape` is that of w.
 */
export function convolutionWeightGradient(
  t: Tape,
  dy: Value,
  x: Value,
  shape: Shape,
  geometry: ConvolutionGeometry,
): Value {
  const [filters, perGroup, ...kernel] = shape as [number, number, ...number[]];
  const [items, channels, ...sizes] = x.shape as [number, number, ...number[]];
  const { groups } = geometry;
  const { padsSeen, unseen } = extents(sizes, kernel, geometry);
  const spatial = sizes.map((_, k) => k + 2);
  const seen = sizes.map((size, k) => size - unseen[k]);
  const ends = [x, t.integers(sizes.map(() => 0)), t.integers(seen), t.integers(spatial)];
  const cut = unseen.some((count) => count > 0) ? t.emit('Slice', ends, [items, channels, ...seen]) : x;
  const grouped = reshape(t, cut, [items, groups, perGroup, ...seen]);
  const swapped =
    groups === 1
      ? transpose(t, cut, [1, 0, ...spatial])
      : reshape(t, transpose(t, grouped, [2, 1, 0, ...spatial.map((axis) => axis + 1)]), [
          perGroup,
          groups * items,
          ...seen,
        ]);
  const dw = emitConvolution(
    t,
    [swapped, transpose(t, dy, [1, 0, ...spatial])],
    [perGroup, filters, ...kernel],
    { strides: geometry.dilations, dilations: geometry.strides, groups },
    padsSeen,
  );
  return transpose(t, dw, [1, 0, ...spatial]);
}

/**
 * Cross-correlation of x [items x channels x ...sizes] with w [filters x channels/groups x ...kernel].
 * @throws RangeError when the channels do not fit or the kernel does not fit into the padded input.
 */
export function convolve(t: Tape, x: Value, w: Value, geometry: ConvolutionGeometry, bias?: Value): Value {
  const { before, after, groups } = geometry;
  const [items, channels, ...sizes] = x.shape as [number, number, ...number[]];
  const [filters, perGroup, ...kernel] = w.shape as [number, number, ...number[]];
  if (channels !== perGroup * groups || filters % groups !== 0) {
    throw new RangeError(
      `expected ${perGroup * groups} channels and filters in ${groups} groups, got ${channels} and ${filters}`,
    );
  }
  const { outputs } = extents(sizes, kernel, geometry);
  if (outputs.some((size) => size < 1)) {
    throw new RangeError(`expected an input that holds a kernel of ${kernel.join('x')}, got ${sizes.join('x')}`);
  }
  const y = emitConvolution(t, bias ? [x, w, bias] : [x, w], [items, filters, ...outputs], geometry, [
    ...before,
    ...after,
  ]);
  return t.differentiable(
    y,
    [x, (dy) => convolutionInputGradient(t, dy, w, x.shape, geometry)],
    [w, (dy) => convolutionWeightGradient(t, dy, x, w.shape, geometry)],
    ...(bias ? [[bias, (dy: Value) => sum(t, dy, [0, ...sizes.map((_, k) => k + 2)])] as const] : []),
  );
}
