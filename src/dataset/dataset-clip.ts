// One clip of a dataset: its pictures at the dataset's rate beside what its sound says, in a file of its own until all are there.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { SoundError, VideoError } from '../errors.js';
import type { FrameRate } from '../frame-rate.js';
import { hdf5 } from '../hdf5.js';
import { FrameStack } from '../kernels/frame-stack.js';
import { loadKernels } from '../kernels/module.js';
import { Rectifier } from '../kernels/rectifier.js';
import { analyzeNotes } from '../sound/analysis.js';
import { readFeatures } from '../sound/data-file.js';
import { openSound } from '../sound/sound-file.js';
import type { DecoderChoice, NoteAmplitudes, Quad, SoundStream } from '../types.js';
import type { LumaFrame } from '../video/frames.js';
import { keyboardView, type Layout } from '../video/layout.js';
import { readVideo, type Video } from '../video/video-file.js';
import type { Recording } from './recordings.js';

/** What all clips of a dataset have in common. */
export interface ClipSettings {
  /** Pictures and rows per second. */
  readonly fps: FrameRate;
  /** How sound is analysed. */
  readonly mode: 'corrected' | 'seed';
  /** Columns and rows of the pictures; one number for both. */
  readonly size: number | readonly [columns: number, rows: number];
  /** Corners of the bar field, pixels of the displayed video; undefined for the whole picture. */
  readonly corners?: Quad;
  /** The bars between the corners. */
  readonly layout?: Layout;
}

/** Columns and rows. */
export const sidesOf = (size: ClipSettings['size']): readonly [columns: number, rows: number] =>
  typeof size === 'number' ? [size, size] : size;

/** SHA-256 of a file, in hexadecimal. */
export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

// Silence behind the sound, so that the rows of the last frames are there, frames.
const tail = 5;

/** The stream from `offset` seconds on (silence before it when negative), with a few frames of silence behind it. */
function shifted(
  stream: SoundStream,
  offset: number,
  { num, den }: FrameRate,
): { stream: SoundStream; ended: () => number } {
  const { sampleRate, channelCount } = stream;
  let samples = 0;
  const silence = (seconds: number): Float32Array[] =>
    Array.from({ length: channelCount }, () => new Float32Array(Math.round(seconds * sampleRate)));
  return {
    stream: {
      sampleRate,
      channelCount,
      async *blocks() {
        samples = 0;
        let skip = Math.round(Math.max(0, offset) * sampleRate);
        if (offset < 0) {
          const before = silence(-offset);
          samples += before[0].length;
          if (before[0].length > 0) yield before;
        }
        for await (const block of stream.blocks()) {
          const dropped = Math.min(skip, block[0].length);
          skip -= dropped;
          if (dropped === block[0].length) continue;
          samples += block[0].length - dropped;
          yield dropped === 0 ? block : block.map((channel) => channel.subarray(dropped));
        }
        yield silence((tail * den) / num);
      },
    },
    ended: () => samples / sampleRate,
  };
}

/** What a recording says of every frame, and how many seconds of it there are. */
export interface Truth {
  /** Rows reach a few frames beyond the end. */
  readonly amplitudes: NoteAmplitudes;
  /** Frames it covers. */
  readonly frames: number;
}

/**
 * Measures a recording's sound, or reads what was measured in 2017.
 * @param offset how much later the sound's file begins to be used than the video's first frame, s.
 * @throws {SoundError} when it cannot be read.
 */
export async function readTruth(
  { truth: { kind, path } }: Recording,
  { fps, mode }: ClipSettings,
  offset: number,
): Promise<Truth> {
  if (kind === 'vectors') {
    const amplitudes = await readFeatures(path, { fps });
    // N frames gave N - 2 vectors.
    return { amplitudes, frames: amplitudes.frames + 2 };
  }
  const { stream, ended } = shifted(await openSound(path), offset, fps);
  const amplitudes = await analyzeNotes(stream, { fps, mode, name: path });
  return { amplitudes, frames: Math.floor((ended() * fps.num) / fps.den + 1e-6) };
}

