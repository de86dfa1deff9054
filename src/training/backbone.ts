// A frozen network in front of a trained one: any ONNX model that turns a picture into features, taken apart, joined, cut out again.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { ModelError } from '../errors.js';
import { parseCard } from '../model/card.js';
import {
  type Field,
  field,
  fieldsOf,
  joinFields,
  messageOf,
  numberIn,
  textIn,
  textsIn,
  withTexts,
} from '../protobuf.js';
import { fromHalf } from './half.js';
import type { Weights } from './network.js';
import { elementType } from './onnx.js';

/** A network that never trains: its file, and what it takes and gives for one picture. */
export interface Backbone {
  /** ONNX: one picture in, its features out. */
  readonly bytes: Uint8Array;
  /** What it takes, [channels x height x width], values 0..1; 'any' where it takes any size. */
  readonly input: { readonly name: string; readonly shape: readonly (number | 'any')[] };
  /** What it gives. */
  readonly output: { readonly name: string };
  /** Of the bytes, lower-case hex. */
  readonly sha256: string;
  /** What its file says of itself: name, credit, licence. */
  readonly about: Readonly<Record<string, string>>;
}

// Fields of onnx.proto's ModelProto, GraphProto, NodeProto, TensorProto and ValueInfoProto.
const model = { graph: 7, opset: 8, metadata: 14 } as const;
const graph = { node: 1, name: 2, constant: 5, input: 11, output: 12 } as const;
const node = { input: 1, output: 2, name: 3, type: 4, attribute: 5 } as const;
const tensor = { type: 2, name: 8, raw: 9, external: 14 } as const;

/** Names inside a joined model that belong to the backbone begin with this. */
const prefix = 'backbone/';
/** The opsets whose operators mean what ours mean. */
const opsets = [13, 21] as const;

const nameOf = (message: Field): string => textIn(fieldsOf(messageOf(message)), 1);
const of = (fields: readonly Field[], number: number): Field[] => fields.filter((one) => one.number === number);

function graphOf(bytes: Uint8Array): { readonly file: Field[]; readonly parts: Field[] } {
  const file = fieldsOf(bytes);
  const [whole] = of(file, model.graph);
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- there may be none
  if (!whole) throw new RangeError('it has no graph');
  return { file, parts: fieldsOf(messageOf(whole)) };
}

function opsetOf(file: readonly Field[]): number {
  for (const set of of(file, model.opset)) {
    const fields = fieldsOf(messageOf(set));
    const domain = textIn(fields, 1);
    if (domain !== '' && domain !== 'ai.onnx') throw new RangeError(`it needs operators of "${domain}"`);
    return numberIn(fields, 2);
  }
  throw new RangeError('it names no opset');
}

/** Sizes of a port; 'any' for those that are free. */
function shapeOf(port: Field): (number | 'any')[] {
  const [type] = of(fieldsOf(messageOf(port)), 2);
  const [dense] = of(fieldsOf(messageOf(type)), 1);
  const [shape] = of(fieldsOf(messageOf(dense)), 2);
  return of(fieldsOf(messageOf(shape)), 1).map((size) => {
    const fields = fieldsOf(messageOf(size));
    return of(fields, 1).length === 0 ? 'any' : numberIn(fields, 1);
  });
}

/**
 * Takes the bytes of an ONNX model for a backbone.
 * @throws {RangeError} that says what it lacks: one input [1 x 3 x height x width], one output, an opset that ours can be joined to.
 */
