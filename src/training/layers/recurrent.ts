// Recurrent layers. Their state is an explicit input and output, so a stream gives what a batch gives.
import { type ConvolutionGeometry, extents, samePadding } from '../convolution-geometry.js';
import { convolutionProducts, mapsOf, rowsOf } from '../convolution-products.js';
import {
  convolutionInputGradient,
  convolutionWeightGradient,
  convolve,
  convolveToRows,
  prefersProducts,
} from '../convolution.js';
import type { Shape, Value } from '../graph.js';
import { add, matMul, reshape, transpose } from '../operators.js';
import { type HiddenToGates, recur } from '../recurrence.js';
import { type Padding, padding, type PerAxis, perAxis } from './conv.js';
import { defineLayer, glorotUniform, type Initializer, type Scope } from './layer.js';

/** Zero bias, but 1 for the forget gate: a new network remembers. **Source:** Jozefowicz et al. 2015. */
const rememberingBias =
  (units: number): Initializer =>
  (_, k) =>
    Math.floor(k / units) === 1 ? 1 : 0;

/** [batch * frames x ...rest] as [frames x batch x ...rest]; -1 in `rest` stands for the axis that may be free. */
function framesFirst({ tape, batch, frames }: Scope, x: Value, rest: Shape): Value {
  if (batch === 1 || frames === 1) return reshape(tape, x, [frames, batch, ...rest]);
  return transpose(tape, reshape(tape, x, [batch, frames, ...rest]), [1, 0, ...rest.map((_, k) => k + 2)]);
}

/** The inverse of `framesFirst`, up to the shape of the result. */
function batchFirst({ tape, batch, frames }: Scope, x: Value, rest: Shape, shape: Shape): Value {
  if (batch === 1 || frames === 1) return reshape(tape, x, shape);
  const split = reshape(tape, x, [frames, batch, ...rest]);
  return reshape(tape, transpose(tape, split, [1, 0, ...rest.map((_, k) => k + 2)]), shape);
}

/**
 * Long short-term memory over rows of features, [batch * frames * rows x inputs]; every row keeps its own state and all
 * share the weights.
 */
export const lstm = defineLayer<{ units: number }, object>('lstm', ['units'], {}, ({ units }, scope, x) => {
  const { tape, batch, frames } = scope;
  const inputs = x.shape[1];
  const count = x.shape[0] / (batch * frames);
  const weight = scope.parameter('weight', [inputs, 4 * units], glorotUniform(inputs, units));
  const recurrent = scope.parameter('recurrent', [units, 4 * units], glorotUniform(units, units));
  const bias = scope.parameter('bias', [4 * units], rememberingBias(units));
  const state = (name: string): Value =>
    reshape(tape, scope.state(name, [batch, count, units], count > 1 ? 1 : undefined), [-1, units]);
  const ordered = reshape(tape, framesFirst(scope, x, [-1, inputs]), [-1, inputs]);
  const gates = reshape(tape, matMul(tape, ordered, weight, bias), [frames, -1, 4 * units]);
  const map: HiddenToGates = {
    weight: recurrent,
    apply: (h, z) => matMul(tape, h, recurrent, z),
    hiddenGradient: (dz) => tape.emit('Gemm', [dz, recurrent], [dz.shape[0], units], { transB: 1 }),
    weightGradient: (h, dz) => tape.emit('Gemm', [h, dz], recurrent.shape, { transA: 1 }),
  };
  const { sequence, hidden, cell } = recur(tape, gates, state('hidden'), state('cell'), map);
  scope.updateState('hidden', reshape(tape, hidden, [batch, -1, units]));
  scope.updateState('cell', reshape(tape, cell, [batch, -1, units]));
  return batchFirst(scope, sequence, [-1, units], [-1, units]);
});

/**
 * Long short-term memory whose maps are convolutions, over [batch * frames x channels x height x width]. The hidden
 * state's own convolution has stride 1 and `recurrentKernel` (as `kernel` when absent), padded to keep its size. Over
 * bars, [... x 1 x bars], a kernel of [1, 3] couples neighbours and [1, 1] keeps bars apart.
 *
 * **Source:** Shi et al. 2015, without peepholes, as Keras has it.
 */
