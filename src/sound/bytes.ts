// Bytes that can be read anywhere: memory, a Blob, a file (src/sound/file-bytes.ts), or forward only, a pipe.

/** Bytes that are open for reading. */
export interface OpenBytes {
  /** Bytes in all; Infinity where nobody knows (a pipe). */
  readonly size: number;
  /** Fills `target` from `position` as far as there are bytes, and says how many it wrote. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** Ends the reading. Safe to call twice. */
  close(): Promise<void>;
}

/** Something that holds bytes and can be opened as often as needed. */
export interface Bytes {
  /** What to call it in a message: its path, or "the sound". */
  readonly name: string;
  /** Opens it at its beginning. */
  open(): Promise<OpenBytes>;
}

const noClose = (): Promise<void> => Promise.resolve();

/** Bytes in memory, not copied. */
export function memoryBytes(memory: Uint8Array, name: string): Bytes {
  return {
    name,
    open: () =>
      Promise.resolve({
        size: memory.length,
        read(target, position) {
          const part = memory.subarray(position, position + target.length);
          target.set(part);
          return Promise.resolve(part.length);
        },
        close: noClose,
      }),
  };
}

/** Bytes of a Blob or File, read as they are needed. */
export function blobBytes(blob: Blob, name: string): Bytes {
  return {
    name,
    open: () =>
      Promise.resolve({
        size: blob.size,
        async read(target, position) {
          const part = new Uint8Array(await blob.slice(position, position + target.length).arrayBuffer());
          target.set(part);
          return part.length;
        },
        close: noClose,
      }),
  };
}

/** Bytes that arrive in order: positions may only grow, what lies between two reads is dropped. */
export function forwardBytes(arriving: AsyncIterable<Uint8Array>): OpenBytes {
  const chunks = arriving[Symbol.asyncIterator]();
  let chunk = new Uint8Array(0);
  let start = 0;
  return {
    size: Infinity,
    async read(target, position) {
      let filled = 0;
      while (filled < target.length) {
        const offset = position + filled - start;
        if (offset < chunk.length) {
          const part = chunk.subarray(offset, offset + target.length - filled);
          target.set(part, filled);
          filled += part.length;
        } else {
          const next = await chunks.next();
          if (next.done === true) break;
          start += chunk.length;
          chunk = next.value as Uint8Array<ArrayBuffer>;
        }
      }
      return filled;
    },
    async close() {
      await chunks.return?.();
    },
  };
}
