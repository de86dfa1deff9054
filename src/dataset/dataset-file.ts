// The dataset file: HDF5 with the names of 2017 (dataX_train, dataY_train, dataX_test, dataY_test), and what its data are.
import { VideoError } from '../errors.js';
import type { FrameRate } from '../frame-rate.js';
import { frameRate } from '../frame-rate.js';
import { hdf5, type Hdf5 } from '../hdf5.js';
import type { NoteSet } from '../notes.js';
import { notesOf } from '../sound/features.js';
import type { Calibration, Strike } from '../types.js';
import { type ClipSettings, sidesOf } from './dataset-clip.js';

/** A clip as the dataset's table lists it. */
export interface ClipEntry {
  /** "seq1_angle2". */
  readonly name: string;
  /** "seq1". */
  readonly recording: string;
  /** Which half it is in. */
  readonly split: 'train' | 'test';
  /** Its rows; it begins where the clip before it in the same half ends. */
  readonly frames: number;
  /** Seconds by which its sound's file begins before its video. */
  readonly offset: number;
  /** Where its bars are, pixels of the pictures in the file; in datasets to train on. */
  readonly calibration?: Calibration;
  /** Names of its files. */
  readonly sources: Readonly<Record<string, string>>;
  /** SHA-256 of its files. */
  readonly hashes: Readonly<Record<string, string>>;
}

/** A finished clip in a file of its own. */
export interface Part {
  /** What the table will say of it. */
  readonly entry: ClipEntry;
  /** Its file: dataX and dataY. */
  readonly path: string;
  /** Its strikes, seconds after its first picture; in datasets to train on. */
  readonly strikes?: readonly Strike[];
}

const format = 'deep-marimba/dataset@1';
const splits = ['train', 'test'] as const;

interface Facts extends ClipSettings {
  readonly notes: NoteSet;
  readonly truth: 'sound' | 'vectors';
  readonly pictures: boolean;
}

type File = InstanceType<Hdf5['File']>;
type Dataset = InstanceType<Hdf5['Dataset']>;

// Rows copied at a time.
const step = 500;

/** Puts clips, each in a file of its own, into one, in their order. */
export async function assemble(
  path: string,
  parts: readonly Part[],
  { fps, mode, size, corners, layout, notes, truth, pictures }: Facts,
): Promise<void> {
  const [columns, lines] = sidesOf(size);
  const h5 = await hdf5();
  const file = new h5.File(path, 'w');
  try {
    const about: Record<string, string | Int32Array | Float64Array> = {
      format,
      fps: `${fps.num}/${fps.den}`,
      notes: Int32Array.from(notes, ({ midi }) => midi),
      mode: truth === 'vectors' ? 'as imported' : mode,
      gray: 'luma, 0 black, 255 white, antialiased',
      rows: 'row k: picture k, and amplitudes of pictures k, k+1 and k+2 of its clip',
      ...(corners === undefined ? {} : { corners: Float64Array.from(corners.flat()) }),
      ...(layout === undefined ? {} : { layout: layout.name }),
      ...(parts.some(({ strikes }) => strikes)
        ? { strikes: 'clip, seconds after its first picture, MIDI, velocity' }
        : {}),
    };
    for (const [name, value] of Object.entries(about)) file.create_attribute(name, value);
    for (const split of splits) {
      const own = parts.filter(({ entry }) => entry.split === split);
      const create = (name: string, data: Uint8Array | Float32Array, row: number[], chunk: number): Dataset =>
        file.create_dataset({
          name: `${name}_${split}`,
          data,
          shape: [0, ...row],
          dtype: data instanceof Uint8Array ? '<B' : '<f4',
          maxshape: [null, ...row],
          chunks: [chunk, ...row],
          compression: 'gzip',
          compression_opts: [1],
        });
      const x = pictures ? create('dataX', new Uint8Array(0), [lines, columns], 50) : undefined;
      const y = create('dataY', new Float32Array(0), [notes.length], 1000);
      let rows = 0;
      for (const { path: part, entry } of own) {
        const { frames } = entry;
        const clip = new h5.File(part, 'r');
        try {
          x?.resize([rows + frames, lines, columns]);
          y.resize([rows + frames, notes.length]);
          for (let from = 0; from < frames; from += step) {
            const to = Math.min(frames, from + step);
            const copy = (target: Dataset, name: string, axes: number): void => {
              const rest = Array.from({ length: axes }, (): [] => []);
              const data = (clip.get(name) as Dataset).slice([[from, to], ...rest]);
              target.write_slice([[rows + from, rows + to], ...rest], data);
            };
            if (x) copy(x, 'dataX', 2);
            copy(y, 'dataY', 1);
          }
          rows += frames;
        } finally {
          clip.close();
        }
        file.flush();
      }
    }
    const table = parts.map(({ entry: { name, recording, split, frames, offset, sources, hashes, calibration } }) =>
      JSON.stringify({ name, recording, split, frames, offset, sources, sha256: hashes, calibration }),
    );
    const longest = Math.max(...table.map((line) => Buffer.byteLength(line)));
    if (parts.some(({ strikes }) => strikes !== undefined)) {
      const all = parts.flatMap(({ strikes = [] }, clip) =>
        strikes.map(({ time, midi, velocity }) => [clip, time, midi, velocity]),
      );
      const data = Float64Array.from(all.flat());
      file.create_dataset({ name: 'strikes', data, shape: [all.length, 4], dtype: '<d' });
    }
    file.create_dataset({ name: 'clips', data: table, shape: [table.length], dtype: `S${longest}` });
    file.flush();
  } finally {
    file.close();
  }
}

