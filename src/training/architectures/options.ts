// What the architectures share: the outputs of the model contract, and the check of options from configuration files.

/** What every model answers for each note: strike logit, sub-frame time (frames), velocity and amplitude (linear). */
export const STANDARD_OUTPUTS: readonly string[] = ['onset', 'offset', 'velocity', 'amplitude'];

const kindOf = (value: unknown): string => (Array.isArray(value) ? 'list' : typeof value);

/**
 * Given options over defaults.
 * @throws RangeError for an option that `name` does not have, and for a value of another kind than the default's.
 */
export function fillOptions<Options extends object>(
  name: string,
  defaults: Required<Options>,
  given: Options,
): Required<Options> {
  for (const [option, value] of Object.entries(given)) {
    if (!(option in defaults)) {
      throw new RangeError(`expected options of ${name} (${Object.keys(defaults).join(', ')}), got "${option}"`);
    }
    const kind = kindOf(defaults[option as keyof Options]);
    if (kindOf(value) !== kind || (typeof value === 'number' && !(value >= 0))) {
      throw new RangeError(`expected a ${kind} for "${option}" of ${name}, got ${JSON.stringify(value)}`);
    }
  }
  return { ...defaults, ...given };
}
