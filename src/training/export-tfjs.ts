// The same inference graph as a TensorFlow.js graph model. It is written operator by operator from the ONNX graph, so a
// layer made of known operators needs no TensorFlow twin. TensorFlow.js convolves channels-last only: pictures are
// turned before the first convolution and stay turned until something needs them back.
import { type Graph, type Shape, sizeOf } from './graph.js';
import { inferenceGraph } from './export-onnx.js';
import { asHalf } from './half.js';
import type { Architecture, Form, Weights } from './network.js';
import type { Attribute, OnnxNode, OnnxTensor } from './onnx.js';

/** A TensorFlow.js graph model: the content of model.json, and the bytes of the weights.bin that it names. */
export interface TfjsModel {
  readonly json: object;
  readonly weights: Uint8Array;
}

type TfAttribute = Readonly<Record<string, unknown>>;

const float: TfAttribute = { type: 'DT_FLOAT' };
const text = (value: string): TfAttribute => ({ s: btoa(value) });
const integers = (values: readonly number[]): TfAttribute => ({ list: { i: values.map(String) } });
const dims = (shape: Shape): object => ({ dim: shape.map((size) => ({ size: String(size) })) });
const list = (attribute: Attribute | undefined): readonly number[] => attribute as readonly number[];

/** Operators that see elements one by one: their TensorFlow names. */
const pointwise: Readonly<Record<string, string>> = {
  ...{ Add: 'AddV2', Div: 'RealDiv', Mul: 'Mul', Sub: 'Sub' },
  ...{ Identity: 'Identity', Relu: 'Relu', Sigmoid: 'Sigmoid', Sqrt: 'Sqrt', Tanh: 'Tanh' },
};

