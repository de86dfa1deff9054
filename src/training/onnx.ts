// ONNX models as bytes. Protocol buffers need only varints and lengths, and onnx.proto needs only the few messages
// below, so the writer is smaller than the schema that a protobuf library would have to carry into the browser.

/** Element types this project writes, by their number in onnx.proto's `TensorProto.DataType`. */
export const elementType = { float32: 1, int64: 7, bool: 9, float16: 10, float64: 11 } as const;

/** Name of an element type. */
export type ElementType = keyof typeof elementType;

/** Attribute of a node: an integer, a string, a list of integers, or a float (wrapped, as JavaScript has one number). */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** One operator. An empty string among the inputs is an absent optional input. */
export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A constant: little-endian elements, row-major; half precision as its bits. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | BigInt64Array | Uint16Array;
}

/** An input or output of the model; a string is a dimension that is free at run time. */
export interface OnnxPort {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

/** A whole model, as plain data. */
export interface OnnxModel {
  readonly name: string;
  readonly opset: number;
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxTensor[];
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Protocol buffer message under construction: a list of chunks, joined once at the very end. */
class Message {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  #push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  #varint(value: bigint): void {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.#push(Uint8Array.from(bytes));
  }

  integer(field: number, value: number): this {
    this.#varint(BigInt(field << 3));
    this.#varint(BigInt(value));
    return this;
  }

  float(field: number, value: number): this {
    this.#varint(BigInt((field << 3) | 5));
    this.#push(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint(BigInt((field << 3) | 2));
    this.#varint(BigInt(value.length));
    this.#push(value);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: Message): this {
    this.#varint(BigInt((field << 3) | 2));
    this.#varint(BigInt(value.#length));
    for (const chunk of value.#chunks) this.#push(chunk);
    return this;
  }

  finish(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }
}

// Field numbers and attribute kinds are those of onnx.proto.
function attributeMessage(name: string, value: Attribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === 'number') return message.integer(3, value).integer(20, 2);
  if (typeof value === 'string') return message.text(4, value).integer(20, 3);
  if ('float' in value) return message.float(2, value.float).integer(20, 1);
  for (const item of value) message.integer(8, item);
  return message.integer(20, 7);
}

function nodeMessage(node: OnnxNode): Message {
  const message = new Message();
  for (const input of node.inputs) message.text(1, input);
  for (const output of node.outputs) message.text(2, output);
  message.text(3, node.outputs[0]).text(4, node.type);
  for (const [name, value] of Object.entries(node.attributes)) message.message(5, attributeMessage(name, value));
  return message;
}

function tensorMessage({ name, type, shape, data }: OnnxTensor): Message {
  const message = new Message();
  for (const size of shape) message.integer(1, size);
  message.integer(2, elementType[type]).text(8, name);
  return message.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function portMessage({ name, type, shape }: OnnxPort): Message {
  const dims = new Message();
  for (const size of shape) {
    dims.message(1, typeof size === 'number' ? new Message().integer(1, size) : new Message().text(2, size));
  }
  const tensor = new Message().integer(1, elementType[type]).message(2, dims);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}

/**
 * The bytes of an .onnx file.
 *
 * **Source:** onnx.proto, IR version 8.
 */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const graph = new Message();
  for (const node of model.nodes) graph.message(1, nodeMessage(node));
  graph.text(2, model.name);
  for (const tensor of model.constants) graph.message(5, tensorMessage(tensor));
  for (const port of model.inputs) graph.message(11, portMessage(port));
  for (const port of model.outputs) graph.message(12, portMessage(port));
  const message = new Message().integer(1, 8).text(2, 'deep-marimba').message(7, graph);
  message.message(8, new Message().text(1, '').integer(2, model.opset));
  for (const [key, value] of Object.entries(model.metadata)) {
    message.message(14, new Message().text(1, key).text(2, value));
  }
  return message.finish();
}
