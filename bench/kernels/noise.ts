// Repeatable input: the same numbers on every machine.

/** Uniform white noise, -1..1. */
export function whiteNoise(length: number, seed = 1): Float32Array {
  const noise = new Float32Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    noise[i] = state / 2147483648 - 1;
  }
  return noise;
}
