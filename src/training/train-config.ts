// What a training is made of, as a JSON file says it.
import { families, type Family } from '../scene/families.js';
import { architectureNames } from './architectures/index.js';
import { fillOptions } from './architectures/options.js';
import { cueNames } from './cues.js';
import type { OwnData } from './own-clips.js';
import type { LossTerm } from './losses.js';
import type { StrikeHeads } from './strike-targets.js';

/** A training, complete. All that decides its weights is here. */
export interface TrainConfig {
  /** Architecture by name, and its options; outputs, and the size of what it sees, follow from the rest. */
  readonly architecture: { readonly name: string; readonly options: Readonly<Record<string, unknown>> };
  /**
   * What turns pictures into the features that a fc-lstm learns from: an ONNX file, [1 x 3 x height x width] of 0..1 to [1 x F], one
   * that ships ("movenet-lightning"), or a model folder that has one inside. Empty for the others, which look for themselves.
   */
  readonly backbone: string;
  /** Seed of weights and data. */
  readonly seed: number;
  /** Steps. */
  readonly steps: number;
  /** Sequences per step. */
  readonly batch: number;
  /** Frames per sequence, and how many of them come before the judged ones. */
  readonly frames: number;
  readonly burnIn: number;
  /**
   * What is seen: the bar strip, the straightened keyboard, or the whole picture; as differences or as three gray frames.
   * A bar-lstm sees strips only.
   */
  readonly geometry: 'bars' | 'rect' | 'raw';
  readonly channels: 'differences' | 'gray';
  /** Bars per sequence; places answered for where the view is no strip. */
  readonly bars: number;
  /** Rows of the view, and its columns where it is no strip. */
  readonly rows: number;
  readonly columns: number;
  /** Heads, the sure one first, and their delays, frames. */
  readonly heads: StrikeHeads;
  /** Weights of the heads' losses, of `offset` and of `velocity`. */
  readonly lossWeights: Readonly<Record<string, number>>;
  /**
   * Weight of each cue's loss: what a bar-lstm has to say, while it learns from simulated scenes, about the mallets; 0: nothing.
   */
  readonly cueWeight: number;
  /** Factor of the positive part of the heads' cross entropy. */
  readonly positiveWeight: number;
  /** Peak of the learning rate, its rise in steps. */
  readonly learningRate: number;
  readonly warmup: number;
  /** Steps at the end over which the rate falls linearly; 0: it falls along a cosine from the start. */
  readonly cooldown: number;
  /** AdamW's decay, the limit of the gradient's norm. */
  readonly weightDecay: number;
  readonly clipNorm: number;
  /** Standard deviation of all first matrices and kernels; 0: each layer knows its own. */
  readonly weightScale: number;
  /** Decay of the moving average of the weights. */
  readonly averageDecay: number;
  /** Scenes to learn from. */
  readonly family: Family;
  readonly seconds: number;
  readonly widths: readonly number[];
  readonly calibrations: number;
  /** Share of the clips, 0..1, that go through a real encoder (H.264, VP9, JPEG) and back; needs node-av. */
  readonly compressed: number;
  /** Datasets of recordings of one's own, and the share of the clips, 0..1, that comes from them instead of the simulator. */
  readonly data: readonly OwnData[];
  readonly own: number;
  /** Clips that are seen over and over; 0: no clip twice. */
  readonly clips: number;
  readonly sequences: number;
  readonly mixed: number;
}

/** The training of the shipped bar-lstm. */
export const defaultConfig: TrainConfig = {
  architecture: { name: 'bar-lstm', options: { recurrence: 'conv-lstm' } },
  backbone: '',
  seed: 1,
  steps: 3000,
  batch: 8,
  frames: 36,
  burnIn: 8,
  geometry: 'bars',
  channels: 'differences',
  bars: 5,
  rows: 48,
  columns: 100,
  heads: { onset: 2, now: 0, early: -2 },
  lossWeights: { onset: 10, now: 7, early: 3.5, offset: 0.6, velocity: 0.6 },
  cueWeight: 0,
  positiveWeight: 3,
  learningRate: 2e-3,
  warmup: 100,
  cooldown: 0,
  weightDecay: 1e-4,
  clipNorm: 5,
  weightScale: 0,
  averageDecay: 0.998,
  family: 'train',
  seconds: 6,
  widths: [256, 256, 256, 320],
  calibrations: 2,
  compressed: 0,
  data: [],
  own: 0,
  clips: 0,
  sequences: 32,
  mixed: 6,
};

/**
 * A complete training from a partial one.
 * @throws {RangeError} for an unknown field, one of the wrong kind, or a value that cannot be.
 */