/** From a decoded frame to a picture of the dataset. @returns the picture, valid until the next. */
async function shrinker(
  { width, height, range }: Video,
  settings: ClipSettings,
): Promise<(luma: Uint8Array) => Uint8Array> {
  const { corners, layout } = settings;
  const [columns, rows] = sidesOf(settings.size);
  const kernels = await loadKernels();
  const frame = { width, height, format: 'gray8', range } as const;
  const plane = columns * rows;
  let gray: (luma: Uint8Array) => Float32Array;
  if (corners !== undefined && layout !== undefined) {
    const warps = [keyboardView(layout, corners, { width, height }, { columns, rows })];
    const rectifier = new Rectifier(kernels, frame, { warps });
    gray = (luma) => {
      rectifier.input.set(luma);
      rectifier.run(0.04);
      return rectifier.views[0].gray;
    };
  } else {
    const stack = new FrameStack(kernels, frame, { width: columns, height: rows });
    gray = (luma) => stack.run(luma).subarray(2 * plane);
  }
  // Two in turn: the one before is still wanted.
  const pictures = [new Uint8ClampedArray(plane), new Uint8ClampedArray(plane)];
  let turn = 0;
  return (luma) => {
    const values = gray(luma);
    const picture = pictures[(turn ^= 1)];
    // Clamped arrays round.
    for (let i = 0; i < plane; i++) picture[i] = 255 * values[i];
    return new Uint8Array(picture.buffer);
  };
}

/**
 * Pictures at a constant rate, from the first frame's time on: at each instant the frame that is nearest to it. Where frames come
 * at that rate anyway, each is taken once.
 */
export async function* onGrid(
  frames: AsyncIterable<LumaFrame>,
  { num, den }: FrameRate,
  shrink: (luma: Uint8Array) => Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  let previous: { time: number; picture: Uint8Array } | undefined;
  let start = 0;
  let count = 0;
  for await (const { time, luma } of frames) {
    const picture = shrink(luma);
    if (previous === undefined) start = time;
    else {
      for (; start + (count * den) / num < (previous.time + time) / 2; count++) yield previous.picture;
    }
    previous = { time, picture };
  }
  if (previous === undefined) return;
  const end = previous.time + den / num / 2;
  for (; start + (count * den) / num < end; count++) yield previous.picture;
}

// Pictures that are compressed together.
const chunk = 50;

/**
 * Writes a clip: dataX [frames x rows x columns] uint8 (unless it has no video) and dataY [frames x notes] float32.
 * @param path gets the file; what is there when this fails has to be removed.
 * @param onFrames hears how many frames are done.
 * @returns its frames.
 * @throws {VideoError | SoundError} when video or sound cannot be used.
 */
export async function writeClip(
  path: string,
  video: string | undefined,
  { amplitudes, frames: heard }: Truth,
  settings: ClipSettings,
  decoder: DecoderChoice,
  onFrames: (frames: number) => void,
): Promise<number> {
  const h5 = await hdf5();
  const [columns, lines] = sidesOf(settings.size);
  const width = amplitudes.notes.length;
  const file = new h5.File(path, 'w');
  try {
    let frames = amplitudes.frames;
    if (video !== undefined) {
      const source = await readVideo(video, { decoder });
      const pictures = file.create_dataset({
        name: 'dataX',
        data: new Uint8Array(0),
        shape: [0, lines, columns],
        dtype: '<B',
        maxshape: [null, lines, columns],
        chunks: [chunk, lines, columns],
        compression: 'gzip',
        compression_opts: [1],
      });
      const buffer = new Uint8Array(chunk * lines * columns);
      let held = 0;
      frames = 0;
      const write = (): void => {
        if (held === 0) return;
        pictures.resize([frames, lines, columns]);
        pictures.write_slice([[frames - held, frames], [], []], buffer.subarray(0, held * lines * columns));
        held = 0;
      };
      for await (const picture of onGrid(source.frames(), settings.fps, await shrinker(source, settings))) {
        buffer.set(picture, held++ * lines * columns);
        frames++;
        if (held === chunk) {
          write();
          onFrames(frames);
        }
      }
      write();
      onFrames(frames);
      if (frames < 3) {
        throw new VideoError(`${video} holds ${frames} frames; a clip needs at least 3.`, { facts: { file: video } });
      }
      // Some encoders add a frame or two to a video, or cut them from a sound.
      if (frames > heard + 3) {
        throw new SoundError(
          `${video} lasts ${frames} frames, but its sound only ${heard}; use the sound that belongs to it, or --offset.`,
          { facts: { file: video, frames, heard } },
        );
      }
    }
    const rows = new Float32Array(frames * width);
    rows.set(amplitudes.data.subarray(0, Math.min(frames, amplitudes.frames) * width));
    file.create_dataset({ name: 'dataY', data: rows, shape: [frames, width], dtype: '<f4' });
    file.flush();
    return frames;
  } finally {
    file.close();
  }
}