/** What is in a dataset file. */
export interface DatasetInfo {
  /** Rows per second. */
  readonly fps: FrameRate | undefined;
  /** Notes of the columns. */
  readonly notes: NoteSet | undefined;
  /** All attributes, as plain data. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Shape of each dataset, by name. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** Its clips; empty for files of other makers. */
  readonly clips: readonly Omit<ClipEntry, 'hashes'>[];
}

/** A dataset file, opened to be read. */
export interface OpenDataset {
  /** What is in it. */
  readonly info: DatasetInfo;
  /** Rows from..to of a dataset, row-major. @throws {VideoError} when there is no such dataset. */
  read(name: string, from: number, to: number): Uint8Array | Float32Array;
  /** What each clip of the table plays, in the order of the table; undefined where nobody listened. */
  readonly strikes: readonly (readonly Strike[])[] | undefined;
  /** Frees it. */
  close(): void;
}

/** The strikes of every clip. @throws {Error} for another shape. */
function strikesIn(dataset: Dataset, clips: number): Strike[][] {
  const { shape, value } = dataset;
  if (shape?.length !== 2 || shape[1] !== 4) throw new Error('strikes are no table of four columns');
  const lists = Array.from({ length: clips }, (): Strike[] => []);
  const numbers = value as Float64Array | null;
  for (let k = 0; k < shape[0]; k++) {
    const [clip, time, midi, velocity] = numbers!.subarray(4 * k, 4 * k + 4);
    lists[clip].push({ time, midi, velocity });
  }
  return lists;
}

/**
 * Opens a dataset: ours, or any HDF5 file with datasets of such names.
 * @throws {VideoError} when there is no such file, or it is no HDF5 file, or damaged.
 */
export async function openDataset(path: string): Promise<OpenDataset> {
  const h5 = await hdf5();
  let file: File;
  try {
    file = new h5.File(path, 'r');
  } catch (cause) {
    throw new VideoError(`${path} is not there, is not an HDF5 file, or is damaged.`, { cause, facts: { file: path } });
  }
  const get = (name: string): Dataset => {
    const dataset = file.keys().includes(name) ? file.get(name) : null;
    if (dataset instanceof h5.Dataset) return dataset;
    throw new VideoError(`${path} has no dataset ${name}; it has ${file.keys().join(', ')}.`, {
      facts: { file: path },
    });
  };
  try {
    const attributes = Object.fromEntries(
      Object.entries(file.attrs).map(([name, { value }]) => [
        name,
        ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<number>) : value,
      ]),
    );
    const names = file.keys().filter((name) => name !== 'clips' && file.get(name) instanceof h5.Dataset);
    const { fps, notes } = attributes as { fps?: unknown; notes?: unknown };
    const table = file.keys().includes('clips') ? (get('clips').value as string[]) : [];
    return {
      strikes: file.keys().includes('strikes') ? strikesIn(get('strikes'), table.length) : undefined,
      info: {
        fps: typeof fps === 'string' ? frameRate(fps) : undefined,
        notes: Array.isArray(notes) ? notesOf(notes as number[]) : undefined,
        attributes,
        shapes: Object.fromEntries(names.map((name) => [name, get(name).shape ?? []])),
        clips: table.map((line) => JSON.parse(line) as ClipEntry),
      },
      read(name, from, to) {
        const dataset = get(name);
        const rest = Array.from({ length: (dataset.shape ?? []).length - 1 }, (): [] => []);
        return dataset.slice([[from, to], ...rest]) as Uint8Array | Float32Array;
      },
      close() {
        file.close();
      },
    };
  } catch (cause) {
    file.close();
    if (cause instanceof VideoError) throw cause;
    throw new VideoError(`${path} is damaged.`, { cause, facts: { file: path } });
  }
}