export function trainConfig(given: Partial<TrainConfig> = {}): TrainConfig {
  const config = fillOptions<Partial<TrainConfig>>('a training', defaultConfig, given) as TrainConfig;
  for (const name of ['seed', 'burnIn', 'warmup', 'cooldown'] as const) {
    if (!Number.isInteger(config[name]))
      throw new RangeError(`expected a whole number for "${name}", got ${config[name]}`);
  }
  for (const name of ['learningRate', 'positiveWeight', 'clipNorm', 'seconds'] as const) {
    if (!(config[name] > 0)) throw new RangeError(`expected a number above 0 for "${name}", got ${config[name]}`);
  }
  if (!(config.averageDecay < 1)) {
    throw new RangeError(`expected a number below 1 for "averageDecay", got ${config.averageDecay}`);
  }
  if (config.widths.length === 0 || !config.widths.every((width) => Number.isInteger(width) && width > 0)) {
    throw new RangeError(`expected whole numbers of pixels for "widths", got ${JSON.stringify(config.widths)}`);
  }
  const whole = ['steps', 'batch', 'frames', 'bars', 'rows', 'columns', 'calibrations', 'sequences', 'mixed'] as const;
  for (const name of whole) {
    if (!Number.isInteger(config[name]) || config[name] < 1) {
      throw new RangeError(`expected a whole number from 1 for "${name}", got ${config[name]}`);
    }
  }
  const choices = { geometry: ['bars', 'rect', 'raw'], channels: ['differences', 'gray'] } as const;
  for (const [name, values] of Object.entries(choices)) {
    const value = config[name as keyof typeof choices];
    if (!(values as readonly string[]).includes(value)) {
      throw new RangeError(`expected "${name}" to be one of ${values.join(', ')}, got ${JSON.stringify(value)}`);
    }
  }
  const {
    name: architecture,
    options,
    ...others
  } = config.architecture as {
    readonly name?: unknown;
    readonly options?: unknown;
  };
  if (typeof architecture !== 'string' || !architectureNames.includes(architecture)) {
    throw new RangeError(
      `expected "architecture" with a name of ${architectureNames.join(', ')}, got ${JSON.stringify(architecture)}`,
    );
  }
  if (typeof options !== 'object' || options === null || Array.isArray(options) || Object.keys(others).length > 0) {
    throw new RangeError(
      `expected "architecture" as {"name": ..., "options": {...}}, got ${JSON.stringify(config.architecture)}`,
    );
  }
  if (architecture === 'bar-lstm' && config.geometry !== 'bars') {
    throw new RangeError(`expected the geometry "bars" for bar-lstm, got "${config.geometry}"`);
  }
  if (config.cueWeight > 0 && architecture !== 'bar-lstm') {
    throw new RangeError(`expected a "cueWeight" of 0 for ${architecture}, which says nothing of single bars`);
  }
  if ((architecture === 'fc-lstm') !== (config.backbone !== '')) {
    throw new RangeError(
      architecture === 'fc-lstm'
        ? 'expected a "backbone" for fc-lstm: an ONNX file, or one that ships, such as "movenet-lightning"; got none'
        : `expected no "backbone" for ${architecture}, which learns from pictures, got ${JSON.stringify(config.backbone)}`,
    );
  }
  if (!(Number.isInteger(config.clips) && config.clips % config.mixed === 0)) {
    throw new RangeError(`expected "clips" to be a multiple of "mixed" (${config.mixed}) or 0, got ${config.clips}`);
  }
  if (!(config.own <= 1) || config.own > 0 !== config.data.length > 0) {
    throw new RangeError(
      `expected a share of 0..1 for "own", above 0 with recordings of one's own (--data) and 0 without, got ${config.own}`,
    );
  }
  if (!(config.compressed <= 1)) {
    throw new RangeError(`expected a share of 0..1 for "compressed", got ${config.compressed}`);
  }
  if (!(config.burnIn < config.frames)) {
    throw new RangeError(`expected burnIn below frames, got ${config.burnIn} and ${config.frames}`);
  }
  if (!Object.hasOwn(families, config.family)) {
    throw new RangeError(
      `expected "family" to be one of ${Object.keys(families).join(', ')}, got ${JSON.stringify(config.family)}`,
    );
  }
  if (!(config.cooldown >= 0 && config.cooldown < config.steps)) {
    throw new RangeError(`expected cooldown below steps, got ${config.cooldown} and ${config.steps}`);
  }
  if (Object.keys(config.heads).length === 0) throw new RangeError('expected at least one head, got none');
  for (const [name, delay] of Object.entries(config.heads)) {
    if (!Number.isInteger(delay) || ['offset', 'velocity', ...cueNames].includes(name)) {
      throw new RangeError(`expected heads with a delay in whole frames each, got "${name}": ${JSON.stringify(delay)}`);
    }
  }
  for (const name of Object.keys(config.lossWeights)) {
    if (!outputsOf(config).includes(name)) {
      throw new RangeError(`expected loss weights of ${outputsOf(config).join(', ')}, got "${name}"`);
    }
    if (!(config.lossWeights[name] >= 0 && Number.isFinite(config.lossWeights[name]))) {
      throw new RangeError(
        `expected a loss weight from 0 for "${name}", got ${JSON.stringify(config.lossWeights[name])}`,
      );
    }
  }
  return config;
}

/** What the network of a training answers. */
export function outputsOf({ heads }: Pick<TrainConfig, 'heads'>): string[] {
  return [...Object.keys(heads), 'offset', 'velocity'];
}

/** What it answers besides while it trains. */
export const cuesOf = ({ cueWeight }: Pick<TrainConfig, 'cueWeight'>): readonly string[] =>
  cueWeight > 0 ? cueNames : [];

/** The terms of its loss. */
export function lossTerms(config: TrainConfig): LossTerm[] {
  const { heads, lossWeights, positiveWeight, cueWeight } = config;
  const cues = cuesOf(config).map((output): LossTerm => ({ output, weight: cueWeight, kind: 'huber' }));
  const terms = outputsOf(config).map((output): LossTerm => {
    const weight = lossWeights[output] ?? 1;
    if (Object.hasOwn(heads, output)) return { output, weight, kind: 'bce', positiveWeight };
    if (output === 'offset') return { output, weight, kind: 'huber', delta: 0.5 };
    return { output, weight, kind: 'mse' };
  });
  return [...terms, ...cues];
}
