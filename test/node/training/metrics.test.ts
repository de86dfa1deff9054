// Scores against cases worked out by hand, and matching against trying everything.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  correlation,
  leadF1,
  matchStrikes,
  renderAmplitudes,
  scoreClips,
  type ScoredClip,
} from '../../../src/training/metrics.js';
import type { Strike } from '../../../src/types.js';

const rows = [[60, 62, 64, 65]];
const strike = (time: number, midi = 60, velocity = 0.5): Strike => ({ time, midi, velocity });
const clip = (truth: Strike[], heard: Strike[], seconds = 10): ScoredClip => ({ truth, heard, seconds, rows });

describe('matchStrikes', () => {
  it('takes differences up to the tolerance, to 0.1 ms', () => {
    expect(matchStrikes(clip([strike(1)], [strike(1.05)]), 0.05)).toEqual([[0, 0]]);
    expect(matchStrikes(clip([strike(1)], [strike(1.05004)]), 0.05)).toEqual([[0, 0]]);
    expect(matchStrikes(clip([strike(1)], [strike(1.0502)]), 0.05)).toEqual([]);
    expect(matchStrikes(clip([strike(1)], [strike(0.95)]), 0.05)).toEqual([[0, 0]]);
  });

  it('gives every strike one partner, and as many as possible', () => {
    // Nearest first would pair 1.00 with 1.02 and leave 1.06 alone.
    const pairs = matchStrikes(clip([strike(1), strike(1.06)], [strike(0.97), strike(1.02)]), 0.05);
    expect(pairs).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(matchStrikes(clip([strike(1)], [strike(0.99), strike(1.01)]), 0.05).length).toBe(1);
  });

  it('knows the bar, the bar beside, and any bar', () => {
    const truth = [strike(1, 62), strike(2, 62), strike(3, 62)];
    const heard = [strike(1, 62), strike(2, 64), strike(3, 65)];
    const count = (bars: 'same' | 'beside' | 'any'): number => matchStrikes(clip(truth, heard), 0.05, bars).length;
    expect([count('same'), count('beside'), count('any')]).toEqual([1, 2, 3]);
    // Beside means in the same row.
    const apart = { truth: [strike(1, 60)], heard: [strike(1, 61)], rows: [[60, 62], [61, 63]] }; // prettier-ignore
    expect(matchStrikes(apart, 0.05, 'beside')).toEqual([]);
  });

  it('finds as many pairs as trying all of them does', () => {
    const strikes = fc.array(
      fc
        .tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 1 }))
        .map(([t, b]) => strike(t / 40, rows[0][b])),
      { maxLength: 6 },
    );
    const most = (truth: readonly Strike[], heard: readonly Strike[]): number => {
      if (truth.length === 0) return 0;
      const [first, ...rest] = truth;
      return heard.reduce(
        (best, h, i) =>
          h.midi === first.midi && Math.abs(h.time - first.time) < 0.0501
            ? Math.max(best, 1 + most(rest, heard.toSpliced(i, 1)))
            : best,
        most(rest, heard),
      );
    };
    fc.assert(
      fc.property(strikes, strikes, (truth, heard) => {
        expect(matchStrikes(clip(truth, heard), 0.05).length).toBe(most(truth, heard));
      }),
    );
  });
});

describe('mir_eval', () => {
  it('matches as many', () => {
    type Notes = readonly [times: number[], midi: number[]];
    const cases = JSON.parse(readFileSync(new URL('../../golden/mir-eval.json', import.meta.url), 'utf8')) as {
      truth: Notes;
      heard: Notes;
      matched: Record<string, [same: number, any: number]>;
    }[];
    const strikes = ([times, midi]: Notes): Strike[] => times.map((time, i) => strike(time, midi[i]));
    for (const { truth, heard, matched } of cases) {
      const both = { truth: strikes(truth), heard: strikes(heard), rows };
      for (const [tolerance, [same, any]] of Object.entries(matched)) {
        expect(matchStrikes(both, Number(tolerance)).length).toBe(same);
        expect(matchStrikes(both, Number(tolerance), 'any').length).toBe(any);
      }
    }
    expect(cases.length).toBe(60);
  });
});

