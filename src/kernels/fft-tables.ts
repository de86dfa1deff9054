// Tables of the power-of-two FFT, computed in float64 and rounded; assembly/fft.ts says how they are laid out.

/** Smallest complex transform the SIMD passes can do. */
export const smallestFft = 16;

/** Points per plane to reserve: the transform repeats its first point after the last, and is read in fours. */
export const planeLength = (size: number): number => size + 8;

/** Where the result of a complex transform lies: in the first of the two work buffers, or in the second. */
export const resultInFirst = (size: number): boolean => Math.ceil(Math.log2(size) / 2) % 2 === 1;

/** Floats of the twiddle table of `size` complex points. */
export const twiddleLength = (size: number): number => (size / 4) * 6;

/** Fills the twiddles of a transform of `size` complex points. */
export function fillTwiddles(table: Float32Array, size: number): void {
  const quarter = size / 4;
  for (let p = 0; p < quarter; p++) {
    for (let power = 1; power <= 3; power++) {
      const angle = (2 * Math.PI * p * power) / size;
      table[(2 * power - 2) * quarter + p] = Math.cos(angle);
      table[(2 * power - 1) * quarter + p] = -Math.sin(angle);
    }
  }
}

/** Fills `count` turns of `fftSplit` from bin `first` on: a plane of cosines and a plane of sines of pi k / half. */
export function fillTurns(table: Float32Array, half: number, first: number, count: number, direction: 1 | -1): void {
  const plane = table.length / 2;
  for (let k = 0; k < count; k++) {
    const angle = (Math.PI * (first + k)) / half;
    table[k] = direction * Math.cos(angle);
    table[plane + k] = Math.sin(angle);
  }
}
