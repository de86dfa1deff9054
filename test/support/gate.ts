// Lets a page hold up a worker: it is imported first there, and so hears every message before the worker's own code does.

/** What the page hands in: two 32-bit numbers, `closed` (1 or 0) and how many messages have waited. */
export interface Gate {
  readonly gate: SharedArrayBuffer;
}

let cells: Int32Array | undefined;
globalThis.addEventListener('message', (event: MessageEvent<unknown>) => {
  const { data } = event;
  if (typeof data === 'object' && data !== null && 'gate' in data) {
    cells = new Int32Array((data as Gate).gate);
    event.stopImmediatePropagation();
  } else if (cells && Atomics.load(cells, 0) === 1) {
    Atomics.add(cells, 1, 1);
    // The whole thread stands still, as it does within a step.
    Atomics.wait(cells, 0, 1);
  }
});
