// `bench training`: races our training step, in both builds of onnxruntime, against PyTorch on one thread.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LayerDescription, parseLayer } from '../src/training/layers/index.js';
import type { LossTerm } from '../src/training/losses.js';
import { onnxRuntime, type OrtModule } from '../src/model/onnx-runtime.js';
import { Trainer } from '../src/training/trainer.js';
import { noiseBatch, noiseWeights } from '../test/support/noise.js';
import { type Contender, type Kernel, type KernelResult, race, type Runner } from './harness.js';
import { describeMachine, type Machine, packageRoot } from './machine.js';
import { kernelSection, machineLine } from './report.js';
import { openTorch } from './torch-peer.js';

/** One entry of bench/training/cases.json: a network and what is asked of it against PyTorch. */
interface Network {
  readonly name: string;
  readonly work: string;
  readonly asked?: number;
  readonly batch: number;
  readonly frames: number;
  readonly notes: number;
  readonly input: { readonly name: string; readonly shape: readonly number[] };
  readonly layers: readonly LayerDescription[];
  readonly losses: readonly LossTerm[];
}

/** A run of `bench training`. */
export interface TrainingReport {
  readonly format: 'deep-marimba/bench-training@1';
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly kernels: readonly KernelResult[];
}

const read = (file: string): unknown => JSON.parse(readFileSync(join(packageRoot, 'bench', 'training', file), 'utf8'));

/** Our training step; seconds are those of the processor, as PyTorch's are: other processes do not count. */
async function openOurs(network: Network, ort: OrtModule, settings: object): Promise<Runner> {
  const { name, input, notes, batch, frames, losses } = network;
  const architecture = { name, options: {}, input, notes, layers: network.layers.map(parseLayer) };
  const start = (): Promise<Trainer> =>
    Trainer.create({
      ...{ architecture, batch, frames, losses, seed: 1 },
      runtime: onnxRuntime(ort, settings),
      schedule: () => 1e-3,
      weights: noiseWeights(architecture),
    });
  const trainer = await start();
  const data = noiseBatch(trainer.data);
  return {
    async batch(calls) {
      const before = process.cpuUsage();
      for (let k = 0; k < calls; k++) await trainer.trainStep({ data });
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1e6;
    },
    async answer() {
      const fresh = await start();
      const answers: number[] = [];
      for (let k = 0; k < 3; k++) answers.push((await fresh.trainStep({ data })).loss);
      await fresh.release();
      return answers;
    },
    close() {
      void trainer.release();
    },
  };
}

function raceOf(network: Network, losses: Readonly<Record<string, readonly number[]>>): Kernel {
  let torch: string | undefined;
  const common = { tolerance: 1e-4 };
  const contenders: readonly Contender[] = [
    {
      ...common,
      name: 'onnxruntime-node',
      kind: 'ours',
      open: async () => openOurs(network, await import('onnxruntime-node'), {}),
    },
    {
      ...common,
      name: 'onnxruntime-web, wasm',
      kind: 'ours',
      open: async () => {
        const web = await import('onnxruntime-web');
        web.env.wasm.numThreads = 1;
        return openOurs(network, web, { executionProviders: ['wasm'] });
      },
    },
    {
      ...common,
      name: 'PyTorch',
      kind: 'native',
      version: () => torch,
      asked: network.asked,
      open: () => openTorch(network.name, (version) => (torch = version)),
    },
  ];
  return {
    name: network.name,
    work: `one training step, ${network.work}; processor seconds on one thread`,
    reference: () => losses[network.name],
    contenders,
    rate: { unit: 'frames per processor second', perCall: network.batch * network.frames },
  };
}

/**
 * Runs the races.
 * @throws {RangeError} for a network that there is not.
 */
export async function measure(
  options: { readonly only?: readonly string[]; readonly rounds?: number; readonly log?: (line: string) => void } = {},
): Promise<TrainingReport> {
  const { only, rounds = 9, log } = options;
  const networks = read('cases.json') as readonly Network[];
  const unknown = only?.find((name) => !networks.some((network) => network.name === name));
  if (unknown !== undefined) {
    throw new RangeError(`Expected one of ${networks.map(({ name }) => name).join(', ')}, got ${unknown}.`);
  }
  const losses = read('losses.json') as Readonly<Record<string, readonly number[]>>;
  const kernels: KernelResult[] = [];
  for (const network of networks) {
    if (only && !only.includes(network.name)) continue;
    const times = { batchSeconds: 0.2, turnSeconds: 0.6, warmSeconds: 0.5 };
    kernels.push(await race(raceOf(network, losses), { rounds, ...times, log }));
  }
  return {
    format: 'deep-marimba/bench-training@1',
    date: new Date().toISOString(),
    machine: describeMachine(),
    kernels,
  };
}

/** The report as Markdown. */
export function render({ date, machine, kernels }: TrainingReport): string {
  return [machineLine(date, machine), ...kernels.map(kernelSection)].join('\n\n');
}
