// The worker that watches, kept alive: started, listened to, and replaced when it fails, falls silent or loses its device.
import { ModelError } from '../errors.js';
import { lacksRoom, makeRoom } from '../kernels/room.js';
import type { Device, Skipped } from '../model/devices.js';
import type { FromWatcher, ToWatcher, WatchJob } from './live-messages.js';

// A worker that says nothing for this long, ms, has failed; while it opens a model it may be held up for longer.
const silence = { watching: 8000, opening: 90_000 };
// How often that is looked at, ms. A look that is this many times late was late with the whole page, asleep or frozen.
const look = { every: 1000, late: 3 };
// Waits between attempts to start a worker again, ms: a kiosk tries for ever. After one that had worked there is none.
const pauses = [0, 500, 2000, 5000, 15_000];

/** What a {@link WatchThread} needs of the page, and tells it. */
export interface WatchThreadOptions {
  readonly workerUrl: string | URL | undefined;
  /** What every worker is started with, as things are then. */
  readonly job: () => Omit<WatchJob, 'lost'>;
  /** Told what the worker says, except what concerns its own life. */
  readonly receive: (message: FromWatcher) => void;
  /** Told in a sentence why the worker is gone, before another takes its place. */
  readonly failed: (sentence: string) => void;
  /** Told that another has been started; `sentence` is what became of the one before. */
  readonly restarted: (sentence: string) => void;
}

/** One worker at a time. */
export class WatchThread {
  readonly #options: WatchThreadOptions;
  #worker: Worker | undefined;
  // What is said to a worker whose script has not come yet.
  #waiting: [ToWatcher, Transferable[]][] | undefined;
  #watchesTracks = false;
  // What the worker's model runs on, once it is open.
  #device: Device | undefined;
  #lost: readonly Skipped[] = [];
  // Workers in a row that came to nothing, and whether this one has watched a frame.
  #failures = 0;
  #works = false;
  #heardFrom = 0;
  #looked = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  // Whether the first worker has been given a second chance.
  #madeRoom = false;
  #settle: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  #stopped = false;

  constructor(options: WatchThreadOptions) {
    this.#options = options;
  }

  /** Whether a worker is there that has a model. */
  get open(): boolean {
    return this.#device !== undefined;
  }

  /** Whether the worker can read a camera's track by itself. */
  get watchesTracks(): boolean {
    return this.#watchesTracks;
  }

  /**
   * Starts the first worker; resolves when it has a model.
   * @throws {ModelError | UnsupportedError} what it could not do; the signal's reason.
   */
  async begin(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const opened = new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    const abort = (): void => {
      this.#settle?.reject(signal!.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      this.#start();
      this.#looked = performance.now();
      this.#timer = setInterval(() => {
        this.#look();
      }, look.every);
      await opened;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#settle = undefined;
    }
  }

  /** Says something to the worker; to none, nothing: the next one is told how things are. */
  readonly post = (message: ToWatcher, transfer: Transferable[] = []): void => {
    // What is sent to a script that has not come yet may be lost.
    if (this.#waiting) this.#waiting.push([message, transfer]);
    else this.#worker?.postMessage(message, transfer);
  };

  /** Has the worker free what it holds, and ends it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    const worker = this.#worker;
    this.#worker = undefined;
    if (!worker) return;
    await new Promise<void>((done) => {
      worker.onmessage = ({ data }: MessageEvent<FromWatcher>) => {
        if (data.type === 'stopped') done();
      };
      worker.postMessage({ type: 'stop' } satisfies ToWatcher);
      // One that hangs is ended all the same.
      setTimeout(done, 1000);
    });
    worker.terminate();
  }

  #start(): void {
    const { workerUrl, job } = this.#options;
    const worker =
      workerUrl === undefined
        ? new Worker(new URL('./live-worker.js', import.meta.url), { type: 'module' })
        : new Worker(workerUrl, { type: 'module' });
    this.#worker = worker;
    this.#waiting = [];
    this.#works = false;
    this.#heardFrom = performance.now();
    worker.onmessage = ({ data }: MessageEvent<FromWatcher>) => {
      if (worker === this.#worker) this.#receive(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      // Nothing is said when the script itself cannot be loaded.
      const words = event.message
        ? `The worker that watches failed: ${event.message}`
        : 'The worker that watches cannot be loaded; serve deep-marimba/live-worker and name its address as workerUrl.';
      if (worker === this.#worker) this.#replace(words);
    };
    this.post({ type: 'open', job: { ...job(), lost: this.#lost } });
  }

  #receive(message: FromWatcher): void {
    const { receive } = this.#options;
    this.#heardFrom = performance.now();
    switch (message.type) {
      case 'ready': {
        this.#watchesTracks = message.watchesTracks;
        const waiting = this.#waiting ?? [];
        this.#waiting = undefined;
        for (const [said, transfer] of waiting) this.post(said, transfer);
        break;
      }
      case 'opened':
        this.#device = message.device;
        receive(message);
        this.#settle?.resolve();
        break;
      case 'beat':
        this.#works ||= message.frames > 0;
        receive(message);
        break;
      case 'lost':
        this.#lose(message.lost);
        break;
      case 'refused':
        if (this.open) receive(message);
        else this.#refuse(message.error);
        break;
      case 'opening':
      case 'stopped':
        break;
      default:
        receive(message);
    }
  }

  /** The worker could not open a model. */
  #refuse(error: unknown): void {
    const words = wordsOf(error);
    const full = lacksRoom(words);
    if (!this.#settle) {
      // From the first device on: one that was lost may be back. Where only room is short, the same once more.
      if (!full) this.#lost = [];
      this.#replace(words);
    } else if (full && !this.#madeRoom) {
      this.#madeRoom = true;
      this.#worker?.terminate();
      makeRoom();
      this.#start();
    } else this.#settle.reject(error);
  }

  #lose(lost: Skipped): void {
    this.#lost = [...this.#lost, lost];
    this.#replace(`The device ${lost.device} was lost (${lost.reason}).`);
  }

  /** The worker has failed: another takes its place, sooner or later. */
  #replace(sentence: string): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#waiting = undefined;
    this.#device = undefined;
    if (this.#settle) {
      this.#settle.reject(new ModelError(sentence));
      return;
    }
    this.#failures = this.#works ? 0 : this.#failures + 1;
    this.#options.failed(sentence);
    setTimeout(
      () => {
        if (this.#stopped || this.#worker) return;
        // Whatever it was: the next one should not fail for what this thread has dropped.
        makeRoom();
        this.#start();
        this.#options.restarted(sentence);
      },
      pauses[Math.min(this.#failures, pauses.length - 1)],
    );
  }

  #look(): void {
    const now = performance.now();
    const late = now - this.#looked > look.late * look.every;
    this.#looked = now;
    // What the worker has said meanwhile may still be on its way.
    if (late) this.#heardFrom = now;
    if (!this.#worker || now - this.#heardFrom <= (this.open ? silence.watching : silence.opening)) return;
    // Runtimes may wait for a GPU that is gone without a word and without end.
    if (this.#device === 'webgpu') this.#lose({ device: this.#device, reason: 'the worker that uses it fell silent' });
    else this.#replace('The worker that watches fell silent.');
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
