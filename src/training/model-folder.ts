// A trained network as others use it: its graphs for every runtime, its weights for training on, and the card that tells all
// about it.
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../atomic-file.js';
import { ModelError } from '../errors.js';
import { type ModelCard, type ModelFile, type OnsetHead, parseCard, verifyFile } from '../model/card.js';
import { type Backbone, constantsOf, cutBackbone, joinBackbone } from './backbone.js';
import { makeArchitecture } from './architectures/index.js';
import { readWeights } from './checkpoint.js';
import { blockFrames, exportBlock, exportOnnx } from './export-onnx.js';
import { exportTfjs } from './export-tfjs.js';
import { roundToHalf } from './half.js';
import { type Listener, stateShapes } from './listen.js';
import type { Precision } from '../model/model.js';
import type { ModelInput } from '../model/views.js';
import { anatomy, type Architecture, type Weights } from './network.js';
import type { Runtime } from '../model/onnx-runtime.js';
import { encodeSafeTensors } from './safetensors.js';

/** What a model folder is made of. */
export interface ModelFolderOptions {
  readonly name: string;
  /** With the nominal number of bars. */
  readonly architecture: Architecture;
  readonly weights: Weights;
  /** What is in front of it and never trains. */
  readonly backbone?: Backbone;
  /** How it sees. */
  readonly input: ModelInput;
  /** Heads with their thresholds, the sure one first. */
  readonly heads: readonly OnsetHead[];
  /** Frame rates it was trained at. */
  readonly fps: readonly number[];
  /** Seeds, frames, hours, configuration: enough to train it again. */
  readonly training: Readonly<Record<string, unknown>>;
}

/**
 * Writes the files of a model: `model.onnx` and, for TensorFlow.js, `tfjs/model.json` and `tfjs/weights.bin`, all of the weights
 * rounded to half precision and stored in it; `model.f32.onnx` and `weights.safetensors` with every bit; `block.onnx`, the graph
 * that takes several frames at once, with the weights of either. Behind a backbone there is `model.onnx`
 * alone: what was trained and what was not can be read from it.
 * @returns what the card says of them.
 */
