// Convolution over any number of spatial axes, and its gradients: as ordinary ONNX convolutions, or as matrix products
// where training is faster so.
import { type ConvolutionGeometry, extents } from './convolution-geometry.js';
import { convolutionProducts, mapsOf, rowsOf } from './convolution-products.js';
import { type Shape, sizeOf, type Value } from './graph.js';
import { concat, reshape, scale, slice, sum, transpose } from './operators.js';
import type { Tape } from './tape.js';

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
 * Whether matrix products are expected to be the faster form. They are where each item has few outputs and each input
 * place many channels: Gather copies one place at a time. Milliseconds of processor time for 288 items, forward /
 * gradient of w / gradient of x, onnxruntime 1.30 on one AVX-512 thread:
 *
 * | channels, kernel, stride, outputs | operators | products |
 * | --- | --- | --- |
 * | 64 -> 256, 1x3, 1, 1x5 | 4.0 / 7.9 / 7.9 | 1.6 / 1.7 / 1.6 |
 * | 48 -> 64, 3x3, 1, 1x7 | 3.4 / 4.0 / 4.7 | 1.9 / 1.4 / 2.7 |
 * | 32 -> 48, 4x4, 2, 3x7 | 6.6 / 6.8 / 7.1 | 6.1 / 4.5 / 11.1 |
 * | 16 -> 32, 3x4, 2, 6x14 | 7.3 / 11.7 / 7.3 | 8.3 / 5.5 / 21.1 |
 * | 3 -> 16, 8x6, 4x3, 12x28 | 13.1 / 16.8 / - | more than 18 / 20 / - |
 *
 * With a stride, an input place is seen by few of the taps, and ConvTranspose remains the faster gradient of x.
 */
export function prefersProducts(t: Tape, x: Shape, w: Shape, geometry: ConvolutionGeometry): boolean {
  if (t.convolutions === 'operators' || geometry.groups > 1) return false;
  if (t.convolutions === 'products') return true;
  const outputs = sizeOf(extents(x.slice(2), w.slice(2), geometry).outputs);
  return w[1] >= 16 && outputs <= 100;
}

/** `convolve` by matrix products, and its result still as rows, [items * outputs x filters]. */
export function convolveToRows(t: Tape, x: Value, w: Value, geometry: ConvolutionGeometry, bias?: Value): Value {
  const sizes = x.shape.slice(2);
  const products = convolutionProducts(t, w, sizes, geometry);
  const unfolded = t.untaped(() => products.unfold(rowsOf(t, x)));
  const inputGradient = (dy: Value): Value =>
    t.convolutions === 'fastest' && geometry.strides.some((stride) => stride > 1)
      ? convolutionInputGradient(t, mapsOf(t, dy, products.outputs), w, x.shape, geometry)
      : mapsOf(t, products.inputGradient(dy), sizes);
  return t.differentiable(
    products.apply(unfolded, bias),
    [x, inputGradient],
    [w, (dy) => products.weightGradient(unfolded, dy)],
    ...(bias ? [[bias, (dy: Value) => sum(t, dy, [0])] as const] : []),
  );
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
  if (prefersProducts(t, x.shape, w.shape, geometry)) {
    return mapsOf(t, convolveToRows(t, x, w, geometry, bias), outputs);
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
