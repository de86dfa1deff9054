// A trained network as others use it: model.onnx, its weights for training on, and the card that tells all about it.
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../atomic-file.js';
import { ModelError } from '../errors.js';
import { type ModelCard, type ModelFile, type OnsetHead, parseCard, verifyFile } from '../model/card.js';
import { exportOnnx } from './export-onnx.js';
import { type Listener, stateShapes } from './listen.js';
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
  /** How it sees. */
  readonly input: ModelInput;
  /** Heads with their thresholds, the sure one first. */
  readonly heads: readonly OnsetHead[];
  /** Frame rates it was trained at. */
  readonly fps: readonly number[];
  /** Seeds, frames, hours, configuration: enough to train it again. */
  readonly training: Readonly<Record<string, unknown>>;
}

/** Writes `model.onnx`, `weights.safetensors` and `card.json`; the card last, so that it never speaks of files to come. */
export async function writeModelFolder(folder: string, options: ModelFolderOptions): Promise<ModelCard> {
  const { name, architecture, weights, heads, input } = options;
  await mkdir(folder, { recursive: true });
  const { parameters, buffers, outputs } = anatomy(architecture);
  const tensors = new Map(
    [...parameters, ...buffers].map(({ name: parameter, shape }) => [
      parameter,
      { data: weights.get(parameter)!, shape },
    ]),
  );
  const write = async (path: string, bytes: Uint8Array): Promise<ModelFile> => {
    await writeAtomic(join(folder, path), bytes);
    return { path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  };
  const card: ModelCard = {
    format: 'deep-marimba/model@1',
    name,
    architecture: { name: architecture.name, options: architecture.options },
    files: {
      onnx: await write('model.onnx', exportOnnx(architecture, weights)),
      weights: await write(
        'weights.safetensors',
        encodeSafeTensors({ tensors, metadata: { architecture: architecture.name } }),
      ),
    },
    input,
    states: stateShapes(architecture),
    outputs,
    onsets: heads.map(onsetHead),
    fps: options.fps,
    training: options.training,
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
 * @throws {ModelError} when card or model are missing or damaged.
 */
export async function openModelFolder(
  folder: string,
  runtime: Runtime,
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
  const bytes = await read(files.onnx.path);
  await verifyFile(files.onnx, bytes, join(folder, files.onnx.path));
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
