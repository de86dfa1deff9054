// Long runs and many of them: nothing grows, and what has failed can be started again. `deep-marimba bench soak` runs the whole length.
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SoakJob, SoakResult } from '../../../bench/soak-series.js';
import type { Device } from '../../../src/model/devices.js';
import { loadModel } from '../../../src/model/load-model.js';
import { calibration, picture } from '../../support/moving-picture.js';

// Memory is measured in a process where nothing else happens; inside the repository, so that it finds its packages.
const outfile = resolve(import.meta.dirname, '../../../build/soak/soak-run.mjs');
beforeAll(async () => {
  const entry = join(import.meta.dirname, '../../../bench/soak-run.ts');
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  });
});

async function soak(job: Omit<SoakJob, 'model' | 'bars'>): Promise<SoakResult> {
  const child = spawn(process.execPath, ['--expose-gc', outfile, JSON.stringify({ ...job, model: 'bar-lstm', bars: 2 })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  await new Promise((ended) => child.once('close', ended));
  const result = JSON.parse(Buffer.concat(parts).toString()) as SoakResult & { readonly unavailable?: string };
  expect(result.unavailable).toBeUndefined();
  return result;
} // prettier-ignore

describe('a long stream', () => {
  // In the thread that is measured, so that the runtime's own heap counts.
  it.each<[Device]>([['cpu'], ['wasm'], ['tfjs']])(
    'leaves nothing behind: %s',
    async (device) => {
      const { heap, resident, tensors } = await soak({ kind: 'steps', device, count: 960, thread: 'here' });
      // Seen: heap +0.1 to +1.5 %, resident +0.0 to +0.7 %; an image kept per step would be +200 % and +10 to +30 %.
      expect(heap.ratio).toBeLessThan(0.05);
      expect(resident.ratio).toBeLessThan(0.06);
      if (device === 'tfjs') expect(tensors).toEqual({ grown: 0, left: 0 });
      else expect(tensors).toBeUndefined();
    },
    240_000,
  );
});

describe('many models', () => {
  it('are loaded and disposed without a trace', async () => {
    const { heap, resident } = await soak({ kind: 'cycles', device: 'cpu', count: 24, thread: 'own' });
    // Seen: heap +4 %, resident +1 %; every model kept would be +100 % and more.
    expect(heap.ratio).toBeLessThan(0.2);
    expect(resident.ratio).toBeLessThan(0.1);
  }, 240_000);
});

describe('a stream that fails', () => {
  it('is as new after reset()', async () => {
    const model = await loadModel('bar-lstm', { device: 'cpu' });
    const frames = Array.from({ length: 40 }, (_, k) => ({ time: k / 25, luma: picture(k / 25) }));
    const options = { fps: 25, threshold: 0.004 };
    const fresh = model.createPredictor(calibration, options);
    const expected = [];
    for (const frame of frames) expected.push(...(await fresh.push(frame)));
    expect(expected.length).toBeGreaterThan(0);
    const predictor = model.createPredictor(calibration, options);
    await predictor.push(frames[0]);
    await expect(predictor.push({ time: 0.04, luma: new Uint8Array(7) })).rejects.toThrow(RangeError);
    await expect(predictor.push({ time: NaN, luma: picture(0) })).rejects.toThrow(RangeError);
    await expect(
      predictor.push({ time: 0.08, write: () => { throw new Error('lost'); } }), // prettier-ignore
    ).rejects.toThrow('lost');
    predictor.reset();
    const again = [];
    for (const frame of frames) again.push(...(await predictor.push(frame)));
    expect(again).toEqual(expected);
    await model.dispose();
  }, 120_000);
});
