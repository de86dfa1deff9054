// `deep-marimba bench`: how fast this machine is. The code that measures is a file of its own, loaded only here.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { shippedModels } from '../model/model-source.js';
import { deviceTable, measureModels } from './measure-models.js';

// What dist/bench.js offers; it is built from bench/, which is not part of the library.
interface BenchModule {
  benchKernels(options: {
    only?: readonly string[];
    rounds?: number;
    peers?: string;
    log?: (line: string) => void;
  }): Promise<object>;
  renderReport(report: object): string;
  ownFaults(report: object): string[];
}

// What dist/bench-training.js offers.
interface TrainingBenchModule {
  benchTraining(options: { only?: readonly string[]; rounds?: number; log?: (line: string) => void }): Promise<object>;
  renderTrainingReport(report: object): string;
}

// What dist/bench-pipeline.js offers.
interface PipelineBenchModule {
  benchPipeline(options: {
    video?: string;
    rounds?: number;
    minutes?: number;
    model?: string;
    log?: (line: string) => void;
  }): Promise<object>;
  renderPipelineReport(report: object): string;
}

interface KernelOptions {
  readonly json?: string;
  readonly only?: readonly string[];
  readonly rounds: number;
  readonly peers?: string;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number from 1.');
  return value;
}

const kernels = new Command('kernels')
  .description('Race the kernels against plain JS, packages and native code; what is absent is said to be.')
  .option('--json <file>', 'write the report there, with every median, extreme and ratio')
  .option('--only <races>', 'comma-separated: gray-rgba, gray-luma, spectrum, ...', (text: string) => text.split(','))
  .option('--rounds <n>', 'interleaved rounds', wholeNumber, 15)
  .option('--peers <folder>', 'where the packages to race against are installed')
  .action(async ({ json, ...options }: KernelOptions) => {
    // Before minutes are spent on a report that has nowhere to go.
    if (json !== undefined) mkdirSync(dirname(json), { recursive: true });
    const bench = (await import(new URL('./bench.js', import.meta.url).href)) as BenchModule;
    const log = (line: string): void => void process.stderr.write(`${line}\n`);
    const report = await bench.benchKernels({ ...options, log }).catch((error: unknown) => {
      // Only the options can be out of range: bad usage.
      if (error instanceof RangeError) kernels.error(`error: ${error.message}`);
      throw error;
    });
    process.stdout.write(`${bench.renderReport(report)}\n`);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
    const faults = bench.ownFaults(report);
    if (faults.length > 0) throw new Error(`these answers of ours are wrong: ${faults.join('; ')}`);
  });

const training = new Command('training')
  .description('Race our training step, in both builds of onnxruntime, against PyTorch on one thread.')
  .option('--json <file>', 'write the report there')
  .option('--only <networks>', 'comma-separated: "small CNN-LSTM", "LSTM head", ...', (text: string) => text.split(','))
  .option('--rounds <n>', 'interleaved rounds', wholeNumber, 9)
  .action(async ({ json, ...options }: Omit<KernelOptions, 'peers'>) => {
    if (json !== undefined) mkdirSync(dirname(json), { recursive: true });
    const bench = (await import(new URL('./bench-training.js', import.meta.url).href)) as TrainingBenchModule;
    const log = (line: string): void => void process.stderr.write(`${line}\n`);
    const report = await bench.benchTraining({ ...options, log }).catch((error: unknown) => {
      if (error instanceof RangeError) training.error(`error: ${error.message}`);
      throw error;
    });
    process.stdout.write(`${bench.renderTrainingReport(report)}\n`);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  });

// What dist/bench-trainers.js offers.
interface TrainersBenchModule {
  benchTrainers(options: {
    steps?: number;
    rounds?: number;
    seconds?: number;
    config?: object;
    log?: (line: string) => void;
  }): Promise<object>;
  renderTrainersReport(report: object): string;
}

const trainers = new Command('trainers')
  .description('Whether rendering keeps a trainer busy, and whether two trainers use two cores.')
  .option('--json <file>', 'write the report there')
  .option('--config <file>', 'of another training than that of the default model')
  .option('--steps <n>', 'steps during which a trainer is watched', wholeNumber, 200)
  .option('--rounds <n>', 'rounds of one trainer, then two', wholeNumber, 7)
  .option('--seconds <n>', 'how long each turn of a round takes', wholeNumber, 4)
  .action(
    async ({
      json,
      config: path,
      ...options
    }: {
      readonly json?: string;
      readonly config?: string;
      readonly steps: number;
      readonly rounds: number;
      readonly seconds: number;
    }) => {
      if (json !== undefined) mkdirSync(dirname(json), { recursive: true });
      const module = (await import(new URL('./bench-trainers.js', import.meta.url).href)) as TrainersBenchModule;
      const log = (line: string): void => void process.stderr.write(`${line}\n`);
      const config = path === undefined ? {} : (JSON.parse(readFileSync(path, 'utf8')) as object);
      const report = await module.benchTrainers({ ...options, config, log });
      process.stdout.write(`${module.renderTrainersReport(report)}\n`);
      if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
    },
  );

