// Frames that gather: one run of a graph without weights of its own says what as many steps say.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrameAmplitudes } from '../../../src/model/amplitude-track.js';
import { loadModel, type Model } from '../../../src/model/load-model.js';
import type { Tensor } from '../../../src/model/onnx-runtime.js';
import { spliceWeights } from '../../../src/model/onnx-splice.js';
import type { PredictorOptions } from '../../../src/model/predictor.js';
import { RowStream, type StreamedModel } from '../../../src/model/row-stream.js';
import { barLstm, cnnLstm, convLstmNetwork } from '../../../src/training/architectures/index.js';
import { blockFrames, exportBlock, exportOnnx } from '../../../src/training/export-onnx.js';
import { roundToHalf } from '../../../src/training/half.js';
import { anatomy, type Architecture, type Weights } from '../../../src/training/network.js';
import type { Strike } from '../../../src/types.js';
import { calibration, picture } from '../../support/moving-picture.js';
import { noise, noiseWeights } from '../../support/noise.js';
import { runtime } from '../training/case.js';

const architectures: readonly Architecture[] = [
  barLstm({ bars: 3, filters: [4, 5, 6, 7], units: 5 }),
  barLstm({ bars: 3, filters: [4, 5, 6, 7], units: 5, recurrence: 'conv-lstm' }),
  cnnLstm({ notes: 4, height: 40, width: 36, convolutions: [[4, 16, 8], [5, 8, 4], [6, 2, 1]], dense: [8], units: [6, 5] }), // prettier-ignore
  convLstmNetwork({ notes: 4, height: 24, width: 20, cells: [[3, 8, 4], [4, 3, 2]], volume: 2, dense: [6] }), // prettier-ignore
];

describe.each(architectures)('$name $options.recurrence', (architecture) => {
  it.each([
    ['half', roundToHalf],
    ['full', (weights: Weights): Weights => weights],
  ] as const)(
    'says the same at once as step by step, state included, with weights in %s precision',
    async (_, round) => {
      const weights = round(noiseWeights(architecture));
      const block = exportBlock(architecture, noiseWeights(architecture));
      const onnx = exportOnnx(architecture, weights);
      // Without the weights little is left.
      expect(block.length).toBeLessThan(60_000);
      const blocks = await runtime(spliceWeights(block, onnx));
      const { states, outputs } = anatomy(architecture);
      const [, height, width] = architecture.input.shape;
      const model: StreamedModel = {
        input: { name: 'image', shape: [3, height, width], geometry: 'raw', channels: 'gray' },
        states,
      };
      const session = await runtime(onnx);
      const [stepped, gathered] = [session, session].map(
        (one) => new RowStream(one, model, architecture.notes, outputs),
      );
      const size = 3 * height * width;
      const clip = noise('clip', 2 * blockFrames * size);
      for (let from = 0; from < clip.length; from += blockFrames * size) {
        const whole = await gathered.block(blocks, clip.subarray(from, from + blockFrames * size), blockFrames);
        for (let k = 0; k < blockFrames; k++) {
          const said = await stepped.step(clip.subarray(from + k * size, from + (k + 1) * size));
          for (const name of outputs) {
            const row = whole[name].data.subarray(k * architecture.notes, (k + 1) * architecture.notes);
            expect(apart(row, said[name].data), name).toBeLessThan(1e-5); // measured: 6e-8
          }
        }
      }
      const [a, b] = [stepped.snapshot(), gathered.snapshot()];
      for (const name of Object.keys(a[0])) expect(apart(b[0][name], a[0][name]), name).toBeLessThan(1e-5);
    },
  );
});

function apart(got: Tensor['data'], expected: Tensor['data']): number {
  expect(got.length).toBe(expected.length);
  return Array.from(expected, (x, k) => Math.abs(got[k] - x) / Math.max(1, Math.abs(x))).reduce(
    (a, b) => Math.max(a, b),
    0,
  );
}

describe('a predictor that gathers', () => {
  let model: Model;
  beforeAll(async () => {
    model = await loadModel('bar-lstm', { device: 'cpu' });
  });
  afterAll(() => model.dispose());

  async function watch(frames: number, options: PredictorOptions): Promise<{ strikes: Strike[]; rows: FrameAmplitudes[]; latency: number }> {
    const rows: FrameAmplitudes[] = [];
    const predictor = model.createPredictor(calibration, { fps: 25, threshold: 0.004, onAmplitudes: (row) => rows.push(row), ...options });
    const strikes: Strike[] = [];
    for (let k = 0; k < frames; k++) strikes.push(...(await predictor.push({ time: k / 25, luma: picture(k / 25) })));
    strikes.push(...(await predictor.flush()));
    return { strikes: strikes.sort((a, b) => a.time - b.time || a.midi - b.midi), rows, latency: predictor.latency };
  } // prettier-ignore

  // A clip of some blocks and a rest, one shorter than a block, one of blocks alone.
  it.each([59, 7, 48])(
    'hears of %i frames what one hears that does not',
    async (frames) => {
      const [one, many] = [await watch(frames, {}), await watch(frames, { gather: true })];
      expect(many.latency).toBe(one.latency + blockFrames - 1);
      if (frames > 20) expect(one.strikes.length).toBeGreaterThan(3);
      expect(many.strikes.map(({ midi }) => midi)).toEqual(one.strikes.map(({ midi }) => midi));
      many.strikes.forEach(({ time, velocity }, i) => {
        expect(Math.abs(time - one.strikes[i].time)).toBeLessThan(1e-5);
        expect(Math.abs(velocity - one.strikes[i].velocity)).toBeLessThan(1e-5);
      });
      expect(many.rows.map(({ time }) => time)).toEqual(one.rows.map(({ time }) => time));
      expect(many.rows).toHaveLength(frames);
      many.rows.forEach(({ amplitudes }, k) => {
        expect(apart(amplitudes, one.rows[k].amplitudes)).toBeLessThan(1e-4);
      });
    },
    240_000,
  );

  it('goes on from a snapshot in the middle of a block', async () => {
    const options = { fps: 25, threshold: 0.004, gather: true };
    const [first, second, other] = [0, 1, 2].map(() => model.createPredictor(calibration, options));
    const expected: Strike[] = [];
    for (let k = 0; k < 25; k++) expected.push(...(await first.push({ time: k / 25, luma: picture(k / 25) })));
    const state = structuredClone(first.snapshot());
    for (const predictor of [second, other]) predictor.restore(state);
    const heard: Strike[][] = [];
    for (const predictor of [first, second, other]) {
      const strikes: Strike[] = [];
      for (let k = 25; k < 50; k++) strikes.push(...(await predictor.push({ time: k / 25, luma: picture(k / 25) })));
      heard.push([...strikes, ...(await predictor.flush())]);
    }
    expect(heard[0].length).toBeGreaterThan(2);
    expect(heard[1]).toEqual(heard[0]);
    expect(heard[2]).toEqual(heard[0]);
    const steady = model.createPredictor(calibration, { fps: 25, threshold: 0.004 });
    expect(() => { steady.restore(state); }).toThrow(/got that of another/); // prettier-ignore
  });
});
