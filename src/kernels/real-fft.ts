// RealFft: the power-of-two transform of real samples, forward and inverse.
import { fillTurns, fillTwiddles, planeLength, resultInFirst, smallestFft, twiddleLength } from './fft-tables.js';
import { f32, openInstance } from './instance.js';
import type { Instance, Region } from './instance.js';
import type { Kernels } from './module.js';

const largest = 1 << 22;

/**
 * Fourier transform of a power-of-two number of real samples, float32.
 *
 * **Packing:** bin k = 0 .. size/2 is `real[k] + i imag[k]`; bins 0 and size/2 have no imaginary part. The bins above are
 * the conjugates of these and are not stored.
 * **Normalisation:** forward X[k] = sum of x[n] e^(-2 pi i k n / size), unscaled; inverse divides by `size`, so that
 * inverse(forward(x)) = x.
 * **Ownership:** the three arrays belong to the plan and live as long as it does; each call overwrites its results.
 * **Source:** `numpy.fft.rfft`, `numpy.fft.irfft`.
 */
export class RealFft {
  /** Samples; a power of two. */
  readonly size: number;
  /** [size] samples: what `forward()` reads and `inverse()` writes. */
  readonly samples: Float32Array;
  /** [size / 2 + 1] real parts of the bins: what `forward()` writes and `inverse()` reads. */
  readonly real: Float32Array;
  /** [size / 2 + 1] imaginary parts of the bins. */
  readonly imag: Float32Array;

  readonly #instance: Instance<Record<'samples' | Planes | 'twiddles' | 'turns' | 'turnsBack', Region<Floats>>>;
  readonly #half: number;
  // Sizes too small for the SIMD passes ride on a larger transform, with zeros between their samples.
  readonly #step: number;
  readonly #time: Float32Array;
  readonly #re: Float32Array;
  readonly #im: Float32Array;

  /**
   * @param kernels from `loadKernels`.
   * @param size samples, a power of two of 1 .. 2^22.
   * @throws {RangeError} for any other size.
   */
  constructor(kernels: Kernels, size: number) {
    if (!Number.isInteger(size) || size < 1 || size > largest || (size & (size - 1)) !== 0) {
      throw new RangeError(`Expected an FFT size that is a power of two of 1..${largest}, got ${String(size)}.`);
    }
    this.size = size;
    const half = Math.max(smallestFft, size / 2);
    this.#half = half;
    this.#step = (2 * half) / size;
    const plane = f32(planeLength(half));
    this.#instance = openInstance(kernels, {
      samples: f32(2 * half),
      re: plane,
      im: plane,
      zr: plane,
      zi: plane,
      ar: plane,
      ai: plane,
      br: plane,
      bi: plane,
      twiddles: f32(twiddleLength(half)),
      turns: f32(2 * planeLength(half)),
      turnsBack: f32(2 * planeLength(half)),
    });
    const { views } = this.#instance;
    fillTwiddles(views.twiddles, half);
    fillTurns(views.turns, half, 0, half + 1, 1);
    fillTurns(views.turnsBack, half, 0, half + 1, -1);
    const bins = Math.floor(size / 2) + 1;
    this.#time = views.samples;
    this.#re = views.re;
    this.#im = views.im;
    const rides = this.#step > 1;
    this.samples = rides ? new Float32Array(size) : views.samples;
    this.real = rides ? new Float32Array(bins) : views.re.subarray(0, bins);
    this.imag = rides ? new Float32Array(bins) : views.im.subarray(0, bins);
  }

  /** `samples` -> `real`, `imag`. Leaves `samples` as they are. */
  forward(): void {
    const { exports, at } = this.#instance;
    const half = this.#half;
    const rides = this.#step > 1;
    if (rides) {
      this.#time.fill(0);
      for (let n = 0; n < this.size; n++) this.#time[n * this.#step] = this.samples[n];
    }
    exports.fftDeinterleave(2 * half, at.samples, at.zr, at.zi);
    exports.fft(half, at.zr, at.zi, at.ar, at.ai, at.br, at.bi, at.twiddles);
    const first = resultInFirst(half);
    const plane = planeLength(half) * 4;
    exports.fftSplit(
      half,
      first ? at.ar : at.br,
      first ? at.ai : at.bi,
      at.turns,
      plane,
      0,
      half + 1,
      0.5,
      at.re,
      at.im,
    );
    if (!rides) return;
    for (let k = 0; k < this.real.length; k++) {
      this.real[k] = this.#re[k];
      this.imag[k] = this.#im[k];
    }
  }

  /** `real`, `imag` -> `samples`. The imaginary parts of bins 0 and size/2 are taken, and left, as 0. */
  inverse(): void {
    const { exports, at } = this.#instance;
    const half = this.#half;
    const { size, real, imag } = this;
    imag[0] = 0;
    if (size > 1) imag[size / 2] = 0;
    const rides = this.#step > 1;
    if (rides) {
      for (let k = 0; k <= half; k++) {
        const bin = k % size;
        const mirrored = bin > size / 2;
        this.#re[k] = real[mirrored ? size - bin : bin];
        this.#im[k] = mirrored ? -imag[size - bin] : imag[bin];
      }
    }
    const plane = planeLength(half) * 4;
    exports.fftSplit(half, at.re, at.im, at.turnsBack, plane, 0, half, 0.5 / half, at.zr, at.zi);
    // Exchanging the planes turns the forward transform into the inverse.
    exports.fft(half, at.zi, at.zr, at.ai, at.ar, at.bi, at.br, at.twiddles);
    const first = resultInFirst(half);
    exports.fftInterleave(2 * half, first ? at.ar : at.br, first ? at.ai : at.bi, at.samples);
    if (rides) for (let n = 0; n < size; n++) this.samples[n] = this.#time[n * this.#step];
  }
}

type Floats = Float32Array<ArrayBuffer>;
type Planes = 're' | 'im' | 'zr' | 'zi' | 'ar' | 'ai' | 'br' | 'bi';
