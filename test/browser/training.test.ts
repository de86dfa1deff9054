// The training step in a real browser: WebAssembly, and the GPU's own provider (software-emulated where there is no GPU).
import * as ort from 'onnxruntime-web/webgpu';
import { expect, it } from 'vitest';
import { barLstm } from '../../src/training/architectures/index.js';
import { onnxRuntime } from '../../src/model/onnx-runtime.js';
import { Trainer } from '../../src/training/trainer.js';
import { noiseBatch, noiseWeights } from '../support/noise.js';

/** Losses of three steps of a small bar-lstm, every layer of the default network in it. */
async function losses(provider: string): Promise<number[]> {
  const architecture = barLstm({ bars: 3, filters: [4, 5, 6, 7], units: 5 });
  const trainer = await Trainer.create({
    architecture,
    batch: 2,
    frames: 3,
    losses: [
      { output: 'onset', kind: 'focal', positiveWeight: 3 },
      { output: 'velocity', kind: 'huber', delta: 0.3 },
      { output: 'amplitude', kind: 'mse' },
    ],
    optimizer: { clipNorm: 1, weightDecay: 0.01 },
    runtime: onnxRuntime(ort, { executionProviders: [provider] }),
    schedule: () => 0.01,
    seed: 1,
    weights: noiseWeights(architecture),
    averageDecay: 0.9,
  });
  const data = noiseBatch(trainer.data);
  const seen: number[] = [];
  for (let k = 0; k < 3; k++) seen.push((await trainer.trainStep({ data })).loss);
  await trainer.release();
  return seen;
}

it('trains on WebGPU as on WebAssembly', async () => {
  ort.env.wasm.numThreads = 1;
  const wasm = await losses('wasm');
  expect(wasm[2]).toBeLessThan(wasm[0]);
  const gpu = await losses('webgpu');
  for (const [k, loss] of wasm.entries()) expect(Math.abs(gpu[k] - loss) / loss).toBeLessThan(4e-7); // measured: 8e-8
}, 300_000);
