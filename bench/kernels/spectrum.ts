// The audio feature: three video frames of sound -> Hamming -> zero-padded spectrum -> the maximum of each note's band.
import { GT18, loadKernels, SpectrumPlan } from '../../src/index.js';
import { inProcess, type Contender, type Kernel, type Runner } from '../harness.js';
import { libraryVersion, openNative, packInput } from '../native.js';
import { loadPeer, peerVersion } from '../peers.js';
import { whiteNoise } from './noise.js';

const sampleRate = 44100;
const win = 5293;
const hop = 1764;
const nfft = 44100;
// Who only knows powers of two takes the nearest finer one; its bins lie elsewhere and so do its maxima.
const powerOfTwo = 65536;
const windows = 60;
const audio = whiteNoise(hop * (windows - 1) + win);
const hamming = Float64Array.from({ length: win }, (_, i) => 0.54 - 0.46 * Math.cos((2 * Math.PI * i) / (win - 1)));
const hammingF32 = Float32Array.from(hamming);
// A sine of amplitude 1 reads 1.
const scale = 2 / hamming.reduce((sum, w) => sum + w, 0);
const notes = GT18.length;

/** First and last bin of each band, in pairs. */
function bandBins(size: number): Int32Array {
  return Int32Array.from(
    GT18.flatMap(({ band }) => [band.low, band.high]),
    (hz) => Math.round((hz * size) / sampleRate),
  );
}

const references = new Map<number, Float64Array>();

/** The maxima of the first and the last window, by the definition of the transform, in float64. */
function reference(size: number): Float64Array {
  const known = references.get(size);
  if (known) return known;
  const cosine = Float64Array.from({ length: size }, (_, i) => Math.cos((2 * Math.PI * i) / size));
  const bins = bandBins(size);
  const maxima = new Float64Array(2 * notes);
  for (let i = 0; i < 2 * notes; i++) {
    const from = i < notes ? 0 : hop * (windows - 1);
    const note = i % notes;
    for (let bin = bins[2 * note]; bin <= bins[2 * note + 1]; bin++) {
      let re = 0;
      let im = 0;
      for (let n = 0, turn = 0; n < win; n++, turn = (turn + bin) % size) {
        const sample = audio[from + n] * hamming[n];
        re += sample * cosine[turn];
        im += sample * cosine[(turn + 3 * (size >> 2)) % size];
      }
      maxima[i] = Math.max(maxima[i], Math.hypot(re, im) * scale);
    }
  }
  references.set(size, maxima);
  return maxima;
}

/** Walks through the windows, one per call, and answers with the first and the last of them. */
function walk(feature: (from: number, maxima: Float32Array) => void, ours?: { wasmBytes: () => number }): Runner {
  const maxima = new Float32Array(notes);
  let next = 0;
  return inProcess(
    () => {
      feature(hop * next, maxima);
      next = (next + 1) % windows;
    },
    () => {
      const both = new Float32Array(2 * notes);
      feature(0, both.subarray(0, notes));
      feature(hop * (windows - 1), both.subarray(notes));
      return both;
    },
    ours,
  );
}

async function openOurs(): Promise<Runner> {
  const plan = new SpectrumPlan(await loadKernels(), { win, nfft, sampleRate, bands: GT18.map(({ band }) => band) });
  // Views made beforehand, so that what is measured allocates only what the plan does.
  const frames = Array.from({ length: windows }, (_, i) => audio.subarray(hop * i, hop * i + win));
  return walk(
    (from, maxima) => {
      plan.input.set(frames[from / hop]);
      plan.run();
      maxima.set(plan.output);
    },
    { wasmBytes: () => plan.input.buffer.byteLength },
  );
}

type Samples = Float32Array | Float64Array;

/** Windowed samples into `input`; what follows them stays zero. */
function windowInto(input: Samples, from: number): void {
  for (let i = 0; i < win; i++) input[i] = audio[from + i] * hammingF32[i];
}

/** The maxima from a spectrum of which real and imaginary parts alternate. */
function bandMaxima(spectrum: Samples, bins: Int32Array, maxima: Float32Array): void {
  for (let note = 0; note < notes; note++) {
    let most = 0;
    for (let k = 2 * bins[2 * note], end = 2 * bins[2 * note + 1]; k <= end; k += 2) {
      const power = spectrum[k] * spectrum[k] + spectrum[k + 1] * spectrum[k + 1];
      if (power > most) most = power;
    }
    maxima[note] = Math.sqrt(most) * scale;
  }
}

/** The same work around somebody's transform: `input` is filled, `transform` gives the spectrum, maxima are taken. */
function around(size: number, input: Samples, transform: () => Samples): Runner {
  const bins = bandBins(size);
  return walk((from, maxima) => {
    windowInto(input, from);
    bandMaxima(transform(), bins, maxima);
  });
}

