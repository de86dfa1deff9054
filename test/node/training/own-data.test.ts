// Recordings of one's own: videos with sound and calibrations to a dataset, a dataset to sequences, weights and scores.
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as ort from 'onnxruntime-node';
import { dataset } from '../../../src/cli/dataset.js';
import { evaluate } from '../../../src/cli/evaluate.js';
import { render } from '../../../src/cli/render.js';
import { train as trainCommand } from '../../../src/cli/train.js';
import { hdf5 } from '../../../src/hdf5.js';
import { compileKernels } from '../../../src/kernels/module.js';
import { onnxRuntime } from '../../../src/model/onnx-runtime.js';
import { encodeWav } from '../../../src/node.js';
import { formatEvents } from '../../../src/sound/events.js';
import { openOwnClips, ownData, ownSequences } from '../../../src/training/own-clips.js';
import { sequenceMaker } from '../../../src/training/sequence-maker.js';
import { train, type TrainOptions } from '../../../src/training/train.js';
import { trainConfig } from '../../../src/training/train-config.js';
import { clipFolder, ffmpeg, runFfmpeg } from '../../support/clips.js';
import type { Command } from 'commander';
import type { Strike } from '../../../src/types.js';

const { at, remove } = clipFolder();
afterAll(remove);

/** Runs a command here and now. */
async function run(command: Command, ...args: string[]): Promise<{ out: string; err: string; error?: Error }> {
  let [out, err] = ['', ''];
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
  try {
    await command.exitOverride().parseAsync(args, { from: 'user' });
    return { out, err };
  } catch (error) {
    return { out, err, error: error as Error };
  } finally {
    process.exitCode = undefined;
    stdout.mockRestore();
    stderr.mockRestore();
  }
}

const notes = [66, 70, 75, 80];
const seconds = 2.4;
/** Three takes of one odd look, each with strikes of its own. */
const takes = [0, 1, 2].map((take): Strike[] =>
  Array.from({ length: 5 }, (_, k) => ({
    time: 0.5 + 0.36 * k + 0.01 * take,
    midi: notes[(k + take) % 4],
    velocity: 0.5 + 0.1 * ((k + 2 * take) % 5),
  })),
);

beforeAll(async () => {
  mkdirSync(at('takes'));
  for (const [k, strikes] of takes.entries()) {
    writeFileSync(at('events.json'), formatEvents(strikes, { source: 'take', duration: seconds }));
    const flags = ['--family', 'paper', '--look', 'paper', '--seed', '4', '--fps', '25', '--seconds', String(seconds)];
    const { error } = await run(render, '-o', at('made'), ...flags, '--size', '160x90', '--events', at('events.json'));
    expect(error).toBeUndefined();
    const video = existsSync(at('made/clip.mp4')) ? 'mp4' : 'y4m';
    renameSync(at(`made/clip.${video}`), at(`takes/take${k + 1}.${video}`));
    renameSync(at('made/clip.wav'), at(`takes/take${k + 1}.wav`));
    copyFileSync(at('made/calibration.json'), at(`takes/take${k + 1}.calibration.json`));
  }
  if (ffmpeg !== undefined) {
    // The first one has its sound within.
    runFfmpeg('-i', at('takes/take1.mp4'), '-i', at('takes/take1.wav'), '-c:v', 'copy', '-c:a', 'aac', at('one.mp4'));
    renameSync(at('one.mp4'), at('takes/take1.mp4'));
    rmSync(at('takes/take1.wav'));
  }
  const built = await run(dataset, 'build', at('takes'), '-o', at('own.h5'), '--bars', '--test', 'take3');
  expect(built.error).toBeUndefined();
  expect(built.err).toMatch(/take2: 60 frames, \d strikes/);
}, 240_000);

/** Small in everything. */
const small = {
  architecture: { name: 'bar-lstm', options: { recurrence: 'conv-lstm', filters: [2, 3, 4, 5], units: 4 } },
  ...{ steps: 4, batch: 2, frames: 10, burnIn: 3, bars: 3, seconds: 1.5 },
  ...{ widths: [96], calibrations: 1, sequences: 4, mixed: 2, warmup: 1 },
};

