// fc-lstm: memory over the features of a frozen network that was trained on photographs.
import { batchNorm, dropout, heads, lstm } from '../layers/index.js';
import type { Architecture } from '../network.js';
import { expectCounts, expectOneOf, fillOptions, STANDARD_OUTPUTS } from './options.js';

/** Options of `fcLstm`. */
export interface FcLstmOptions {
  /** Notes answered for. */
  readonly notes?: number;
  /** Features per frame. */
  readonly features?: number;
  /** Whether features are brought to mean 0 and variance 1, each on its own. */
  readonly normalization?: 'batch' | 'none';
  /** Units of the stacked recurrent layers. */
  readonly units?: readonly number[];
  /** Probability with which features are dropped before each recurrent layer. */
  readonly dropout?: number;
  /** Names of the outputs, one per note each. */
  readonly outputs?: readonly string[];
}

const DEFAULTS: Required<FcLstmOptions> = {
  notes: 18,
  features: 512,
  normalization: 'none',
  units: [256, 256],
  dropout: 0.2,
  outputs: STANDARD_OUTPUTS,
};

/**
 * Features [features] of one frame to outputs [notes].
 *
 * **Source:** Lamtharn Hantrakul et al., Deep Auditory Hallucinations, 2017, FC-LSTM; after Owens et al. 2016.
 * @throws RangeError for an unknown option, or one that cannot be.
 */
export function fcLstm(options: FcLstmOptions = {}): Architecture {
  const filled = fillOptions<FcLstmOptions>('fc-lstm', DEFAULTS, options);
  const { dropout: rate, outputs, normalization, ...counts } = filled;
  expectCounts('fc-lstm', counts);
  expectOneOf('fc-lstm', 'normalization', normalization, ['batch', 'none']);
  return {
    name: 'fc-lstm',
    options: filled,
    input: { name: 'features', shape: [filled.features] },
    notes: filled.notes,
    layers: [
      ...(normalization === 'batch' ? [batchNorm({})] : []),
      ...filled.units.flatMap((units) => [dropout({ rate }), lstm({ units })]),
      heads({ outputs, notes: filled.notes }),
    ],
  };
}
