// A process in which no memory of WebAssembly can be made any more.

/** Memories that are kept by whoever keeps them. */
export const memories = (count: number): WebAssembly.Memory[] =>
  Array.from({ length: count }, () => new WebAssembly.Memory({ initial: 1 }));

/** Makes memories until there is room for none, and drops them: garbage that nobody collects. Returns how many. */
export function fillRoom(): number {
  const made: WebAssembly.Memory[] = [];
  try {
    while (made.length < 10_000) made.push(new WebAssembly.Memory({ initial: 1 }));
  } catch {
    // No more.
  }
  return made.length;
}
