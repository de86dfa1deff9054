// `bench gpu`: whether the GPU really computes, whether it says what the processor says, and how much faster it is.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { oneLine } from '../src/model/devices.js';
import { onnxRuntime, type OrtModule, type Session, type Tensor, type Tensors } from '../src/model/onnx-runtime.js';
import { architectureNames, makeArchitecture } from '../src/training/architectures/index.js';
import { exportOnnx } from '../src/training/export-onnx.js';
import { anatomy, initialWeights } from '../src/training/network.js';
import { describeMachine, type Machine } from './machine.js';

const providers = ['cpu', 'webgpu', 'cuda'] as const;

/** One architecture at one batch on one provider. */
export interface GpuResult {
  readonly architecture: string;
  readonly batch: number;
  readonly provider: string;
  /** Why it does not run. */
  readonly unavailable?: string;
  /** Nodes that were executed, by execution provider, out of the session's own profile: not what was asked for but what ran. */
  readonly executed?: Readonly<Record<string, number>>;
  /** Largest difference to the CPU, of numbers beyond 1 as a part of them. */
  readonly apart?: number;
  /** Frames per second, median of the rounds. */
  readonly framesPerSecond?: number;
}

/** A run of `bench gpu`. */
export interface GpuReport {
  readonly format: 'deep-marimba/bench-gpu@1';
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly results: readonly GpuResult[];
}

const noise = (length: number): Float32Array => {
  let seed = 1;
  return Float32Array.from({ length }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32 - 0.5;
  });
};

/** Runs once with the profiler on; the file it leaves says which provider computed each node. */
async function profile(ort: OrtModule, provider: string, model: Uint8Array, feeds: Tensors): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-gpu-'));
  try {
    const session = (await ort.InferenceSession.create(model, {
      executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
      logSeverityLevel: 3,
    })) as { run(feeds: object): Promise<unknown>; endProfiling(): void; release(): Promise<void> };
    const tensors = Object.entries(feeds).map(([name, { data, shape }]) => [name, new ort.Tensor('float32', data, shape)]);
    await session.run(Object.fromEntries(tensors) as object);
    session.endProfiling();
    await session.release();
    const events = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]), 'utf8')) as { cat?: string; args?: { provider?: string } }[];
    const executed: Record<string, number> = {};
    for (const { cat, args } of events) {
      if (cat === 'Node' && args?.provider) executed[args.provider] = (executed[args.provider] ?? 0) + 1;
    }
    return executed;
  } finally {
    rmSync(folder, { recursive: true });
  }
} // prettier-ignore

function largestDifference(got: Tensors, expected: Tensors): number {
  let worst = 0;
  for (const [name, { data }] of Object.entries(expected)) {
    for (const [k, x] of data.entries()) {
      const apart = Math.abs(got[name].data[k] - x) / Math.max(1, Math.abs(x));
      if (!(apart <= worst)) worst = apart;
    }
  }
  return worst;
}

/**
 * Every architecture at every batch on CPU, WebGPU and CUDA, one round of each after the other.
 * @param options.seconds about how long each is timed, s.
 */
export async function measure(options: {
  readonly only?: readonly string[];
  readonly batches?: readonly number[];
  readonly seconds?: number;
  readonly log?: (line: string) => void;
}): Promise<GpuReport> {
  const { only = architectureNames, batches = [1, 32, 1024], seconds = 2, log = () => undefined } = options;
  const ort: OrtModule = await import('onnxruntime-node');
  const results: GpuResult[] = [];
  for (const architecture of only.map((name) => makeArchitecture(name))) {
    const weights = initialWeights(architecture, 1);
    for (const batch of batches) {
      const { name: port, shape } = architecture.input;
      const size = (list: readonly number[]): number => list.reduce((a, b) => a * b, 1);
      const states = anatomy(architecture).states.map(({ name, shape: [, ...rest] }): [string, Tensor] => {
        const own = [batch, ...rest];
        return [`state.${name}`, { data: new Float32Array(size(own)), shape: own }];
      });
      const image: Tensor = { data: noise(batch * size(shape)), shape: [batch, ...shape] };
      const feeds: Tensors = { [port]: image, ...Object.fromEntries(states) };
      const model = exportOnnx(architecture, weights, { batch, frames: 'step' });
      let expected: Tensors | undefined;
      const open: { provider: string; session: Session; times: number[]; executed: Record<string, number>; apart: number }[] = [];
      for (const provider of providers) {
        log(`${architecture.name}, batch ${batch}, ${provider}`);
        try {
          const executionProviders = provider === 'cpu' ? ['cpu'] : [provider, 'cpu'];
          const session = await onnxRuntime(ort, { executionProviders, intraOpNumThreads: 0 })(model);
          const answer = await session.run(feeds);
          expected ??= answer;
          const executed = await profile(ort, provider, model, feeds);
          open.push({ provider, session, times: [], executed, apart: largestDifference(answer, expected) });
        } catch (error) {
          results.push({ architecture: architecture.name, batch, provider, unavailable: oneLine(error) });
        }
      }
      const until = performance.now() + 1000 * seconds * open.length;
      do {
        for (const { session, times } of open) {
          const started = performance.now();
          await session.run(feeds);
          times.push(performance.now() - started);
        }
      } while (performance.now() < until);
      for (const { provider, session, times, executed, apart } of open) {
        times.sort((a, b) => a - b);
        const framesPerSecond = (1000 * batch) / times[times.length >> 1];
        results.push({ architecture: architecture.name, batch, provider, executed, apart, framesPerSecond });
        await session.release();
      }
    }
  }
  return { format: 'deep-marimba/bench-gpu@1', date: new Date().toISOString(), machine: describeMachine(), results };
} // prettier-ignore

/** A table, in Markdown. */
export function render({ results }: GpuReport): string {
  const rows = results.map(({ architecture, batch, provider, unavailable, executed, apart, framesPerSecond }) => {
    if (unavailable !== undefined) return `| ${architecture} | ${batch} | ${provider} | - | - | - | ${unavailable} |`;
    const ran = Object.entries(executed!).map(([name, count]) => `${name.replace('ExecutionProvider', '')} ${count}`).join(', ');
    return `| ${architecture} | ${batch} | ${provider} | ${framesPerSecond!.toFixed(0)} | ${apart!.toExponential(1)} | ${ran} | |`;
  });
  const head = '| network | batch | provider | frames/s | apart from CPU | nodes executed by | why not |';
  return [head, '| --- | --- | --- | --- | --- | --- | --- |', ...rows].join('\n');
} // prettier-ignore