class Translation {
  readonly #graph: Graph;
  readonly #nodes: object[] = [];
  readonly #specs: { name: string; shape: Shape; dtype: 'float32' | 'int32'; quantization?: object }[] = [];
  readonly #weights: Uint8Array[] = [];
  /** Values that are channels-last at present. */
  readonly #turned = new Set<string>();
  readonly #constants: ReadonlyMap<string, OnnxTensor['data']>;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#constants = new Map(graph.model('').constants.map(({ name, data }) => [name, data]));
  }

  #node(name: string, op: string, input: readonly string[], attr: Readonly<Record<string, TfAttribute>> = {}): string {
    this.#nodes.push({ name, op, input, attr: op === 'Placeholder' || op === 'Const' ? attr : { T: float, ...attr } });
    return name;
  }

  #constant(name: string, shape: Shape, data: Float32Array | Int32Array): string {
    if (this.#specs.some((spec) => spec.name === name)) return name;
    const isFloat = data instanceof Float32Array;
    const dtype = isFloat ? 'DT_FLOAT' : 'DT_INT32';
    const half = isFloat ? asHalf(data) : undefined;
    const stored = half ?? data;
    this.#specs.push({
      name,
      shape,
      dtype: isFloat ? 'float32' : 'int32',
      ...(half ? { quantization: { dtype: 'float16', original_dtype: 'float32' } } : {}),
    });
    this.#weights.push(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
    return this.#node(name, 'Const', [], {
      dtype: { type: dtype },
      value: { tensor: { dtype, tensorShape: dims(shape) } },
    });
  }

  #ints(values: readonly number[]): string {
    return this.#constant(`int/${values.join('_')}`, [values.length], Int32Array.from(values));
  }

  #int(value: number): string {
    return this.#constant(`int/scalar_${value}`, [], Int32Array.of(value));
  }

  #rank(name: string): number {
    return this.#graph.shapeOf(name).length;
  }

  /** `name` with its axes in another order, under a name of its own. */
  #reordered(name: string, order: readonly number[], suffix: string): string {
    const result = `${name}/${suffix}`;
    const exists = this.#nodes.some((node) => (node as { name: string }).name === result);
    return exists
      ? result
      : this.#node(result, 'Transpose', [name, this.#ints(order)], { Tperm: { type: 'DT_INT32' } });
  }

  /** The value with channels last. */
  #last(name: string): string {
    const spatial = Array.from({ length: this.#rank(name) - 2 }, (_, k) => k + 2);
    return this.#turned.has(name) ? name : this.#reordered(name, [0, ...spatial, 1], 'last');
  }

  /** The value with channels where ONNX has them. Constants appear in the model when they are first asked for. */
  #first(name: string): string {
    const data = this.#constants.get(name);
    if (data) return this.#constant(name, this.#graph.shapeOf(name), Float32Array.from(data as Float32Array));
    const rank = this.#rank(name);
    const spatial = Array.from({ length: rank - 2 }, (_, k) => k + 1);
    return this.#turned.has(name) ? this.#reordered(name, [0, rank - 1, ...spatial], 'first') : name;
  }

  #integersOf(name: string): number[] {
    return Array.from(this.#constants.get(name) as BigInt64Array, Number);
  }

  input(name: string, shape: Shape): void {
    this.#node(name, 'Placeholder', [], { dtype: float, shape: { shape: dims(shape) } });
  }

  add(node: OnnxNode): void {
    const { type, inputs, attributes } = node;
    const [name] = node.outputs;
    const [x] = inputs;
    switch (type) {
      case 'Conv':
        this.#convolution(node);
        return;
      case 'Gemm': {
        const product = [this.#first(x), this.#first(inputs[1])];
        const falses = { transpose_a: { b: false }, transpose_b: { b: false } };
        if (inputs.length === 2) this.#node(name, 'MatMul', product, falses);
        else
          this.#node(name, 'AddV2', [this.#node(`${name}/product`, 'MatMul', product, falses), this.#first(inputs[2])]);
        return;
      }
      case 'Reshape':
        this.#node(name, 'Reshape', [this.#first(x), this.#ints(this.#integersOf(inputs[1]))]);
        return;
      case 'Squeeze':
        this.#node(name, 'Squeeze', [this.#first(x)], { squeeze_dims: integers(this.#integersOf(inputs[1])) });
        return;
      case 'Unsqueeze':
        this.#node(name, 'ExpandDims', [this.#first(x), this.#int(this.#integersOf(inputs[1])[0])]);
        return;
      case 'Transpose':
        this.#node(name, 'Transpose', [this.#first(x), this.#ints(list(attributes.perm))]);
        return;
      case 'ReduceSum':
        this.#node(name, 'Sum', [this.#first(x), this.#ints(this.#integersOf(inputs[1]))], {
          keep_dims: { b: attributes.keepdims === 1 },
        });
        return;
      case 'Split':
        this.#node(name, 'Split', [this.#int(attributes.axis as number), this.#first(x)], {
          num_split: { i: String(node.outputs.length) },
        });
        // TensorFlow calls the k-th output of a node NAME:k.
        node.outputs.forEach((output, k) => k > 0 && this.#node(output, 'Identity', [`${name}:${k}`]));
        return;
      case 'Concat':
        this.#node(
          name,
          'ConcatV2',
          [...inputs.map((input) => this.#first(input)), this.#int(attributes.axis as number)],
          {
            N: { i: String(inputs.length) },
          },
        );
        return;
      case 'Slice':
        this.#slice(node);
        return;
    }
    if (!Object.hasOwn(pointwise, type)) {
      throw new RangeError(`expected an operator that TensorFlow.js has a twin for, got ${type}`);
    }
    // One by one, it does not matter how pictures are turned, as long as all are turned alike.
    const pictures = inputs.filter((input) => sizeOf(this.#graph.shapeOf(input)) > 1 || !this.#constants.has(input));
    const turned = pictures.every((input) => this.#turned.has(input)) && this.#rank(name) > 2 && type !== 'Identity';
    if (turned) this.#turned.add(name);
    const operands = inputs.map((input) => (turned && pictures.includes(input) ? input : this.#first(input)));
    this.#node(name, pointwise[type], operands);
  }

  #slice({ inputs, outputs }: OnnxNode): void {
    const [x] = inputs;
    const [[start], [end], [axis]] = inputs.slice(1).map((input) => this.#integersOf(input));
    const at = (value: number, other: number): number[] =>
      Array.from({ length: this.#rank(x) }, (_, k) => (k === axis ? value : other));
    const ends = [this.#ints(at(start, 0)), this.#ints(at(end, 0)), this.#ints(at(1, 1))];
    // Bits say on which axes to ignore the begin and end: on all others.
    const others = { i: String(2 ** this.#rank(x) - 1 - 2 ** axis) };
    const none = { i: '0' };
    this.#node(outputs[0], 'StridedSlice', [this.#first(x), ...ends], {
      ...{ begin_mask: others, end_mask: others },
      ...{ ellipsis_mask: none, new_axis_mask: none, shrink_axis_mask: none },
    });
  }

  #convolution({ inputs, outputs, attributes }: OnnxNode): void {
    const [x, w, bias] = inputs as readonly (string | undefined)[] as [string, string, string | undefined];
    const [name] = outputs;
    const shape = this.#graph.shapeOf(w);
    const kernel = shape.slice(2);
    const spatial = kernel.map((_, k) => k);
    const groups = attributes.group as number;
    const depthwise = groups !== 1;
    if (depthwise && (shape[1] !== 1 || kernel.length !== 2)) {
      throw new RangeError(`expected one group, or one per channel, for TensorFlow.js, got ${groups}`);
    }
    // [filters, channels, ...kernel] -> [...kernel, channels, filters]; depthwise -> [...kernel, channels, multiplier].
    const filters = depthwise ? [groups, shape[0] / groups, ...kernel] : shape;
    const order = [...spatial.map((k) => k + 2), ...(depthwise ? [0, 1] : [1, 0])];
    const known = this.#constants.get(w) as Float32Array | undefined;
    const sizes = order.map((axis) => filters[axis]);
    const weights = known
      ? this.#constant(`${w}/last`, sizes, reordered(known, filters, order))
      : this.#reordered(w, order, 'last');
    const pads = list(attributes.pads);
    const zeros = spatial.flatMap((k) => [pads[k], pads[k + kernel.length]]);
    const padding = this.#constant(
      `pad/${zeros.join('_')}`,
      [kernel.length + 2, 2],
      Int32Array.of(0, 0, ...zeros, 0, 0),
    );
    const last = this.#last(x);
    const source = zeros.some((count) => count > 0) ? this.#node(`${name}/padded`, 'Pad', [last, padding]) : last;
    const attr = {
      strides: integers([1, ...list(attributes.strides), 1]),
      dilations: integers([1, ...list(attributes.dilations), 1]),
      padding: text('VALID'),
      data_format: text(kernel.length === 3 ? 'NDHWC' : 'NHWC'),
    };
    const op = depthwise ? 'DepthwiseConv2dNative' : kernel.length === 3 ? 'Conv3D' : 'Conv2D';
    const product = this.#node(bias ? `${name}/product` : name, op, [source, weights], attr);
    if (bias) this.#node(name, 'AddV2', [product, this.#first(bias)]);
    this.#turned.add(name);
  }

  finish(name: string, metadata: Readonly<Record<string, string>>): TfjsModel {
    const { inputs, outputs } = this.#graph.model(name);
    const ports = (list: typeof inputs) =>
      list.map((port): [string, object] => [
        port.name,
        {
          name: `${port.name}:0`,
          dtype: 'DT_FLOAT',
          tensorShape: dims(port.shape.map((n) => (typeof n === 'string' ? -1 : n))),
        },
      ]);
    const weights = new Uint8Array(this.#weights.reduce((total, { length }) => total + length, 0));
    let at = 0;
    for (const part of this.#weights) {
      weights.set(part, at);
      at += part.length;
    }
    return {
      json: {
        format: 'graph-model',
        generatedBy: 'deep-marimba',
        convertedBy: null,
        signature: { inputs: Object.fromEntries(ports(inputs)), outputs: Object.fromEntries(ports(outputs)) },
        userDefinedMetadata: metadata,
        modelTopology: { node: this.#nodes, library: {}, versions: { producer: 1 } },
        weightsManifest: [{ paths: ['weights.bin'], weights: this.#specs }],
      },
      weights,
    };
  }
}

/** The elements of an array of the given shape with its axes in another order. */
function reordered(data: ArrayLike<number>, shape: Shape, order: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const sizes = order.map((axis) => shape[axis]);
  return Float32Array.from({ length: data.length }, (_, index) => {
    let rest = index;
    let from = 0;
    for (let k = sizes.length - 1; k >= 0; k--) {
      from += (rest % sizes[k]) * strides[order[k]];
      rest = Math.floor(rest / sizes[k]);
    }
    return data[from];
  });
}

/**
 * The inference graph of `exportOnnx` as a TensorFlow.js graph model: the same inputs and outputs, by the same names,
 * with the same shapes (channels first). Long arrays that are exact in half precision are stored in it.
 * @throws RangeError when a weight is missing, or an operator has no twin in TensorFlow.js.
 */
export function exportTfjs(
  architecture: Architecture,
  weights: Weights,
  form: Form = { batch: 1, frames: 'step' },
  metadata: Readonly<Record<string, string>> = {},
): TfjsModel {
  const graph = inferenceGraph(architecture, weights, form);
  const { nodes, inputs } = graph.model(architecture.name);
  const translation = new Translation(graph);
  for (const { name, shape } of inputs)
    translation.input(
      name,
      shape.map((size) => (typeof size === 'string' ? -1 : size)),
    );
  for (const node of nodes) translation.add(node);
  return translation.finish(architecture.name, metadata);
}
