// One line before a session: first come, first served, of bounded length, left by those who have changed their mind.
import { describe, expect, it } from 'vitest';
import { isMarimbaError } from '../../../src/errors.js';
import { loadModel } from '../../../src/model/load-model.js';
import type { Session, Tensors } from '../../../src/model/onnx-runtime.js';
import { queueSession } from '../../../src/model/session-queue.js';
import { freshModel } from '../../support/fresh-model.js';
import { calibration, picture } from '../../support/moving-picture.js';

/** A session that answers when it is told to, with what it was fed. */
function held(): { session: Session; begun: number[]; finish: () => Promise<void> } {
  const begun: number[] = [];
  const open: (() => void)[] = [];
  const session: Session = {
    run: (feeds) =>
      new Promise((resolve) => {
        begun.push(feeds.x.data[0]);
        open.push(() => {
          resolve(feeds);
        });
      }),
    release: () => Promise.resolve(),
  };
  const finish = async (): Promise<void> => {
    open.shift()?.();
    await new Promise(setImmediate);
  };
  return { session, begun, finish };
}

const feed = (x: number): Tensors => ({ x: { data: Float32Array.of(x), shape: [1] } });

describe('queueSession', () => {
  it('serves in order, two at a time, what was fed then', async () => {
    const { session, begun, finish } = held();
    const line = queueSession(session, 8);
    const memory = Float32Array.of(0);
    const runs = [1, 2, 3, 4].map((x) => {
      memory[0] = x;
      return line.run({ x: { data: x < 3 ? Float32Array.of(x) : memory, shape: [1] } });
    });
    memory[0] = 99;
    expect(begun).toEqual([1, 2]);
    expect(line.queued).toBe(2);
    for (let k = 0; k < 4; k++) await finish();
    expect(begun).toEqual([1, 2, 3, 4]);
    expect((await Promise.all(runs)).map(({ x }) => x.data[0])).toEqual([1, 2, 3, 4]);
    expect(line.queued).toBe(0);
  });

  it('lets nobody in when it is full, says so, and tells when there is room', async () => {
    const { session, finish } = held();
    const line = queueSession(session, 2);
    line.admit();
    const runs = [1, 2, 3, 4].map((x) => line.run(feed(x)));
    let refused: unknown;
    try {
      line.admit();
    } catch (error) {
      refused = error;
    }
    expect(isMarimbaError(refused, 'ModelError')).toBe(true);
    expect((refused as Error).message).toMatch(/^2 steps wait for this model already; await /);
    expect(refused).toMatchObject({ facts: { queued: 2, limit: 2 } });
    let room = false;
    const told = line.room().then(() => (room = true));
    await new Promise(setImmediate);
    expect(room).toBe(false);
    await finish();
    await told;
    line.admit();
    const late = line.run(feed(6));
    for (let k = 0; k < 4; k++) await finish();
    await Promise.all([...runs, late]);
  });

  it('is left by a signal before its turn, and only then', async () => {
    const { session, begun, finish } = held();
    const line = queueSession(session, 4);
    const reason = new Error('enough');
    const [early, late] = [new AbortController(), new AbortController()];
    const first = line.run(feed(1), undefined, early.signal);
    const second = line.run(feed(2));
    const third = line.run(feed(3), undefined, late.signal);
    const fourth = line.run(feed(4));
    early.abort(reason);
    late.abort(reason);
    await expect(third).rejects.toBe(reason);
    await expect(line.run(feed(5), undefined, late.signal)).rejects.toBe(reason);
    for (let k = 0; k < 3; k++) await finish();
    await Promise.all([first, second, fourth]);
    expect(begun).toEqual([1, 2, 4]);
  });

  it('refuses a line that cannot be', () => {
    for (const limit of [0, 1.5, NaN]) expect(() => queueSession(held().session, limit)).toThrow(/whole number from 1/);
  });
});

describe('a model that many push to', () => {
  it('refuses what it has no room for, as if it had not been pushed', async () => {
    const model = await loadModel(freshModel({ threshold: 0.0148 }), { device: 'cpu', queue: 2 });
    await expect(loadModel(freshModel(), { device: 'cpu', queue: 0 })).rejects.toThrow(/queue: expected/);
    const predictors = Array.from({ length: 6 }, () => model.createPredictor(calibration, { fps: 25 }));
    const push = async (k: number): Promise<PromiseSettledResult<unknown>[]> =>
      Promise.allSettled(predictors.map((predictor) => predictor.push({ time: k / 25, luma: picture(k / 25) })));
    const crowd = await push(0);
    const refused = crowd.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(6);
    for (const { reason } of refused) expect(String(reason)).toMatch(/2 steps wait for this model already/);
    for (const [i, { status }] of crowd.entries()) {
      if (status === 'rejected') await predictors[i].push({ time: 0, luma: picture(0) });
    }
    expect(model.queued).toBe(0);
    await model.ready();
    for (const predictor of predictors) await predictor.push({ time: 1 / 25, luma: picture(1 / 25) });
    // Whoever waits for room is never refused.
    for (let k = 2; k < 5; k++) {
      const pushed = predictors.map(async (predictor) => {
        for (;;) {
          await model.ready();
          try {
            return await predictor.push({ time: k / 25, luma: picture(k / 25) });
          } catch (error) {
            if (!isMarimbaError(error, 'ModelError')) throw error;
          }
        }
      });
      await Promise.all(pushed);
    }
    await model.dispose();
    await model.ready();
  });

  it('takes a push back that waits for its turn', async () => {
    const model = await loadModel(freshModel({ threshold: 0.0148 }), { device: 'cpu' });
    const [busy, patient] = [model.createPredictor(calibration), model.createPredictor(calibration)];
    const reason = new Error('enough');
    const controller = new AbortController();
    const first = busy.push({ time: 0, luma: picture(0) });
    const waiting = patient.push({ time: 0, luma: picture(0) }, { signal: controller.signal });
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await first;
    await expect(patient.push({ time: 0.02, luma: picture(0) }, { signal: controller.signal })).rejects.toBe(reason);
    // To the predictor the frame is one that was dropped, so that it hears what one hears that never got it.
    const hears = async (predictor: typeof busy): Promise<unknown[]> => {
      const strikes: unknown[] = [];
      for (let k = 1; k < 60; k++) strikes.push(...(await predictor.push({ time: k / 25, luma: picture(k / 25) })));
      return [...strikes, ...(await predictor.flush())];
    };
    expect((await hears(patient)).length).toBeGreaterThan(0);
    await model.dispose();
  });
});
