// The whole road: scenes to batches, batches to weights, weights to a model folder, a folder to scores.
import { existsSync, symlinkSync } from 'node:fs';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { isMarimbaError, type ModelError } from '../../../src/errors.js';
import { compileKernels } from '../../../src/kernels/module.js';
import { parseCard } from '../../../src/model/card.js';
import { pickAll, scoreFamily, tuneThreshold, watchFamily } from '../../../src/training/evaluate.js';
import { openModelFolder, writeModelFolder } from '../../../src/training/model-folder.js';
import { onnxRuntime } from '../../../src/model/onnx-runtime.js';
import { sceneBatches, type SceneBatchOptions } from '../../../src/training/scene-batches.js';
import { clipSequences, trainingScene } from '../../../src/training/scene-sequences.js';
import { scoreTables } from '../../../src/training/score-table.js';
import { readWeights } from '../../../src/training/checkpoint.js';
import { architectureOf, inputOfTraining, train, type TrainOptions } from '../../../src/training/train.js';
import { trainConfig } from '../../../src/training/train-config.js';
import { shiftedBy } from '../../../src/training/calibration-errors.js';
import { failurePicture, worstMoments } from '../../../src/training/failures.js';
import { visibleBars } from '../../../src/video/calibration.js';
import { strikesIn, watchClip, watchClipThrough } from '../../../src/training/listen.js';
import { Predictor } from '../../../src/model/predictor.js';
import { scene } from '../../../src/scene/scene.js';
import type { Strike } from '../../../src/types.js';
import type { Batch } from '../../../src/training/trainer.js';

const runtime = onnxRuntime(ort);
const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'deep-marimba-train-'));

/** Small in everything. */
const config = trainConfig({
  architecture: { name: 'bar-lstm', options: { recurrence: 'conv-lstm', filters: [2, 3, 4, 5], units: 4 } },
  steps: 6,
  batch: 2,
  frames: 10,
  burnIn: 3,
  bars: 3,
  seconds: 1.5,
  widths: [96],
  calibrations: 1,
  sequences: 4,
  mixed: 1,
  warmup: 2,
});
/** A cnn-lstm for which the same holds. */
const small = {
  convolutions: [
    [3, 8, 4],
    [4, 4, 2],
  ],
  dense: [6],
  units: [5],
};
const data: SceneBatchOptions = { ...config, workers: 0 };

async function take(options: SceneBatchOptions, from: number, count: number): Promise<Batch[]> {
  const { batches, close } = sceneBatches(options);
  const taken: Batch[] = [];
  for await (const batch of batches(from)) {
    taken.push(batch);
    if (taken.length === count) break;
  }
  await close();
  return taken;
}

