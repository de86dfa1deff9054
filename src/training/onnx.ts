// ONNX models as bytes: of onnx.proto, the few messages that networks of ours need.
import { Message } from '../protobuf.js';

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
