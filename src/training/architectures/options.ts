// What the architectures share: the outputs of the model contract, and the check of options from configuration files.

/** What every model answers for each note: strike logit, sub-frame time (frames), velocity and amplitude (linear). */
export const STANDARD_OUTPUTS: readonly string[] = ['onset', 'offset', 'velocity', 'amplitude'];

const kindOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value);

/**
 * Whether a value is as its default is: the same kind, numbers from 0 on, and lists of what the default lists,
 * where those are lists, as long.
 */
function isLike(value: unknown, example: unknown): boolean {
  if (kindOf(value) !== kindOf(example)) return false;
  if (typeof value === 'number') return value >= 0 && value < Infinity;
  if (!Array.isArray(value)) return true;
  const [first] = example as readonly unknown[];
  const alike = (item: unknown): boolean =>
    isLike(item, first) && (!Array.isArray(first) || (item as readonly unknown[]).length === first.length);
  return first === undefined || value.every(alike);
}

/**
 * Given options over defaults.
 * @throws RangeError for an option that `name` does not have, and for a value of another kind than the default's.
 */
export function fillOptions<Options extends object>(
  name: string,
  defaults: Required<Options>,
  given: Options,
): Required<Options> {
  if (kindOf(given) !== 'object') {
    throw new RangeError(`expected the options of ${name} by name, got ${JSON.stringify(given)}`);
  }
  for (const [option, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, option)) {
      throw new RangeError(`expected options of ${name} (${Object.keys(defaults).join(', ')}), got "${option}"`);
    }
    const example = defaults[option as keyof Options];
    if (!isLike(value, example)) {
      const kind = kindOf(example);
      const article = kind === 'object' ? 'an' : 'a';
      const like = kind === 'list' ? ` like ${JSON.stringify(example)}` : '';
      throw new RangeError(
        `expected ${article} ${kind}${like} for "${option}" of ${name}, got ${JSON.stringify(value)}`,
      );
    }
  }
  return { ...defaults, ...given };
}

/** @throws RangeError for an option that is no whole number from 1, nor a list of such. */
export function expectCounts(name: string, options: Readonly<Record<string, unknown>>): void {
  for (const [option, value] of Object.entries(options)) {
    const numbers = [value].flat(2);
    if (!numbers.every((count) => Number.isInteger(count) && (count as number) > 0)) {
      throw new RangeError(`expected whole numbers from 1 for "${option}" of ${name}, got ${JSON.stringify(value)}`);
    }
  }
}

/** @throws RangeError for an option that is none of the values that there are. */
export function expectOneOf(name: string, option: string, value: string, values: readonly string[]): void {
  if (!values.includes(value)) {
    throw new RangeError(`expected "${option}" of ${name} to be one of ${values.join(', ')}, got "${value}"`);
  }
}
