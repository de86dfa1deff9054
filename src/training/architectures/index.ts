// The architectures by name.
import type { Architecture } from '../network.js';
import { barLstm } from './bar-lstm.js';
import { cnnLstm } from './cnn-lstm.js';
import { convLstmNetwork } from './conv-lstm.js';
import { fcLstm } from './fc-lstm.js';

export { barLstm, cnnLstm, convLstmNetwork, fcLstm };

const makers = { 'bar-lstm': barLstm, 'cnn-lstm': cnnLstm, 'conv-lstm': convLstmNetwork, 'fc-lstm': fcLstm };

/** Names of the architectures. */
export const architectureNames: readonly string[] = Object.keys(makers);

/**
 * An architecture from its name and options, as a configuration file or a card has them.
 * @throws RangeError for an unknown name, or an option that is unknown or of the wrong kind.
 */
export function makeArchitecture(name: string, options: Readonly<Record<string, unknown>> = {}): Architecture {
  if (!Object.hasOwn(makers, name)) {
    throw new RangeError(`expected an architecture (${architectureNames.join(', ')}), got "${name}"`);
  }
  return makers[name as keyof typeof makers](options);
}
