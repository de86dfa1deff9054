// Models in a real browser: on every device, in a worker of their own or in the caller's, with and without a network.
import { afterEach, describe, expect, it } from 'vitest';
import { isMarimbaError } from '../../src/errors.js';
import { loadModel, type LoadModelOptions } from '../../src/model/load-model-web.js';
import type { Model } from '../../src/model/model.js';
import type { LoadProgress } from '../../src/model/model-files.js';
import type { Strike } from '../../src/types.js';
import { fillRoom } from '../support/full-process.js';
import gatedWorker from '../support/gated-worker.ts?worker&url';
import { calibration, picture } from '../support/moving-picture.js';

const frames = Array.from({ length: 60 }, (_, k) => ({ time: k / 25, luma: picture(k / 25) }));

async function watch(model: Model, clip = frames): Promise<Strike[]> {
  // Pictures of no instrument: low enough that something is heard.
  const predictor = model.createPredictor(calibration, { threshold: 0.004, fps: 25 });
  const strikes: Strike[] = [];
  for (const frame of clip) strikes.push(...(await predictor.push(frame)));
  return [...strikes, ...(await predictor.flush())];
}

async function heard(options: LoadModelOptions, clip = frames): Promise<Strike[]> {
  const model = await loadModel('bar-lstm', options);
  expect(model).toMatchObject({ device: options.device, skipped: [], card: { name: 'bar-lstm' } });
  const strikes = await watch(model, clip);
  await model.dispose();
  return strikes;
}

const realFetch = globalThis.fetch;
afterEach(async () => {
  globalThis.fetch = realFetch;
  await caches.delete('deep-marimba');
});

describe('loadModel in a browser', () => {
  it('hears the same in a worker of its own and in the caller, on WebAssembly and on WebGPU', async () => {
    const clip = frames.slice(0, 24);
    const own = await heard({ device: 'wasm' }, clip);
    expect(own.length).toBeGreaterThan(3);
    expect(await heard({ device: 'wasm', worker: 'here' }, clip)).toEqual(own);
    const gpu = await heard({ device: 'webgpu' }, clip);
    expect(gpu.map(({ midi }) => midi)).toEqual(own.map(({ midi }) => midi));
    for (const [k, { time, velocity }] of gpu.entries()) {
      expect(Math.abs(time - own[k].time)).toBeLessThan(1e-4);
      expect(Math.abs(velocity - own[k].velocity)).toBeLessThan(1e-4);
    }
  }, 240_000);

  it('passes over a GPU that is only emulated, and says so', async () => {
    const model = await loadModel('bar-lstm');
    expect(model.device).toBe('wasm');
    expect(model.skipped).toEqual([{ device: 'webgpu', reason: expect.stringMatching(/emulated|no GPU/) as string }]);
    await model.dispose();
    await model.dispose();
    const gone = model.createPredictor(calibration);
    await expect(gone.push(frames[0])).rejects.toThrow(/released/);
  });

  it('starts a second time without a network, and notices a changed model when there is one', async () => {
    const seen: LoadProgress[] = [];
    const source = new URL('/models/bar-lstm', location.href);
    await (await loadModel(source, { device: 'wasm', onProgress: (step) => seen.push(step) })).dispose();
    const { loaded, total } = seen.at(-1)!;
    expect(loaded).toBe(total);
    const asked: string[] = [];
    globalThis.fetch = (address) => {
      asked.push(address instanceof URL ? address.href : 'not a URL');
      return Promise.reject(new TypeError('Failed to fetch'));
    };
    await (await loadModel(source, { device: 'wasm' })).dispose();
    expect(asked.map((address) => address.slice(address.lastIndexOf('/')))).toEqual(['/card.json']);
    await expect(loadModel(source, { device: 'wasm', cache: false })).rejects.toThrow(/cannot be reached/);
    // A card that names other bytes: the kept ones are no longer looked at.
    const card = (await (await realFetch(`${source.href}/card.json`)).json()) as {
      files: { onnx: { sha256: string } };
    };
    card.files.onnx.sha256 = '0'.repeat(64);
    globalThis.fetch = (address, init) =>
      address instanceof URL && address.href.endsWith('card.json')
        ? Promise.resolve(Response.json(card))
        : realFetch(address, init);
    await expect(loadModel(source, { device: 'wasm' })).rejects.toThrow(/its sha256 differs/);
  });

  it('starts its worker although the page has dropped what fills the process', async () => {
    fillRoom();
    expect((await heard({ device: 'wasm' }, frames.slice(0, 24))).length).toBeGreaterThan(3);
  });

  it('ends when it is told to', async () => {
    const reason = new Error('enough');
    await expect(loadModel('bar-lstm', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const loading = loadModel('bar-lstm', {
      device: 'wasm',
      signal: controller.signal,
      onProgress: () => {
        controller.abort(reason);
      },
    });
    await expect(loading).rejects.toBe(reason);
  });

  it('says in one sentence what is wrong', async () => {
    const failing = async (source: string | URL, options: LoadModelOptions = {}): Promise<string> => {
      const error = await loadModel(source, options).catch((e: unknown) => e);
      expect(isMarimbaError(error) || error instanceof RangeError).toBe(true);
      return (error as Error).message;
    };
    expect(await failing('bar-lsmt')).toMatch(/There is no model "bar-lsmt"; the models that ship are bar-lstm/);
    expect(await failing('bar-lstm', { device: 'cpu' })).toMatch(/expected auto, webgpu, wasm/);
    expect(await failing('./nowhere')).toMatch(/nowhere\/card\.json/);
    expect(await failing('bar-lstm', { device: 'wasm', workerUrl: '/no-such-worker.js' })).toMatch(
      /cannot be loaded; serve deep-marimba\/model-worker/,
    );
    expect(await failing('bar-lstm', { threads: 0.5 })).toMatch(/whole number/);
    const gpu = Object.getOwnPropertyDescriptor(Navigator.prototype, 'gpu')!;
    Object.defineProperty(Navigator.prototype, 'gpu', { configurable: true, value: undefined });
    try {
      expect(await failing('bar-lstm', { device: 'webgpu' })).toMatch(
        /does not run on webgpu: This browser has no WebGPU/,
      );
    } finally {
      Object.defineProperty(Navigator.prototype, 'gpu', gpu);
    }
  });

  it('does not keep the page waiting while it computes', async () => {
    // The worker is held up within a step for as long as the page likes: whatever the page does then, it does meanwhile.
    const workers: Worker[] = [];
    const RealWorker = globalThis.Worker;
    globalThis.Worker = class extends RealWorker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        workers.push(this);
      }
    };
    try {
      const model = await loadModel('bar-lstm', { device: 'wasm', workerUrl: gatedWorker });
      expect(workers).toHaveLength(1);
      const cells = new Int32Array(new SharedArrayBuffer(8));
      workers[0].postMessage({ gate: cells.buffer });
      Atomics.store(cells, 0, 1);
      const progress = { answered: false };
      const heard = model
        .createPredictor(calibration)
        .push(frames[0])
        .finally(() => {
          progress.answered = true;
        });
      const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
      while (Atomics.load(cells, 1) === 0 && !progress.answered) await turn();
      expect(Atomics.load(cells, 1)).toBe(1);
      for (let k = 0; k < 3; k++) await turn();
      expect(progress.answered).toBe(false);
      Atomics.store(cells, 0, 0);
      Atomics.notify(cells, 0);
      await heard;
      await model.dispose();
    } finally {
      globalThis.Worker = RealWorker;
    }
  });
});
