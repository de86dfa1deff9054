// Fully connected layers: plain, and the heads that answer.
import { matMul, slice } from '../operators.js';
import { constant, defineLayer, glorotUniform, heNormal } from './layer.js';

/** x W + b, for x [items x inputs] and W [inputs x units]. */
export const dense = defineLayer<{ units: number }, { bias: boolean }>(
  'dense',
  ['units'],
  { bias: true },
  ({ units, bias }, scope, x) => {
    const inputs = x.shape[1];
    const weight = scope.parameter('weight', [inputs, units], heNormal(inputs));
    return matMul(scope.tape, x, weight, bias ? scope.parameter('bias', [units], constant(0)) : undefined);
  },
);

/**
 * One linear read-out per named output. With `notes`, all notes are read from each item; without, each row is one note.
 * Outputs named `onset...` are logits and start at `rest`, so that a new network begins by saying "nothing happens".
 */
export const heads = defineLayer<{ outputs: readonly string[] }, { notes: number; rest: number }>(
  'heads',
  ['outputs'],
  { notes: 1, rest: -4 },
  ({ outputs, notes, rest }, scope, x) => {
    const inputs = x.shape[1];
    const units = outputs.length * notes;
    const weight = scope.parameter('weight', [inputs, units], glorotUniform(inputs, units));
    const initial = (_: unknown, k: number): number => (outputs[Math.floor(k / notes)].startsWith('onset') ? rest : 0);
    const bias = scope.parameter('bias', [units], initial);
    const all = matMul(scope.tape, x, weight, bias);
    outputs.forEach((name, k) => {
      scope.output(name, slice(scope.tape, all, 1, k * notes, (k + 1) * notes));
    });
    return all;
  },
);
