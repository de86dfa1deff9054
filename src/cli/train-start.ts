// Where a training starts: from nothing, a model, another training, or the mean of several; and what went before it.
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAtomic } from '../atomic-file.js';
import { ModelError } from '../errors.js';
import { type ModelCard, parseCard } from '../model/card.js';
import { readWeights } from '../training/checkpoint.js';
import { readTrained } from '../training/model-folder.js';
import type { Weights } from '../training/network.js';
import { CHECKPOINT, type HistoryEntry } from '../training/train.js';
import type { TrainConfig } from '../training/train-config.js';
import { folderOf } from './model-folder-of.js';

/** In a training's folder: the trainings that went before. */
const EARLIER = 'earlier.json';

/** What a training starts from, and the trainings that went before, as cards list them. */
export interface Start {
  readonly weights?: Weights;
  readonly stages: readonly unknown[];
  /** Fields of the configuration that fit the weights. */
  readonly shape?: Partial<TrainConfig>;
}

/** Weights of a model folder or of a safetensors file, and the trainings they went through. */
async function readStart(from: string): Promise<Start> {
  if (from.endsWith('.safetensors')) return { weights: await readWeights(from), stages: [{ from: 'given weights' }] };
  const path = join(await modelOrTraining(from), 'card.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const unfinished = await readUnfinished(from);
    if (unfinished) return unfinished;
    const expected = 'expected a model folder, the folder of a training, or a .safetensors file';
    throw new ModelError(`${path} cannot be read; ${expected}.`, { cause });
  }
  const card: ModelCard = parseCard(text, path);
  const { weights } = await readTrained(dirname(path), card);
  const { stages } = card.training;
  const list = Array.isArray(stages) ? (stages as { readonly config?: Partial<TrainConfig> }[]) : [];
  return { weights, stages: list, shape: shapeOf(list.at(-1)?.config ?? {}) };
}

/** A folder of whatever kind, or a model by its name. */
const modelOrTraining = async (from: string): Promise<string> => (existsSync(from) ? from : await folderOf(from));

/** What of a training its weights cannot do without: how the network is made, how it sees, what it answers. */
function shapeOf(config: Partial<TrainConfig>): Partial<TrainConfig> {
  const kept = ['architecture', 'backbone', 'geometry', 'channels', 'bars', 'rows', 'columns', 'heads', 'lossWeights'];
  return Object.fromEntries(Object.entries(config).filter(([name]) => kept.includes(name)));
}

/**
 * Where a training starts: from one network, or from the mean of several. Trainings that went on from one another, or from a
 * common one, lie in one valley of the loss, and its middle hears what is new better than either.
 * **Source:** Wortsman et al. 2022, "Model soups"; https://arxiv.org/abs/2203.05482.
 */
export async function readStarts(from: readonly string[] = []): Promise<Start> {
  const starts = await Promise.all(from.map(readStart));
  if (starts.length === 0) return { stages: [] };
  if (starts.length === 1) return starts[0];
  const [first, ...rest] = starts.map(({ weights }) => weights!);
  for (const [k, other] of rest.entries()) {
    const alike =
      other.size === first.size && [...first].every(([name, data]) => other.get(name)?.length === data.length);
    if (!alike)
      throw new ModelError(`${from[k + 1]} is another network than ${from[0]}; only networks alike have a mean.`);
  }
  const mean = (name: string, data: Float32Array): Float32Array =>
    data.map((value, i) => rest.reduce((sum, other) => sum + other.get(name)![i], value) / starts.length);
  return {
    weights: new Map([...first].map(([name, data]) => [name, mean(name, data)])),
    stages: meanStages(starts.map(({ stages }) => stages)),
    ...(starts[0].shape ? { shape: starts[0].shape } : {}),
  };
}

/** The trainings of a mean: those that all went through, then what each went through alone, which may be nothing. */
function meanStages(all: readonly (readonly unknown[])[]): unknown[] {
  const [first, ...others] = all.map((stages) => stages.map((stage) => JSON.stringify(stage)));
  const parting = first.findIndex((stage, k) => others.some((other) => other[k] !== stage));
  const common = parting < 0 ? first.length : parting;
  return [...all[0].slice(0, common), { meanOf: all.map((stages) => stages.slice(common)) }];
}

/** The latest weights of a training that may still be going on. */
async function readUnfinished(folder: string): Promise<Start | undefined> {
  const [checkpoint, config, history, before] = [CHECKPOINT, 'config.json', 'history.json', EARLIER].map((name) =>
    join(folder, name),
  );
  if (!existsSync(checkpoint)) return undefined;
  const read = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8')) as unknown;
  const stages = existsSync(before) ? ((await read(before)) as unknown[]) : [];
  const last = ((await read(history)) as HistoryEntry[]).at(-1);
  return {
    weights: await readWeights(checkpoint),
    stages: [...stages, stageOf((await read(config)) as TrainConfig, last)],
  };
}

/** A training as cards list it, up to a step. */
export const stageOf = (config: TrainConfig, entry: HistoryEntry | undefined) => ({
  config,
  steps: entry?.step ?? 0,
  sequenceFrames: (entry?.step ?? 0) * config.batch * config.frames,
  hours: Number(((entry?.seconds ?? 0) / 3600).toFixed(3)),
  loss: entry?.loss,
});

/** What a training began with, written down once: what it began with may itself go on. */
export async function keepStages(folder: string, stages: readonly unknown[]): Promise<readonly unknown[]> {
  const path = join(folder, EARLIER);
  if (existsSync(path)) return JSON.parse(await readFile(path, 'utf8')) as unknown[];
  if (stages.length > 0) {
    await mkdir(folder, { recursive: true });
    await writeAtomic(path, `${JSON.stringify(stages, null, 1)}\n`);
  }
  return stages;
}
