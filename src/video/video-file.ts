// Video files in Node: true time stamps and upright luma, decoded in a thread of its own by node-av or an ffmpeg of the machine's.
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { VideoError } from '../errors.js';
import { describeFileProblem } from '../file-problem.js';
import type { FrameRate } from '../frame-rate.js';
import type { LumaRange } from '../kernels/pixel-format.js';
import { checkDecoder, findDecoder, type MediaDecoder } from '../media-decoder.js';
import type { DecoderChoice } from '../types.js';
import { decodeWorkerSource } from './generated/decode-worker.js';
import type { FrameSource, LumaFrame } from './frames.js';
import type { DecodeAnswer, DecodeJob } from './luma-source.js';
import { rotationOf } from './luma.js';
import { notVideo, probeWithFfmpeg, probeWithNodeAv, type VideoTrack } from './video-track.js';

/** How video is read. */
export interface ReadVideoOptions {
  /** `auto` takes ffmpeg when `$FFMPEG_PATH` names one, else node-av when it is installed, else the ffmpeg on `$PATH`. */
  readonly decoder?: DecoderChoice;
}

/** A video file that has been looked at but not decoded. It holds nothing open. */
export interface Video extends FrameSource {
  /** Columns of the displayed picture, after rotation; pixels as coded, whatever their shape. */
  readonly width: number;
  /** Rows of the displayed picture. */
  readonly height: number;
  /** Degrees clockwise the coded picture is turned to be shown. It has been applied to the frames. */
  readonly rotation: 0 | 90 | 180 | 270;
  /** Whether the coded picture is flipped left to right before it is turned. It has been applied to the frames. */
  readonly mirrored: boolean;
  /** What black and white are in the luma. */
  readonly range: LumaRange;
  /** FFmpeg's name of the codec: "h264", "hevc", "vp9". */
  readonly codec: string;
  /** Mean frame rate as the file states it; undefined when it does not. Frames' times are the truth. */
  readonly frameRate: FrameRate | undefined;
  /** Where the index says the picture ends, s on the frames' time line; undefined when it does not say. */
  readonly duration: number | undefined;
  /** Frames, where the index counts them and no edit list hides some; undefined elsewhere. */
  readonly frameCount: number | undefined;
  /** What decodes it. */
  readonly decoder: 'node-av' | 'ffmpeg';
  /**
   * Decodes from the start, some frames ahead of the reader and never more; every call starts anew, and leaving the loop frees
   * everything.
   * @param target gets every frame's luma before it is handed out, such as a plan's `input` in wasm memory; at least width x height
   * bytes. Without it `luma` lies in memory that the decoder reuses.
   * @throws {VideoError} at the first frame, when none can be decoded; behind the last one, when the file ends early
   * (`facts.frames`, and `facts.framesExpected` where known), so that what is there has been delivered.
   */
  frames(target?: Uint8Array): AsyncGenerator<LumaFrame, void, undefined>;
}

/**
 * Looks at a video file: H.264, HEVC, VP8, VP9, AV1, MJPEG and whatever else the decoder knows, in mp4, mov, webm, mkv, avi, y4m.
 * The first video track counts that is not a cover picture. Constant and variable frame rates, B-frames, edit lists and late
 * starts come out as they are shown; samples deeper than 8 bits are rounded to 8; pictures without a luma plane (RGB) become luma
 * of BT.601.
 * @throws {VideoError} when there is no such file, it is empty, damaged, has no video track or an unknown codec.
 * @throws {UnsupportedError} when there is no decoder.
 * @throws {RangeError} for an unknown decoder.
 */
export async function readVideo(source: string | URL, { decoder = 'auto' }: ReadVideoOptions = {}): Promise<Video> {
  checkDecoder(decoder);
  const path = source instanceof URL ? fileURLToPath(source) : source;
  await checkFile(path);
  const found = await findDecoder(decoder, path);
  const track = await (found.kind === 'node-av'
    ? probeWithNodeAv(found.av, path, path)
    : probeWithFfmpeg(found.ffmpeg, path, path));
  const { orientation, width, height, frameRate, end, listed } = track;
  const turned = orientation[0] === 0;
  const hidden = listed !== undefined && hides(track);
  return {
    width: turned ? height : width,
    height: turned ? width : height,
    ...rotationOf(orientation),
    range: track.range,
    codec: track.codec,
    frameRate,
    duration: end,
    frameCount: hidden ? undefined : listed,
    decoder: found.kind,
    frames(target) {
      if (target !== undefined && (!(target instanceof Uint8Array) || target.length < width * height)) {
        throw new RangeError(`target: expected a Uint8Array of at least ${width * height} bytes.`);
      }
      return whole(decode(jobOf(found, path, track), track, path, target), track, path);
    },
  };
}

async function checkFile(path: string): Promise<void> {
  const fail = (error: unknown): never => {
    const { sentence, code } = describeFileProblem(path, error, 'read');
    throw new VideoError(sentence, { cause: error, facts: { file: path, code } });
  };
  const facts = await stat(path).catch(fail);
  if (facts.isDirectory()) fail(Object.assign(new Error('a folder'), { code: 'EISDIR' }));
  if (facts.isFile() && facts.size === 0) {
    throw new VideoError(`${path} is empty (0 bytes).`, { facts: { file: path } });
  }
}

