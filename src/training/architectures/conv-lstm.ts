// conv-lstm: memory that is itself a picture, as in 2017.
import { batchNorm, conv3d, convLstm, dense, dropout, flatten, heads, layerNorm, relu } from '../layers/index.js';
import type { Architecture } from '../network.js';
import { expectCounts, expectOneOf, fillOptions, STANDARD_OUTPUTS } from './options.js';

/** Options of `convLstmNetwork`. */
export interface ConvLstmOptions {
  /** Notes answered for. */
  readonly notes?: number;
  /** Image size, pixels. */
  readonly height?: number;
  readonly width?: number;
  /** Image channels: three consecutive gray frames, or differences. */
  readonly channels?: number;
  /** ConvLSTM2D layers: filters, kernel, stride; padded as TensorFlow's 'same'. */
  readonly cells?: readonly (readonly [filters: number, kernel: number, stride: number])[];
  /** Kernel of the hidden state in every cell. */
  readonly recurrentKernel?: number;
  /** What follows each cell. */
  readonly normalization?: 'batch' | 'layer' | 'none';
  /** Filters of the 3 x 3 x 3 convolution over time and picture. */
  readonly volume?: number;
  /** Units of the fully connected layers, each followed by ReLU and dropout. */
  readonly dense?: readonly number[];
  /** Probability with which features are dropped. */
  readonly dropout?: number;
  /** Names of the outputs, one per note each. */
  readonly outputs?: readonly string[];
}

const DEFAULTS: Required<ConvLstmOptions> = {
  notes: 18,
  height: 100,
  width: 100,
  channels: 3,
  cells: [
    [16, 8, 4],
    [32, 4, 2],
    [64, 3, 2],
    [128, 3, 1],
  ],
  recurrentKernel: 3,
  normalization: 'batch',
  volume: 16,
  dense: [512],
  dropout: 0.2,
  outputs: STANDARD_OUTPUTS,
};

/**
 * Whole picture [channels x height x width] to outputs [notes] through ConvLSTM2D layers, a convolution over time and
 * picture that looks back only, and fully connected layers.
 *
 * **Source:** Lamtharn Hantrakul et al., Deep Auditory Hallucinations, 2017, ConvLSTM.
 * @throws RangeError for an unknown option, or one that cannot be.
 */
export function convLstmNetwork(options: ConvLstmOptions = {}): Architecture {
  const filled = fillOptions<ConvLstmOptions>('conv-lstm', DEFAULTS, options);
  const { normalization: kind, dropout: rate, outputs, ...counts } = filled;
  expectCounts('conv-lstm', counts);
  const normalizations = { batch: [batchNorm({})], layer: [layerNorm({})], none: [] };
  expectOneOf('conv-lstm', 'normalization', kind, Object.keys(normalizations));
  const normalization = normalizations[kind];
  const { recurrentKernel } = filled;
  return {
    name: 'conv-lstm',
    options: filled,
    input: { name: 'image', shape: [filled.channels, filled.height, filled.width] },
    notes: filled.notes,
    layers: [
      ...filled.cells.flatMap(([filters, kernel, stride]) => [
        convLstm({ filters, kernel, stride, recurrentKernel }),
        ...normalization,
      ]),
      conv3d({ filters: filled.volume, kernel: [3, 3, 3] }),
      relu({}),
      flatten({}),
      ...filled.dense.flatMap((units) => [dense({ units }), relu({}), dropout({ rate })]),
      heads({ outputs, notes: filled.notes }),
    ],
  };
}
