// From recorded sound to note amplitudes: per video frame, how loud each note is in the three frames it begins.
import { SoundError } from '../errors.js';
import { frameRate, type FrameRate } from '../frame-rate.js';
import { loadKernels, type Kernels } from '../kernels/module.js';
import { MonoMix } from '../kernels/mono-mix.js';
import { SpectrumPlan, type SpectrumOptions } from '../kernels/spectrum.js';
import { GT18, type NoteSet } from '../notes.js';
import type { NoteAmplitudes, Sound, SoundStream } from '../types.js';

/** How sound is analysed. */
export interface AnalyzeOptions {
  /** Video frames per second: 25, 29.97, "30000/1001", or a ratio. */
  readonly fps: number | string | FrameRate;
  /** Video frames, 3 or more; there are two rows less. Default: the whole frames that the sound lasts. */
  readonly frames?: number;
  /** Default: the eighteen of 2017. */
  readonly notes?: NoteSet;
  /**
   * `'corrected'` (default): what the amplitudes mean. `'seed'`: what the 2017 MATLAB code computes, its faults included, for
   * comparison with its data only.
   */
  readonly mode?: 'corrected' | 'seed';
  /** Points of the zero-padded DFT, `'corrected'` only. Default: the sample rate, for bins of 1 Hz. */
  readonly nfft?: number;
  /** Default: those of `loadKernels()`. */
  readonly kernels?: Kernels;
  /** What messages call the sound, for example its file. Default: "The sound". */
  readonly name?: string;
}

// Rows share the images of three video frames.
const framesPerRow = 3;

// Samples that are mixed at a time: they stay in the cache.
const piece = 4096;

/** Which samples each row measures, and how. */
interface Layout {
  /** Samples of a window. */
  readonly win: number;
  /** First sample of row k. */
  readonly start: (row: number) => number;
  /** What its spectrum is measured with. */
  readonly spectrum: SpectrumOptions;
}

function correctedLayout(sampleRate: number, { num, den }: FrameRate, notes: NoteSet, nfft = sampleRate): Layout {
  const win = Math.round((framesPerRow * sampleRate * den) / num);
  const bands = notes.map(({ band }) => band);
  return {
    win,
    start: (row) => Math.round((row * sampleRate * den) / num),
    spectrum: { win, nfft, sampleRate, bands },
  };
}

// computeAudioVectors.m takes one sample too many, skips the first frame, pads to 44100 points at any sample rate, and reads
// the bin counted from 1 whose number is the frequency in Hz. Where a frame is no whole number of samples it stops; we round.
function seedLayout(sampleRate: number, { num, den }: FrameRate, notes: NoteSet): Layout {
  const nfft = 44100;
  const win = Math.round((framesPerRow * sampleRate * den) / num) + 1;
  const bin = (hz: number): number => Math.round(hz) - 1;
  return {
    win,
    start: (row) => Math.round(((row + 1) * sampleRate * den) / num),
    spectrum: {
      win,
      nfft,
      scale: 2 / nfft,
      ranges: notes.map(({ band: { low, high } }) => ({ first: bin(low), last: bin(high) })),
    },
  };
}

// Slides a window over sound that comes in blocks of any length, and keeps a row of maxima per place. The rows are those of
// the sound as it is: its peak is only known at its end, and they are proportional to it.
class RowReader {
  readonly mono: MonoMix;
  /** Samples that have passed. */
  position = 0;
  rows = 0;
  readonly #plan: SpectrumPlan;
  readonly #layout: Layout;
  readonly #sampleRate: number;
  readonly #most: number;
  readonly #name: string;
  // Samples to pass by before the next window, and samples of that window that are there.
  #skip: number;
  #held = 0;
  #data: Float32Array;

  constructor(kernels: Kernels, layout: Layout, { sampleRate, channelCount }: SoundStream, most: number, name: string) {
    this.mono = new MonoMix(kernels, channelCount, piece);
    this.#plan = new SpectrumPlan(kernels, layout.spectrum);
    this.#layout = layout;
    this.#sampleRate = sampleRate;
    this.#most = most;
    this.#name = name;
    this.#skip = layout.start(0);
    this.#data = new Float32Array(1024 * this.#plan.output.length);
  }

