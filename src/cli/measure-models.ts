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

/** A device, and whether it runs a model. */
export interface DeviceReport {
  readonly model: string;
  readonly device: Device;
  readonly runtime: Provider['runtime'];
  /** Of the runtime; absent when it is not installed. */
  readonly version?: string;
  /** Why it does not run. */
  readonly unavailable?: string;
  readonly speed?: {
    /** From nothing to the first answer: thread, runtime, model, one step; ms. */
    readonly coldStart: number;
    /** Time of a step through the model's thread: median and 95th percentile, ms. */
    readonly p50: number;
    readonly p95: number;
    /** Steps per second, one after the other. */
    readonly stepsPerSecond: number;
    /** Processor time of a step, all threads, ms. It counts less of what else the machine does. */
    readonly processor: number;
    /** The same where frames gather, per frame, measured in turns with single steps; absent where there is no graph for it. */
    readonly gathered?: { readonly frames: number; readonly processor: number; readonly single: number };
  };
  /** Bytes of the model's files for this device. */
  readonly modelBytes: number;
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

const at = (sorted: Float64Array, part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];

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
  const median = (costs: number[]): number => at(Float64Array.from(costs).sort(), 0.5);
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
  const { shape, cellWidth } = card.input;
  const [channels, height, width] = shape;
  let seed = 1;
  // Noise, so that nothing is skipped for being zero.
  const image = Float32Array.from({ length: channels * height * (cellWidth === undefined ? width : cellWidth * (bars + 2)) }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32 - 0.5;
  });
  for (let k = 0; k < Math.min(20, steps / 4); k++) await stream.step(image);
  const times = new Float64Array(steps);
  const before = process.cpuUsage();
  for (let k = 0; k < steps; k++) {
    const from = performance.now();
    await stream.step(image);
    times[k] = performance.now() - from;
  }
  const { user, system } = process.cpuUsage(before);
  const all = times.reduce((sum, time) => sum + time, 0);
  times.sort();
  const blocks = await openBlocks?.();
  const gathered = blocks && (await measureGathered(stream, blocks, image, card.block!, steps));
  await blocks?.release();
  return {
    ...(gathered ? { gathered } : {}),
    coldStart,
    p50: at(times, 0.5),
    p95: at(times, 0.95),
    stepsPerSecond: (1000 * steps) / all,
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

/** A table, in Markdown. */
export function deviceTable(reports: readonly DeviceReport[]): string {
  const rows = reports.map(({ model, device, runtime, version, unavailable, speed, modelBytes }) => {
    const facts = [model, device, `${runtime} ${version ?? '-'}`, `${(modelBytes / 1e6).toFixed(2)} MB`];
    if (!speed) return `| ${[...facts, '-', '-', '-', '-', '-', unavailable].join(' | ')} |`;
    const { coldStart, p50, p95, stepsPerSecond, processor, gathered } = speed;
    const gain = gathered ? `${gathered.processor.toFixed(2)} ms (${(gathered.single / gathered.processor).toFixed(1)} x)` : '-';
    const times = [`${coldStart.toFixed(0)} ms`, `${p50.toFixed(2)} / ${p95.toFixed(2)} ms`, `${processor.toFixed(2)} ms`, gain, stepsPerSecond.toFixed(0)];
    return `| ${[...facts, ...times, ''].join(' | ')} |`;
  });
  return [
    '| model | device | runtime | model files | cold start | step p50 / p95 | processor | gathered, per frame | steps/s | why not |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
} // prettier-ignore
