// Files that are whole or absent: written under a temporary name beside the target and renamed when complete. Node only.
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, rmSync } from 'node:fs';
import { open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A file in the making. Exactly one of `commit` and `discard` ends it. */
export interface AtomicFile {
  /** Open for writing at any position. */
  readonly handle: FileHandle;
  /** Where it lies until it is complete, for those who write by name. */
  readonly temporary: string;
  /** Puts the file in its place, replacing what was there. */
  commit(): Promise<void>;
  /** Leaves what was there untouched. */
  discard(): Promise<void>;
}

// What a process that is told to end at once has to clear away.
const unfinished = new Set<string>();

/**
 * Opens a temporary file beside `path`.
 * @throws the file system's own error, for example when the folder is missing.
 */
export async function openAtomic(path: string): Promise<AtomicFile> {
  const name = `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.part`;
  const temporary = join(dirname(path), name);
  // Made without waiting: were it still under way when the process has to end, it would appear after the clearing.
  closeSync(openSync(temporary, 'wx'));
  unfinished.add(temporary);
  const handle = await open(temporary, 'r+');
  const remove = async (): Promise<void> => {
    await rm(temporary, { force: true });
    unfinished.delete(temporary);
  };
  return {
    handle,
    temporary,
    async commit() {
      try {
        await handle.close();
        await rename(temporary, path);
        unfinished.delete(temporary);
      } catch (error) {
        await remove();
        throw error;
      }
    },
    async discard() {
      await handle.close();
      await remove();
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

/** Removes, at once, what this process has begun and not completed; for a process that has to end now. */
export function discardUnfinished(): void {
  for (const temporary of unfinished) rmSync(temporary, { force: true });
}

/** Whether there is a process of this number. */
function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Removes what processes that were killed have left of `path` unfinished. */
export async function sweepUnfinished(path: string): Promise<void> {
  const begin = `.${basename(path)}.`;
  for (const name of await readdir(dirname(path)).catch(() => [])) {
    if (!name.startsWith(begin)) continue;
    const match = /^(\d+)-[0-9a-f]{8}\.part$/.exec(name.slice(begin.length));
    if (match && !lives(Number(match[1]))) await rm(join(dirname(path), name), { force: true });
  }
}
