// Layers made of layers.
import { add, concat } from '../operators.js';
import { defineLayer, type Layer } from './layer.js';
import { runLayers } from './sequence.js';

/**
 * Lets the input pass beside the given layers: their output is concatenated to it along the channels, or added to it, or
 * dropped where they have heads of their own.
 */
export const skip = defineLayer<{ layers: readonly Layer[] }, { combine: 'concat' | 'add' | 'drop' }>(
  'skip',
  ['layers'],
  { combine: 'concat' },
  ({ layers, combine }, scope, x) => {
    const y = runLayers(layers, scope, x);
    if (combine === 'drop') return x;
    return combine === 'add' ? add(scope.tape, x, y) : concat(scope.tape, [x, y], 1);
  },
);