interface PffftModule {
  readonly HEAPF32: Float32Array;
  _pffft_aligned_malloc(bytes: number): number;
  _pffft_new_setup(size: number, kind: number): number;
  _pffft_transform_ordered(setup: number, input: number, output: number, work: number, direction: number): void;
}

interface KissModule {
  readonly HEAPF32: Float32Array;
  _malloc(bytes: number): number;
  _kiss_fftr_alloc(size: number, inverse: number, memory: number, length: number): number;
  _kiss_fftr(plan: number, input: number, output: number): void;
}

type FftClass<T> = new (size: number) => T;
interface ForwardFft {
  forward(real: Samples): Float32Array;
}
interface IndutnyFft {
  realTransform(out: ArrayLike<number>, data: ArrayLike<number>): void;
}

interface EssentiaVector {
  delete(): void;
}
interface Essentia {
  arrayToVector(array: Float32Array): EssentiaVector;
  vectorToArray(vector: EssentiaVector): Float32Array;
  Spectrum(frame: EssentiaVector, size: number): { spectrum: EssentiaVector };
}

const float32Tolerance = 1e-5;

function peer(
  name: string,
  size: number,
  open: () => Promise<Runner>,
  details: Pick<Contender, 'asked' | 'note'> & { label?: string } = {},
): Contender {
  const { label = name, note, asked } = details;
  const points = `${size} points`;
  return {
    name: label,
    kind: 'npm',
    version: () => peerVersion(name),
    note: note === undefined ? points : `${points}; ${note}`,
    open,
    tolerance: float32Tolerance,
    ...(size === nfft ? {} : { reference: () => reference(size) }),
    asked,
  };
}

async function openPffft(entry: string, size: number): Promise<Runner> {
  const { default: create } = await loadPeer<{ default: () => Promise<PffftModule> }>('@echogarden/pffft-wasm', entry);
  const pffft = await create();
  const setup = pffft._pffft_new_setup(size, 0);
  if (setup === 0) throw new Error(`refuses ${size} points`);
  const [input, output, work] = [0, 1, 2].map(() => pffft._pffft_aligned_malloc(4 * size));
  const view = (at: number): Float32Array => pffft.HEAPF32.subarray(at >> 2, (at >> 2) + size);
  view(input).fill(0);
  const [samples, spectrum] = [view(input), view(output)];
  return around(size, samples, () => {
    pffft._pffft_transform_ordered(setup, input, output, work, 0);
    return spectrum;
  });
}

async function openKiss(size: number): Promise<Runner> {
  const { default: create } = await loadPeer<{ default: () => Promise<KissModule> }>('@echogarden/kissfft-wasm');
  const kiss = await create();
  const plan = kiss._kiss_fftr_alloc(size, 0, 0, 0);
  const [input, output] = [kiss._malloc(4 * size), kiss._malloc(4 * (size + 2))];
  const samples = kiss.HEAPF32.subarray(input >> 2, (input >> 2) + size).fill(0);
  const spectrum = kiss.HEAPF32.subarray(output >> 2, (output >> 2) + size + 2);
  return around(size, samples, () => {
    kiss._kiss_fftr(plan, input, output);
    return spectrum;
  });
}

/** fftw-js and kissfft-js: both take a whole array and hand out a view of their heap. */
async function openForward(name: string, exported: string, size: number): Promise<Runner> {
  const module = await loadPeer<{ default: Record<string, FftClass<ForwardFft>> }>(name);
  const fft = new module.default[exported](size);
  const input = new Float32Array(size);
  return around(size, input, () => fft.forward(input));
}

async function openIndutny(): Promise<Runner> {
  const { default: Fft } = await loadPeer<{ default: FftClass<IndutnyFft> }>('fft.js');
  const fft = new Fft(powerOfTwo);
  const input = new Float64Array(powerOfTwo);
  const spectrum = new Float64Array(2 * powerOfTwo);
  return around(powerOfTwo, input, () => {
    fft.realTransform(spectrum, input);
    return spectrum;
  });
}

async function openEssentia(size: number): Promise<Runner> {
  const module = await loadPeer<{
    default: { Essentia: new (wasm: unknown) => Essentia; EssentiaWASM: unknown };
  }>('essentia.js');
  const essentia = new module.default.Essentia(module.default.EssentiaWASM);
  const bins = bandBins(size);
  const input = new Float32Array(size);
  return walk((from, maxima) => {
    windowInto(input, from);
    // It hands out vectors of its own heap, which the caller has to delete.
    const frame = essentia.arrayToVector(input);
    const { spectrum } = essentia.Spectrum(frame, size);
    const magnitudes = essentia.vectorToArray(spectrum);
    frame.delete();
    spectrum.delete();
    for (let note = 0; note < notes; note++) {
      let most = 0;
      for (let k = bins[2 * note]; k <= bins[2 * note + 1]; k++) most = Math.max(most, magnitudes[k]);
      maxima[note] = most * scale;
    }
  });
}

