// Layers without parameters: non-linearities, dropout, and changes of shape.
import {
  multiply,
  relu as reluOf,
  reshape,
  sigmoid as sigmoidOf,
  silu as siluOf,
  slice,
  tanh as tanhOf,
  transpose,
} from '../operators.js';
import { defineLayer } from './layer.js';

/** max(x, 0). */
export const relu = defineLayer('relu', [], {}, (_, { tape }, x) => reluOf(tape, x));

/** x * sigmoid(x). **Source:** Elfwing et al. 2018. */
export const silu = defineLayer('silu', [], {}, (_, { tape }, x) => siluOf(tape, x));

/** 1 / (1 + exp(-x)). */
export const sigmoid = defineLayer('sigmoid', [], {}, (_, { tape }, x) => sigmoidOf(tape, x));

/** tanh x. */
export const tanh = defineLayer('tanh', [], {}, (_, { tape }, x) => tanhOf(tape, x));

/** In training, zeroes each element with probability `rate` and scales the rest up. **Source:** Srivastava et al. 2014. */
export const dropout = defineLayer<{ rate: number }, object>('dropout', ['rate'], {}, ({ rate }, scope, x) => {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`expected a dropout rate in 0..1, 1 excluded, got ${rate}`);
  return scope.training && rate > 0 ? multiply(scope.tape, x, scope.mask(x.shape, 1 - rate)) : x;
});

/** [items x ...] to [items x features]. */
export const flatten = defineLayer('flatten', [], {}, (_, { tape }, x) =>
  reshape(tape, x, [x.shape[0], x.shape.slice(1).reduce((product, size) => product * size, 1)]),
);

/** Drops `margin` cells at either end of the last axis: they were there only to be seen by their neighbours. */
export const crop = defineLayer<{ margin: number }, object>('crop', ['margin'], {}, ({ margin }, { tape }, x) =>
  margin > 0 ? slice(tape, x, x.shape.length - 1, margin, -margin) : x,
);

/** A map whose height has collapsed, [items x channels x 1 x bars], to one row per bar, [items * bars x channels]. */
export const rows = defineLayer('rows', [], {}, (_, { tape }, x) => {
  const [, channels, height] = x.shape;
  if (x.shape.length !== 4 || height !== 1) {
    throw new RangeError(`expected a map [items x channels x 1 x bars], got [${x.shape.join(', ')}]`);
  }
  return reshape(tape, transpose(tape, x, [0, 2, 3, 1]), [-1, channels]);
});