describe('a dataset to learn strikes from', () => {
  it('holds pictures, bars and strikes, split by recording', async () => {
    const { clips, close } = await openOwnClips([at('own.h5')]);
    expect(clips.map(({ name, use, frames }) => [name, use, frames])).toEqual([
      ['take1', expect.stringMatching(/train|validation/), 60],
      ['take2', expect.stringMatching(/train|validation/), 60],
      ['take3', 'test', 60],
    ]);
    expect(new Set(clips.map(({ use }) => use)).size).toBe(3);
    for (const [k, { strikes, calibration, piece }] of clips.entries()) {
      expect([calibration.width, calibration.height]).toEqual([320, 180]);
      expect(strikes.map(({ midi }) => midi)).toEqual(takes[k].map(({ midi }) => midi));
      // Measured: within 4 ms of the truth, AAC included.
      for (const [i, { time }] of strikes.entries()) expect(Math.abs(time - takes[k][i].time)).toBeLessThan(0.016);
      const { truth, frames } = piece(10, 30);
      expect(truth.times.length).toBe(20);
      expect(truth.strikes.every(({ time }) => time >= 0 && time < 0.8)).toBe(true);
      const pixels = [...frames()].map((frame) => frame.pixels.slice());
      expect(pixels.length).toBe(20);
      expect(pixels.every((picture) => picture.length === 320 * 180 && picture.some((value) => value > 100))).toBe(
        true,
      );
    }
    close();
  });

  it('gives sequences that are the same for a seed and a place, mixed with simulated ones', async () => {
    const kernels = compileKernels();
    const config = trainConfig({ ...small, data: [await ownData(at('own.h5'))], own: 0.5 });
    const { clips, close } = await openOwnClips([at('own.h5')]);
    const learning = clips.filter(({ use }) => use === 'train');
    const own = ownSequences(kernels, learning, config, 3);
    expect(ownSequences(kernels, learning, config, 3)).toEqual(own);
    expect(ownSequences(kernels, learning, config, 4)).not.toEqual(own);
    expect(own.image.length).toBe(4 * 10 * 3 * 48 * 12 * 5);
    expect(own.image.some((value) => Math.abs(value) > 0.3)).toBe(true);
    expect(own['mask.onset'].some((value) => value === 1)).toBe(true);
    const at7 = (await sequenceMaker(kernels, config))(7);
    expect(at7).toEqual(own);
    const simulated = (await sequenceMaker(kernels, { ...config, data: [], own: 0 }))(6);
    expect((await sequenceMaker(kernels, config))(6)).toEqual(simulated);
    expect(() => ownSequences(kernels, learning, { ...config, frames: 61 }, 0)).toThrow('at least 61 frames');
    close();
  });
});

describe('training on it', { timeout: 240_000 }, () => {
  it('goes on after a stop to the same weights', async () => {
    const config = trainConfig({ ...small, data: [await ownData(at('own.h5'))], own: 0.5 });
    const runtime = onnxRuntime(ort);
    const options = (folder: string): TrainOptions => ({ config, runtime, folder: at(folder), workers: 0, every: 1 });
    const whole = await train(options('whole'));
    const abort = new AbortController();
    const onStep = ({ step }: { step: number }): void => {
      if (step === 2) abort.abort();
    };
    expect((await train({ ...options('stopped'), signal: abort.signal, onStep })).finished).toBe(false);
    expect((await train(options('stopped'))).weights).toEqual(whole.weights);
    const simulated = await train({ ...options('simulated'), config: trainConfig(small) });
    expect(simulated.weights).not.toEqual(whole.weights);
  });

  it('goes on from a model with a folder of recordings, and is judged on what was kept from it', async () => {
    writeFileSync(at('config.json'), JSON.stringify(small));
    const brief = ['--workers', '0', '--validation-clips', '0', '--tuning-clips', '1'];
    const first = await run(trainCommand, '-o', at('first'), '--config', at('config.json'), ...brief);
    expect(first.error).toBeUndefined();
    writeFileSync(at('short.json'), JSON.stringify({ ...small, architecture: undefined, steps: 2 }));
    const flags = ['--from', at('first/bar-lstm'), '--data', at('takes'), '--config', at('short.json')];
    const second = await run(trainCommand, '-o', at('second'), ...flags, ...brief);
    expect(second.error).toBeUndefined();
    expect(second.err).toMatch(/learning from 1 clips, 2 s, 5 strikes; steps and thresholds are chosen with 1 clips, 2 s, 5 strikes of other recordings; kept for evaluate: 1 clips/); // prettier-ignore
    const judged = await run(
      evaluate,
      at('second/bar-lstm'),
      '--data',
      at('second/own.h5'),
      '--json',
      at('scores.json'),
    );
    expect(judged.error).toBeUndefined();
    expect(judged.out).toMatch(/^\| bar-lstm \| \*\*all\*\* \| [\d.]+ \| 5 \|/m);
    expect(existsSync(at('scores.json'))).toBe(true);
  });
});

