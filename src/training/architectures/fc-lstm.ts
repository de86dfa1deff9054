// fc-lstm: memory over the features of a frozen network that was trained on photographs.
import { dropout, heads, lstm } from '../layers/index.js';
import type { Architecture } from '../network.js';
import { expectCounts, fillOptions, STANDARD_OUTPUTS } from './options.js';

/** Options of `fcLstm`. */
export interface FcLstmOptions {
  /** Notes answered for. */
  readonly notes?: number;
  /** Features per frame. */
  readonly features?: number;
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
  const { dropout: rate, outputs, ...counts } = filled;
  expectCounts('fc-lstm', counts);
  return {
    name: 'fc-lstm',
    options: filled,
    input: { name: 'features', shape: [filled.features] },
    notes: filled.notes,
    layers: [
      ...filled.units.flatMap((units) => [dropout({ rate }), lstm({ units })]),
      heads({ outputs, notes: filled.notes }),
    ],
  };
}
