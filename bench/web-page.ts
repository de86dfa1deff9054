// What is measured in a browser: the page of web-stage.ts, which is told what to do by the process that opened it.
import { noiseImage, type StepTimes, timeSteps } from '../src/cli/step-times.js';
import { loadModel } from '../src/model/load-model-web.js';
import { webProviders } from '../src/model/devices.js';
import { nominalBars } from '../src/model/model.js';
import { RowStream } from '../src/model/row-stream.js';
import { openWebModel } from '../src/model/web-files.js';
import { openWebSession, type WebSessionJob } from '../src/model/web-session.js';
import { openWebWorkerSession } from '../src/model/web-worker-session.js';
import { growthOf, samplesOf, type SoakJob, type SoakResult } from './soak-series.js';

/** What the process behind the page can tell of it after a collection, bytes. */
type Memory = () => Promise<{ readonly heap: number; readonly resident: number }>;

const assets = new URL('/assets/', location.href);
const kept = { assets, cache: false } as const;

async function prepare(name: string, device: string): Promise<{ model: Awaited<ReturnType<typeof openWebModel>>; job: WebSessionJob }> {
  const model = await openWebModel(name, kept);
  const { files } = webProviders.find((provider) => provider.device === device)!;
  const job: WebSessionJob = {
    device: device as WebSessionJob['device'],
    files: await Promise.all(files.map(model.read)),
    assets: assets.href,
    cache: false,
    threads: 1,
  };
  return { model, job };
} // prettier-ignore

/** Steps through the worker, and the time from nothing to the first answer, ms; `pause` is awaited before and after the timed ones. */
async function steps(name: string, device: string, count: number, pause: () => Promise<void>) {
  const started = performance.now();
  const { model, job } = await prepare(name, device);
  const session = await openWebWorkerSession(job);
  const bars = nominalBars(model.card);
  const stream = new RowStream(session, model.card, bars, model.card.outputs);
  await stream.warmUp();
  const coldStart = performance.now() - started;
  const image = noiseImage(model.card, bars);
  for (let k = 0; k < Math.min(20, count / 4); k++) await stream.step(image);
  await pause();
  const times = await timeSteps(stream, image, count);
  await pause();
  await session.release();
  return { coldStart, ...times };
}

/** The tensors that TensorFlow.js holds, where it is what runs. */
async function tensorsOf(device: string): Promise<() => number | undefined> {
  if (device !== 'tfjs') return () => undefined;
  const { memory } = (await import('@tensorflow/tfjs-core')) as unknown as { memory: () => { numTensors: number } };
  return () => memory().numTensors;
}

async function soak(job: SoakJob, memory: Memory): Promise<SoakResult> {
  if (job.kind === 'cycles') {
    const cycle = async (): Promise<void> => {
      const model = await loadModel(job.model, { ...kept, device: job.device });
      await model.dispose();
    };
    const { heap, resident } = await samplesOf(job, cycle, memory);
    return { job, heap: growthOf(heap), resident: growthOf(resident) };
  }
  const { model, job: opening } = await prepare(job.model, job.device);
  const session = await openWebSession(opening);
  const bars = nominalBars(model.card);
  const stream = new RowStream(session, model.card, bars, model.card.outputs);
  await stream.warmUp();
  const tensors = await tensorsOf(job.device);
  const before = tensors();
  const image = noiseImage(model.card, bars);
  const { heap, resident } = await samplesOf(job, () => stream.step(image), memory);
  const after = tensors();
  await session.release();
  const left = tensors();
  const counted = before === undefined ? {} : { tensors: { grown: after! - before, left: left! } };
  return { job, heap: growthOf(heap), resident: growthOf(resident), ...counted };
}

/** What the page offers. */
export interface WebPage {
  readonly steps: (name: string, device: string, count: number) => Promise<{ readonly coldStart: number } & StepTimes>;
  readonly soak: (job: SoakJob) => Promise<SoakResult>;
}

// Given by the process, by way of the browser.
const { told, memory } = globalThis as unknown as { told: () => Promise<void>; memory: Memory };
Object.assign(globalThis, {
  page: {
    steps: (name, device, count) => steps(name, device, count, told),
    soak: (job) => soak(job, memory),
  } satisfies WebPage,
});
