// The bar finder's training.
import type { Runtime } from '../model/onnx-runtime.js';
import { barFinder, finderPicture, paints } from './bar-finder.js';
import { drawSample, finderStill, type FinderPicture, type FinderSample } from './finder-pictures.js';
import type { Weights } from './network.js';
import { Random } from './random.js';
import { cosineSchedule } from './schedule.js';
import { Trainer } from './trainer.js';

/** How the bar finder is trained. */
export interface FinderTraining {
  readonly runtime: Runtime;
  /** Scenes to draw pictures from, about one of four of which is left out; default 3000. */
  readonly scenes?: number;
  /** Steps of four pictures each; default 4000. */
  readonly steps?: number;
  /** Seed of weights, scenes and changes; default 1. */
  readonly seed?: number;
  /** Weights to start from. */
  readonly weights?: Weights;
  /** Told after every picture that was made, and after every step. */
  readonly onProgress?: (progress: { readonly pictures: number; readonly step: number; readonly loss: number }) => void;
}

const batch = 4;

/** Trains the network that paints bars. The same seed gives the same weights. */
export async function trainBarFinder(options: FinderTraining): Promise<Weights> {
  const { runtime, scenes = 3000, steps = 4000, seed = 1, weights, onProgress } = options;
  const draw = new Random(seed, 'pictures');
  const pictures: FinderPicture[] = [];
  for (let k = 0; k < scenes; k++) {
    const picture = finderStill(seed * 10_000_000 + k, draw);
    if (picture === undefined) continue;
    pictures.push(picture);
    onProgress?.({ pictures: pictures.length, step: 0, loss: NaN });
  }
  const trainer = await Trainer.create({
    architecture: barFinder(finderPicture),
    ...{ batch, frames: 1, runtime, seed },
    ...(weights ? { weights } : {}),
    losses: [
      { output: 'core', kind: 'bce', positiveWeight: 2 },
      { output: 'back', kind: 'bce', weight: 0.5, positiveWeight: 2 },
      { output: 'inside', kind: 'bce', weight: 0.5 },
    ],
    optimizer: { weightDecay: 1e-4, clipNorm: 3 },
    schedule: cosineSchedule({ peak: 2e-3, total: steps, warmup: Math.min(200, steps - 1), floor: 2e-5 }),
    averageDecay: 0.998,
  });
  try {
    const random = new Random(seed, 'changes');
    const { width, height, rows } = finderPicture;
    const [pixels, cells, shown] = [width * height, (width * height) / 4, (width * rows) / 4];
    const data: Record<string, Float32Array> = { image: new Float32Array(batch * pixels) };
    for (const name of paints) {
      data[`target.${name}`] = new Float32Array(batch * cells);
      data[`mask.${name}`] = Float32Array.from({ length: batch * cells }, (_, i) => Number(i % cells < shown));
    }
    let order: FinderPicture[] = [];
    while (trainer.step < steps) {
      for (let b = 0; b < batch; b++) {
        if (order.length === 0) order = shuffled(pictures, random);
        const part = (name: string, size: number): Float32Array => data[name].subarray(b * size, (b + 1) * size);
        const maps = Object.fromEntries(paints.map((name) => [name, part(`target.${name}`, cells)]));
        drawSample(order.pop()!, random, { image: part('image', pixels), ...maps } as FinderSample);
      }
      const { step, loss } = await trainer.trainStep({ data });
      onProgress?.({ pictures: pictures.length, step, loss });
    }
    return trainer.weights();
  } finally {
    await trainer.release();
  }
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const k = Math.floor(random.uniform() * (i + 1));
    [out[i], out[k]] = [out[k], out[i]];
  }
  return out;
}
