// Cues: what a network has to say about the mallets while it learns.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { compileKernels } from '../../../src/kernels/module.js';
import { onnxRuntime } from '../../../src/model/onnx-runtime.js';
import { cueNames, malletCues } from '../../../src/training/cues.js';
import { anatomy, initialWeights } from '../../../src/training/network.js';
import { clipSequences } from '../../../src/training/scene-sequences.js';
import { architectureOf, train } from '../../../src/training/train.js';
import { trainConfig } from '../../../src/training/train-config.js';
import type { Quad } from '../../../src/types.js';

const config = trainConfig({
  architecture: { name: 'bar-lstm', options: { filters: [2, 3, 4, 5], units: 4 } },
  ...{ steps: 4, batch: 2, frames: 12, burnIn: 3, bars: 3, seconds: 3, widths: [128] },
  ...{ calibrations: 1, sequences: 8, mixed: 1, warmup: 1, cueWeight: 0.5 },
});

describe('malletCues', () => {
  // Two bars of 10 x 100 pixels beside each other, their far ends above.
  const quads: Quad[] = [
    [[0, 0], [10, 0], [10, 100], [0, 100]], // prettier-ignore
    [[10, 0], [20, 0], [20, 100], [10, 100]], // prettier-ignore
  ];
  const far = { head: [200, 50], height: 0.3 } as const;

  it('measures the nearest mallet from each bar', () => {
    const falling = [
      { head: [5, 70], shadow: [8, 75], height: 0.04 },
      { head: [5, 75], shadow: [5, 75], height: 0.01 },
    ] as const;
    const { targets, masks } = malletCues(quads, [[far, far], falling], 2);
    const said = (k: number, bar: number): number[] => cueNames.map((name) => targets[name][2 * k + bar]);
    const wanted = [
      [0, 0.6, Math.log(5), 0, 0.3, -0.2],
      [-1, 0.6, Math.log(5), 0, 0.3, -0.2],
      [0, 0.5, Math.log(2), 1, 0, 0],
      [-1, 0.5, Math.log(2), 1, 0, 0],
    ];
    wanted.forEach((row, i) => {
      row.forEach((value, c) => {
        expect(said(i >> 1, i & 1)[c]).toBeCloseTo(value, 5);
      });
    });
    expect([...masks.height, ...masks.shadowAlong]).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it('asks nothing where no mallet is near, and nothing of a shadow that is not there', () => {
    const shadeless = [{ head: [5, 50], height: 0.02 }] as const;
    expect([...malletCues(quads, [[far]], 1).masks.across]).toEqual([0, 0]);
    expect([...malletCues(quads, [], 1).masks.across]).toEqual([0, 0]);
    const { masks } = malletCues(quads, [shadeless], 1);
    expect([...masks.across, ...masks.shadowAcross]).toEqual([1, 1, 0, 0]);
  });
});

describe('sequences with cues', () => {
  it('are those without, and say that a mallet is low and over the bar when it strikes', () => {
    const kernels = compileKernels();
    const heads = config.heads;
    const [plain, told] = [false, true].map((cues) => clipSequences(kernels, { ...config, sequences: 32, cues }, 3));
    for (const [name, data] of Object.entries(plain)) expect(told[name], name).toEqual(data);
    const { bars } = config;
    let struck = 0;
    told['target.now'].forEach((now, i) => {
      // Judged, and the contact in the middle of the frame.
      if (now < 0.75 || heads.now !== 0 || told['mask.now'][i] === 0 || told['mask.height'][i] === 0) return;
      struck++;
      // log(1 + height / 1 cm) of less than 7 cm, half a frame before or after at most.
      expect(told['target.height'][i]).toBeLessThan(2.1);
      // A careless calibration is off by a sixth of a bar, and some more of its own.
      expect(Math.abs(told['target.across'][i])).toBeLessThan(0.9);
    });
    expect(struck).toBeGreaterThan(3);
    expect(told['target.across'].length).toBe(32 * config.frames * bars);
  });
});

describe('training with cues', () => {
  it('lowers their loss, starts from weights that know none, and leaves none in what ships', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'deep-marimba-cues-'));
    const weights = initialWeights(architectureOf(config), 5);
    const result = await train({ config, runtime: onnxRuntime(ort), folder, workers: 0, every: 1, weights });
    const [first, last] = [result.history[0].losses, result.history.at(-1)!.losses];
    for (const name of cueNames) expect(first[name], name).toBeGreaterThan(0);
    expect(last.height).toBeLessThan(first.height);
    const shipped = anatomy(architectureOf(config));
    expect(shipped.outputs).toEqual(['onset', 'now', 'early', 'offset', 'velocity']);
    for (const { name } of shipped.parameters) expect(result.weights.has(name), name).toBe(true);
  });

  it('is for a bar-lstm', () => {
    const other = { architecture: { name: 'cnn-lstm', options: {} }, geometry: 'rect', cueWeight: 1 } as const;
    expect(() => trainConfig(other)).toThrow('expected a "cueWeight" of 0 for cnn-lstm');
    expect(() => trainConfig({ heads: { height: 0 } })).toThrow('got "height"');
  });
});
