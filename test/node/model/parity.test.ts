// One clip of 200 frames through every runtime of Node, state included, against onnxruntime-node's CPU.
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { beforeAll, describe, expect, it } from 'vitest';
import { isMarimbaError } from '../../../src/errors.js';
import { nodeProviders, type Provider } from '../../../src/model/devices.js';
import { openNodeSession } from '../../../src/model/load-model.js';
import type { OpenedModel } from '../../../src/model/model-files.js';
import { openModelSource } from '../../../src/model/model-source.js';
import {
  largestDifference,
  renderStrips,
  type StripClip,
  strikesOf,
  type Trace,
  traceOf,
} from '../../support/parity.js';

// Chromium's emulated GPU serves Vulkan too, where there is none; it takes half a second per step.
const emulation = '/usr/lib/chromium/vk_swiftshader_icd.json';
const emulated = process.env.VK_ICD_FILENAMES === undefined && existsSync(emulation);
if (emulated) {
  process.env.VK_ICD_FILENAMES = emulation;
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
}
const frames = 200;
const framesOn: Partial<Record<string, number>> = emulated && !process.env.PARITY_FULL ? { webgpu: 12 } : {};

let model: OpenedModel;
let clip: StripClip;
let reference: Trace;

async function trace(provider: Provider, steps: number): Promise<Trace> {
  const session = await openNodeSession(provider, () => Promise.all(provider.files.map(model.read)));
  try {
    return await traceOf(session, model.card, { ...clip, images: clip.images.slice(0, steps) });
  } finally {
    await session.release();
  }
}

beforeAll(async () => {
  model = await openModelSource('bar-lstm');
  clip = await renderStrips(frames);
  expect(clip.images).toHaveLength(frames);
  reference = await trace(
    nodeProviders.find(({ device }) => device === 'cpu')!,
    frames,
  );
}, 120_000);

describe('every runtime of Node', () => {
  it.each(nodeProviders.filter(({ device }) => device !== 'cpu').map((provider) => [provider.device, provider] as const))(
    '%s says what the CPU says',
    async (device, provider) => {
      const steps = framesOn[device] ?? frames;
      let got: Trace;
      try {
        got = await trace(provider, steps);
      } catch (error) {
        if (!isMarimbaError(error) || (device !== 'cuda' && device !== 'webgpu')) throw error;
        process.stderr.write(`skipped ${device}: ${error.message}\n`);
        return;
      }
      const apart = largestDifference(got, reference);
      process.stderr.write(`${device}: ${steps} steps, every output and state within ${apart.toExponential(1)}\n`);
      expect(apart).toBeLessThan(1e-4); // measured: 1.7e-6 on webgpu (emulated), 4.1e-6 on wasm, 7.5e-6 on tfjs
      const cut = Object.fromEntries(Object.entries(reference).map(([name, all]) => [name, all.subarray(0, got[name].length)]));
      const expected = strikesOf(cut, model.card, clip, 0.1);
      if (steps === frames) expect(expected.length).toBeGreaterThan(3);
      const strikes = strikesOf(got, model.card, clip, 0.1);
      expect(strikes.map(({ midi }) => midi)).toEqual(expected.map(({ midi }) => midi));
      for (const [k, { time }] of strikes.entries()) expect(Math.abs(time - expected[k].time)).toBeLessThan(1e-4);
    },
    300_000,
  );
}); // prettier-ignore
