// Inputs and weights that test/golden/training/layers.py makes too, so that golden files hold only results.
import { type Shape, sizeOf } from '../../src/training/graph.js';
import { anatomy, type Architecture, type Weights } from '../../src/training/network.js';

/** Numbers in -1..1 that float32 holds exactly, from a hash of the name and the index. */
export function noise(name: string, length: number): Float32Array {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  return Float32Array.from({ length }, (_, k) => {
    let h = (Math.imul(k, 0x9e3779b1) + seed) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
    return (h >>> 8) / 2 ** 23 - 1;
  });
}

/** Weights as layers.py has them; buffers as they are initially. */
export function noiseWeights(architecture: Architecture): Weights {
  const { parameters, buffers } = anatomy(architecture);
  const weights = new Map<string, Float32Array>();
  for (const { name, shape } of parameters) {
    const size = sizeOf(shape);
    const scale = Math.fround(shape.length > 1 ? 1.5 * Math.sqrt(Math.max(...shape) / size) : 0.3);
    weights.set(
      name,
      noise(name, size).map((x) => x * scale + (name.endsWith('scale') ? 1 : 0)),
    );
  }
  for (const { name, shape, initial } of buffers) weights.set(name, new Float32Array(sizeOf(shape)).fill(initial));
  return weights;
}

/** Inputs, targets in 0..1 and masks of 0 and 1 as layers.py has them. */
export function noiseBatch(
  data: readonly { readonly name: string; readonly shape: Shape }[],
): Record<string, Float32Array> {
  const array = (name: string, raw: Float32Array): Float32Array => {
    if (name.startsWith('target.')) return raw.map((x) => (x + 1) / 2);
    return name.startsWith('mask.') ? raw.map((x) => (x > -0.4 ? 1 : 0)) : raw;
  };
  return Object.fromEntries(data.map(({ name, shape }) => [name, array(name, noise(name, sizeOf(shape)))]));
}
