// From a moving picture to its sound: what is seen is heard while it is being watched.
import { isMarimbaError, VideoError } from '../errors.js';
import { loadKernels } from '../kernels/module.js';
import { predict, type PredictorSource, type PredictOptions } from '../model/predict.js';
import { StrikeStream, type StrikeStreamOptions } from '../sound/strike-stream.js';
import type { Calibration, Sound, Strike } from '../types.js';
import type { FrameSource, LumaFrame } from '../video/frames.js';

/** How {@link sonify} listens and sounds. */
export interface SonifyOptions
  extends Pick<PredictOptions, 'head' | 'threshold' | 'signal'>, Omit<StrikeStreamOptions, 'midi' | 'sampleRate'> {
  /** Samples per second, 8000 to 192000. Default 48000. */
  readonly sampleRate?: number;
  /** What messages call the video. Default "The video". */
  readonly name?: string;
  /** Told of every frame that has been heard: how many there were, and its time from the first, s. */
  readonly onFrame?: (frames: number, time: number) => void;
}

/** What was heard of a video. Time is seconds from its first frame. */
export interface Heard {
  /** By time. */
  readonly strikes: readonly Strike[];
  /** Length of the picture, and of the sound, s. */
  readonly duration: number;
  /** Frames watched. */
  readonly frames: number;
  /** When the first of them is shown on the source's own time line, s. */
  readonly first: number;
  /** Wall-clock seconds: waiting for frames, rectifying them, waiting for the model, and rendering sound. */
  readonly seconds: Readonly<Record<'decode' | 'rectify' | 'model' | 'sound', number>>;
  /** What the video lacks, where it ends early; the rest is of what is there. */
  readonly problem?: Error;
}

/** A moving picture that may know where its index says it ends. */
export interface SonifiedSource extends FrameSource {
  /** Where the picture should end, s on the frames' time line. */
  readonly duration?: number | undefined;
}

// A strike comes to light some frames after its contact: so many of any camera's, and so long at least (s).
const undecidedFrames = 32;
const undecidedSeconds = 0.5;
const fewest = 3;

/** Frames with the first one at 0 s, and what their times say. */
class FromFirst implements FrameSource {
  readonly width;
  readonly height;
  readonly range;
  readonly frameRate;
  /** Time of the first frame on the source's own line, s. */
  first = 0;
  /** Time of the last frame from the first, and of the one before, s. */
  last = 0;
  before = 0;
  count = 0;
  readonly #source: FrameSource;
  readonly #times = new Float64Array(undecidedFrames);
  readonly #look: ((frame: LumaFrame) => void) | undefined;

  constructor(source: FrameSource, look: ((frame: LumaFrame) => void) | undefined) {
    ({ width: this.width, height: this.height, range: this.range, frameRate: this.frameRate } = source);
    this.#source = source;
    this.#look = look;
  }

  async *frames(target?: Uint8Array): AsyncGenerator<LumaFrame, void, undefined> {
    for await (const { time, luma } of this.#source.frames(target)) {
      if (this.count === 0) this.first = time;
      this.before = this.last;
      this.last = time - this.first;
      this.#times[this.count++ % undecidedFrames] = this.last;
      const frame = { time: this.last, luma };
      this.#look?.(frame);
      yield frame;
    }
  }

  /** Time before which nothing more will turn out to have been struck, s. */
  get decided(): number {
    const earlier = this.count < undecidedFrames ? 0 : this.#times[this.count % undecidedFrames];
    return Math.min(earlier, this.last - undecidedSeconds);
  }
}

/**
 * Watches a video and renders its sound meanwhile, in bounded memory.
 * @param onSound gets mono samples, linear, block by block from the first frame on; each is valid until its promise is kept.
 * @param onLook sees every frame, timed from the first, before it is heard.
 * @throws as {@link sonify}.
 */
