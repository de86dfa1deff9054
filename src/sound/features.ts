// Note amplitudes as data files hold them: which matrix means what, and the JSON form.
import { SoundError } from '../errors.js';
import { frameRate, type FrameRate } from '../frame-rate.js';
import { GT18, noteSet, type NoteSet } from '../notes.js';
import type { NoteAmplitudes } from '../types.js';

/** What a bare matrix does not say itself. */
export interface FeaturesOptions {
  /** Rows per second. Default: what the file says, else 25. */
  readonly fps?: number | string | FrameRate;
  /** The notes of the columns. Default: what the file says, else the eighteen of 2017. */
  readonly notes?: NoteSet;
}

/** The notes with these MIDI numbers: the set of 2017 with its own bands, or any other. */
export function notesOf(midi: readonly number[]): NoteSet {
  const isGt18 = midi.length === GT18.length && GT18.every((note, i) => note.midi === midi[i]);
  return isGt18 ? GT18 : noteSet(midi);
}

/**
 * Gives a matrix its meaning.
 * @param shape [frames, notes].
 * @param data [frames x notes], row-major.
 * @param name what messages call the file.
 * @throws {SoundError} when the shape does not fit the notes, there is no frame, or a value is not a number.
 */
export function amplitudesOf(
  shape: readonly number[],
  data: Float32Array | Float64Array,
  { fps = 25, notes = GT18 }: FeaturesOptions,
  name: string,
): NoteAmplitudes {
  const fail = (what: string): never => {
    throw new SoundError(`${name} ${what}`, { facts: { file: name, shape } });
  };
  if (shape.length !== 2 || shape[1] !== notes.length) {
    const transposed =
      shape.length === 2 && shape[0] === notes.length ? '; it is the other way round: transpose it' : '';
    return fail(`holds ${shape.join(' x ')} numbers, expected frames x ${notes.length} notes${transposed}.`);
  }
  if (shape[0] === 0) return fail('holds no frames.');
  const odd = data.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0) return fail(`holds a value that is not a number, in frame ${Math.floor(odd / notes.length)}.`);
  return { data: Float32Array.from(data), frames: shape[0], notes, fps: frameRate(fps) };
}

const format = 'deep-marimba/features@1';

/** The shortest decimal that reads back as the same float32. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

/** The JSON text of note amplitudes, a frame per line; numbers read back exactly. */
export function formatFeatures({ data, frames, notes, fps }: NoteAmplitudes): string {
  const width = notes.length;
  const row = (k: number): string => `[${Array.from(data.subarray(k * width, (k + 1) * width), shortest).join(',')}]`;
  const rate = fps.den === 1 ? String(fps.num) : `"${fps.num}/${fps.den}"`;
  const midi = notes.map((note) => note.midi).join(',');
  const rows = Array.from({ length: frames }, (_, k) => row(k)).join(',\n');
  return `{"format":"${format}","fps":${rate},"notes":[${midi}],"amplitudes":[\n${rows}\n]}\n`;
}

/**
 * Reads the JSON form.
 * @param value the parsed JSON.
 * @throws {SoundError} when it is something else or makes no sense.
 */
export function parseFeatures(value: unknown, options: FeaturesOptions, name: string): NoteAmplitudes {
  const fail = (what: string, cause?: unknown): never => {
    throw new SoundError(`${name} ${what}`, { cause, facts: { file: name } });
  };
  const file = value as { format?: unknown; fps?: unknown; notes?: unknown; amplitudes?: unknown } | null;
  if (typeof file !== 'object' || file?.format !== format) return fail(`is not a features file (${format}).`);
  if (!Array.isArray(file.amplitudes) || !file.amplitudes.every((row) => Array.isArray(row))) {
    return fail('has no rows of amplitudes.');
  }
  const rows = file.amplitudes as unknown[][];
  try {
    const notes = options.notes ?? notesOf(file.notes as number[]);
    const fps = options.fps ?? frameRate(file.fps as number | string);
    if (rows.some((row) => row.length !== notes.length || !row.every((x) => typeof x === 'number'))) {
      return fail(`has a row that is not ${notes.length} numbers.`);
    }
    return amplitudesOf([rows.length, notes.length], Float64Array.from(rows.flat() as number[]), { fps, notes }, name);
  } catch (error) {
    if (error instanceof SoundError) throw error;
    return fail('has notes or a frame rate that make no sense.', error);
  }
}
