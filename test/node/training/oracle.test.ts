// The oracle: what it is told is the truth, and it learns from that.
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { onnxRuntime } from '../../../src/model/onnx-runtime.js';
import { tuneThreshold } from '../../../src/training/evaluate.js';
import { oracleAnswers, oracleClip, oracleFeatures, oracleHead } from '../../../src/training/oracle.js';
import { openOracle, trainOracle } from '../../../src/training/oracle-training.js';

const runtime = onnxRuntime(ort, { intraOpNumThreads: 1 });

describe('the oracle', () => {
  it('is told the same twice, of every bar that can be seen', () => {
    const clip = oracleClip(3, 'train', 3);
    expect(oracleClip(3, 'train', 3)).toEqual(clip);
    const { truth, rows } = clip;
    expect(rows.flatMap(({ midi }) => midi).length).toBeLessThanOrEqual(truth.calibration.bars.length);
    for (const { features, midi } of rows) {
      expect(features.length).toBe(midi.length);
      for (const own of features) {
        expect(own.length).toBe(truth.times.length * oracleFeatures);
        expect(own.every((value) => Number.isFinite(value) && Math.abs(value) <= 50)).toBe(true);
      }
    }
  });

  it('sees a head above the bar that is struck', () => {
    let [near, strikes] = [0, 0];
    for (let seed = 0; seed < 12; seed++) {
      const { truth, rows } = oracleClip(seed, 'train', 3);
      for (const { time, midi } of truth.strikes) {
        const k = truth.times.findLastIndex((start) => start <= time);
        for (const row of rows) {
          const b = row.midi.indexOf(midi);
          if (b < 0) continue;
          strikes++;
          const [u, v] = row.features[b].subarray(k * oracleFeatures);
          if (Math.abs(u) < 0.9 && v > -0.3 && v < 1.6) near++;
        }
      }
    }
    expect(strikes).toBeGreaterThan(10);
    expect(near / strikes).toBeGreaterThan(0.9);
  });

  it('learns, and answers as a model does', async () => {
    const losses: number[] = [];
    const weights = await trainOracle({ runtime, steps: 60, onStep: (_, loss) => losses.push(loss) });
    const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
    expect(mean(losses.slice(-10))).toBeLessThan(0.7 * mean(losses.slice(0, 10)));
    expect(await trainOracle({ runtime, steps: 2 })).toEqual(await trainOracle({ runtime, steps: 2 }));
    const { hear, release } = openOracle(weights, runtime);
    const answers = await oracleAnswers(hear, { family: 'validation', clips: 2, seconds: 2 });
    await release();
    for (const { rows, times } of answers) {
      for (const { heads, midi } of rows) {
        expect(heads.onset.length).toBe(times.length * midi.length);
        expect(heads.onset.every((p) => p >= 0 && p <= 1)).toBe(true);
      }
    }
    expect(tuneThreshold(answers, oracleHead).output).toBe('onset');
  });
});
