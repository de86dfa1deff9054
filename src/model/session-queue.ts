// Whoever shares a session stands in one line: of bounded length, and one may leave it before one's turn.
import { ModelError } from '../errors.js';
import type { Session, Tensors } from './onnx-runtime.js';

/** A session behind a line. */
export interface QueuedSession extends Session {
  /** Runs that wait for their turn; those the device already has are not counted. */
  readonly queued: number;
  /**
   * Runs the graph after those that were asked for before.
   * @param signal takes it out of the line: the promise is then rejected with its reason. What the device has begun, it ends.
   */
  run(feeds: Tensors, fetch?: readonly string[], signal?: AbortSignal): Promise<Tensors>;
  /**
   * To be asked before work is begun that takes one run or some: those are then let in together, else two who need several would
   * keep each other out for ever.
   * @throws {ModelError} when the line is full.
   */
  admit(): void;
  /** Resolves as soon as there is room in the line. */
  room(): Promise<void>;
}

/** Whose turn it is not yet. */
interface Waiting {
  readonly start: () => void;
}

// One is computed, and one lies at hand for when that ends.
const atOnce = 2;

/**
 * Puts a line before a session.
 * @param limit runs that may wait when more are let in.
 * @throws {RangeError} for a limit that is no whole number from 1.
 */
export function queueSession(session: Session, limit: number): QueuedSession {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`queue: expected a whole number from 1, got ${limit}.`);
  const line: Waiting[] = [];
  let running = 0;
  let over = false;
  let waitForRoom: (() => void)[] = [];
  const next = (): void => {
    while (running < atOnce && line.length > 0) line.shift()!.start();
    if (line.length >= limit) return;
    const told = waitForRoom;
    waitForRoom = [];
    for (const tell of told) tell();
  };
  const now = async (feeds: Tensors, fetch: readonly string[] | undefined): Promise<Tensors> => {
    running++;
    try {
      return await session.run(feeds, fetch);
    } finally {
      running--;
      next();
    }
  };
  return {
    get queued() {
      return line.length;
    },
    admit() {
      if (line.length < limit || over) return;
      throw new ModelError(
        `${line.length} steps wait for this model already; await earlier pushes, or the model's ready(), before more.`,
        { facts: { queued: line.length, limit } },
      );
    },
    room: () => (line.length < limit || over ? Promise.resolve() : new Promise((tell) => waitForRoom.push(tell))),
    run(feeds, fetch, signal) {
      if (signal?.aborted) return Promise.reject(signal.reason as Error);
      if (over || (running < atOnce && line.length === 0)) return now(feeds, fetch);
      // Feeds may be views of memory that changes before it is their turn.
      const kept = Object.fromEntries(
        Object.entries(feeds).map(([name, { data, shape }]) => [name, { data: data.slice(), shape }]),
      );
      return new Promise<Tensors>((resolve, reject) => {
        const leave = (): void => {
          line.splice(line.indexOf(waiting), 1);
          reject(signal!.reason as Error);
          next();
        };
        const waiting: Waiting = {
          start: () => {
            signal?.removeEventListener('abort', leave);
            now(kept, fetch).then(resolve, reject);
          },
        };
        signal?.addEventListener('abort', leave, { once: true });
        line.push(waiting);
      });
    },
    async release() {
      over = true;
      const released = session.release();
      // They get the session's own refusal, in their order.
      while (line.length > 0) line.shift()!.start();
      next();
      await released;
    },
  };
} // prettier-ignore
