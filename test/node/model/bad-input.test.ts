// Whatever is bad about a model or what it is given: one sentence, with what to do. Browsers' own troubles: refusals.test.ts.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMarimbaError } from '../../../src/errors.js';
import { compileKernels } from '../../../src/kernels/module.js';
import type { ModelCard } from '../../../src/model/card.js';
import { loadModel, type LoadModelOptions } from '../../../src/model/load-model.js';
import type { ModelBytes } from '../../../src/model/model-files.js';
import type { Model } from '../../../src/model/model.js';
import { Predictor } from '../../../src/model/predictor.js';
import { calibration, picture } from '../../support/moving-picture.js';

const source = resolve(import.meta.dirname, '../../../models/bar-lstm');
const card = JSON.parse(readFileSync(join(source, 'card.json'), 'utf8')) as ModelCard;
const onnx = new Uint8Array(readFileSync(join(source, card.files.onnx.path)));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const folder = mkdtempSync(join(tmpdir(), 'deep-marimba-bad-input-'));
let model: Model;
beforeAll(async () => {
  model = await loadModel(source, { device: 'cpu' });
});
afterAll(async () => {
  await model.dispose();
  rmSync(folder, { recursive: true });
});

async function refused(given: string | ModelBytes, options: LoadModelOptions = {}): Promise<string> {
  const error = await loadModel(given, options).catch((e: unknown) => e);
  expect(isMarimbaError(error, 'ModelError')).toBe(true);
  const { message } = error as Error;
  expect(message).toMatch(/^[^\n]+$/);
  return message;
}

describe('a model is refused', () => {
  it('whose file is missing', async () => {
    copyFileSync(join(source, 'card.json'), join(folder, 'card.json'));
    expect(await refused(folder)).toBe(
      `There is no file ${join(folder, card.files.onnx.path)}. A model folder holds card.json and the files it names.`,
    );
  });

  it('whose file is another one', async () => {
    const changed = onnx.map((byte, i) => (i === 1000 ? byte ^ 1 : byte));
    expect(await refused({ card, onnx: changed })).toBe(
      `${card.files.onnx.path} is not the file its card describes (its sha256 differs); copy it again.`,
    );
  });

  it.each(['cpu', 'wasm', 'auto'] as const)('whose file is cut short: %s', async (device) => {
    const short = onnx.slice(0, 100_000);
    expect(await refused({ card, onnx: short }, { device })).toBe(
      `${card.files.onnx.path} holds 100000 bytes, its card says ${onnx.length}; copy it again.`,
    );
    // Cut short before its card was written: only the runtime can tell.
    const file = { path: 'model.onnx', bytes: short.length, sha256: sha256(short) };
    const message = await refused({ card: { ...card, files: { ...card.files, onnx: file } }, onnx: short }, { device });
    expect(message).toContain(
      device === 'auto'
        ? 'runs on no device of this machine: '
        : `does not run on ${device}: The ONNX file is cut short or damaged; copy it again.`,
    );
    expect(message).toContain('The ONNX file is cut short or damaged; copy it again.');
  });

  it.each(['cpu', 'wasm'] as const)('whose shapes are others than its card says: %s', async (device) => {
    const [channels, , width] = card.input.shape;
    const input = { ...card.input, shape: [channels, 40, width] as const };
    const states = card.states.map((state) => ({ ...state, shape: [1, 'bars', 9] }));
    for (const wrong of [{ ...card, input }, { ...card, states }]) {
      expect(await refused({ card: wrong, onnx }, { device })).toMatch(
        new RegExp(`^bar-lstm does not run on ${device}: Its file is not the network that its card describes; copy the model folder again \\(.+`),
      );
    }
  }); // prettier-ignore
});

describe('a predictor refuses', () => {
  it('frames that are no bytes, too few of them, and times that are none', async () => {
    const predictor = model.createPredictor(calibration);
    const luma = picture(0);
    await expect(predictor.push({ time: NaN, luma })).rejects.toThrow('expected a time in seconds, got NaN');
    // Bytes cannot be NaN; what could be is no frame.
    const numbers = new Float32Array(luma.length).fill(NaN) as unknown as Uint8Array;
    await expect(predictor.push({ time: 0, luma: numbers })).rejects.toThrow(
      `expected a frame of ${luma.length} bytes, values 0..255, got ${luma.length} elements of a Float32Array`,
    );
    await expect(predictor.push({ time: 0, luma: luma.subarray(1) })).rejects.toThrow(
      `expected a frame of ${luma.length} bytes, values 0..255, got ${luma.length - 1} elements of a Uint8Array`,
    );
    await expect(predictor.push({ time: 0, luma })).resolves.toEqual([]);
  });

  it('an instrument that its model has no places for', () => {
    const whole = { ...card, name: 'whole', input: { ...card.input, geometry: 'rect' as const, window: 4 } };
    const session = { run: () => Promise.reject(new Error('is not asked')), release: () => Promise.resolve() };
    expect(() => new Predictor(compileKernels(), session, whole, calibration)).toThrow(
      'whole hears instruments of up to 4 bars, the calibration has 5; take a model that sees bar by bar, as bar-lstm.',
    );
  });
});
