// The trainer: reruns and resumed runs bit for bit, learning that learns, and stopping without losing anything.
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { barLstm, cnnLstm, convLstmNetwork } from '../../../src/training/architectures/index.js';
import { readCheckpoint, writeCheckpoint } from '../../../src/training/checkpoint.js';
import { exportOnnx } from '../../../src/training/export-onnx.js';
import { sizeOf } from '../../../src/training/graph.js';
import { anatomy } from '../../../src/training/network.js';
import type { Tensor } from '../../../src/model/onnx-runtime.js';
import { cosineSchedule } from '../../../src/training/schedule.js';
import { type Batch, Trainer, type TrainerOptions } from '../../../src/training/trainer.js';
import { isMarimbaError } from '../../../src/errors.js';
import { noise } from '../../support/noise.js';
import { runtime } from './case.js';

const small = barLstm({ bars: 3, filters: [4, 5, 6, 7], units: 5, dropout: 0.2 });
const options: TrainerOptions = {
  architecture: small,
  batch: 2,
  frames: 4,
  losses: [
    { output: 'onset', kind: 'bce' },
    { output: 'velocity', kind: 'huber' },
  ],
  optimizer: { clipNorm: 1, weightDecay: 0.01 },
  runtime,
  schedule: () => 0.01,
  seed: 7,
  averageDecay: 0.9,
};

/** A batch of noise that depends on its number; every second sequence goes on from the batch before. */
function noiseBatch(trainer: Trainer, number: number): Batch {
  const arrays = trainer.data.map(({ name, shape }): [string, Float32Array] => {
    const raw = noise(`${name} ${number}`, sizeOf(shape));
    return [name, name.startsWith('image') ? raw : raw.map((x) => (x > 0 ? 1 : 0))];
  });
  return { data: Object.fromEntries(arrays), continues: [false, true], origin: `noise ${number}` };
}

async function train(trainer: Trainer, first: number, last: number): Promise<number> {
  let loss = NaN;
  for (let k = first; k <= last; k++) ({ loss } = await trainer.trainStep(noiseBatch(trainer, k)));
  return loss;
}

describe('reproducibility', () => {
  it('gives the same bytes again, and others for another seed', async () => {
    const [a, b, c] = await Promise.all([options, options, { ...options, seed: 8 }].map((o) => Trainer.create(o)));
    for (const trainer of [a, b, c]) await train(trainer, 1, 5);
    expect(Buffer.from(b.checkpoint()).equals(a.checkpoint())).toBe(true);
    expect(Buffer.from(c.checkpoint()).equals(a.checkpoint())).toBe(false);
  });

  it('resumes from a checkpoint to the bytes of an uninterrupted run', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'deep-marimba-')), 'last.safetensors');
    const whole = await Trainer.create(options);
    await train(whole, 1, 6);
    const killed = await Trainer.create(options);
    await train(killed, 1, 3);
    await writeCheckpoint(killed, path);
    await train(killed, 4, 5);
    const resumed = await Trainer.create({ ...options, seed: 99 });
    await readCheckpoint(resumed, path);
    expect(resumed.step).toBe(3);
    await train(resumed, 4, 6);
    expect(Buffer.from(resumed.checkpoint()).equals(whole.checkpoint())).toBe(true);
  });

  it('carries the state of sequences that go on, and only of those', async () => {
    const still = {
      ...options,
      schedule: () => 0,
      architecture: barLstm({ bars: 3, units: 5, filters: [4, 5, 6, 7] }),
    };
    const long = await Trainer.create({ ...still, frames: 8 });
    const short = await Trainer.create(still);
    const batch = noiseBatch(long, 1);
    const half = (from: number): Record<string, Float32Array> =>
      Object.fromEntries(
        long.data.map(({ name, shape }) => {
          const frame = sizeOf(shape.slice(2));
          const rows = [0, 1].flatMap((b) => [
            ...batch.data[name].subarray((8 * b + from) * frame, (8 * b + from + 4) * frame),
          ]);
          return [name, Float32Array.from(rows)];
        }),
      );
    // Masks count frames, so the loss of the long window is the mean of the two short ones, weighed by their counts.
    const counts = [0, 4].map((from) => half(from)['mask.onset'].reduce((a, b) => a + b));
    const onset = async (continues: boolean): Promise<number> => {
      const parts: number[] = [];
      for (const from of [0, 4]) {
        const going = continues && from === 4;
        parts.push((await short.trainStep({ data: half(from), continues: [going, going] })).losses.onset);
      }
      return (parts[0] * counts[0] + parts[1] * counts[1]) / (counts[0] + counts[1]);
    };
    const expected = (await long.trainStep({ data: batch.data })).losses.onset;
    expect(await onset(true)).toBeCloseTo(expected, 6);
    expect(Math.abs((await onset(false)) - expected)).toBeGreaterThan(1e-5);
  });
});

