// One soak in a process of its own, started with --expose-gc: nothing else allocates there. Prints one JSON object.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { noiseImage } from '../src/cli/step-times.js';
import { nodeProviders, oneLine, type Provider } from '../src/model/devices.js';
import { loadModel, openNodeSession } from '../src/model/load-model.js';
import { nominalBars } from '../src/model/model.js';
import { openModelSource } from '../src/model/model-source.js';
import { onnxRuntime, type OrtModule, type Session } from '../src/model/onnx-runtime.js';
import { RowStream } from '../src/model/row-stream.js';
import { openTfjs, type TfjsBackend, type TfjsConverter, type TfjsCore } from '../src/model/tfjs-runtime.js';
import type { SoakJob, SoakResult } from './soak-series.js';
import { growthOf, samplesOf } from './soak-series.js';

const { gc } = globalThis as { gc?: () => void };

async function memory(): Promise<{ heap: number; resident: number }> {
  // Several times, with turns between: messages hold on to what they carried until they have been forgotten.
  for (let k = 0; k < 3; k++) {
    gc!();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed + arrayBuffers, resident: rss };
}

const { resolve } = createRequire(import.meta.url);
const load = async (name: string, sign: string): Promise<unknown> => {
  const found = (await import(pathToFileURL(resolve(name)).href)) as { default?: unknown };
  return sign in found ? found : found.default;
};

/** The session in this very thread, so that the runtime's own heap is seen too; and what counts its tensors. */
async function openHere(
  provider: Provider,
  files: readonly Uint8Array<ArrayBuffer>[],
): Promise<{ session: Session; tensors: () => number | undefined }> {
  const { device, runtime, executionProviders } = provider;
  if (device === 'tfjs') {
    const core = (await load('@tensorflow/tfjs-core', 'setBackend')) as TfjsCore;
    const converter = (await load('@tensorflow/tfjs-converter', 'loadGraphModel')) as TfjsConverter;
    const backend = (await load(runtime, 'setWasmPaths')) as TfjsBackend;
    const wasm = join(dirname(resolve(runtime)), 'tfjs-backend-wasm-simd.wasm');
    const session = await openTfjs({ core, converter, backend }, files[0], files[1], wasm);
    return { session, tensors: () => core.memory().numTensors };
  }
  const ort = (await load(runtime, 'InferenceSession')) as OrtModule & { env?: { wasm?: { numThreads?: number }; logLevel?: string } };
  if (ort.env) ort.env.logLevel = 'fatal';
  if (ort.env?.wasm) ort.env.wasm.numThreads = 1;
  return { session: await onnxRuntime(ort, { executionProviders })(files[0]), tensors: () => undefined };
} // prettier-ignore

async function stream(job: SoakJob, provider: Provider): Promise<Omit<SoakResult, 'job'>> {
  const { card, read } = await openModelSource(job.model);
  const files = await Promise.all(provider.files.map(read));
  const { session, tensors } =
    job.thread === 'here'
      ? await openHere(provider, files)
      : { session: await openNodeSession(provider, () => Promise.resolve(files)), tensors: () => undefined };
  const bars = job.bars ?? nominalBars(card);
  const row = new RowStream(session, card, bars, card.outputs);
  await row.warmUp();
  const before = tensors();
  const image = noiseImage(card, bars);
  const { heap, resident } = await samplesOf(job, () => row.step(image), memory);
  const after = tensors();
  await session.release();
  const left = tensors();
  return {
    heap: growthOf(heap),
    resident: growthOf(resident),
    ...(before === undefined ? {} : { tensors: { grown: after! - before, left: left! } }),
  };
}

async function cycles(job: SoakJob): Promise<Omit<SoakResult, 'job'>> {
  const { heap, resident } = await samplesOf(
    job,
    async () => {
      const model = await loadModel(job.model, { device: job.device });
      await model.dispose();
    },
    memory,
  );
  return { heap: growthOf(heap), resident: growthOf(resident) };
}

const job = JSON.parse(process.argv[2]) as SoakJob;
const provider = nodeProviders.find(({ device }) => device === job.device)!;
try {
  if (!gc) throw new Error('start with --expose-gc');
  const result = await (job.kind === 'steps' ? stream(job, provider) : cycles(job));
  process.stdout.write(JSON.stringify({ job, ...result }));
} catch (error) {
  process.stdout.write(JSON.stringify({ job, unavailable: oneLine(error) }));
}
