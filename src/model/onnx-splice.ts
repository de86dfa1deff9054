// Two ONNX files that are one network: a graph that ships without its weights gets them from the file that has them.
// Protocol buffers that follow each other are read as one, so all it takes is to cut the weights out of the other file.
import { ModelError } from '../errors.js';

// Field numbers of onnx.proto.
const graphOfModel = 7;
const nodeOfGraph = 1;
const initializerOfGraph = 5;
const nameOfTensor = 8;
const inputOfNode = 1;
const outputOfNode = 2;
const typeOfNode = 4;

interface Field {
  readonly number: number;
  /** Content of a field that has a length. */
  readonly content: Uint8Array;
  /** The field as it lies in the file, its number and length before it. */
  readonly whole: Uint8Array;
}

/** The fields of a message that have a length; the others are passed over. */
function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    for (let value = 0, factor = 1; ; factor *= 128) {
      if (at >= message.length || factor > 2 ** 63) throw new ModelError('The ONNX file is cut short; copy it again.');
      const byte = message[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const start = at;
    const key = varint();
    const kind = key % 8;
    if (kind === 0) varint();
    else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else if (kind === 2) {
      const length = varint();
      const from = at;
      at += length;
      fields.push({ number: Math.floor(key / 8), content: message.subarray(from, at), whole: message.subarray(start, at) });
    } else at = Infinity;
    if (at > message.length) throw new ModelError('The ONNX file is damaged; copy it again.');
  }
  return fields;
} // prettier-ignore

const text = new TextDecoder();
const words = (fields: readonly Field[], number: number): string[] =>
  fields.filter((field) => field.number === number).map(({ content }) => text.decode(content));

const graphOf = (model: Uint8Array): Field[] => {
  const graph = fieldsOf(model).find(({ number }) => number === graphOfModel);
  if (!graph) throw new ModelError('The ONNX file holds no graph; copy it again.');
  return fieldsOf(graph.content);
};

const initializers = (graph: readonly Field[]): [name: string, field: Field][] =>
  graph
    .filter(({ number }) => number === initializerOfGraph)
    .map((field) => [words(fieldsOf(field.content), nameOfTensor)[0], field]);

/**
 * A graph with the weights of another.
 * @param graph an ONNX model that names weights and does not hold them.
 * @param weights an ONNX model that holds them, as they are or in another precision with what converts them.
 * @throws {ModelError} when either is damaged.
 */
export function spliceWeights(graph: Uint8Array, weights: Uint8Array): Uint8Array<ArrayBuffer> {
  const own = new Set(initializers(graphOf(graph)).map(([name]) => name));
  const source = graphOf(weights);
  const held = initializers(source);
  const names = new Set(held.map(([name]) => name));
  const conversions = source.filter((field) => {
    if (field.number !== nodeOfGraph) return false;
    const node = fieldsOf(field.content);
    return (
      words(node, typeOfNode)[0] === 'Cast' &&
      names.has(words(node, inputOfNode)[0]) &&
      !own.has(words(node, outputOfNode)[0])
    );
  });
  const parts = [...conversions, ...held.filter(([name]) => !own.has(name)).map(([, field]) => field)].map(
    ({ whole }) => whole,
  );
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head: number[] = [graphOfModel * 8 + 2];
  for (let rest = length; ; rest = Math.floor(rest / 128)) {
    head.push(rest < 128 ? rest : (rest % 128) + 128);
    if (rest < 128) break;
  }
  const whole = new Uint8Array(head.length + length + graph.length);
  let at = 0;
  // Conversions first: nodes follow those that they depend on.
  for (const part of [head, ...parts, graph]) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
