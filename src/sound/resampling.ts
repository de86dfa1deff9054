// Sound at another rate, or a fraction of a sample later: windowed sinc interpolation.

/** Zeroth modified Bessel function of the first kind. */
function bessel0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

const beta = 10;
const besselBeta = bessel0(beta);

/** A Kaiser-windowed sinc that ends `zeros` samples from its centre. */
function windowedSinc(x: number, zeros: number): number {
  const edge = x / zeros;
  if (Math.abs(edge) >= 1) return 0;
  const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
  return (sinc * bessel0(beta * Math.sqrt(1 - edge * edge))) / besselBeta;
}

const zeros = 32;

/** Filters for places between two input samples, each `width` taps long. */
interface Filters {
  readonly step: number;
  /** Taps to each side. */
  readonly reach: number;
  /** How many places there are. */
  readonly places: number;
  /** Whether every output sample lies on one of them. */
  readonly exact: boolean;
  /** [places + 1 x 2 reach] */
  readonly taps: Float32Array;
}

// A bank's exemplars all ask for the same.
let last: Filters | undefined;

function filtersFor(step: number): Filters {
  if (last?.step === step) return last;
  // Squeezed, so that the transition ends at the Nyquist frequency of the output.
  const squeeze = step > 1 ? 0.93 / step : 1;
  const reach = Math.ceil(zeros / squeeze);
  // As many places as there are where the rates are in a simple ratio (160 from 44.1 to 48 kHz), else 512 to interpolate between.
  const whole = [...Array(1025).keys()].find((q) => q > 0 && Math.abs(step * q - Math.round(step * q)) < 1e-9);
  const places = whole ?? 512;
  const width = 2 * reach;
  const taps = Float32Array.from({ length: (places + 1) * width }, (_, i) => {
    const place = Math.floor(i / width) / places;
    return squeeze * windowedSinc((place - ((i % width) - reach + 1)) * squeeze, zeros);
  });
  last = { step, reach, places, exact: whole !== undefined, taps };
  return last;
}

/**
 * Resamples a sound: output sample n lies at input sample n * step. Everything below 0.9 of the lower of the two Nyquist
 * frequencies passes; what the output cannot hold is left out. Outside of the input there is silence.
 * @param step input samples per output sample, 0.05 to 20.
 * @throws {RangeError} when `step` is out of range.
 * **Source:** J. O. Smith, Digital Audio Resampling (2002); 32 zeros to each side, Kaiser window, beta 10.
 */
export function resample(samples: Float32Array, step: number): Float32Array {
  if (!(step >= 0.05 && step <= 20)) throw new RangeError(`step: expected 0.05..20 samples, got ${step}.`);
  const { reach, places, exact, taps } = filtersFor(step);
  const width = 2 * reach;
  const padded = new Float32Array(samples.length + 2 * width);
  padded.set(samples, width);
  const output = new Float32Array(Math.ceil(samples.length / step));
  for (let n = 0; n < output.length; n++) {
    const whole = Math.floor(n * step + 1e-9);
    const place = Math.max(0, n * step - whole) * places;
    const row = exact ? Math.round(place) : Math.floor(place);
    const from = whole + width - reach + 1;
    const filter = row * width;
    let sum = 0;
    for (let j = 0; j < width; j++) sum += padded[from + j] * taps[filter + j];
    if (!exact) {
      let after = 0;
      for (let j = 0; j < width; j++) after += padded[from + j] * taps[filter + width + j];
      sum += (place - row) * (after - sum);
    }
    output[n] = sum;
  }
  return output;
}

/** Taps of a delay by a fraction of a sample. */
export const delayLength = 32;
const delaySteps = 256;
let delays: Float32Array | undefined;

/** Makes what {@link delayTaps} stands on, ahead of the first call. */
export function prepareDelays(): void {
  delays ??= Float32Array.from({ length: (delaySteps + 1) * delayLength }, (_, i) => {
    const delay = Math.floor(i / delayLength) / delaySteps;
    return windowedSinc((i % delayLength) - delayLength / 2 + 1 - delay, delayLength / 2);
  });
}

/**
 * The filter that delays a sound by `delay`, 0 to 1 samples: y[n] = sum of taps[j] x[n + {@link delayLength} / 2 - 1 - j].
 * Allocates nothing after {@link prepareDelays}.
 */
export function delayTaps(delay: number, taps: Float32Array): void {
  prepareDelays();
  const table = delays!;
  const at = delay * delaySteps;
  const row = Math.min(delaySteps - 1, Math.floor(at));
  for (let j = 0; j < delayLength; j++) {
    const a = table[row * delayLength + j];
    taps[j] = a + (at - row) * (table[(row + 1) * delayLength + j] - a);
  }
}
