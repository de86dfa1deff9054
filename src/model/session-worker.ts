// The thread that runs a model, one step after the other. Its text is inlined by scripts/build.mjs.
import { parentPort, workerData } from 'node:worker_threads';
import { onnxRuntime, type OrtModule, type Tensors } from './onnx-runtime.js';
import type { SessionAnswer, SessionJob, SessionRequest } from './worker-session.js';

const { module, options, model } = workerData as SessionJob;
const port = parentPort!;

const answer = (what: SessionAnswer, transfer: readonly ArrayBuffer[] = []): void => {
  port.postMessage(what, transfer);
};

/** Outputs may be windows on a runtime's memory; what leaves the thread owns its bytes. */
function owned(tensors: Tensors): { outputs: Tensors; buffers: ArrayBuffer[] } {
  const outputs = Object.fromEntries(
    Object.entries(tensors).map(([name, { data, shape }]) => [name, { data: data.slice(), shape: [...shape] }]),
  );
  return { outputs, buffers: Object.values(outputs).map(({ data }) => data.buffer) };
}

async function work(): Promise<void> {
  try {
    const loaded = (await import(module)) as OrtModule & { default?: OrtModule };
    const ort = 'InferenceSession' in loaded ? loaded : (loaded as { default: OrtModule }).default;
    const { env } = ort as { env?: { wasm?: { numThreads?: number }; logLevel?: string } };
    // What goes wrong is thrown as well.
    if (env) env.logLevel = 'fatal';
    // More threads would cost more to wake than a step takes.
    if (env?.wasm) env.wasm.numThreads = 1;
    const session = await onnxRuntime(ort, options)(model);
    const handle = async (request: SessionRequest): Promise<void> => {
      if (request === 'release') {
        await session.release();
        port.close();
        return;
      }
      const { id, feeds, fetch } = request;
      try {
        const { outputs, buffers } = owned(await session.run(feeds, fetch));
        answer({ id, outputs }, buffers);
      } catch (error) {
        answer({ id, problem: error instanceof Error ? error.message : String(error) });
      }
    };
    let queue = Promise.resolve();
    port.on('message', (request: SessionRequest) => {
      queue = queue.then(() => handle(request));
    });
    answer({ ready: true });
  } catch (error) {
    answer({ problem: error instanceof Error ? error.message : String(error) });
    port.close();
  }
}

// Not at the top level: a thread started from text is a script, not a module.
void work();
