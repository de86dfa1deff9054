// Video files from frames: through node-av or the machine's own ffmpeg, else uncompressed.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { UnsupportedError, VideoError } from '../errors.js';
import type { FrameRate } from '../frame-rate.js';
import { findFfmpeg } from '../media-decoder.js';
import { type EncoderName, loadNodeAvLib, writeWithNodeAv } from './encode-node-av.js';
import { y4mFrame, y4mFrameBytes, y4mHeader } from './y4m.js';

/** Ways of compressing, and the files they go into. */
export const codecs = {
  h264: { encoder: 'libx264', extension: '.mp4', options: (crf: number) => ({ crf: String(crf) }) },
  hevc: {
    encoder: 'libx265',
    extension: '.mp4',
    options: (crf: number) => ({ crf: String(crf), 'x265-params': 'log-level=none' }),
  },
  vp9: {
    encoder: 'libvpx-vp9',
    extension: '.webm',
    options: (crf: number) => ({ crf: String(crf), b: '0', 'row-mt': '1' }),
  },
} as const;

/** Name of a way of compressing. */
export type VideoCodec = keyof typeof codecs;

/** Who compresses. */
export type EncoderChoice = 'auto' | 'node-av' | 'ffmpeg' | 'none';

/** A video writer found on this machine. */
export interface VideoEncoder {
  /** Extension of the file, with its dot. */
  readonly extension: string;
  /** Whether frames keep their own times; else they come at the nominal rate. */
  readonly timed: boolean;
  /**
   * Writes a video file; it appears when it is complete.
   * @throws {VideoError} when the encoder or the disk refuses.
   */
  readonly write: (path: string, frames: Iterable<TimedPixels>, size: VideoSize) => Promise<void>;
}

/** [height x width x 3] red green blue, each used before the next is asked for. */
interface TimedPixels {
  readonly time: number;
  readonly pixels: Uint8Array;
}

interface VideoSize {
  readonly width: number;
  readonly height: number;
  readonly fps: FrameRate;
}

/**
 * Finds who writes a video: node-av, which keeps every frame's time, else an ffmpeg that has the codec, else nobody, and the
 * file is uncompressed.
 * @param crf constant rate factor, 0..51; larger is worse.
 * @throws {UnsupportedError} when the one asked for is not there.
 */
export async function chooseEncoder(choice: EncoderChoice, codec: VideoCodec, crf: number): Promise<VideoEncoder> {
  const { encoder: name, extension, options } = codecs[codec];
  if (choice === 'auto' || choice === 'node-av') {
    const av = await loadNodeAvLib();
    if (av?.[0].Codec.findEncoderByName(name as EncoderName)) {
      const encoder = { name, options: options(crf) };
      return {
        extension,
        timed: true,
        write: (path, frames, size) => writeWithNodeAv(av, path, frames, size, encoder),
      };
    }
    if (choice === 'node-av') {
      throw new UnsupportedError(
        `node-av with ${name} is not installed, or not made for this machine: npm install node-av.`,
      );
    }
  }
  if (choice === 'auto' || choice === 'ffmpeg') {
    const ffmpeg = await findFfmpeg();
    if (ffmpeg !== undefined && (await encodersOf(ffmpeg)).includes(name)) {
      const given = Object.entries(options(crf)).flatMap(([option, value]) => [`-${option}`, value]);
      const colours = [
        '-colorspace',
        'bt709',
        '-color_primaries',
        'bt709',
        '-color_trc',
        'bt709',
        '-color_range',
        'tv',
      ];
      const args = ['-c:v', name, '-pix_fmt', 'yuv420p', ...given, ...colours];
      return { extension, timed: false, write: (path, frames, size) => pipeVideo(path, frames, size, args, ffmpeg) };
    }
    if (choice === 'ffmpeg') {
      throw new UnsupportedError(`There is no ffmpeg with ${name}, neither on the PATH nor named by FFMPEG_PATH.`);
    }
  }
  return {
    extension: '.y4m',
    timed: false,
    write: (path, frames, size) => pipeVideo(path, frames, size, [], undefined),
  };
}

async function encodersOf(ffmpeg: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(ffmpeg, ['-v', 'error', '-encoders'], { maxBuffer: 1 << 24 });
  return stdout.split('\n').map((line) => line.trim().split(/\s+/)[1] ?? '');
}

/** As Y4M into a file, or through an ffmpeg with `codec` between its input and output. */
async function pipeVideo(
  path: string,
  frames: Iterable<TimedPixels>,
  { width, height, fps }: VideoSize,
  codec: readonly string[],
  ffmpeg: string | undefined,
): Promise<void> {
  const temporary = join(dirname(path), `.part-${basename(path)}`);
  let complaint = '';
  let ended: Promise<unknown>;
  let target: Writable;
  if (codec.length > 0 && ffmpeg !== undefined) {
    const args = ['-v', 'error', '-nostdin', '-y', '-f', 'yuv4mpegpipe', '-i', 'pipe:0', ...codec, `file:${temporary}`];
    const child = spawn(ffmpeg, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (complaint.length < 4096) complaint += text;
    });
    ended = new Promise<void>((done, fail) => {
      child.once('error', fail);
      child.once('close', (code) => {
        if (code === 0) done();
        else fail(new Error(complaint.trim() || `ffmpeg ended with ${code}`));
      });
    });
    target = child.stdin;
  } else {
    target = createWriteStream(temporary);
    ended = once(target, 'close');
  }
  // What fails is told by `ended`; the pipe's own complaint only says that nobody listens any more.
  target.on('error', () => undefined);
  let broken: Error | undefined;
  const watched = ended.catch((error: unknown) => {
    broken = error instanceof Error ? error : new Error(String(error));
  });
  try {
    target.write(y4mHeader(width, height, fps));
    for (const { pixels } of frames) {
      const frame = new Uint8Array(y4mFrameBytes(width, height));
      y4mFrame(pixels, width, height, frame);
      if (!target.write(frame)) await Promise.race([once(target, 'drain'), watched]);
      if (broken !== undefined) break;
    }
    target.end();
    await watched;
    if (broken !== undefined) throw broken;
    await rename(temporary, path);
  } catch (cause) {
    target.destroy();
    await rm(temporary, { force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new VideoError(`${path} could not be written: ${reason}.`, { cause, facts: { file: path } });
  }
}
