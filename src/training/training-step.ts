// One training step as one ONNX graph: forward, loss, backward, clipping, AdamW, moving average.
import { type Precision, type Shape, sizeOf, type Value } from './graph.js';
import { lossOf, type LossTerm, totalLoss } from './losses.js';
import {
  anatomy,
  type Architecture,
  buildNetwork,
  type ParameterDeclaration,
  portName,
  type Weights,
} from './network.js';
import { add, concat, multiply, reshape, slice, subtract } from './operators.js';
import { adamW, type OptimizerOptions } from './optimizer.js';
import { type ConvolutionForm, Tape } from './tape.js';

/** What a training step is made of. */
export interface TrainingStepOptions {
  readonly architecture: Architecture;
  /** Sequences per step. */
  readonly batch: number;
  /** Frames per sequence and step: how far gradients reach back. */
  readonly frames: number;
  readonly losses: readonly LossTerm[];
  readonly optimizer?: OptimizerOptions;
  /** Whether to keep a moving average of the weights; no by default. */
  readonly average?: boolean;
  /** Which parameters stay as they are, by name; none by default. Layers before the first trained one get no gradient. */
  readonly frozen?: (name: string) => boolean;
  /** Element type of everything; float64 is for checking gradients. */
  readonly precision?: Precision;
  /** What convolutions become; 'fastest' by default, which is measured on a CPU. */
  readonly convolutions?: ConvolutionForm;
}

/** Where each parameter lies in a long vector. */
export interface VectorLayout {
  readonly entries: readonly { readonly name: string; readonly shape: Shape; readonly start: number }[];
  readonly length: number;
}

/** Lays arrays end to end. */
export function layOut(arrays: readonly { readonly name: string; readonly shape: Shape }[]): VectorLayout {
  let length = 0;
  const entries = arrays.map(({ name, shape }) => {
    const start = length;
    length += sizeOf(shape);
    return { name, shape, start };
  });
  return { entries, length };
}

/** Named arrays as one vector. @throws RangeError when one is missing or of another size. */
export function pack(layout: VectorLayout, weights: Weights): Float32Array {
  const vector = new Float32Array(layout.length);
  for (const { name, shape, start } of layout.entries) {
    const data = weights.get(name);
    if (data?.length !== sizeOf(shape)) {
      throw new RangeError(`expected "${name}" with ${sizeOf(shape)} elements, got ${data?.length ?? 'none'}`);
    }
    vector.set(data, start);
  }
  return vector;
}

/** One vector as named arrays: copies, owned by the caller. */
export function unpack(layout: VectorLayout, vector: Float32Array): [name: string, data: Float32Array][] {
  return layout.entries.map(({ name, shape, start }) => [name, vector.slice(start, start + sizeOf(shape))]);
}

/** A training step ready to run, and what has to be fed to it. */
export interface TrainingStep {
  readonly tape: Tape;
  /** Trained parameters, those with weight decay first. */
  readonly trained: VectorLayout;
  /** Parameters that stay as they are. */
  readonly frozen: VectorLayout;
  /** Arrays that follow the data. */
  readonly buffers: VectorLayout;
  /** Recurrent states [batch x ...]; fed as `state.NAME`, answered as `next.NAME`. */
  readonly states: readonly { readonly name: string; readonly shape: Shape }[];
  /** Dropout masks, fed by name. */
  readonly masks: readonly { readonly name: string; readonly shape: Shape; readonly keep: number }[];
  /** What a batch of data consists of, by name. */
  readonly data: readonly { readonly name: string; readonly shape: Shape }[];
}

/** A part of a long vector under its own shape. */
function part(tape: Tape, vector: Value, start: number, shape: Shape): Value {
  return reshape(tape, slice(tape, vector, 0, start, start + sizeOf(shape)), shape);
}

/**
 * Emits the graph of one training step.
 *
 * Inputs: the data (`image` or `features`, `target.OUTPUT`, `mask.OUTPUT`), `parameters`, `m`, `v`, where there are any
 * `average`, `frozen`, `buffers`, `state.NAME` and `dropout.K`, and the scalars of the optimiser. Outputs: `loss`,
 * `loss.OUTPUT`, `output.OUTPUT` (what the network said), `gradient`, `gradient.norm`, and `next.` everything that
 * carries over.
 * @throws RangeError when a loss names an output that the network does not have, or the same one twice.
 */
