// Room for WebAssembly: a browser's process has address space for few memories, and what its threads no longer use counts as well.

// Larger than browsers give, or free of cost until it is written to; not above what the language allows, for that is refused at once.
const unreasonable = 2 ** 34;

/**
 * Has the engine collect the garbage of this thread, memories of WebAssembly among it.
 *
 * Engines reserve 8 GiB of addresses for each memory, however small, so that a process (the page, its workers, its audio thread)
 * holds about a hundred of them, on small computers a dozen. An allocation that fails collects the garbage of its own thread only:
 * a worker cannot be started where the page has dropped plans that nobody has collected yet, and nothing hurries the page, for in
 * its books these are small. An ArrayBuffer that cannot be had makes the engine clean up before it says so. Takes up to some
 * hundred milliseconds: for when something has failed, and then before it is tried again.
 */
export function makeRoom(): void {
  try {
    const buffer = new ArrayBuffer(unreasonable) as ArrayBuffer & { transfer?: (length: number) => ArrayBuffer };
    buffer.transfer?.(0);
  } catch {
    // That is what it is for.
  }
}

/** Whether these are the words of an engine that had no room for a memory of WebAssembly. */
export const lacksRoom = (words: string): boolean => /(could not|cannot|failed to) allocate|out of memory/i.test(words);