export async function writeModelFiles(
  folder: string,
  architecture: Architecture,
  weights: Weights,
  backbone?: Backbone,
): Promise<ModelCard['files']> {
  const write = async (path: string, bytes: Uint8Array): Promise<ModelFile> => {
    await writeAtomic(join(folder, path), bytes);
    return { path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  };
  const rounded = roundToHalf(weights);
  if (backbone) {
    await mkdir(folder, { recursive: true });
    return { onnx: await write('model.onnx', joinBackbone(backbone, exportOnnx(architecture, rounded))) };
  }
  await mkdir(join(folder, 'tfjs'), { recursive: true });
  const { parameters, buffers } = anatomy(architecture);
  const tensors = new Map(
    [...parameters, ...buffers].map(({ name: parameter, shape }) => [
      parameter,
      { data: weights.get(parameter)!, shape },
    ]),
  );
  const tfjs = exportTfjs(architecture, rounded);
  return {
    onnx: await write('model.onnx', exportOnnx(architecture, rounded)),
    block: await write('block.onnx', exportBlock(architecture, weights)),
    full: await write('model.f32.onnx', exportOnnx(architecture, weights)),
    tfjs: await write('tfjs/model.json', new TextEncoder().encode(JSON.stringify(tfjs.json))),
    tfjsWeights: await write('tfjs/weights.bin', tfjs.weights),
    weights: await write(
      'weights.safetensors',
      encodeSafeTensors({ tensors, metadata: { architecture: architecture.name } }),
    ),
  };
}

/**
 * Writes a model folder anew from its card and its `weights.safetensors`: what to do when the weights or the exporters have changed.
 * @throws {ModelError} when card or weights are missing or damaged.
 */
export async function rewriteModelFolder(folder: string): Promise<ModelCard> {
  const from = join(folder, 'card.json');
  const text = await readFile(from, 'utf8').catch((cause: unknown) => {
    throw new ModelError(`${from} cannot be read; expected a model folder.`, { cause });
  });
  const card = parseCard(text, from);
  const architecture = makeArchitecture(card.architecture.name, card.architecture.options);
  const { weights, backbone } = await readTrained(folder, card);
  const files = await writeModelFiles(folder, architecture, weights, backbone);
  const rewritten = { ...card, ...(backbone ? {} : { block: blockFrames }), files };
  await writeCard(folder, rewritten);
  return rewritten;
}

/**
 * What of a model was trained, and what is in front of it.
 * @throws {ModelError} when the weights are missing or damaged.
 */
export async function readTrained(
  folder: string,
  { files }: ModelCard,
): Promise<{ readonly weights: Weights; readonly backbone?: Backbone }> {
  const own = files.weights as ModelFile | undefined;
  if (own) return { weights: await readWeights(join(folder, own.path)) };
  const path = join(folder, files.onnx.path);
  try {
    const joined = await readFile(path);
    return { weights: constantsOf(joined), backbone: cutBackbone(joined) };
  } catch (cause) {
    throw new ModelError(
      `${path}: no weights can be read from it, and the card names no others; copy the folder again.`,
      {
        cause,
      },
    );
  }
}

/** Writes the files of a model, and `card.json` last, so that it never speaks of files to come. */
export async function writeModelFolder(folder: string, options: ModelFolderOptions): Promise<ModelCard> {
  const { name, architecture, weights, heads, input, backbone } = options;
  const { outputs } = anatomy(architecture);
  const card: ModelCard = {
    format: 'deep-marimba/model@1',
    name,
    architecture: { name: architecture.name, options: architecture.options },
    files: await writeModelFiles(folder, architecture, weights, backbone),
    input,
    ...(backbone ? {} : { block: blockFrames }),
    states: stateShapes(architecture),
    outputs,
    onsets: heads.map(onsetHead),
    fps: options.fps,
    training: {
      ...options.training,
      ...(backbone ? { backbone: { ...backbone.about, sha256: backbone.sha256 } } : {}),
    },
    scores: {},
  };
  await writeCard(folder, card);
  return card;
}

/** What a card says of a head. */
export function onsetHead({ output, latency, threshold, timing }: OnsetHead): OnsetHead {
  return { output, latency, threshold, ...(timing === 'offset' ? { timing } : {}) };
}

/** Writes `card.json`. */
export async function writeCard(folder: string, card: ModelCard): Promise<void> {
  await writeAtomic(join(folder, 'card.json'), `${JSON.stringify(card, null, 2)}\n`);
}

/**
 * Opens a model folder for evaluation. The caller releases the session.
 * @param precision of the weights: as it ships, or with every bit.
 * @throws {ModelError} when card or model are missing or damaged.
 */
export async function openModelFolder(
  folder: string,
  runtime: Runtime,
  precision: Precision = 'half',
): Promise<{ readonly card: ModelCard; readonly listener: Listener }> {
  const read = async (path: string): Promise<Buffer<ArrayBuffer>> => {
    try {
      return await readFile(join(folder, path));
    } catch (cause) {
      throw new ModelError(`${join(folder, path)} cannot be read; a model folder holds card.json and model.onnx.`, {
        cause,
      });
    }
  };
  const from = join(folder, 'card.json');
  const card = parseCard((await read('card.json')).toString('utf8'), from);
  const { input, files, states, onsets, outputs } = card;
  const file = precision === 'half' ? files.onnx : (files.full as ModelFile | undefined);
  if (!file) throw new ModelError(`${from} names no file with the full precision; write it with deep-marimba export.`);
  const bytes = await read(file.path);
  await verifyFile(file, bytes, join(folder, file.path));
  return {
    card,
    listener: {
      session: await runtime(bytes),
      input,
      states,
      outputs,
      heads: onsets.map(({ output }) => output),
    },
  };
}
