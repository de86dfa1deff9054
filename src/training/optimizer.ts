// AdamW on one long vector of parameters, as operators.
import type { Value } from './graph.js';
import { add, concat, divide, multiply, scale, shift, slice, square, squareRoot, subtract, sum } from './operators.js';
import type { Tape } from './tape.js';

/** How parameters follow their gradient. */
export interface OptimizerOptions {
  /** Decay of the mean gradient; 0.9 by default. */
  readonly beta1?: number;
  /** Decay of the mean squared gradient; 0.999 by default. */
  readonly beta2?: number;
  /** Added to the root of the mean square; 1e-8 by default. */
  readonly epsilon?: number;
  /** Decoupled weight decay of matrices and kernels, per step and unit of learning rate; 0 (plain Adam) by default. */
  readonly weightDecay?: number;
  /** Largest Euclidean norm of the whole gradient; it is scaled down to it. No limit by default. */
  readonly clipNorm?: number;
}

/** Vectors of the optimiser, each [parameters], and the scalars that change from step to step. */
export interface OptimizerInputs {
  readonly parameters: Value;
  readonly gradient: Value;
  /** Mean gradient. */
  readonly m: Value;
  /** Mean squared gradient. */
  readonly v: Value;
  /** Moving average of the parameters. */
  readonly average: Value;
  readonly learningRate: Value;
  /** 1 / (1 - beta1^step) and 1 / (1 - beta2^step). */
  readonly corrections: readonly [Value, Value];
  /** How fast `average` follows: 1 is at once. */
  readonly averageRate: Value;
  /** The first so many parameters are subject to weight decay. */
  readonly decayed: number;
}

/**
 * One step of AdamW after clipping by global norm, and of the moving average of the weights.
 *
 * **Source:** Kingma & Ba 2015, algorithm 1; Loshchilov & Hutter 2019, algorithm 2; order and epsilon as in PyTorch's
 * `AdamW` and `clip_grad_norm_`.
 */
export function adamW(t: Tape, inputs: OptimizerInputs, options: OptimizerOptions) {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, clipNorm } = options;
  const { parameters, learningRate, decayed } = inputs;
  const norm = squareRoot(t, sum(t, square(t, inputs.gradient)));
  let gradient = inputs.gradient;
  if (clipNorm !== undefined) {
    const factor = divide(t, t.scalar(clipNorm), shift(t, norm, 1e-6));
    gradient = multiply(t, gradient, t.emit('Min', [factor, t.scalar(1)], []));
  }
  const m = add(t, scale(t, inputs.m, beta1), scale(t, gradient, 1 - beta1));
  const v = add(t, scale(t, inputs.v, beta2), scale(t, square(t, gradient), 1 - beta2));
  const [mCorrection, vCorrection] = inputs.corrections;
  const direction = divide(
    t,
    multiply(t, m, mCorrection),
    shift(t, squareRoot(t, multiply(t, v, vCorrection)), epsilon),
  );
  const next = subtract(t, decay(), multiply(t, direction, learningRate));
  const follow = multiply(t, subtract(t, next, inputs.average), inputs.averageRate);
  return { parameters: next, m, v, average: add(t, inputs.average, follow), norm };

  function decay(): Value {
    const total = parameters.shape[0];
    if (weightDecay === 0 || decayed === 0) return parameters;
    const kept = subtract(t, t.scalar(1), scale(t, learningRate, weightDecay));
    if (decayed === total) return multiply(t, parameters, kept);
    return concat(
      t,
      [multiply(t, slice(t, parameters, 0, 0, decayed), kept), slice(t, parameters, 0, decayed, total)],
      0,
    );
  }
}
