// Reverse-mode differentiation over ONNX operators: forward operators leave rules on a tape, and `gradients` plays the
// tape backwards, emitting more operators into the same graph.
import { Graph, type Precision, type Value } from './graph.js';

/** Given dL/dy, emits dL/dx. */
export type GradientRule = (dy: Value) => Value;

/**
 * What convolutions become: ONNX operators, as every runtime has them; matrix products, where they have one group; or
 * of the two whichever is expected to be faster on a CPU.
 */
export type ConvolutionForm = 'operators' | 'products' | 'fastest';

/** A graph that remembers how each value was made, so that it can append the operators of its own gradient. */
export class Tape extends Graph {
  readonly #tape: { readonly y: Value; readonly sources: readonly (readonly [Value, GradientRule])[] }[] = [];
  readonly #wanted = new Set<Value>();
  #recording = true;
  readonly convolutions: ConvolutionForm;

  constructor(precision?: Precision, convolutions: ConvolutionForm = 'operators') {
    super(precision);
    this.convolutions = convolutions;
  }

  /** Marks a value whose gradient will be asked for. Operators that depend on no such value leave nothing behind. */
  watch(value: Value): Value {
    this.#wanted.add(value);
    return value;
  }

  /**
   * Tells how `y` was made: one rule for each value it came from. Returns `y`.
   *
   * Rules run only for values that lead to a watched one, at most once, and in the order written.
   */
  differentiable(y: Value, ...sources: (readonly [x: Value, rule: GradientRule])[]): Value {
    if (!this.#recording) return y;
    const relevant = sources.filter(([x]) => this.#wanted.has(x));
    if (relevant.length > 0) {
      this.#wanted.add(y);
      this.#tape.push({ y, sources: relevant });
    }
    return y;
  }

  /** Runs `emit` with the tape stopped: its operators leave no rules, and the caller states one for all of them. */
  untaped<T>(emit: () => T): T {
    const recording = this.#recording;
    this.#recording = false;
    try {
      return emit();
    } finally {
      this.#recording = recording;
    }
  }

  /**
   * Emits the gradient of a scalar with respect to watched values.
   * @throws RangeError when `loss` is not a scalar, or a value has no influence on it.
   */
  gradients(loss: Value, values: readonly Value[]): Value[] {
    if (loss.shape.length > 0) throw new RangeError(`expected a scalar loss, got shape [${loss.shape.join(', ')}]`);
    const adjoints = new Map<Value, Value>([[loss, this.scalar(1)]]);
    for (const { y, sources } of this.#tape.toReversed()) {
      const dy = adjoints.get(y);
      if (!dy) continue;
      for (const [x, rule] of sources) {
        const dx = this.untaped(() => rule(dy));
        if (dx.shape.join() !== x.shape.join()) {
          throw new RangeError(
            `expected a gradient of shape [${x.shape.join()}] for ${x.name}, got [${dx.shape.join()}]`,
          );
        }
        const sofar = adjoints.get(x);
        adjoints.set(x, sofar ? this.emit('Add', [sofar, dx], x.shape) : dx);
      }
    }
    return values.map((value) => {
      const gradient = adjoints.get(value);
      if (!gradient) throw new RangeError(`expected a value that influences the loss, got ${value.name}`);
      return gradient;
    });
  }
}
