// A GPU that is taken away: what runs and what comes later fails with one error, and the model can be loaded again.
import { afterEach, describe, expect, it } from 'vitest';
import { isMarimbaError } from '../../src/errors.js';
import { loadModel, type LoadModelOptions } from '../../src/model/load-model-web.js';
import type { Model } from '../../src/model/model.js';
import type { Predictor } from '../../src/model/predictor.js';
import type { Strike } from '../../src/types.js';
import { calibration, picture } from '../support/moving-picture.js';
import { destroyGpus } from '../support/gpus.js';
import gpuWorker from '../support/gpu-worker.ts?worker&url';

const frame = (k: number): { time: number; luma: Uint8Array } => ({ time: k / 25, luma: picture(k / 25) });
const hear = async (predictor: Predictor, from: number, to: number): Promise<Strike[]> => {
  const strikes: Strike[] = [];
  for (let k = from; k < to; k++) strikes.push(...(await predictor.push(frame(k))));
  return strikes;
};
// Pictures of no instrument: low enough that something is heard.
const listening = (model: Model): Predictor => model.createPredictor(calibration, { threshold: 0.004, fps: 25 });
const sentence = /^The GPU was lost( \(.+\))?; load the model again\.$/;

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
const load = async (options: LoadModelOptions): Promise<Model> => {
  const model = await loadModel('bar-lstm', options);
  ends.push(() => model.dispose());
  return model;
};

const channel = new BroadcastChannel('gpus');

describe.each([
  ['in a worker of its own', { worker: 'own', workerUrl: gpuWorker } as const, () => { channel.postMessage('destroy'); }],
  ['where it is called', { worker: 'here' } as const, destroyGpus],
])('a GPU that is lost, %s', (_, where, destroy) => {
  it('is told, and the model goes on where it is loaded again', async () => {
    const model = await load({ device: 'webgpu', ...where });
    const predictor = listening(model);
    const before = await hear(predictor, 0, 8);
    const kept = predictor.snapshot();
    const running = predictor.push(frame(8));
    destroy();
    const failed: unknown[] = [await running.catch((error: unknown) => error)];
    for (let k = 9; k < 12; k++) failed.push(await predictor.push(frame(k)).catch((error: unknown) => error));
    failed.push(await listening(model).push(frame(0)).catch((error: unknown) => error));
    for (const error of failed) {
      expect(isMarimbaError(error, 'DeviceLostError')).toBe(true);
      expect((error as Error).message).toMatch(sentence);
    }
    await model.dispose();
    // On the GPU once more, and on the next device: what the predictor knew is not lost.
    const again = listening(await load({ device: 'webgpu', ...where }));
    again.restore(kept);
    const next = listening(await load({ device: 'wasm' }));
    next.restore(kept);
    const steady = await load({ device: 'wasm' });
    const whole = await hear(listening(steady), 0, 24);
    expect(whole.length).toBeGreaterThan(3);
    for (const went of [await hear(again, 8, 24), await hear(next, 8, 24)]) {
      const strikes = [...before, ...went];
      expect(strikes.map(({ midi }) => midi)).toEqual(whole.map(({ midi }) => midi));
      for (const [k, { time }] of strikes.entries()) expect(Math.abs(time - whole[k].time)).toBeLessThan(1e-4);
    }
  }, 400_000);

  it('is told to the first who asks, when nothing ran', async () => {
    const model = await load({ device: 'webgpu', ...where });
    const predictor = listening(model);
    await predictor.push(frame(0));
    destroy();
    await expect(predictor.push(frame(1))).rejects.toThrow(sentence);
    await expect(predictor.push(frame(2))).rejects.toThrow(sentence);
  }, 400_000);
}); // prettier-ignore
