// One clip of 200 frames through every runtime of a browser, state included, against onnxruntime-node's CPU.
import { commands } from 'vitest/browser';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Provider, webProviders } from '../../src/model/devices.js';
import type { OpenedModel } from '../../src/model/model-files.js';
import { openWebModel } from '../../src/model/web-files.js';
import type { WebSessionJob } from '../../src/model/web-session.js';
import { openWebWorkerSession } from '../../src/model/web-worker-session.js';
import type { EncodedTrace } from '../support/cpu-reference.js';
import { largestDifference, renderStrips, type StripClip, strikesOf, type Trace, traceOf } from '../support/parity.js';

declare module 'vitest/browser' {
  interface BrowserCommands {
    cpuReference: (model: string, frames: number) => Promise<EncodedTrace>;
  }
}

const frames = 200;
// An emulated GPU takes half a second per step.
const framesOn: Partial<Record<string, number>> = { webgpu: 12 };

let model: OpenedModel;
let clip: StripClip;
let reference: Trace;

const decode = (text: string): Float32Array =>
  new Float32Array(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer);

async function trace({ device, files }: Provider, steps: number): Promise<Trace> {
  const session = await openWebWorkerSession({
    device: device as WebSessionJob['device'],
    files: await Promise.all(files.map(model.read)),
    assets: undefined,
    cache: true,
    threads: 1,
  });
  const result = await traceOf(session, model.card, { ...clip, images: clip.images.slice(0, steps) });
  await session.release();
  return result;
}

beforeAll(async () => {
  model = await openWebModel('bar-lstm');
  clip = await renderStrips(frames);
  const encoded = await commands.cpuReference('bar-lstm', frames);
  reference = Object.fromEntries(Object.entries(encoded).map(([name, text]) => [name, decode(text)]));
}, 300_000);

describe('every runtime of a browser', () => {
  it.each(webProviders.map((provider) => [provider.device, provider] as const))(
    '%s says what the CPU says in Node',
    async (device, provider) => {
      const steps = framesOn[device] ?? frames;
      const got = await trace(provider, steps);
      const apart = largestDifference(got, reference);
      console.log(`${device}: ${steps} steps, every output and state within ${apart.toExponential(1)}`);
      expect(apart).toBeLessThan(1e-4); // measured: 1.7e-6 on webgpu, 4.1e-6 on wasm, 7.5e-6 on tfjs
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
