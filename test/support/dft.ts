// The discrete Fourier transform by its definition, float64: what the kernels are measured against.

/** A complex number. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/**
 * X(k) = sum of x[n] e^(-2 pi i k n / nfft) at one bin. k need not be whole, x may be longer than nfft.
 * The angle is reduced before the sine is taken, so that large k n cost no precision.
 */
export function dftBin(x: ArrayLike<number>, nfft: number, k: number): Complex {
  let re = 0;
  let im = 0;
  for (let n = 0; n < x.length; n++) {
    const angle = (-2 * Math.PI * ((k * n) % nfft)) / nfft;
    re += x[n] * Math.cos(angle);
    im += x[n] * Math.sin(angle);
  }
  return { re, im };
}

/** Magnitudes of bins `first` to `last`, inclusive. */
export function dftMagnitudes(x: ArrayLike<number>, nfft: number, first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const { re, im } = dftBin(x, nfft, first + i);
    return Math.hypot(re, im);
  });
}

/** Symmetric Hamming window. */
export function hamming(win: number): number[] {
  return Array.from({ length: win }, (_, n) => (win === 1 ? 1 : 0.54 - 0.46 * Math.cos((2 * Math.PI * n) / (win - 1))));
}

/** Largest distance between two lists, relative to the largest of `truth`. */
export function errorOfMaximum(measured: ArrayLike<number>, truth: ArrayLike<number>): number {
  if (measured.length !== truth.length) throw new Error(`${measured.length} values against ${truth.length}`);
  let worst = 0;
  let most = 0;
  for (let i = 0; i < truth.length; i++) {
    const error = Math.abs(measured[i] - truth[i]);
    // NaN must not pass for a small error.
    if (!(error <= worst)) worst = error;
    most = Math.max(most, Math.abs(truth[i]));
  }
  return most === 0 ? worst : worst / most;
}
