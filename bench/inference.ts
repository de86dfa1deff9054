// `deep-marimba bench inference`: models on every device of Node and of a real Chromium, step by step.
import { deviceTable, type DeviceReport, measureModels } from '../src/cli/measure-models.js';
import { oneLine, webProviders } from '../src/model/devices.js';
import { openModelSource, shippedModels } from '../src/model/model-source.js';
import { describeMachine, type Machine } from './machine.js';
import { machineLine } from './report.js';
import { openWebStage, type WebStage } from './web-stage.js';
import { totalOf, webWeight } from './web-weight.js';

/** A run of `bench inference`. */
export interface InferenceReport {
  readonly format: 'deep-marimba/bench-inference@1';
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  /** Steps that were timed on each device; fewer where a GPU is emulated. */
  readonly steps: number;
  readonly rows: readonly DeviceReport[];
}

// An emulated GPU takes a good part of a second per step.
const slowSteps = 40;

async function measureInChromium(
  stage: WebStage,
  models: readonly string[],
  steps: number,
  log: (line: string) => void,
): Promise<DeviceReport[]> {
  const rows: DeviceReport[] = [];
  for (const model of models) {
    const { card } = await openModelSource(model);
    for (const { device, runtime, files } of webProviders) {
      const emulated = device === 'webgpu' && stage.emulated;
      log(`${card.name} on ${device} in ${stage.host}${emulated ? ', emulated' : ''}`);
      const modelBytes = files.reduce((sum, name) => sum + (Object.hasOwn(card.files, name) ? card.files[name].bytes : 0), 0);
      const facts = { model: card.name, host: stage.host, device, runtime, modelBytes, ...(emulated ? { emulated: true } : {}) };
      const tab = await stage.open();
      try {
        const count = emulated ? Math.min(steps, slowSteps) : steps;
        const times = await tab.ask('steps', model, device, count);
        const download = totalOf(await webWeight(card.name, device));
        rows.push({ ...facts, download, speed: { ...times, processor: (1000 * tab.spent) / count } });
      } catch (error) {
        rows.push({ ...facts, unavailable: oneLine(error).replace(/^page\.evaluate: (\w*Error: )?/, '') });
      } finally {
        await tab.close();
      }
    }
  }
  return rows;
} // prettier-ignore

/**
 * Times models on every device.
 * @param options.models names of models that ship; in Node folders and addresses too.
 * @throws {RangeError} for a host that there is not.
 */
export async function measure(
  options: {
    readonly models?: readonly string[];
    readonly hosts?: readonly string[];
    readonly steps?: number;
    readonly log?: (line: string) => void;
  } = {},
): Promise<InferenceReport> {
  const { hosts = ['node', 'chromium'], steps = 1000, log = () => undefined } = options;
  const unknown = hosts.find((host) => !['node', 'chromium'].includes(host));
  if (unknown !== undefined) throw new RangeError(`hosts: expected node, chromium, got ${unknown}.`);
  const models = options.models?.length ? options.models : await shippedModels();
  const rows: DeviceReport[] = [];
  if (hosts.includes('node')) {
    const host = `Node ${process.versions.node}`;
    rows.push(...(await measureModels(models, steps, log)).map((row) => ({ host, ...row })));
  }
  if (hosts.includes('chromium')) {
    const shipped = await shippedModels();
    const stage = await openWebStage().catch((error: unknown) => {
      log(`Chromium is left out, it is measured from a clone: ${oneLine(error)}`);
      return undefined;
    });
    try {
      const known = models.filter((model) => shipped.includes(model));
      if (stage) rows.push(...(await measureInChromium(stage, known, steps, log)));
    } finally {
      await stage?.close();
    }
  }
  return {
    format: 'deep-marimba/bench-inference@1',
    date: new Date().toISOString(),
    machine: describeMachine(),
    steps,
    rows,
  };
}

/** The report as Markdown. */
export function render({ date, machine, rows }: InferenceReport): string {
  return `${machineLine(date, machine)}\n\n${deviceTable(rows)}`;
}
