// White noise that any language can repeat; test/golden/spectrum.py has its twin.

/** Fills `samples` with noise of -1..1 that depends on `seed` only. */
export function fillNoise(samples: Float32Array, seed: number): void {
  let state = seed >>> 0;
  for (let n = 0; n < samples.length; n++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    samples[n] = state / 2 ** 31 - 1;
  }
}

/** `count` samples of noise. */
export function noise(seed: number, count: number): Float32Array<ArrayBuffer> {
  const samples = new Float32Array(count);
  fillNoise(samples, seed);
  return samples;
}
