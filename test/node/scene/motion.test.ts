// The physics behind the labels: contact where and when the truth says, and nothing else that looks like it.
import { describe, expect, it } from 'vitest';
import { drawScene, type Setting } from '../../../src/scene/draw-scene.js';
import { insideBar } from '../../../src/scene/instrument.js';
import { Motion } from '../../../src/scene/motion.js';
import { View } from '../../../src/scene/camera.js';
import type { Family } from '../../../src/scene/families.js';
import type { Quad } from '../../../src/types.js';

const families: Family[] = ['train', 'paper', 'silent', 'everything'];
const settings: Setting[] = families.flatMap((family) =>
  Array.from({ length: 60 }, (_, seed) => drawScene(seed, family, { seconds: 6 })),
);

function* parts(): Generator<{
  setting: Setting;
  mallet: number;
  height: (time: number) => number;
  at: (time: number) => Float64Array;
}> {
  for (const setting of settings) {
    for (const [mallet, { gestures }] of setting.performance.parts.entries()) {
      const motion = new Motion(gestures, [0, 0], 1, 1);
      const out = new Float64Array(4);
      const at = (time: number): Float64Array => {
        motion.pose(time, out);
        return out;
      };
      yield { setting, mallet, height: (time) => at(time)[3], at };
    }
  }
}

function inQuad(quad: Quad, x: number, y: number): boolean {
  const sides = quad.map(([ax, ay], i) => {
    const [bx, by] = quad[(i + 1) & 3];
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax);
  });
  return sides.every((side) => side >= -1e-6) || sides.every((side) => side <= 1e-6);
}

describe('strikes', () => {
  it('touch the bar at their time, arrive with speed and turn at once', () => {
    let count = 0;
    for (const { setting, mallet, height } of parts()) {
      for (const strike of setting.truth.strikes.filter((each) => each.mallet === mallet)) {
        count++;
        // Measured: 0 exactly.
        expect(Math.abs(height(strike.time))).toBeLessThan(1e-3);
        const fall = height(strike.time - 0.004) / 0.004;
        expect(fall).toBeGreaterThan(0.55 * strike.speed);
        expect(fall).toBeLessThan(1.3 * strike.speed + 0.05);
        // Down all the way during the last 40 ms, or since the stroke began.
        for (let ms = 1; ms <= 30; ms++) {
          expect(height(strike.time - ms * 1e-3)).toBeGreaterThanOrEqual(height(strike.time - (ms - 1) * 1e-3) - 1e-9);
        }
      }
    }
    expect(count).toBeGreaterThan(800);
  });

  it('meet the right bar, on the instrument and in the picture', () => {
    for (const { setting, mallet, at } of parts()) {
      const { instrument, truth, camera } = setting;
      const view = new View(camera, truth.width, truth.height);
      const projected = new Float64Array(3);
      for (const strike of truth.strikes.filter((each) => each.mallet === mallet)) {
        const [x, y, z] = at(strike.time);
        const bar = instrument.bars[strike.bar];
        expect(bar.midi).toBe(strike.midi);
        expect(Math.abs(z - bar.top)).toBeLessThan(1e-3);
        expect(insideBar(bar, x, y)).toBe(true);
        const higher = instrument.bars.filter(
          (other) => other !== bar && other.top >= bar.top && insideBar(other, x, y),
        );
        // Crooked cardboard may overlap; real bars do not.
        if (instrument.framed) expect(higher).toEqual([]);
        view.project(x, y, z, projected);
        const quad = truth.calibration.bars.find((each) => each.midi === strike.midi)!.quad;
        expect(inQuad(quad, projected[0], projected[1])).toBe(true);
        expect(strike.point[0]).toBeCloseTo(projected[0], 3);
        expect(strike.point[1]).toBeCloseTo(projected[1], 3);
      }
    }
  });

  it('come at a human pace', () => {
    for (const { truth } of settings) {
      for (let mallet = 0; mallet < truth.look.mallets; mallet++) {
        const times = truth.strikes.filter((strike) => strike.mallet === mallet).map((strike) => strike.time);
        for (let i = 1; i < times.length; i++) expect(times[i] - times[i - 1]).toBeGreaterThanOrEqual(0.09 - 1e-9);
      }
    }
  });
});

describe('everything else', () => {
  it('never goes below its stop height, and comes to a stop there', () => {
    let count = 0;
    for (const { setting, mallet, height } of parts()) {
      for (const event of setting.truth.nonStrikes) {
        if (event.mallet !== mallet || event.height === null) continue;
        count++;
        let least = Infinity;
        const near = setting.truth.strikes
          .filter((strike) => strike.mallet === mallet)
          .reduce((room, strike) => Math.min(room, Math.abs(strike.time - event.time)), 0.3);
        for (let off = -0.4 * near; off < 0.4 * near; off += 0.004) {
          if (event.time + off < event.start || event.time + off > event.end) continue;
          least = Math.min(least, height(event.time + off));
        }
        // A run of dips has its neighbours' lowest points within reach.
        expect(least).toBeGreaterThanOrEqual(0.6 * event.height - 1e-9);
        expect(height(event.time)).toBeGreaterThanOrEqual(event.height - 1e-9);
        if (event.kind === 'miss') continue;
        // Minimum jerk: no speed at the turn. Measured: below 0.043 m/s.
        const before = (height(event.time) - height(event.time - 0.003)) / 0.003;
        expect(Math.abs(before)).toBeLessThan(0.17);
      }
    }
    expect(count).toBeGreaterThan(1500);
  });

  it('touches bars only where the truth says so', () => {
    for (const { setting, mallet, at } of parts()) {
      const { instrument, truth } = setting;
      const touches = [
        ...truth.strikes
          .filter((strike) => strike.mallet === mallet)
          .map(({ time }) => ({ start: time - 0.01, end: time + 0.45 })),
        ...truth.nonStrikes
          .filter((event) => event.mallet === mallet && (event.kind === 'rest' || event.kind === 'miss'))
          .map(({ start, end }) => ({ start: start - 0.05, end: end + 0.05 })),
      ];
      for (let time = 0; time < truth.duration; time += 0.002) {
        const [x, y, , height] = at(time);
        if (height > 0.001 || !instrument.bars.some((bar) => insideBar(bar, x, y))) continue;
        expect(
          touches.some(({ start, end }) => time >= start && time <= end),
          `${truth.family} ${truth.seed} at ${time}`,
        ).toBe(true);
      }
    }
  });

  it('lands misses beside every bar', () => {
    for (const { setting, mallet, at } of parts()) {
      for (const event of setting.truth.nonStrikes) {
        if (event.kind !== 'miss' || event.mallet !== mallet) continue;
        const [x, y] = at(event.time);
        expect(setting.instrument.bars.some((bar) => insideBar(bar, x, y))).toBe(false);
      }
    }
  });

  it('moves without jumps', () => {
    for (const { setting, at } of parts()) {
      let [x, y, z] = at(0);
      let most = 0;
      for (let time = 0.001; time < setting.truth.duration; time += 0.001) {
        const pose = at(time);
        const way = Math.hypot(pose[0] - x, pose[1] - y, pose[2] - z);
        // Also catches NaN.
        if (!(way <= most)) most = way;
        [x, y, z] = pose;
      }
      // Metres per millisecond; measured: 0.0087.
      expect(most, `${setting.truth.family} ${setting.truth.seed}`).toBeLessThan(0.02);
    }
  });
});
