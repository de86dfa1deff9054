// Files that are whole or absent: written under a temporary name beside the target and renamed when complete. Node only.
import { randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A file in the making. Exactly one of `commit` and `discard` ends it. */
export interface AtomicFile {
  /** Open for writing at any position. */
  readonly handle: FileHandle;
  /** Puts the file in its place, replacing what was there. */
  commit(): Promise<void>;
  /** Leaves what was there untouched. */
  discard(): Promise<void>;
}

/**
 * Opens a temporary file beside `path`.
 * @throws the file system's own error, for example when the folder is missing.
 */
export async function openAtomic(path: string): Promise<AtomicFile> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.part`);
  const handle = await open(temporary, 'wx');
  return {
    handle,
    async commit() {
      try {
        await handle.close();
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
    async discard() {
      await handle.close();
      await rm(temporary, { force: true });
    },
  };
}

/**
 * Writes a whole file at once.
 * @throws the file system's own error; then nothing has changed.
 */
export async function writeAtomic(path: string, data: Uint8Array | string): Promise<void> {
  const file = await openAtomic(path);
  try {
    await file.handle.writeFile(data);
  } catch (error) {
    await file.discard();
    throw error;
  }
  await file.commit();
}
