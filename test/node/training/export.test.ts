// One network, every form: the training step's forward pass, the ONNX models that predict, and TensorFlow.js.
import { dirname } from 'node:path';
import { createRequire } from 'node:module';
import '@tensorflow/tfjs-backend-wasm';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import * as web from 'onnxruntime-web';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  barLstm,
  cnnLstm,
  convLstmNetwork,
  fcLstm,
  makeArchitecture,
} from '../../../src/training/architectures/index.js';
import { exportOnnx } from '../../../src/training/export-onnx.js';
import { exportTfjs, type TfjsModel } from '../../../src/training/export-tfjs.js';
import { type Shape, sizeOf } from '../../../src/training/graph.js';
import {
  conv,
  conv3d,
  dense,
  flatten,
  heads,
  layerNorm,
  relu,
  silu,
  skip,
} from '../../../src/training/layers/index.js';
import { anatomy, type Architecture } from '../../../src/training/network.js';
import { onnxRuntime, type Tensor, type Tensors } from '../../../src/model/onnx-runtime.js';
import { noise, noiseWeights } from '../../support/noise.js';
import { type Case, cases, feedsOf, runtime, stepOf } from './case.js';

const zeros = (shape: Shape): Tensor => ({ data: new Float32Array(sizeOf(shape)), shape });

/** Small versions of the architectures, and a few layers that none of them has. */
const architectures: readonly Architecture[] = [
  barLstm({ bars: 3, filters: [4, 5, 6, 7], units: 5 }),
  barLstm({ bars: 3, filters: [4, 5, 6, 7], units: 5, recurrence: 'conv-lstm' }),
  cnnLstm({ notes: 4, height: 40, width: 36, convolutions: [[4, 16, 8], [5, 8, 4], [6, 2, 1]], dense: [8], units: [6, 5] }), // prettier-ignore
  convLstmNetwork({ notes: 4, height: 24, width: 20, cells: [[3, 8, 4], [4, 3, 2]], volume: 2, dense: [6] }), // prettier-ignore
  fcLstm({ notes: 4, features: 10, units: [6, 5] }),
  {
    name: 'other layers',
    options: {},
    input: { name: 'image', shape: [4, 9, 11] },
    notes: 3,
    layers: [
      conv({ filters: 6, kernel: 3, dilation: 2, padding: 2 }),
      layerNorm({}),
      silu({}),
      // Six channels to eight filters: the pair that WebGPU needs a seventh channel for.
      conv({ filters: 8, kernel: 3 }),
      conv({ filters: 16, kernel: 3, stride: 2, padding: 'same', groups: 0 }),
      skip({ layers: [conv({ filters: 16, kernel: 1 }), relu({})], combine: 'add' }),
      conv3d({ filters: 4, kernel: [2, 3, 3] }),
      flatten({}),
      dense({ units: 6, bias: false }),
      heads({ outputs: ['onset'], notes: 3 }),
    ],
  },
];

/** Runs a clip frame by frame through a model in step form; outputs by name, [frames x notes]. */
async function stream(
  step: (feeds: Tensors) => Promise<Tensors>,
  architecture: Architecture,
  clip: Float32Array,
  frameShape: Shape,
  states: Tensors,
): Promise<Record<string, number[]>> {
  const size = sizeOf(frameShape);
  let carried = states;
  const said: Record<string, number[]> = {};
  for (let k = 0; k < clip.length / size; k++) {
    const frame = { data: clip.slice(k * size, (k + 1) * size), shape: [1, ...frameShape] };
    const results = await step({ [architecture.input.name]: frame, ...carried });
    carried = Object.fromEntries(Object.keys(carried).map((name) => [name, results[name.replace('state.', 'next.')]]));
    for (const name of anatomy(architecture).outputs) (said[name] ??= []).push(...results[name].data);
    for (const [name, { data }] of Object.entries(carried)) (said[name] ??= []).push(...data);
  }
  return said;
}

/** Largest difference, over the largest value but at least 1. */
function largestDifference(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(got.length).toBe(expected.length);
  const largest = Math.max(1, ...Array.from(expected, Math.abs));
  return Array.from(expected).reduce((worst, x, k) => Math.max(worst, Math.abs(got[k] - x)), 0) / largest;
}

const statesOf = (architecture: Architecture): Tensors =>
  Object.fromEntries(anatomy(architecture).states.map(({ name, shape }) => [`state.${name}`, zeros(shape)]));

describe.each(architectures)('$name $options.recurrence', (architecture) => {
  const frames = 5;
  const { shape } = architecture.input;
  const clip = noise('clip', frames * sizeOf(shape));
  const weights = noiseWeights(architecture);

  it('says the same frame by frame as all at once', async () => {
    const batch = await runtime(exportOnnx(architecture, weights, { batch: 1, frames }));
    const input = { data: clip, shape: [1, frames, ...shape] };
    const whole = await batch.run({ [architecture.input.name]: input, ...statesOf(architecture) });
    const step = await runtime(exportOnnx(architecture, weights));
    const said = await stream((feeds) => step.run(feeds), architecture, clip, shape, statesOf(architecture));
    for (const name of anatomy(architecture).outputs) {
      expect(largestDifference(said[name], whole[name].data), name).toBeLessThan(1e-6); // measured: 2.6e-7
    }
  });

  it('says the same in TensorFlow.js, state included, frame by frame', async () => {
    const step = await runtime(exportOnnx(architecture, weights));
    const expected = await stream((feeds) => step.run(feeds), architecture, clip, shape, statesOf(architecture));
    const got = await stream(
      await tfjsStep(exportTfjs(architecture, weights)),
      architecture,
      clip,
      shape,
      statesOf(architecture),
    );
    for (const [name, values] of Object.entries(expected)) {
      expect(largestDifference(got[name], values), name).toBeLessThan(2.6e-6); // measured: 6.4e-7
    }
  });
});

