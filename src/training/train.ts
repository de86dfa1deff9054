// A training from its configuration to its weights: steps, checkpoints, history, and going on after a kill.
import { access, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../atomic-file.js';
import { ModelError } from '../errors.js';
import { describeFileProblem } from '../file-problem.js';
import { makeArchitecture } from './architectures/index.js';
import { openCodecs } from './compression.js';
import { readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { anatomy, type Architecture, initialWeights, type Weights } from './network.js';
import type { Runtime } from '../model/onnx-runtime.js';
import type { FeatureMaker } from './features.js';
import type { ModelInput } from '../model/views.js';
import { featureClips } from './features.js';
import { sceneBatches } from './scene-batches.js';
import { inputOf } from './scene-sequences.js';
import { cosineSchedule, flatSchedule, type Schedule } from './schedule.js';
import { cuesOf, lossTerms, outputsOf, type TrainConfig, trainConfig } from './train-config.js';
import { type StepReport, Trainer } from './trainer.js';

/** A stretch of steps in `history.json`. */
export interface HistoryEntry {
  /** Its last step. */
  readonly step: number;
  /** Means over it. */
  readonly loss: number;
  readonly losses: Readonly<Record<string, number>>;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Seconds of training up to its end, all runs together. */
  readonly seconds: number;
  /** What `validate` answered at its end, if it was asked. */
  readonly validation?: Readonly<Record<string, number>>;
}

/** How to train. */
export interface TrainOptions {
  readonly config: TrainConfig;
  readonly runtime: Runtime;
  /** Checkpoint, configuration and history are kept here; a training found here goes on. */
  readonly folder: string;
  /** For a fc-lstm: what makes features of pictures. */
  readonly features?: FeatureMaker;
  /** Threads that render. */
  readonly workers?: number;
  /** Where the worker's module is. */
  readonly workerUrl?: URL;
  /** Weights to start from instead of new ones. */
  readonly weights?: Weights;
  /** Steps from one checkpoint and history entry to the next; 100 by default. */
  readonly every?: number;
  /** Judges weights now and then: numbers for the history, of which `score` is to rise. */
  readonly validate?: (architecture: Architecture, weights: Weights) => Promise<Readonly<Record<string, number>>>;
  /** Steps from one validation to the next; 1000 by default. */
  readonly validateEvery?: number;
  /** Validations without a better score after which training stops; never by default. */
  readonly patience?: number;
  /** Told after every step. */
  readonly onStep?: (report: StepReport) => void;
  /** Told after every stretch. */
  readonly onHistory?: (entry: HistoryEntry) => void;
  /** Stops training after the step at hand, with a checkpoint. */
  readonly signal?: AbortSignal;
}

/** What came of a training. */
export interface TrainResult {
  readonly architecture: Architecture;
  /** The moving average of the weights: at the best validated score if there was one, else the last. */
  readonly weights: Weights;
  readonly history: readonly HistoryEntry[];
  /** Steps that made the weights. */
  readonly step: number;
  /** Whether all steps were done, or training was stopped for want of progress; false when `signal` stopped it. */
  readonly finished: boolean;
}

function scheduleOf({ learningRate: peak, steps: total, warmup, cooldown }: TrainConfig): Schedule {
  const rates = { peak, total, warmup: Math.min(warmup, total - cooldown - 1), floor: peak / 100 };
  return cooldown > 0 ? flatSchedule({ ...rates, cooldown }) : cosineSchedule(rates);
}

/** Name of the checkpoint in a training's folder. */
export const CHECKPOINT = 'checkpoint.safetensors';

/** The architecture of a training; a bar-lstm for its number of bars or another, with cues only where they are given. */
export function architectureOf(config: TrainConfig, bars = config.bars, cues: readonly string[] = []): Architecture {
  const { name, options } = config.architecture;
  const outputs = outputsOf(config);
  if (name === 'bar-lstm') return makeArchitecture(name, { ...options, bars, height: config.rows, outputs, cues });
  if (name === 'fc-lstm') return makeArchitecture(name, { ...options, notes: config.bars, outputs });
  const [channels, height, width] = inputOf(config).shape;
  return makeArchitecture(name, { ...options, notes: config.bars, channels, height, width, outputs });
}

/** First weights of what says cues, which weights to start from may know nothing of. */
function newCues(config: TrainConfig): Weights {
  const without = new Set(anatomy(architectureOf(config)).parameters.map(({ name }) => name));
  const all = initialWeights(architectureOf(config, config.bars, cuesOf(config)), config.seed);
  return new Map([...all].filter(([name]) => !without.has(name)));
}

/** How the network of a training sees, as its card will say; a bar-lstm for a nominal number of bars. */
export function inputOfTraining(config: TrainConfig, bars: number): ModelInput {
  return config.architecture.name === 'bar-lstm' ? inputOf({ ...config, bars }) : inputOf(config, config.bars);
}

/**
 * Trains until all steps are done, nothing gets better, or `signal`. Weights are the same with and without a kill and a
 * new start in between.
 * @throws {RangeError} when there is a backbone and nothing that makes features with it.
 * @throws {ModelError} when the folder holds another training, a checkpoint cannot be read or written, or the loss is not
 *   finite; the last good checkpoint stays.
 * @throws {UnsupportedError} when clips are to be compressed and there is no encoder.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { config, folder, every = 100, validateEvery = 1000, patience = Infinity } = options;
  const architecture = architectureOf(config, config.bars, cuesOf(config));
  if ((config.backbone !== '') !== (options.features !== undefined)) {
    throw new RangeError(
      `expected "features" beside the backbone "${config.backbone}", got ${typeof options.features}`,
    );
  }
  await mkdir(folder, { recursive: true }).catch(refused(folder));
  const kept = await readConfig(join(folder, 'config.json'));
  if (kept && !isSameBut(kept, config, [])) {
    const either = Math.min(kept.steps - kept.cooldown, config.steps - config.cooldown);
    const known = await readHistory(join(folder, 'history.json'));
    const longer =
      kept.cooldown > 0 &&
      config.cooldown > 0 &&
      isSameBut(kept, config, ['steps', 'cooldown']) &&
      known.every(({ step }) => step <= either);
    if (!longer) throw otherTraining(join(folder, 'config.json'));
  }
  // Better before the first step than in a thread after it.
  if (config.compressed > 0) await openCodecs();
  await keep(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  const trainer = await Trainer.create({
    architecture,
    batch: config.batch,
    frames: config.frames,
    losses: lossTerms(config),
    optimizer: { weightDecay: config.weightDecay, clipNorm: config.clipNorm },
    runtime: options.runtime,
    schedule: scheduleOf(config),
    seed: config.seed,
    averageDecay: config.averageDecay,
    ...(config.weightScale > 0 ? { weightScale: config.weightScale } : {}),
    ...(options.weights ? { weights: new Map([...newCues(config), ...options.weights]) } : {}),
  });
  const path = join(folder, CHECKPOINT);
  const history: HistoryEntry[] = [];
  if (await exists(path)) {
    await readCheckpoint(trainer, path);
    history.push(...(await readHistory(join(folder, 'history.json'))).filter(({ step }) => step <= trainer.step));
  }
  const before = history.length > 0 ? history[history.length - 1].seconds : 0;
  const started = performance.now();
  const { features } = options;
  const change = features && featureClips(features, config, join(folder, 'features'));
  const source = sceneBatches({
    ...config,
    cues: config.cueWeight > 0,
    workers: options.workers ?? 1,
    ...urlOf(options),
    ...(change ? { change } : {}),
  });
  let stretch: StepReport[] = [];
  let finished = trainer.step >= config.steps;
  const save = async (): Promise<void> => {
    if (stretch.length === 0) return;
    const last = stretch[stretch.length - 1];
    const mean = (pick: (report: StepReport) => number): number =>
      stretch.reduce((sum, report) => sum + pick(report), 0) / stretch.length;
    const due = options.validate && (last.step % validateEvery === 0 || last.step >= config.steps);
    const entry: HistoryEntry = {
      step: last.step,
      loss: mean(({ loss }) => loss),
      losses: Object.fromEntries(Object.keys(last.losses).map((name) => [name, mean(({ losses }) => losses[name])])),
      gradientNorm: mean(({ gradientNorm }) => gradientNorm),
      learningRate: last.learningRate,
      seconds: before + (performance.now() - started) / 1000,
      ...(due ? { validation: await options.validate(architecture, trainer.weights()) } : {}),
    };
    stretch = [];
    history.push(entry);
    await writeCheckpoint(trainer, path);
    if (entry.validation && isBest(history)) await writeCheckpoint(trainer, join(folder, 'best.safetensors'));
    await keep(join(folder, 'history.json'), `${JSON.stringify(history, null, 1)}\n`);
    options.onHistory?.(entry);
  };
  try {
    if (!finished) {
      for await (const batch of source.batches(trainer.step + 1)) {
        const report = await trainer.trainStep(batch);
        stretch.push(report);
        options.onStep?.(report);
        finished = report.step >= config.steps;
        const stopped = finished || options.signal?.aborted;
        if (stopped || report.step % every === 0) await save();
        if (sinceBest(history) >= patience) finished = true;
        if (stopped || finished) break;
      }
    }
    if (finished && (await exists(join(folder, 'best.safetensors')))) {
      await readCheckpoint(trainer, join(folder, 'best.safetensors'));
    }
    return { architecture, weights: trainer.weights(), history, step: trainer.step, finished };
  } finally {
    await source.close();
    await trainer.release();
  }
}

const refused =
  (path: string) =>
  (cause: unknown): never => {
    const { sentence, code } = describeFileProblem(path, cause, 'write');
    throw new ModelError(sentence, { cause, facts: { path, code } });
  };

const keep = (path: string, text: string): Promise<void> => writeAtomic(path, text).catch(refused(path));

const urlOf = ({ workerUrl }: TrainOptions): { workerUrl?: URL } => (workerUrl ? { workerUrl } : {});

const scores = (history: readonly HistoryEntry[]): number[] =>
  history.flatMap(({ validation }) => (validation ? [validation.score] : []));

function isBest(history: readonly HistoryEntry[]): boolean {
  const all = scores(history);
  return all[all.length - 1] >= Math.max(...all);
}

/** Validations since the best one. */
function sinceBest(history: readonly HistoryEntry[]): number {
  const all = scores(history);
  return all.length === 0 ? 0 : all.length - 1 - all.lastIndexOf(Math.max(...all));
}

/** The configuration of a folder; fields that there were not when it was written count as left out. */
async function readConfig(path: string): Promise<TrainConfig | undefined> {
  if (!(await exists(path))) return undefined;
  try {
    return trainConfig(JSON.parse(await readFile(path, 'utf8')) as Partial<TrainConfig>);
  } catch {
    throw otherTraining(path);
  }
}

const otherTraining = (path: string): ModelError =>
  new ModelError(
    `${path} is of another training; give another folder, or the same configuration ` +
      `(where there is a cooldown, "steps" and "cooldown" may change before the rate falls).`,
    { facts: { path } },
  );

function isSameBut(kept: TrainConfig, config: TrainConfig, free: readonly (keyof TrainConfig)[]): boolean {
  const text = (value: TrainConfig): string =>
    JSON.stringify(value, (name, field: unknown) => ((free as readonly string[]).includes(name) ? undefined : field));
  return text(kept) === text(config);
}

async function readHistory(path: string): Promise<HistoryEntry[]> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as HistoryEntry[];
  } catch {
    // A kill between checkpoint and history costs the history, not the training.
    return [];
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
