// Windows, symmetric: the first and the last sample have the same weight.

/** A window by name, or its weights, one per sample. */
export type Window = 'hamming' | 'hann' | 'rectangular' | ArrayLike<number>;

const cosineTerms = { hamming: [0.54, 0.46], hann: [0.5, 0.5], rectangular: [1, 0] } as const;

/**
 * Weights of a symmetric window of `win` samples, float64.
 * **Source:** `scipy.signal.windows.hamming(win)`, `hann(win)`; a window of one sample is 1.
 * @throws {TypeError} for an unknown name.
 * @throws {RangeError} when the given weights are not `win` finite numbers.
 */
export function windowWeights(window: Window, win: number): Float64Array {
  if (typeof window === 'string') {
    if (!Object.hasOwn(cosineTerms, window)) {
      throw new TypeError(`Expected the window hamming, hann, rectangular or its weights, got "${window as string}".`);
    }
    const [mean, depth] = cosineTerms[window];
    const turn = win > 1 ? (2 * Math.PI) / (win - 1) : 0;
    return Float64Array.from({ length: win }, (_, n) => (win > 1 ? mean - depth * Math.cos(turn * n) : 1));
  }
  if (typeof window !== 'object' || (window as unknown) === null || typeof window.length !== 'number') {
    throw new TypeError(`Expected the window hamming, hann, rectangular or its weights, got a ${typeof window}.`);
  }
  if (window.length !== win)
    throw new RangeError(`Expected ${win} window weights, as many as win, got ${window.length}.`);
  const weights = Float64Array.from(window);
  const bad = weights.findIndex((w) => !Number.isFinite(w));
  if (bad >= 0) throw new RangeError(`Expected finite window weights, got ${weights[bad]} at ${bad}.`);
  return weights;
}
