// Scenes as their users get them: truth, calibration, frames.
import { describe, expect, it } from 'vitest';
import { familyNames } from '../../../src/scene/families.js';
import { scene } from '../../../src/scene/scene.js';
import type { SceneTruth } from '../../../src/scene/truth.js';
import type { Quad } from '../../../src/types.js';

const small = { width: 64, height: 36, seconds: 2 };

/** Twice the signed area; negative where the corners run clockwise on the screen. */
const area = (quad: Quad): number =>
  quad.reduce((sum, [x, y], i) => {
    const [nx, ny] = quad[(i + 1) & 3];
    return sum + (nx * y - x * ny);
  }, 0);

function checkTruth(truth: SceneTruth): void {
  const numbers = JSON.stringify(truth, (_, value: unknown) => {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`not finite: ${String(value)}`);
    return value;
  });
  expect(JSON.parse(numbers)).toEqual(truth);
  expect(truth.times[0]).toBe(0);
  for (let k = 1; k < truth.times.length; k++) expect(truth.times[k]).toBeGreaterThan(truth.times[k - 1]);
  for (const list of [truth.strikes, truth.nonStrikes]) {
    for (let i = 1; i < list.length; i++) expect(list[i].time).toBeGreaterThanOrEqual(list[i - 1].time);
  }
  for (const { velocity, time } of truth.strikes) {
    expect(velocity).toBeGreaterThan(0);
    expect(velocity).toBeLessThanOrEqual(1);
    expect(time).toBeLessThan(truth.duration);
  }
  // Low to high notes from left to right seen from the player: every quad turns the same way, none is folded.
  for (const { quad } of truth.calibration.bars) expect(area(quad)).toBeLessThan(0);
  expect(area(truth.corners)).toBeLessThan(0);
}

