// The thread that runs a model, one step after the other. Its text is inlined by scripts/build.mjs.
import { parentPort, workerData } from 'node:worker_threads';
import { onnxRuntime, type OrtModule, type Session } from './onnx-runtime.js';
import { serveSession } from './session-port.js';
import { openTfjs, type TfjsBackend, type TfjsConverter, type TfjsCore } from './tfjs-runtime.js';
import type { SessionJob } from './worker-session.js';

const { modules, options, files } = workerData as SessionJob;
const port = parentPort!;

/** CommonJS seen from a module: what it exports may all be in `default`. */
async function load(url: string, sign: string): Promise<unknown> {
  const loaded = (await import(url)) as { default?: unknown };
  return sign in loaded ? loaded : loaded.default;
}

async function openOnnx(): Promise<Session> {
  const ort = (await load(modules[0], 'InferenceSession')) as OrtModule;
  const { env } = ort as { env?: { wasm?: { numThreads?: number }; logLevel?: string } };
  // What goes wrong is thrown as well.
  if (env) env.logLevel = 'fatal';
  // More threads would cost more to wake than a step takes.
  if (env?.wasm) env.wasm.numThreads = 1;
  return onnxRuntime(ort, options as object)(files[0]);
}

async function openTensorFlow(): Promise<Session> {
  const [core, converter, backend] = [
    (await load(modules[0], 'setBackend')) as TfjsCore,
    (await load(modules[1], 'loadGraphModel')) as TfjsConverter,
    (await load(modules[2], 'setWasmPaths')) as TfjsBackend,
  ];
  return openTfjs({ core, converter, backend }, files[0], files[1], options as string);
}

// Not at the top level: a thread started from text is a script, not a module.
void serveSession(
  modules.length === 1 ? openOnnx : openTensorFlow,
  (what, transfer) => {
    port.postMessage(what, transfer);
  },
  (take) => port.on('message', take),
  () => {
    port.close();
  },
);
