// Models on every device of this machine: the same strikes everywhere, reasons for what is absent, nothing left behind.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { isMarimbaError } from '../../../src/errors.js';
import type { Device } from '../../../src/model/devices.js';
import { loadModel, type Model } from '../../../src/model/load-model.js';
import { type LoadProgress, shippedModels } from '../../../src/model/model-source.js';
import type { PredictorOptions } from '../../../src/model/predictor.js';
import type { Strike } from '../../../src/types.js';
import { freshModel } from '../../support/fresh-model.js';
import { calibration, picture } from '../../support/moving-picture.js';

const folder = mkdtempSync(join(tmpdir(), 'deep-marimba-model-'));
const { card, onnx } = freshModel();
writeFileSync(join(folder, 'card.json'), JSON.stringify(card));
writeFileSync(join(folder, 'model.onnx'), onnx);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const frames = Array.from({ length: 150 }, (_, k) => ({ time: k / 25, luma: picture(k / 25) }));

async function watch(model: Model, options: PredictorOptions = {}, clip = frames): Promise<Strike[]> {
  const predictor = model.createPredictor(calibration, { threshold: middle, ...options });
  const strikes: Strike[] = [];
  for (const frame of clip) strikes.push(...(await predictor.push(frame)));
  return [...strikes, ...(await predictor.flush())];
}

// An untrained network answers about 0.01 everywhere: strikes are where it answers a little more.
const middle = 0.0148;