export function parseBackbone(bytes: Uint8Array): Backbone {
  const { file, parts } = graphOf(bytes);
  const opset = opsetOf(file);
  if (opset < opsets[0] || opset > opsets[1]) {
    throw new RangeError(`it is of opset ${opset}; convert it to one of ${opsets.join('..')}`);
  }
  const constants = new Set(of(parts, graph.constant).map((one) => textIn(fieldsOf(messageOf(one)), tensor.name)));
  const inputs = of(parts, graph.input).filter((port) => !constants.has(nameOf(port)));
  const outputs = of(parts, graph.output);
  if (inputs.length !== 1 || outputs.length !== 1) {
    throw new RangeError(`it has ${inputs.length} inputs and ${outputs.length} outputs; expected one of each`);
  }
  const [items, ...shape] = shapeOf(inputs[0]);
  if (shape.length !== 3 || (items !== 1 && items !== 'any') || (shape[0] !== 3 && shape[0] !== 'any')) {
    throw new RangeError(`its input is [${[items, ...shape].join(' x ')}]; expected [1 x 3 x height x width]`);
  }
  if (of(parts, graph.constant).some((one) => of(fieldsOf(messageOf(one)), tensor.external).length > 0)) {
    throw new RangeError('its weights are in a file of their own; expected them inside');
  }
  return {
    bytes,
    input: { name: nameOf(inputs[0]), shape },
    output: { name: nameOf(outputs[0]) },
    sha256: createHash('sha256').update(bytes).digest('hex'),
    about: Object.fromEntries(
      of(file, model.metadata).map((entry) => {
        const fields = fieldsOf(messageOf(entry));
        return [textIn(fields, 1), textIn(fields, 2)];
      }),
    ),
  };
}

/** Gives every name of a node a new one; '' stays, it stands for nothing. */
function renameNode(message: Field, rename: (name: string) => string): Field {
  const fields = fieldsOf(messageOf(message));
  if (of(fields, node.attribute).some((one) => of(fieldsOf(messageOf(one)), 6).length > 0)) {
    throw new RangeError(
      `it has an operator "${textIn(fields, node.type)}" with a graph inside, which cannot be joined`,
    );
  }
  return field(message.number, withTexts(fields, [node.input, node.output, node.name], rename));
}

const renamed = (message: Field, place: number, rename: (name: string) => string): Field =>
  field(message.number, withTexts(fieldsOf(messageOf(message)), [place], rename));

/** Flatten, so that features of [1 x F x 1 x 1] do as well. */
function flatten(from: string, to: string): Field {
  const text = (number: number, value: string): Field => field(number, new TextEncoder().encode(value));
  return field(
    graph.node,
    joinFields([text(node.input, from), text(node.output, to), text(node.name, to), text(node.type, 'Flatten')]),
  );
}

/**
 * One model out of a backbone and the network that was trained on its features: pictures in, answers out.
 * @param trained its input `features` [1 x F] becomes what the backbone says of `image`; everything else stays as it is.
 * @throws {RangeError} for a backbone that cannot be joined.
 */
export function joinBackbone(backbone: Backbone, trained: Uint8Array, features = 'features'): Uint8Array {
  const front = graphOf(backbone.bytes);
  const back = graphOf(trained);
  const rename = (name: string): string =>
    name === '' ? name : name === backbone.input.name ? 'image' : prefix + name;
  const inside = [
    ...of(front.parts, graph.node).map((one) => renameNode(one, rename)),
    flatten(rename(backbone.output.name), features),
  ];
  const constants = of(front.parts, graph.constant).map((one) => renamed(one, tensor.name, rename));
  const inputs = of(front.parts, graph.input)
    .filter((port) => nameOf(port) === backbone.input.name)
    .map((port) => renamed(port, 1, rename));
  const parts = [
    ...inside,
    ...of(back.parts, graph.node),
    ...of(back.parts, graph.name),
    ...constants,
    ...of(back.parts, graph.constant),
    ...inputs,
    ...of(back.parts, graph.input).filter((port) => nameOf(port) !== features),
    ...of(back.parts, graph.output),
  ];
  // The newer of the two opsets, which both stay within.
  const sets = of(opsetOf(front.file) > opsetOf(back.file) ? front.file : back.file, model.opset);
  const rest = back.file.filter(({ number }) => number !== model.graph && number !== model.opset);
  const own = new Set(of(rest, model.metadata).map(nameOf));
  const about = of(front.file, model.metadata)
    .map((entry) => renamed(entry, 1, (name) => prefix + name))
    .filter((entry) => !own.has(nameOf(entry)));
  return joinFields([...rest, field(model.graph, joinFields(parts)), ...sets, ...about]);
}

