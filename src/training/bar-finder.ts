// The network that paints bars, as layers to be trained. `src/video/bar-network.ts` is the same in plain loops.
import { channels, conv, type Layer, pixelShuffle, relu, skip } from './layers/index.js';
import { anatomy, type Architecture, type Weights } from './network.js';
import { encodeSafeTensors } from './safetensors.js';

/** What it paints: the middle of every bar, of those in the far row of two, and whole bars. */
export const paints = ['core', 'back', 'inside'] as const;

/** Pixels of a training picture; the last rows are blank. */
export const finderPicture = { width: 640, height: 384, rows: 360 } as const;

const filters = [16, 32, 48, 64] as const;

/**
 * A U-shaped network over a grey picture, [1 x height x width], to logits at half its resolution: a quarter, an eighth, ... of the
 * resolution and back, what was seen on the way down beside what comes up. **Source:** Ronneberger et al. 2015.
 */
export function barFinder({ width, height }: { readonly width: number; readonly height: number }): Architecture {
  const [a, b, c, d] = filters;
  const layer = (count: number, stride = 1): Layer[] => [
    conv({ filters: count, kernel: 3, stride, padding: 'same' }),
    relu({}),
  ];
  const up = (count: number): Layer[] => [conv({ filters: 4 * count, kernel: 1 }), pixelShuffle({})];
  const deepest = skip({ layers: [...layer(d, 2), ...layer(d), ...layer(d), ...up(c)] });
  const deeper = skip({ layers: [...layer(c, 2), ...layer(c), deepest, ...layer(c), ...up(b)] });
  const deep = skip({ layers: [...layer(b, 2), ...layer(b), deeper, ...layer(b), ...up(a)] });
  return {
    name: 'bar-finder',
    options: {},
    input: { name: 'image', shape: [1, height, width] },
    notes: (width / 2) * (height / 2),
    layers: [
      conv({ filters: a, kernel: 8, stride: 4, padding: 'same' }),
      relu({}),
      deep,
      ...layer(a),
      ...layer(a),
      ...up(paints.length),
      channels({ outputs: paints }),
    ],
  };
}

/** Its weights as a safetensors file, in the order in which the network uses them. */
export function finderFile(weights: Weights): Uint8Array {
  const { parameters } = anatomy(barFinder(finderPicture));
  const tensors = new Map(parameters.map(({ name, shape }) => [name, { data: weights.get(name)!, shape }]));
  return encodeSafeTensors({ tensors, metadata: { architecture: 'bar-finder' } });
}
