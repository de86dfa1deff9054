// `deep-marimba bench soak`: long streams and many loads on every runtime of Node and Chromium, each in a process of its own.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Device, nodeProviders, oneLine, type Provider, webProviders } from '../src/model/devices.js';
import { describeMachine, type Machine } from './machine.js';
import { machineLine, markdownTable } from './report.js';
import type { SoakJob, SoakResult } from './soak-series.js';
import { openWebStage, type WebStage } from './web-stage.js';

/** What came of one soak, or why there was none. */
export type SoakRow = { /** Node or the browser, with its version. */ readonly host: string } & (
  SoakResult | { readonly job: SoakJob; readonly unavailable: string }
);

/** A run of `bench soak`. */
export interface SoakReport {
  readonly format: 'deep-marimba/bench-soak@1';
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly rows: readonly SoakRow[];
}

/** What is soaked, and how long. */
export interface SoakOptions {
  readonly model?: string;
  readonly steps?: number;
  readonly cycles?: number;
  readonly hosts?: readonly string[];
  readonly devices?: readonly string[];
  readonly log?: (line: string) => void;
}

// An emulated GPU takes a good part of a second per step, and many seconds to open; CUDA and real ones are as fast as the rest.
const slow = { steps: 200, cycles: 10 };

/** In a process of its own. */
async function soakInNode(job: SoakJob): Promise<SoakRow> {
  const host = `Node ${process.versions.node}`;
  const script = fileURLToPath(new URL('./bench-soak-run.js', import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', script, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Else glibc keeps what ended threads have freed, in a heap for each, and resident memory says nothing.
    env: { ...process.env, MALLOC_ARENA_MAX: '1' },
  });
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  const code = await new Promise<number | null>((ended) => child.once('close', ended));
  const text = Buffer.concat(parts).toString();
  if (text === '') return { host, job, unavailable: `its process ended with ${code}` };
  return { host, ...(JSON.parse(text) as SoakResult) };
}

/** In a tab of its own. */
async function soakInChromium(stage: WebStage, job: SoakJob): Promise<SoakRow> {
  const tab = await stage.open();
  try {
    return { host: stage.host, ...(await tab.ask('soak', job)) };
  } catch (error) {
    return { host: stage.host, job, unavailable: oneLine(error) };
  } finally {
    await tab.close();
  }
}

/**
 * Soaks every device: a long stream with the runtime in the thread that is measured, and many loads and disposals as models ship.
 * @throws {RangeError} for a host or a device that there is not.
 */
export async function measure(options: SoakOptions = {}): Promise<SoakReport> {
  const { model = 'bar-lstm', steps = 10_000, cycles = 50, hosts = ['node', 'chromium'], log = () => undefined } = options;
  const known = [...new Set([...nodeProviders, ...webProviders].map(({ device }) => device))];
  const { devices = known } = options;
  const unknown = devices.find((device) => !known.includes(device as Device));
  if (unknown !== undefined) throw new RangeError(`devices: expected ${known.join(', ')}, got ${unknown}.`);
  const nowhere = hosts.find((host) => !['node', 'chromium'].includes(host));
  if (nowhere !== undefined) throw new RangeError(`hosts: expected node, chromium, got ${nowhere}.`);
  const rows: SoakRow[] = [];
  const both = async (device: Device, emulated: boolean, run: (job: SoakJob) => Promise<SoakRow>): Promise<void> => {
    const count = emulated ? Math.min(steps, slow.steps) : steps;
    log(`${device}: ${count} steps${emulated ? ', as its GPU is emulated' : ''}`);
    const stream = await run({ kind: 'steps', device, model, count, thread: 'here' });
    rows.push(stream);
    if ('unavailable' in stream) return;
    const turns = emulated ? Math.min(cycles, slow.cycles) : cycles;
    log(`${device}: ${turns} times loaded and disposed`);
    rows.push(await run({ kind: 'cycles', device, model, count: turns, thread: 'own' }));
  };
  const wanted = (providers: readonly Provider[]): Device[] =>
    providers.map(({ device }) => device).filter((device) => devices.includes(device));
  if (hosts.includes('node')) {
    const swiftshader = (process.env.VK_ICD_FILENAMES ?? '').includes('swiftshader');
    for (const device of wanted(nodeProviders)) await both(device, swiftshader && device === 'webgpu', soakInNode);
  }
  if (hosts.includes('chromium')) {
    const stage = await openWebStage().catch((error: unknown) => {
      log(`Chromium is left out, it is measured from a clone: ${oneLine(error)}`);
      return undefined;
    });
    try {
      for (const device of stage ? wanted(webProviders) : []) {
        await both(device, device === 'webgpu' && stage!.emulated === true, (job) => soakInChromium(stage!, job));
      }
    } finally {
      await stage?.close();
    }
  }
  return { format: 'deep-marimba/bench-soak@1', date: new Date().toISOString(), machine: describeMachine(), rows };
} // prettier-ignore

/** The report as Markdown. */
export function render({ date, machine, rows }: SoakReport): string {
  const growth = ({ early, late, ratio }: SoakResult['heap']): string =>
    `${(early / 1e6).toFixed(2)} to ${(late / 1e6).toFixed(2)} MB (${ratio < 0 ? '' : '+'}${(100 * ratio).toFixed(2)} %)`;
  const cells = rows.map((row) => {
    const { device, kind, count } = row.job;
    const what = kind === 'steps' ? `${count} steps` : `${count} loads and disposals`;
    if ('unavailable' in row) return [row.host, device, what, '-', '-', row.unavailable];
    const { heap, resident, tensors } = row;
    const note = tensors ? `tensors: ${tensors.grown} more, ${tensors.left} after release` : '';
    return [row.host, device, what, growth(heap), growth(resident), note];
  });
  return [
    machineLine(date, machine),
    markdownTable(['in', 'device', 'what', 'heap, buffers and wasm memory', 'resident', 'remarks'], cells),
  ].join('\n\n');
}
