// The thread that runs a model, one step after the other. Its text is inlined by scripts/build.mjs.
import { parentPort, workerData } from 'node:worker_threads';
import { onnxRuntime, type OrtModule, type Session } from './onnx-runtime.js';
import { serveSession } from './session-port.js';
import type { SessionJob } from './worker-session.js';

const { module, options, model } = workerData as SessionJob;
const port = parentPort!;

async function open(): Promise<Session> {
  const loaded = (await import(module)) as OrtModule & { default?: OrtModule };
  const ort = 'InferenceSession' in loaded ? loaded : (loaded as { default: OrtModule }).default;
  const { env } = ort as { env?: { wasm?: { numThreads?: number }; logLevel?: string } };
  // What goes wrong is thrown as well.
  if (env) env.logLevel = 'fatal';
  // More threads would cost more to wake than a step takes.
  if (env?.wasm) env.wasm.numThreads = 1;
  return onnxRuntime(ort, options)(model);
}

// Not at the top level: a thread started from text is a script, not a module.
void serveSession(
  open,
  (what, transfer) => {
    port.postMessage(what, transfer);
  },
  (take) => port.on('message', take),
  () => {
    port.close();
  },
);
