// Folders of recordings by the names of 2017, seqN.wav, seqN_angleM.mp4, seqN_audio_vectors.mat; or any videos with their own sound.
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { SoundError } from '../errors.js';
import { describeFileProblem } from '../file-problem.js';

/** One performance: its sound, or what was measured of it, and the cameras that saw it. */
export interface Recording {
  /** "seq1". */
  readonly name: string;
  /** Its sound, or its note amplitudes. */
  readonly truth: { readonly kind: 'sound' | 'vectors'; readonly path: string };
  /** Its strikes, where somebody has written them down: NAME.events.json or NAME.mid. */
  readonly strikes?: string;
  /** Videos, each paired with the same sound; by name. */
  readonly angles: readonly { readonly name: string; readonly video: string }[];
}

/** A file that cannot be used, and why. */
export interface Problem {
  /** The clip or file. */
  readonly name: string;
  /** A sentence. */
  readonly message: string;
}

const videos = ['.mp4', '.mov', '.m4v', '.webm', '.mkv', '.avi', '.y4m', '.mts', '.ts'];
const sounds = ['.wav', '.flac', '.aif', '.aiff', '.m4a', '.mp3', '.ogg'];
const byName = new Intl.Collator('en', { numeric: true });

function group<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

/**
 * Looks through a folder. Every angle is paired with its recording's sound; a video that is no angle is a recording by itself, with
 * the sound beside it (NAME.mp4, NAME.wav) or its own.
 * @param kind `vectors` pairs with `NAME_audio_vectors.mat`, and a recording may be without angles.
 * @returns recordings in the order of their numbers, and what had to be left out.
 * @throws {SoundError} when the folder cannot be read.
 */
export async function findRecordings(
  folder: string,
  kind: 'sound' | 'vectors',
): Promise<{ recordings: Recording[]; problems: Problem[] }> {
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort(byName.compare);
  } catch (error) {
    throw new SoundError(describeFileProblem(folder, error, 'read').sentence, { cause: error });
  }
  const problems: Problem[] = [];
  /** Files that match, by the name they give; those that give the same are left out together. */
  const only = (extensions: readonly string[], pattern: RegExp): Map<string, string> => {
    const found = names
      .filter((file) => extensions.includes(extname(file).toLowerCase()))
      .map((file) => ({ file, name: pattern.exec(file.slice(0, -extname(file).length))?.[1] }))
      .filter((one): one is { file: string; name: string } => one.name !== undefined);
    const unique = new Map<string, string>();
    for (const [name, same] of group(found, (one) => one.name)) {
      if (same.length === 1) unique.set(name, same[0].file);
      else problems.push({ name, message: `is there twice (${same.map(({ file }) => file).join(', ')}); keep one.` });
    }
    return unique;
  };
  const angles = only(videos, /^(.+_angle[^_]+)$/);
  const alone = kind === 'sound' ? only(videos, /^((?!.*_angle[^_]+$).+)$/) : new Map<string, string>();
  const truths = kind === 'sound' ? only(sounds, /^(.+)$/) : only(['.mat'], /^(.+)_audio_vectors$/);
  const recordings: Recording[] = [];
  const written = new Map([...only(['.mid', '.midi'], /^(.+)$/), ...only(['.json'], /^(.+)\.events$/)]);
  const pairs = group([...angles, ...alone], ([name]) => name.replace(/_angle[^_]+$/, ''));
  for (const name of [...new Set([...pairs.keys(), ...truths.keys()])].sort(byName.compare)) {
    const strikes = written.get(name);
    const truth = truths.get(name) ?? alone.get(name);
    const seen = pairs.get(name) ?? [];
    const expected = kind === 'sound' ? `${name}.wav` : `${name}_audio_vectors.mat`;
    if (truth === undefined) {
      for (const [angle] of seen) {
        if (!problems.some((problem) => problem.name === name)) {
          problems.push({ name: angle, message: `has no sound; expected ${expected} beside it.` });
        } else problems.push({ name: angle, message: `has no sound that is sure.` });
      }
    } else if (seen.length === 0 && kind === 'sound') {
      problems.push({ name, message: `has no video; expected ${name}_angle1.mp4 beside it.` });
    } else {
      recordings.push({
        name,
        truth: { kind, path: join(folder, truth) },
        ...(strikes === undefined ? {} : { strikes: join(folder, strikes) }),
        angles: seen.map(([angle, file]) => ({ name: angle, video: join(folder, file) })),
      });
    }
  }
  return { recordings, problems };
}

/**
 * Which recordings are for testing: whole recordings with all their angles, never some of their frames. The choice depends on the
 * names alone, so that it is the same every time.
 * @param share of the recordings, 0..1; from two recordings on, at least one is on either side unless it is 0 or 1.
 */
export function testRecordings(names: readonly string[], share: number): Set<string> {
  const wanted = Math.round(names.length * share);
  const count =
    names.length < 2 || share === 0 || share === 1 ? wanted : Math.min(names.length - 1, Math.max(1, wanted));
  const rank = (name: string): string => createHash('sha256').update(name).digest('hex');
  return new Set([...names].sort((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, count));
}
