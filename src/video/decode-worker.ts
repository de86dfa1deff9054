// The decoding thread: fills slots of shared memory as they come free. Its text is inlined by scripts/build.mjs.
import { parentPort, workerData } from 'node:worker_threads';
import { openWithFfmpeg } from './decode-ffmpeg.js';
import { openWithNodeAv } from './decode-node-av.js';
import type { DecodeAnswer, DecodeJob } from './luma-source.js';

const { job, slots } = workerData as { job: DecodeJob; slots: readonly SharedArrayBuffer[] };
const port = parentPort!;
const targets = slots.map((slot) => new Uint8Array(slot));
const free = targets.map((_, slot) => slot);
let closed = false;
let woken = (): void => undefined;

const answer = (what: DecodeAnswer): void => {
  port.postMessage(what);
};

async function work(): Promise<void> {
  try {
    const source = await (job.decoder.kind === 'node-av' ? openWithNodeAv(job) : openWithFfmpeg(job));
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => (closing ??= Promise.resolve(source.close()));
    // A number gives a slot back; anything else ends the work, also while the source is waiting for bytes.
    port.on('message', (message: unknown) => {
      if (typeof message === 'number') free.push(message);
      else {
        closed = true;
        if (job.decoder.kind === 'ffmpeg') void close();
      }
      woken();
    });
    try {
      for (;;) {
        while (free.length === 0 && !closed) {
          await new Promise<void>((wake) => {
            woken = wake;
          });
        }
        if (closed) break;
        const slot = free.shift()!;
        const time = await source.next(targets[slot]);
        if (time === undefined) {
          answer({ end: true, complaint: source.complaint });
          break;
        }
        answer({ slot, time });
      }
    } finally {
      await close();
    }
  } catch (error) {
    if (!closed) answer({ problem: error instanceof Error ? error.message : String(error) });
  } finally {
    port.close();
  }
}

// Not at the top level: a thread started from text is a script, not a module.
void work();
