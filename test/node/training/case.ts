// The cases of test/golden/training/cases.json as training steps with their inputs filled in.
import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';
import { makeArchitecture } from '../../../src/training/architectures/index.js';
import { type Precision, type Shape, sizeOf } from '../../../src/training/graph.js';
import { type LayerDescription, parseLayer } from '../../../src/training/layers/index.js';
import type { LossTerm } from '../../../src/training/losses.js';
import type { Architecture } from '../../../src/training/network.js';
import { type OptimizerOptions, optimizerScalars } from '../../../src/training/optimizer.js';
import { onnxRuntime, type Tensor } from '../../../src/model/onnx-runtime.js';
import { buildTrainingStep, pack, type TrainingStep } from '../../../src/training/training-step.js';
import type { ConvolutionForm } from '../../../src/training/tape.js';
import { noise, noiseBatch, noiseWeights } from '../../support/noise.js';

/** One entry of cases.json. */
export interface Case {
  readonly name: string;
  readonly batch: number;
  readonly frames: number;
  readonly notes: number;
  readonly input: { readonly name: string; readonly shape: Shape };
  readonly layers: readonly LayerDescription[];
  readonly losses: readonly LossTerm[];
  readonly architecture?: { readonly name: string; readonly options: Record<string, unknown> };
  readonly optimizer?: OptimizerOptions & { readonly learningRate: number };
}

/** Every case. */
export const cases = JSON.parse(
  readFileSync(new URL('../../golden/training/cases.json', import.meta.url), 'utf8'),
) as readonly Case[];

/** onnxruntime on one thread of the CPU. */
export const runtime = onnxRuntime(ort);

/** The architecture of a case: the named one, or its bare list of layers. */
export function architectureOf({ name, input, notes, layers, architecture }: Case): Architecture {
  if (architecture) return makeArchitecture(architecture.name, architecture.options);
  return { name, options: {}, input, notes, layers: layers.map(parseLayer) };
}

/** The training step of a case. */
export function stepOf(one: Case, precision?: Precision, convolutions?: ConvolutionForm): TrainingStep {
  const { batch, frames, losses, optimizer } = one;
  const architecture = architectureOf(one);
  return buildTrainingStep({ architecture, batch, frames, losses, optimizer, precision, convolutions });
}

/** Everything that a step has to be fed, in its precision. */
export function feedsOf(one: Case, step: TrainingStep): Record<string, Tensor> {
  const floats = (data: Float32Array) => (step.tape.precision === 'float64' ? Float64Array.from(data) : data);
  const feeds: Record<string, Tensor> = {};
  const feed = (name: string, shape: Shape, data: Float32Array): void => {
    feeds[name] = { data: floats(data), shape };
  };
  const batch = noiseBatch(step.data);
  for (const { name, shape } of step.data) feed(name, shape, batch[name]);
  for (const { name, shape } of step.states) {
    feed(
      `state.${name}`,
      shape,
      noise(`state.${name}`, sizeOf(shape)).map((x) => x / 2),
    );
  }
  for (const { name, shape, keep } of step.masks) {
    feed(
      name,
      shape,
      noise(name, sizeOf(shape)).map((x) => (x < 2 * keep - 1 ? 1 / keep : 0)),
    );
  }
  const weights = noiseWeights(architectureOf(one));
  if (step.frozen.length > 0) feed('frozen', [step.frozen.length], pack(step.frozen, weights));
  if (step.buffers.length > 0) feed('buffers', [step.buffers.length], pack(step.buffers, weights));
  const { length } = step.trained;
  feed('parameters', [length], pack(step.trained, weights));
  for (const name of ['m', 'v', 'average']) feed(name, [length], new Float32Array(length));
  for (const [name, value] of Object.entries({ ...optimizerScalars({}, 1, one.optimizer?.learningRate ?? 0.001) })) {
    feed(name, [], Float32Array.of(value));
  }
  const inputs = new Set(step.tape.model('').inputs.map(({ name }) => name));
  for (const name of Object.keys(feeds)) if (!inputs.has(name)) Reflect.deleteProperty(feeds, name);
  return feeds;
}

/** Euclidean distance over the Euclidean norm of what is expected. */
export function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  let distance = 0;
  let norm = 0;
  if (got.length !== expected.length) return Infinity;
  for (let k = 0; k < expected.length; k++) {
    distance += (got[k] - expected[k]) ** 2;
    norm += expected[k] ** 2;
  }
  return Math.sqrt(distance / norm);
}
