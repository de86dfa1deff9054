// Compressed sound in Node through an `ffmpeg` of the machine's own: the way without GPL code in one's node_modules.
// It is asked for a WAV on its standard output, whose header says rate and channels.
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { SoundError } from '../errors.js';
import type { SoundStream } from '../types.js';
import { forwardBytes, type OpenBytes } from './bytes.js';
import { noSoundTrack, notSound, timelineFilter } from './coded.js';
import { readBlocks, readWavHeader, type WavHeader } from './wav.js';

interface Decoding extends OpenBytes {
  /** Waits for the process's end. @throws {SoundError} when it failed. */
  finish(): Promise<void>;
}

function decode(ffmpeg: string, file: string, name: string, lead: number | undefined): Decoding {
  const child = spawn(
    ffmpeg,
    [
      ...['-v', 'error', '-nostdin', '-protocol_whitelist', 'file,pipe', '-i', `file:${resolve(file)}`],
      ...['-map', '0:a:0', '-af', timelineFilter(lead), '-c:a', 'pcm_f32le', '-f', 'wav', '-bitexact', 'pipe:1'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < 4096) complaint += text;
  });
  const ended = new Promise<number | Error>((done) => {
    child.once('error', done);
    child.once('close', (code) => {
      done(code ?? -1);
    });
  });
  const bytes = forwardBytes(child.stdout as AsyncIterable<Uint8Array>);
  return {
    size: bytes.size,
    read: (target, position) => bytes.read(target, position),
    async finish() {
      const end = await ended;
      if (end === 0) return;
      if (complaint.includes('matches no streams')) throw noSoundTrack(name);
      throw notSound(name, end instanceof Error ? end : new Error(`ffmpeg: ${complaint.trim()}`));
    },
    async close() {
      child.kill('SIGKILL');
      await bytes.close();
      await ended;
    },
  };
}

async function header(decoding: Decoding, name: string): Promise<WavHeader> {
  try {
    return await readWavHeader(decoding, name);
  } catch (error) {
    // No header, because ffmpeg could not read the file: its own reason is the better one.
    await decoding.finish();
    throw error;
  }
}

/**
 * The first sound track of a file, decoded by the ffmpeg command as it is read.
 * @param name what messages call it.
 * @param lead how much later than the file the track starts, s; undefined when nobody knows.
 * @throws {SoundError} when the file is not media or has no sound track.
 */
export async function openWithFfmpeg(
  ffmpeg: string,
  file: string,
  name: string,
  lead: number | undefined,
): Promise<SoundStream> {
  const probe = decode(ffmpeg, file, name, lead);
  try {
    const { sampleRate, channelCount } = await header(probe, name);
    return {
      sampleRate,
      channelCount,
      async *blocks() {
        const decoding = decode(ffmpeg, file, name, lead);
        try {
          const found = await header(decoding, name);
          if (found.channelCount !== channelCount) throw new SoundError(`${name} changed while it was read.`);
          yield* readBlocks(decoding, name, found);
          await decoding.finish();
        } finally {
          await decoding.close();
        }
      },
    };
  } finally {
    await probe.close();
  }
}
