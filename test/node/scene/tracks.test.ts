// The tracks of a scene are those of its picture: heads meet bars when and where strikes are.
import { describe, expect, it } from 'vitest';
import { scene } from '../../../src/scene/scene.js';
import { sceneTracks } from '../../../src/scene/tracks.js';

const options = { width: 320, height: 180, seconds: 4 };

describe('sceneTracks', () => {
  it('belong to the scene of the same arguments', () => {
    for (const family of ['train', 'cameras', 'degraded'] as const) {
      expect(sceneTracks(5, family, options).truth).toEqual(scene(5, family, options).truth);
    }
  });

  it('come down to bars where strikes are, their shadows with them', () => {
    let [strikes, shadows] = [0, 0];
    for (let seed = 0; seed < 30; seed++) {
      const { truth, mallets } = sceneTracks(seed, 'train', { ...options, fps: 480 });
      expect(mallets.length).toBe(truth.look.mallets);
      for (const { time, point, midi } of truth.strikes) {
        const k = Math.min(truth.times.length - 1, Math.round(480 * time - 0.5));
        const away = mallets.map((track) => Math.hypot(track[k].head[0] - point[0], track[k].head[1] - point[1]));
        const own = mallets[away.indexOf(Math.min(...away))][k];
        const quad = truth.calibration.bars.find((bar) => bar.midi === midi)!.quad;
        const length = Math.hypot(quad[0][0] - quad[3][0], quad[0][1] - quad[3][1]);
        strikes++;
        // Within 2 ms of contact at up to 3.4 m/s, and half a head above the bar.
        expect(own.height).toBeLessThan(0.012);
        expect(Math.min(...away)).toBeLessThan(6 + 0.25 * length);
        if (own.shadow) {
          shadows++;
          const gap = Math.hypot(own.shadow[0] - own.head[0], own.shadow[1] - own.head[1]);
          expect(gap).toBeLessThan(6 + 0.25 * length);
        }
      }
    }
    expect(strikes).toBeGreaterThan(30);
    expect(shadows).toBeGreaterThan(15);
  });

  it('are where the picture changes', () => {
    const { truth, frames } = scene(11, 'train', options);
    const { mallets } = sceneTracks(11, 'train', options);
    const [first] = [...frames(0, 1)].map(({ pixels }) => Float64Array.from(pixels));
    const mean = first;
    let n = 1;
    const kept: { index: number; pixels: Uint8Array }[] = [];
    for (const { index, pixels } of frames(1)) {
      n++;
      for (let i = 0; i < mean.length; i++) mean[i] += pixels[i];
      if (index % 10 === 0) kept.push({ index, pixels: pixels.slice() });
    }
    for (let i = 0; i < mean.length; i++) mean[i] /= n;
    let [own, elsewhere, count] = [0, 0, 0];
    for (const { index, pixels } of kept) {
      for (const track of mallets) {
        const [x, y] = track[index].head.map(Math.round);
        const other = (y + 60) % 180;
        if (x < 0 || x >= 320 || y < 0 || y >= 180) continue;
        own += Math.abs(pixels[y * 320 + x] - mean[y * 320 + x]);
        elsewhere += Math.abs(pixels[other * 320 + x] - mean[other * 320 + x]);
        count++;
      }
    }
    expect(truth.times.length).toBeGreaterThan(50);
    expect(count).toBeGreaterThan(5);
    expect(own / count).toBeGreaterThan(2 * (elsewhere / count));
  });
});
