// A model in a thread of its own: the caller's never waits while a step is computed. Node only.
import { Worker } from 'node:worker_threads';
import { ModelError } from '../errors.js';
import { sessionWorkerSource } from './generated/session-worker.js';
import type { Session, Tensors } from './onnx-runtime.js';

/** What the thread is started with. Plain data. */
export interface SessionJob {
  /** URL of the onnxruntime package's entry. */
  readonly module: string;
  /** Session options, execution providers among them. */
  readonly options: object;
  /** Bytes of the .onnx file. */
  readonly model: Uint8Array;
}

/** What the thread is asked: one run, or to free everything and end. */
export type SessionRequest =
  { readonly id: number; readonly feeds: Tensors; readonly fetch: readonly string[] | undefined } | 'release';

/** What it answers: ready once; then one answer per run; a problem without a run is its end. */
export type SessionAnswer =
  | { readonly ready: true }
  | { readonly id: number; readonly outputs: Tensors }
  | { readonly id?: number; readonly problem: string };

interface Waiting {
  readonly resolve: (outputs: Tensors) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Starts the thread and opens the model in it. Runs are computed in the order they were asked for; feeds are copied
 * before `run` returns, so views of a plan's memory may be handed in. An idle session does not keep the process alive.
 * @throws {ModelError} when the runtime cannot be loaded or refuses the model, with its own words.
 */
export async function openWorkerSession(job: SessionJob): Promise<Session> {
  // A copy, for a small file lies in a larger buffer that would travel with it.
  const workerData: SessionJob = { ...job, model: new Uint8Array(job.model) };
  const worker = new Worker(sessionWorkerSource, { eval: true, workerData, execArgv: [] });
  const waiting = new Map<number, Waiting>();
  let over: ModelError | undefined;
  let ids = 0;
  const settle = (id: number): Waiting | undefined => {
    const found = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    return found;
  };
  const end = (reason: string): void => {
    over ??= new ModelError(reason);
    for (const id of waiting.keys()) settle(id)?.reject(over);
  };
  const exited = new Promise<void>((done) => {
    worker.once('exit', () => {
      end('The session has been released.');
      done();
    });
  });
  worker.once('error', (error) => {
    end(`The thread that runs the model failed: ${error instanceof Error ? error.message : String(error)}`);
  });
  await new Promise<void>((ready, reject) => {
    waiting.set(-1, { resolve: () => { ready(); }, reject }); // prettier-ignore
    worker.on('message', (answer: SessionAnswer) => {
      if ('ready' in answer) settle(-1)?.resolve({});
      else if ('outputs' in answer) settle(answer.id)?.resolve(answer.outputs);
      else if (answer.id === undefined) end(answer.problem);
      else settle(answer.id)?.reject(new ModelError(`The model cannot be run: ${answer.problem}`));
    });
  });
  return {
    run(feeds, fetch) {
      if (over) return Promise.reject(over);
      const copies = Object.fromEntries(
        Object.entries(feeds).map(([name, { data, shape }]) => [name, { data: data.slice(), shape }]),
      );
      return new Promise((resolve, reject) => {
        const id = ids++;
        waiting.set(id, { resolve, reject });
        worker.ref();
        const request: SessionRequest = { id, feeds: copies, fetch };
        worker.postMessage(
          request,
          Object.values(copies).map(({ data }) => data.buffer),
        );
      });
    },
    async release() {
      over ??= new ModelError('The session has been released.');
      worker.ref();
      worker.postMessage('release' satisfies SessionRequest);
      await exited;
    },
  };
}
