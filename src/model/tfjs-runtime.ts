// TensorFlow.js on WebAssembly: the runtime that is small. Handed in by Node or the browser, as onnxruntime is.
import type { Session, Tensor, Tensors } from './onnx-runtime.js';

interface TfTensor {
  readonly shape: readonly number[];
  dataSync(): Float32Array;
}

/** What `import('@tensorflow/tfjs-core')` gives, as far as it matters here. */
export interface TfjsCore {
  tensor(data: Float32Array, shape: readonly number[]): TfTensor;
  tidy<T>(work: () => T): T;
  setBackend(name: string): Promise<boolean>;
  env(): { set(flag: string, value: boolean): void };
  memory(): { readonly numTensors: number };
  readonly io: { fromMemory(artifacts: object): unknown };
}

/** What `import('@tensorflow/tfjs-converter')` gives. */
export interface TfjsConverter {
  loadGraphModel(source: unknown): Promise<{
    readonly outputs: readonly { readonly name: string }[];
    execute(inputs: object, outputs: readonly string[]): unknown;
    dispose(): void;
  }>;
}

/** What `import('@tensorflow/tfjs-backend-wasm')` gives. */
export interface TfjsBackend {
  setWasmPaths(paths: object): void;
}

/** The three packages. */
export interface TfjsModules {
  readonly core: TfjsCore;
  readonly converter: TfjsConverter;
  readonly backend: TfjsBackend;
}

let started: Promise<unknown> | undefined;

/**
 * Starts the WebAssembly backend, once per realm.
 * @param wasm address of `tfjs-backend-wasm-simd.wasm`. SIMD is what everything here stands on, and more threads would
 * cost more to wake than a step takes, so the other builds are not looked at.
 */
async function start({ core, backend }: TfjsModules, wasm: string): Promise<void> {
  core.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  const builds = ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm', 'tfjs-backend-wasm-threaded-simd.wasm'];
  backend.setWasmPaths(Object.fromEntries(builds.map((build) => [build, wasm])));
  if (!(await core.setBackend('wasm'))) throw new Error('the WebAssembly backend does not start');
}

/**
 * Opens a graph model.
 * @param model content of `model.json`.
 * @param weights content of `weights.bin`.
 * @param wasm as {@link start}.
 * @throws the runtime's own words.
 */
export async function openTfjs(
  modules: TfjsModules,
  model: Uint8Array,
  weights: Uint8Array,
  wasm: string,
): Promise<Session> {
  started ??= start(modules, wasm);
  await started.catch((error: unknown) => {
    started = undefined;
    throw error;
  });
  const { core, converter } = modules;
  const { weightsManifest, ...artifacts } = JSON.parse(new TextDecoder().decode(model)) as {
    weightsManifest: readonly [{ readonly weights: unknown }];
  };
  const weightData = weights.slice().buffer;
  const graph = await converter.loadGraphModel(
    core.io.fromMemory({ ...artifacts, weightSpecs: weightsManifest[0].weights, weightData }),
  );
  const all = graph.outputs.map(({ name }) => name.replace(/:0$/, ''));
  const run = (feeds: Tensors, names: readonly string[]): Tensors =>
    // Everything that is made on the way is freed; what comes out is copied before.
    core.tidy(() => {
      const inputs = Object.fromEntries(
        Object.entries(feeds).map(([name, { data, shape }]) => [name, core.tensor(data as Float32Array, shape)]),
      );
      const results = graph.execute(inputs, names) as TfTensor | readonly TfTensor[];
      const list = Array.isArray(results) ? (results as readonly TfTensor[]) : [results as TfTensor];
      return Object.fromEntries(
        list.map((result, k): [string, Tensor] => [names[k], { data: result.dataSync(), shape: [...result.shape] }]),
      );
    });
  return {
    run: (feeds, fetch = all) => Promise.resolve().then(() => run(feeds, fetch)),
    release: () => {
      graph.dispose();
      return Promise.resolve();
    },
  };
}
