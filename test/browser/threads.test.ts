// More than one thread to a step, where the page is cross-origin isolated: the same answers, and really more threads.
import { expect, it } from 'vitest';
import { openWebModel } from '../../src/model/web-files.js';
import { openWebSession } from '../../src/model/web-session.js';
import { largestDifference, renderStrips, traceOf } from '../support/parity.js';

it('computes a step in two threads, and says the same', async () => {
  expect(globalThis.crossOriginIsolated).toBe(true);
  // The runtime's helpers are workers of the realm that it is opened in.
  const helpers: string[] = [];
  const RealWorker = globalThis.Worker;
  globalThis.Worker = class extends RealWorker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      helpers.push(String(url));
    }
  };
  try {
    const { card, read } = await openWebModel('bar-lstm');
    const clip = await renderStrips(40);
    // A runtime starts its threads once: the first session of a realm decides.
    const job = { device: 'wasm', files: [await read('onnx')], assets: undefined, cache: true } as const;
    const session = await openWebSession({ ...job, threads: 2 });
    expect(helpers).toHaveLength(1);
    const two = await traceOf(session, card, clip);
    await session.release();
    globalThis.Worker = RealWorker;
    const { openWebWorkerSession } = await import('../../src/model/web-worker-session.js');
    const alone = await openWebWorkerSession({ ...job, threads: 1 });
    const apart = largestDifference(two, await traceOf(alone, card, clip));
    await alone.release();
    console.log(`two threads against one: every output and state of 40 steps within ${apart.toExponential(1)}`);
    expect(apart).toBeLessThan(1e-4);
  } finally {
    globalThis.Worker = RealWorker;
  }
});
