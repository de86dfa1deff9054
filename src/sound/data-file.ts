// Files of amplitudes and strikes in Node: told apart by what they hold, written whole or not at all.
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { writeAtomic } from '../atomic-file.js';
import { SoundError } from '../errors.js';
import type { NoteAmplitudes, Strike } from '../types.js';
import { formatEvents, parseEvents, type Events, type EventsFacts } from './events.js';
import { amplitudesOf, formatFeatures, parseFeatures, type FeaturesOptions } from './features.js';
import { fileBytes, fileProblem, readWholeFile } from './file-bytes.js';
import { isHdf5, readHdf5Features, writeHdf5Features } from './hdf5.js';
import { isMat5, readMat5 } from './mat.js';
import { decodeMidi, encodeMidi, isMidi, type MidiOptions } from './midi.js';
import { formatNpy, isNpy, parseNpy } from './npy.js';
import { isWav } from './wav.js';

/** What a data file turned out to hold. */
export type MarimbaData = { readonly amplitudes: NoteAmplitudes } | Events;

/** What a wrong file looks like, to say so. */
function kindOf(bytes: Uint8Array): string {
  if (isWav(bytes)) return '; it is a WAV file';
  if (isMidi(bytes)) return '; it is a MIDI file';
  if (isNpy(bytes)) return '; it is a .npy file';
  return '';
}

function parseJson(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch (cause) {
    throw new SoundError(`${path} is not JSON, or is damaged or cut short.`, { cause, facts: { file: path } });
  }
}

const looksLikeJson = (bytes: Uint8Array): boolean =>
  /^\s*[{[]/.test(new TextDecoder('latin1').decode(bytes.subarray(0, 64)));

async function features(
  path: string,
  bytes: Uint8Array,
  options: FeaturesOptions,
): Promise<NoteAmplitudes | undefined> {
  if (isNpy(bytes)) {
    const { shape, data } = parseNpy(bytes, path);
    return amplitudesOf(shape, data, options, path);
  }
  if (isMat5(bytes)) {
    const { rows, columns, data } = await readMat5(bytes, 'audio_vectors', path);
    return amplitudesOf([columns, rows], data, options, path);
  }
  return isHdf5(bytes) ? readHdf5Features(path, options) : undefined;
}

/**
 * Whether a file starts like one of ours (amplitudes or strikes) rather than like sound.
 * @throws {SoundError} when there is no such file or it is empty.
 */
export async function isMarimbaData(path: string): Promise<boolean> {
  const file = await fileBytes(path).open();
  try {
    if (file.size === 0) throw new SoundError(`${path} is empty (0 bytes).`, { facts: { file: path } });
    const head = new Uint8Array(1024);
    const bytes = head.subarray(0, await file.read(head, 0));
    return [isNpy, isMat5, isHdf5, isMidi, looksLikeJson].some((test) => test(bytes));
  } finally {
    await file.close();
  }
}

/**
 * Reads amplitudes (.npy, .mat of 2017 in version 5 to 7.3, HDF5, features JSON) or strikes (MIDI, events JSON): what the file holds
 * counts, not its name.
 * @throws {SoundError} when there is no such file, it is empty, damaged, cut short, or holds neither.
 */
export async function readMarimbaData(path: string, options: FeaturesOptions = {}): Promise<MarimbaData> {
  const bytes = await readWholeFile(path);
  if (isMidi(bytes)) return { strikes: decodeMidi(bytes, path) };
  if (looksLikeJson(bytes)) {
    const value = parseJson(bytes, path);
    const { format } = (value ?? {}) as { format?: unknown };
    return typeof format === 'string' && format.includes('/events@')
      ? parseEvents(value, path)
      : { amplitudes: parseFeatures(value, options, path) };
  }
  const amplitudes = await features(path, bytes, options);
  if (amplitudes) return { amplitudes };
  const expected = 'expected .npy, .mat, HDF5, JSON of features or events, or MIDI';
  throw new SoundError(`${path} holds neither note amplitudes nor strikes${kindOf(bytes)}: ${expected}.`, {
    facts: { file: path },
  });
}

/**
 * Reads note amplitudes: .npy [frames x notes], `audio_vectors` of a MATLAB file of 2017, HDF5, or features JSON.
 * @throws {SoundError} when there is no such file, it is empty, damaged, cut short, or holds something else.
 */
export async function readFeatures(path: string, options: FeaturesOptions = {}): Promise<NoteAmplitudes> {
  const data = await readMarimbaData(path, options);
  if ('amplitudes' in data) return data.amplitudes;
  throw new SoundError(`${path} holds strikes, not note amplitudes.`, { facts: { file: path } });
}

/**
 * Reads strikes: a MIDI file or events JSON.
 * @throws {SoundError} when there is no such file, it is empty, damaged, cut short, or holds something else.
 */
export async function readStrikes(path: string): Promise<readonly Strike[]> {
  const data = await readMarimbaData(path);
  if ('strikes' in data) return data.strikes;
  throw new SoundError(`${path} holds note amplitudes, not strikes.`, { facts: { file: path } });
}

async function write(path: string, data: Uint8Array | string): Promise<void> {
  try {
    await writeAtomic(path, data);
  } catch (error) {
    throw fileProblem(path, error, 'write');
  }
}

/**
 * Writes note amplitudes as its name says: .npy (float32 [frames x notes], without frame rate and notes), .json, .h5 or .hdf5.
 * @throws {RangeError} for another name.
 * @throws {SoundError} when the file cannot be written; then nothing has changed.
 */
export async function writeFeatures(path: string, amplitudes: NoteAmplitudes): Promise<void> {
  const { data, frames, notes } = amplitudes;
  switch (extname(path).toLowerCase()) {
    case '.npy':
      return write(path, formatNpy(data, [frames, notes.length]));
    case '.json':
      return write(path, formatFeatures(amplitudes));
    case '.h5':
    case '.hdf5': {
      // HDF5 seeks while it writes, so it gets a file of its own.
      const temporary = join(dirname(path), `.${basename(path)}.part`);
      try {
        await write(temporary, '');
        await writeHdf5Features(temporary, amplitudes);
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error instanceof SoundError ? error : fileProblem(path, error, 'write');
      }
      return;
    }
    default:
      throw new RangeError(`${path}: expected a name that ends in .npy, .json, .h5 or .hdf5.`);
  }
}

/**
 * Writes strikes as a MIDI file. See {@link encodeMidi}.
 * @throws {RangeError} for a strike that makes no sense.
 * @throws {SoundError} when the file cannot be written; then nothing has changed.
 */
export async function writeMidi(path: string, strikes: readonly Strike[], options: MidiOptions = {}): Promise<void> {
  return write(path, encodeMidi(strikes, options));
}

/**
 * Writes strikes as events JSON.
 * @throws {SoundError} when the file cannot be written; then nothing has changed.
 */
export async function writeEvents(path: string, strikes: readonly Strike[], facts: EventsFacts = {}): Promise<void> {
  return write(path, formatEvents(strikes, facts));
}