export const convLstm = defineLayer<
  { filters: number; kernel: PerAxis },
  { stride: PerAxis; padding: Padding; recurrentKernel: PerAxis | undefined }
>(
  'convLstm',
  ['filters', 'kernel'],
  { stride: 1, padding: 'same', recurrentKernel: undefined },
  (options, scope, x) => {
    const { tape, batch, frames } = scope;
    const { filters } = options;
    const [, channels, ...sizes] = x.shape as [number, number, number, number];
    const kernel = perAxis(options.kernel, 2);
    const strides = perAxis(options.stride, 2);
    const ones = [1, 1];
    const inputs = channels * kernel[0] * kernel[1];
    const weight = scope.parameter('weight', [4 * filters, channels, ...kernel], glorotUniform(inputs, filters));
    const bias = scope.parameter('bias', [4 * filters], rememberingBias(filters));
    const zeros = padding(options.padding, sizes, kernel, strides, ones);
    const geometry: ConvolutionGeometry = { strides, dilations: ones, groups: 1, ...zeros };
    const { outputs } = extents(sizes, kernel, geometry);

    const [height, width] = outputs as [number, number];
    const taps = perAxis(options.recurrentKernel ?? options.kernel, 2);
    const looks = filters * taps[0] * taps[1];
    const recurrent = scope.parameter('recurrent', [4 * filters, filters, ...taps], glorotUniform(looks, filters));
    const still: ConvolutionGeometry = {
      strides: ones,
      dilations: ones,
      groups: 1,
      ...samePadding([height, width], taps, ones, ones),
    };
    const shape = [batch, filters, height, width];
    const before = { hidden: scope.state('hidden', shape, 3), cell: scope.state('cell', shape, 3) };

    if (prefersProducts(tape, shape, recurrent.shape, still)) {
      // Channels last throughout: the places of a map are rows, as in `lstm`, that look at their neighbours.
      const rows = (map: Value): Value => reshape(tape, rowsOf(tape, map), [-1, filters]);
      const products = convolutionProducts(tape, recurrent, [height, width], still);
      const map: HiddenToGates = {
        weight: recurrent,
        apply: (h, z) => products.apply(products.unfold(h), z),
        hiddenGradient: (dz) => products.inputGradient(dz),
        weightGradient: (h, dz) => products.weightGradient(products.unfold(h), dz),
      };
      const share = prefersProducts(tape, x.shape, weight.shape, geometry)
        ? convolveToRows(tape, x, weight, geometry, bias)
        : rowsOf(tape, convolve(tape, x, weight, geometry, bias));
      const ordered = framesFirst(scope, share, [height * width, 4 * filters]);
      const gates = reshape(tape, ordered, [frames, batch * height * width, 4 * filters]);
      const { sequence, hidden, cell } = recur(tape, gates, rows(before.hidden), rows(before.cell), map);
      scope.updateState('hidden', mapsOf(tape, hidden, [height, width]));
      scope.updateState('cell', mapsOf(tape, cell, [height, width]));
      const places = [height * width, filters];
      return mapsOf(tape, batchFirst(scope, sequence, places, [batch * frames, ...places]), [height, width]);
    }

    const share = convolve(tape, x, weight, geometry, bias);
    const map: HiddenToGates = {
      weight: recurrent,
      apply: (h, z) => add(tape, convolve(tape, h, recurrent, still), z),
      hiddenGradient: (dz) =>
        convolutionInputGradient(tape, dz, recurrent, [dz.shape[0], filters, height, width], still),
      weightGradient: (h, dz) => convolutionWeightGradient(tape, dz, h, recurrent.shape, still),
    };
    const gates = framesFirst(scope, share, [4 * filters, height, -1]);
    const { sequence, hidden, cell } = recur(tape, gates, before.hidden, before.cell, map);
    scope.updateState('hidden', hidden);
    scope.updateState('cell', cell);
    return batchFirst(scope, sequence, [filters, height, -1], [batch * frames, filters, height, -1]);
  },
);
