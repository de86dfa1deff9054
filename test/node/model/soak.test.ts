// Long runs and many of them: nothing grows, and what has failed can be started again. SOAK_FULL=1 runs the whole length.
import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { nodeProviders } from '../../../src/model/devices.js';
import { loadModel, openNodeSession } from '../../../src/model/load-model.js';
import { openModelSource } from '../../../src/model/model-source.js';
import { RowStream } from '../../../src/model/row-stream.js';
import { openTfjs, type TfjsBackend, type TfjsConverter, type TfjsCore } from '../../../src/model/tfjs-runtime.js';
import { calibration, picture } from '../../support/moving-picture.js';

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc') as () => void;
const steps = process.env.SOAK_FULL ? 10_000 : 1500;
const bars = 3;

async function heap(): Promise<number> {
  // Several times, with turns between: messages hold on to what they carried.
  for (let k = 0; k < 4; k++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
}

describe('a long stream', () => {
  it.each(nodeProviders.filter(({ device }) => ['cpu', 'wasm', 'tfjs'].includes(device)).map((provider) => [provider.device, provider] as const))(
    'leaves nothing behind: %s',
    async (_, provider) => {
      const { card, read } = await openModelSource('bar-lstm');
      const session = await openNodeSession(provider, () => Promise.all(provider.files.map(read)));
      const stream = new RowStream(session, card, bars, card.outputs);
      const image = new Float32Array(3 * 48 * 12 * (bars + 2)).fill(0.1);
      const go = async (count: number): Promise<void> => {
        for (let k = 0; k < count; k++) await stream.step(image);
      };
      await go(steps / 5);
      const [before, resident] = [await heap(), process.memoryUsage().rss];
      await go(steps);
      expect((await heap()) / before).toBeLessThan(1.1); // seen: 1.00 to 1.09, code being compiled; every model kept would be 1.4 and more
      // The process's own noise is some megabytes; a leak of one image per step would be 50 kB x steps.
      expect(process.memoryUsage().rss - resident).toBeLessThan(25e6);
      await session.release();
    },
    300_000,
  );

  it('makes no tensor in TensorFlow.js that it does not free', async () => {
    const { resolve } = createRequire(import.meta.url);
    const [core, converter, backend] = await Promise.all(
      ['core', 'converter', 'backend-wasm'].map((name) => import(resolve(`@tensorflow/tfjs-${name}`)) as Promise<unknown>),
    );
    const modules = { core: core as TfjsCore, converter: converter as TfjsConverter, backend: backend as TfjsBackend };
    const { card, read } = await openModelSource('bar-lstm');
    const wasm = resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm');
    const open = async () => openTfjs(modules, await read('tfjs'), await read('tfjsWeights'), wasm);
    const session = await open();
    const stream = new RowStream(session, card, bars, card.outputs);
    await stream.warmUp();
    const { numTensors } = modules.core.memory();
    for (let k = 0; k < 50; k++) await stream.step(new Float32Array(3 * 48 * 12 * (bars + 2)));
    expect(modules.core.memory().numTensors).toBe(numTensors);
    const second = await open();
    expect(modules.core.memory().numTensors).toBeGreaterThan(numTensors);
    await second.release();
    expect(modules.core.memory().numTensors).toBe(numTensors);
    await session.release();
    expect(modules.core.memory().numTensors).toBe(0);
  });
}); // prettier-ignore

describe('many models', () => {
  it('are loaded and disposed without a trace', async () => {
    const cycle = async (): Promise<void> => {
      const model = await loadModel('bar-lstm', { device: 'cpu' });
      const predictor = model.createPredictor(calibration);
      await predictor.push({ time: 0, luma: picture(0) });
      await model.dispose();
    };
    for (let k = 0; k < 3; k++) await cycle();
    const before = await heap();
    for (let k = 0; k < (process.env.SOAK_FULL ? 50 : 10); k++) await cycle();
    expect((await heap()) / before).toBeLessThan(1.1); // seen: 1.00 to 1.09, code being compiled; every model kept would be 1.4 and more
  }, 300_000);
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