  push(channels: readonly Float32Array[]): void {
    const { mono } = this;
    const [{ length }] = channels;
    for (let from = 0; from < length; from += piece) {
      const count = Math.min(piece, length - from);
      for (const [c, samples] of channels.entries()) mono.inputs[c].set(samples.subarray(from, from + count));
      mono.run(count);
      if (!Number.isFinite(mono.highest - mono.lowest)) throw this.#oddSample(channels, from);
      this.#slide(mono.output.subarray(0, count));
      this.position += count;
    }
  }

  /** The first `rows` rows times `gain`, those at the end of the sound with silence behind it. */
  finish(rows: number, gain: number): Float32Array {
    while (this.rows < rows) {
      this.#plan.input.fill(0, this.#held);
      this.#measure();
    }
    return this.#data.slice(0, rows * this.#plan.output.length).map((v) => v * gain);
  }

  #slide(samples: Float32Array): void {
    const { input } = this.#plan;
    for (let from = Math.min(this.#skip, samples.length); from < samples.length;) {
      const count = Math.min(samples.length - from, input.length - this.#held);
      input.set(samples.subarray(from, from + count), this.#held);
      this.#held += count;
      from += count;
      while (this.#held === input.length) {
        this.#measure();
        // What is left only counts for the peak.
        if (this.rows === this.#most) {
          this.#skip = Infinity;
          return;
        }
      }
    }
    this.#skip = Math.max(0, this.#skip - samples.length);
  }

  #measure(): void {
    const { input, output } = this.#plan;
    this.#plan.run();
    if ((this.rows + 1) * output.length > this.#data.length) {
      const grown = new Float32Array(2 * this.#data.length);
      grown.set(this.#data);
      this.#data = grown;
    }
    this.#data.set(output, this.rows * output.length);
    const hop = this.#layout.start(this.rows + 1) - this.#layout.start(this.rows);
    this.rows++;
    input.copyWithin(0, hop);
    this.#held = input.length - hop;
  }

  #oddSample(channels: readonly Float32Array[], from: number): SoundError {
    let at = from;
    while (channels.every((samples) => Number.isFinite(samples[at]))) at++;
    const channel = channels.findIndex((samples) => !Number.isFinite(samples[at]));
    const seconds = (this.position + at - from) / this.#sampleRate;
    return new SoundError(
      `${this.#name} has a sample that is not a number (${channels[channel][at]}), ${seconds.toFixed(3)} s from its start, in channel ${channel + 1}.`,
      { facts: { seconds, channel } },
    );
  }
}

function checkOptions({ mode = 'corrected', frames, nfft }: AnalyzeOptions): void {
  if (!['corrected', 'seed'].includes(mode)) {
    throw new TypeError(`Expected mode to be corrected or seed, got "${mode}".`);
  }
  if (frames !== undefined && (!Number.isInteger(frames) || frames < framesPerRow)) {
    throw new RangeError(`Expected ${framesPerRow} or more video frames, a whole number, got ${String(frames)}.`);
  }
  if (nfft !== undefined && mode === 'seed') {
    throw new RangeError(`Expected no nfft in seed mode, where it is 44100, got ${String(nfft)}.`);
  }
}

function streamOf(sound: Sound | SoundStream): SoundStream {
  if ('blocks' in sound) return sound;
  const { sampleRate, channels } = sound;
  const lengths = new Set(channels.map(({ length }) => length));
  if (lengths.size !== 1) {
    const found = channels.length === 0 ? 'none' : `lengths ${[...lengths].join(' and ')}`;
    throw new RangeError(`Expected a sound with channels of equal length, got ${found}.`);
  }
  return {
    sampleRate,
    channelCount: channels.length,
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream of one block that is there already
    async *blocks() {
      yield channels;
    },
  };
}

/** Video frames that `samples` samples accompany; of the last one half a sample may be missing, which rounding took. */
function frameCount(
  samples: number,
  sampleRate: number,
  { num, den }: FrameRate,
  frames: number | undefined,
  name: string,
): number {
  const seconds = samples / sampleRate;
  const count = frames ?? Math.floor(((samples + 0.5) * num) / (sampleRate * den));
  const fps = den === 1 ? String(num) : `${num}/${den}`;
  if (count < framesPerRow) {
    throw new SoundError(
      `${name} lasts ${seconds.toFixed(3)} s, expected three video frames at least: ${((framesPerRow * den) / num).toFixed(3)} s at ${fps} fps.`,
      { facts: { seconds } },
    );
  }
  return count;
}

/**
 * How loud each note is, per video frame: for frame k, the windowed sound of frames k, k + 1 and k + 2 is transformed, and each
 * note gets the largest magnitude in its band. N frames give N - 2 rows; where the last ones reach beyond the end of the sound
 * they see silence. Channels are mixed to their mean.
 *
 * `'corrected'`: the window starts at round(k sampleRate / fps), exact for any ratio, and has round(3 sampleRate / fps) samples;
 * symmetric Hamming; a sine as loud as the loudest sample of the sound reads 1.
 *
 * `'seed'`: as in 2017. Windows are a sample longer and a frame late, a spectrum of 44100 points is read as if its bins were
 * 1 Hz apart at any sample rate, one bin low; 2 / 44100 of the transform; the sound divided by its largest sample, not its
 * largest absolute one.
 *
 * The sound is read once, block by block, and not kept: an hour needs little more memory than its rows.
 * **Normalisation:** see the modes; both are independent of the recording's level.
 * **Source:** `computeAudioVectors.m` of "Deep Auditory Hallucinations" (2017); `numpy.fft.rfft` of `scipy.signal.windows.hamming`.
 * @returns [frames - 2 x notes] linear amplitudes.
 * @throws {RangeError} for a frame rate, a number of frames, or an nfft that makes no sense.
 * @throws {SoundError} for a sound that is empty, silent, shorter than the frames asked for, has a sample that is not a number,
 * or a sample rate too low for the notes.
 */
export async function analyzeNotes(sound: Sound | SoundStream, options: AnalyzeOptions): Promise<NoteAmplitudes> {
  checkOptions(options);
  const { mode = 'corrected', notes = GT18, frames, nfft, name = 'The sound' } = options;
  const fps = frameRate(options.fps);
  const stream = streamOf(sound);
  const { sampleRate } = stream;
  if (!(sampleRate * fps.den >= fps.num && sampleRate < Infinity)) {
    throw new RangeError(
      `Expected a sample rate of one sample per video frame or more, ${fps.num / fps.den} Hz, got ${sampleRate} Hz.`,
    );
  }
  const seed = mode === 'seed';
  const top = notes.reduce((a, b) => (b.band.high > a.band.high ? b : a));
  if (!seed && top.band.high > sampleRate / 2) {
    throw new SoundError(
      `${name} has ${sampleRate} samples per second and holds nothing above ${sampleRate / 2} Hz, but the note ${top.name} reaches up to ${Math.ceil(top.band.high)} Hz.`,
      { facts: { sampleRate } },
    );
  }
  const layout = seed ? seedLayout(sampleRate, fps, notes) : correctedLayout(sampleRate, fps, notes, nfft);
  const kernels = options.kernels ?? (await loadKernels());
  const reader = new RowReader(kernels, layout, stream, frames === undefined ? Infinity : frames - 2, name);
  for await (const block of stream.blocks()) reader.push(block);

  const { position, mono } = reader;
  if (position === 0) throw new SoundError(`${name} is empty: it has no samples.`);
  const rows = frameCount(position, sampleRate, fps, frames, name) - (framesPerRow - 1);
  if (layout.start(rows - 1) >= position) {
    const seconds = position / sampleRate;
    const wanted = ((rows + 2) * fps.den) / fps.num;
    throw new SoundError(
      `${name} lasts ${seconds.toFixed(3)} s, too short for ${rows + 2} video frames, which last ${wanted.toFixed(3)} s.`,
      { facts: { seconds, frames: rows + 2 } },
    );
  }
  const peak = seed ? mono.highest : Math.max(mono.highest, -mono.lowest);
  if (!(peak > 0)) throw new SoundError(`${name} is silent: nothing in it is above 0.`);
  return { data: reader.finish(rows, 1 / peak), frames: rows, notes, fps };
}
