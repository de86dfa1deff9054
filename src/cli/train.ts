// `deep-marimba train`: a network from simulated players, with checkpoints; at the end a model folder.
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Presets, SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError, Option } from 'commander';
import { writeAtomic } from '../atomic-file.js';
import { ModelError, VideoError } from '../errors.js';
import { formatSvg } from '../figure/svg.js';
import { loadKernels } from '../kernels/module.js';
import type { Runtime } from '../model/onnx-runtime.js';
import { familyNames, type Family } from '../scene/families.js';
import { tuneThreshold, watchFamily, watchOwn } from '../training/evaluate.js';
import { openOwnClips, type OwnClip, type OwnData, ownData, type OwnUse } from '../training/own-clips.js';
import { readBackbone } from '../training/backbone.js';
import { featureMaker, type FeatureMaker } from '../training/features.js';
import { listenerOf } from '../training/listen.js';
import { writeModelFolder } from '../training/model-folder.js';
import type { Architecture, Weights } from '../training/network.js';
import { architectureOf, type HistoryEntry, inputOfTraining, train as runTraining } from '../training/train.js';
import { type TrainConfig, trainConfig } from '../training/train-config.js';
import { historyFigure } from '../training/training-figures.js';
import { buildFolder } from './dataset.js';
import { backboneOf } from './model-folder-of.js';
import { nodeRuntime } from './onnxruntime.js';
import { keepStages, readStarts, stageOf, type Start } from './train-start.js';

interface TrainCommandOptions {
  readonly output: string;
  readonly config?: string;
  readonly from?: readonly string[];
  readonly data?: readonly string[];
  readonly own?: number;
  readonly name: string;
  readonly steps?: number;
  readonly seed?: number;
  readonly family?: Family;
  readonly learningRate?: number;
  readonly workers: number;
  readonly every: number;
  readonly validateEvery: number;
  readonly validationClips: number;
  readonly tuningClips: number;
  readonly patience?: number;
}

const atLeast =
  (low: number, whole = true) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= low) || (whole && !Number.isInteger(value))) {
      throw new InvalidArgumentError(`Expected a ${whole ? 'whole ' : ''}number from ${low}.`);
    }
    return value;
  };

function shareOf(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0 && value <= 1))
    throw new InvalidArgumentError('Expected a number above 0, up to 1.');
  return value;
}

/** Bars of the instrument that the exported model is nominally for; any number works. */
const nominalBars = 18;
/** Frame rates of the simulated clips. */
const trainedRates = [24, 25, 30000 / 1001, 30, 50, 60000 / 1001, 60];
/** First clip that thresholds are tuned on: none that chose the best step. */
const tuningSeed = 1000;

/** A short training, gentle to what is known, for recordings of a few minutes. */
const fineTuning: Partial<TrainConfig> = { steps: 400, learningRate: 5e-4, warmup: 20, averageDecay: 0.99 };

async function readConfig(options: TrainCommandOptions, start: Start): Promise<TrainConfig> {
  const { config: path, steps, seed, family, learningRate } = options;
  const data = await datasetsOf(options);
  const own = data.length > 0 ? { data, own: options.own ?? 0.5 } : {};
  const base = { ...start.shape, ...(data.length > 0 && start.weights && path === undefined ? fineTuning : {}) };
  let given: unknown = {};
  if (path !== undefined) {
    try {
      given = JSON.parse(await readFile(path, 'utf8'));
    } catch (cause) {
      throw new ModelError(`${path} cannot be read as JSON: ${(cause as Error).message}.`, { cause });
    }
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      throw new ModelError(`${path}: expected the fields of a training, {"steps": ...}, got ${JSON.stringify(given)}.`);
    }
  }
  const flags = Object.entries({ steps, seed, family, learningRate }).filter(([, value]) => value !== undefined);
  try {
    const config = trainConfig({
      ...base,
      ...(given as object),
      ...own,
      ...(Object.fromEntries(flags) as Partial<TrainConfig>),
    });
    architectureOf(config);
    return config;
  } catch (cause) {
    throw path !== undefined && cause instanceof RangeError
      ? new ModelError(`${path}: ${cause.message}.`, { cause, facts: { path } })
      : cause;
  }
}

/** Datasets to learn from besides the simulator; a folder of recordings becomes one, beside the training. */
async function datasetsOf({ data = [], output }: TrainCommandOptions): Promise<OwnData[]> {
  const list: OwnData[] = [];
  for (const [i, path] of data.entries()) {
    const isFolder = await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    );
    const file = isFolder ? join(output, i === 0 ? 'own.h5' : `own-${i + 1}.h5`) : path;
    if (isFolder && !existsSync(file)) {
      await mkdir(output, { recursive: true });
      await buildFolder(path, 'sound', { output: file, bars: true });
    }
    list.push(await ownData(file));
  }
  return list;
}