describe('scene', () => {
  it('holds for 300 seeds of all families, small and fast', () => {
    let inside = 0;
    let bars = 0;
    for (let n = 0; n < 300; n++) {
      const family = familyNames[n % familyNames.length];
      const seed = Math.floor(n / familyNames.length) * 7919;
      const { truth, frames } = scene(seed, family, small);
      checkTruth(truth);
      for (const { quad } of truth.calibration.bars) {
        bars++;
        if (quad.every(([x, y]) => x >= 0 && x <= 64 && y >= 0 && y <= 36)) inside++;
      }
      for (const { pixels } of frames(truth.times.length - 2)) {
        let sum = 0;
        let squares = 0;
        for (const grey of pixels) {
          sum += grey;
          squares += grey * grey;
        }
        const mean = sum / pixels.length;
        // Exposed, and showing something.
        expect(mean, `${family} ${seed}`).toBeGreaterThan(8);
        expect(mean, `${family} ${seed}`).toBeLessThan(247);
        expect(Math.sqrt(squares / pixels.length - mean * mean), `${family} ${seed}`).toBeGreaterThan(4);
      }
    }
    // Measured: 0.99 of all bars lie wholly in the picture.
    expect(inside / bars).toBeGreaterThan(0.96);
  });

  it('is the same every time, and any frame alone is that of the whole', () => {
    for (const seed of [3, 8, 21]) {
      const one = scene(seed, 'everything', small);
      const other = scene(seed, 'everything', small);
      expect(other.truth).toEqual(one.truth);
      const all = Array.from(one.frames(), ({ pixels }) => pixels.slice());
      expect(all.length).toBe(one.truth.times.length);
      for (const k of [all.length - 1, 0, 7]) expect([...other.frames(k, k + 1)][0].pixels).toEqual(all[k]);
    }
  });

  it('differs from seed to seed', () => {
    const [a, b] = [1, 2].map((seed) => [...scene(seed, 'train', small).frames(0, 1)][0].pixels);
    expect(a).not.toEqual(b);
  });

  it('shows a mallet where and when the truth says', () => {
    let found = 0;
    let strikes = 0;
    for (let seed = 0; seed < 40; seed++) {
      const { truth, frames } = scene(seed, 'train', { width: 160, height: 90, seconds: 3, fps: 30, mix: 'music' });
      if (truth.look.mallets !== 1 || truth.look.noise > 3 || truth.camera.shake > 0) continue;
      const list = Array.from(frames(), ({ pixels }) => pixels.slice());
      const median = new Uint8Array(160 * 90);
      for (let i = 0; i < median.length; i++)
        median[i] = list.map((pixels) => pixels[i]).sort((a, b) => a - b)[list.length >> 1];
      for (const { time, point } of truth.strikes) {
        const pixels = list[Math.min(list.length - 1, Math.floor(time * 30))];
        const column = Math.round(point[0]);
        const row = Math.round(point[1]);
        if (column < 3 || row < 3 || column > 156 || row > 86) continue;
        strikes++;
        let most = 0;
        for (let y = row - 3; y <= row + 3; y++) {
          for (let x = column - 3; x <= column + 3; x++)
            most = Math.max(most, Math.abs(pixels[y * 160 + x] - median[y * 160 + x]));
        }
        if (most > 18) found++;
      }
    }
    expect(strikes).toBeGreaterThan(20);
    // Heads of the bar's own tone and mallets that stay on one bar escape this simple eye.
    expect(found / strikes).toBeGreaterThan(0.7);
  });

  it('plays given strikes, on an instrument that has their notes', () => {
    const strikes = [
      { time: 0.5, midi: 66, velocity: 0.5 },
      { time: 0.5, midi: 70, velocity: 0.8 },
      { time: 0.5, midi: 75, velocity: 0.3 },
      { time: 1.25, midi: 80, velocity: 1 },
      { time: 1.35, midi: 66, velocity: 0.6 },
    ];
    for (const midi of [undefined, 71]) {
      const given = midi === undefined ? strikes : [...strikes, { time: 1.6, midi, velocity: 0.4 }];
      for (let seed = 0; seed < 12; seed++) {
        const { truth } = scene(seed, 'everything', { ...small, strikes: given });
        expect(truth.strikes.map((strike) => [strike.time, strike.midi, strike.velocity]).sort()).toEqual(
          given.map((strike) => [strike.time, strike.midi, strike.velocity]).sort(),
        );
        expect(truth.look.mallets).toBe(4);
      }
    }
  });

  it('leaves out what four mallets cannot play', () => {
    const strikes = Array.from({ length: 6 }, (_, i) => ({ time: 1, midi: 60 + 2 * i, velocity: 0.5 }));
    expect(scene(0, 'train', { ...small, strikes }).truth.strikes.length).toBe(4);
  });

  it('renders colour that agrees with luma', () => {
    const options = { width: 96, height: 54, seconds: 1 };
    for (const seed of [0, 5]) {
      const [grey] = scene(seed, 'train', options).frames(3, 4);
      const [colour] = scene(seed, 'train', { ...options, rgb: true }).frames(3, 4);
      expect(colour.pixels.length).toBe(3 * grey.pixels.length);
      let apart = 0;
      let sum = 0;
      for (let i = 0; i < grey.pixels.length; i++) {
        const [r, g, b] = colour.pixels.subarray(3 * i, 3 * i + 3);
        apart += 0.2126 * r + 0.7152 * g + 0.0722 * b - grey.pixels[i];
        sum += grey.pixels[i];
      }
      // The tone curve bends luma and channels apart where colours are strong.
      expect(Math.abs(apart) / sum).toBeLessThan(0.12);
    }
  });

  it('takes any size, rate and instrument', () => {
    for (const [width, height] of [
      [160, 90],
      [96, 128],
      [1280, 720],
    ]) {
      const { truth, frames } = scene(4, 'train', { width, height, seconds: 0.2, fps: '30000/1001' });
      expect(truth.calibration.width).toBe(width);
      expect([...frames(0, 1)][0].pixels.length).toBe(width * height);
      expect(truth.times[3]).toBeCloseTo(0.1001, 9);
    }
    expect(scene(4, 'train', { ...small, instrument: 'tape' }).truth.look.instrument).toBe('tape');
  });

  it('refuses what cannot be', () => {
    expect(() => scene(-1)).toThrow(RangeError);
    expect(() => scene(0.5)).toThrow(/whole number/);
    expect(() => scene(2 ** 32)).toThrow(/seed/);
    expect(() => scene(0, 'test' as 'train')).toThrow(/family is one of/);
    expect(() => scene(0, 'train', { width: 8 })).toThrow(/width/);
    expect(() => scene(0, 'train', { seconds: 0 })).toThrow(/lasts/);
    expect(() => scene(0, 'train', { strikes: [{ time: 0, midi: 300, velocity: 1 }] })).toThrow(/strike/);
    expect(() => scene(0, 'train', { fps: 0 })).toThrow(/frame rate/);
  });
});
