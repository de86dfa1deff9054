// The streaming predictor on a network that has learned nothing: what it hears must depend on the video alone.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { barEnvelope, barGain } from '../../../src/bar-envelope.js';
import { loadKernels } from '../../../src/kernels/module.js';
import { Rectifier } from '../../../src/kernels/rectifier.js';
import { loadModel, type Model } from '../../../src/model/load-model.js';
import { StrikePicker } from '../../../src/model/pick.js';
import type { Session } from '../../../src/model/onnx-runtime.js';
import { Predictor, type PredictorOptions } from '../../../src/model/predictor.js';
import { RowStream } from '../../../src/model/row-stream.js';
import { openWorkerSession } from '../../../src/model/worker-session.js';
import type { Strike } from '../../../src/types.js';
import { barStrips } from '../../../src/video/strip.js';
import { freshModel } from '../../support/fresh-model.js';
import { calibration, picture } from '../../support/moving-picture.js';

const { card, onnx } = freshModel({ fps: [25, 50], threshold: 0.0148 });
let model: Model;
beforeAll(async () => {
  model = await loadModel({ card, onnx }, { device: 'cpu' });
});
afterAll(() => model.dispose());

interface Clip {
  readonly time: number;
  readonly luma: Uint8Array;
}

const film = (fps: number, seconds: number, from = 0): Clip[] =>
  Array.from({ length: fps * seconds }, (_, k) => ({ time: from + k / fps, luma: picture(k / fps) }));

async function watch(clip: readonly Clip[], options?: PredictorOptions): Promise<Strike[]> {
  const predictor = model.createPredictor(calibration, options);
  const strikes: Strike[] = [];
  for (const frame of clip) strikes.push(...(await predictor.push(frame)));
  return [...strikes, ...(await predictor.flush())];
}

