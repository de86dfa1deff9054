// Layers of networks that answer with pictures.
import { reshape, slice, transpose } from '../operators.js';
import { defineLayer } from './layer.js';

/**
 * [items x 4 channels x height x width] to [items x channels x 2 height x 2 width]: of every four channels the first two make even
 * rows, the others odd ones. **Source:** Shi et al. 2016, sub-pixel convolution.
 */
export const pixelShuffle = defineLayer('pixelShuffle', [], {}, (_, { tape }, x) => {
  const [items, channels, height, width] = x.shape as [number, number, number, number];
  if (channels % 4 !== 0) throw new RangeError(`expected channels by the four, got ${channels}`);
  const apart = reshape(tape, x, [items, channels / 4, 2, 2, height, width]);
  const woven = transpose(tape, apart, [0, 1, 4, 2, 5, 3]);
  return reshape(tape, woven, [items, channels / 4, 2 * height, 2 * width]);
});

/** Makes every channel an output of its own, one "note" a pixel. */
export const channels = defineLayer<{ outputs: readonly string[] }, object>(
  'channels',
  ['outputs'],
  {},
  ({ outputs }, scope, x) => {
    if (x.shape[1] !== outputs.length) {
      throw new RangeError(`expected ${outputs.length} channels, got ${x.shape[1]}`);
    }
    outputs.forEach((name, k) => {
      scope.output(name, slice(scope.tape, x, 1, k, k + 1));
    });
    return x;
  },
);
