// Files of models and runtimes in a browser: fetched once, kept in the Cache API, found there the next time.
import { ModelError } from '../errors.js';
import { shippedFiles, shippedNames } from './generated/shipped-models.js';
import {
  addressOf,
  type FetchOptions,
  fetchBytes,
  type ModelBytes,
  openModelAt,
  openModelBytes,
  type OpenedModel,
  type ReadModelOptions,
} from './model-files.js';

const cacheName = 'deep-marimba';

/** No cache where a page is not secure, or private browsing forbids it; then files are fetched every time. */
async function openCache(): Promise<Cache | undefined> {
  return typeof caches === 'undefined' ? undefined : caches.open(cacheName).catch(() => undefined);
}

/** How a file is fetched, and whether it is kept. */
export interface CachedFetchOptions extends FetchOptions {
  /** Whether to keep files, and to look for them. Default true. */
  readonly cache?: boolean | undefined;
  /** Fetches it even if it is kept, and keeps the new one. */
  readonly anew?: boolean;
}

/**
 * Fetches a file, or finds it as it was fetched before.
 * @param version what makes the content what it is (a hash, a version): found under it, the network is not asked. Without
 * one the network is asked first, and the cache only when it does not answer.
 * @throws {ModelError} when the file can be had neither way.
 */
export async function fetchCached(
  address: URL,
  version: string | undefined,
  { cache: wanted = true, anew = false, ...options }: CachedFetchOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const cache = wanted && /^https?:$/.test(address.protocol) ? await openCache() : undefined;
  if (!cache) return fetchBytes(address, options);
  const key = new URL(address);
  if (version !== undefined) key.searchParams.set('deep-marimba', version);
  const kept = async (): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    const found = await cache.match(key);
    return found && new Uint8Array(await found.arrayBuffer());
  };
  if (version !== undefined && !anew) {
    const found = await kept();
    if (found) return found;
  }
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await fetchBytes(address, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    const found = version === undefined ? await kept() : undefined;
    if (found) return found;
    throw error;
  }
  // Other versions of the same file are of no more use; a full disk is no reason to fail.
  try {
    const older = await cache.keys(address, { ignoreSearch: true });
    await Promise.all(older.map((request) => cache.delete(request)));
    await cache.put(key, new Response(bytes));
  } catch {
    // Fetched again next time.
  }
  return bytes;
}

/** What reading a model in a browser may be told. */
export interface WebReadOptions extends ReadModelOptions {
  /**
   * Folder that the page serves: the runtimes' .wasm files as their packages name them, and `models/NAME/` with the
   * shipped models. Default: each where its package has it, which bundlers that know `new URL(..., import.meta.url)` bring along.
   */
  readonly assets?: string | URL;
  /** Whether to keep what was fetched in the Cache API, so that the next start needs no network. Default true. */
  readonly cache?: boolean;
}

function shippedFile(name: string, path: string): URL {
  const files = shippedFiles();
  if (Object.hasOwn(files, `${name}/${path}`)) return files[`${name}/${path}`];
  throw new ModelError(
    shippedNames.includes(name)
      ? `The file ${path} of ${name} is no part of this page; serve models/${name}/ in a folder and name it as assets.`
      : `There is no model "${name}"; the models that ship are ${shippedNames.join(', ')}. Give an address for others.`,
  );
}

/**
 * Finds a model and reads its card; every file that is read is checked against it.
 * @param source name of a shipped model, address of a folder (one that begins with `/`, `./` or `../` is of this page), or {@link ModelBytes}.
 * @throws {ModelError} when something is missing, damaged, unreachable or of another version.
 */
export async function openWebModel(
  source: string | URL | ModelBytes,
  options: WebReadOptions = {},
): Promise<OpenedModel> {
  if (typeof source === 'object' && 'onnx' in source) return openModelBytes(source);
  const { assets, cache, signal } = options;
  const here = new URL(globalThis.location.href);
  const name = typeof source === 'string' && !/[/:.]/.test(source) ? source : undefined;
  const folder =
    name === undefined
      ? new URL(source, here)
      : assets === undefined
        ? undefined
        : addressOf(new URL(assets, here), `models/${name}/`);
  const addressIn = (path: string): URL => (folder ? addressOf(folder, path) : shippedFile(name!, path));
  return openModelAt(
    {
      nameOf: (path) => addressIn(path).href,
      read: async (path, sha256, onBytes) => fetchCached(addressIn(path), sha256, { cache, signal, onBytes }),
      ...(cache === false
        ? {}
        : {
            readAnew: (path, sha256, onBytes) => fetchCached(addressIn(path), sha256, { signal, onBytes, anew: true }),
          }),
    },
    options,
  );
}
