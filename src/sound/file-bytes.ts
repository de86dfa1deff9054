// A file's bytes, read as they are needed. Node only.
import { open } from 'node:fs/promises';
import { SoundError } from '../errors.js';
import { describeFileProblem } from '../file-problem.js';
import type { Bytes } from './bytes.js';

/** A file system's error as ours. */
export function fileProblem(path: string, error: unknown, doing: 'read' | 'write'): SoundError {
  const { sentence, code } = describeFileProblem(path, error, doing);
  return new SoundError(sentence, { cause: error, facts: { file: path, code } });
}

/** A file, opened anew for every reading. Its `open` throws {@link SoundError} when there is none or it may not be read. */
export function fileBytes(path: string): Bytes {
  return {
    name: path,
    async open() {
      try {
        const file = await open(path);
        const stats = await file.stat();
        if (!stats.isFile()) {
          await file.close();
          throw Object.assign(new Error('not a file'), { code: stats.isDirectory() ? 'EISDIR' : 'ENOTSUP' });
        }
        let closed = false;
        return {
          size: stats.size,
          async read(target, position) {
            let filled = 0;
            while (filled < target.length) {
              const { bytesRead } = await file.read(target, filled, target.length - filled, position + filled);
              if (bytesRead === 0) break;
              filled += bytesRead;
            }
            return filled;
          },
          async close() {
            if (closed) return;
            closed = true;
            await file.close();
          },
        };
      } catch (error) {
        throw fileProblem(path, error, 'read');
      }
    },
  };
}

/**
 * All of a file at once.
 * @throws {SoundError} when there is none, it may not be read, or it is longer than `limit` bytes.
 */
export async function readWholeFile(path: string, limit = 1 << 30): Promise<Uint8Array<ArrayBuffer>> {
  const file = await fileBytes(path).open();
  try {
    if (file.size === 0) throw new SoundError(`${path} is empty (0 bytes).`, { facts: { file: path } });
    if (file.size > limit) throw new SoundError(`${path} is too long: ${file.size} bytes of at most ${limit}.`);
    const bytes = new Uint8Array(file.size);
    return bytes.subarray(0, await file.read(bytes, 0));
  } finally {
    await file.close();
  }
}
