// A model, ready to hear strikes, on the best device there is. Node only.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UnsupportedError } from '../errors.js';
import { loadKernels } from '../kernels/module.js';
import { checkDevice } from './device-check.js';
import { type Device, nodeProviders, type Provider } from './devices.js';
import { type Model, openModel, type Precision } from './model.js';
import type { ModelBytes, ReadModelOptions } from './model-files.js';
import { openModelSource } from './model-source.js';
import type { Session } from './onnx-runtime.js';
import { openWorkerSession } from './worker-session.js';

export type { Model } from './model.js';

/** How a model is loaded. */
export interface LoadModelOptions extends ReadModelOptions {
  /** `auto`, the default, takes the first that works; a named one never falls back. */
  readonly device?: Device | 'auto';
  /** Default `half`; `full` takes the file with every bit of the weights, on onnxruntime. */
  readonly precision?: Precision;
  /** Steps that may wait for the device, over all predictors; one more is refused. Default 64. */
  readonly queue?: number;
}

// The thread's script has no place of its own to resolve packages from.
const { resolve } = createRequire(import.meta.url);

function entryOf(name: string): string {
  try {
    return resolve(name);
  } catch (cause) {
    throw new UnsupportedError(`${name} is not installed; npm install ${name}`, { cause });
  }
}

/**
 * Opens a model on one device, in a thread of its own.
 * @throws {UnsupportedError} when a package is missing, {@link ModelError} with the runtime's own words.
 */
export async function openNodeSession(
  provider: Provider,
  read: () => Promise<readonly Uint8Array<ArrayBuffer>[]>,
): Promise<Session> {
  const { device, runtime, executionProviders } = provider;
  const url = (path: string): string => pathToFileURL(path).href;
  if (device === 'tfjs') {
    const modules = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-converter', runtime].map(entryOf);
    const wasm = join(dirname(modules[2]), 'tfjs-backend-wasm-simd.wasm');
    return openWorkerSession({ modules: modules.map(url), options: wasm, files: await read() });
  }
  const entry = entryOf(runtime);
  await checkDevice(provider, entry);
  return openWorkerSession({ modules: [url(entry)], options: { executionProviders }, files: await read() });
}

/**
 * Loads a model: reads its card, checks its bytes, opens it on a device in a thread of its own and tries one step there.
 * @param source name of a shipped model, a folder, its http or file address, or bytes.
 * @throws {ModelError} when something is missing, damaged, of another version, or nothing here can run it.
 * @throws {RangeError} for an unknown device.
 * @throws {UnsupportedError} without WebAssembly SIMD.
 */
export async function loadModel(source: string | URL | ModelBytes, options: LoadModelOptions = {}): Promise<Model> {
  const { device = 'auto', precision, signal, queue } = options;
  const [kernels, model] = await Promise.all([loadKernels(), openModelSource(source, options)]);
  return openModel(kernels, model, {
    providers: nodeProviders,
    device,
    precision,
    signal,
    queue,
    open: openNodeSession,
  });
}
