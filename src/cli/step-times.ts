// How long a model's steps take by the clock, whatever they run on: what Node's and a browser's measurements share.
import type { ModelCard } from '../model/card.js';
import type { RowStream } from '../model/row-stream.js';

/** Steps, one after the other. */
export interface StepTimes {
  /** Median and 95th percentile, ms. */
  readonly p50: number;
  readonly p95: number;
  readonly stepsPerSecond: number;
}

/** The value below which a part of the sorted ones lies. */
export const quantile = (sorted: Float64Array, part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];

/** Noise in the shape of a model's image for so many bars, [channels x height x width], so that nothing is skipped for being zero. */
export function noiseImage({ input }: Pick<ModelCard, 'input'>, bars: number): Float32Array {
  const [channels, height, width] = input.shape;
  const columns = input.cellWidth === undefined ? width : input.cellWidth * (bars + 2);
  let seed = 1;
  return Float32Array.from({ length: channels * height * columns }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32 - 0.5;
  });
}

/** Times so many steps, of an image that may stay the same. */
export async function timeSteps(stream: RowStream, image: Float32Array, steps: number): Promise<StepTimes> {
  const times = new Float64Array(steps);
  for (let k = 0; k < steps; k++) {
    const from = performance.now();
    await stream.step(image);
    times[k] = performance.now() - from;
  }
  const all = times.reduce((sum, time) => sum + time, 0);
  times.sort();
  return { p50: quantile(times, 0.5), p95: quantile(times, 0.95), stepsPerSecond: (1000 * steps) / all };
}
