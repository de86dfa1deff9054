// Search for hyperparameters by asynchronous successive halving: many trials begin, the better third of each round goes on.
// Source: Li et al. 2020, A System for Massively Parallel Hyperparameter Tuning (ASHA), algorithm 2.
import { appendFile, open, readFile } from 'node:fs/promises';
import { ModelError } from '../errors.js';
import { Random } from './random.js';
import { type TrainConfig, trainConfig } from './train-config.js';
import type { HistoryEntry } from './train.js';

/** Values of one field: log-uniform, uniform, or one of a list. */
export type Range =
  | { readonly log: readonly [low: number, high: number] }
  | { readonly uniform: readonly [low: number, high: number] }
  | { readonly choice: readonly unknown[] };

/** Fields of a training's configuration to be varied; dots reach inside: `architecture.options.units`. */
export type SearchSpace = Readonly<Record<string, Range>>;

/** What was searched in 2017. **Source:** Deep Auditory Hallucinations, 2017, hyperparameter search. */
export const defaultSpace: SearchSpace = { learningRate: { log: [1e-6, 1e-2] }, weightScale: { log: [1e-4, 1e-1] } };

/** A search, complete: the same settings try the same trials. */
export interface SearchSettings {
  /** The training that is varied; its `steps` are those of a trial that comes through all rounds. */
  readonly base: TrainConfig;
  readonly space: SearchSpace;
  /** How many trials begin. */
  readonly trials: number;
  /** Steps of the first round. */
  readonly firstSteps: number;
  /** One in so many goes on to the next round, which is so many times as long. */
  readonly reduction: number;
  /** Seed of the trials. */
  readonly seed: number;
}

/** A trial that is to be trained up to a step. */
export interface Job {
  /** Its number, from 0. */
  readonly trial: number;
  /** Round, from 0. */
  readonly round: number;
  /** Steps to have been done at its end. */
  readonly steps: number;
  readonly config: TrainConfig;
}

/** What became of a job: a line of the journal. */
export interface Outcome {
  readonly trial: number;
  readonly round: number;
  readonly steps: number;
  /** What was varied, by field. */
  readonly varied: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly config: TrainConfig;
  readonly status: 'done' | 'failed';
  /** Higher is better; absent when it failed. */
  readonly score?: number;
  /** Why it failed. */
  readonly reason?: string;
  readonly history: readonly HistoryEntry[];
  /** Processor seconds it took. */
  readonly seconds: number;
}

/** What a runner answers; an error thrown counts as a failed trial. */
export type TrialResult = Pick<Outcome, 'history' | 'seconds'> & { readonly score: number };

/**
 * Checks settings.
 * @throws {RangeError} for numbers that cannot be, or a space that names no field or holds no values.
 */
export function checkSearch(settings: SearchSettings): void {
  const { base, space, trials, firstSteps, reduction } = settings;
  for (const [name, value, least] of [
    ['trials', trials, 1],
    ['firstSteps', firstSteps, 2],
    ['reduction', reduction, 2],
  ] as const) {
    if (!Number.isInteger(value) || value < least) {
      throw new RangeError(`expected a whole number from ${least} for "${name}", got ${value}`);
    }
  }
  if (firstSteps > base.steps) {
    throw new RangeError(`expected the first round within the ${base.steps} steps of a trial, got ${firstSteps}`);
  }
  if (Object.keys(space).length === 0) throw new RangeError('expected at least one field to search over, got none');
  for (const [field, range] of Object.entries(space)) checkRange(field, range);
  // Every field must be one that a training has.
  sample(settings, 0);
}

function checkRange(field: string, range: Range): void {
  const bounds: readonly number[] | undefined =
    'log' in range ? range.log : 'uniform' in range ? range.uniform : undefined;
  const good = bounds
    ? bounds.length === 2 &&
      bounds.every(Number.isFinite) &&
      bounds[0] < bounds[1] &&
      (!('log' in range) || bounds[0] > 0)
    : 'choice' in range && Array.isArray(range.choice) && range.choice.length > 0;
  if (!good) {
    throw new RangeError(
      `expected {"log": [low, high]}, {"uniform": [low, high]} or {"choice": [...]} for "${field}", got ${JSON.stringify(range)}`,
    );
  }
}

/** Steps at the end of each round. */
export function rounds({ base, firstSteps, reduction }: SearchSettings): number[] {
  const steps: number[] = [];
  for (let count = firstSteps; count < base.steps; count *= reduction) steps.push(count);
  return [...steps, base.steps];
}

/**
 * The configuration of a trial, and what was varied in it. All trials see the same scenes, so that chance in those does not decide.
 * @throws {RangeError} when the space leads to a training that cannot be.
 */
export function sample(
  { base, space, seed }: SearchSettings,
  trial: number,
): { config: TrainConfig; varied: Record<string, unknown> } {
  const varied: Record<string, unknown> = {};
  let config: Record<string, unknown> = { ...base };
  for (const [field, range] of Object.entries(space)) {
    // A stream of its own: a further field leaves the others as they were.
    const u = new Random(seed, `trial ${trial} ${field}`).uniform();
    if ('choice' in range) varied[field] = range.choice[Math.floor(u * range.choice.length)];
    else if ('log' in range) varied[field] = Number((range.log[0] * (range.log[1] / range.log[0]) ** u).toPrecision(4));
    else varied[field] = Number((range.uniform[0] + (range.uniform[1] - range.uniform[0]) * u).toPrecision(6));
    config = withField(config, field.split('.'), varied[field]);
  }
  return { config: trainConfig(config), varied };
}

