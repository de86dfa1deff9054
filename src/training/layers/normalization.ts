// Normalisation layers.
import type { Value } from '../graph.js';
import { add, divide, mean, multiply, reshape, scale, shift, square, squareRoot, subtract } from '../operators.js';
import type { Tape } from '../tape.js';
import { constant, defineLayer, type Scope } from './layer.js';

function standardized(t: Tape, centred: Value, variance: Value, epsilon: number): Value {
  return divide(t, centred, squareRoot(t, shift(t, variance, epsilon)));
}

/** Per-channel factor and offset, shaped to broadcast over the rest: axis 1 are the channels. */
function affine(scope: Scope, x: Value): Value {
  const channels = x.shape[1];
  const shape = [channels, ...x.shape.slice(2).map(() => 1)];
  const factor = scope.parameter('scale', [channels], constant(1), false);
  const offset = scope.parameter('bias', [channels], constant(0), false);
  const { tape } = scope;
  return add(tape, multiply(tape, x, reshape(tape, factor, shape)), reshape(tape, offset, shape));
}

/**
 * The features of each item, or of each place of each map, to mean 0 and variance 1 over the channels (axis 1). Then a
 * factor and offset per channel. Places do not see each other, so any number of bars works.
 *
 * **Source:** Ba et al. 2016.
 */
export const layerNorm = defineLayer<object, { epsilon: number }>(
  'layerNorm',
  [],
  { epsilon: 1e-5 },
  ({ epsilon }, scope, x) => {
    const { tape } = scope;
    const centred = subtract(tape, x, mean(tape, x, [1], true));
    return affine(scope, standardized(tape, centred, mean(tape, square(tape, centred), [1], true), epsilon));
  },
);

/**
 * Each channel to mean 0 and variance 1: in training over the batch, else with the running mean and variance that
 * training left behind. Then a factor and offset per channel. Frames that are padding count like any other.
 *
 * **Source:** Ioffe & Szegedy 2015; running variance unbiased, as PyTorch has it.
 */
export const batchNorm = defineLayer<object, { epsilon: number; momentum: number }>(
  'batchNorm',
  [],
  { epsilon: 1e-5, momentum: 0.1 },
  ({ epsilon, momentum }, scope, x) => {
    const { tape } = scope;
    const channels = x.shape[1];
    const shape = [1, channels, ...x.shape.slice(2).map(() => 1)];
    const runningMean = scope.buffer('mean', [channels], 0);
    const runningVariance = scope.buffer('variance', [channels], 1);
    if (!scope.training) {
      const centred = subtract(tape, x, reshape(tape, runningMean, shape));
      return affine(scope, standardized(tape, centred, reshape(tape, runningVariance, shape), epsilon));
    }
    const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
    const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
    const centre = mean(tape, x, axes, true);
    const centred = subtract(tape, x, centre);
    const variance = mean(tape, square(tape, centred), axes, true);
    const follow = (running: Value, now: Value): Value =>
      add(tape, scale(tape, running, 1 - momentum), scale(tape, reshape(tape, now, [channels]), momentum));
    scope.updateBuffer('mean', follow(runningMean, centre));
    scope.updateBuffer('variance', follow(runningVariance, scale(tape, variance, count / Math.max(1, count - 1))));
    return affine(scope, standardized(tape, centred, variance, epsilon));
  },
);