export async function hear(
  source: SonifiedSource,
  model: PredictorSource,
  calibration: Calibration,
  onSound: (samples: Float32Array) => Promise<void> | void,
  options: SonifyOptions = {},
  onLook?: (frame: LumaFrame) => void,
): Promise<Heard> {
  const { sampleRate = 48_000, name = 'The video', head, threshold, signal, onFrame, ...voice } = options;
  if (!Number.isInteger(sampleRate) || sampleRate < 8000 || sampleRate > 192_000) {
    throw new RangeError(`sampleRate: expected a whole number of 8000..192000, got ${sampleRate}.`);
  }
  const midi = [...new Set(calibration.bars.map((bar) => bar.midi))].sort((a, b) => a - b);
  const sound = new StrikeStream(await loadKernels(), { ...voice, midi, sampleRate });
  const frames = new FromFirst(source, onLook);
  const strikes: Strike[] = [];
  const seconds = { decode: 0, rectify: 0, model: 0, sound: 0 };
  const render = async (until: number): Promise<void> => {
    const began = performance.now();
    for (const block of sound.until(until)) await onSound(block);
    seconds.sound += (performance.now() - began) / 1000;
  };
  let problem: Error | undefined;
  try {
    const listening = predict(frames, model, calibration, {
      // Nobody waits for a single frame of a file.
      gather: true,
      ...(head === undefined ? {} : { head }),
      ...(threshold === undefined ? {} : { threshold }),
      ...(signal === undefined ? {} : { signal }),
      ...(onFrame === undefined ? {} : { onFrame }),
      onSpent(decode, rectify, model) {
        seconds.decode += decode;
        seconds.rectify += rectify;
        seconds.model += model;
      },
    });
    for await (const strike of listening) {
      strikes.push(strike);
      sound.strike(strike);
      await render(frames.decided);
    }
  } catch (error) {
    if (!isMarimbaError(error, 'VideoError') || frames.count < fewest) throw error;
    problem = error;
  }
  const { count, first, last, before } = frames;
  if (count < fewest) {
    throw new VideoError(`${name} has only ${count} frames, which is too short to see a strike; at least ${fewest} are needed.`, {
      facts: { frames: count },
    }); // prettier-ignore
  }
  // The last frame is shown as long as the one before it, or as long as the index says.
  const end = last + (last - before);
  const duration = problem || source.duration === undefined ? end : Math.max(end, source.duration - first);
  await render(duration);
  strikes.sort((a, b) => a.time - b.time || a.midi - b.midi);
  return { strikes, duration, frames: count, first, seconds, ...(problem ? { problem } : {}) };
}

/** What {@link sonify} gives: strikes and their sound, mono, as long as the picture. */
export interface Sonification extends Heard {
  /** One channel. */
  readonly sound: Sound;
}

/**
 * Hears a silent video: strikes and sound, both from the first frame on. The same in Node and in the browser for the same
 * frames. All of the sound lies in memory, 11 MB a minute; {@link sonifyFile} writes it to files in bounded memory.
 * @param source what `readVideo` returns, or anything that has frames of luma.
 * @param model what `loadModel` returns.
 * @param calibration where the bars are in the picture.
 * @throws {ModelError | TypeError | RangeError} for a model, a calibration or an option that cannot be.
 * @throws {VideoError} when there are no frames that can be decoded, or fewer than three. One that ends early is heard as far
 * as it goes; `problem` says so.
 */
export async function sonify(
  source: SonifiedSource,
  model: PredictorSource,
  calibration: Calibration,
  options: SonifyOptions = {},
): Promise<Sonification> {
  const blocks: Float32Array[] = [];
  const heard = await hear(source, model, calibration, (samples) => void blocks.push(samples.slice()), options);
  const samples = new Float32Array(blocks.reduce((length, block) => length + block.length, 0));
  blocks.reduce((at, block) => (samples.set(block, at), at + block.length), 0);
  return { ...heard, sound: { sampleRate: options.sampleRate ?? 48_000, channels: [samples] } };
}
