// What training minimises: one term per output of the network, each with its targets and its mask.
import type { Value } from './graph.js';
import {
  absolute,
  add,
  clip,
  divide,
  multiply,
  negate,
  scale,
  sigmoid,
  softplus,
  square,
  subtract,
  sum,
} from './operators.js';
import type { Tape } from './tape.js';

/** One term of the loss. Targets and mask are [batch x frames x notes]; the mask weighs each element, 0 for padding. */
export type LossTerm = {
  /** Output of the network that it judges. */
  readonly output: string;
  /** Factor in the total; 1 by default. */
  readonly weight?: number;
} & (
  | {
      /** Binary cross entropy between a logit and a target in 0..1, soft targets allowed. */
      readonly kind: 'bce';
      /** Factor of the positive part; 1 by default. */
      readonly positiveWeight?: number;
    }
  | {
      /** Cross entropy weighted by |p - target|^gamma. **Source:** Li et al. 2020, generalised focal loss, eq. 5. */
      readonly kind: 'focal';
      readonly positiveWeight?: number;
      /** 1 or 2; 2 by default. */
      readonly gamma?: 1 | 2;
    }
  | {
      /** Half the squared error up to `delta`, linear beyond. **Source:** Huber 1964. */
      readonly kind: 'huber';
      /** 1 by default. */
      readonly delta?: number;
    }
  | {
      /** Squared error, the loss of 2017. */
      readonly kind: 'mse';
    }
);

function elementwise(t: Tape, term: LossTerm, y: Value, target: Value): Value {
  switch (term.kind) {
    case 'mse':
      return square(t, subtract(t, y, target));
    case 'huber': {
      const error = subtract(t, y, target);
      const bounded = clip(t, error, term.delta ?? 1);
      return multiply(t, bounded, subtract(t, error, scale(t, bounded, 0.5)));
    }
    case 'bce':
    case 'focal': {
      const positive = multiply(t, target, softplus(t, negate(t, y)));
      const negative = multiply(t, subtract(t, t.scalar(1), target), softplus(t, y));
      const entropy = add(t, scale(t, positive, term.positiveWeight ?? 1), negative);
      if (term.kind === 'bce') return entropy;
      const miss = subtract(t, sigmoid(t, y), target);
      return multiply(t, term.gamma === 1 ? absolute(t, miss) : square(t, miss), entropy);
    }
  }
}

/** Mean of a term over the elements its mask counts: sum(mask * loss) / max(sum(mask), 1), shape []. */
export function lossOf(t: Tape, term: LossTerm, y: Value, target: Value, mask: Value): Value {
  const total = sum(t, multiply(t, mask, elementwise(t, term, y, target)));
  const count = t.emit('Max', [sum(t, mask), t.scalar(1)], []);
  return divide(t, total, count);
}

/** Weighted sum of scalar terms. */
export function totalLoss(t: Tape, terms: readonly LossTerm[], values: readonly Value[]): Value {
  return values.map((value, k) => scale(t, value, terms[k].weight ?? 1)).reduce((a, b) => add(t, a, b));
}
