// What is played: strikes on bars, before anybody has hands. Statistics of the 2017 recordings, and music they lack.
import type { Random } from './random.js';

/** A strike as music: when, which bar, how hard. */
export interface Score {
  /** Seconds. */
  readonly time: number;
  /** Index of the bar. */
  readonly bar: number;
  /** 0..1, linear. */
  readonly velocity: number;
}

/** Kinds of playing. `walk` is that of the 2017 recordings. */
export type Material = 'walk' | 'improvised' | 'scale' | 'arpeggio' | 'repeat' | 'roll' | 'doubles' | 'chords';

// Seconds between strikes: quantiles of 5,312 intervals of the 2017 recordings (seq1-6; seq7 was never looked at).
const intervalQuantiles: readonly (readonly [quantile: number, seconds: number])[] = [
  [0, 0.5],
  [0.01, 0.6],
  [0.05, 0.76],
  [0.25, 1.04],
  [0.5, 1.32],
  [0.75, 1.89],
  [0.95, 2.32],
  [0.99, 3.1],
  [1, 3.4],
];

// Steps from bar to bar there, per cent, for -7..7; beyond, 2.2 per cent in all.
const steps: readonly number[] = [1.1, 1.0, 1.8, 3.7, 8.7, 15.0, 18.0, 3.7, 20.5, 7.8, 6.5, 3.7, 2.8, 2.2, 1.3];

function interval(random: Random): number {
  const q = random.unit();
  const next = intervalQuantiles.findIndex(([quantile]) => quantile > q);
  const [q0, s0] = intervalQuantiles[next - 1];
  const [q1, s1] = intervalQuantiles[next];
  return s0 + ((s1 - s0) * (q - q0)) / (q1 - q0);
}

function step(random: Random): number {
  let left = random.unit() * 100;
  for (let i = 0; i < steps.length; i++) {
    left -= steps[i];
    if (left < 0) return i - 7;
  }
  return random.int(8, 12) * (random.chance(0.5) ? -1 : 1);
}

const fold = (bar: number, bars: number): number => {
  if (bars === 1) return 0;
  const period = 2 * (bars - 1);
  const place = ((bar % period) + period) % period;
  return place < bars ? place : period - place;
};

/** What may be asked of the players, with the weights of their kinds of playing. */
const repertoire: Readonly<Record<1 | 2 | 4, Readonly<Record<Material, number>>>> = {
  1: { walk: 4, improvised: 3, scale: 1.2, arpeggio: 1, repeat: 1, roll: 0, doubles: 0, chords: 0 },
  2: { walk: 2, improvised: 3, scale: 1.5, arpeggio: 1.2, repeat: 0.8, roll: 1, doubles: 2, chords: 0 },
  4: { walk: 1, improvised: 1.5, scale: 0.5, arpeggio: 1.5, repeat: 0.3, roll: 0.7, doubles: 1.5, chords: 3.5 },
};

/**
 * Draws what is played in `seconds`, for a number of mallets, on `bars` bars; sorted by time.
 * @param density share of the time that is played in, 0..1.
 */
export function compose(random: Random, seconds: number, mallets: 1 | 2 | 4, bars: number, density: number): Score[] {
  const score: Score[] = [];
  const loudness = random.range(0, 12);
  const spread = random.range(2, 7);
  // Below a loud mode, with a soft tail, in decibels; 10^(-dB/20) without pow: an exact enough geometric ladder.
  const velocity = (accent = 0): number => {
    const fall = loudness + Math.abs(random.gauss()) * spread - accent;
    let level = 1;
    for (let dB = Math.min(26, Math.max(0, fall)); dB > 0; dB -= 1) level *= dB >= 1 ? 0.8913 : 1 - 0.1087 * dB;
    return level;
  };
  let bar = random.int(0, bars - 1);
  let time = random.range(0.15, 0.9);
  const play = (at: number, which: number, level: number): void => {
    score.push({ time: at, bar: which, velocity: level });
  };
  while (time < seconds) {
    if (!random.chance(density)) {
      time += random.range(0.6, 2.6);
      continue;
    }
    const material = random.weighted(repertoire[mallets]);
    const human = random.range(0.003, 0.013);
    const late = (): number => human * random.gauss();
    const direction = random.chance(0.5) ? 1 : -1;
    switch (material) {
      case 'walk': {
        const tempo = random.range(0.55, 1.3);
        for (let n = random.int(2, 6); n > 0; n--) {
          bar = fold(bar + step(random), bars);
          play(time, bar, velocity());
          time += interval(random) * tempo;
        }
        break;
      }
      case 'improvised': {
        const pace = random.ratio(0.16, 0.55);
        for (let n = random.int(3, 9); n > 0; n--) {
          bar = random.chance(0.75) ? fold(bar + step(random), bars) : random.int(0, bars - 1);
          play(time + late(), bar, velocity());
          time += pace * random.pick([1, 1, 1, 2, 0.75, 1.5]);
        }
        break;
      }
      case 'scale':
      case 'arpeggio': {
        const beat = random.ratio(mallets === 1 ? 0.13 : 0.095, 0.36);
        const stride = material === 'scale' ? 1 : random.int(2, 3);
        let place = bar;
        for (let n = random.int(4, 11); n > 0; n--) {
          bar = fold(place, bars);
          play(time + late(), bar, velocity(n % 4 === 0 ? 2 : 0));
          place += direction * stride;
          time += beat;
        }
        break;
      }
      case 'repeat': {
        const beat = random.ratio(0.092, 0.24);
        for (let n = random.int(3, 8); n > 0; n--) {
          play(time + late() * 0.4, bar, velocity() * (beat < 0.14 ? 0.7 : 1));
          time += beat;
        }
        break;
      }
      case 'roll': {
        const beat = random.ratio(0.052, 0.1);
        const other = fold(bar + random.pick([0, 0, 1, 2, 3, 4, 5]), bars);
        const level = velocity();
        for (let n = random.int(6, 20); n > 0; n--) {
          play(time + late() * 0.3, n & 1 ? bar : other, level * random.range(0.7, 1));
          time += beat;
        }
        break;
      }
      case 'doubles':
      case 'chords': {
        const beat = random.ratio(0.22, 0.95);
        const voices = material === 'doubles' ? 2 : random.int(3, 4);
        for (let n = random.int(2, 5); n > 0; n--) {
          let note = fold(bar + step(random), bars);
          bar = note;
          const level = velocity();
          for (let v = 0; v < voices && note < bars; v++) {
            play(time + late() * 0.8, note, level * random.range(0.75, 1));
            note += random.int(v === 1 ? 2 : 1, 4);
          }
          time += beat;
        }
        break;
      }
    }
    time += random.ratio(0.15, 1.2);
  }
  return score.filter((strike) => strike.time < seconds).sort((a, b) => a.time - b.time);
}
