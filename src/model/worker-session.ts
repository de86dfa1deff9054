// A model in a thread of its own: the caller's never waits while a step is computed. Node only.
import { Worker } from 'node:worker_threads';
import { sessionWorkerSource } from './generated/session-worker.js';
import type { Session } from './onnx-runtime.js';
import { remoteSession, type SessionAnswer } from './session-port.js';

/** What the thread is started with. Plain data. */
export interface SessionJob {
  /** URLs of the entries: of an onnxruntime package, or of TensorFlow.js's core, converter and backend. */
  readonly modules: readonly string[];
  /** Session options, execution providers among them; of TensorFlow.js, the path of its .wasm file. */
  readonly options: object | string;
  /** Bytes of the model's files. */
  readonly files: readonly Uint8Array[];
}

/**
 * Starts the thread and opens the model in it. An idle session does not keep the process alive.
 * @throws {ModelError} when the runtime cannot be loaded or refuses the model, with its own words.
 */
export async function openWorkerSession(job: SessionJob): Promise<Session> {
  // Copies, for a small file lies in a larger buffer that would travel with it.
  const workerData: SessionJob = { ...job, files: job.files.map((file) => new Uint8Array(file)) };
  const worker = new Worker(sessionWorkerSource, { eval: true, workerData, execArgv: [] });
  const exited = new Promise<void>((done) => worker.once('exit', () => { done(); })); // prettier-ignore
  const { ready, receive, fail } = remoteSession({
    post: (request, transfer) => {
      worker.postMessage(request, transfer);
    },
    hold: (awaited) => {
      if (awaited) worker.ref();
      else worker.unref();
    },
    end: () => {
      worker.ref();
      return exited;
    },
  });
  worker.on('message', (answer: SessionAnswer) => {
    receive(answer);
  });
  worker.once('error', (error) => {
    fail(`The thread that runs the model failed: ${error instanceof Error ? error.message : String(error)}`);
  });
  worker.once('exit', () => {
    fail('The session has been released.');
  });
  return ready;
}
