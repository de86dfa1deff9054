// sonify(): strikes and sound of a moving picture, on a network that has learned nothing and pictures made by hand.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VideoError } from '../../../src/errors.js';
import {
  loadModel,
  predict,
  sonify,
  synthesize,
  type FrameSource,
  type Model,
  type SonifiedSource,
  type Strike,
} from '../../../src/node.js';
import { freshModel } from '../../support/fresh-model.js';
import { calibration, picture } from '../../support/moving-picture.js';

const seconds = 3;
const fps = 25;
let model: Model;
beforeAll(async () => {
  model = await loadModel(freshModel({ threshold: 0.0148 }), { device: 'cpu' });
});
afterAll(() => model.dispose());

/** A clip that begins at `first` on its own time line, and may break off. */
function video({ first = 0, frames = fps * seconds, breaks = false, duration = undefined as number | undefined } = {}): SonifiedSource {
  return {
    width: calibration.width,
    height: calibration.height,
    range: 'full',
    frameRate: { num: fps, den: 1 },
    duration,
    async *frames() {
      for (let k = 0; k < frames; k++) yield await Promise.resolve({ time: first + k / fps, luma: picture(k / fps) });
      if (breaks) throw new VideoError('The clip ends early.');
    },
  };
} // prettier-ignore

async function predicted(source: FrameSource): Promise<Strike[]> {
  const strikes: Strike[] = [];
  for await (const strike of predict(source, model, calibration)) strikes.push(strike);
  return strikes.sort((a, b) => a.time - b.time || a.midi - b.midi);
}

describe('sonify', () => {
  it('sounds as its strikes do when they are synthesized afterwards, bit for bit', async () => {
    for (const voice of ['modal', 'additive'] as const) {
      const { strikes, sound, duration, frames } = await sonify(video(), model, calibration, { voice, sampleRate: 44_100 });
      expect(strikes).toEqual(await predicted(video()));
      expect(strikes.length).toBeGreaterThan(5);
      expect({ duration, frames }).toEqual({ duration: expect.closeTo(seconds, 9) as number, frames: fps * seconds });
      expect(sound.sampleRate).toBe(44_100);
      const midi = [...new Set(calibration.bars.map((bar) => bar.midi))];
      const struck = strikes.filter((strike) => midi.includes(strike.midi));
      expect(sound.channels).toEqual([await synthesize(struck, { voice, sampleRate: 44_100, duration })]);
    }
  }); // prettier-ignore

  it('counts from the first frame, wherever the file puts it, and lasts as long as the index says', async () => {
    const plain = await sonify(video(), model, calibration);
    const late = await sonify(video({ first: 7.25, duration: 7.25 + seconds + 0.1 }), model, calibration);
    expect(late.first).toBe(7.25);
    expect(late.duration).toBeCloseTo(seconds + 0.1, 9);
    expect(late.strikes.map(({ midi }) => midi)).toEqual(plain.strikes.map(({ midi }) => midi));
    late.strikes.forEach(({ time }, i) => {
      expect(time).toBeCloseTo(plain.strikes[i].time, 9);
    });
  });

  it('sounds for what is there of a video that breaks off, and says what is not', async () => {
    const { problem, frames, strikes, duration, sound } = await sonify(video({ frames: 40, breaks: true, duration: 100 }), model, calibration);
    expect(problem?.message).toBe('The clip ends early.');
    expect({ frames, duration }).toEqual({ frames: 40, duration: expect.closeTo(40 / fps, 9) as number });
    expect(sound.channels[0].length).toBe(Math.round((40 / fps) * 48_000));
    expect(strikes).toEqual((await sonify(video({ frames: 40 }), model, calibration)).strikes);
  }); // prettier-ignore

  it('refuses what cannot be seen or heard, in one sentence', async () => {
    await expect(sonify(video({ frames: 2 }), model, calibration, { name: 'two.mp4' })).rejects.toThrow(
      'two.mp4 has only 2 frames, which is too short to see a strike; at least 3 are needed.',
    );
    await expect(sonify(video({ frames: 0, breaks: true }), model, calibration)).rejects.toThrow('ends early');
    await expect(sonify(video(), model, calibration, { sampleRate: 44.1 })).rejects.toThrow(RangeError);
    await expect(sonify(video(), model, calibration, { voice: 'exemplar' })).rejects.toThrow(TypeError);
    await expect(sonify(video(), model, calibration, { threshold: 2 })).rejects.toThrow(RangeError);
    const stop = new AbortController();
    const onFrame = (frames: number): void => {
      if (frames === 9) stop.abort(new Error('enough'));
    };
    await expect(sonify(video(), model, calibration, { signal: stop.signal, onFrame })).rejects.toThrow('enough');
  });
});
