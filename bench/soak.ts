// `deep-marimba bench soak`: long streams and many loads on every runtime of Node, each in a process of its own.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Device, nodeProviders } from '../src/model/devices.js';
import { describeMachine, type Machine } from './machine.js';
import { machineLine, markdownTable } from './report.js';
import type { SoakJob, SoakResult } from './soak-series.js';

/** What came of one soak, or why there was none. */
export type SoakRow = SoakResult | { readonly job: SoakJob; readonly unavailable: string };

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
  readonly devices?: readonly string[];
  readonly log?: (line: string) => void;
}

// An emulated GPU takes half a second per step; CUDA and real ones are as fast as the rest.
const slowSteps = 200;

async function soak(job: SoakJob): Promise<SoakRow> {
  const script = fileURLToPath(new URL('./bench-soak-run.js', import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', script, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  const code = await new Promise<number | null>((ended) => child.once('close', ended));
  const text = Buffer.concat(parts).toString();
  return text === '' ? { job, unavailable: `its process ended with ${code}` } : (JSON.parse(text) as SoakRow);
}

/**
 * Soaks every device: a long stream with the runtime in the thread that is measured, and many loads and disposals as models ship.
 * @throws {RangeError} for a device that Node has not.
 */
export async function benchSoak(options: SoakOptions = {}): Promise<SoakReport> {
  const { model = 'bar-lstm', steps = 10_000, cycles = 50, log = () => undefined } = options;
  const known = nodeProviders.map(({ device }) => device as string);
  const { devices = known } = options;
  const unknown = devices.find((device) => !known.includes(device));
  if (unknown !== undefined) throw new RangeError(`devices: expected ${known.join(', ')}, got ${unknown}.`);
  const rows: SoakRow[] = [];
  for (const device of devices as readonly Device[]) {
    const emulated = device === 'webgpu' && (process.env.VK_ICD_FILENAMES ?? '').includes('swiftshader');
    const count = emulated ? Math.min(steps, slowSteps) : steps;
    log(`${device}: ${count} steps${emulated ? ', as its GPU is emulated' : ''}`);
    const stream = await soak({ kind: 'steps', device, model, count, thread: 'here' });
    rows.push(stream);
    if ('unavailable' in stream) continue;
    log(`${device}: ${cycles} times loaded and disposed`);
    rows.push(await soak({ kind: 'cycles', device, model, count: cycles, thread: 'own' }));
  }
  return { format: 'deep-marimba/bench-soak@1', date: new Date().toISOString(), machine: describeMachine(), rows };
}

/** The report as Markdown. */
export function renderSoakReport({ date, machine, rows }: SoakReport): string {
  const growth = ({ early, late, ratio }: SoakResult['heap']): string =>
    `${(early / 1e6).toFixed(2)} to ${(late / 1e6).toFixed(2)} MB (${ratio < 0 ? '' : '+'}${(100 * ratio).toFixed(2)} %)`;
  const cells = rows.map((row) => {
    const { device, kind, count } = row.job;
    const what = kind === 'steps' ? `${count} steps` : `${count} loads and disposals`;
    if ('unavailable' in row) return [device, what, '-', '-', row.unavailable];
    const { heap, resident, tensors } = row;
    const note = tensors ? `tensors: ${tensors.grown} more, ${tensors.left} after release` : '';
    return [device, what, growth(heap), growth(resident), note];
  });
  return [
    machineLine(date, machine),
    markdownTable(['device', 'what', 'JS heap and array buffers', 'resident', 'remarks'], cells),
  ].join('\n\n');
}
