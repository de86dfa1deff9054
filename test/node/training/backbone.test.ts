// fc-lstm: a foreign network joined in front of ours and cut out again; features that are made once; a model that predicts.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { compileKernels } from '../../../src/kernels/module.js';
import { onnxRuntime } from '../../../src/model/onnx-runtime.js';
import { fcLstm } from '../../../src/training/architectures/index.js';
import {
  type Backbone,
  constantsOf,
  cutBackbone,
  joinBackbone,
  parseBackbone,
  readBackbone,
} from '../../../src/training/backbone.js';
import { exportOnnx } from '../../../src/training/export-onnx.js';
import { featureMaker } from '../../../src/training/features.js';
import { Graph } from '../../../src/training/graph.js';
import { stateShapes, watchClip } from '../../../src/training/listen.js';
import { openModelFolder, rewriteModelFolder, writeModelFolder } from '../../../src/training/model-folder.js';
import { initialWeights } from '../../../src/training/network.js';
import { architectureOf, inputOfTraining, train } from '../../../src/training/train.js';
import { trainConfig } from '../../../src/training/train-config.js';
import { noise } from '../../support/noise.js';

const runtime = onnxRuntime(ort);
const golden = new URL('../../golden/', import.meta.url);
const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'deep-marimba-backbone-'));

interface Expected {
  readonly height: number;
  readonly width: number;
  readonly features: readonly number[];
}
const expectedOf = async (name: string): Promise<Expected> =>
  JSON.parse(await readFile(new URL(name, golden), 'utf8')) as Expected;