/**
 * The backbone inside a joined model.
 * @throws {RangeError} for a model without one.
 */
export function cutBackbone(joined: Uint8Array, features = 'features'): Backbone {
  const { file, parts } = graphOf(joined);
  const nodes = of(parts, graph.node).map((message) => {
    const fields = fieldsOf(messageOf(message));
    return { message, inputs: textsIn(fields, node.input), outputs: textsIn(fields, node.output) };
  });
  const makers = new Map(nodes.flatMap((one) => one.outputs.map((name) => [name, one] as const)));
  const wanted = new Set<(typeof nodes)[number]>();
  const names = new Set<string>();
  const reach = (name: string): void => {
    names.add(name);
    const maker = makers.get(name);
    if (!maker || wanted.has(maker)) return;
    wanted.add(maker);
    maker.inputs.forEach(reach);
  };
  reach(features);
  const flat = makers.get(features);
  if (!flat) throw new RangeError('it has no backbone');
  wanted.delete(flat);
  const [output] = flat.inputs;
  const bare = (name: string): string => (name.startsWith(prefix) ? name.slice(prefix.length) : name);
  const port = (): Field => {
    const name = field(1, new TextEncoder().encode(bare(output)));
    // float32, sizes unsaid.
    const type = field(2, joinFields([field(1, joinFields([{ number: 1, wire: 0, value: 1n }]))]));
    return field(graph.output, joinFields([name, type]));
  };
  const strip = [
    ...nodes.filter((one) => wanted.has(one)).map(({ message }) => renameNode(message, bare)),
    ...of(parts, graph.name),
    ...of(parts, graph.constant)
      .filter((one) => names.has(textIn(fieldsOf(messageOf(one)), tensor.name)))
      .map((one) => renamed(one, tensor.name, bare)),
    ...of(parts, graph.input).filter((one) => names.has(nameOf(one))),
    port(),
  ];
  const rest = file.filter(({ number }) => number !== model.graph && number !== model.metadata);
  const about = of(file, model.metadata)
    .filter((entry) => nameOf(entry).startsWith(prefix))
    .map((entry) => renamed(entry, 1, bare));
  return parseBackbone(joinFields([...rest, field(model.graph, joinFields(strip)), ...about]));
}

/** The float constants of a model by name, expanded where they are stored in half precision; those of a backbone are left out. */
export function constantsOf(bytes: Uint8Array): Weights {
  const weights = new Map<string, Float32Array>();
  for (const one of of(graphOf(bytes).parts, graph.constant)) {
    const fields = fieldsOf(messageOf(one));
    const name = textIn(fields, tensor.name);
    const [raw] = of(fields, tensor.raw);
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- it may be stored otherwise
    if (name.startsWith(prefix) || !raw) continue;
    const type = numberIn(fields, tensor.type);
    const { buffer } = new Uint8Array(messageOf(raw));
    if (type === elementType.float32) weights.set(name, new Float32Array(buffer));
    if (type === elementType.float16) weights.set(name.replace(/\/half$/, ''), fromHalf(new Uint16Array(buffer)));
  }
  return weights;
}

/**
 * Opens a backbone.
 * @param from an ONNX file, or the folder of a model that has one inside.
 * @throws {ModelError} when it cannot be read or cannot be one.
 */
export async function readBackbone(from: string): Promise<Backbone> {
  const read = async (path: string): Promise<Uint8Array> =>
    readFile(path).catch((cause: unknown) => {
      throw new ModelError(
        `${path} cannot be read; expected as backbone an ONNX file, the name of one that ships (movenet-lightning), or the folder of a model that has one.`,
        { cause },
      );
    });
  try {
    if (from.endsWith('.onnx')) return parseBackbone(await read(from));
    const path = join(from, 'card.json');
    const card = parseCard(new TextDecoder().decode(await read(path)), path);
    return cutBackbone(await read(join(from, card.files.onnx.path)));
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    throw new ModelError(`${from} cannot be a backbone: ${(cause as Error).message}.`, { cause, facts: { from } });
  }
}
