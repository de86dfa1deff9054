// Note amplitudes in HDF5: our own files, h5py's, and MATLAB's version 7.3. Node only.
import { SoundError } from '../errors.js';
import { hdf5, type Hdf5 } from '../hdf5.js';
import { amplitudesOf, notesOf, type FeaturesOptions } from './features.js';
import type { NoteAmplitudes } from '../types.js';

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Whether these bytes start like an HDF5 file, also behind the 512 bytes that MATLAB puts before it. */
export function isHdf5(bytes: Uint8Array): boolean {
  return [0, 512].some((at) => signature.every((byte, i) => bytes[at + i] === byte));
}

// Names a matrix of note amplitudes goes by: ours, and 2017's.
const names = ['features', 'audio_vectors'];

/**
 * Reads `features` [frames x notes], or `audio_vectors` as MATLAB stores it (its columns, the frames, as rows).
 * @throws {SoundError} when it is damaged or has neither.
 */
export async function readHdf5Features(path: string, options: FeaturesOptions): Promise<NoteAmplitudes> {
  const h5 = await hdf5();
  const fail = (what: string, cause?: unknown): never => {
    throw new SoundError(`${path} ${what}`, { cause, facts: { file: path } });
  };
  const damaged = 'is not an HDF5 file, or is damaged or cut short; copy or save it again.';
  let file: InstanceType<Hdf5['File']> | undefined;
  try {
    file = new h5.File(path, 'r');
    const keys = file.keys();
    const key = names.find((candidate) => keys.includes(candidate));
    if (key === undefined) {
      const others = keys.filter((candidate) => !candidate.startsWith('#')).join(', ');
      return fail(`has neither features nor audio_vectors${others === '' ? '' : `; it has ${others}`}.`);
    }
    const dataset = file.get(key);
    if (!(dataset instanceof h5.Dataset)) return fail(`has ${key}, but it is not a matrix of numbers.`);
    const { value, shape } = dataset;
    if (!(value instanceof Float32Array || value instanceof Float64Array) || shape?.length !== 2) {
      return fail(`has ${key}, but it is not a matrix of floating-point numbers.`);
    }
    const attribute = (of: string): unknown => (Object.hasOwn(dataset.attrs, of) ? dataset.attrs[of].value : undefined);
    const midi = attribute('midi');
    const fps = attribute('fps');
    const notes = options.notes ?? (midi instanceof Int32Array ? notesOf([...midi]) : undefined);
    return amplitudesOf(
      shape,
      value,
      {
        ...((options.fps ?? typeof fps === 'string') ? { fps: options.fps ?? (fps as string) } : {}),
        ...(notes ? { notes } : {}),
      },
      path,
    );
  } catch (cause) {
    if (cause instanceof SoundError) throw cause;
    return fail(damaged, cause);
  } finally {
    try {
      file?.close();
    } catch {
      // A file that could not be opened cannot be closed either.
    }
  }
}

/**
 * Writes `features` [frames x notes] float32 with attributes `fps` ("25/1") and `midi`.
 * @throws when the file cannot be written.
 */
export async function writeHdf5Features(path: string, { data, frames, notes, fps }: NoteAmplitudes): Promise<void> {
  const h5 = await hdf5();
  const file = new h5.File(path, 'w');
  try {
    const dataset = file.create_dataset({ name: 'features', data, shape: [frames, notes.length], dtype: '<f4' });
    dataset.create_attribute('fps', `${fps.num}/${fps.den}`);
    dataset.create_attribute(
      'midi',
      Int32Array.from(notes, (note) => note.midi),
    );
    file.flush();
  } finally {
    file.close();
  }
}
