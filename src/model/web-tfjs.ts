// TensorFlow.js in a browser, a file of its own so that only those who need it load it.
import { UnsupportedError } from '../errors.js';
import type { Session } from './onnx-runtime.js';
import { openTfjs, type TfjsBackend, type TfjsConverter, type TfjsCore, type TfjsModules } from './tfjs-runtime.js';
import { fetchCached } from './web-files.js';

async function load(): Promise<TfjsModules> {
  try {
    // One after the other: bundlers pardon a missing package only where the import itself is awaited within try.
    const core = await import('@tensorflow/tfjs-core');
    const converter = await import('@tensorflow/tfjs-converter');
    const backend = await import('@tensorflow/tfjs-backend-wasm');
    if (!('setBackend' in core)) throw new Error('an empty module in its place');
    return {
      core: core as unknown as TfjsCore,
      converter: converter as unknown as TfjsConverter,
      backend: backend as unknown as TfjsBackend,
    };
  } catch (cause) {
    throw new UnsupportedError(
      'TensorFlow.js is no part of this page; npm install @tensorflow/tfjs-core @tensorflow/tfjs-converter @tensorflow/tfjs-backend-wasm',
      { cause },
    );
  }
}

/** Bundlers copy the file that is named in this very form; without one, the page has to serve it. */
function ownWasm(): URL {
  try {
    return new URL('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm', import.meta.url);
  } catch (cause) {
    throw new UnsupportedError('Serve tfjs-backend-wasm-simd.wasm and name its folder as assets.', { cause });
  }
}

/**
 * Opens a graph model here; `files` are `model.json` and `weights.bin`.
 * @param assets address of the folder with `tfjs-backend-wasm-simd.wasm`, where it is not the package's own.
 * @throws {UnsupportedError} without the packages, `ModelError` when the .wasm file cannot be had; else the runtime's own words.
 */
export async function openWebTfjs(
  [model, weights]: readonly Uint8Array<ArrayBuffer>[],
  assets: string | undefined,
  cache: boolean | undefined,
): Promise<Session> {
  const modules = await load();
  if (assets === undefined) return openTfjs(modules, model, weights, ownWasm().href);
  const file = new URL('tfjs-backend-wasm-simd.wasm', assets.endsWith('/') ? assets : `${assets}/`);
  const { version_core: version } = modules.core as { version_core?: string };
  const bytes = await fetchCached(file, version, { cache });
  const kept = URL.createObjectURL(new Blob([bytes], { type: 'application/wasm' }));
  try {
    return await openTfjs(modules, model, weights, kept);
  } finally {
    URL.revokeObjectURL(kept);
  }
}