/** Whether the index lists clearly more frames than fit between start and end: an edit list shows only some of them. */
function hides({ editable, listed, end, frameRate }: VideoTrack): boolean {
  if (!editable || listed === undefined || end === undefined || frameRate === undefined) return false;
  return (listed * frameRate.den) / frameRate.num > end + (2.5 * frameRate.den) / frameRate.num;
}

function jobOf(found: MediaDecoder, path: string, track: VideoTrack): DecodeJob {
  const { stream, width, height, pixelFormat, orientation } = track;
  // The thread's script has no place of its own to resolve packages from.
  const url = (module: string): string => pathToFileURL(createRequire(import.meta.url).resolve(module)).href;
  return {
    decoder:
      found.kind === 'ffmpeg'
        ? { kind: 'ffmpeg', ffmpeg: found.ffmpeg }
        : { kind: 'node-av', api: url('node-av/api'), lib: url('node-av/lib'), constants: url('node-av/constants') },
    file: resolve(path),
    name: path,
    ...{ stream, width, height, pixelFormat, orientation },
  };
}

// Frames decoded ahead of the reader.
const ahead = 3;

async function* decode(
  job: DecodeJob,
  { width, height, zero, frameRate }: VideoTrack,
  name: string,
  target: Uint8Array | undefined,
): AsyncGenerator<LumaFrame, string, undefined> {
  const size = width * height;
  const slots = Array.from({ length: ahead }, () => new SharedArrayBuffer(size));
  const planes = slots.map((slot) => new Uint8Array(slot));
  const worker = new Worker(decodeWorkerSource, { eval: true, workerData: { job, slots }, execArgv: [] });
  const answers: DecodeAnswer[] = [];
  let woken = (): void => undefined;
  worker.on('message', (answer: DecodeAnswer) => {
    answers.push(answer);
    woken();
  });
  const exited = new Promise<void>((done) => {
    const over = (problem: string): void => {
      answers.push({ problem });
      woken();
    };
    worker.once('error', (error) => {
      over(error instanceof Error ? error.message : String(error));
    });
    worker.once('exit', (code) => {
      over(`the decoding thread ended with ${code}`);
      done();
    });
  });
  const period = frameRate === undefined ? 0.04 : frameRate.den / frameRate.num;
  const given = target?.subarray(0, size);
  let last = -Infinity;
  try {
    for (;;) {
      while (answers.length === 0) {
        await new Promise<void>((wake) => {
          woken = wake;
        });
      }
      const answer = answers.shift()!;
      if ('end' in answer) return answer.complaint;
      if ('problem' in answer) throw notVideo(name, new Error(answer.problem));
      // A frame without a time of its own, or with one that is past, follows the one before it.
      const time = answer.time - zero;
      last = time > last ? time : last === -Infinity ? 0 : last + period;
      if (given === undefined) {
        yield { time: last, luma: planes[answer.slot] };
        worker.postMessage(answer.slot);
      } else {
        given.set(planes[answer.slot]);
        worker.postMessage(answer.slot);
        yield { time: last, luma: given };
      }
    }
  } finally {
    worker.postMessage('close');
    await exited;
  }
}

/** The same frames; then whether they are all that the index promised. */
async function* whole(
  frames: AsyncGenerator<LumaFrame, string, undefined>,
  track: VideoTrack,
  name: string,
): AsyncGenerator<LumaFrame, void, undefined> {
  const { listed, frameRate } = track;
  let count = 0;
  let time = 0;
  let complaint: string;
  try {
    for (;;) {
      const step = await frames.next();
      if (step.done === true) {
        complaint = step.value;
        break;
      }
      ({ time } = step.value);
      count++;
      yield step.value;
    }
  } finally {
    await frames.return('');
  }
  const facts = { file: name, frames: count };
  if (count === 0) {
    throw new VideoError(
      listed === undefined
        ? `${name} holds no frames that can be decoded; copy or export it again.`
        : `${name} lists ${listed} frames, but none can be decoded: it is damaged; copy or export it again.`,
      { facts, ...(complaint === '' ? {} : { cause: new Error(complaint) }) },
    );
  }
  const period = frameRate === undefined ? 0.04 : frameRate.den / frameRate.num;
  // The counted end, where the index counts: damaged files guess their length from the bytes that are left.
  const counted = listed === undefined || hides(track) ? undefined : listed;
  const end = Math.max(track.end ?? 0, counted === undefined ? 0 : counted * period);
  const lacks = end - (time + period);
  if (lacks > 2.5 * period && (counted === undefined ? lacks > 0.3 : count < counted)) {
    const there =
      counted === undefined ? `${(time + period).toFixed(2)} of ${end.toFixed(2)} s` : `${count} of ${counted} frames`;
    throw new VideoError(`${name} ends early: ${there} are there; copy or export it again.`, {
      facts: { ...facts, endsEarly: true, ...(counted === undefined ? {} : { framesExpected: counted }) },
    });
  }
}