describe('Predictor', () => {
  it('hears what its parts hear, one after the other', async () => {
    const clip = film(25, 4);
    const kernels = await loadKernels();
    const strips = barStrips(calibration);
    const rectifier = new Rectifier(kernels, { width: 160, height: 90, format: 'gray8' }, { warps: strips });
    const module = pathToFileURL(createRequire(import.meta.url).resolve('onnxruntime-web')).href;
    const session = await openWorkerSession({
      modules: [module],
      options: { executionProviders: ['wasm'] },
      files: [onnx],
    });
    const expected: Strike[] = [];
    for (const [i, strip] of strips.entries()) {
      rectifier.reset();
      const row = new RowStream(session, card, strip.midi.length, ['onset', 'velocity']);
      const picker = new StrikePicker(strip.midi.map((midi) => ({ midi })), card.onsets[0]); // prettier-ignore
      for (const { time, luma } of clip) {
        rectifier.run(0.04, luma);
        const { onset, velocity } = await row.step(rectifier.views[i].output);
        expected.push(
          ...picker.push({ time, onset: onset.data.map((x) => 1 / (1 + Math.exp(-x))), velocity: velocity.data }),
        );
      }
      expected.push(...picker.flush());
    }
    await session.release();
    const order = (strikes: readonly Strike[]): Strike[] =>
      [...strikes].sort((a, b) => a.midi - b.midi || a.time - b.time);
    const heard = order(await watch(clip));
    expect(heard.length).toBeGreaterThan(5);
    expect(new Set(heard.map(({ midi }) => midi)).size).toBeGreaterThan(3);
    expect(heard.map(({ midi }) => midi)).toEqual(order(expected).map(({ midi }) => midi));
    order(expected).forEach(({ time, velocity }, i) => {
      expect(heard[i].time).toBeCloseTo(time, 5);
      expect(heard[i].velocity).toBeCloseTo(velocity, 5);
    });
  });

  it('hears the same twice, after reset(), and beside another on the same model', async () => {
    const clip = film(25, 3);
    const alone = await watch(clip);
    expect(alone.length).toBeGreaterThan(3);
    const both = await Promise.all([watch(clip), watch(film(50, 3)), watch(clip)]);
    expect(both[0]).toEqual(alone);
    expect(both[2]).toEqual(alone);
    const predictor = model.createPredictor(calibration);
    for (const frame of film(25, 2, 100)) await predictor.push(frame);
    predictor.reset();
    const again: Strike[] = [];
    for (const frame of clip) again.push(...(await predictor.push(frame)));
    expect([...again, ...(await predictor.flush())]).toEqual(alone);
  });

  it('tells seconds of the time stamps, wherever they start', async () => {
    const shifted = await watch(film(25, 3, 1000));
    const strikes = await watch(film(25, 3));
    expect(shifted.length).toBe(strikes.length);
    shifted.forEach(({ time }, i) => {
      expect(time - 1000).toBeCloseTo(strikes[i].time, 6);
    });
  });

  it('sees 100 frames per second as the 50 it was trained at', async () => {
    const slow = await watch(film(50, 3), { fps: 50 });
    expect(slow.length).toBeGreaterThan(3);
    expect(await watch(film(100, 3), { fps: 100 })).toEqual(slow);
  });

  it('takes frames of another format, range and size', async () => {
    const clip = film(25, 3);
    const gray = await watch(clip);
    const rgba = clip.map(({ time, luma }) => ({ time, luma: new Uint8Array(luma.length * 4) }));
    for (const [k, { luma }] of rgba.entries()) for (let i = 0; i < luma.length; i++) luma[i] = clip[k].luma[i >> 2];
    const colours = await watch(rgba, { frame: { width: 160, height: 90, format: 'rgba' } });
    expect(colours.map(({ midi }) => midi)).toEqual(gray.map(({ midi }) => midi));
    const narrow = clip.map(({ time, luma }) => ({ time, luma: luma.map((y) => 16 + Math.round((y * 219) / 255)) }));
    const limited = await watch(narrow, { frame: { width: 160, height: 90, format: 'gray8', range: 'limited' } });
    // Rounded to 219 steps, so a strike on the verge may go; the rest stays.
    expect(Math.abs(limited.length - gray.length)).toBeLessThan(gray.length / 3);
  });

  it('listens to the head that is asked for, as early as the card says', () => {
    const [sure, early] = card.onsets.map(({ output }) => model.createPredictor(calibration, { head: output }).latency);
    expect([sure, early]).toEqual([3, 1]);
    expect(() => model.createPredictor(calibration, { head: 'late' })).toThrow(
      /head: expected onset, amplitude, got late/,
    );
  });

  it('goes on from a snapshot, itself and another: exactly, at any rate, through structured clones', async () => {
    for (const [fps, options] of [
      [25, {}],
      [100, { fps: 100 }],
      // Looked at for eight intervals before the rate is known; taken in the middle of that, and after.
      [18, {}],
    ] as const) {
      const clip = film(fps, 3);
      for (const at of [4, Math.floor(clip.length / 2)]) {
        const rows: number[][] = [[], []];
        const [first, second] = rows.map((list) =>
          model.createPredictor(calibration, {
            ...options,
            onAmplitudes: (row) => list.push(row.time, ...row.amplitudes),
          }),
        );
        for (const frame of clip.slice(0, at)) await first.push(frame);
        // Something else entirely, before.
        for (const frame of film(50, 1, 7)) await second.push(frame);
        const state = structuredClone(first.snapshot());
        second.restore(state);
        rows.forEach((list) => list.splice(0));
        const go = async (predictor: typeof first): Promise<Strike[]> => {
          const strikes: Strike[] = [];
          for (const frame of clip.slice(at)) strikes.push(...(await predictor.push(frame)));
          return [...strikes, ...(await predictor.flush())];
        };
        const expected = await go(first);
        expect(expected.length).toBeGreaterThan(2);
        expect(await go(second)).toEqual(expected);
        expect(rows[1]).toEqual(rows[0]);
        // The state is still what it was.
        first.restore(state);
        expect(await go(first)).toEqual(expected);
      }
    }
    const predictor = model.createPredictor(calibration);
    const state = predictor.snapshot();
    const others = [
      model.createPredictor({ ...calibration, bars: calibration.bars.slice(1) }),
      model.createPredictor(calibration, { head: 'amplitude' }),
      model.createPredictor(calibration, { frame: { width: 160, height: 90, format: 'rgba' } }),
    ];
    for (const other of others) expect(() => { other.restore(state); }).toThrow(/expected the state of a predictor with the same model/); // prettier-ignore
    expect(() => { predictor.restore({} as never); }).toThrow(/expected what snapshot\(\) returned/); // prettier-ignore
    const running = predictor.push(film(25, 1)[0]);
    expect(() => predictor.snapshot()).toThrow(/one frame at a time/);
    expect(() => { predictor.restore(state); }).toThrow(/one frame at a time/); // prettier-ignore
    await running;
  }, 300_000);

  it('tells amplitudes of every frame: what its strikes leave behind, as late as it says', async () => {
    const rows: { time: number; amplitudes: Float32Array; at: number }[] = [];
    let at = 0;
    const predictor = model.createPredictor(calibration, { onAmplitudes: (row) => rows.push({ ...row, at }) });
    expect(predictor.notes).toEqual([60, 62, 64, 65, 67, 61, 63, 66]);
    const clip = film(25, 4);
    const strikes: Strike[] = [];
    for (at = 0; at < clip.length; at++) strikes.push(...(await predictor.push(clip[at])));
    strikes.push(...(await predictor.flush()));
    expect(strikes.length).toBeGreaterThan(5);
    expect(rows.map(({ time }) => time)).toEqual(clip.map(({ time }) => time));
    rows.slice(0, -predictor.amplitudeLatency).forEach((row, k) => {
      expect(row.at).toBe(k + predictor.amplitudeLatency);
    });
    for (const [k, { time, amplitudes }] of rows.entries()) {
      // Read at the frame's end.
      const end = k + 1 < rows.length ? rows[k + 1].time : time + 0.04;
      predictor.notes.forEach((midi, i) => {
        const last = strikes.filter((strike) => strike.midi === midi && strike.time < end).sort((a, b) => a.time - b.time).at(-1); // prettier-ignore
        const level = !last ? 0 : barEnvelope(midi).reduce((sum, { gain, tau }) => sum + gain * Math.exp(-(end - last.time) / tau), 0); // prettier-ignore
        expect(amplitudes[i]).toBeCloseTo((level / barGain) * (last?.velocity ?? 0), 5);
      });
    }
  });

  it('hands on what the model itself says of amplitudes, frame by frame', async () => {
    const own = { ...card, onsets: card.onsets.slice(0, 1) };
    const saying = await loadModel({ card: own, onnx }, { device: 'cpu' });
    const rows: { time: number; amplitudes: Float32Array }[] = [];
    const predictor = saying.createPredictor(calibration, { onAmplitudes: (row) => rows.push(row) });
    expect(predictor.amplitudeLatency).toBe(0);
    for (const frame of film(25, 1)) {
      await predictor.push(frame);
      expect(rows.at(-1)!.time).toBe(frame.time);
    }
    expect(rows).toHaveLength(25);
    // Told apart by row of bars, five and three.
    for (const { amplitudes } of rows) {
      expect(amplitudes).toHaveLength(8);
      expect(amplitudes.every(Number.isFinite)).toBe(true);
    }
    const all = rows.flatMap(({ amplitudes }) => [...amplitudes]);
    expect(new Set(all).size).toBeGreaterThan(5);
    await saying.dispose();
  });

  it('does not drift when frames are dropped', async () => {
    // Every seventh frame and once five in a row do not come; what is heard is still where it is in the full film.
    const clip = film(50, 4);
    const full = await watch(clip, { fps: 50 });
    const holes = await watch(clip.filter((_, k) => k % 7 !== 3 && !(k > 60 && k < 66)), { fps: 50 }); // prettier-ignore
    expect(holes.length).toBeGreaterThan(full.length / 2);
    const near = holes.filter(({ time, midi }) =>
      full.some((one) => one.midi === midi && Math.abs(one.time - time) < 0.04),
    );
    expect(near.length).toBeGreaterThanOrEqual(0.7 * holes.length);
    const late = near.filter(({ time }) => time > 2);
    expect(late.length).toBeGreaterThan(2);
  });

  it('says so when a device answers nonsense, and is as new after reset()', async () => {
    let poisoned = false;
    const module = pathToFileURL(createRequire(import.meta.url).resolve('onnxruntime-node')).href;
    const real = await openWorkerSession({
      modules: [module],
      options: { executionProviders: ['cpu'] },
      files: [onnx],
    });
    const session: Session = {
      release: () => real.release(),
      run: async (feeds, fetch) => {
        const results = await real.run(feeds, fetch);
        // As a device that is about to be lost.
        if (poisoned) for (const { data } of Object.values(results)) data.fill(NaN);
        return results;
      },
    };
    const predictor = new Predictor(await loadKernels(), session, card, calibration);
    const clip = film(25, 3);
    const expected = await watch(clip);
    for (const frame of clip.slice(0, 5)) await predictor.push(frame);
    poisoned = true;
    await expect(predictor.push(clip[5])).rejects.toThrow(
      /no numbers; reset\(\) the predictor, and load the model again/,
    );
    poisoned = false;
    predictor.reset();
    const again: Strike[] = [];
    for (const frame of clip) again.push(...(await predictor.push(frame)));
    expect([...again, ...(await predictor.flush())]).toEqual(expected);
    await real.release();
    // The thread is gone: said in one sentence, every time.
    for (const frame of film(25, 1, 50).slice(0, 2)) await expect(predictor.push(frame)).rejects.toThrow(/released/);
  });

  it('refuses what it cannot hear, in one sentence', async () => {
    const predictor = model.createPredictor(calibration);
    const [first, second] = film(25, 1);
    await expect(predictor.push({ time: NaN, luma: first.luma })).rejects.toThrow(
      /expected a time in seconds, got NaN/,
    );
    await expect(predictor.push({ time: 0, luma: first.luma.subarray(1) })).rejects.toThrow(
      /expected a frame of 14400 bytes, .+ got 14399 elements/,
    );
    await predictor.push(first);
    await expect(predictor.push(first)).rejects.toThrow(/expected a time after 0 s, got 0 s/);
    const running = predictor.push(second);
    await expect(predictor.push(film(25, 1)[2])).rejects.toThrow(/one frame at a time/);
    await running;
    expect(() => model.createPredictor(calibration, { fps: 0 })).toThrow(/fps: expected/);
    expect(() => model.createPredictor(calibration, { threshold: 1 })).toThrow(RangeError);
    expect(() => model.createPredictor({ ...calibration, bars: [] })).toThrow(/at least one bar/);
  });
});
