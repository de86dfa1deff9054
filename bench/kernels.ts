// `bench kernels`: races our kernels against plain JS, packages and native code, and reports.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { race, type Kernel, type KernelResult } from './harness.js';
import { grayFromLuma, grayFromRgba } from './kernels/frames.js';
import { modal } from './kernels/modal.js';
import { oscillators } from './kernels/oscillators.js';
import { rectify } from './kernels/rectify.js';
import { spectrum } from './kernels/spectrum.js';
import { describeMachine } from './machine.js';
import { usePeersFrom } from './peers.js';
import { type KernelReport, type ModuleFacts } from './report.js';
import { summarize } from './statistics.js';

export { insertBetweenMarkers, renderReport as render } from './report.js';

/** The races, in the order of the data. */
export const kernels: readonly Kernel[] = [grayFromRgba, grayFromLuma, rectify, spectrum, oscillators, modal];

/** What to run, and for how long. */
export interface KernelBenchOptions {
  /** Names of races; all by default. */
  readonly only?: readonly string[];
  /** Interleaved rounds. */
  readonly rounds?: number;
  /** Folder in which the peers are installed; bench/peers of this package by default. */
  readonly peers?: string;
  /** Progress, in words. */
  readonly log?: (line: string) => void;
}

function measureModule(): ModuleFacts {
  const bytes = readFileSync(createRequire(import.meta.url).resolve('deep-marimba/kernels.wasm'));
  const compile: number[] = [];
  const instantiate: number[] = [];
  for (let i = 0; i < 31; i++) {
    // The engine remembers modules by their bytes: a custom section of four letters makes each a new one.
    const marked = Buffer.concat([bytes, Buffer.from([0, 5, 4]), Buffer.from(String(1000 + i))]);
    const started = performance.now();
    const module = new WebAssembly.Module(marked);
    const compiled = performance.now();
    new WebAssembly.Instance(module);
    instantiate.push((performance.now() - compiled) / 1000);
    compile.push((compiled - started) / 1000);
  }
  return { bytes: bytes.length, compile: summarize(compile), instantiate: summarize(instantiate) };
}

/**
 * Runs the races.
 * @throws {RangeError} for a race that there is not, or a number of rounds that is none.
 */
export async function measure(options: KernelBenchOptions = {}): Promise<KernelReport> {
  const { only, rounds = 15, peers, log } = options;
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`Expected rounds >= 1, got ${rounds}.`);
  const unknown = only?.find((name) => !kernels.some((kernel) => kernel.name === name));
  if (unknown !== undefined) {
    throw new RangeError(`Expected one of ${kernels.map(({ name }) => name).join(', ')}, got ${unknown}.`);
  }
  if (peers !== undefined) usePeersFrom(peers);
  const module = measureModule();
  const results: KernelResult[] = [];
  for (const kernel of kernels) {
    if (only && !only.includes(kernel.name)) continue;
    // A single round is somebody trying whether it runs: no need to wait for anything to settle.
    const patience = rounds === 1 ? 0.1 : 1;
    const times = { batchSeconds: 0.004 * patience, turnSeconds: 0.02 * patience, warmSeconds: 0.3 * patience };
    results.push(await race(kernel, { rounds, ...times, log }));
  }
  return {
    format: 'deep-marimba/bench-kernels@1',
    date: new Date().toISOString(),
    machine: describeMachine(),
    module,
    kernels: results,
  };
}

/** Names of our own contenders whose answers are wrong. */
export function faults({ kernels: results }: KernelReport): string[] {
  return results.flatMap(({ name, contenders }) =>
    contenders.filter(({ kind, seconds }) => kind === 'ours' && !seconds).map((ours) => `${name}: ${ours.name}`),
  );
}
