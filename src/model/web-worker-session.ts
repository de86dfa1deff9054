// A model in a worker of its own: the page never waits while a step is computed. Browsers only.
import { lacksRoom, makeRoom } from '../kernels/room.js';
import type { Session } from './onnx-runtime.js';
import { remoteSession, type SessionAnswer } from './session-port.js';
import type { WebSessionJob } from './web-session.js';

/**
 * Starts the worker and opens the model in it.
 * @param workerUrl where `deep-marimba/model-worker` is served from. Default: beside this module.
 * @throws {ModelError} when the worker cannot be started, the runtime cannot be loaded or refuses the model.
 */
export async function openWebWorkerSession(job: WebSessionJob, workerUrl?: string | URL): Promise<Session> {
  try {
    return await startWorker(job, workerUrl);
  } catch (error) {
    if (!(error instanceof Error && lacksRoom(error.message))) throw error;
    makeRoom();
    return startWorker(job, workerUrl);
  }
}

async function startWorker(job: WebSessionJob, workerUrl: string | URL | undefined): Promise<Session> {
  const worker =
    workerUrl === undefined
      ? new Worker(new URL('./web-session-worker.js', import.meta.url), { type: 'module' })
      : new Worker(workerUrl, { type: 'module' });
  const { ready, receive, fail } = remoteSession({
    post: (request, transfer) => {
      worker.postMessage(request, transfer);
    },
    hold: () => undefined,
    end: () => {
      worker.terminate();
      return Promise.resolve();
    },
  });
  worker.addEventListener('message', ({ data }: MessageEvent<SessionAnswer>) => {
    receive(data);
  });
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    // Nothing is said when the script itself cannot be loaded.
    fail(
      event.message
        ? `The worker that runs the model failed: ${event.message}`
        : 'The worker that runs models cannot be loaded; serve deep-marimba/model-worker and name its address as workerUrl.',
    );
  });
  worker.postMessage(job);
  try {
    return await ready;
  } catch (error) {
    worker.terminate();
    throw error;
  }
}