describe('learning', () => {
  it('changes the weights, and differently for another learning rate', async () => {
    const weights = await Promise.all(
      [0, 1e-3, 2e-3].map(async (rate) => {
        const trainer = await Trainer.create({ ...options, schedule: () => rate });
        await train(trainer, 1, 2);
        return trainer.weights('latest').get('conv1.weight')!;
      }),
    );
    expect(weights[1]).not.toEqual(weights[0]);
    expect(weights[2]).not.toEqual(weights[1]);
  });

  it.each([small, barLstm({ bars: 3, filters: [4, 5, 6, 7], units: 5, recurrence: 'conv-lstm' })])(
    'sends the gradient of the last frame to the first: $options.recurrence',
    async (architecture) => {
      // Only the first frame shows anything and only the last one is judged: what conv1 learns came through time.
      const frames = 12;
      const trainer = await Trainer.create({ ...options, architecture, frames, optimizer: {}, schedule: () => 0.01 });
      const batch = noiseBatch(trainer, 1);
      const image = batch.data.image;
      const mask = batch.data['mask.onset'];
      for (let b = 0; b < 2; b++) {
        image.fill(0, (b * frames + 1) * (image.length / 2 / frames), (b + 1) * (image.length / 2));
        mask
          .fill(0, b * frames * 3, (b * frames + frames - 1) * 3)
          .fill(1, (b * frames + frames - 1) * 3, (b + 1) * frames * 3);
      }
      batch.data['mask.velocity'].fill(0);
      const before = trainer.weights('latest').get('conv1.weight')!;
      await trainer.trainStep(batch);
      const after = trainer.weights('latest').get('conv1.weight')!;
      expect(after.filter((w, k) => w !== before[k]).length / after.length).toBeGreaterThan(0.5);
    },
  );

  /** A short film of strikes: above each struck bar a bright spot comes down, meets it at the strike and goes up. */
  function film(bars: number, frames: number, strikes: readonly (readonly [frame: number, bar: number])[]) {
    const width = 12 * (bars + 2);
    const image = new Float32Array(frames * 3 * 48 * width);
    const target = new Float32Array(frames * bars);
    for (const [at, bar] of strikes) {
      target[at * bars + bar] = 1;
      for (let t = Math.max(0, at - 4); t < Math.min(frames, at + 5); t++) {
        for (let channel = 0; channel < 3; channel++) {
          const row = 38 - 7 * Math.abs(t - 2 + channel - at);
          for (let y = Math.max(0, row - 2); y < row + 3; y++) {
            for (let x = 3; x < 9; x++) image[((t * 3 + channel) * 48 + y) * width + 12 * (bar + 1) + x] = 1;
          }
        }
      }
    }
    return { image, target };
  }

  const strikes = [[5, 1], [9, 0], [13, 2], [18, 1], [23, 2], [27, 0]] as const; // prettier-ignore
  const STEPS = 80;
  const dense = { notes: 3, height: 48, width: 60, dropout: 0, outputs: ['onset'] };
  it.each([
    barLstm({ bars: 3, outputs: ['onset'] }),
    barLstm({ bars: 3, outputs: ['onset'], recurrence: 'conv-lstm' }),
    cnnLstm({ ...dense, convolutions: [[8, 8, 4], [16, 4, 2]], dense: [32], units: [32] }), // prettier-ignore
    convLstmNetwork({ ...dense, cells: [[8, 8, 6], [8, 3, 2]], volume: 4, dense: [32] }), // prettier-ignore
  ])('$name learns one clip by heart: every strike, and nothing else', async (architecture) => {
    const frames = 32;
    const { image, target } = film(3, frames, strikes);
    const trainer = await Trainer.create({
      architecture,
      batch: 1,
      frames,
      losses: [{ output: 'onset', kind: 'bce', positiveWeight: 3 }],
      optimizer: { clipNorm: 5 },
      runtime,
      schedule: cosineSchedule({ peak: 5e-3, total: STEPS, warmup: 5 }),
      seed: 1,
    });
    const data = {
      [architecture.input.name]: image,
      'target.onset': target,
      'mask.onset': new Float32Array(frames * 3).fill(1),
    };
    for (let k = 0; k < STEPS; k++) await trainer.trainStep({ data });
    const session = await runtime(exportOnnx(architecture, trainer.weights('latest'), { batch: 1, frames }));
    const feeds: Record<string, Tensor> = { [architecture.input.name]: { data: image, shape: trainer.data[0].shape } };
    for (const { name, shape } of anatomy(architecture).states) {
      feeds[`state.${name}`] = { data: new Float32Array(sizeOf(shape)), shape };
    }
    const { onset } = await session.run(feeds, ['onset']);
    const heard = [...onset.data].flatMap((logit, k) => (logit > 0 ? [[Math.floor(k / 3), k % 3]] : []));
    expect(heard).toEqual(strikes);
  });
});

