// An architecture turned into operators: for training, for streaming, or for a batch of windows, always from its one
// list of layers.
import { type Shape, sizeOf, type Value } from './graph.js';
import type { Initializer, Layer, Scope } from './layers/layer.js';
import { runLayers } from './layers/sequence.js';
import { reshape } from './operators.js';
import { Random } from './random.js';
import { Tape } from './tape.js';

/** A network as data: what goes in, and the layers it goes through. The last layer is `heads`, which names what comes out. */
export interface Architecture {
  readonly name: string;
  /** The options it was made with, for its card. */
  readonly options: Readonly<Record<string, unknown>>;
  /** One frame of input: its name, its shape without batch and time, and the axis that grows with the number of bars. */
  readonly input: { readonly name: string; readonly shape: Shape; readonly freeAxis?: number };
  /** Notes it answers for. Nominal when the input has a free axis. */
  readonly notes: number;
  readonly layers: readonly Layer[];
}

/** In which form a network is emitted. */
export interface Form {
  /** Sequences side by side. */
  readonly batch: number;
  /** Frames per window, or 'step': one frame, and no time axis in inputs and outputs. */
  readonly frames: number | 'step';
  /** Whether dropout drops and batch statistics are taken; false by default. */
  readonly training?: boolean;
}

/** A parameter of an architecture. */
export interface ParameterDeclaration {
  readonly name: string;
  readonly shape: Shape;
  readonly initialize: Initializer;
  /** Whether weight decay applies. */
  readonly decay: boolean;
}

/** An array that follows the data. */
export interface BufferDeclaration {
  readonly name: string;
  readonly shape: Shape;
  readonly initial: number;
}

/** Where the values of parameters and buffers come from: constants, inputs, slices of one long vector. */
export interface WeightSource {
  parameter(declaration: ParameterDeclaration): Value;
  buffer(declaration: BufferDeclaration): Value;
}

/** A recurrent state or buffer: what comes in and what it becomes. */
export interface Carried {
  readonly name: string;
  readonly value: Value;
  readonly next: Value;
  readonly free: Readonly<Record<number, string>>;
}

/** A network emitted into a tape. */
export interface Network {
  readonly input: Value;
  /** By name, [batch x frames x notes], or [batch x notes] in step form. */
  readonly outputs: ReadonlyMap<string, Value>;
  readonly states: readonly Carried[];
  readonly buffers: readonly Carried[];
  readonly parameters: readonly ParameterDeclaration[];
  /** Dropout masks to feed: each element is 1 / keep with probability `keep`, else 0. */
  readonly masks: readonly { readonly value: Value; readonly keep: number }[];
}

/** Names of graph inputs and outputs that are not data. */
export const portName = {
  state: (name: string): string => `state.${name}`,
  nextState: (name: string): string => `next.${name}`,
};

/**
 * Emits an architecture into a tape. The input and the states become inputs of the graph; what becomes of the results
 * is the caller's affair.
 * @throws RangeError when a layer does not fit the one before it.
 */
export function buildNetwork(tape: Tape, architecture: Architecture, form: Form, source: WeightSource): Network {
  const { batch, training = false } = form;
  const streaming = form.frames === 'step';
  const frames = form.frames === 'step' ? 1 : form.frames;
  const lead = streaming ? [batch] : [batch, frames];
  const { input: port, notes } = architecture;
  const free = port.freeAxis === undefined ? {} : { [lead.length + port.freeAxis]: 'width' };
  const input = tape.input(port.name, [...lead, ...port.shape], free);

  const parameters: ParameterDeclaration[] = [];
  const masks: { value: Value; keep: number }[] = [];
  const outputs = new Map<string, Value>();
  const states = new Map<string, { value: Value; next?: Value; free: Record<number, string> }>();
  const buffers = new Map<string, { value: Value; next?: Value; free: Record<number, string> }>();

  const scopeNamed = (prefix: string): Scope => ({
    tape,
    batch,
    frames,
    training,
    parameter(name, shape, initialize, decay = shape.length > 1) {
      const declaration = { name: prefix + name, shape, initialize, decay };
      parameters.push(declaration);
      return source.parameter(declaration);
    },
    buffer(name, shape, initial) {
      const value = source.buffer({ name: prefix + name, shape, initial });
      buffers.set(prefix + name, { value, free: {} });
      return value;
    },
    updateBuffer(name, next) {
      buffers.get(prefix + name)!.next = next;
    },
    state(name, shape, freeAxis) {
      const names = freeAxis === undefined || port.freeAxis === undefined ? {} : { [freeAxis]: 'bars' };
      const value = tape.input(portName.state(prefix + name), shape, names);
      states.set(prefix + name, { value, free: names });
      return value;
    },
    updateState(name, next) {
      states.get(prefix + name)!.next = next;
    },
    mask(shape, keep) {
      const value = tape.input(`dropout.${masks.length}`, shape);
      masks.push({ value, keep });
      return value;
    },
    output(name, value) {
      if (sizeOf(value.shape) !== batch * frames * notes) {
        throw new RangeError(`expected ${notes} notes per frame for "${name}", got ${value.shape.join('x')}`);
      }
      outputs.set(name, reshape(tape, value, [...lead, -1]));
    },
    inside: (name) => scopeNamed(`${prefix}${name}.`),
  });

  const [freeBefore, width] = [port.freeAxis, port.shape.length - 1];
  if (freeBefore !== undefined && freeBefore !== width) throw new RangeError('expected the free axis to be the last');
  const items = streaming ? input : reshape(tape, input, [batch * frames, ...port.shape.slice(0, -1), -1]);
  runLayers(architecture.layers, scopeNamed(''), items);
  const carried = (from: typeof states): Carried[] =>
    [...from].map(([name, { value, next, free }]) => ({ name, value, next: next ?? value, free }));
  return { input, outputs, states: carried(states), buffers: carried(buffers), parameters, masks };
}

