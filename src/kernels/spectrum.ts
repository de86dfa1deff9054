// SpectrumPlan: the largest magnitude in each band of a windowed frame. BinPlan: the magnitudes of a run of bins.
import type { Band } from '../notes.js';
import type { Kernels } from './module.js';
import { Zoom } from './zoom.js';
import type { ZoomOptions } from './zoom.js';
import type { BinRange } from './zoom-route.js';

/** What a `SpectrumPlan` measures: bands in Hz, or ranges of bins. */
export type SpectrumOptions = ZoomOptions &
  (
    | {
        /** Samples per second. */
        readonly sampleRate: number;
        /** Bands in Hz; each takes the bins from round(low * nfft / sampleRate) to round(high * nfft / sampleRate). */
        readonly bands: readonly Band[];
      }
    | {
        /** Inclusive ranges of bins, counted from 0. */
        readonly ranges: readonly BinRange[];
      }
  );

/** What a `BinPlan` measures: bins `first` to `last`, inclusive, counted from 0. */
export type BinOptions = ZoomOptions & BinRange;

/**
 * The bins of a band: round(low * nfft / sampleRate) to round(high * nfft / sampleRate).
 * @throws {RangeError} when the band is empty, below 0 Hz, or reaches beyond half the sample rate, or nfft makes no sense.
 */
export function bandBins(band: Band, nfft: number, sampleRate: number): BinRange {
  const { low, high } = band;
  if (!(sampleRate > 0) || !Number.isFinite(sampleRate)) {
    throw new RangeError(`Expected a sample rate above 0 Hz, got ${String(sampleRate)}.`);
  }
  if (!Number.isInteger(nfft) || nfft < 1) {
    throw new RangeError(`Expected nfft to be a whole number of 1 or more, got ${String(nfft)}.`);
  }
  const first = Math.round((low * nfft) / sampleRate);
  const last = Math.round((high * nfft) / sampleRate);
  if (!(low >= 0 && high >= low) || last > Math.floor(nfft / 2)) {
    throw new RangeError(
      `Expected a band within 0..${sampleRate / 2} Hz (half the sample rate), got ${String(low)}..${String(high)} Hz.`,
    );
  }
  return { first, last };
}

function rangesOf(options: SpectrumOptions): readonly BinRange[] {
  if ('ranges' in options) return options.ranges;
  const given: unknown = options.bands;
  if (!Array.isArray(given)) throw new TypeError(`Expected a list of bands, got ${typeof given}.`);
  return options.bands.map((band) => bandBins(band, options.nfft, options.sampleRate));
}

/**
 * Largest magnitude per band of the zero-padded DFT of one windowed frame: `max |sum of w[n] x[n] e^(-2 pi i k n / nfft)|`
 * times the scale, over the bins k of the band.
 *
 * **Sizes:** any window length and any nfft, powers of two or not. A window longer than nfft counts as a whole: its
 * transform is sampled at nfft points, where MATLAB's `fft(x, n)` would cut it off.
 * **Normalisation:** `'amplitude'` is 2 / (sum of the window), so that a sine of amplitude 1 reads 1; a number is used as it
 * is (2 / nfft is what the 2017 project used).
 * **Accuracy:** float32; on white noise within 1e-6 of the largest bin of a float64 DFT. What lies outside the bands at
 * more than 120 dB above them leaks in.
 * **Ownership:** `input` and `output` belong to the plan and live as long as it does; `output` is valid until the next `run()`.
 * A sample that is NaN makes every band NaN.
 * **Source:** `scipy.signal.zoom_fft` computes the same bins.
 */
export class SpectrumPlan {
  /** [win] samples, linear. */
  readonly input: Float32Array;
  /** [bands] magnitudes, in the order of the bands. */
  readonly output: Float32Array;
  readonly #zoom: Zoom;

  /**
   * @param kernels from `loadKernels`.
   * @throws {RangeError} for a length that is not a whole number, a band outside 0 .. sampleRate / 2, no bands at all, a
   * window that sums to 0, or more memory than 1 GiB.
   * @throws {TypeError} for options of another kind.
   */
  constructor(kernels: Kernels, options: SpectrumOptions) {
    this.#zoom = new Zoom(kernels, options, rangesOf(options), 'maxima');
    this.input = this.#zoom.input;
    this.output = this.#zoom.output;
  }

  /** `input` -> `output`. Leaves `input` as it is; allocates nothing. */
  run(): void {
    this.#zoom.run();
  }
}

/**
 * Magnitudes of the bins `first` to `last` of the zero-padded DFT of one windowed frame. Sizes, normalisation, accuracy and
 * ownership are those of `SpectrumPlan`.
 */
export class BinPlan {
  /** [win] samples, linear. */
  readonly input: Float32Array;
  /** [last - first + 1] magnitudes. */
  readonly output: Float32Array;
  readonly #zoom: Zoom;

  /**
   * @param kernels from `loadKernels`.
   * @throws {RangeError} and {TypeError} as `SpectrumPlan` does.
   */
  constructor(kernels: Kernels, options: BinOptions) {
    this.#zoom = new Zoom(kernels, options, [options], 'magnitudes');
    this.input = this.#zoom.input;
    this.output = this.#zoom.output;
  }

  /** `input` -> `output`. Leaves `input` as it is; allocates nothing. */
  run(): void {
    this.#zoom.run();
  }
}