/** One frame through a TensorFlow.js model. */
async function tfjsStep({ json, weights }: TfjsModel): Promise<(feeds: Tensors) => Promise<Tensors>> {
  const { weightsManifest, modelTopology, signature } = json as {
    weightsManifest: [{ weights: tf.io.WeightsManifestEntry[] }];
    modelTopology: object;
    signature: object;
  };
  const artifacts = {
    modelTopology,
    signature,
    weightSpecs: weightsManifest[0].weights,
    weightData: weights.slice().buffer,
  };
  const model = await loadGraphModel(tf.io.fromMemory({ format: 'graph-model', ...artifacts }));
  return async (feeds) => {
    const inputs = Object.fromEntries(
      Object.entries(feeds).map(([name, { data, shape }]) => [name, tf.tensor(data as Float32Array, [...shape])]),
    );
    const names = model.outputs.map(({ name }) => name.replace(/:0$/, ''));
    const results = model.execute(inputs, names) as tf.Tensor[];
    const entries = results.map(async (result, k): Promise<[string, Tensor]> => [
      names[k],
      { data: Float32Array.from(await result.data()), shape: result.shape },
    ]);
    return Object.fromEntries(await Promise.all(entries));
  };
}

beforeAll(async () => {
  setWasmPaths(
    `${dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`,
  );
  await tf.setBackend('wasm');
  expect(tf.getBackend()).toBe('wasm');
});

describe('any number of bars', () => {
  it.each(['lstm', 'conv-lstm'] as const)('plays, with the weights of three: %s', async (recurrence) => {
    const make = (bars: number) => barLstm({ bars, filters: [4, 5, 6, 7], units: 5, recurrence });
    const weights = noiseWeights(make(3));
    const seven = make(7);
    const clip = noise('clip', 4 * sizeOf(seven.input.shape));
    const fromThree = await runtime(exportOnnx(make(3), weights));
    const fromSeven = await runtime(exportOnnx(seven, weights));
    const tfjs = await tfjsStep(exportTfjs(make(3), weights));
    const run = (step: (feeds: Tensors) => Promise<Tensors>) =>
      stream(step, seven, clip, seven.input.shape, statesOf(seven));
    const expected = await run((feeds) => fromSeven.run(feeds));
    expect(expected.onset).toHaveLength(4 * 7);
    expect(await run((feeds) => fromThree.run(feeds))).toEqual(expected);
    expect(largestDifference((await run(tfjs)).onset, expected.onset)).toBeLessThan(1e-6);
  });
});

describe('training', () => {
  const trained = cases.filter(({ architecture, name }) => architecture && name !== 'conv-lstm');

  it.each(trained)('hears in its forward pass what the exported model hears: $name', async (one: Case) => {
    const { name, options } = one.architecture!;
    const architecture = makeArchitecture(name, { ...options, dropout: 0 });
    const quiet = { ...one, architecture: { name, options: { ...options, dropout: 0 } } };
    const step = stepOf(quiet);
    const feeds = feedsOf(quiet, step);
    const training = await runtime(step.tape.encode('training'));
    const forward = await training.run(
      feeds,
      anatomy(architecture).outputs.map((output) => `output.${output}`),
    );
    const model = await runtime(
      exportOnnx(architecture, noiseWeights(architecture), { batch: one.batch, frames: one.frames }),
    );
    const wanted = Object.entries(feeds).filter(([key]) => key === one.input.name || key.startsWith('state.'));
    const exported = await model.run(Object.fromEntries(wanted));
    for (const output of anatomy(architecture).outputs) {
      expect(largestDifference(exported[output].data, forward[`output.${output}`].data)).toBeLessThan(5e-7); // measured: 1.2e-7
    }
  });

  it.each(cases.filter(({ architecture }) => architecture))(
    'has the same loss in onnxruntime-web: $name',
    async (one) => {
      web.env.wasm.numThreads = 1;
      const step = stepOf(one);
      const bytes = step.tape.encode('training');
      const feeds = feedsOf(one, step);
      const [node, wasm] = await Promise.all(
        [runtime, onnxRuntime(web, { executionProviders: ['wasm'] })].map(async (open) => {
          const session = await open(bytes);
          let results = await session.run(feeds);
          // The second step's loss has seen a gradient and an update of the first.
          results = await session.run({ ...feeds, parameters: results['next.parameters'] });
          await session.release();
          return results.loss.data[0];
        }),
      );
      expect(Math.abs(wasm - node) / node).toBeLessThan(2.4e-7); // measured: 0, two ulp allowed
    },
  );
});

describe('the shipped sizes', () => {
  it('fit their budgets', () => {
    for (const recurrence of ['lstm', 'conv-lstm']) {
      const { parameterCount, flops } = anatomy(makeArchitecture('bar-lstm', { recurrence }));
      expect(parameterCount).toBeLessThanOrEqual(300_000); // 94,372 and 159,908
      expect(flops).toBeLessThanOrEqual(60e6); // 12.6e6 and 15.0e6, for 18 bars
    }
  });
});