describe('loadModel', () => {
  const devices: readonly Device[] = ['cpu', 'wasm', 'webgpu', 'cuda'];

  it('hears the same strikes on every device, state carried over 150 frames', async () => {
    const heard: { device: Device; strikes: Strike[] }[] = [];
    for (const device of devices) {
      try {
        const model = await loadModel({ card, onnx }, { device });
        expect(model).toMatchObject({ device, skipped: [] });
        heard.push({ device, strikes: await watch(model) });
        await model.dispose();
      } catch (error) {
        if (device === 'cpu' || device === 'wasm' || !isMarimbaError(error, 'ModelError')) throw error;
        process.stderr.write(`skipped ${device}: ${error.message}\n`);
      }
    }
    const [reference, ...others] = heard;
    expect(reference.strikes.length).toBeGreaterThan(10);
    expect(new Set(reference.strikes.map(({ midi }) => midi)).size).toBeGreaterThan(3);
    expect(others.length).toBeGreaterThan(0);
    for (const { device, strikes } of others) {
      expect(
        strikes.map(({ midi }) => midi),
        device,
      ).toEqual(reference.strikes.map(({ midi }) => midi));
      const apart = strikes.map(({ time, velocity }, i) =>
        Math.max(Math.abs(time - reference.strikes[i].time), Math.abs(velocity - reference.strikes[i].velocity)),
      );
      // Measured 3.1e-7 on wasm; what any runtime is allowed.
      expect(Math.max(...apart), device).toBeLessThan(1e-4);
    }
  });

  it('walks to the first device that works, and keeps why it passed over others', async () => {
    const model = await loadModel({ card, onnx });
    expect(['cuda', 'webgpu', 'cpu']).toContain(model.device);
    const passed = ['cuda', 'webgpu', 'cpu'].slice(0, ['cuda', 'webgpu', 'cpu'].indexOf(model.device));
    expect(model.skipped.map(({ device }) => device)).toEqual(passed);
    for (const { reason } of model.skipped) expect(reason).toMatch(/^[^\n]{10,240}$/);
    await model.dispose();
    await model.dispose();
  });

  it('never falls back from a device that is named', async () => {
    // An operator that no runtime has.
    const broken = new Uint8Array(onnx.map((byte, i) => (i < 40 ? 255 : byte)));
    const files = { onnx: { path: 'x.onnx', bytes: broken.length, sha256: sha256(broken) } };
    for (const device of ['cpu', 'wasm'] as const) {
      const error = await loadModel({ card: { ...card, files }, onnx: broken }, { device }).catch((e: unknown) => e);
      expect(isMarimbaError(error, 'ModelError')).toBe(true);
      expect((error as Error).message).toMatch(new RegExp(`^fresh does not run on ${device}: .+`));
      expect(error).toMatchObject({ facts: { skipped: [{ device }] } });
    }
    const all = await loadModel({ card: { ...card, files }, onnx: broken }).catch((e: unknown) => e);
    expect((all as Error).message).toMatch(/no device of this machine: cuda: .+; webgpu: .+; cpu: .+; wasm: .+/);
    await expect(loadModel({ card, onnx }, { device: 'abacus' as never })).rejects.toThrow(
      /expected auto, cuda, .+ got abacus/,
    );
  });

  it('refuses a model that is not what its card says, before it hears anything', async () => {
    const wrong = { ...card, states: card.states.map(({ name }) => ({ name, shape: [1, 'bars', 9] })) };
    await expect(loadModel({ card: wrong, onnx }, { device: 'cpu' })).rejects.toThrow(
      /fresh does not run on cpu: .*state/,
    );
    await expect(
      loadModel({ card: { ...card, outputs: [...card.outputs, 'pitch'] }, onnx }, { device: 'cpu' }),
    ).rejects.toThrow(/pitch/);
    const changed = new Uint8Array(onnx);
    changed[1000] ^= 1;
    await expect(loadModel({ card, onnx: changed })).rejects.toThrow(/its sha256 differs/);
  });

  it('reads a folder, its address, an http address, and a shipped name', async () => {
    const server = createServer((request, response) => {
      const path = join(folder, decodeURI(request.url ?? ''));
      try {
        response.end(readFileSync(path));
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const progress: LoadProgress[] = [];
      for (const source of [folder, pathToFileURL(folder), pathToFileURL(`${folder}/`), address, new URL(address)]) {
        const model = await loadModel(source, { device: 'cpu', onProgress: (step) => progress.push(step) });
        expect(model.card).toEqual(card);
        expect(progress.at(-1)).toEqual({ file: 'model.onnx', loaded: onnx.length, total: onnx.length });
        await model.dispose();
      }
      await expect(loadModel(`${address}/elsewhere`)).rejects.toThrow(
        /elsewhere\/card\.json cannot be loaded: the server answers 404/,
      );
    } finally {
      server.closeAllConnections();
      server.close();
    }
    await expect(loadModel(address)).rejects.toThrow(/card\.json cannot be reached/);
    await expect(loadModel('./nowhere')).rejects.toThrow(/There is no file nowhere\/card\.json\. A model folder holds/);
    const names = await shippedModels();
    expect(names).toContain('bar-lstm');
    await expect(loadModel('bar-lsmt')).rejects.toThrow(/There is no model "bar-lsmt": .+ bar-lstm/);
    const shipped = await loadModel('bar-lstm', { device: 'cpu' });
    expect(shipped.card.name).toBe('bar-lstm');
    await shipped.dispose();
  });

  it('ends when it is told to', async () => {
    const reason = new Error('enough');
    await expect(loadModel(folder, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const loading = loadModel(folder, { signal: controller.signal, onProgress: () => { controller.abort(reason); } }); // prettier-ignore
    await expect(loading).rejects.toBe(reason);
  });

  it('frees the thread: predictors fail from then on, what waits is refused', async () => {
    const model = await loadModel({ card, onnx }, { device: 'cpu' });
    const predictor = model.createPredictor(calibration);
    await predictor.push(frames[0]);
    const disposed = model.dispose();
    await expect(predictor.push(frames[1])).rejects.toThrow(/released/);
    await disposed;
    await expect(predictor.push(frames[2])).rejects.toThrow(/released/);
  });

  it('does not keep the caller waiting while it computes', async () => {
    const model = await loadModel('bar-lstm', { device: 'cpu' });
    const predictor = model.createPredictor(calibration);
    let turns = 0;
    const progress = { steps: 0 };
    const watching = (async () => {
      for (const frame of frames.slice(0, 30)) {
        await predictor.push(frame);
        progress.steps++;
      }
    })();
    while (progress.steps < 30) {
      await new Promise(setImmediate);
      turns++;
    }
    await watching;
    // Several turns of the event loop go by within one step.
    expect(turns).toBeGreaterThan(60);
    await model.dispose();
  });
});
