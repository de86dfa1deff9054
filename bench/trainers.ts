// `bench trainers`: whether rendering on threads keeps a trainer busy, and whether two trainers use two cores.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { onnxRuntime } from '../src/model/onnx-runtime.js';
import { sceneBatches } from '../src/training/scene-batches.js';
import { architectureOf } from '../src/training/train.js';
import { lossTerms, type TrainConfig, trainConfig } from '../src/training/train-config.js';
import { Trainer } from '../src/training/trainer.js';
import { describeMachine, type Machine } from './machine.js';
import { machineLine, markdownTable, significant } from './report.js';
import { median } from './statistics.js';

/** How much of the time a trainer trains whose batches are rendered beside it. */
export interface BusyResult {
  readonly workers: number;
  /** Seconds by the clock: within steps, and waiting for a batch. */
  readonly stepping: number;
  readonly waiting: number;
  /** stepping / (stepping + waiting); 0.95 is asked for. */
  readonly busy: number;
  readonly framesPerSecond: number;
}

/** Two trainers at once against one alone, round by round. */
export interface ScalingResult {
  /** Frames per second by the clock, each round. */
  readonly alone: readonly number[];
  readonly together: readonly number[];
  /** Median of together / alone; 1.8 is asked for on two cores. */
  readonly scaling: number;
}

/** A run of `bench trainers`. */
export interface TrainersReport {
  readonly format: 'deep-marimba/bench-trainers@1';
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  /** Processor seconds per thousand frames, on one thread: of a training step, and of rendering what it learns from. */
  readonly cost: { readonly training: number; readonly rendering: number };
  readonly busy: readonly BusyResult[];
  readonly scaling: ScalingResult;
}

/** A trainer of a configuration. */
async function openTrainer(config: TrainConfig): Promise<Trainer> {
  return Trainer.create({
    architecture: architectureOf(config),
    batch: config.batch,
    frames: config.frames,
    losses: lossTerms(config),
    optimizer: { weightDecay: config.weightDecay, clipNorm: config.clipNorm },
    runtime: onnxRuntime(await import('onnxruntime-node')),
    schedule: () => config.learningRate,
    seed: config.seed,
    averageDecay: config.averageDecay,
  });
}

const processorSeconds = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};

/** Trains for some steps after the first batch is there; that one is not waited for again. */
async function busyWith(config: TrainConfig, workers: number, steps: number): Promise<BusyResult> {
  const trainer = await openTrainer(config);
  const workerUrl = new URL('./training/scene-worker.js', import.meta.url);
  const source = sceneBatches({ ...config, workers, workerUrl });
  let [stepping, waiting, done] = [0, 0, 0];
  let from: number | undefined;
  try {
    for await (const batch of source.batches(1)) {
      const ready = performance.now();
      if (from !== undefined) waiting += (ready - from) / 1000;
      await trainer.trainStep(batch);
      from = performance.now();
      stepping += (from - ready) / 1000;
      done++;
      if (done >= steps) break;
    }
  } finally {
    await source.close();
    await trainer.release();
  }
  const frames = done * config.batch * config.frames;
  const all = stepping + waiting;
  return { workers, stepping, waiting, busy: stepping / all, framesPerSecond: frames / all };
}

async function costOf(config: TrainConfig): Promise<TrainersReport['cost']> {
  const trainer = await openTrainer(config);
  const source = sceneBatches({ ...config, workers: 0 });
  const perGroup = (config.mixed * config.sequences) / config.batch;
  const frames = config.batch * config.frames;
  let rendering = Infinity;
  let before = process.cpuUsage();
  const training: number[] = [];
  try {
    for await (const batch of source.batches(1)) {
      if (rendering === Infinity) rendering = processorSeconds(before) / perGroup;
      before = process.cpuUsage();
      await trainer.trainStep(batch);
      training.push(processorSeconds(before));
      if (training.length >= Math.min(perGroup, 12)) break;
    }
  } finally {
    await source.close();
    await trainer.release();
  }
  const perThousand = (seconds: number): number => (1000 * seconds) / frames;
  return { training: perThousand(median(training)), rendering: perThousand(rendering) };
}

