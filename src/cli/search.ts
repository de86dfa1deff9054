// `deep-marimba search`: hyperparameters by asynchronous successive halving, each trial in a process of its own.
import { spawn } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Command } from 'commander';
import { writeAtomic } from '../atomic-file.js';
import { ModelError } from '../errors.js';
import { formatSvg } from '../figure/svg.js';
import {
  checkSearch,
  defaultSpace,
  type Job,
  type Outcome,
  search as runSearch,
  type SearchSettings,
  type SearchSpace,
  type TrialResult,
} from '../training/search.js';
import { curvesFigure, landscapeFigure, parallelFigure, type Trial, trialsOf } from '../training/search-figures.js';
import { type HistoryEntry, train } from '../training/train.js';
import { type TrainConfig, trainConfig } from '../training/train-config.js';
import { wholeFrom } from './numbers.js';
import { nodeRuntime } from './onnxruntime.js';

interface SearchCommandOptions {
  readonly output: string;
  readonly config?: string;
  readonly space?: string;
  readonly trials: number;
  readonly steps: number;
  readonly firstSteps?: number;
  readonly reduction: number;
  readonly seed: number;
  readonly workers: number;
}

async function readJson(path: string | undefined): Promise<unknown> {
  if (path === undefined) return undefined;
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new ModelError(`${path} cannot be read as JSON: ${(cause as Error).message}.`, { cause });
  }
}

/** The settings in a folder stay what they are: a search that goes on is the same search. */
async function keepSettings(path: string, settings: SearchSettings): Promise<void> {
  const kept = await readFile(path, 'utf8').then(
    (text) => JSON.parse(text) as SearchSettings,
    () => undefined,
  );
  if (kept === undefined) await writeAtomic(path, `${JSON.stringify(settings, null, 2)}\n`);
  else if (!isDeepStrictEqual({ ...kept, base: trainConfig(kept.base) }, settings)) {
    throw new ModelError(`${path} is of another search; give another folder, or the same options.`, {
      facts: { path },
    });
  }
}

/** A trial in a process of its own, of which it is known only what it wrote to standard output. */
function inProcess(folder: string, signal: AbortSignal): (job: Job) => Promise<TrialResult> {
  return async ({ trial, steps, config }) => {
    const own = join(folder, 'trials', String(trial));
    await mkdir(own, { recursive: true });
    const path = join(own, 'trial.json');
    await writeAtomic(path, JSON.stringify(config));
    const child = spawn(process.execPath, [process.argv[1], 'search-trial', path, String(steps)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, OMP_NUM_THREADS: '1' },
    });
    const stop = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', stop);
    let [said, complaint] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2000)));
    const [code, killed] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (...ended) => {
        resolve(ended);
      });
    });
    signal.removeEventListener('abort', stop);
    if (code !== 0) {
      const last = complaint.trim().split('\n').at(-1) ?? '';
      throw new Error(killed ? `ended by ${killed}` : last || `ended with code ${code}`);
    }
    return JSON.parse(said) as TrialResult;
  };
}

const number = (value: unknown): string => (typeof value === 'number' ? value.toPrecision(3) : JSON.stringify(value));

function report(settings: SearchSettings, trials: readonly Trial[], outcomes: readonly Outcome[]): string {
  const fields = Object.keys(settings.space);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const seconds = outcomes.reduce((sum, one) => sum + one.seconds, 0);
  return [
    '# Search',
    `${trials.length} of ${settings.trials} trials of ${settings.base.architecture.name}, ${outcomes.length} rounds in all, ` +
      `${outcomes.filter(({ status }) => status === 'failed').length} failed; ${(seconds / 60).toFixed(0)} minutes of one processor.`,
    'The score is the loss of the first head on new scenes, negative: every batch is seen once, so the mean of the last stretch ' +
      'is that of scenes never seen.',
    [
      line(['trial', 'steps', 'score', ...fields]),
      line(['---', '---', '---', ...fields.map(() => '---')]),
      ...trials.slice(0, 12).map(
        ({ trial, steps, score, varied }) =>
          line([String(trial), String(steps), score === undefined ? 'failed' : score.toPrecision(4), ...fields.map((field) => number(varied[field]))]), // prettier-ignore
      ),
    ].join('\n'),
    '',
  ].join('\n\n');
}

