// cnn-lstm: the convolutional network of 2017, its memory now over time.
import { conv, dense, dropout, flatten, heads, lstm, relu } from '../layers/index.js';
import type { Architecture } from '../network.js';
import { expectCounts, fillOptions, STANDARD_OUTPUTS } from './options.js';

/** Options of `cnnLstm`. */
export interface CnnLstmOptions {
  /** Notes answered for. */
  readonly notes?: number;
  /** Image size, pixels. */
  readonly height?: number;
  readonly width?: number;
  /** Image channels: three consecutive gray frames, or differences. */
  readonly channels?: number;
  /** Convolutions, each followed by ReLU: filters, kernel, stride; padded as TensorFlow's 'same'. */
  readonly convolutions?: readonly (readonly [filters: number, kernel: number, stride: number])[];
  /** Units of the fully connected layers, each followed by ReLU and dropout. */
  readonly dense?: readonly number[];
  /** Units of the stacked recurrent layers. */
  readonly units?: readonly number[];
  /** Probability with which features are dropped. */
  readonly dropout?: number;
  /** Names of the outputs, one per note each. */
  readonly outputs?: readonly string[];
}

const DEFAULTS: Required<CnnLstmOptions> = {
  notes: 18,
  height: 100,
  width: 100,
  channels: 3,
  convolutions: [
    [32, 16, 8],
    [64, 8, 4],
    [128, 4, 2],
    [256, 2, 1],
  ],
  dense: [1024, 512],
  units: [256, 256],
  dropout: 0.2,
  outputs: STANDARD_OUTPUTS,
};

/**
 * Whole picture [channels x height x width] to outputs [notes]. The defaults are the stack of 2017 on its 100 x 100 gray
 * space-time images; a rectified view wants smaller strides.
 *
 * **Source:** Lamtharn Hantrakul et al., Deep Auditory Hallucinations, 2017, CNN-LSTM.
 * @throws RangeError for an unknown option, or one that cannot be.
 */
export function cnnLstm(options: CnnLstmOptions = {}): Architecture {
  const filled = fillOptions<CnnLstmOptions>('cnn-lstm', DEFAULTS, options);
  const { dropout: rate, outputs, ...counts } = filled;
  expectCounts('cnn-lstm', counts);
  const drop = dropout({ rate });
  return {
    name: 'cnn-lstm',
    options: filled,
    input: { name: 'image', shape: [filled.channels, filled.height, filled.width] },
    notes: filled.notes,
    layers: [
      ...filled.convolutions.flatMap(([filters, kernel, stride]) => [
        conv({ filters, kernel, stride, padding: 'same' }),
        relu({}),
      ]),
      flatten({}),
      ...filled.dense.flatMap((units) => [dense({ units }), relu({}), drop]),
      ...filled.units.map((units) => lstm({ units })),
      heads({ outputs, notes: filled.notes }),
    ],
  };
}
