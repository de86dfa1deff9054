// Frames taken from sources of any rate: which, and at which times.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameClock } from '../../../src/model/frame-clock.js';

const trained = [24, 25, 30, 50, 60];

/** Times the model sees, and which source frame it sees then. */
function seen(clock: FrameClock, times: readonly number[]): { time: number; frame: number }[] {
  const fed: { time: number; frame: number }[] = [];
  times.forEach((time, k) => {
    const { before, now } = clock.arrive(time);
    for (const earlier of before) fed.push({ time: earlier, frame: k - 1 });
    if (now) fed.push({ time, frame: k });
  });
  return fed;
}

const at = (fps: number, seconds: number, jitter = 0): number[] =>
  Array.from({ length: Math.round(fps * seconds) }, (_, k) => (k + jitter * Math.sin(7 * k)) / fps + 0.1);

describe('FrameClock', () => {
  it.each([23.976, 24, 25, 27, 29.97, 48, 55, 59.94, 62])('lets %d frames per second pass untouched', (fps) => {
    for (const given of [fps, undefined]) {
      const times = at(fps, 3, 0.1);
      expect(seen(new FrameClock(trained, given), times)).toEqual(times.map((time, frame) => ({ time, frame })));
    }
  });

  it('takes every second frame of 120 per second, at its true time, whether or not the time stamps tremble', () => {
    for (const jitter of [0, 0.2]) {
      const times = at(120, 2, jitter);
      const fed = seen(new FrameClock(trained, 120), times);
      expect(fed.map(({ frame }) => frame % 2).filter((odd) => odd === fed[0].frame % 2).length).toBeGreaterThan(
        fed.length - 2,
      );
      for (const { time, frame } of fed) expect(time).toBe(times[frame]);
    }
  });

  it('finds the rate from the first frames', () => {
    const fed = seen(new FrameClock(trained), at(120, 2));
    expect(fed.length).toBeGreaterThan(118);
    expect(fed.length).toBeLessThan(128);
    const clock = new FrameClock(trained);
    seen(clock, at(120, 1));
    expect(clock.fps).toBeCloseTo(60, 9);
    clock.reset();
    expect(clock.fps).toBeUndefined();
  });

  it('sees 15 frames per second at 24, every one of them, some twice', () => {
    const times = at(15, 4);
    const fed = seen(new FrameClock(trained, 15), times);
    // The last one may have to wait for a moment that never comes.
    expect(new Set(fed.map(({ frame }) => frame)).size).toBeGreaterThanOrEqual(times.length - 1);
    expect(fed.length).toBeGreaterThan(24 * 4 - 3);
    expect(fed.length).toBeLessThan(24 * 4 + 2);
  });

  it('shows, at any rate and jitter, increasing times no earlier than the frame and never a frame from the future', () => {
    const intervals = fc.array(fc.double({ min: 1e-3, max: 0.3, noNaN: true }), { minLength: 1, maxLength: 80 });
    const rate = fc.option(fc.double({ min: 1, max: 240, noNaN: true }), { nil: undefined });
    fc.assert(
      fc.property(intervals, rate, (gaps, fps) => {
        let time = 0;
        const times = gaps.map((gap) => (time += gap));
        const fed = seen(new FrameClock(trained, fps), times);
        fed.forEach(({ time: when, frame }, i) => {
          if (i > 0) expect(when).toBeGreaterThan(fed[i - 1].time);
          if (i > 0) expect(frame).toBeGreaterThanOrEqual(fed[i - 1].frame);
          expect(when).toBeGreaterThanOrEqual(times[frame]);
          if (frame + 1 < times.length) expect(when).toBeLessThan(times[frame + 1]);
        });
      }),
    );
  });

  it('starts afresh after a gap instead of filling an hour with copies', () => {
    const fed = seen(new FrameClock(trained, 100), [0, 0.01, 0.02, 3600, 3600.01, 3600.02]);
    expect(fed.length).toBeLessThan(7);
  });
});
