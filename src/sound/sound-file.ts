// Sound files in Node: any WAV by our own reader, everything else through node-av or an ffmpeg of the machine's.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FilePathSource } from 'mediabunny';
import { checkDecoder, findDecoder } from '../media-decoder.js';
import type { DecoderChoice, Sound, SoundStream } from '../types.js';
import { blobBytes, memoryBytes } from './bytes.js';
import { noSoundTrack } from './coded.js';
import { openWithFfmpeg } from './decode-ffmpeg.js';
import { openWithNodeAv } from './decode-node-av.js';
import { fileBytes } from './file-bytes.js';
import { readMediaIndex } from './media-index.js';
import { collectSound, openBytes, withDuration } from './open-sound.js';

/** Where sound is read from: a path, a file URL, a Blob, or the bytes of a file. */
export type SoundSource = string | URL | Blob | Uint8Array;

/** How compressed sound is read. */
export interface OpenSoundOptions {
  /**
   * `auto` takes ffmpeg when `$FFMPEG_PATH` names one, else node-av when it is installed, else the ffmpeg on `$PATH`.
   * WAV needs neither.
   */
  readonly decoder?: DecoderChoice;
}

/**
 * Opens a sound file, or the sound track of a video, to be read in order and in bounded memory, at its own rate.
 *
 * WAV: 8, 16, 24, 32 bit, float, A-law, mu-law, extensible, RF64, any channels and rate. Anything else (AAC in mp4 and mov, mp3,
 * flac, ogg, ...) goes to a decoder: first sound track, time zero where the file's earliest track starts, so a late sound track
 * begins with silence; encoder delay is removed. The file's content counts, not its name.
 * @throws {SoundError} when there is no such file, it is empty, damaged, cut short, or has no sound track; for a coded file that is
 * cut short, and for samples that are not numbers, only while its blocks are read.
 * @throws {UnsupportedError} when a decoder is needed and there is none.
 */
export async function openSound(source: SoundSource, options: OpenSoundOptions = {}): Promise<SoundStream> {
  const { decoder = 'auto' } = options;
  checkDecoder(decoder);
  if (source instanceof URL) return openSound(fileURLToPath(source), options);
  if (typeof source === 'string') return openBytes(fileBytes(source), () => openCoded(source, source, decoder));
  const bytes = source instanceof Blob ? blobBytes(source, blobName(source)) : memoryBytes(source, 'The sound');
  return openBytes(bytes, () => openCodedBytes(source, bytes.name, decoder));
}

/**
 * Reads a whole sound file, or the sound track of a video, into memory, at its own rate. See {@link openSound}.
 * @throws {SoundError} when there is no such file, it is empty, silent of samples, damaged, cut short, or has no sound track.
 * @throws {UnsupportedError} when a decoder is needed and there is none.
 */
export async function readSound(source: SoundSource, options: OpenSoundOptions = {}): Promise<Sound> {
  return collectSound(await openSound(source, options), nameOf(source));
}

function blobName(blob: Blob): string {
  return 'name' in blob && typeof blob.name === 'string' && blob.name !== '' ? blob.name : 'The sound';
}

function nameOf(source: SoundSource): string {
  if (source instanceof URL) return fileURLToPath(source);
  if (typeof source === 'string') return source;
  return source instanceof Blob ? blobName(source) : 'The sound';
}

/** @param name what messages call the file. */
async function openCoded(file: string, name: string, decoder: DecoderChoice): Promise<SoundStream> {
  const index = await readMediaIndex(new FilePathSource(file));
  if (index && index.track === undefined) throw noSoundTrack(name);
  const stream = await decoded(file, name, decoder, index?.lead);
  return index?.duration === undefined ? stream : withDuration(stream, name, index.duration);
}

async function decoded(file: string, name: string, choice: DecoderChoice, lead?: number): Promise<SoundStream> {
  const found = await findDecoder(choice, name, ' WAV needs none.');
  return found.kind === 'node-av'
    ? openWithNodeAv(found.av, file, name)
    : openWithFfmpeg(found.ffmpeg, file, name, lead);
}

/** Decoders seek, so bytes that are not a file become one for as long as they are read. */
async function openCodedBytes(source: Blob | Uint8Array, name: string, decoder: DecoderChoice): Promise<SoundStream> {
  const withFile = async (): Promise<{ stream: SoundStream; forget: () => Promise<void> }> => {
    const folder = await mkdtemp(join(tmpdir(), 'deep-marimba-'));
    const forget = (): Promise<void> => rm(folder, { recursive: true, force: true });
    try {
      const file = join(folder, 'sound');
      await writeFile(file, source instanceof Blob ? source.stream() : source);
      return { stream: await openCoded(file, name, decoder), forget };
    } catch (error) {
      await forget();
      throw error;
    }
  };
  const probe = await withFile();
  await probe.forget();
  return {
    ...probe.stream,
    async *blocks() {
      const { stream, forget } = await withFile();
      try {
        yield* stream.blocks();
      } finally {
        await forget();
      }
    },
  };
}
