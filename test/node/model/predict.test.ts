// predict(): the loop around a predictor, on a network that has learned nothing and pictures made by hand.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VideoError } from '../../../src/errors.js';
import {
  loadModel,
  predict,
  type FrameSource,
  type Model,
  type PredictOptions,
  type Strike,
} from '../../../src/node.js';
import { freshModel } from '../../support/fresh-model.js';
import { calibration, picture } from '../../support/moving-picture.js';

const seconds = 3;
let model: Model;
beforeAll(async () => {
  model = await loadModel(freshModel({ threshold: 0.0148 }), { device: 'cpu' });
});
afterAll(() => model.dispose());

let closed = 0;
/** A clip of a second's quarter more than `seconds`, or one that breaks off after some frames. */
function video(breaksAfter = Infinity): FrameSource {
  return {
    width: calibration.width,
    height: calibration.height,
    range: 'full',
    frameRate: { num: 25, den: 1 },
    async *frames() {
      try {
        for (let k = 0; k < 25 * seconds; k++) {
          if (k === breaksAfter) throw new VideoError('The clip ends early.');
          yield await Promise.resolve({ time: k / 25, luma: picture(k / 25) });
        }
      } finally {
        closed += 1;
      }
    },
  };
}

async function all(source: FrameSource, options?: PredictOptions): Promise<Strike[]> {
  const strikes: Strike[] = [];
  for await (const strike of predict(source, model, calibration, options)) strikes.push(strike);
  return strikes;
}

async function byHand(frames: number): Promise<Strike[]> {
  const predictor = model.createPredictor(calibration, { fps: 25 });
  const strikes: Strike[] = [];
  for (let k = 0; k < frames; k++) {
    // As a decoder would, straight into the plan's memory, and not at once.
    const write = async (input: Uint8Array): Promise<void> => {
      await Promise.resolve();
      input.set(picture(k / 25));
    };
    strikes.push(...(await predictor.push({ time: k / 25, write })));
  }
  return [...strikes, ...(await predictor.flush())];
}

describe('predict', () => {
  it('yields what a predictor hears that is fed by hand, and tells how far it is', async () => {
    const progress: number[] = [];
    const heard = await all(video(), { onFrame: (frames, time) => progress.push(frames, time) });
    expect(heard.length).toBeGreaterThan(5);
    expect(heard).toEqual(await byHand(25 * seconds));
    expect(progress.slice(-2)).toEqual([25 * seconds, 3 - 1 / 25]);
  });

  it('gives what is there of a file that ends early, then says so', async () => {
    const strikes: Strike[] = [];
    await expect(async () => {
      for await (const strike of predict(video(40), model, calibration)) strikes.push(strike);
    }).rejects.toThrow('ends early');
    expect(strikes).toEqual(await byHand(40));
  });

  it('frees the picture when it is left, aborted or refused', async () => {
    const before = closed;
    for await (const strike of predict(video(), model, calibration)) {
      expect(strike.midi).toBeGreaterThan(0);
      break;
    }
    expect(closed).toBe(before + 1);
    const stop = new AbortController();
    await expect(
      all(video(), { signal: stop.signal, onFrame: (frames) => { if (frames === 10) stop.abort(new Error('enough')); } }),
    ).rejects.toThrow('enough'); // prettier-ignore
    expect(closed).toBe(before + 2);
    await expect(all(video(0))).rejects.toThrow('ends early');
    await expect(all(video(), { head: 'never' })).rejects.toThrow('head: expected onset, amplitude, got never.');
  });
});
