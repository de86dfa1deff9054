// A model, ready to hear strikes, on the best device there is. Node only.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { UnsupportedError } from '../errors.js';
import { loadKernels } from '../kernels/module.js';
import { checkDevice } from './device-check.js';
import { type Device, nodeProviders, type Provider } from './devices.js';
import { type Model, openModel } from './model.js';
import type { ModelBytes, ReadModelOptions } from './model-files.js';
import { openModelSource } from './model-source.js';
import type { Session } from './onnx-runtime.js';
import { openWorkerSession } from './worker-session.js';

export type { Model } from './model.js';

/** How a model is loaded. */
export interface LoadModelOptions extends ReadModelOptions {
  /** `auto`, the default, takes the first that works; a named one never falls back. */
  readonly device?: Device | 'auto';
}

async function open(provider: Provider, read: () => Promise<readonly Uint8Array<ArrayBuffer>[]>): Promise<Session> {
  let entry: string;
  try {
    // The thread's script has no place of its own to resolve packages from.
    entry = createRequire(import.meta.url).resolve(provider.runtime);
  } catch (cause) {
    throw new UnsupportedError(`${provider.runtime} is not installed; npm install ${provider.runtime}`, { cause });
  }
  await checkDevice(provider, entry);
  const [onnx] = await read();
  const options = { executionProviders: provider.executionProviders };
  return openWorkerSession({ module: pathToFileURL(entry).href, options, model: onnx });
}

/**
 * Loads a model: reads its card, checks its bytes, opens it on a device in a thread of its own and tries one step there.
 * @param source name of a shipped model, a folder, its http or file address, or bytes.
 * @throws {ModelError} when something is missing, damaged, of another version, or nothing here can run it.
 * @throws {RangeError} for an unknown device.
 * @throws {UnsupportedError} without WebAssembly SIMD.
 */
export async function loadModel(source: string | URL | ModelBytes, options: LoadModelOptions = {}): Promise<Model> {
  const { device = 'auto', signal } = options;
  const [kernels, model] = await Promise.all([loadKernels(), openModelSource(source, options)]);
  return openModel(kernels, model, { providers: nodeProviders, device, signal, open });
}
