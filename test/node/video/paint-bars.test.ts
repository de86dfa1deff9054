// The network that paints bars: plain loops against onnxruntime, pictures of any size, and that it learns.
import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../src/cli/onnxruntime.js';
import { barFinder, finderFile, paints } from '../../../src/training/bar-finder.js';
import { drawSample, finderStill, type FinderSample } from '../../../src/training/finder-pictures.js';
import { trainBarFinder } from '../../../src/training/finder-training.js';
import { exportOnnx } from '../../../src/training/export-onnx.js';
import { anatomy } from '../../../src/training/network.js';
import { Random } from '../../../src/training/random.js';
import { decodeSafeTensors } from '../../../src/training/safetensors.js';
import { barWeights } from '../../../src/video/generated/bar-weights.js';
import { runNetwork } from '../../../src/video/bar-network.js';
import { paintAt, paintBars } from '../../../src/video/paint-bars.js';
import { still } from '../../support/stills.js';

/** The packed weights as the training names them. */
function shipped(): Map<string, Float32Array> {
  const { parameters } = anatomy(barFinder({ width: 64, height: 64 }));
  const bytes = Buffer.from(barWeights.bytes, 'base64');
  const numbers = new Float32Array(new Uint8Array(Buffer.from(barWeights.numbers, 'base64')).buffer);
  let [at, number] = [0, 0];
  return new Map(
    parameters.map(({ name, shape }): [string, Float32Array] => {
      const [filters] = shape;
      if (name.endsWith('.bias')) return [name, numbers.subarray((number += filters) - filters, number)];
      const factors = numbers.subarray(number, (number += filters));
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, Float32Array.from({ length: size }, (_, i) => bytes.readInt8(at++) * factors[Math.floor((i * filters) / size)])]; // prettier-ignore
    }),
  );
}

describe('the network that paints bars', () => {
  it('says in plain loops what onnxruntime says', async () => {
    const [width, height] = [128, 96];
    const random = new Random(3, 'picture');
    const image = Float32Array.from({ length: width * height }, () => random.normal());
    const session = await (await nodeRuntime())(exportOnnx(barFinder({ width, height }), shipped()));
    const expected = await session.run({ image: { data: image, shape: [1, 1, height, width] } }, [...paints]);
    await session.release();
    const painted = runNetwork(image, width, height);
    expect([painted.width, painted.height]).toEqual([64, 48]);
    for (const name of paints) {
      const [ours, theirs] = [painted[name], expected[name].data];
      expect(ours.length).toBe(theirs.length);
      // Logits of up to 20.
      for (let i = 0; i < ours.length; i++) expect(Math.abs(ours[i] - theirs[i])).toBeLessThan(1e-3);
    }
  });

  it.each([
    [480, 270],
    [1280, 720],
    [270, 480],
  ])('paints bars and not what is between them, %i x %i', (width, height) => {
    // Ten planks on a table, all in the picture.
    const { truth, picture } = still(5, 'train', { width, height, instrument: 'planks' });
    const maps = paintBars(picture);
    expect(maps.scale).toBeCloseTo(Math.max(width, height) / 320, 2);
    const { bars } = truth.calibration;
    const middle = (quads: readonly (readonly (readonly [number, number])[])[]): [number, number] => {
      const points = quads.flat();
      return [0, 1].map((k) => points.reduce((sum, point) => sum + point[k], 0) / points.length) as [number, number];
    };
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    const on = mean(bars.map(({ quad }) => paintAt(maps, ...middle([quad]))));
    const between = mean(bars.slice(1).map(({ quad }, i) => paintAt(maps, ...middle([bars[i].quad, quad]))));
    expect(on).toBeGreaterThan(between + 0.5);
  });

  it('is taught to paint inside the bars, wherever the picture was moved', () => {
    const random = new Random(1, 'test');
    let picture;
    for (let seed = 7; picture === undefined; seed++) picture = finderStill(seed, random);
    const [pixels, cells] = [640 * 384, 320 * 192];
    const maps = Object.fromEntries(paints.map((name) => [name, new Float32Array(cells)]));
    const sample = { image: new Float32Array(pixels), ...maps } as FinderSample;
    for (let round = 0; round < 5; round++) {
      drawSample(picture, random, sample);
      let core = 0;
      for (let i = 0; i < cells; i++) {
        expect(sample.core[i]).toBeLessThanOrEqual(sample.inside[i] + 1e-6);
        expect(sample.back[i]).toBeLessThanOrEqual(sample.core[i] + 1e-6);
        core += sample.core[i];
      }
      expect(core).toBeGreaterThan(100);
      const shown = sample.image.subarray(0, 640 * 360);
      expect(shown.every(Number.isFinite)).toBe(true);
      expect(sample.image.subarray(640 * 360).every((value) => value === 0)).toBe(true);
    }
  });

  it('learns, and its file keeps the order of the layers', async () => {
    const losses: number[] = [];
    const weights = await trainBarFinder({
      ...{ runtime: await nodeRuntime(), scenes: 3, steps: 12, seed: 2 },
      onProgress: ({ step, loss }) => {
        if (step > 0) losses.push(loss);
      },
    });
    expect(losses.length).toBe(12);
    expect(Math.min(...losses.slice(-3))).toBeLessThan(0.9 * losses[0]);
    const { tensors, metadata } = decodeSafeTensors(finderFile(weights));
    expect(metadata).toEqual({ architecture: 'bar-finder' });
    expect([...tensors.keys()].filter((name) => name.endsWith('.weight')).length).toBe(barWeights.shapes.length);
    expect(
      [...tensors.values()].filter(({ shape }) => shape.length === 4).map(({ shape }) => shape.slice(0, 3)),
    ).toEqual(barWeights.shapes);
  });
});
