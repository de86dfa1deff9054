// What a layer is: a name, its options as plain data, and a function from a value to a value.
import type { Shape, Value } from '../graph.js';
import type { Random } from '../random.js';
import type { Tape } from '../tape.js';

/** One element of a new parameter. `index` is its place in the array, row-major. */
export type Initializer = (random: Random, index: number) => number;

/** What a layer may ask of the network that it is part of. Names are local to the layer. */
export interface Scope {
  /** The graph that is being written. */
  readonly tape: Tape;
  /** Sequences side by side. The first axis of every value is batch x frames x rows, in this order. */
  readonly batch: number;
  /** Consecutive frames in the window; 1 when streaming. */
  readonly frames: number;
  /** Whether this is the training graph: dropout drops, batch statistics are those of the batch. */
  readonly training: boolean;
  /** A trained array. Weight decay applies where `decay` is true, by default to matrices and kernels. */
  parameter(name: string, shape: Shape, initialize: Initializer, decay?: boolean): Value;
  /** An array that follows the data instead of a gradient, such as a running mean. */
  buffer(name: string, shape: Shape, initial: number): Value;
  /** The value that a buffer takes after this training step. */
  updateBuffer(name: string, next: Value): void;
  /**
   * Recurrent state [batch x ...] as the previous window left it, zeros at the start. `freeAxis` is the axis that grows
   * with the number of bars, if one does.
   */
  state(name: string, shape: Shape, freeAxis?: number): Value;
  /** The state that this window leaves behind. */
  updateState(name: string, next: Value): void;
  /** Random mask, each element 1 / keep with probability `keep` and 0 otherwise; a new one every training step. */
  mask(shape: Shape, keep: number): Value;
  /** Makes a value an output of the network, [batch x frames x notes] however it is shaped. */
  output(name: string, value: Value): void;
  /** The same scope, its names prefixed, for a layer inside this one. */
  inside(name: string): Scope;
}

/** A layer with its options filled in. */
export interface Layer {
  readonly kind: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Emits the layer's operators. */
  forward(scope: Scope, x: Value): Value;
}

/** A layer as it stands in a configuration file: its kind beside its options. */
export type LayerDescription = { readonly layer: string } & Readonly<Record<string, unknown>>;

/** Makes layers of one kind, and knows which options they take. */
export interface LayerKind<Options> {
  (options: Options): Layer;
  readonly kind: string;
  readonly optionNames: readonly string[];
}

/**
 * Defines a kind of layer. `required` lists the options that have no default; `defaults` holds all others.
 * @throws RangeError (the result, when called) for an option that is missing or unknown.
 */
export function defineLayer<Required extends object, Defaults extends object>(
  kind: string,
  required: readonly (keyof Required & string)[],
  defaults: Defaults,
  forward: (options: Required & Defaults, scope: Scope, x: Value) => Value,
): LayerKind<Required & Partial<Defaults>> {
  const optionNames = [...required, ...Object.keys(defaults)];
  const make = (given: Required & Partial<Defaults>): Layer => {
    for (const name of required) {
      if (!(name in given)) throw new RangeError(`expected the option "${name}" of layer "${kind}", got none`);
    }
    for (const name of Object.keys(given)) {
      if (!optionNames.includes(name)) {
        throw new RangeError(`expected options of layer "${kind}" (${optionNames.join(', ')}), got "${name}"`);
      }
    }
    const options = { ...defaults, ...given };
    return { kind, options: { ...given }, forward: (scope, x) => forward(options, scope, x) };
  };
  return Object.assign(make, { kind, optionNames });
}

/** Normal numbers that keep the variance of activations through ReLU. **Source:** He et al. 2015, eq. 10. */
export const heNormal =
  (inputs: number): Initializer =>
  (random) =>
    random.normal() * Math.sqrt(2 / inputs);

/** Uniform numbers that keep the variance both ways. **Source:** Glorot & Bengio 2010, eq. 16. */
export const glorotUniform =
  (inputs: number, outputs: number): Initializer =>
  (random) =>
    (2 * random.uniform() - 1) * Math.sqrt(6 / (inputs + outputs));

/** The same number everywhere. */
export const constant =
  (value: number): Initializer =>
  () =>
    value;
