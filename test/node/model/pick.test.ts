// Picking strikes from onset probabilities whose true strikes are known.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StrikePicker } from '../../../src/model/pick.js';
import type { Strike } from '../../../src/types.js';

const bars = [66, 68, 70, 73].map((midi) => ({ midi }));

/** The soft target a head with `latency` is trained on, for contact at frame position `tau`. */
const soft = (tau: number, frame: number, latency: number) => Math.max(0, 1 - Math.abs(tau - (frame - latency + 0.5)));

function play(times: readonly number[], strikes: readonly { frame: number; bar: number }[], latency: number): Strike[] {
  const picker = new StrikePicker(bars, { threshold: 0.3, latency });
  const found = times.flatMap((time, k) => {
    const onset = bars.map((_, bar) =>
      strikes.filter((strike) => strike.bar === bar).reduce((p, { frame }) => Math.max(p, soft(frame, k, latency)), 0),
    );
    return picker.push({ time, onset, velocity: bars.map(() => 0.5) });
  });
  return [...found, ...picker.flush()];
}

describe('StrikePicker with offsets', () => {
  it('takes the time from what the frames around the peak say, by their weight', () => {
    const picker = new StrikePicker([{ midi: 60 }], { threshold: 0.3, latency: 1 });
    const frames = [
      { onset: [0], offset: [0] },
      { onset: [0.4], offset: [1.3] },
      { onset: [0.8], offset: [0.3] },
      { onset: [0], offset: [9] },
    ];
    const found = frames.flatMap((frame, k) => picker.push({ time: k / 10, ...frame }));
    // Both say frame 1 and 0.3 of the next: latency 1 before frame 2.
    expect(found.map(({ time }) => time)).toEqual([expect.closeTo(0.13, 6)]);
  });
});

describe('StrikePicker', () => {
  it('finds a strike between two frames to a hundredth of a frame, for any head and any spacing of frames', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 8, max: 20, noNaN: true }),
        fc.integer({ min: -2, max: 2 }),
        fc.array(fc.double({ min: 1 / 60, max: 1 / 24, noNaN: true }), { minLength: 30, maxLength: 30 }),
        (frame, latency, gaps) => {
          let t = 0;
          const times = gaps.map((gap) => (t += gap));
          const [strike, ...more] = play(times, [{ frame, bar: 2 }], latency);
          expect(more).toEqual([]);
          const low = Math.floor(frame);
          const truth = times[low] + (frame - low) * (times[low + 1] - times[low]);
          expect(strike.midi).toBe(70);
          // An early head has to guess the spacing of frames it has not seen.
          if (latency >= 1) expect(Math.abs(strike.time - truth)).toBeLessThan(1e-6 + 0.01 * gaps[low + 1]);
        },
      ),
    );
  });

  it('gives the strike to the bar that is surer, also when the other peaks a frame away', () => {
    const picker = new StrikePicker(bars, { threshold: 0.2, latency: 0 });
    const rows = [
      [0, 0, 0, 0],
      [0, 0.4, 0.1, 0],
      [0, 0.1, 0.9, 0],
      [0, 0, 0.1, 0],
      [0, 0, 0, 0],
    ];
    const found = rows.flatMap((onset, k) => picker.push({ time: k / 25, onset }));
    expect(found.map(({ midi }) => midi)).toEqual([70]);
  });

  it('lets bars of different rows sound together', () => {
    const picker = new StrikePicker([{ midi: 60 }, { midi: 61, row: 1 }], { threshold: 0.2, latency: 0 });
    const found = [0, 0.4, 0, 0].flatMap((p, k) => picker.push({ time: k / 25, onset: [p, p * 2] }));
    expect(found.map(({ midi }) => midi)).toEqual([60, 61]);
  });

  it('is deaf for three frames after a strike, and starts over after a reset', () => {
    const picker = new StrikePicker([{ midi: 60 }], { threshold: 0.2, latency: 0 });
    const feed = (row: readonly number[], from: number) =>
      row.flatMap((p, k) => picker.push({ time: from + k / 25, onset: [p] }));
    expect(feed([0, 0.9, 0.1, 0.8, 0, 0.9, 0], 0)).toHaveLength(2);
    picker.reset();
    expect(feed([0, 0.9, 0], 0)).toHaveLength(1);
  });

  it('refuses what it cannot use', () => {
    expect(() => new StrikePicker([], { threshold: 0.3, latency: 2 })).toThrow(/at least one bar/);
    expect(() => new StrikePicker(bars, { threshold: 1, latency: 2 })).toThrow(/between 0 and 1/);
    const picker = new StrikePicker(bars, { threshold: 0.3, latency: 2 });
    expect(() => picker.push({ time: 0, onset: [0] })).toThrow('expected 4 onset probabilities, got 1');
    picker.push({ time: 1, onset: [0, 0, 0, 0] });
    expect(() => picker.push({ time: 1, onset: [0, 0, 0, 0] })).toThrow(/after 1 s/);
  });
});