/** A real transform of a power of two in plain JS, radix 2, for want of any package. */
function openPlain(): Runner {
  const half = powerOfTwo / 2;
  const cosine = Float64Array.from({ length: half }, (_, i) => Math.cos((2 * Math.PI * i) / powerOfTwo));
  const sine = Float64Array.from({ length: half }, (_, i) => -Math.sin((2 * Math.PI * i) / powerOfTwo));
  const bits = Math.log2(half);
  const reversed = Int32Array.from({ length: half }, (_, i) => {
    let r = 0;
    for (let b = 0; b < bits; b++) r |= ((i >> b) & 1) << (bits - 1 - b);
    return r;
  });
  const input = new Float64Array(powerOfTwo);
  const re = new Float64Array(half);
  const im = new Float64Array(half);
  const spectrum = new Float64Array(powerOfTwo);
  const last = 2 * bandBins(powerOfTwo)[2 * notes - 1];
  return around(powerOfTwo, input, () => {
    // Even samples are the real part, odd ones the imaginary part of a transform of half the size.
    for (let i = 0; i < half; i++) {
      re[reversed[i]] = input[2 * i];
      im[reversed[i]] = input[2 * i + 1];
    }
    for (let size = 1; size < half; size *= 2) {
      const stride = half / size;
      for (let block = 0; block < half; block += 2 * size) {
        for (let i = block, turn = 0; i < block + size; i++, turn += stride) {
          const wr = cosine[turn];
          const wi = sine[turn];
          const j = i + size;
          const tr = re[j] * wr - im[j] * wi;
          const ti = re[j] * wi + im[j] * wr;
          re[j] = re[i] - tr;
          im[j] = im[i] - ti;
          re[i] += tr;
          im[i] += ti;
        }
      }
    }
    // Only the bins that some band asks for are taken apart.
    for (let k = 1; 2 * k <= last; k++) {
      const evenRe = (re[k] + re[half - k]) / 2;
      const evenIm = (im[k] - im[half - k]) / 2;
      const oddRe = (im[k] + im[half - k]) / 2;
      const oddIm = (re[half - k] - re[k]) / 2;
      spectrum[2 * k] = evenRe + oddRe * cosine[k] - oddIm * sine[k];
      spectrum[2 * k + 1] = evenIm + oddRe * sine[k] + oddIm * cosine[k];
    }
    return spectrum;
  });
}

function native(contender: string): () => Promise<Runner> {
  return () =>
    openNative(
      'spectrum.c',
      ['fftw3f'],
      contender,
      packInput(Int32Array.of(nfft, win, hop, windows, notes), bandBins(nfft), hammingF32, audio),
    );
}

/** The race for the audio feature. */
export const spectrum: Kernel = {
  name: 'spectrum',
  work: `${win} samples, Hamming, ${nfft} points, the maxima of ${notes} bands`,
  reference: () => reference(nfft),
  contenders: [
    {
      name: 'deep-marimba',
      kind: 'ours',
      note: 'samples copied in',
      open: openOurs,
      tolerance: 4e-6,
    },
    {
      name: 'FFTW3f in C',
      kind: 'native',
      version: () => libraryVersion('fftw3f'),
      note: `${nfft} points, measured plan`,
      open: native('plain'),
      tolerance: float32Tolerance,
      asked: 5.5,
      stretch: 8.8,
    },
    ...(['zoom', 'halved'] as const).map((way): Contender => ({
      name: `our algorithm in C, ${way === 'zoom' ? 'FFTW3f of 8192' : 'rate halved twice, FFTW3f of 2048'}`,
      kind: 'native',
      version: () => libraryVersion('fftw3f'),
      note: 'what native code gains once it knows the trick',
      open: native(way),
      tolerance: float32Tolerance,
    })),
    peer('@echogarden/pffft-wasm', powerOfTwo, () => openPffft('@echogarden/pffft-wasm/simd', powerOfTwo), {
      label: '@echogarden/pffft-wasm (SIMD)',
      note: `refuses ${nfft}`,
      asked: 11,
    }),
    peer('@echogarden/pffft-wasm', powerOfTwo, () => openPffft('@echogarden/pffft-wasm', powerOfTwo), {
      label: '@echogarden/pffft-wasm (scalar)',
    }),
    peer('fftw-js', nfft, () => openForward('fftw-js', 'FFT', nfft), { note: 'asm.js', asked: 28 }),
    peer('@echogarden/kissfft-wasm', nfft, () => openKiss(nfft), { asked: 55 }),
    peer('fft.js', powerOfTwo, openIndutny, { asked: 50 }),
    peer('kissfft-js', nfft, () => openForward('kissfft-js', 'FFTR', nfft), { note: 'asm.js' }),
    peer('essentia.js', nfft, () => openEssentia(nfft), { asked: 400 }),
    {
      name: 'plain JS, radix 2',
      kind: 'js',
      note: `${powerOfTwo} points`,
      open: () => Promise.resolve(openPlain()),
      tolerance: float32Tolerance,
      reference: () => reference(powerOfTwo),
    },
  ],
};
