// Convolution as one matrix product over all items and positions, for training on a CPU. There onnxruntime computes a
// Conv whose weights are no constants item by item, and its gradients at a third of what its Gemm reaches.
import { type ConvolutionGeometry, extents } from './convolution-geometry.js';
import { type Shape, sizeOf, type Value } from './graph.js';
import { concat, reshape, sum, transpose } from './operators.js';
import type { Tape } from './tape.js';

/** Every index vector of an array of the given sizes, row-major. */
const gridOf = (sizes: Shape): number[][] =>
  sizes.reduce<number[][]>(
    (all, size) => all.flatMap((at) => Array.from({ length: size }, (_, k) => [...at, k])),
    [[]],
  );

/** What every tap of every output position sees: a place in the input, row-major, or -1 for padding. [positions][taps] */
function looks(sizes: Shape, kernel: readonly number[], geometry: ConvolutionGeometry): number[][] {
  const { strides, dilations, before } = geometry;
  const taps = gridOf(kernel);
  return gridOf(extents(sizes, kernel, geometry).outputs).map((output) =>
    taps.map((tap) => {
      const at = output.map((place, k) => place * strides[k] + tap[k] * dilations[k] - before[k]);
      if (at.some((place, k) => place < 0 || place >= sizes[k])) return -1;
      return at.reduce((index, place, k) => index * sizes[k] + place, 0);
    }),
  );
}

/** Rows of x [items x rows x channels] by index, for every item alike; zeros for -1. [items x indices x channels] */
function pick(t: Tape, x: Value, indices: readonly number[]): Value {
  const [items, rows, channels] = x.shape as [number, number, number];
  const zeros = (): Value => t.emit('Expand', [t.scalar(0), t.integers([items, 1, channels])], [items, 1, channels]);
  const source = indices.includes(-1) ? concat(t, [x, zeros()], 1) : x;
  const found = t.integers(indices.map((index) => (index < 0 ? rows : index)));
  return t.emit('Gather', [source, found], [items, indices.length, channels], { axis: 1 });
}

/** Maps [items x channels x ...sizes] as rows [items x positions x channels]. */
export function rowsOf(t: Tape, maps: Value): Value {
  const [items, channels, ...sizes] = maps.shape as [number, number, ...number[]];
  const last = transpose(t, maps, [0, ...sizes.map((_, k) => k + 2), 1]);
  return reshape(t, last, [items, sizeOf(sizes), channels]);
}

/** Rows [items * positions x channels] as maps [items x channels x ...sizes]. */
export function mapsOf(t: Tape, rows: Value, sizes: Shape): Value {
  const channels = rows.shape.at(-1)!;
  const items = sizeOf(rows.shape) / channels / sizeOf(sizes);
  const last = reshape(t, rows, [items, ...sizes, channels]);
  return transpose(t, last, [0, sizes.length + 1, ...sizes.map((_, k) => k + 1)]);
}

/** The three matrix products of a convolution. Rows are [items * positions x channels]. */
export interface ConvolutionProducts {
  /** Sizes of the output. */
  readonly outputs: Shape;
  /** What every output sees, [items * outputs x taps * channels], of x [items * positions x channels]. */
  unfold(x: Value): Value;
  /** The convolution of what was unfolded, plus what is given. */
  apply(unfolded: Value, plus?: Value): Value;
  /** dL/dx, as rows, given dL/dy. */
  inputGradient(dy: Value): Value;
  /** dL/dw given what was unfolded and dL/dy. */
  weightGradient(unfolded: Value, dy: Value): Value;
}

/** A convolution with the weights w [filters x channels x ...kernel] over inputs of the given sizes. */
export function convolutionProducts(
  t: Tape,
  w: Value,
  sizes: Shape,
  geometry: ConvolutionGeometry,
): ConvolutionProducts {
  const [filters, channels, ...kernel] = w.shape as [number, number, ...number[]];
  const axes = kernel.map((_, k) => k);
  const taps = sizeOf(kernel);
  const columns = taps * channels;
  const seen = looks(sizes, kernel, geometry);
  // The same pairs from the other side: for every place of the input, where in [positions x taps] it was seen.
  const seenAt: number[][] = Array.from({ length: sizeOf(sizes) }, () => []);
  seen.flat().forEach((place, at) => {
    if (place >= 0) seenAt[place].push(at);
  });
  const most = Math.max(...seenAt.map((places) => places.length));
  // [most][places of the input]: onnxruntime sums over a leading axis in long runs.
  const padded = Array.from({ length: most }, (_, k) => seenAt.map((places) => places[k] ?? -1)).flat();
  const matrix = t.untaped(() => reshape(t, transpose(t, w, [...axes.map((k) => k + 2), 1, 0]), [columns, filters]));
  const perItem = (rows: Value, positions: number): Value =>
    reshape(t, rows, [sizeOf(rows.shape) / positions / channels, positions, channels]);
  return {
    outputs: extents(sizes, kernel, geometry).outputs,
    unfold: (x) => {
      const picked = pick(t, perItem(x, sizeOf(sizes)), seen.flat());
      return reshape(t, picked, [picked.shape[0] * seen.length, columns]);
    },
    apply: (unfolded, plus) =>
      t.emit('Gemm', plus ? [unfolded, matrix, plus] : [unfolded, matrix], [unfolded.shape[0], filters]),
    inputGradient: (dy) => {
      const shares = t.emit('Gemm', [dy, matrix], [dy.shape[0], columns], { transB: 1 });
      const picked = pick(t, perItem(shares, seen.length * taps), padded);
      const items = picked.shape[0];
      const folded = sum(t, reshape(t, picked, [items, most, sizeOf(sizes) * channels]), [1]);
      return reshape(t, folded, [items * sizeOf(sizes), channels]);
    },
    weightGradient: (unfolded, dy) => {
      const dw = t.emit('Gemm', [unfolded, dy], [columns, filters], { transA: 1 });
      return transpose(t, reshape(t, dw, [...kernel, channels, filters]), [kernel.length + 1, kernel.length, ...axes]);
    },
  };
}
