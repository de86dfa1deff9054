// Targets of strikes by hand, and what becomes of them when they are picked again.
import { describe, expect, it } from 'vitest';
import { StrikePicker } from '../../../src/model/pick.js';
import { framePosition, frameTime, strikeTargets } from '../../../src/training/strike-targets.js';

const times = Array.from({ length: 20 }, (_, k) => k / 25);

describe('framePosition', () => {
  it('counts frames by their own times, also where they vary', () => {
    expect(framePosition(times, 0.1)).toBeCloseTo(2.5, 9);
    const uneven = [0, 0.04, 0.12, 0.15];
    expect(framePosition(uneven, 0.08)).toBeCloseTo(1.5, 9);
    expect(framePosition(uneven, 0.165)).toBeCloseTo(3.5, 9);
    for (const time of [0, 0.01, 0.05, 0.13, 0.16]) {
      expect(frameTime(uneven, framePosition(uneven, time))).toBeCloseTo(time, 9);
    }
  });
});

describe('strikeTargets', () => {
  it('shares a strike between the frames around it, later for heads that wait', () => {
    // Contact at 7.75: three quarters of the way through frame 7.
    const { targets, masks } = strikeTargets(times, [60, 62], [{ time: 7.75 / 25, midi: 62, velocity: 0.6 }], { sure: 2, early: -2 }); // prettier-ignore
    const of = (name: string): Record<number, number> =>
      Object.fromEntries(
        [...targets[name]].flatMap((value, i) => (value > 1e-6 ? [[i, Number(value.toFixed(5))]] : [])),
      );
    expect(of('sure')).toEqual({ [9 * 2 + 1]: 0.75, [10 * 2 + 1]: 0.25 });
    expect(of('early')).toEqual({ [5 * 2 + 1]: 0.75, [6 * 2 + 1]: 0.25 });
    // Frame 9 speaks of frame 7, 0.75 after its start; frame 10 of frame 8, 0.25 before.
    expect(targets.offset[9 * 2 + 1]).toBeCloseTo(0.75, 5);
    expect(targets.offset[10 * 2 + 1]).toBeCloseTo(-0.25, 5);
    expect([...masks.offset].filter((value) => value > 0).length).toBe(2);
    expect(targets.velocity[9 * 2 + 1]).toBeCloseTo(0.6, 6);
    expect(masks.sure.every((value) => value === 1)).toBe(true);
  });

  it('leaves out bars that are not there and frames that are past', () => {
    const strikes = [
      { time: 0.01, midi: 61, velocity: 1 },
      { time: 19.9 / 25, midi: 60, velocity: 1 },
    ];
    const { targets } = strikeTargets(times, [60, 62], strikes, { sure: 2 });
    expect(targets.sure.every((value) => value === 0)).toBe(true);
  });

  it('is what the picker undoes, for every place within a frame', () => {
    for (let position = 4; position < 6; position += 0.125) {
      const time = position / 25;
      const { targets } = strikeTargets(times, [60], [{ time, midi: 60, velocity: 0.5 }], { sure: 2 });
      const picker = new StrikePicker([{ midi: 60 }], { threshold: 0.3, latency: 2 });
      const heard = times.flatMap((at, k) => picker.push({ time: at, onset: targets.sure.subarray(k, k + 1) }));
      expect(heard.map(({ midi }) => midi)).toEqual([60]);
      expect(heard[0].time).toBeCloseTo(time, 5);
    }
  });
});