function withField(
  object: Record<string, unknown>,
  [name, ...rest]: readonly string[],
  value: unknown,
): Record<string, unknown> {
  if (rest.length === 0) return { ...object, [name]: value };
  const inner = (object[name] ?? {}) as Record<string, unknown>;
  return { ...object, [name]: withField(inner, rest, value) };
}

/** What to do next: a job, nothing until another is done, or nothing any more. */
export type Next = Job | 'wait' | 'done';

/** Decides which trial is trained next. Pure: what it says follows from the outcomes so far and what is under way. */
export function nextJob(settings: SearchSettings, outcomes: readonly Outcome[], running: readonly Job[]): Next {
  const steps = rounds(settings);
  const known = (trial: number, round: number): boolean =>
    [...outcomes, ...running].some((one) => one.trial === trial && one.round === round);
  for (let round = steps.length - 2; round >= 0; round--) {
    const done = outcomes
      .filter((one) => one.round === round && one.status === 'done')
      .sort((a, b) => b.score! - a.score! || a.trial - b.trial);
    const through = done.slice(0, Math.floor(done.length / settings.reduction));
    const next = through.find(({ trial }) => !known(trial, round + 1));
    if (next) {
      const { config } = sample(settings, next.trial);
      return { trial: next.trial, round: round + 1, steps: steps[round + 1], config };
    }
  }
  for (let trial = 0; trial < settings.trials; trial++) {
    if (!known(trial, 0)) return { trial, round: 0, steps: steps[0], config: sample(settings, trial).config };
  }
  return running.length > 0 ? 'wait' : 'done';
}

/** How a search is run. */
export interface SearchOptions {
  readonly settings: SearchSettings;
  /** JSON lines, one per outcome; a search found here goes on. */
  readonly journal: string;
  /** Trains a trial, on from where it was if it was trained before. */
  readonly run: (job: Job) => Promise<TrialResult>;
  /** Trials at a time. */
  readonly workers: number;
  /** Told after every outcome. */
  readonly onOutcome?: (outcome: Outcome, all: readonly Outcome[]) => void;
  /** Begins no further trials. */
  readonly signal?: AbortSignal;
}

/**
 * Searches until every trial that deserves it has come through. A trial that fails is noted and does not end the search.
 * @returns all outcomes, in the order in which they came.
 * @throws {ModelError} when the journal cannot be read or written.
 * @throws {RangeError} for settings that cannot be.
 */
export async function search({
  settings,
  journal,
  run,
  workers,
  onOutcome,
  signal,
}: SearchOptions): Promise<Outcome[]> {
  checkSearch(settings);
  const outcomes = await readJournal(journal);
  const running: Job[] = [];
  let wake: () => void = () => undefined;
  const work = async (): Promise<void> => {
    while (!signal?.aborted) {
      const job = nextJob(settings, outcomes, running);
      if (job === 'done') return;
      if (job === 'wait') {
        await new Promise<void>((resolve) => {
          const before = wake;
          wake = () => {
            before();
            resolve();
          };
        });
        continue;
      }
      running.push(job);
      const { varied } = sample(settings, job.trial);
      const { trial, round, steps, config } = job;
      const about = { trial, round, steps, varied, seed: config.seed, config };
      let outcome: Outcome;
      try {
        const { score, history, seconds } = await run(job);
        outcome = { ...about, status: 'done', score, history, seconds };
      } catch (error) {
        // Stopped from outside: not the trial's fault, so it is tried again.
        if (signal?.aborted) break;
        outcome = { ...about, status: 'failed', reason: (error as Error).message, history: [], seconds: 0 };
      }
      running.splice(running.indexOf(job), 1);
      outcomes.push(outcome);
      try {
        await appendFile(journal, `${JSON.stringify(outcome)}\n`);
      } catch (cause) {
        throw new ModelError(`${journal} cannot be written (${(cause as Error).message}); the search stops.`, {
          cause,
        });
      }
      onOutcome?.(outcome, outcomes);
      wake();
      wake = () => undefined;
    }
    wake();
  };
  await Promise.all(Array.from({ length: workers }, work));
  return outcomes;
}

/**
 * The outcomes in a journal; none when there is none. A last line that a kill has cut off is dropped, from the file too.
 * @throws {ModelError} when another line cannot be understood.
 */
export async function readJournal(path: string): Promise<Outcome[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new ModelError(`${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) {
    const file = await open(path, 'r+');
    await file.truncate(Buffer.byteLength(whole));
    await file.close();
  }
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line, i) => {
      try {
        return JSON.parse(line) as Outcome;
      } catch (cause) {
        throw new ModelError(`${path} is damaged in line ${i + 1}; remove the line, and its trial runs again.`, {
          cause,
        });
      }
    });
}
