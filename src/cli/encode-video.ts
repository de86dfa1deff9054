// Video files from frames: through the machine's own ffmpeg where there is one, else uncompressed.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { VideoError } from '../errors.js';
import type { FrameRate } from '../frame-rate.js';
import { y4mFrame, y4mFrameBytes, y4mHeader } from './y4m.js';

/** How to compress. */
export interface VideoEncoder {
  /** Extension of the file, with its dot. */
  readonly extension: '.mp4' | '.webm' | '.y4m';
  /** Arguments for ffmpeg between input and output; empty for none. */
  readonly codec: readonly string[];
}

const uncompressed: VideoEncoder = { extension: '.y4m', codec: [] };

/**
 * What this ffmpeg can compress with: H.264, else VP9, else nothing.
 * @param crf constant rate factor, 0..51; larger is worse.
 */
export async function chooseEncoder(ffmpeg: string | undefined, crf: number): Promise<VideoEncoder> {
  if (ffmpeg === undefined) return uncompressed;
  const { stdout } = await promisify(execFile)(ffmpeg, ['-v', 'error', '-encoders'], { maxBuffer: 1 << 24 });
  const has = (name: string): boolean => new RegExp(`\\s${name}\\s`).test(stdout);
  const colours = ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv'];
  if (has('libx264')) {
    const codec = [
      '-c:v',
      'libx264',
      '-crf',
      String(crf),
      '-pix_fmt',
      'yuv420p',
      ...colours,
      '-movflags',
      '+faststart',
    ];
    return { extension: '.mp4', codec };
  }
  if (has('libvpx-vp9')) {
    return {
      extension: '.webm',
      codec: ['-c:v', 'libvpx-vp9', '-crf', String(crf), '-b:v', '0', '-row-mt', '1', ...colours],
    };
  }
  return uncompressed;
}

/**
 * Writes a video file; it appears when it is complete.
 * @param frames [height x width x 3] red green blue, each used before the next is asked for.
 * @throws {VideoError} when the encoder or the disk refuses.
 */
export async function writeVideo(
  path: string,
  frames: Iterable<{ readonly pixels: Uint8Array }>,
  { width, height, fps }: { readonly width: number; readonly height: number; readonly fps: FrameRate },
  { codec }: VideoEncoder,
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
