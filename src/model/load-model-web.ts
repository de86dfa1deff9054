// A model, ready to hear strikes, on the best device a browser has.
import { loadKernels } from '../kernels/module.js';
import { type Device, type Provider, webProviders } from './devices.js';
import { type Model, openModel, type Precision } from './model.js';
import type { ModelBytes } from './model-files.js';
import type { Session } from './onnx-runtime.js';
import { openWebModel, type WebReadOptions } from './web-files.js';
import { checkWebGpu } from './web-gpu.js';
import { openWebSession, type WebSessionJob } from './web-session.js';
import { openWebWorkerSession } from './web-worker-session.js';

/** How a model is loaded in a browser. */
export interface LoadModelOptions extends WebReadOptions {
  /** `auto`, the default, takes the first that works; a named one never falls back. */
  readonly device?: Device | 'auto';
  /** Default `half`; `full` takes the file with every bit of the weights, on onnxruntime. */
  readonly precision?: Precision;
  /** Steps that may wait for the device, over all predictors; one more is refused. Default 64. */
  readonly queue?: number;
  /**
   * `own`, the default: the model runs in a worker of its own. `here`: where this is called, for a caller that is a worker
   * itself; its frames then need not travel.
   */
  readonly worker?: 'own' | 'here';
  /** Where `deep-marimba/model-worker` is served from, for pages whose bundler does not know `new Worker(new URL(...))`. */
  readonly workerUrl?: string | URL;
  /** Threads that share a step on WebAssembly, in a page that is cross-origin isolated. Default 1. */
  readonly threads?: number;
}

/**
 * Loads a model: reads its card, checks its bytes, opens it on a device and tries one step there.
 * @param source name of a shipped model, the address of a folder, or bytes.
 * @throws {ModelError} when something is missing, damaged, of another version, or nothing here can run it.
 * @throws {RangeError} for an unknown device.
 * @throws {UnsupportedError} without WebAssembly SIMD.
 */
export async function loadModel(source: string | URL | ModelBytes, options: LoadModelOptions = {}): Promise<Model> {
  const { device = 'auto', precision, signal, queue, assets, cache, worker = 'own', workerUrl, threads = 1 } = options;
  if (!['own', 'here'].includes(worker)) throw new RangeError(`worker: expected own or here, got ${worker}.`);
  if (!Number.isInteger(threads) || threads < 1) throw new RangeError(`threads: expected a whole number from 1, got ${threads}.`);
  const [kernels, model] = await Promise.all([loadKernels(), openWebModel(source, options)]);
  const open = async (provider: Provider, read: () => Promise<readonly Uint8Array<ArrayBuffer>[]>): Promise<Session> => {
    if (provider.device === 'webgpu') await checkWebGpu(device === 'webgpu');
    const job: WebSessionJob = {
      device: provider.device as WebSessionJob['device'],
      files: await read(),
      assets: assets === undefined ? undefined : new URL(assets, globalThis.location.href).href,
      cache,
      threads,
    };
    return worker === 'here' ? openWebSession(job) : openWebWorkerSession(job, workerUrl);
  };
  return openModel(kernels, model, { providers: webProviders, device, precision, signal, queue, open });
} // prettier-ignore
