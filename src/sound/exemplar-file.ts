// Banks of exemplars as files in Node; without a path, the one that comes with the package.
import { createRequire } from 'node:module';
import { writeAtomic } from '../atomic-file.js';
import { decodeExemplars, encodeExemplars, type ExemplarBank } from './exemplar-bank.js';
import { fileProblem, readWholeFile } from './file-bytes.js';

/**
 * Reads a bank of exemplars.
 * @param path default: the bank of the package, a sampled marimba on the eighteen bars of 2017.
 * @throws {SoundError} when there is no such file, or it is something else, damaged or cut short.
 */
export async function readExemplars(path?: string): Promise<ExemplarBank> {
  const packaged = 'deep-marimba/models/exemplars/fluidr3-marimba.exemplars';
  const file = path ?? createRequire(import.meta.url).resolve(packaged);
  return decodeExemplars(await readWholeFile(file), file);
}

/**
 * Writes a bank of exemplars. The file appears when it is complete; a failure leaves what was there before.
 * @throws {RangeError} when the bank holds nothing, or an exemplar makes no sense.
 * @throws {SoundError} when the file cannot be written.
 */
export async function writeExemplars(path: string, bank: ExemplarBank): Promise<void> {
  await writeAtomic(path, await encodeExemplars(bank)).catch((error: unknown) => {
    throw error instanceof RangeError ? error : fileProblem(path, error, 'write');
  });
}