async function run(options: SearchCommandOptions): Promise<void> {
  const { output, trials, steps, reduction, seed, workers } = options;
  const given = (await readJson(options.config)) as Partial<TrainConfig> | undefined;
  const settings: SearchSettings = {
    base: trainConfig({ ...given, cooldown: 0, steps }),
    space: ((await readJson(options.space)) as SearchSpace | undefined) ?? defaultSpace,
    trials,
    firstSteps: options.firstSteps ?? Math.max(2, Math.round(steps / reduction ** 2)),
    reduction,
    seed,
  };
  checkSearch(settings);
  await mkdir(output, { recursive: true });
  await keepSettings(join(output, 'search.json'), settings);
  const abort = new AbortController();
  const stop = (): void => {
    abort.abort();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const outcomes = await runSearch({
    settings,
    journal: join(output, 'trials.jsonl'),
    run: inProcess(output, abort.signal),
    workers,
    signal: abort.signal,
    onOutcome: ({ trial, steps: reached, status, score, reason, varied }, all) => {
      const what = Object.entries(varied).map(([name, value]) => `${name} ${number(value)}`);
      const how = status === 'done' ? `score ${score!.toPrecision(4)}` : `failed: ${reason}`;
      process.stderr.write(`${all.length}: trial ${trial} at step ${reached}: ${how} (${what.join(', ')})\n`);
    },
  }).finally(() => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  });
  if (outcomes.length === 0) return;
  const list = trialsOf(outcomes);
  const fields = Object.keys(settings.space);
  const figures = {
    ...(fields.length > 1 ? { landscape: landscapeFigure(list, [fields[0], fields[1]]) } : {}),
    parallel: parallelFigure(list),
    curves: curvesFigure(list),
  };
  for (const [name, figure] of Object.entries(figures)) {
    await writeAtomic(join(output, `${name}.svg`), formatSvg(figure));
  }
  const text = report(settings, list, outcomes);
  await writeAtomic(join(output, 'report.md'), text);
  if (abort.signal.aborted) {
    process.stderr.write('Stopped; the same command goes on from there.\n');
    process.exitCode = 1;
  } else process.stdout.write(text);
}

/** A round of one trial: trains on from its checkpoint up to a step, and says how it went. */
async function trial(path: string, target: string): Promise<void> {
  const config = trainConfig(JSON.parse(await readFile(path, 'utf8')) as Partial<TrainConfig>);
  const steps = Number(target);
  const abort = new AbortController();
  process.once('SIGTERM', () => {
    abort.abort();
  });
  const { history } = await train({
    config,
    runtime: await nodeRuntime(),
    folder: join(path, '..'),
    workers: 0,
    every: Math.max(1, Math.min(100, Math.floor(steps / 6))),
    signal: abort.signal,
    onStep: ({ step }) => {
      if (step >= steps) abort.abort();
    },
  });
  const last = history.at(-1);
  if (!last || last.step < steps) throw new ModelError(`The trial was stopped at step ${last?.step ?? 0} of ${steps}.`);
  const { user, system } = process.cpuUsage();
  const result: TrialResult = {
    score: -recentLoss(history, steps, Object.keys(config.heads)[0]),
    history,
    seconds: (user + system) / 1e6,
  };
  process.stdout.write(JSON.stringify(result));
}

/** Mean loss of a head over the last third of a trial's steps. */
function recentLoss(history: readonly HistoryEntry[], steps: number, head: string): number {
  let [sum, count, before] = [0, 0, 0];
  for (const { step, losses } of history) {
    if (step > (2 * steps) / 3) {
      sum += losses[head] * (step - before);
      count += step - before;
    }
    before = step;
  }
  return sum / count;
}

/** For the search itself, not for people. */
export const searchTrial = new Command('search-trial').argument('<config>').argument('<steps>').action(trial);

/** The command. */
export const search = new Command('search')
  .description('Search for hyperparameters by asynchronous successive halving; goes on where it was stopped.')
  .requiredOption('-o, --output <dir>', 'folder of journal (trials.jsonl), report and figures')
  .option('--config <file>', 'JSON of the training that is varied; fields left out are those of the shipped bar-lstm')
  .option(
    '--space <file>',
    'JSON: field -> {"log": [low, high]}, {"uniform": [low, high]} or {"choice": [...]}; default: learningRate and weightScale, as in 2017',
  ) // prettier-ignore
  .option('--trials <n>', 'trials that begin', wholeFrom(1), 40)
  .option('--steps <n>', 'steps of a trial that comes through all rounds', wholeFrom(2), 900)
  .option('--first-steps <n>', 'steps of the first round (default: steps / reduction^2)', wholeFrom(2))
  .option('--reduction <n>', 'one in so many goes on, and so many times as long', wholeFrom(2), 3)
  .option('--seed <n>', 'seed of the trials', wholeFrom(0), 1)
  .option('--workers <n>', 'processes of one thread each', wholeFrom(1), 1)
  .action(run);
