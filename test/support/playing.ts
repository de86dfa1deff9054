// Made-up playing with known strikes, how it sounds, a room around it, and how well strikes were found again.
import { ModalBank } from '../../src/kernels/modal-bank.js';
import { compileKernels } from '../../src/kernels/module.js';
import { GT18 } from '../../src/notes.js';
import { clickTau, marimbaBar } from '../../src/sound/marimba-bars.js';
import type { Strike } from '../../src/types.js';
import { noise } from './white-noise.js';

/** Uniform numbers of 0..1 that depend on the seed only. */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Strikes of `seconds` of playing. `walk`: one mallet wandering over the bars, as in the 2017 recordings, a little
 * faster. `fast`: repeated notes down to 90 ms, runs, trills, and pairs of any two bars within 10 ms.
 */
export function playing(kind: 'walk' | 'fast', seconds: number, seed: number): Strike[] {
  const random = dice(seed);
  const between = (low: number, high: number): number => low + (high - low) * random();
  const level = (db: number, spread: number): number =>
    Math.min(1, 10 ** ((db + spread * (random() + random() + random() - 1.5) * 2) / 20));
  const clip = (bar: number): number => Math.min(GT18.length - 1, Math.max(0, bar));
  const strikes: Strike[] = [];
  let time = 0.5;
  let bar = 5;
  const hit = (which: number, at: number, velocity: number): void => {
    strikes.push({ time: at, midi: GT18[which].midi, velocity });
  };
  while (time < seconds - 2.5) {
    if (kind === 'walk') {
      hit(bar, time, level(-8, 4));
      bar = clip(bar + Math.floor(between(-3, 4)));
      time += between(0.25, 1.5);
      continue;
    }
    const figure = Math.floor(between(0, 4));
    if (figure === 0) {
      for (let i = 0; i < 8; i++, time += between(0.09, 0.14)) hit(bar, time, level(-8, 2));
    } else if (figure === 1) {
      const way = random() < 0.5 ? -1 : 1;
      for (let i = 0; i < 8; i++, time += between(0.1, 0.16)) hit((bar = clip(bar + way)), time, level(-8, 3));
    } else if (figure === 2) {
      for (let i = 0; i < 4; i++, time += between(0.25, 0.5)) {
        const first = Math.floor(between(0, 18));
        hit(first, time + between(0, 0.01), level(-8, 3));
        hit((first + Math.floor(between(1, 18))) % 18, time + between(0, 0.01), level(-8, 3));
      }
    } else {
      for (let i = 0; i < 6; i++, time += between(0.09, 0.13)) hit(clip(bar + 2 * (i % 2)), time, level(-8, 2));
    }
    bar = Math.floor(between(0, 18));
    time += between(0.2, 0.6);
  }
  return strikes.sort((a, b) => a.time - b.time);
}

/** How strikes sound on the fitted bars, mono. */
export function soundOf(strikes: readonly Strike[], seconds: number, sampleRate: number): Float32Array {
  const bank = new ModalBank(compileKernels(), {
    bars: GT18.map(({ midi }) => marimbaBar(midi)),
    sampleRate,
    clickTau,
    samples: Math.round(seconds * sampleRate),
    strikes: Math.max(1, strikes.length),
  });
  for (const { time, midi, velocity } of strikes) {
    bank.strike(
      GT18.findIndex((note) => note.midi === midi),
      velocity,
      time * sampleRate,
    );
  }
  bank.run();
  return bank.output.slice();
}

/** The same in a room: four reflections, and reddish noise `db` below the sound (rms to rms). */
export function inRoom(dry: Float32Array, sampleRate: number, db: number, seed: number): Float32Array {
  const echoes = [
    [0.0071, 0.3],
    [0.0133, 0.22],
    [0.0217, -0.15],
    [0.0371, 0.1],
  ].map(([delay, gain]) => [Math.round(delay * sampleRate), gain]);
  const wet = dry.map((x, i) => echoes.reduce((sum, [delay, gain]) => sum + gain * (dry[i - delay] ?? 0), x));
  const hiss = noise(seed, dry.length);
  for (let i = 1; i < hiss.length; i++) hiss[i] += 0.9 * hiss[i - 1];
  const rms = (samples: Float32Array): number => Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
  const gain = (rms(wet) / rms(hiss)) * 10 ** (-db / 20);
  return wet.map((x, i) => x + gain * hiss[i]);
}

/** How well strikes were found: matched one to one by bar, nearest first, within `tolerance` seconds. */
export function matchStrikes(
  truth: readonly Strike[],
  found: readonly Strike[],
  tolerance = 0.025,
): { f1: number; missed: Strike[]; falseOnes: Strike[]; meanError: number; deviation: number } {
  const pairs = truth
    .flatMap((strike, t) =>
      found.map((other, f) => ({ t, f, same: other.midi === strike.midi, error: other.time - strike.time })),
    )
    .filter(({ same, error }) => same && Math.abs(error) <= tolerance)
    .sort((a, b) => Math.abs(a.error) - Math.abs(b.error));
  const takenTruth = new Set<number>();
  const takenFound = new Set<number>();
  const errors: number[] = [];
  for (const { t, f, error } of pairs) {
    if (takenTruth.has(t) || takenFound.has(f)) continue;
    takenTruth.add(t);
    takenFound.add(f);
    errors.push(error);
  }
  const meanError = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const variance = errors.reduce((sum, error) => sum + (error - meanError) ** 2, 0) / errors.length;
  return {
    f1: (2 * errors.length) / (truth.length + found.length),
    missed: truth.filter((_, t) => !takenTruth.has(t)),
    falseOnes: found.filter((_, f) => !takenFound.has(f)),
    meanError,
    deviation: Math.sqrt(variance),
  };
}