describe('stopping', () => {
  it('names step, batch and checkpoint when the loss is no number, and keeps the weights', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'deep-marimba-')), 'last.safetensors');
    const trainer = await Trainer.create(options);
    await train(trainer, 1, 2);
    await writeCheckpoint(trainer, path);
    const bad = noiseBatch(trainer, 3);
    bad.data.image[5] = NaN;
    const failure = await trainer.trainStep(bad).catch((error: unknown) => error);
    expect(isMarimbaError(failure, 'ModelError')).toBe(true);
    expect(String(failure)).toMatch(
      /stopped at step 3 on batch noise 3: the loss is not a finite number. Last good checkpoint: .*last\.safetensors/,
    );
    expect(Buffer.from(trainer.checkpoint()).equals(await readFile(path))).toBe(true);
  });

  it('says which array of a batch is wrong', async () => {
    const trainer = await Trainer.create(options);
    const { data } = noiseBatch(trainer, 1);
    await expect(trainer.trainStep({ data: { ...data, 'target.onset': new Float32Array(5) } })).rejects.toThrow(
      'expected "target.onset" of 2 x 4 x 3 = 24 numbers, got 5',
    );
    await expect(trainer.trainStep({ data, continues: [true] })).rejects.toThrow(
      'expected 2 entries of "continues", got 1',
    );
    const both = Promise.all([trainer.trainStep({ data }), trainer.trainStep({ data })]);
    await expect(both).rejects.toThrow('expected one step at a time');
  });

  it('leaves the old checkpoint and no debris when the new one cannot be written', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'deep-marimba-'));
    const trainer = await Trainer.create(options);
    await writeCheckpoint(trainer, join(folder, 'a.safetensors'));
    await expect(writeCheckpoint(trainer, join(folder, 'missing', 'b.safetensors'))).rejects.toThrow(
      /^Training stopped at step 0: The folder of .*b\.safetensors does not exist.*Last good checkpoint: .*a\.safetensors\.$/,
    );
    expect(await readdir(folder)).toEqual(['a.safetensors']);
  });

  it('refuses what is no checkpoint of this network', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'deep-marimba-'));
    const trainer = await Trainer.create(options);
    const other = await Trainer.create({ ...options, architecture: barLstm({ bars: 3, units: 6 }) });
    const path = join(folder, 'x.safetensors');
    await writeCheckpoint(other, path);
    await expect(readCheckpoint(trainer, path)).rejects.toThrow(/x\.safetensors: .*expected a checkpoint of bar-lstm/);
    await writeFile(path, trainer.checkpoint().subarray(0, 5000));
    await expect(readCheckpoint(trainer, path)).rejects.toThrow(
      /x\.safetensors: The checkpoint cannot be used: expected/,
    );
    await expect(readCheckpoint(trainer, join(folder, 'none'))).rejects.toThrow(/none: ENOENT/);
    expect(trainer.step).toBe(0);
  });
});
