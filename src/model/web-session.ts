// A model in this very realm of a browser: a worker that has other work too, or a page that can wait.
import { ModelError, UnsupportedError } from '../errors.js';
import { explainRefusal } from '../kernels/module.js';
import { onnxRuntime, type OrtModule, type Session } from './onnx-runtime.js';
import { fetchCached } from './web-files.js';
import { openGpu, untilLost } from './web-gpu.js';

/** What a session is opened with. Plain data. */
export interface WebSessionJob {
  readonly device: 'webgpu' | 'wasm' | 'tfjs';
  /** The model's files, in the order of the provider's list. */
  readonly files: readonly Uint8Array<ArrayBuffer>[];
  /** Address of the folder with the runtimes' .wasm files, where it is not the packages' own. */
  readonly assets: string | undefined;
  /** Whether to keep those files. */
  readonly cache: boolean | undefined;
  /** Threads that share a step, on WebAssembly in a cross-origin isolated page. */
  readonly threads: number;
}

interface OrtWeb extends OrtModule {
  readonly env: {
    logLevel?: unknown;
    readonly versions: { readonly web?: string };
    readonly wasm: { numThreads?: number; wasmBinary?: ArrayBufferLike | Uint8Array };
  };
}

// The WebGPU build runs WebAssembly too, but is nearly twice as large.
async function loadOrt(device: 'webgpu' | 'wasm'): Promise<OrtWeb> {
  let ort: OrtWeb;
  try {
    ort = device === 'webgpu' ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/wasm');
  } catch (cause) {
    throw new UnsupportedError('onnxruntime-web is no part of this page; npm install onnxruntime-web', { cause });
  }
  // A bundler was told to put an empty module in its place.
  if (!('InferenceSession' in ort))
    throw new UnsupportedError(`This page has been built without onnxruntime-web/${device}.`);
  return ort;
}

const wasmFile = {
  webgpu: 'ort-wasm-simd-threaded.asyncify.wasm',
  wasm: 'ort-wasm-simd-threaded.wasm',
} as const;

// onnxruntime-web opens and runs one thing at a time in a realm.
let turn: Promise<unknown> = Promise.resolve();
const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
  const result = turn.then(work);
  turn = result.catch(() => undefined);
  return result;
};

/**
 * Opens a model here. Runs are computed in the order they were asked for.
 * @throws {UnsupportedError} when a package is missing, {@link ModelError} when its files cannot be had; else the runtime's own words.
 */
export async function openWebSession({ device, files, assets, cache, threads }: WebSessionJob): Promise<Session> {
  if (device === 'tfjs') {
    const { openWebTfjs } = await import('./web-tfjs.js');
    return openWebTfjs(files, assets, cache);
  }
  const ort = await loadOrt(device);
  const { env } = ort;
  // What goes wrong is thrown as well.
  env.logLevel = 'fatal';
  env.wasm.numThreads = globalThis.crossOriginIsolated ? threads : 1;
  return inTurn(async () => {
    if (assets !== undefined && env.wasm.wasmBinary === undefined) {
      const folder = new URL(assets.endsWith('/') ? assets : `${assets}/`);
      env.wasm.wasmBinary = await fetchCached(new URL(wasmFile[device], folder), env.versions.web, { cache });
    }
    const gpu = device === 'webgpu' ? await openGpu() : undefined;
    const executionProviders = [gpu ? { name: device, device: gpu } : device];
    const opened = await onnxRuntime(ort, { executionProviders })(files[0]).catch((cause: unknown) => {
      gpu?.destroy();
      throw new ModelError(explain(cause), { cause });
    });
    // The runtime has compiled it by now.
    const session = gpu ? untilLost(opened, gpu) : opened;
    return {
      ...session,
      run: (feeds, fetch) => inTurn(() => session.run(feeds, fetch)),
      release: () => inTurn(() => session.release()),
    };
  });
}

/** Runtimes say that they could not start, not what to do. */
function explain(cause: unknown): string {
  const reason = explainRefusal(cause);
  const words = reason instanceof Error ? reason.message : String(reason);
  if (reason !== cause) return words;
  if (/no available backend|wasm|fetch|initiali[sz]/i.test(words) && /failed|aborted|expected magic/i.test(words)) {
    return `onnxruntime-web does not start (${words}); serve its .wasm files and name their folder as assets.`;
  }
  return words;
}
