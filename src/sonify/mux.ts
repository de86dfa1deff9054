// A video with sound: the picture copied as it is coded, the sound beside it as AAC, both from the same moment. Node only.
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { VideoError } from '../errors.js';
import { findDecoder } from '../media-decoder.js';
import type { DecoderChoice } from '../types.js';
import { muxWorkerSource } from './generated/mux-worker.js';

/** What the thread is told. Plain data. */
export interface MuxJob {
  /** Path of the video. */
  readonly video: string;
  /** Path of the WAV file. */
  readonly sound: string;
  /** Path of the file to write. */
  readonly output: string;
  /** When the first frame is shown, s from where the file's earliest track starts; the sound begins there. */
  readonly first: number;
  /** URLs of node-av's modules. */
  readonly modules: { readonly api: string; readonly lib: string; readonly constants: string };
}

/** What it answers, once. */
export type MuxAnswer = 'done' | { readonly problem: string };

const holds = ['h264', 'hevc', 'av1', 'vp9', 'mpeg4', 'mpeg2video', 'mpeg1video', 'mjpeg'];

/**
 * Checks whether an MP4 file can hold a picture as it is coded.
 * @param codec FFmpeg's name.
 * @throws {VideoError} when it cannot.
 */
export function checkMp4Codec(name: string, codec: string): void {
  if (holds.includes(codec)) return;
  throw new VideoError(
    `The picture of ${name} is coded as ${codec}, which an MP4 file cannot hold; leave out --mp4, or convert it to H.264 first.`,
    { facts: { file: name, codec } },
  );
}

/**
 * Writes an MP4 file of a video's picture and a sound. The picture is copied, bit by bit, with its turn and its edit list; its
 * own sound is left out. The encoder's delay is noted in the file, so that sample 0 sounds with the first frame, to the sample.
 * @param first when the first frame is shown, s on the time line of `readVideo`.
 * @throws {VideoError} when the picture cannot be copied or the file cannot be written.
 * @throws {UnsupportedError} when there is neither node-av nor ffmpeg.
 */
export async function muxMp4(
  video: string,
  sound: string,
  output: string,
  { first, decoder, name, signal }: { first: number; decoder: DecoderChoice; name: string; signal?: AbortSignal },
): Promise<void> {
  const found = await findDecoder(decoder, video);
  try {
    await (found.kind === 'ffmpeg'
      ? withFfmpeg(found.ffmpeg, video, sound, output, first, signal)
      : withNodeAv(video, sound, output, first, signal));
  } catch (cause) {
    signal?.throwIfAborted();
    const reason = (cause instanceof Error ? cause.message : String(cause)).trim().split('\n').at(-1)!;
    throw new VideoError(`${name} could not be written: ${reason.replace(/\.$/, '')}.`, { cause, facts: { file: name } });
  } // prettier-ignore
}

async function withFfmpeg(
  ffmpeg: string,
  video: string,
  sound: string,
  output: string,
  first: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  await promisify(execFile)(
    ffmpeg,
    [
      ...['-v', 'error', '-nostdin', '-y', '-protocol_whitelist', 'file,pipe'],
      ...['-itsoffset', String(-first), '-i', `file:${video}`, '-i', `file:${sound}`],
      ...['-map', '0:V:0', '-map', '1:a', '-c:v', 'copy', '-c:a', 'aac', '-b:a', '160k', '-ac', '1'],
      ...['-movflags', '+faststart', '-f', 'mp4', `file:${output}`],
    ],
    { ...(signal ? { signal } : {}), killSignal: 'SIGKILL' },
  );
}

async function withNodeAv(
  video: string,
  sound: string,
  output: string,
  first: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  // The thread's script has no place of its own to resolve packages from.
  const url = (module: string): string => pathToFileURL(createRequire(import.meta.url).resolve(module)).href;
  const workerData: MuxJob = {
    ...{ video: resolve(video), sound: resolve(sound), output: resolve(output), first },
    modules: { api: url('node-av/api'), lib: url('node-av/lib'), constants: url('node-av/constants') },
  };
  const worker = new Worker(muxWorkerSource, { eval: true, workerData, execArgv: [] });
  const stop = (): void => void worker.terminate();
  signal?.addEventListener('abort', stop);
  try {
    await new Promise<void>((done, fail) => {
      worker.once('message', (answer: MuxAnswer) => {
        if (answer === 'done') done();
        else fail(new Error(answer.problem));
      });
      worker.once('error', fail);
      worker.once('exit', (code) => {
        fail(new Error(`the thread that writes it ended with ${code}`));
      });
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}