export function buildTrainingStep(options: TrainingStepOptions): TrainingStep {
  const { architecture, batch, frames, losses } = options;
  const parts = anatomy(architecture);
  const isFrozen = ({ name }: ParameterDeclaration): boolean => options.frozen?.(name) ?? false;
  const free = parts.parameters.filter((declaration) => !isFrozen(declaration));
  const decayed = free.filter(({ decay }) => decay);
  const trained = layOut([...decayed, ...free.filter(({ decay }) => !decay)]);
  const frozen = layOut(parts.parameters.filter(isFrozen));
  const buffers = layOut(parts.buffers);
  if (trained.length === 0) throw new RangeError('expected a parameter that is not frozen, got none');

  const tape = new Tape(options.precision, options.convolutions ?? 'fastest');
  const vectors = new Map<string, Value>();
  const vector = (name: string, { length }: VectorLayout): Value => {
    const known = vectors.get(name) ?? tape.input(name, [length]);
    vectors.set(name, known);
    return known;
  };
  const leaves = new Map<string, Value>();
  for (const { name, shape, start } of trained.entries) {
    leaves.set(name, tape.watch(part(tape, vector('parameters', trained), start, shape)));
  }
  const network = buildNetwork(
    tape,
    architecture,
    { batch, frames, training: true },
    {
      parameter: ({ name }) => leaves.get(name) ?? place('frozen', frozen, name),
      buffer: ({ name }) => place('buffers', buffers, name),
    },
  );
  function place(kind: string, layout: VectorLayout, name: string): Value {
    const { start, shape } = layout.entries.find((entry) => entry.name === name)!;
    return part(tape, vector(kind, layout), start, shape);
  }

  for (const [name, value] of network.outputs) tape.output(`output.${name}`, value);

  const shape = [batch, frames, architecture.notes];
  const data = [{ name: network.input.name, shape: network.input.shape }];
  const terms = losses.map((term) => {
    const output = network.outputs.get(term.output);
    if (!output) {
      throw new RangeError(`expected a loss on ${[...network.outputs.keys()].join(', ')}, got "${term.output}"`);
    }
    const target = tape.input(`target.${term.output}`, shape);
    const mask = tape.input(`mask.${term.output}`, shape);
    data.push({ name: target.name, shape }, { name: mask.name, shape });
    const loss = lossOf(tape, term, output, target, mask);
    tape.output(`loss.${term.output}`, loss);
    return loss;
  });
  const loss = totalLoss(tape, losses, terms);
  tape.output('loss', loss);

  const gradients = tape.gradients(
    loss,
    trained.entries.map(({ name }) => leaves.get(name)!),
  );
  const gradient = concat(
    tape,
    gradients.map((g) => reshape(tape, g, [sizeOf(g.shape)])),
    0,
  );
  const updated = adamW(
    tape,
    {
      parameters: vector('parameters', trained),
      gradient,
      m: vector('m', trained),
      v: vector('v', trained),
      scalars: {
        learningRate: tape.input('learningRate', []),
        pace: tape.input('pace', []),
        epsilon: tape.input('epsilon', []),
      },
      decayed: decayed.reduce((total, declaration) => total + sizeOf(declaration.shape), 0),
    },
    options.optimizer ?? {},
  );
  tape.output('gradient', gradient);
  tape.output('gradient.norm', updated.norm);
  tape.output('next.parameters', updated.parameters);
  tape.output('next.m', updated.m);
  tape.output('next.v', updated.v);
  if (options.average) {
    const average = vector('average', trained);
    const distance = subtract(tape, updated.parameters, average);
    tape.output('next.average', add(tape, average, multiply(tape, distance, tape.input('averageRate', []))));
  }
  for (const { name, next } of network.states) tape.output(portName.nextState(name), next);
  if (network.buffers.length > 0) {
    tape.output(
      'next.buffers',
      concat(
        tape,
        network.buffers.map(({ next }) => reshape(tape, next, [sizeOf(next.shape)])),
        0,
      ),
    );
  }
  return {
    tape,
    trained,
    frozen,
    buffers,
    states: network.states.map(({ name, value }) => ({ name, shape: value.shape })),
    masks: network.masks.map(({ value, keep }) => ({ name: value.name, shape: value.shape, keep })),
    data,
  };
}