describe('scoreClips', () => {
  it('counts over clips', () => {
    const scores = scoreClips([
      clip([strike(1, 60, 0.2), strike(2, 62, 0.4), strike(3, 64, 0.9)], [strike(1.01, 60, 0.3), strike(2.04, 62, 0.5), strike(3, 65)]), // prettier-ignore
      clip([], [strike(5)], 20),
    ]);
    expect(scores).toMatchObject({ clips: 2, seconds: 30, strikes: 3, heard: 4 });
    expect(scores.f1.ms25).toBeCloseTo(2 / 7, 12);
    expect(scores.f1.ms50).toBeCloseTo(4 / 7, 12);
    expect(scores.f1.ms100).toBeCloseTo(4 / 7, 12);
    expect(scores.precision).toBeCloseTo(2 / 4, 12);
    expect(scores.recall).toBeCloseTo(2 / 3, 12);
    expect(scores.f1Beside).toBeCloseTo(6 / 7, 12);
    expect(scores.f1Any).toBeCloseTo(6 / 7, 12);
    expect(scores.onsetError).toBeCloseTo(25, 9);
    expect(scores.onsetBias).toBeCloseTo(25, 9);
    expect(scores.velocityR).toBeCloseTo(1, 12);
    expect(scores.falsePerMinute).toBeCloseTo((2 * 60) / 30, 12);
  });

  it('is perfect for what is perfect, and says nothing of nothing', () => {
    const truth = [strike(1, 60, 0.2), strike(2, 62, 0.4), strike(3, 64, 0.9)];
    const scores = scoreClips([clip(truth, truth)]);
    expect(scores.f1).toEqual({ ms25: 1, ms50: 1, ms100: 1 });
    expect(scores.f1Interval).toEqual([1, 1]);
    expect(scores.amplitude.heard).toBe(0);
    expect(scores.amplitude.zeros).toBeGreaterThan(scores.amplitude.mean);
    const silence = scoreClips([clip([], [])]);
    expect(silence.f1.ms50).toBeNaN();
    expect(silence.falsePerMinute).toBe(0);
  });

  it('gives an interval around the F1 that narrows with more clips', () => {
    const some = (count: number): ScoredClip[] =>
      Array.from({ length: count }, (_, i) =>
        clip([strike(1), strike(2)], i % 2 ? [strike(1), strike(2)] : [strike(1)]),
      );
    const [few, many] = [scoreClips(some(6)), scoreClips(some(120))];
    for (const { f1, f1Interval } of [few, many]) {
      expect(f1Interval[0]).toBeLessThanOrEqual(f1.ms50);
      expect(f1Interval[1]).toBeGreaterThanOrEqual(f1.ms50);
    }
    expect(many.f1Interval[1] - many.f1Interval[0]).toBeLessThan(few.f1Interval[1] - few.f1Interval[0]);
  });
});

describe('leadF1', () => {
  it('counts what was known in time, and everything heard', () => {
    const known = (time: number, at: number): Strike & { known: number } => ({ ...strike(time), known: at });
    const clips = [clip([strike(1), strike(2), strike(3)], [known(1, 0.9), known(2.01, 2.08), known(5, 4)])];
    expect(leadF1(clips, -0.1)).toBeCloseTo((2 * 2) / 6);
    expect(leadF1(clips, 0)).toBeCloseTo(2 / 6);
    expect(leadF1(clips, 0.09)).toBeCloseTo(2 / 6);
    expect(leadF1(clips, 0.11)).toBe(0);
  });
});

describe('sound', () => {
  it('compares strikes by loudness and by octave', () => {
    const truth = [strike(1, 60, 0.8), strike(3, 65, 0.4)];
    const perfect = scoreClips([clip(truth, truth)]).sound;
    expect([perfect.loudness, perfect.centroid]).toEqual([0, 0]);
    expect(perfect.loudnessR).toBeCloseTo(1, 6);
    expect(perfect.centroidR).toBeCloseTo(1, 6);
    // Half as loud, and a semitone pair further up: the first strike errs by 2 / 12 octaves.
    const heard = [strike(1, 62, 0.4), strike(3, 65, 0.4)];
    const { loudness, centroid } = scoreClips([clip(truth, heard)]).sound;
    // The mean of 0.4 and 0; bars that ring on shift it a little.
    expect(loudness).toBeCloseTo(0.2, 2);
    expect(centroid).toBeGreaterThan(0.08);
    expect(centroid).toBeLessThan(0.1);
    const silent = scoreClips([clip(truth, [])]).sound;
    expect(silent.loudness).toBeGreaterThan(0.5);
    expect(silent.centroid).toBeNaN();
  });
});

describe('renderAmplitudes', () => {
  it('rings from the strike on, loudest at first, and with the last velocity', () => {
    const data = renderAmplitudes([strike(0.41, 69, 0.8), strike(1.2, 69, 0.4)], [67, 69], 2);
    expect(data.length).toBe(50 * 2);
    const bar = Array.from({ length: 50 }, (_, k) => data[2 * k + 1]);
    expect(bar.slice(0, 10).every((value) => value === 0)).toBe(true);
    expect(bar[10]).toBeGreaterThan(0.7);
    expect(bar[10]).toBeLessThan(0.8);
    for (let k = 11; k < 30; k++) expect(bar[k]).toBeLessThan(bar[k - 1]);
    expect(bar[30] / 0.4).toBeGreaterThan(0.9);
    expect(data.filter((_, i) => i % 2 === 0).every((value) => value === 0)).toBe(true);
  });
});

describe('correlation', () => {
  it("is Pearson's", () => {
    expect(correlation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 12);
    expect(correlation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 12);
    expect(correlation([1, 2, 3, 4], [1, 3, 2, 4])).toBeCloseTo(0.8, 12);
    expect(correlation([1], [1])).toBeNaN();
  });
});
