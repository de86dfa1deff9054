// Every kind of layer by name: the vocabulary of architectures and configuration files.
import { crop, dropout, flatten, relu, rows, sigmoid, silu, tanh } from './activations.js';
import { conv, conv3d } from './conv.js';
import { dense, heads } from './dense.js';
import type { Layer, LayerDescription } from './layer.js';
import { channels, pixelShuffle } from './maps.js';
import { batchNorm, layerNorm } from './normalization.js';
import { convLstm, lstm } from './recurrent.js';
import { skip } from './skip.js';

export {
  batchNorm,
  channels,
  conv,
  conv3d,
  convLstm,
  crop,
  dense,
  dropout,
  flatten,
  heads,
  layerNorm,
  lstm,
  pixelShuffle,
  relu,
  rows,
  sigmoid,
  silu,
  skip,
  tanh,
};
export type { Layer, LayerDescription } from './layer.js';

const kinds = {
  ...{ batchNorm, channels, conv, conv3d, convLstm, crop, dense, dropout, flatten, heads },
  ...{ layerNorm, lstm, pixelShuffle, relu, rows, sigmoid, silu, skip, tanh },
};

/** A layer as plain data, for cards and configuration files. */
export function describeLayer({ kind, options }: Layer): LayerDescription {
  const plain = Object.entries(options).map(([name, value]): [string, unknown] => [
    name,
    name === 'layers' ? (value as readonly Layer[]).map(describeLayer) : value,
  ]);
  return { layer: kind, ...Object.fromEntries(plain) };
}

/**
 * A layer from plain data.
 * @throws RangeError for an unknown kind of layer, or an option that is missing or unknown.
 */
export function parseLayer({ layer, ...given }: LayerDescription): Layer {
  if (!Object.hasOwn(kinds, layer)) {
    throw new RangeError(`expected a layer (${Object.keys(kinds).join(', ')}), got "${layer}"`);
  }
  const options = Object.entries(given).map(([name, value]): [string, unknown] => [
    name,
    name === 'layers' ? (value as readonly LayerDescription[]).map(parseLayer) : value,
  ]);
  const make = kinds[layer as keyof typeof kinds] as (options: object) => Layer;
  return make(Object.fromEntries(options));
}