/** The noise of the golden scripts, 0..255. */
function bytesOfNoise(count: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

function relativeError(got: Float32Array, expected: readonly number[]): number {
  expect(got.length).toBe(expected.length);
  const square = (list: readonly number[]): number => list.reduce((sum, x) => sum + x * x, 0);
  return Math.sqrt(square(expected.map((x, k) => got[k] - x)) / square(expected));
}

/** What a backbone says of a picture. */
async function look(backbone: Backbone, picture: Float32Array, shape: readonly [number, number, number]) {
  const maker = await featureMaker(backbone, { shape }, runtime);
  const features = await maker.of(picture);
  await maker.release();
  return features;
}

/** A picture's means over a grid, with names that our own networks use too. */
function small(height: number, width: number): Uint8Array {
  const graph = new Graph();
  const image = graph.input('image', [1, 3, height, width]);
  const kernel = graph.constant('Gemm_2', [4, 3, 4, 4], noise('kernel', 192));
  const maps = graph.emit('Conv', [image, kernel], [1, 4, height / 4, width / 4], { strides: [4, 4] });
  graph.output('features', graph.emit('ReduceMax', [maps], [1, 4, width / 4, 1], { axes: [2], keepdims: 1 }));
  return graph.encode('small', { name: 'small', credit: 'nobody' });
}

describe('a backbone', () => {
  it('of PyTorch is joined and cut out again, and says what PyTorch says', async () => {
    const { height, width, features } = await expectedOf('training/torch-backbone.json');
    const shape = [3, height, width] as const;
    const picture = bytesOfNoise(3 * height * width).map((value) => value / 255);
    const backbone = await readBackbone(new URL('training/torch-backbone.onnx', golden).pathname);
    expect(backbone.input).toEqual({ name: 'pixels', shape: [3, height, width] });
    // Measured: 1.1e-7.
    expect(relativeError(await look(backbone, picture, shape), features)).toBeLessThan(5e-7);

    const architecture = fcLstm({ features: 7, units: [5, 4], notes: 3, normalization: 'batch' });
    const weights = initialWeights(architecture, 1);
    const trained = exportOnnx(architecture, weights);
    const joined = joinBackbone(backbone, trained);
    const session = await runtime(joined);
    const alone = await runtime(trained);
    const own = Object.fromEntries(
      stateShapes(architecture).map(({ name, shape }) => {
        const sizes = shape.map(Number);
        return [
          `state.${name}`,
          {
            data: noise(
              name,
              sizes.reduce((a, b) => a * b),
            ),
            shape: sizes,
          },
        ];
      }),
    );
    const image = { data: picture, shape: [1, ...shape] };
    const got = await session.run({ image, ...own }, ['onset', 'velocity']);
    const said = { data: Float32Array.from(features), shape: [1, 7] };
    const expected = await alone.run({ features: said, ...own }, ['onset', 'velocity']);
    for (const name of ['onset', 'velocity']) {
      expect(relativeError(got[name].data as Float32Array, [...expected[name].data])).toBeLessThan(1e-6);
    }
    await Promise.all([session.release(), alone.release()]);

    const cut = cutBackbone(joined);
    expect(cut.input.name).toBe('image');
    expect(await look(cut, picture, shape)).toEqual(await look(backbone, picture, shape));
    expect(new Map([...constantsOf(joined)].filter(([name]) => weights.has(name)))).toEqual(weights);
  });

  it('keeps names and words of its own apart from those of the network behind it', async () => {
    const backbone = parseBackbone(small(8, 12));
    expect(backbone.about).toEqual({ name: 'small', credit: 'nobody' });
    const architecture = fcLstm({ features: 12, units: [3], notes: 2 });
    const joined = joinBackbone(backbone, exportOnnx(architecture, initialWeights(architecture, 1)));
    await (await runtime(joined)).release();
    const cut = cutBackbone(joined);
    expect(cut.about).toEqual(backbone.about);
    // Joined, cut and joined again, names do not grow.
    const again = joinBackbone(cut, exportOnnx(architecture, initialWeights(architecture, 1)));
    expect(cutBackbone(again).sha256).toBe(cut.sha256);
    const picture = noise('picture', 3 * 8 * 12);
    expect(await look(cut, picture, [3, 8, 12])).toEqual(await look(backbone, picture, [3, 8, 12]));
  });

  it.each([
    ['nothing', () => new Uint8Array(0), /it has no graph/],
    ['text', () => new TextEncoder().encode('not a network at all'), /it is no ONNX file, or damaged|it has no graph/],
    ['half a file', () => small(8, 12).subarray(0, 300), /it is no ONNX file, or damaged/],
    [
      'a network that looks at one channel',
      () => {
        const graph = new Graph();
        graph.output('features', graph.emit('Flatten', [graph.input('image', [1, 1, 2, 2])], [1, 4]));
        return graph.encode('gray');
      },
      /its input is \[1 x 1 x 2 x 2\]; expected \[1 x 3 x height x width\]/,
    ],
    [
      'a network with two inputs',
      () => {
        const graph = new Graph();
        const [a, b] = ['a', 'b'].map((name) => graph.input(name, [1, 3, 2, 2]));
        graph.output('sum', graph.emit('Add', [a, b], [1, 3, 2, 2]));
        return graph.encode('two');
      },
      /2 inputs and 1 outputs; expected one of each/,
    ],
  ])('is not made of %s', (_, bytes, sentence) => {
    expect(() => parseBackbone(bytes())).toThrow(sentence);
  });

  it('says which file, and which pictures it wants', async () => {
    const where = await folder();
    const path = join(where, 'b.onnx');
    await writeFile(path, 'no');
    await expect(readBackbone(path)).rejects.toThrow(`${path} cannot be a backbone: it`);
    await expect(readBackbone(join(where, 'none'))).rejects.toThrow(
      'expected as backbone an ONNX file, the name of one that ships',
    );
    await expect(featureMaker(parseBackbone(small(8, 12)), { shape: [3, 8, 16] }, runtime)).rejects.toThrow(
      'takes pictures of 3 x 8 x 12, the training shows it 3 x 8 x 16',
    );
  });
});

describe('fc-lstm', () => {
  const config = trainConfig({
    ...{ architecture: { name: 'fc-lstm', options: { units: [4, 3], features: 60 } }, backbone: 'small.onnx' },
    ...{ geometry: 'bars', channels: 'gray', bars: 3, steps: 4, batch: 2, frames: 10, burnIn: 3, seconds: 1.5 },
    ...{ widths: [96], calibrations: 1, clips: 2, sequences: 4, mixed: 1, warmup: 2 },
  });
  const opened = () => featureMaker(parseBackbone(small(48, 60)), inputOfTraining(config, 3), runtime);

  it('looks at every picture once, goes on after a stop to the same weights, and predicts from pictures', async () => {
    const features = await opened();
    expect(features.count).toBe(60);
    let looks = 0;
    const counting = { ...features, of: (picture: Float32Array) => (looks++, features.of(picture)) };
    const options = { config, runtime, workers: 0, every: 1, features: counting };
    const whole = await train({ ...options, folder: await folder() });
    // Two clips of four sequences of ten frames, though four steps of two sequences are one clip each.
    expect(looks).toBe(2 * 4 * 10);
    const stopped = await folder();
    const abort = new AbortController();
    const onStep = ({ step }: { step: number }): void => {
      if (step === 2) abort.abort();
    };
    expect((await train({ ...options, folder: stopped, signal: abort.signal, onStep })).finished).toBe(false);
    expect((await readdir(join(stopped, 'features'))).length).toBeGreaterThan(0);
    await rm(join(stopped, 'features', 'clip-1.safetensors'), { force: true });
    await writeFile(join(stopped, 'features', 'clip-0.safetensors'), 'damaged');
    const resumed = await train({ ...options, folder: stopped });
    expect(resumed.weights).toEqual(whole.weights);

    const path = await folder();
    const heads = [{ output: 'onset', latency: 2, threshold: 0.5 }];
    await writeModelFolder(path, {
      ...{
        name: 'fc',
        architecture: architectureOf(config),
        input: inputOfTraining(config, 18),
        weights: whole.weights,
      },
      ...{ backbone: features.backbone, heads, fps: [25], training: {} },
    });
    expect((await readdir(path)).sort()).toEqual(['card.json', 'model.onnx']);
    const { card, listener } = await openModelFolder(path, runtime);
    expect(card.training.backbone).toEqual({ name: 'small', credit: 'nobody', sha256: features.backbone.sha256 });
    const clip = { family: 'validation', seed: 7, seconds: 1, width: 96 } as const;
    const [answers] = await watchClip(compileKernels(), [listener], clip);
    await listener.session.release();
    const [row] = answers.rows;
    expect(row.heads.onset.length).toBe(answers.times.length * row.midi.length);
    expect(new Set(row.heads.onset).size).toBeGreaterThan(row.midi.length);
    expect(await rewriteModelFolder(path)).toEqual(card);
    await features.release();
  });

  it('needs a backbone, and nothing else has one', async () => {
    expect(() => trainConfig({ architecture: { name: 'fc-lstm', options: {} } })).toThrow(
      'expected a "backbone" for fc-lstm',
    );
    expect(() => trainConfig({ backbone: 'fc-lstm' })).toThrow('expected no "backbone" for bar-lstm');
    expect(() => trainConfig({ clips: 7 })).toThrow('expected "clips" to be a multiple of "mixed" (6) or 0, got 7');
    await expect(train({ config, runtime, folder: await folder() })).rejects.toThrow('expected "features"');
  });
});

describe('models/backbones/movenet-lightning.onnx', () => {
  it('says what TensorFlow.js says with the weights as they were published', async () => {
    const { height, width, features } = await expectedOf('backbone.json');
    const pixels = bytesOfNoise(3 * height * width);
    // The script draws [rows x columns x colours].
    const picture = new Float32Array(pixels.length);
    for (let i = 0; i < height * width; i++) {
      for (let c = 0; c < 3; c++) picture[c * height * width + i] = pixels[3 * i + c] / 255;
    }
    const said = await look(await readBackbone('models/backbones/movenet-lightning.onnx'), picture, [3, height, width]);
    // Measured: 4.3e-7.
    expect(relativeError(said, features)).toBeLessThan(1.7e-6);
  });
});
