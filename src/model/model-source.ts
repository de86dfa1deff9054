// Where a model comes from: a shipped one's name, a folder, an address, or bytes at hand. Node only.
import { readFile, readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModelError } from '../errors.js';
import { describeFileProblem } from '../file-problem.js';
import {
  addressOf,
  fetchBytes,
  type ModelBytes,
  openModelAt,
  openModelBytes,
  type OpenedModel,
  type ReadModelOptions,
} from './model-files.js';

export type { LoadProgress, ModelBytes, OpenedModel, ReadModelOptions } from './model-files.js';

const shippedFolder = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('deep-marimba/package.json')), 'models');

/** Names of the models that come with the package. */
export async function shippedModels(): Promise<string[]> {
  const folder = shippedFolder();
  const names = await readdir(folder).catch(() => []);
  const whole = await Promise.all(names.map((name) => isFile(join(folder, name, 'card.json'))));
  return names.filter((_, i) => whole[i]).sort();
}

const isFile = async (path: string): Promise<boolean> =>
  stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  );

async function readFromFolder(
  folder: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const file = join(folder, path);
  try {
    return await readFile(file, { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    const { sentence, code } = describeFileProblem(file, cause, 'read');
    throw new ModelError(`${sentence} A model folder holds card.json and the files it names.`, {
      cause,
      facts: { file, code },
    });
  }
}

/** What a string means: an address, a folder, or the name of a model that ships. */
async function locate(source: string): Promise<string | URL> {
  if (/^https?:\/\//.test(source)) return new URL(source);
  if (await isFile(join(source, 'card.json'))) return source;
  if (/[/\\]/.test(source) || source === '.' || source === '..') return source;
  const shipped = await shippedModels();
  if (shipped.includes(source)) return join(shippedFolder(), source);
  const list =
    shipped.length > 0 ? `the models that ship are ${shipped.join(', ')}` : 'no model ships with this version';
  throw new ModelError(`There is no model "${source}": it is no folder with a card.json, and ${list}.`, {
    facts: { shipped },
  });
}

/**
 * Finds a model and reads its card; every file that is read is checked against it.
 * @param source name of a shipped model, folder, http or file address of a folder, or {@link ModelBytes}.
 * @throws {ModelError} when something is missing, damaged, unreachable or of another version.
 */
export async function openModelSource(
  source: string | URL | ModelBytes,
  options: ReadModelOptions = {},
): Promise<OpenedModel> {
  const { signal } = options;
  signal?.throwIfAborted();
  if (typeof source === 'object' && 'onnx' in source) return openModelBytes(source);
  const place =
    typeof source === 'string' ? await locate(source) : source.protocol === 'file:' ? fileURLToPath(source) : source;
  if (typeof place === 'string') {
    return openModelAt(
      { nameOf: (path) => join(place, path), read: (path) => readFromFolder(place, path, signal) },
      options,
    );
  }
  return openModelAt(
    {
      nameOf: (path) => addressOf(place, path).href,
      read: (path, _, onBytes) => fetchBytes(addressOf(place, path), { signal, onBytes }),
    },
    options,
  );
}
