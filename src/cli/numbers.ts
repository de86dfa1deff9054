// Numbers as people type them on the command line.
import { InvalidArgumentError } from 'commander';

/** Parses a whole number from `low` up. @throws {InvalidArgumentError} for anything else. */
export const wholeFrom =
  (low: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < low) {
      throw new InvalidArgumentError(`Expected a whole number from ${low}.`);
    }
    return value;
  };
