// MonoMix: channels to their mean, piece by piece, with the extremes of all that has passed.
import { f32, openInstance } from './instance.js';
import type { Kernels } from './module.js';

/** Mixes sound to mono. */
export class MonoMix {
  /** [channels] arrays of `capacity` samples, to be filled before each run. */
  readonly inputs: readonly Float32Array[];
  /** [capacity] mean of the channels, valid until the next `run()`. */
  readonly output: Float32Array;
  readonly #run: (samples: number) => void;
  readonly #extremes: Float32Array;

  /** @param capacity the most samples one run may have, a multiple of 4. */
  constructor(kernels: Kernels, channels: number, capacity: number) {
    const { exports, views, at } = openInstance(kernels, {
      inputs: f32(channels * capacity),
      output: f32(capacity),
      extremes: f32(8),
    });
    views.extremes.fill(-Infinity, 0, 4).fill(Infinity, 4);
    this.inputs = Array.from({ length: channels }, (_, c) => views.inputs.subarray(c * capacity, (c + 1) * capacity));
    this.output = views.output;
    this.#extremes = views.extremes;
    this.#run = (samples) => {
      exports.mixMean(samples, channels, at.inputs, 4 * capacity, 1 / channels, at.output, at.extremes);
    };
  }

  /** Mixes the first `samples` samples of the inputs; those up to the next multiple of 4 are overwritten. */
  run(samples: number): void {
    const whole = (samples + 3) & ~3;
    // The kernel sees fours; a repeated sample changes no extreme.
    if (whole > samples) for (const input of this.inputs) input.fill(input[samples - 1], samples, whole);
    this.#run(whole);
  }

  /** The highest sample of all runs; NaN once one was not a number. */
  get highest(): number {
    const [a, b, c, d] = this.#extremes;
    return Math.max(a, b, c, d);
  }

  /** The lowest sample of all runs; NaN once one was not a number. */
  get lowest(): number {
    const [, , , , a, b, c, d] = this.#extremes;
    return Math.min(a, b, c, d);
  }
}
