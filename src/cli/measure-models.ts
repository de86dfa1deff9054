// How fast models run on this machine, on every device: what `info` and `bench inference` print.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ModelCard } from '../model/card.js';
import { type Device, nodeProviders, oneLine, type Provider } from '../model/devices.js';
import { openNodeSession } from '../model/load-model.js';
import { nominalBars } from '../model/model.js';
import { openModelSource } from '../model/model-source.js';
import { spliceWeights } from '../model/onnx-splice.js';
import type { Session } from '../model/onnx-runtime.js';
import { RowStream } from '../model/row-stream.js';
import { noiseImage, quantile, type StepTimes, timeSteps } from './step-times.js';

/** A device, and whether it runs a model. */
export interface DeviceReport {
  readonly model: string;
  /** What the device belongs to, where several are compared: Node or a browser, with its version. */
  readonly host?: string;
  readonly device: Device;
  readonly runtime: Provider['runtime'];
  /** Of the runtime; absent when it is not installed. */
  readonly version?: string;
  /** Why it does not run. */
  readonly unavailable?: string;
  /** Of steps through the model's thread. */
  readonly speed?: StepTimes & {
    /** From nothing to the first answer: thread, runtime, model, one step; ms. */
    readonly coldStart: number;
    /** Processor time of a step, all threads, ms. It counts less of what else the machine does. */
    readonly processor: number;
    /** The same where frames gather, per frame, measured in turns with single steps; absent where there is no graph for it. */
    readonly gathered?: { readonly frames: number; readonly processor: number; readonly single: number };
  };
  /** Bytes of the model's files for this device. */
  readonly modelBytes: number;
  /** What a page downloads for it, scripts, runtime and model, bytes with gzip. */
  readonly download?: number;
  /** Whether the processor plays the GPU. */
  readonly emulated?: boolean;
}

/** Version of an installed package, without loading it. */
function versionOf(name: string): string | undefined {
  const { resolve } = createRequire(import.meta.url);
  try {
    for (let folder = dirname(resolve(name)); dirname(folder) !== folder; folder = dirname(folder)) {
      try {
        const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string; version?: string };
        if (found.name === name) return found.version;
      } catch {
        // Further up.
      }
    }
  } catch {
    // Not installed.
  }
  return undefined;
} // prettier-ignore

/** Processor time of a frame, ms: in a block of frames, and in a step of its own; medians of turns. */
async function measureGathered(
  stream: RowStream,
  blocks: Session,
  image: Float32Array,
  frames: number,
  steps: number,
): Promise<{ readonly frames: number; readonly processor: number; readonly single: number }> {
  const images = new Float32Array(frames * image.length);
  for (let k = 0; k < frames; k++) images.set(image, k * image.length);
  const cost = async (work: () => Promise<void>): Promise<number> => {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / frames;
  };
  const [single, many]: [number[], number[]] = [[], []];
  await stream.block(blocks, images, frames);
  for (let round = 0; round < Math.max(5, Math.ceil(steps / frames / 2)); round++) {
    single.push(
      await cost(async () => {
        for (let k = 0; k < frames; k++) await stream.step(image);
      }),
    );
    many.push(
      await cost(async () => {
        await stream.block(blocks, images, frames);
      }),
    );
  }
  const median = (costs: number[]): number => quantile(Float64Array.from(costs).sort(), 0.5);
  return { frames, processor: median(many), single: median(single) };
}

async function measure(
  session: Session,
  card: ModelCard,
  started: number,
  steps: number,
  openBlocks: (() => Promise<Session>) | undefined,
): Promise<DeviceReport['speed']> {
  const bars = nominalBars(card);
  const stream = new RowStream(session, card, bars, card.outputs);
  await stream.warmUp();
  const coldStart = performance.now() - started;
  const image = noiseImage(card, bars);
  for (let k = 0; k < Math.min(20, steps / 4); k++) await stream.step(image);
  const before = process.cpuUsage();
  const times = await timeSteps(stream, image, steps);
  const { user, system } = process.cpuUsage(before);
  const blocks = await openBlocks?.();
  const gathered = blocks && (await measureGathered(stream, blocks, image, card.block!, steps));
  await blocks?.release();
  return {
    ...(gathered ? { gathered } : {}),
    coldStart,
    ...times,
    processor: (user + system) / 1000 / steps,
  };
} // prettier-ignore

/**
 * Opens every model on every device of Node, one after the other, and times it.
 * @param steps steps to time.
 * @param log told what is being done.
 */
export async function measureModels(
  models: readonly string[],
  steps: number,
  log: (line: string) => void = () => undefined,
): Promise<DeviceReport[]> {
  const reports: DeviceReport[] = [];
  for (const model of models) {
    const { card, read } = await openModelSource(model);
    for (const provider of nodeProviders) {
      const { device, runtime, files } = provider;
      const version = versionOf(runtime);
      const modelBytes = files.reduce((sum, name) => sum + (Object.hasOwn(card.files, name) ? card.files[name].bytes : 0), 0);
      const facts = { model: card.name, device, runtime, ...(version === undefined ? {} : { version }), modelBytes };
      log(`${card.name} on ${device}`);
      try {
        const started = performance.now();
        const session = await openNodeSession(provider, () => Promise.all(files.map(read)));
        try {
          const openBlocks = async (): Promise<Session> =>
            openNodeSession(provider, async () => [spliceWeights(await read('block'), await read('onnx'))]);
          const gathers = card.block !== undefined && files.includes('onnx');
          const speed = await measure(session, card, started, steps, gathers ? openBlocks : undefined);
          reports.push({ ...facts, ...(speed ? { speed } : {}) });
        } finally {
          await session.release();
        }
      } catch (error) {
        reports.push({ ...facts, unavailable: oneLine(error) });
      }
    }
  }
  return reports;
} // prettier-ignore

/** A table, in Markdown; with hosts and downloads where there are any. */
export function deviceTable(reports: readonly DeviceReport[]): string {
  const hosts = reports.some(({ host }) => host !== undefined);
  const rows = reports.map((report) => {
    const { model, host, device, emulated, runtime, version, unavailable, speed, modelBytes, download } = report;
    const size = (bytes: number | undefined): string => (bytes === undefined ? '-' : `${(bytes / 1e6).toFixed(2)} MB`);
    const where = [model, ...(hosts ? [host ?? '-'] : []), emulated ? `${device}, emulated` : device];
    const facts = [...where, version === undefined ? runtime : `${runtime} ${version}`, size(modelBytes)];
    const more = hosts ? [size(download)] : [];
    if (!speed) return [...facts, ...more, '-', '-', '-', '-', '-', unavailable ?? ''];
    const { coldStart, p50, p95, stepsPerSecond, processor, gathered } = speed;
    const gain = gathered ? `${gathered.processor.toFixed(2)} ms (${(gathered.single / gathered.processor).toFixed(1)} x)` : '-';
    const times = [`${coldStart.toFixed(0)} ms`, `${p50.toFixed(2)} / ${p95.toFixed(2)} ms`, `${processor.toFixed(2)} ms`, gain, stepsPerSecond.toFixed(0)];
    return [...facts, ...more, ...times, ''];
  });
  const more = hosts ? ['download, gzip'] : [];
  const header = ['model', ...(hosts ? ['in'] : []), 'device', 'runtime', 'model files', ...more, 'cold start', 'step p50 / p95', 'processor', 'gathered, per frame', 'steps/s', 'why not'];
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
} // prettier-ignore
