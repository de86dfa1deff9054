// Where a model comes from: a shipped one's name, a folder, an address, or bytes at hand. Node only.
import { readFile, readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModelError } from '../errors.js';
import { describeFileProblem } from '../file-problem.js';
import { type ModelCard, parseCard, verifyFile } from './card.js';

/** A model in memory. */
export interface ModelBytes {
  /** Content of `card.json`, as text or parsed. */
  readonly card: unknown;
  /** Content of the file that the card calls `onnx`. */
  readonly onnx: Uint8Array<ArrayBuffer>;
}

/** A model's card and its file, checked against each other. */
export interface OpenedModel {
  readonly card: ModelCard;
  readonly onnx: Uint8Array<ArrayBuffer>;
}

/** How far reading is. */
export interface LoadProgress {
  /** File of the model folder. */
  readonly file: string;
  /** Bytes so far. */
  readonly loaded: number;
  /** Bytes in all, as the card says. */
  readonly total: number;
}

/** What reading a model may be told. */
export interface ReadModelOptions {
  /** Called as bytes of the model file come in. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Ends reading; the promise is rejected with its reason. */
  readonly signal?: AbortSignal;
}

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

async function fetchFrom(
  address: URL,
  signal: AbortSignal | undefined,
  onBytes: (loaded: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const response = await fetch(address, { signal: signal ?? null });
    if (!response.ok || response.body === null) {
      throw new ModelError(`${address.href} cannot be loaded: the server answers ${response.status}.`);
    }
    const chunks: Uint8Array[] = [];
    let loaded = 0;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      onBytes((loaded += chunk.length));
    }
    const bytes = new Uint8Array(loaded);
    chunks.reduce((at, chunk) => (bytes.set(chunk, at), at + chunk.length), 0);
    return bytes;
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof ModelError) throw cause;
    throw new ModelError(`${address.href} cannot be reached; check the address and the network.`, { cause });
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
 * Reads a model and checks every byte of it against its card.
 * @param source name of a shipped model, folder, http or file address of a folder, or {@link ModelBytes}.
 * @throws {ModelError} when something is missing, damaged, unreachable or of another version.
 */
export async function openModelSource(
  source: string | URL | ModelBytes,
  options: ReadModelOptions = {},
): Promise<OpenedModel> {
  const { onProgress, signal } = options;
  signal?.throwIfAborted();
  if (typeof source === 'object' && 'onnx' in source) {
    const card = parseCard(source.card);
    await verifyFile(card.files.onnx, source.onnx);
    return { card, onnx: source.onnx };
  }
  const place =
    typeof source === 'string' ? await locate(source) : source.protocol === 'file:' ? fileURLToPath(source) : source;
  const nameOf = (path: string): string =>
    typeof place === 'string' ? join(place, path) : addressOf(place, path).href;
  const read = (path: string, onBytes: (loaded: number) => void): Promise<Uint8Array<ArrayBuffer>> =>
    typeof place === 'string'
      ? readFromFolder(place, path, signal)
      : fetchFrom(addressOf(place, path), signal, onBytes);
  const card = parseCard(new TextDecoder().decode(await read('card.json', () => undefined)), nameOf('card.json'));
  const { path, bytes: total } = card.files.onnx;
  const onnx = await read(path, (loaded) => onProgress?.({ file: path, loaded, total }));
  await verifyFile(card.files.onnx, onnx, nameOf(path));
  onProgress?.({ file: path, loaded: total, total });
  return { card, onnx };
}

/** Of a file in a folder that may be named with or without a slash at its end. */
const addressOf = (folder: URL, path: string): URL =>
  new URL(path, folder.href.endsWith('/') ? folder : new URL(`${folder.href}/`));
