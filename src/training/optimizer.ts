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
  readonly scalars: Readonly<Record<keyof OptimizerScalars, Value>>;
  /** The first so many parameters are subject to weight decay. */
  readonly decayed: number;
}

/** What the graph is told each step, all numbers. */
export interface OptimizerScalars {
  readonly learningRate: number;
  /** Factor of m / (sqrt(v) + epsilon): learning rate and both bias corrections. */
  readonly pace: number;
  /** Epsilon, moved to where v is not corrected for its bias. */
  readonly epsilon: number;
}

/**
 * The scalars of a step, from 1. With corrections a = 1 / (1 - beta1^step) and b = 1 / (1 - beta2^step), Adam's
 * rate * a m / (sqrt(b v) + epsilon) is pace * m / (sqrt(v) + epsilon / sqrt(b)): fewer passes over long vectors.
 */
export function optimizerScalars(options: OptimizerOptions, step: number, learningRate: number): OptimizerScalars {
  const { beta1, beta2, epsilon } = { ...DEFAULTS, ...options };
  const root = Math.sqrt(1 - beta2 ** step);
  return { learningRate, pace: (learningRate * root) / (1 - beta1 ** step), epsilon: epsilon * root };
}

const DEFAULTS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

/**
 * One step of AdamW after clipping by global norm.
 *
 * **Source:** Kingma & Ba 2015, algorithm 1 and the end of section 2; Loshchilov & Hutter 2019, algorithm 2; order and
 * epsilon as in PyTorch's `AdamW` and `clip_grad_norm_`.
 */
export function adamW(t: Tape, inputs: OptimizerInputs, options: OptimizerOptions) {
  const { beta1, beta2, weightDecay } = { ...DEFAULTS, ...options };
  const { clipNorm } = options;
  const { parameters, scalars, decayed } = inputs;
  const norm = squareRoot(t, sum(t, square(t, inputs.gradient)));
  let gradient = inputs.gradient;
  if (clipNorm !== undefined) {
    const factor = divide(t, t.scalar(clipNorm), shift(t, norm, 1e-6));
    gradient = multiply(t, gradient, t.emit('Min', [factor, t.scalar(1)], []));
  }
  const m = add(t, scale(t, inputs.m, beta1), scale(t, gradient, 1 - beta1));
  const v = add(t, scale(t, inputs.v, beta2), scale(t, square(t, gradient), 1 - beta2));
  const direction = divide(t, m, add(t, squareRoot(t, v), scalars.epsilon));
  return { parameters: subtract(t, decay(), multiply(t, direction, scalars.pace)), m, v, norm };

  function decay(): Value {
    const [total] = parameters.shape;
    if (weightDecay === 0 || decayed === 0) return parameters;
    const kept = subtract(t, t.scalar(1), scale(t, scalars.learningRate, weightDecay));
    if (decayed === total) return multiply(t, parameters, kept);
    return concat(
      t,
      [multiply(t, slice(t, parameters, 0, 0, decayed), kept), slice(t, parameters, 0, decayed, total)],
      0,
    );
  }
}