describe('what cannot be learnt from', { timeout: 240_000 }, () => {
  const refused = async (...data: string[]): Promise<string> => {
    const { error } = await run(trainCommand, '-o', at('none'), '--workers', '0', '--data', ...data);
    return error?.message ?? 'nothing was refused';
  };

  it('is named in one sentence', async () => {
    expect(await refused(at('nowhere.h5'))).toBe(
      `${at('nowhere.h5')} is not there, or cannot be read; give a dataset (.h5), or a folder of recordings.`,
    );
    writeFileSync(at('text.h5'), 'no HDF5');
    expect(await refused(at('text.h5'))).toBe(`${at('text.h5')} is not there, is not an HDF5 file, or is damaged.`);
    await run(dataset, 'build', at('takes'), '-o', at('plain.h5'), '--size', '32');
    expect(await refused(at('plain.h5'))).toMatch(
      /plain\.h5 has pictures without bars and strikes; build it anew with: /,
    );
  });

  it('is a file whose arrays do not fit together', async () => {
    const h5 = await hdf5();
    const damage = async (name: string, change: (file: InstanceType<typeof h5.File>) => void): Promise<string> => {
      copyFileSync(at('own.h5'), at(name));
      const file = new h5.File(at(name), 'a');
      change(file);
      file.close();
      return refused(at(name));
    };
    const resize =
      (name: string, shape: number[]) =>
      (file: InstanceType<typeof h5.File>): void => {
        (file.get(name) as InstanceType<typeof h5.Dataset>).resize(shape);
      };
    expect(await damage('fewer.h5', resize('dataX_test', [59, 180, 320]))).toMatch(
      /fewer\.h5 has 59 pictures in dataX_test, its clips say 60; build it anew/,
    );
    expect(
      await damage('gone.h5', (file) => {
        file.delete_attribute('fps');
      }),
    ).toMatch(/gone\.h5 does not tell its clips and their rate; build it anew/);
  });

  it('is silence, and a video without a calibration', async () => {
    mkdirSync(at('silent'));
    const video = existsSync(at('takes/take2.mp4')) ? 'mp4' : 'y4m';
    for (const name of ['take1', 'take2', 'take3']) {
      copyFileSync(at(`takes/take2.${video}`), at(`silent/${name}.${video}`));
      copyFileSync(at('takes/take2.wav'), at(`silent/${name}.wav`));
    }
    const channels = [new Float32Array(seconds * 16000)];
    writeFileSync(at('silent/take1.wav'), encodeWav({ sampleRate: 16000, channels }));
    copyFileSync(at('takes/take2.calibration.json'), at('silent/take2.calibration.json'));
    writeFileSync(at('silent/take2.events.json'), formatEvents([], { source: 'take2', duration: seconds }));
    const built = await run(dataset, 'build', at('silent'), '-o', at('silent.h5'), '--bars', '--test', '0');
    expect(built.err).toMatch(/take1: left out: .*take1\.wav is silent/);
    expect(built.err).toContain('take2: 60 frames, 0 strikes');
    expect(built.err).toMatch(
      /take3: left out: .*take3\.\w+ has no calibration; expected take3\.calibration\.json or calibration\.json beside it: deep-marimba calibrate take3/,
    );
    expect(await refused(at('silent.h5'))).toMatch(/silent\.h5 holds no strike to learn from; look whether the sound/);
    const { error } = await run(evaluate, 'bar-lstm', '--data', at('silent.h5'));
    expect(error?.message).toMatch(/silent\.h5 keeps no recording to judge with; build it with --test/);
  });
});
