// Two ONNX files that are one network: a graph that ships without its weights gets them from the file that has them.
// Protocol buffers that follow each other are read as one, so all it takes is to cut the weights out of the other file.
import { ModelError } from '../errors.js';
import { type Field, fieldsOf, joinFields, Message, messageOf, textIn } from '../protobuf.js';

// Field numbers of onnx.proto.
const graphOfModel = 7;
const nodeOfGraph = 1;
const initializerOfGraph = 5;
const nameOfTensor = 8;
const inputOfNode = 1;
const outputOfNode = 2;
const typeOfNode = 4;

const damaged = (): ModelError => new ModelError('The ONNX file is damaged; copy it again.');
const partsOf = (message: Field): Field[] => fieldsOf(messageOf(message), damaged);

const graphOf = (model: Uint8Array): Field[] => {
  const graph = fieldsOf(model, damaged).find(({ number }) => number === graphOfModel);
  if (!graph) throw new ModelError('The ONNX file holds no graph; copy it again.');
  return partsOf(graph);
};

const initializers = (graph: readonly Field[]): [name: string, field: Field][] =>
  graph
    .filter(({ number }) => number === initializerOfGraph)
    .map((field) => [textIn(partsOf(field), nameOfTensor), field]);

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
    const node = partsOf(field);
    return (
      textIn(node, typeOfNode) === 'Cast' &&
      names.has(textIn(node, inputOfNode)) &&
      !own.has(textIn(node, outputOfNode))
    );
  });
  const missing = held.filter(([name]) => !own.has(name)).map(([, field]) => field);
  // Conversions first: nodes follow those that they depend on.
  const extra = new Message().bytes(graphOfModel, joinFields([...conversions, ...missing])).finish();
  const whole = new Uint8Array(extra.length + graph.length);
  whole.set(extra);
  whole.set(graph, extra.length);
  return whole;
}
