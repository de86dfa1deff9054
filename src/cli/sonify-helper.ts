// Helper processes of `deep-marimba sonify --jobs`: each hears clips, one at a time, as it is told.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Command } from 'commander';
import { discardUnfinished } from '../atomic-file.js';
import { ClipListener, type ClipReport, type Settings } from './sonify-clip.js';
import type { Clip } from './sonify-inputs.js';

type Order = { readonly settings: Settings } | { readonly clip: Clip };
type Answer = { readonly frames: number; readonly of?: number } | { readonly report: ClipReport };

// Between two words of progress, ms.
const pause = 200;
// How long a process may take to clear away what it has begun, ms; one that is deep in a decoder does not listen.
const patience = 400;

/** The helper's side: the command that nobody types. */
export const sonifyHelper = new Command('sonify-helper').action(() => {
  let listener: ClipListener | undefined;
  const say = (answer: Answer): void => void process.send?.(answer);
  const end = (): void => {
    discardUnfinished();
    process.exit(0);
  };
  // The terminal's Ctrl-C is for the command; what it makes of it comes as SIGTERM, or as its own end.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', end);
  process.on('disconnect', end);
  process.on('message', (order: Order) => {
    if ('settings' in order) {
      listener = new ClipListener(order.settings);
      void listener.open();
      return;
    }
    let told = 0;
    const onFrames = (frames: number, of: number | undefined): void => {
      if (performance.now() - told < pause) return;
      told = performance.now();
      say({ frames, ...(of === undefined ? {} : { of }) });
    };
    void listener!.hear(order.clip, onFrames, new AbortController().signal).then((report) => {
      say({ report });
    });
  });
});

/** The command's side: a process, started when it is first needed and again when it has died. */
export class Helper {
  readonly #settings: Settings;
  #child: ChildProcess | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Hears a clip. A process that dies over it is that clip's failure. */
  hear(clip: Clip, onFrames: (frames: number, of: number | undefined) => void): Promise<ClipReport> {
    const child = (this.#child ??= this.#start());
    return new Promise((done) => {
      const hearing = (answer: Answer): void => {
        if ('frames' in answer) {
          onFrames(answer.frames, answer.of);
          return;
        }
        child.off('exit', died);
        child.off('message', hearing);
        done(answer.report);
      };
      const died = (code: number | null, signal: string | null): void => {
        this.#child = undefined;
        const message = `${clip.file}: the process that heard it ended with ${signal ?? code}.`;
        done({ ...clip, status: 'failed', message });
      };
      child.on('message', hearing);
      child.once('exit', died);
      child.send({ clip } satisfies Order);
    });
  }

  /** Ends the process; it is gone when this settles. */
  async close(): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), patience);
    await gone;
    clearTimeout(force);
  }

  #start(): ChildProcess {
    const child = fork(process.argv[1], ['sonify-helper'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.send({ settings: this.#settings } satisfies Order);
    return child;
  }
}
