// What `deep-marimba sonify` is asked to watch, and where the results of each clip go: files, folders, patterns.
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { describeFileProblem } from '../file-problem.js';
import type { OutputKind, SonifyOutputs } from '../sonify/outputs.js';

/** A video, and what is made of it. */
export interface Clip {
  readonly file: string;
  readonly outputs: SonifyOutputs;
}

/** What the command line says of outputs: a path, or for several videos a folder; true for the usual name. */
export type Wanted = Readonly<Partial<Record<OutputKind, string | true>>>;

const videos = /\.(mp4|m4v|mov|webm|mkv|avi|y4m|mpg|mpeg|ts|mts|m2ts|3gp|ogv|wmv|flv|mjpe?g)$/i;

/** Ending of each output. A video with its sound must not take the name of the video. */
const endings: Readonly<Record<OutputKind, string>> = {
  sound: '.wav',
  events: '.events.json',
  midi: '.mid',
  features: '.npy',
  mp4: '.sound.mp4',
  plot: '.png',
};

const byName = (a: string, b: string): number => (a < b ? -1 : 1);

/** Every video beneath a folder, by name; hidden ones and the ones that sonifying made are left out. */
async function videosIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) found.push(...(await videosIn(path)));
    else if (videos.test(entry.name) && !entry.name.endsWith(endings.mp4)) found.push(path);
  }
  return found.sort(byName);
}

/** `*`, `?`, `**` and `{a,b}` as a regular expression on paths with slashes. */
function expressionOf(pattern: string): RegExp {
  let depth = 0;
  const source = pattern.replace(/\*\*\/|\*\*|[*?{},.+^$()|[\]\\]/g, (token) => {
    if (token === '**/') return '(?:[^/]+/)*';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token === '{') return (depth++, '(?:');
    if (token === '}' && depth > 0) return (depth--, ')');
    if (token === ',' && depth > 0) return '|';
    return token === ',' ? ',' : `\\${token}`;
  });
  return new RegExp(`^${source}${')'.repeat(depth)}$`);
}

/** Videos that a pattern means, by name, with the folder that it begins in. */
async function matching(pattern: string): Promise<{ root: string; files: string[] }> {
  const parts = pattern.split(sep === '\\' ? /[/\\]/ : '/');
  const fixed = parts.findIndex((part) => /[*?{]/.test(part));
  const root = parts.slice(0, fixed).join('/') || (pattern.startsWith('/') ? '/' : '.');
  const expression = expressionOf(parts.slice(fixed).join('/'));
  const all = await videosIn(root).catch(() => []);
  return { root, files: all.filter((file) => expression.test(relative(root, file).split(sep).join('/'))) };
}

/** Something that was asked for and is not there. */
export interface Missing {
  readonly file: string;
  readonly message: string;
}

/**
 * Finds the videos behind the arguments.
 * @returns each once, with its path below what was named; and what could not be found.
 */
async function findVideos(
  inputs: readonly string[],
): Promise<{ found: readonly { file: string; below: string }[]; missing: readonly Missing[]; several: boolean }> {
  const found = new Map<string, string>();
  const missing: Missing[] = [];
  let several = inputs.length > 1;
  // Below one folder's own name only where there is another.
  const under = (root: string, file: string): string =>
    inputs.length > 1 ? join(basename(resolve(root)), relative(root, file)) : relative(root, file);
  for (const input of inputs) {
    const facts = await stat(input).catch((error: unknown) => error);
    if (facts instanceof Error) {
      const { root, files } = /[*?{]/.test(input) ? await matching(input) : { root: '', files: [] };
      for (const file of files) found.set(file, under(root, file));
      several ||= files.length > 1;
      if (files.length === 0) {
        const message = root === '' ? describeFileProblem(input, facts, 'read').sentence : `No video is named like ${input}.`;
        missing.push({ file: input, message });
      } // prettier-ignore
    } else if ((facts as { isDirectory(): boolean }).isDirectory()) {
      several = true;
      const files = await videosIn(input);
      for (const file of files) found.set(file, under(input, file));
      if (files.length === 0) missing.push({ file: input, message: `There is no video in ${input}.` });
    } else {
      found.set(input, basename(input));
    }
  }
  return { found: [...found].map(([file, below]) => ({ file, below })), missing, several };
}

const stemOf = (path: string): string => path.slice(0, path.length - extname(path).length);

/**
 * The clips behind the arguments and where each one's outputs go: beside the video, or in the folder that is named for that
 * output, as far below it as the video lies below its own. Videos that differ in their ending alone keep it in their outputs' names.
 */
export async function findClips(
  inputs: readonly string[],
  wanted: Wanted,
): Promise<{ readonly clips: readonly Clip[]; readonly missing: readonly Missing[]; readonly several: boolean }> {
  const { found, missing, several } = await findVideos(inputs);
  const stems = new Map<string, number>();
  for (const { file, below } of found) {
    for (const stem of new Set([stemOf(file), `\0${stemOf(below)}`])) stems.set(stem, (stems.get(stem) ?? 0) + 1);
  }
  const clips = found.map(({ file, below }): Clip => {
    // Beside the video, or below a folder: two clips must not meet there.
    const besideStem = stems.get(stemOf(file)) === 1 ? stemOf(file) : file;
    const belowStem = stems.get(`\0${stemOf(below)}`) === 1 ? stemOf(below) : below;
    const sound =
      typeof wanted.sound !== 'string' ? undefined : several ? join(wanted.sound, belowStem) : stemOf(wanted.sound);
    const outputs = Object.fromEntries(
      Object.entries(wanted).map(([kind, where]) => {
        const ending = endings[kind as OutputKind];
        if (where === true) return [kind, `${sound ?? besideStem}${ending}`];
        return [kind, several ? `${join(where, belowStem)}${ending}` : where];
      }),
    ) as unknown as SonifyOutputs;
    return { file, outputs };
  });
  return { clips, missing, several };
}

/** Outputs that two clips would share. @returns a sentence for the first, or undefined. */
export function collision(clips: readonly Clip[]): string | undefined {
  const owners = new Map<string, string>();
  for (const { file, outputs } of clips) {
    for (const path of Object.values(outputs as unknown as Record<string, string>)) {
      const owner = owners.get(resolve(path));
      if (owner !== undefined && owner !== file) return `${owner} and ${file} would both be written to ${path}; name one otherwise.`;
      owners.set(resolve(path), file);
    }
  }
  return undefined;
} // prettier-ignore

/** Folders that the outputs need. */
export function foldersOf(clips: readonly Clip[]): string[] {
  return [
    ...new Set(clips.flatMap(({ outputs }) => Object.values(outputs as unknown as Record<string, string>).map(dirname))),
  ];
} // prettier-ignore