/** What an architecture consists of: its parameters, buffers, states, outputs and cost. */
export interface Anatomy {
  readonly parameters: readonly ParameterDeclaration[];
  readonly buffers: readonly BufferDeclaration[];
  /** Recurrent states of one stream: name, shape, the first axis 1, and the axes that grow with the number of bars. */
  readonly states: readonly { readonly name: string; readonly shape: Shape; readonly free: readonly number[] }[];
  readonly outputs: readonly string[];
  /** Trained numbers. */
  readonly parameterCount: number;
  /** Multiplications and additions of convolutions and matrix products per frame. */
  readonly flops: number;
}

/** Takes an architecture apart without training it. */
export function anatomy(architecture: Architecture): Anatomy {
  const tape = new Tape();
  const buffers: BufferDeclaration[] = [];
  const network = buildNetwork(
    tape,
    architecture,
    { batch: 1, frames: 'step' },
    {
      parameter: ({ name, shape }) => tape.input(name, shape),
      buffer: (declaration) => {
        buffers.push(declaration);
        return tape.input(declaration.name, declaration.shape);
      },
    },
  );
  // Every output element of Conv is a sum over one filter's weights; of Gemm, over one column.
  const flops = tape.model('anatomy').nodes.reduce((total, { type, inputs, outputs }) => {
    if (type !== 'Conv' && type !== 'Gemm') return total;
    const weights = tape.shapeOf(inputs[1]);
    const terms = type === 'Conv' ? sizeOf(weights.slice(1)) : weights[0];
    return total + 2 * terms * sizeOf(tape.shapeOf(outputs[0]));
  }, 0);
  return {
    parameters: network.parameters,
    buffers,
    states: network.states.map(({ name, value, free }) => ({
      name,
      shape: value.shape,
      free: Object.keys(free).map(Number),
    })),
    outputs: [...network.outputs.keys()],
    parameterCount: network.parameters.reduce((total, { shape }) => total + sizeOf(shape), 0),
    flops,
  };
}

/** Arrays by name, float32, row-major. */
export type Weights = ReadonlyMap<string, Float32Array>;

/**
 * New parameters and buffers. Each parameter has its own stream of random numbers, named after it, so that adding a
 * layer leaves the others as they were. With `weightScale`, every matrix and kernel is drawn from a normal distribution
 * of that standard deviation instead (the 2017 search varied it from 1e-4 to 1e-1).
 */
export function initialWeights(architecture: Architecture, seed: number, weightScale?: number): Weights {
  const { parameters, buffers } = anatomy(architecture);
  const weights = new Map<string, Float32Array>();
  for (const { name, shape, initialize, decay } of parameters) {
    const random = new Random(seed, name);
    const scaled = weightScale !== undefined && decay;
    const draw = (k: number): number => (scaled ? random.normal() * weightScale : initialize(random, k));
    weights.set(
      name,
      Float32Array.from({ length: sizeOf(shape) }, (_, k) => draw(k)),
    );
  }
  for (const { name, shape, initial } of buffers) weights.set(name, new Float32Array(sizeOf(shape)).fill(initial));
  return weights;
}
