// The files of a model, read as they are needed and checked against its card; fetching them, once where there is a cache.
import { ModelError } from '../errors.js';
import { type ModelCard, parseCard, verifyFile } from './card.js';

/** A model in memory. */
export interface ModelBytes {
  /** Content of `card.json`, as text or parsed. */
  readonly card: unknown;
  /** Content of the file that the card calls `onnx`. */
  readonly onnx: Uint8Array<ArrayBuffer>;
  /** Contents of other files, by what the card calls them: `tfjs` and `tfjsWeights` for TensorFlow.js. */
  readonly files?: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
}

/** A model's card, and its files on demand. */
export interface OpenedModel {
  readonly card: ModelCard;
  /**
   * Bytes of the file that the card calls so, verified; read once, however often they are asked for.
   * @throws {ModelError} when the card names no such file, or it is missing or damaged.
   */
  readonly read: (name: string) => Promise<Uint8Array<ArrayBuffer>>;
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
  /** Called as bytes of the model's files come in. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Ends reading; the promise is rejected with its reason. */
  readonly signal?: AbortSignal;
}

/** Where a model lies. */
export interface ModelPlace {
  /** Full name of a file of the model folder, for messages. */
  nameOf(path: string): string;
  /** Reads one; `sha256` is absent of the card itself. `onBytes` is told how many have come so far. */
  read(path: string, sha256: string | undefined, onBytes: (loaded: number) => void): Promise<Uint8Array<ArrayBuffer>>;
  /** The same past whatever is kept of it, where something is kept: what was kept may have been damaged. */
  readAnew?(path: string, sha256: string, onBytes: (loaded: number) => void): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Reads the card; the files wait until they are asked for.
 * @throws {ModelError} when the card is missing, unreachable or of another version.
 */
export async function openModelAt(place: ModelPlace, options: ReadModelOptions = {}): Promise<OpenedModel> {
  const { onProgress, signal } = options;
  signal?.throwIfAborted();
  const text = new TextDecoder().decode(await place.read('card.json', undefined, () => undefined));
  const card = parseCard(text, place.nameOf('card.json'));
  const read = async (name: string): Promise<Uint8Array<ArrayBuffer>> => {
    signal?.throwIfAborted();
    const file = fileOf(card, name);
    const { path, bytes: total, sha256 } = file;
    const onBytes = (loaded: number): void => onProgress?.({ file: path, loaded, total });
    let bytes = await place.read(path, sha256, onBytes);
    try {
      await verifyFile(file, bytes, place.nameOf(path));
    } catch (error) {
      if (!place.readAnew) throw error;
      bytes = await place.readAnew(path, sha256, onBytes);
      await verifyFile(file, bytes, place.nameOf(path));
    }
    onProgress?.({ file: path, loaded: total, total });
    return bytes;
  };
  return { card, read: once(read) };
}

/**
 * A model whose files are at hand.
 * @throws {ModelError} when the card is of another version.
 */
export function openModelBytes({ card: source, onnx, files }: ModelBytes): OpenedModel {
  const card = parseCard(source);
  const given: Readonly<Record<string, Uint8Array<ArrayBuffer> | undefined>> = { ...files, onnx };
  const read = async (name: string): Promise<Uint8Array<ArrayBuffer>> => {
    const file = fileOf(card, name);
    const bytes = given[name];
    if (!bytes) {
      throw new ModelError(`${card.name} was given without its file "${name}"; hand it in under files.`, {
        facts: { absent: name },
      });
    }
    await verifyFile(file, bytes);
    return bytes;
  };
  return { card, read: once(read) };
}

function fileOf(card: ModelCard, name: string): ModelCard['files']['onnx'] {
  const file = Object.hasOwn(card.files, name) ? card.files[name] : undefined;
  if (!file) throw new ModelError(`${card.name} has no file for this device: its card names no "${name}".`);
  return file;
}

/** What failed may be tried again. */
function once(read: (name: string) => Promise<Uint8Array<ArrayBuffer>>): OpenedModel['read'] {
  const known = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  return (name) => {
    const reading = known.get(name) ?? read(name);
    known.set(name, reading);
    reading.catch(() => known.delete(name));
    return reading;
  };
}

/** Of a file in a folder that may be named with or without a slash at its end. */
export const addressOf = (folder: URL, path: string): URL =>
  new URL(path, folder.href.endsWith('/') ? folder : new URL(`${folder.href}/`));

/** How a file is fetched. */
export interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes have come so far. */
  readonly onBytes?: (loaded: number) => void;
}

/**
 * Fetches a file whole.
 * @throws {ModelError} when it cannot be reached or the server refuses it.
 */
export async function fetchBytes(
  address: URL,
  { signal, onBytes }: FetchOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const response = await fetch(address, { signal: signal ?? null });
    if (!response.ok || response.body === null) {
      throw new ModelError(`${address.href} cannot be loaded: the server answers ${response.status}.`);
    }
    const chunks: Uint8Array[] = [];
    let loaded = 0;
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      // On its own: an optional call leaves its argument alone when there is nobody to call.
      loaded += value.length;
      onBytes?.(loaded);
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
