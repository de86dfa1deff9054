// Batches of simulated sequences without end, the same for a seed and a step whatever the workers' pace.
import { Worker } from 'node:worker_threads';
import { loadKernels } from '../kernels/module.js';
import { Random } from './random.js';
import type { Sequences } from './scene-sequences.js';
import { sequenceMaker, type SequenceMakerOptions } from './sequence-maker.js';
import type { Batch, BatchSource } from './trainer.js';

/** How batches are made of clips. */
export interface SceneBatchOptions extends SequenceMakerOptions {
  /** Sequences per batch. */
  readonly batch: number;
  /** Clips whose sequences are mixed; clips x sequences is a multiple of `batch`. */
  readonly mixed: number;
  /** Clips that are seen over and over; no clip twice where left out or 0. */
  readonly clips?: number;
  /** What becomes of a clip's sequences before they are mixed, such as features instead of pictures. */
  readonly change?: (clip: number, render: () => Promise<Sequences>) => Promise<Sequences>;
  /** Threads that render while the trainer trains; 0 renders between steps on the calling thread. */
  readonly workers: number;
  /** Where the worker's module is; by default beside this one. */
  readonly workerUrl?: URL;
}

/** A batch source, and the threads behind it. */
export interface SceneBatches {
  readonly batches: BatchSource;
  /** Ends the threads. */
  readonly close: () => Promise<void>;
}

/**
 * Mixes clips in groups: group g holds the clips g * mixed .. (g + 1) * mixed - 1, its sequences in a random order that
 * hangs on the seed and g. While one group is handed out, the next is rendered.
 * @throws {RangeError} when a group is no whole number of batches.
 */
export function sceneBatches(options: SceneBatchOptions): SceneBatches {
  const { batch, mixed, workers: count, sequences: perClip, seed, clips: known = 0, change, ...scenes } = options;
  const perGroup = (mixed * perClip) / batch;
  if (!Number.isInteger(perGroup) || perGroup < 1) {
    throw new RangeError(
      `expected mixed x sequences to be a multiple of the batch, got ${mixed} x ${perClip} and ${batch}`,
    );
  }
  const url = options.workerUrl ?? new URL('./scene-worker.js', import.meta.url);
  const of = { ...scenes, sequences: perClip, seed, workerUrl: undefined };
  const render = count > 0 ? threads(url, of, count) : onThisThread(of);
  const clipOf = (place: number): Promise<Sequences> => {
    const clip = known > 0 ? place % known : place;
    return change ? change(clip, () => render.clip(clip)) : render.clip(clip);
  };

  return {
    async *batches(firstStep) {
      let group = Math.floor((firstStep - 1) / perGroup);
      let first = (firstStep - 1) % perGroup;
      const ask = (g: number): Promise<Sequences[]> => {
        const clips = Promise.all(Array.from({ length: mixed }, (_unused, i) => clipOf(g * mixed + i)));
        // A group that is asked for ahead may fail before anybody waits for it.
        clips.catch(() => undefined);
        return clips;
      };
      for (let next = ask(group); ; group++, first = 0) {
        const clips = await next;
        if (count > 0) next = ask(group + 1);
        const order = permutation(mixed * perClip, new Random(seed, `group ${group}`));
        for (let b = first; b < perGroup; b++) {
          const origin = `${b + 1} of ${perGroup} from clips ${group * mixed} to ${(group + 1) * mixed - 1} of seed ${seed}`;
          yield gather(clips, order.slice(b * batch, (b + 1) * batch), perClip, origin);
        }
        if (count === 0) next = ask(group + 1);
      }
    },
    close: render.close,
  };
}

function permutation(length: number, random: Random): number[] {
  const order = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function gather(clips: readonly Sequences[], picked: readonly number[], perClip: number, origin: string): Batch {
  const data: Record<string, Float32Array> = {};
  for (const [name, { length }] of Object.entries(clips[0])) {
    const size = length / perClip;
    const out = new Float32Array(picked.length * size);
    for (const [i, index] of picked.entries()) {
      const at = (index % perClip) * size;
      out.set(clips[Math.floor(index / perClip)][name].subarray(at, at + size), i * size);
    }
    data[name] = out;
  }
  return { data, origin };
}

interface Renderer {
  readonly clip: (number: number) => Promise<Sequences>;
  readonly close: () => Promise<void>;
}

function onThisThread(options: SequenceMakerOptions): Renderer {
  let maker: ReturnType<typeof sequenceMaker> | undefined;
  return {
    clip: async (number) => (await (maker ??= sequenceMaker(await loadKernels(), options)))(number),
    close: () => Promise.resolve(),
  };
}

function threads(url: URL, workerData: object, count: number): Renderer {
  const waiting = new Map<number, { resolve: (sequences: Sequences) => void; reject: (error: unknown) => void }>();
  const fail = (error: unknown): void => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const workers = Array.from({ length: count }, () => {
    const worker = new Worker(url, { workerData });
    worker.on('message', ({ clip, sequences }: { clip: number; sequences: Sequences }) => {
      waiting.get(clip)?.resolve(sequences);
      waiting.delete(clip);
    });
    worker.on('error', fail);
    return worker;
  });
  return {
    clip: (number) =>
      new Promise((resolve, reject) => {
        waiting.set(number, { resolve, reject });
        workers[number % count].postMessage(number);
      }),
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
      fail(new Error('the renderer was closed'));
    },
  };
}
