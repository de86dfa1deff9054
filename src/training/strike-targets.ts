// What a network should say about each frame, from the strikes that are known.
import type { Strike } from '../types.js';

/** A head that tells strikes, and how many frames after contact it speaks: negative is before. */
export type StrikeHeads = Readonly<Record<string, number>>;

/** Targets and masks of a whole clip, by output: each [frames x bars]. */
export interface StrikeTargets {
  readonly targets: Readonly<Record<string, Float32Array>>;
  /** 1 where the target counts. */
  readonly masks: Readonly<Record<string, Float32Array>>;
}

/**
 * Seconds as a place between frames: k + f lies a share f of the way from frame k to frame k + 1. Frame k stands for the
 * time from times[k] to times[k + 1], the last one for as long as the one before it.
 */
export function framePosition(times: readonly number[], time: number): number {
  const last = times.length - 1;
  let k = 0;
  for (let high = last + 1; high - k > 1;) {
    const middle = (k + high) >> 1;
    if (times[middle] <= time) k = middle;
    else high = middle;
  }
  const length = k < last ? times[k + 1] - times[k] : times[k] - times[k - 1];
  return k + (time - times[k]) / length;
}

/** A place between frames as seconds: the inverse of `framePosition`. */
export function frameTime(times: readonly number[], position: number): number {
  const k = Math.min(times.length - 2, Math.max(0, Math.floor(position)));
  return times[k] + (position - k) * (times[k + 1] - times[k]);
}

/**
 * Soft targets. A strike at position p is heard by a head of delay d in frame k as max(0, 1 - |p - (k - d + 1/2)|): one
 * or two frames around floor(p) + d share it. Around the frame floor(p) + d of the first head, where p - (k - d) lies
 * within -0.5..1.5, that number is the target of `offset`, and the strike's velocity that of `velocity`.
 * @param times of the frames, seconds.
 * @param midi of the bars.
 * @param heads the first one is the one that `offset` and `velocity` go with.
 */
export function strikeTargets(
  times: readonly number[],
  midi: readonly number[],
  strikes: readonly Strike[],
  heads: StrikeHeads,
): StrikeTargets {
  const bars = midi.length;
  const size = times.length * bars;
  const names = [...Object.keys(heads), 'offset', 'velocity'];
  const targets = Object.fromEntries(names.map((name) => [name, new Float32Array(size)]));
  const masks = Object.fromEntries(
    names.map((name) => [name, new Float32Array(size).fill(Object.hasOwn(heads, name) ? 1 : 0)]),
  );
  const delays = Object.entries(heads);
  for (const { time, midi: note, velocity } of strikes) {
    const bar = midi.indexOf(note);
    if (bar < 0) continue;
    const position = framePosition(times, time);
    for (const [h, [name, delay]] of delays.entries()) {
      for (let k = Math.floor(position) + delay - 1; k <= Math.floor(position) + delay + 1; k++) {
        if (k < 0 || k >= times.length) continue;
        const at = k * bars + bar;
        const offset = position - (k - delay);
        targets[name][at] = Math.max(targets[name][at], 1 - Math.abs(offset - 0.5), 0);
        if (h > 0 || offset < -0.5 || offset > 1.5) continue;
        targets.offset[at] = offset;
        targets.velocity[at] = velocity;
        masks.offset[at] = 1;
        masks.velocity[at] = 1;
      }
    }
  }
  return { targets, masks };
}
