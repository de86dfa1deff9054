// The files that sonifying makes: none of them is the video, all appear together when they are complete. Node only.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { openAtomic, sweepUnfinished, type AtomicFile } from '../atomic-file.js';
import { fileProblem } from '../sound/file-bytes.js';

/** What is written, each by its path. */
export interface SonifyOutputs {
  /** WAV, mono. */
  readonly sound: string;
  /** Strikes, events JSON. */
  readonly events?: string;
  /** Strikes, MIDI. */
  readonly midi?: string;
  /** Note amplitudes per video frame, .npy or .json. */
  readonly features?: string;
  /** The video with its sound, MP4. */
  readonly mp4?: string;
  /** Waveform, what moved over the bars, note amplitudes and strikes as a picture, .svg or .png. */
  readonly plot?: string;
}

/** Names of the outputs, in the order in which they appear: the strikes say that the rest is there. */
export const outputKinds = ['sound', 'midi', 'features', 'plot', 'mp4', 'events'] as const;

/** Name of an output. */
export type OutputKind = (typeof outputKinds)[number];

/** Whether two paths lead to one file. */
async function same(one: string, other: string): Promise<boolean> {
  if (resolve(one) === resolve(other)) return true;
  const [a, b] = await Promise.all([one, other].map((path) => stat(path).catch(() => undefined)));
  return a !== undefined && a.ino !== 0 && a.ino === b?.ino && a.dev === b.dev;
}

/**
 * Checks that nothing is overwritten that is still needed.
 * @throws {RangeError} when an output is the video itself, or two outputs are one file.
 */
export async function checkOutputs(video: string, outputs: SonifyOutputs): Promise<void> {
  const paths = outputKinds.flatMap((kind) => outputs[kind] ?? []);
  for (const [i, path] of paths.entries()) {
    if (await same(video, path)) throw new RangeError(`${path} is the video itself; give the output another name.`);
    for (const other of paths.slice(0, i)) {
      if (resolve(other) === resolve(path)) throw new RangeError(`Two outputs would be ${path}; give one another name.`);
    }
  } // prettier-ignore
}

/** The outputs in the making. Exactly one of `commit` and `discard` ends them. */
export class OutputFiles {
  readonly #files: ReadonlyMap<OutputKind, { readonly path: string; readonly file: AtomicFile }>;

  private constructor(files: Map<OutputKind, { path: string; file: AtomicFile }>) {
    this.#files = files;
  }

  /**
   * Begins all of them, so that what cannot be written is known before the work.
   * @throws {SoundError} when one cannot be written; then nothing is left behind.
   */
  static async open(outputs: SonifyOutputs): Promise<OutputFiles> {
    const files = new Map<OutputKind, { path: string; file: AtomicFile }>();
    try {
      for (const kind of outputKinds) {
        const path = outputs[kind];
        if (path === undefined) continue;
        await sweepUnfinished(path);
        const file = await openAtomic(path).catch((error: unknown) => {
          throw fileProblem(path, error, 'write');
        });
        files.set(kind, { path, file });
      }
      return new OutputFiles(files);
    } catch (error) {
      await new OutputFiles(files).discard();
      throw error;
    }
  }

  /** One of them, where it is wanted. */
  get(kind: OutputKind): { readonly path: string; readonly file: AtomicFile } | undefined {
    return this.#files.get(kind);
  }

  /** Writes one that is wanted. @throws {SoundError} when the disk refuses. */
  async put(kind: OutputKind, data: string | Uint8Array): Promise<void> {
    const { path, file } = this.#files.get(kind)!;
    await file.handle.writeFile(data).catch((error: unknown) => {
      throw fileProblem(path, error, 'write');
    });
  }

  /** Puts all in their places. @throws {SoundError} when the file system refuses. */
  async commit(): Promise<void> {
    for (const { path, file } of this.#files.values()) {
      await file.commit().catch((error: unknown) => {
        throw fileProblem(path, error, 'write');
      });
    }
  }

  /** Leaves everything as it was. */
  async discard(): Promise<void> {
    await Promise.all([...this.#files.values()].map(({ file }) => file.discard().catch(() => undefined)));
  }
}
