// One layer after another.
import type { Value } from '../graph.js';
import type { Layer, Scope } from './layer.js';

/** Runs layers in order. Each is named by its kind and its place among the layers of that kind: conv1, conv2, lstm1. */
export function runLayers(layers: readonly Layer[], scope: Scope, x: Value): Value {
  const seen = new Map<string, number>();
  return layers.reduce((value, layer) => {
    const count = (seen.get(layer.kind) ?? 0) + 1;
    seen.set(layer.kind, count);
    return layer.forward(scope.inside(`${layer.kind}${count}`), value);
  }, x);
}
