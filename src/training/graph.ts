// An ONNX graph under construction. Every value knows its shape, so that a wrong layer fails where it is written and
// gradient rules can ask for sizes.
import { type Attribute, encodeOnnx, type OnnxModel, type OnnxNode, type OnnxPort, type OnnxTensor } from './onnx.js';

/** Sizes along each axis, row-major. */
export type Shape = readonly number[];

/** Something an operator made, or was given: a name in the graph and its shape. */
export interface Value {
  readonly name: string;
  readonly shape: Shape;
}

/** Floating-point type of a whole graph. Training runs in float32; float64 is for checking gradients. */
export type Precision = 'float32' | 'float64';

/** Number of elements of a shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** Collects operators, constants, inputs and outputs; `model()` is the result. */
export class Graph {
  readonly #nodes: OnnxNode[] = [];
  readonly #constants: OnnxTensor[] = [];
  readonly #inputs: OnnxPort[] = [];
  readonly #outputs: OnnxPort[] = [];
  readonly #cache = new Map<string, Value>();
  readonly #shapes = new Map<string, Shape>();
  /** Names of values that became outputs, by the name under which an operator made them. */
  readonly #renamed = new Map<string, string>();
  readonly precision: Precision;

  constructor(precision: Precision = 'float32') {
    this.precision = precision;
  }

  #value(name: string, shape: Shape): Value {
    if (this.#shapes.has(name)) throw new RangeError(`expected a name that is not taken, got "${name}"`);
    this.#shapes.set(name, shape);
    return { name, shape };
  }

  /** Adds an operator with several outputs of the given shapes. */
  emitAll(
    type: string,
    inputs: readonly Value[],
    shapes: readonly Shape[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value[] {
    const first = this.#nodes.length;
    const outputs = shapes.map((shape, k) => this.#value(`${type}_${first}${k ? `_${k}` : ''}`, shape));
    const names = (values: readonly Value[]) => values.map((value) => value.name);
    this.#nodes.push({ type, inputs: names(inputs), outputs: names(outputs), attributes });
    return outputs;
  }

  /** Adds an operator with one output of the given shape. */
  emit(
    type: string,
    inputs: readonly Value[],
    shape: Shape,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value {
    return this.emitAll(type, inputs, [shape], attributes)[0];
  }

  /** A constant list of integers: shapes, axes, starts. Equal lists share one constant. */
  integers(values: readonly number[]): Value {
    return this.#once(`ints_${values.join('_')}`, (name) => {
      this.#constants.push({ name, type: 'int64', shape: [values.length], data: BigInt64Array.from(values, BigInt) });
      return [values.length];
    });
  }

  /** A constant number of the graph's precision, shape []. Equal numbers share one constant. */
  scalar(value: number): Value {
    return this.#once(`scalar_${value}`, (name) => {
      this.#constants.push({ name, type: this.precision, shape: [], data: this.#floats([value]) });
      return [];
    });
  }

  #once(key: string, make: (name: string) => Shape): Value {
    const known = this.#cache.get(key);
    if (known) return known;
    const value = this.#value(key, make(key));
    this.#cache.set(key, value);
    return value;
  }

  #floats(data: ArrayLike<number>): Float32Array | Float64Array {
    return this.precision === 'float32' ? Float32Array.from(data) : Float64Array.from(data);
  }

  /** A constant array, such as the weights of a trained model. */
  constant(name: string, shape: Shape, data: ArrayLike<number>): Value {
    if (data.length !== sizeOf(shape)) {
      throw new RangeError(`expected ${sizeOf(shape)} elements for "${name}", got ${data.length}`);
    }
    this.#constants.push({ name, type: this.precision, shape, data: this.#floats(data) });
    return this.#value(name, shape);
  }

  /** An input of the model. `free` names the axes whose size may differ at run time from the one in `shape`. */
  input(name: string, shape: Shape, free: Readonly<Record<number, string>> = {}): Value {
    this.#inputs.push(this.#port(name, shape, free));
    return this.#value(name, shape);
  }

  /** Makes `value` an output of the model under the given name. */
  output(name: string, value: Value, free: Readonly<Record<number, string>> = {}): void {
    this.#value(name, value.shape);
    this.#outputs.push(this.#port(name, value.shape, free));
    // An operator's result is renamed; anything else, and a second name, takes a copy.
    const made = this.#nodes.some(({ outputs }) => outputs.includes(value.name));
    if (made && !this.#renamed.has(value.name)) this.#renamed.set(value.name, name);
    else this.#nodes.push({ type: 'Identity', inputs: [value.name], outputs: [name], attributes: {} });
  }

  #port(name: string, shape: Shape, free: Readonly<Record<number, string>>): OnnxPort {
    return { name, type: this.precision, shape: shape.map((size, axis) => free[axis] ?? size) };
  }

  /** Shape of a value by name. @throws RangeError when there is none. */
  shapeOf(name: string): Shape {
    const shape = this.#shapes.get(name);
    if (!shape) throw new RangeError(`expected the name of a value, got "${name}"`);
    return shape;
  }

  /** The graph as plain data. Opset 17 is the newest that every supported runtime shares. */
  model(name: string, metadata: Readonly<Record<string, string>> = {}): OnnxModel {
    const final = (names: readonly string[]): string[] => names.map((value) => this.#renamed.get(value) ?? value);
    return {
      name,
      opset: 17,
      nodes: this.#nodes.map((node) => ({ ...node, inputs: final(node.inputs), outputs: final(node.outputs) })),
      constants: this.#constants,
      inputs: this.#inputs,
      outputs: this.#outputs,
      metadata,
    };
  }

  /** The graph as the bytes of an .onnx file. */
  encode(name: string, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
    return encodeOnnx(this.model(name, metadata));
  }
}