describe('clipSequences', () => {
  const kernels = compileKernels();

  it('judges no burn-in, asks only for 0..1, and shows something', () => {
    const sequences = clipSequences(kernels, { ...config, sequences: 12 }, 3);
    const { image, 'mask.onset': mask, 'target.onset': target } = sequences;
    expect(image.length).toBe(12 * 10 * 3 * 48 * 12 * 5);
    expect(image.some((value) => Math.abs(value) > 0.5)).toBe(true);
    expect(image.every(Number.isFinite)).toBe(true);
    for (let s = 0; s < 12; s++) {
      for (let k = 0; k < 10; k++) {
        for (let b = 0; b < 3; b++) if (k < 3) expect(mask[(s * 10 + k) * 3 + b]).toBe(0);
      }
    }
    expect(mask.some((value) => value === 1)).toBe(true);
    expect(target.every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  it('centres a share of its windows on strikes', () => {
    let [strikes, windows] = [0, 0];
    for (let clip = 0; clip < 12; clip++) {
      const { truth } = trainingScene(config, clip);
      if (truth.strikes.length === 0) continue;
      const sequences = clipSequences(kernels, { ...config, sequences: 16 }, clip);
      for (let s = 0; s < 16; s++, windows++) {
        const size = 10 * 3;
        const own = sequences['target.now'].subarray(s * size, (s + 1) * size);
        if (own.some((value) => value > 0.5)) strikes++;
      }
    }
    expect(windows).toBeGreaterThan(30);
    // 0.35 by design, and those that lie there anyway; windows at the end of a clip lose some.
    expect(strikes / windows).toBeGreaterThan(0.2);
  });

  it('needs clips as long as its sequences', () => {
    expect(() => clipSequences(kernels, { ...config, seconds: 0.1 }, 0)).toThrow(/at least 10 frames/);
  });
});

describe('sceneBatches', () => {
  it('gives the same batches from any step on, and on threads', async () => {
    const all = await take(data, 1, 5);
    expect(await take(data, 4, 2)).toEqual(all.slice(3));
    expect(all[0].data.image).not.toEqual(all[1].data.image);
    expect(await take({ ...data, seed: 2 }, 1, 1)).not.toEqual(all.slice(0, 1));
    // The worker as it ships is JavaScript.
    const worker = join(await folder(), 'scene-worker.mjs');
    await build({
      entryPoints: ['src/training/scene-worker.ts'],
      bundle: true,
      format: 'esm',
      platform: 'node',
      outfile: worker,
      logLevel: 'warning',
    });
    expect(await take({ ...data, workers: 2, workerUrl: pathToFileURL(worker) }, 2, 4)).toEqual(all.slice(1));
  });

  it('passes on what goes wrong on a thread', async () => {
    const worker = join(await folder(), 'worker.mjs');
    await writeFile(worker, 'throw new Error("no such scene")');
    await expect(take({ ...data, workers: 1, workerUrl: pathToFileURL(worker) }, 1, 1)).rejects.toThrow(
      'no such scene',
    );
  });

  it('mixes whole batches only', () => {
    expect(() => sceneBatches({ ...data, batch: 3 })).toThrow(/multiple of the batch/);
  });
});

describe('train', () => {
  const options = async (): Promise<TrainOptions> => ({
    config,
    runtime,
    folder: await folder(),
    workers: 0,
    every: 2,
  });

  it('goes on after a stop to the same weights', async () => {
    const whole = await train(await options());
    const stopped = await options();
    const abort = new AbortController();
    const first = await train({
      ...stopped,
      signal: abort.signal,
      onStep: ({ step }) => {
        if (step === 3) abort.abort();
      },
    });
    expect(first.finished).toBe(false);
    expect(first.history.map(({ step }) => step)).toEqual([2, 3]);
    const second = await train(stopped);
    expect(second.finished).toBe(true);
    expect(second.history.map(({ step }) => step)).toEqual([2, 3, 4, 6]);
    expect([...second.weights]).toEqual([...whole.weights]);
    expect([...(await readWeights(join(stopped.folder, 'checkpoint.safetensors')))].sort()).toEqual(
      [...whole.weights].sort(),
    );
    expect(second.history[0].loss).toBe(whole.history[0].loss);
  });

  it('stops when nothing gets better, and keeps the best', async () => {
    const scores = [0.2, 0.5, 0.4, 0.3, 0.6];
    const seen: number[] = [];
    const { history, finished, weights, step } = await train({
      ...(await options()),
      config: { ...config, steps: 20 },
      every: 1,
      validateEvery: 1,
      patience: 2,
      validate: (_, latest) => {
        seen.push(latest.get('conv1.weight')![0]);
        return Promise.resolve({ score: scores[seen.length - 1] });
      },
    });
    expect(finished).toBe(true);
    expect(history.map(({ validation }) => validation?.score)).toEqual([0.2, 0.5, 0.4, 0.3]);
    expect(weights.get('conv1.weight')![0]).toBe(seen[1]);
    expect(step).toBe(2);
  });

  it('may be made longer before its rate falls, and is then what it says', async () => {
    const flat = { ...config, steps: 6, cooldown: 2 };
    const whole = await train({ ...(await options()), config: { ...flat, steps: 7 } });
    const made = await options();
    const abort = new AbortController();
    const onStep = ({ step }: { step: number }): void => {
      if (step === 4) abort.abort();
    };
    await train({ ...made, config: flat, signal: abort.signal, onStep });
    await expect(train({ ...made, config: { ...flat, steps: 5 } })).rejects.toThrow(/of another training/);
    const longer = await train({ ...made, config: { ...flat, steps: 7 } });
    expect([...longer.weights]).toEqual([...whole.weights]);
    await expect(train({ ...made, config: { ...flat, steps: 8 } })).rejects.toThrow(/of another training/);
  });

  it('refuses the folder of another training', async () => {
    const first = await options();
    await train({ ...first, config: { ...config, steps: 3 } });
    await expect(train(first)).rejects.toThrow(/config\.json is of another training/);
    expect((await readdir(first.folder)).sort()).toEqual(['checkpoint.safetensors', 'config.json', 'history.json']);
  });

  it('stops when the loss is no number: the step, the clips, and a checkpoint that goes on', async () => {
    const good = await options();
    const bad = { ...config, steps: 8, learningRate: 1e38, clipNorm: 1e30, warmup: 6 };
    const failure = await train({ ...good, config: bad, every: 1 }).catch((error: unknown) => error);
    expect(isMarimbaError(failure, 'ModelError')).toBe(true);
    const { facts } = failure as ModelError;
    expect(String(failure)).toMatch(
      /Training stopped at step \d on batch \d of \d+ from clips \d+ to \d+ of seed \d+: the (loss|gradient) is not a finite number\. Last good checkpoint: .*checkpoint\.safetensors\./,
    );
    const kept = await readWeights(facts.checkpoint as string);
    expect([...kept.values()].every((array) => array.every(Number.isFinite))).toBe(true);
    const history = JSON.parse(await readFile(join(good.folder, 'history.json'), 'utf8')) as { step: number }[];
    expect(history.at(-1)?.step).toBe((facts.step as number) - 1);
  });

  // A file on a disk without room, by any user: what is opened under the temporary name leads to /dev/full.
  it.skipIf(!existsSync('/dev/full'))(
    'stops at a full disk, and goes on to the same weights once there is room',
    async () => {
      const made = await options();
      const path = join(made.folder, 'checkpoint.safetensors');
      const full = `${path}.${process.pid}.part`;
      const failure = await train({
        ...made,
        config,
        every: 2,
        onStep: ({ step }) => {
          if (step === 4) symlinkSync('/dev/full', full);
        },
      }).catch((error: unknown) => String(error));
      expect(failure).toBe(
        `ModelError: Training stopped at step 4: ${path} cannot be written: the disk is full. Last good checkpoint: ${path}.`,
      );
      expect((await readdir(made.folder)).sort()).toEqual(['checkpoint.safetensors', 'config.json', 'history.json']);
      const resumed = await train({ ...made, config });
      const straight = await train({ ...(await options()), config });
      expect(resumed.weights).toEqual(straight.weights);
    },
  );

  it('says in one sentence that its folder cannot be made', async () => {
    const made = await options();
    const file = join(made.folder, 'file');
    await writeFile(file, '');
    await expect(train({ ...made, folder: file })).rejects.toThrow(`${file} is there already, and is no folder.`);
    const beneath = join(file, 'deeper');
    await expect(train({ ...made, folder: beneath })).rejects.toThrow('lies beneath something that is not a folder.');
  });

  it('says what is wrong with a configuration', () => {
    expect(() => trainConfig({ step: 5 } as object)).toThrow(/got "step"/);
    expect(() => trainConfig({ batch: 0 })).toThrow(/"batch", got 0/);
    expect(() => trainConfig({ frames: 8, burnIn: 8 })).toThrow(/burnIn below frames/);
    expect(() => trainConfig({ family: 'exam' as 'train' })).toThrow(/"family" to be one of/);
    expect(() => trainConfig({ lossWeights: { onsets: 1 } })).toThrow(/got "onsets"/);
    expect(() => trainConfig({ geometry: 'raw' })).toThrow('expected the geometry "bars" for bar-lstm, got "raw"');
    expect(() => trainConfig({ channels: 'rgb' as 'gray' })).toThrow(/"channels" to be one of differences, gray/);
    expect(() => trainConfig({ architecture: { name: 'resnet', options: {} } })).toThrow(/got "resnet"/);
  });

  it.each<[object, string]>([
    [[], 'expected the options of a training by name, got []'],
    [JSON.parse('{ "__proto__": {} }') as object, 'got "__proto__"'],
    [{ constructor: 1 }, 'got "constructor"'],
    [{ steps: null }, 'expected a number for "steps" of a training, got null'],
    [{ heads: null }, 'expected an object for "heads" of a training, got null'],
    [{ heads: { onset: 'soon' } }, 'expected heads with a delay in whole frames each, got "onset": "soon"'],
    [{ heads: { velocity: 1 } }, 'got "velocity": 1'],
    [{ lossWeights: { onset: 'x' } }, 'expected a loss weight from 0 for "onset", got "x"'],
    [{ widths: [] }, 'expected whole numbers of pixels for "widths", got []'],
    [{ widths: ['wide'] }, 'expected a list like [256,256,256,320] for "widths" of a training, got ["wide"]'],
    [{ seed: 1.5 }, 'expected a whole number for "seed", got 1.5'],
    [{ averageDecay: 1 }, 'expected a number below 1 for "averageDecay", got 1'],
    [{ seconds: 0 }, 'expected a number above 0 for "seconds", got 0'],
    [{ architecture: { name: 'bar-lstm' } }, 'expected "architecture" as {"name": ..., "options": {...}}'],
    [
      { architecture: { name: 'bar-lstm', options: {}, layers: [] } },
      'got {"name":"bar-lstm","options":{},"layers":[]}',
    ],
  ])('refuses %j', (given, sentence) => {
    expect(() => trainConfig(given)).toThrow(sentence);
  });
});

describe.each([
  ['cnn-lstm on strips', { architecture: { name: 'cnn-lstm', options: small }, bars: 3 }],
  [
    'cnn-lstm on whole gray pictures',
    {
      architecture: { name: 'cnn-lstm', options: small },
      geometry: 'raw' as const,
      channels: 'gray' as const,
      bars: 18,
      rows: 24,
      columns: 24,
    },
  ],
  [
    'conv-lstm on straightened keyboards',
    {
      architecture: {
        name: 'conv-lstm',
        options: { cells: [[2, 4, 4], [3, 3, 2]], volume: 2, dense: [4] }, // prettier-ignore
      },
      geometry: 'rect' as const,
      bars: 18,
      rows: 16,
      columns: 32,
    },
  ],
])('%s', (_, fields) => {
  it('is trained, kept, judged and listened with: predictor and judge hear the same', async () => {
    const own = trainConfig({ ...config, steps: 3, ...fields });
    const { weights } = await train({ config: own, runtime, folder: await folder(), workers: 0 });
    const path = await folder();
    const heads = [{ output: 'onset', latency: 2, threshold: 0.015 }];
    const input = inputOfTraining(own, 18);
    await writeModelFolder(path, {
      ...{ name: 'other', architecture: architectureOf(own, 18), input, weights, heads },
      ...{ fps: [24, 25, 30, 50, 60], training: { stages: [{ config: own }] } },
    });
    const { card, listener } = await openModelFolder(path, runtime);
    expect(card.input).toEqual(input);
    const kernels = compileKernels();
    const size = { width: 96, height: 54 };
    const sceneOf = (seed: number) => scene(seed, 'validation', { seconds: 1.5, ...size });
    // An instrument that all of these have places for.
    const fits = (seed: number): boolean => visibleBars(sceneOf(seed).truth.calibration).bars.length <= 18;
    const seed = Array.from({ length: 100 }, (_unused, k) => k).find(fits)!;
    const [answers] = await watchClip(kernels, [listener], { family: 'validation', seed, seconds: 1.5, width: 96 });
    const clip = sceneOf(seed);
    // No strike can be late or early by the picker's rules alone, so a threshold that much passes is as good a test.
    const threshold = 1.01 * Math.min(...answers.rows.flatMap(({ heads: said }) => [...said.onset]));
    const { heard } = strikesIn(answers, heads[0], threshold);
    const predictor = new Predictor(kernels, listener.session, card, visibleBars(clip.truth.calibration), {
      threshold,
      fps: clip.truth.fps.num / clip.truth.fps.den,
    });
    const strikes: Strike[] = [];
    for (const { time, pixels } of clip.frames()) strikes.push(...(await predictor.push({ time, luma: pixels })));
    strikes.push(...(await predictor.flush()));
    await listener.session.release();
    const order = (list: readonly Strike[]): Strike[] => [...list].sort((a, b) => a.time - b.time || a.midi - b.midi);
    expect(strikes.length).toBeGreaterThan(0);
    expect(order(strikes)).toEqual(order(heard.map(({ time, midi, velocity }) => ({ time, midi, velocity }))));
  });
});

describe('a model folder', () => {
  it('is written, read, and heard with: streaming answers, scores and tables', async () => {
    const { weights } = await train({ config, runtime, folder: await folder(), workers: 0 });
    const heads = Object.entries(config.heads).map(([output, latency]) => ({ output, latency, threshold: 0.25 }));
    const path = await folder();
    await writeModelFolder(path, {
      name: 'small',
      architecture: architectureOf(config, 18),
      input: inputOfTraining(config, 18),
      weights,
      heads,
      fps: [25, 30],
      training: { stages: [{ config }] },
    });
    expect((await readdir(path)).sort()).toEqual(
      ['block.onnx', 'card.json', 'model.f32.onnx', 'model.onnx', 'tfjs', 'weights.safetensors'], // prettier-ignore
    );
    expect([...(await readWeights(join(path, 'weights.safetensors')))].sort()).toEqual([...weights].sort());
    const { card, listener } = await openModelFolder(path, runtime);
    expect(parseCard(await readFile(join(path, 'card.json'), 'utf8'))).toEqual(card);
    expect(card.states.every(({ shape }) => shape.includes('bars'))).toBe(true);
    const [answers] = await watchFamily(compileKernels(), [listener], {
      family: 'validation',
      clips: 3,
      seconds: 1,
      width: 96,
    });
    expect(answers.length).toBe(3);
    for (const { rows, times } of answers) {
      for (const { heads: said, midi } of rows) {
        expect(said.onset.length).toBe(times.length * midi.length);
        expect(said.onset.every((p) => p > 0 && p < 1)).toBe(true);
      }
    }
    const tuned = heads.map((head) => tuneThreshold(answers, head));
    const scores = scoreFamily(answers, tuned);
    expect(scores.clips).toBe(3);
    expect(pickAll(answers, heads[0], 0.9).length).toBe(3);
    const table = scoreTables({
      format: 'deep-marimba/scores@1',
      model: 'small',
      clips: 3,
      seconds: 1,
      width: 96,
      calibration: 'exact',
      heads: tuned,
      families: { V: scores },
    });
    expect(table).toContain('| V validation');
    expect(table).not.toMatch(/undefined|NaN/);
    const shown = { family: 'validation' as const, first: 0, seconds: 1, width: 96 };
    const worst = worstMoments(answers, { ...tuned[0], threshold: 0.01 }, shown, 4);
    for (const { seed, time, probability } of worst) {
      expect(seed >= 0 && seed < 3 && time <= 1 && probability <= 1).toBe(true);
    }
    const { width, height, rgb } = failurePicture(worst, shown);
    expect(rgb.length).toBe(3 * width * height);
    expect(new Set(rgb).size).toBeGreaterThan(worst.length > 0 ? 10 : 0);
    // Half a row to the side, the same network hears something else; beside the picture, nothing at all.
    const makers = [shiftedBy(0), shiftedBy(0.5), () => undefined];
    const through = await watchClipThrough(compileKernels(), [listener], makers, { ...shown, seed: 1 });
    expect(through[0][0].rows[0].heads).toEqual(answers[1].rows[0].heads);
    expect(through[1][0].rows[0].heads).not.toEqual(answers[1].rows[0].heads);
    expect(through[2][0]).toEqual({ ...answers[1], rows: [] });
    await listener.session.release();
    const bytes = await readFile(join(path, 'model.onnx'));
    bytes[bytes.length >> 1] ^= 1;
    await writeFile(join(path, 'model.onnx'), bytes);
    await expect(openModelFolder(path, runtime)).rejects.toThrow(/sha256 differs/);
    await expect(openModelFolder(join(path, 'none'), runtime)).rejects.toThrow(/card\.json cannot be read/);
  });

  it('knows the oracle: truth as answers scores 1', () => {
    const times = Array.from({ length: 50 }, (_, k) => k / 25);
    const onset = new Float32Array(50 * 2).fill(0.001);
    onset[10 * 2] = 0.9;
    onset[30 * 2 + 1] = 0.78;
    const answers = [
      {
        times,
        seconds: 2,
        truth: [
          { time: 8.5 / 25, midi: 60, velocity: 0.3 },
          { time: 28.5 / 25, midi: 62, velocity: 0.6 },
        ],
        rows: [{ midi: [60, 62], heads: { onset }, velocity: new Float32Array(100).fill(0.5) }],
      },
    ];
    const tuned = tuneThreshold(answers, { output: 'onset', latency: 2 });
    expect(tuned.f1).toBe(1);
    expect(tuned.atRecall['0.85']).toBe(0.75);
    expect(scoreFamily(answers, [tuned]).onsetError).toBeLessThan(0.1);
  });
});