/** What makes the features of a fc-lstm, and the configuration that knows how many there are. */
async function openFeatures(
  config: TrainConfig,
  runtime: Runtime,
): Promise<{ readonly config: TrainConfig; readonly features?: FeatureMaker }> {
  if (config.backbone === '') return { config };
  const { backbone, architecture } = config;
  const features = await featureMaker(
    await readBackbone(await backboneOf(backbone)),
    inputOfTraining(config, config.bars),
    runtime,
  );
  const options = { ...architecture.options, features: features.count };
  return { config: { ...config, architecture: { ...architecture, options } }, features };
}

async function run(options: TrainCommandOptions): Promise<void> {
  const runtime = await nodeRuntime();
  const from = await readStarts(options.from);
  const { config, features } = await openFeatures(await readConfig(options, from), runtime);
  const kernels = await loadKernels();
  const { weights: start, stages: given } = from;
  const own = await openOwnClips(config.data.map(({ file }) => file));
  const heldOut = checkOwn(config, own.clips);
  const stages = await keepStages(options.output, given);
  const heads = Object.entries(config.heads).map(([output, latency]) => ({ output, latency }));
  const watch = async (weights: Weights, clips: number, first: number, wanted = heads) => {
    const architecture = architectureOf(config, nominalBars);
    const listener = await listenerOf(
      architecture,
      inputOfTraining(config, nominalBars),
      weights,
      wanted.map(({ output }) => output),
      runtime,
      features?.backbone,
    );
    try {
      const [answers] =
        heldOut.length > 0
          ? await watchOwn(kernels, [listener], heldOut)
          : await watchFamily(kernels, [listener], { family: 'validation', clips, first });
      return wanted.map((head) => tuneThreshold(answers, head));
    } finally {
      await listener.session.release();
    }
  };
  const abort = new AbortController();
  const stop = (): void => {
    abort.abort();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const progress = new Progress(config.steps, config.batch * config.frames);
  const { finished, weights, history, step } = await runTraining({
    config,
    runtime,
    folder: options.output,
    ...(features ? { features } : {}),
    workers: options.workers,
    workerUrl: new URL('./training/scene-worker.js', import.meta.url),
    every: options.every,
    validateEvery: options.validateEvery,
    ...(start ? { weights: start } : {}),
    ...(options.patience === undefined ? {} : { patience: options.patience }),
    ...(options.validationClips > 0
      ? {
          validate: async (_architecture: Architecture, latest: Weights) => {
            const [{ f1, threshold }] = await watch(latest, options.validationClips, 0, heads.slice(0, 1));
            return { score: f1, threshold };
          },
        }
      : {}),
    onStep: ({ step, loss }) => {
      progress.step(step, loss);
    },
    onHistory: (entry) => {
      progress.history(entry);
    },
    signal: abort.signal,
  }).finally(() => {
    progress.stop();
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  });
  await writeAtomic(join(options.output, 'history.svg'), formatSvg(historyFigure(history, options.name)));
  const made = history.find((entry) => entry.step === step);
  if (!finished) {
    own.close();
    process.stderr.write(`Stopped after step ${step}; the same command goes on from there.\n`);
    return;
  }
  const tuned = await watch(weights, options.tuningClips, tuningSeed);
  own.close();
  await features?.release();
  const folder = join(options.output, options.name);
  await writeModelFolder(folder, {
    name: options.name,
    architecture: architectureOf(config, nominalBars),
    input: inputOfTraining(config, nominalBars),
    ...(features ? { backbone: features.backbone } : {}),
    weights,
    heads: tuned,
    fps: trainedRates,
    training: {
      stages: [...stages, stageOf(config, made)],
    },
  });
  await writeAtomic(join(folder, 'history.svg'), formatSvg(historyFigure(history, options.name)));
  process.stdout.write(`${folder}\n`);
}

/**
 * Says what the recordings are used for, and checks that they can be.
 * @returns those that steps and thresholds are chosen with.
 */
function checkOwn({ data, frames }: TrainConfig, clips: readonly OwnClip[]): readonly OwnClip[] {
  if (data.length === 0) return [];
  const files = data.map(({ file }) => file).join(', ');
  const of = (use: OwnUse): OwnClip[] => clips.filter((clip) => clip.use === use);
  const learning = of('train');
  if (!learning.some(({ strikes }) => strikes.length > 0)) {
    throw new VideoError(
      `${files} holds no strike to learn from; look whether the sound belongs to the videos, or write strikes into NAME.events.json.`,
    );
  }
  if (!learning.some((clip) => clip.frames >= frames)) {
    throw new VideoError(`${files} holds no recording of at least ${frames} frames to learn from; film longer ones.`);
  }
  const heldOut = of('validation').filter(({ strikes }) => strikes.length > 0);
  const words = (list: readonly OwnClip[]): string => {
    const seconds = list.reduce((sum, clip) => sum + clip.frames * clip.interval, 0);
    return `${list.length} clips, ${seconds.toFixed(0)} s, ${list.reduce((sum, clip) => sum + clip.strikes.length, 0)} strikes`;
  };
  const chosen =
    heldOut.length > 0
      ? `steps and thresholds are chosen with ${words(heldOut)} of other recordings`
      : 'there is no second recording to choose thresholds with: simulated clips do';
  process.stderr.write(
    `${files}: learning from ${words(learning)}; ${chosen}; kept for evaluate: ${words(of('test'))}\n`,
  );
  return heldOut;
}

/** A bar on a terminal, lines elsewhere; both on stderr. */
class Progress {
  readonly #bar: SingleBar | undefined;
  readonly #total: number;
  readonly #framesPerStep: number;
  #first: { step: number; time: number } | undefined;
  #f1 = '-';

  constructor(total: number, framesPerStep: number) {
    this.#total = total;
    this.#framesPerStep = framesPerStep;
    if (!process.stderr.isTTY) return;
    const format = '{bar} {value}/{total} loss {loss} F1 {f1} {rate} frames/s {left} left';
    this.#bar = new SingleBar({ format, stream: process.stderr, hideCursor: true }, Presets.shades_classic);
  }

  #pace(step: number): { rate: string; left: string } {
    this.#first ??= { step: step - 1, time: performance.now() };
    const seconds = (performance.now() - this.#first.time) / 1000;
    const pace = (step - this.#first.step) / Math.max(seconds, 1e-3);
    const left = (this.#total - step) / pace;
    return {
      rate: String(Math.round(pace * this.#framesPerStep)),
      left: left > 90 ? `${Math.round(left / 60)} min` : `${Math.round(left)} s`,
    };
  }

  step(step: number, loss: number): void {
    const facts = { loss: loss.toFixed(3), f1: this.#f1, ...this.#pace(step) };
    if (step === this.#first!.step + 1) this.#bar?.start(this.#total, step, facts);
    this.#bar?.update(step, facts);
  }

  history({ step, loss, validation }: HistoryEntry): void {
    if (validation) this.#f1 = validation.score.toFixed(3);
    if (this.#bar) return;
    const { rate, left } = this.#pace(step);
    const score = validation ? ` F1 ${this.#f1}` : '';
    process.stderr.write(`step ${step}/${this.#total} loss ${loss.toFixed(4)}${score} ${rate} frames/s ${left} left\n`);
  }

  stop(): void {
    this.#bar?.stop();
  }
}

/** The command. */
export const train = new Command('train')
  .description("Train a network on simulated players and recordings of one's own; goes on where it was stopped.")
  .requiredOption('-o, --output <dir>', 'folder of checkpoint, history and, at the end, the model')
  .option('--config <file>', 'JSON; fields left out are those of the shipped bar-lstm')
  .option(
    '--from <model...>',
    'start from a model folder, the folder of a training, or a .safetensors file; from the mean of several',
  )
  .option(
    '--data <path...>',
    "recordings of one's own to learn from: datasets (dataset build --bars), or folders of videos with sound and calibrations",
  )
  .option('--own <share>', 'share of the clips that comes from them; the others are simulated (default: 0.5)', shareOf)
  .option('--name <name>', 'name of the model', 'bar-lstm')
  .option('--steps <n>', 'steps', atLeast(2))
  .option('--seed <n>', 'seed of weights and scenes', atLeast(0))
  .option('--learning-rate <rate>', 'peak of the learning rate', atLeast(1e-12, false))
  .addOption(new Option('--family <name>', 'scenes to learn from').choices([...familyNames]))
  .option('--workers <n>', 'threads that render', atLeast(0), 1)
  .option('--every <steps>', 'steps from checkpoint to checkpoint', atLeast(1), 100)
  .option('--validate-every <steps>', 'steps from validation to validation', atLeast(1), 1000)
  .option('--validation-clips <n>', 'clips of 6 s to validate on; 0: never', atLeast(0), 24)
  .option('--tuning-clips <n>', 'clips of 6 s that thresholds are tuned on at the end', atLeast(1), 24)
  .option('--patience <n>', 'stop after so many validations without a better score', atLeast(1))
  .action(async (options: TrainCommandOptions) => {
    if (options.config !== undefined && !existsSync(options.config)) {
      throw new ModelError(`${options.config} does not exist; give a JSON file, or leave --config out.`);
    }
    await run(options);
  });
