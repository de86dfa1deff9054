// A session on the far side of a thread or a worker: what is said between the two, the same in Node and in browsers.
import { DeviceLostError, ModelError } from '../errors.js';
import type { Session, Tensors } from './onnx-runtime.js';

/** What the far side is asked: one run, or to free everything. */
export type SessionRequest =
  { readonly id: number; readonly feeds: Tensors; readonly fetch: readonly string[] | undefined } | 'release';

/** What it answers: ready once; then one answer per run; a problem without a run is its end; released last. */
export type SessionAnswer =
  | 'ready'
  | 'released'
  | { readonly id: number; readonly outputs: Tensors }
  | { readonly id?: number; readonly problem: string };

/** The near side's hold on a thread. */
export interface SessionThread {
  /** Sends a request; the buffers go along and are gone here. */
  readonly post: (request: SessionRequest, transfer: ArrayBuffer[]) => void;
  /** Called with true before something is awaited and with false when nothing is any more. */
  readonly hold: (awaited: boolean) => void;
  /** Ends the thread after it has answered `released`. */
  readonly end: () => Promise<void>;
}

/** The near side. */
export interface RemoteSession {
  /** Resolves when the model is open; rejected with the runtime's own words when it cannot be. */
  readonly ready: Promise<Session>;
  /** Takes an answer of the far side. */
  readonly receive: (answer: SessionAnswer) => void;
  /** Tells that the thread or its device is lost: whatever waits, and every later run, fails with this. */
  readonly fail: (reason: string) => void;
}

interface Waiting {
  readonly resolve: (outputs: Tensors) => void;
  readonly reject: (error: Error) => void;
}

const released = 'The session has been released.';

/**
 * The near side of a session. Runs are computed in the order they were asked for; feeds are copied before `run` returns,
 * so views of a plan's memory may be handed in.
 */
export function remoteSession(thread: SessionThread): RemoteSession {
  const waiting = new Map<number | 'ready' | 'released', Waiting>();
  let over: ModelError | DeviceLostError | undefined;
  let opened = false;
  let ids = 0;
  const wait = (key: number | 'ready' | 'released'): Promise<Tensors> => {
    thread.hold(true);
    return new Promise((resolve, reject) => waiting.set(key, { resolve, reject }));
  };
  const settle = (key: number | 'ready' | 'released'): Waiting | undefined => {
    const found = waiting.get(key);
    waiting.delete(key);
    if (waiting.size === 0) thread.hold(false);
    return found;
  };
  const fail = (reason: string): void => {
    over ??= opened
      ? new DeviceLostError(`${reason.replace(/\.$/, '')}; load the model again.`)
      : new ModelError(reason);
    settle('released')?.resolve({});
    for (const key of [...waiting.keys()]) settle(key)?.reject(over);
  };
  const release = async (): Promise<void> => {
    if (over) return thread.end();
    over = new ModelError(released);
    const done = wait('released');
    thread.post('release', []);
    await done;
    fail(released);
    await thread.end();
  };
  const session: Session = {
    run(feeds, fetch) {
      if (over) return Promise.reject(over);
      const copies = Object.fromEntries(
        Object.entries(feeds).map(([name, { data, shape }]) => [name, { data: data.slice(), shape }]),
      );
      const id = ids++;
      const answer = wait(id);
      thread.post(
        { id, feeds: copies, fetch },
        Object.values(copies).map(({ data }) => data.buffer),
      );
      return answer;
    },
    release,
  };
  return {
    ready: wait('ready').then(() => session),
    receive(answer) {
      if (answer === 'ready') opened = true;
      if (typeof answer === 'string') settle(answer)?.resolve({});
      else if ('outputs' in answer) settle(answer.id)?.resolve(answer.outputs);
      else if (answer.id === undefined) fail(answer.problem);
      else settle(answer.id)?.reject(new ModelError(`The model cannot be run: ${answer.problem}`));
    },
    fail,
  };
}

/** Outputs may be windows on a runtime's memory; what leaves the thread owns its bytes. */
function owned(tensors: Tensors): { outputs: Tensors; buffers: ArrayBuffer[] } {
  const outputs = Object.fromEntries(
    Object.entries(tensors).map(([name, { data, shape }]) => [name, { data: data.slice(), shape: [...shape] }]),
  );
  return { outputs, buffers: Object.values(outputs).map(({ data }) => data.buffer) };
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * The far side: opens the model and serves it, one request after the other.
 * @param answer sends an answer; the buffers may go along.
 * @param listen is given what takes each request, once the model is open.
 * @param close called after the last answer.
 */
export async function serveSession(
  open: () => Promise<Session>,
  answer: (what: SessionAnswer, transfer: ArrayBuffer[]) => void,
  listen: (take: (request: SessionRequest) => void) => void,
  close: () => void,
): Promise<void> {
  let session: Session;
  try {
    session = await open();
  } catch (error) {
    answer({ problem: wordsOf(error) }, []);
    close();
    return;
  }
  const handle = async (request: SessionRequest): Promise<void> => {
    if (request === 'release') {
      await session.release().catch(() => undefined);
      answer('released', []);
      close();
      return;
    }
    const { id, feeds, fetch } = request;
    try {
      const { outputs, buffers } = owned(await session.run(feeds, fetch));
      answer({ id, outputs }, buffers);
    } catch (error) {
      answer({ id, problem: wordsOf(error) }, []);
    }
  };
  void session.lost?.then((problem) => {
    answer({ problem }, []);
  });
  let queue = Promise.resolve();
  listen((request) => {
    queue = queue.then(() => handle(request));
  });
  answer('ready', []);
}
