// bar-lstm: one small network looks at every bar of the strip, and every bar remembers.
import { conv, convLstm, crop, dropout, heads, lstm, relu, rows, skip } from '../layers/index.js';
import type { Architecture } from '../network.js';
import { expectCounts, expectOneOf, fillOptions, STANDARD_OUTPUTS } from './options.js';

/** Pixels per bar across the strip; the strides of the convolutions below multiply to it. */
export const BAR_WIDTH = 12;

/** Options of `barLstm`. */
export interface BarLstmOptions {
  /** Nominal number of bars; any number works at run time. */
  readonly bars?: number;
  /** Height of the strip, a multiple of 16, at least 48. */
  readonly height?: number;
  /** Image channels. */
  readonly channels?: number;
  /** Cells beyond the outermost bars, on either side of the strip; they are seen, and get no answer. */
  readonly margin?: number;
  /** Filters of the four convolutions. */
  readonly filters?: readonly [number, number, number, number];
  /** Units of the recurrent state of each bar. */
  readonly units?: number;
  /** 'lstm' keeps bars apart, 'conv-lstm' couples neighbours. */
  readonly recurrence?: 'lstm' | 'conv-lstm';
  /** Probability with which features are dropped before the heads. */
  readonly dropout?: number;
  /** Names of the outputs, one per bar each. */
  readonly outputs?: readonly string[];
  /** Names of further outputs, which only a training listens to; none in what ships. */
  readonly cues?: readonly string[];
}

const DEFAULTS: Required<BarLstmOptions> = {
  bars: 18,
  height: 48,
  channels: 3,
  margin: 1,
  filters: [16, 32, 48, 64],
  units: 64,
  recurrence: 'lstm',
  dropout: 0,
  outputs: STANDARD_OUTPUTS,
  cues: [],
};

/**
 * Strip [3 x height x 12 (bars + 2 margin)] to outputs [bars]. Weights are shared between bars, so a network trained on
 * a few bars plays any instrument.
 * @throws RangeError for an unknown option, one that cannot be, or a height that does not collapse to one row.
 */
export function barLstm(options: BarLstmOptions = {}): Architecture {
  const filled = fillOptions<BarLstmOptions>('bar-lstm', DEFAULTS, options);
  const { bars, height, channels, margin, filters, units, recurrence } = filled;
  if (height % 16 !== 0 || height < 48) throw new RangeError(`expected a height of 48, 64, 80, ..., got ${height}`);
  expectCounts('bar-lstm', { bars, channels, units, filters });
  const { length } = filters as readonly number[];
  if (length !== 4) throw new RangeError(`expected four numbers of filters, got ${length}`);
  expectOneOf('bar-lstm', 'recurrence', recurrence, ['lstm', 'conv-lstm']);
  const [a, b, c, d] = filters;
  const coupled = skip({ layers: [convLstm({ filters: units, kernel: [1, 3] })] });
  const cues = filled.cues.length > 0 ? [skip({ layers: [heads({ outputs: filled.cues })], combine: 'drop' })] : [];
  const apart = skip({ layers: [lstm({ units })] });
  return {
    name: 'bar-lstm',
    options: filled,
    input: { name: 'image', shape: [channels, height, BAR_WIDTH * (bars + 2 * margin)], freeAxis: 2 },
    notes: bars,
    layers: [
      conv({ filters: a, kernel: [8, 6], stride: [4, 3], padding: 2 }),
      relu({}),
      conv({ filters: b, kernel: [3, 4], stride: 2, padding: 1 }),
      relu({}),
      conv({ filters: c, kernel: 4, stride: 2, padding: 1 }),
      relu({}),
      conv({ filters: d, kernel: [height / 16, 3], padding: [0, 1] }),
      relu({}),
      crop({ margin }),
      ...(recurrence === 'conv-lstm' ? [coupled, rows({})] : [rows({}), apart]),
      ...cues,
      dropout({ rate: filled.dropout }),
      heads({ outputs: filled.outputs }),
    ],
  };
}