/** In a process of its own: trains on one batch whenever told to, for so many seconds, and answers with frames per second. */
export async function serveTrainer(): Promise<void> {
  const config = trainConfig(JSON.parse(process.argv[2]) as Partial<TrainConfig>);
  const trainer = await openTrainer(config);
  const data = Object.fromEntries(
    trainer.data.map(({ name, shape }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, Float32Array.from({ length: size }, (_unused, k) => (k % 7) / 7)];
    }),
  );
  for (let k = 0; k < 3; k++) await trainer.trainStep({ data });
  process.on('message', (seconds: number) => {
    void (async () => {
      const started = performance.now();
      let steps = 0;
      do {
        await trainer.trainStep({ data });
        steps++;
      } while (performance.now() - started < 1000 * seconds);
      process.send!((1000 * steps * config.batch * config.frames) / (performance.now() - started));
    })();
  });
  process.send!('ready');
}

async function scalingOf(config: TrainConfig, rounds: number, seconds: number): Promise<ScalingResult> {
  const children = [0, 1].map(() =>
    fork(new URL('./bench-one-trainer.js', import.meta.url), [JSON.stringify(config)], { stdio: 'inherit' }),
  );
  try {
    await Promise.all(children.map((child) => once(child, 'message')));
    const trainFor = async (some: typeof children): Promise<number> => {
      const answers = some.map((child) => once(child, 'message') as Promise<[number]>);
      for (const child of some) child.send(seconds);
      return (await Promise.all(answers)).reduce((total, [rate]) => total + rate, 0);
    };
    const alone: number[] = [];
    const together: number[] = [];
    for (let round = 0; round < rounds; round++) {
      alone.push(await trainFor([children[round % 2]]));
      together.push(await trainFor(children));
    }
    return { alone, together, scaling: median(alone.map((rate, k) => together[k] / rate)) };
  } finally {
    for (const child of children) child.kill();
  }
}

/**
 * Measures both with the configuration that the default model is trained with, or another.
 * @param options.steps for how long a trainer is watched.
 * @param options.seconds of training per turn of each round.
 */
export async function measure(
  options: {
    readonly config?: Partial<TrainConfig>;
    readonly workers?: readonly number[];
    readonly steps?: number;
    readonly rounds?: number;
    readonly seconds?: number;
    readonly log?: (line: string) => void;
  } = {},
): Promise<TrainersReport> {
  const { workers = [1, 2], steps = 200, rounds = 7, seconds = 4, log = () => undefined } = options;
  const config = trainConfig(options.config);
  log('processor time of a step, and of rendering for it');
  const cost = await costOf(config);
  const busy: BusyResult[] = [];
  for (const count of workers) {
    log(`${steps} steps, ${count} thread${count === 1 ? '' : 's'} that render${count === 1 ? 's' : ''}`);
    busy.push(await busyWith(config, count, steps));
  }
  log(`one trainer and two, ${rounds} rounds`);
  const scaling = await scalingOf(config, rounds, seconds);
  const date = new Date().toISOString();
  return { format: 'deep-marimba/bench-trainers@1', date, machine: describeMachine(), cost, busy, scaling };
}

/** The report as Markdown. */
export function render({ date, machine, cost, busy, scaling }: TrainersReport): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const verdict = (value: number, asked: number): string => (value >= asked ? 'reached' : 'missed');
  const rows = [
    ...busy.map((one) => [
      `trains instead of waiting, ${one.workers} rendering`,
      percent(one.busy),
      `95 % ${verdict(one.busy, 0.95)}`,
      `${significant(one.framesPerSecond)} frames/s by the clock`,
    ]),
    [
      'two trainers against one',
      `${scaling.scaling.toFixed(2)} x`,
      `1.8 x ${verdict(scaling.scaling, 1.8)}`,
      `${significant(median(scaling.alone))} and ${significant(median(scaling.together))} frames/s`,
    ],
    [
      'rendering per training, processor time',
      percent(cost.rendering / cost.training),
      'below 100 %: one thread keeps up',
      `${significant(cost.rendering)} and ${significant(cost.training)} s per 1,000 frames`,
    ],
  ];
  return [machineLine(date, machine), markdownTable(['what', 'measured', 'asked', 'remarks'], rows)].join('\n\n');
}