const inference = new Command('inference')
  .description('Time models on every device of this machine, step by step.')
  .argument('[model...]', 'names, folders or addresses; default: the models that ship')
  .option('--json <file>', 'write the report there')
  .option('--steps <n>', 'steps to time on each device', wholeNumber, 1000)
  .action(async (models: readonly string[], { json, steps }: { readonly json?: string; readonly steps: number }) => {
    if (json !== undefined) mkdirSync(dirname(json), { recursive: true });
    const named = models.length > 0 ? models : await shippedModels();
    const devices = await measureModels(named, steps, (line) => void process.stderr.write(`${line}\n`));
    process.stdout.write(`${deviceTable(devices)}\n`);
    if (json !== undefined) {
      const machine = { node: process.versions.node, processor: cpus()[0]?.model, cores: cpus().length };
      writeFileSync(json, `${JSON.stringify({ ...machine, steps, devices }, null, 2)}\n`);
    }
  });

const pipeline = new Command('pipeline')
  .description('How fast a silent video becomes sound, stage by stage and as a whole, and in how much memory.')
  .option('--json <file>', 'write the report there')
  .option('--video <file>', 'clip with NAME.calibration.json beside it (default: the sample of a clone, at 1280x720)')
  .option('--model <name>', 'model that ships, folder or address', 'bar-lstm')
  .option('--rounds <n>', 'interleaved rounds', wholeNumber, 5)
  .option('--minutes <n>', 'also watch memory over a clip this long', wholeNumber)
  .action(async ({ json, ...options }: { json?: string; video?: string; rounds: number; minutes?: number }) => {
    if (json !== undefined) mkdirSync(dirname(json), { recursive: true });
    const bench = (await import(new URL('./bench-pipeline.js', import.meta.url).href)) as PipelineBenchModule;
    const log = (line: string): void => void process.stderr.write(`${line}\n`);
    const report = await bench.benchPipeline({ ...options, log });
    process.stdout.write(`${bench.renderPipelineReport(report)}\n`);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  });

// What dist/bench-gpu.js offers.
interface GpuBenchModule {
  benchGpu(options: {
    only?: readonly string[];
    batches?: readonly number[];
    seconds?: number;
    log?: (line: string) => void;
  }): Promise<object>;
  renderGpuReport(report: object): string;
}

const gpu = new Command('gpu')
  .description('Whether a GPU really computes the networks, says what the processor says, and how much faster it is.')
  .option('--json <file>', 'write the report there')
  .option('--only <networks>', 'comma-separated architectures', (text: string) => text.split(','))
  .option('--batches <list>', 'comma-separated', (text: string) => text.split(',').map(wholeNumber))
  .option('--seconds <n>', 'how long each is timed', wholeNumber, 2)
  .action(async ({ json, ...options }: Omit<KernelOptions, 'peers' | 'rounds'> & { readonly batches?: number[] }) => {
    if (json !== undefined) mkdirSync(dirname(json), { recursive: true });
    const module = (await import(new URL('./bench-gpu.js', import.meta.url).href)) as GpuBenchModule;
    const log = (line: string): void => void process.stderr.write(`${line}\n`);
    const report = await module.benchGpu({ ...options, log }).catch((error: unknown) => {
      if (error instanceof RangeError) gpu.error(`error: ${error.message}`);
      throw error;
    });
    process.stdout.write(`${module.renderGpuReport(report)}\n`);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  });

// What dist/bench-soak.js offers.
interface SoakBenchModule {
  benchSoak(options: {
    model?: string;
    steps?: number;
    cycles?: number;
    devices?: readonly string[];
    log?: (line: string) => void;
  }): Promise<object>;
  renderSoakReport(report: object): string;
}

const soak = new Command('soak')
  .description('Whether memory stays where it is, over a long stream and many loads, on every runtime of Node.')
  .option('--json <file>', 'write the report there')
  .option('--model <name>', 'model that ships, folder or address', 'bar-lstm')
  .option('--steps <n>', 'steps of the stream', wholeNumber, 10_000)
  .option('--cycles <n>', 'how often the model is loaded and disposed', wholeNumber, 50)
  .option('--devices <list>', 'comma-separated: cpu, wasm, tfjs, webgpu, cuda', (text: string) => text.split(','))
  .action(
    async ({ json, ...options }: { json?: string; steps: number; cycles: number; devices?: readonly string[] }) => {
      if (json !== undefined) mkdirSync(dirname(json), { recursive: true });
      const module = (await import(new URL('./bench-soak.js', import.meta.url).href)) as SoakBenchModule;
      const log = (line: string): void => void process.stderr.write(`${line}\n`);
      const report = await module.benchSoak({ ...options, log }).catch((error: unknown) => {
        if (error instanceof RangeError) soak.error(`error: ${error.message}`);
        throw error;
      });
      process.stdout.write(`${module.renderSoakReport(report)}\n`);
      if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
    },
  );

/** The command. */
export const bench = new Command('bench')
  .description('Measure speed on this machine.')
  .addCommand(kernels)
  .addCommand(training)
  .addCommand(trainers)
  .addCommand(inference)
  .addCommand(pipeline)
  .addCommand(gpu)
  .addCommand(soak);
