// Sound in the browser: any WAV by our own reader, everything else through WebCodecs.
import { AudioSampleSink, BlobSource, type InputAudioTrack } from 'mediabunny';
import { SoundError, UnsupportedError } from '../errors.js';
import type { Sound, SoundStream } from '../types.js';
import { blobBytes, memoryBytes } from './bytes.js';
import { noSoundTrack, notSound } from './coded.js';
import { readMediaIndex } from './media-index.js';
import { collectSound, openBytes, withDuration } from './open-sound.js';

/** Where sound is read from: a File or Blob, or the bytes of a file. */
export type SoundSource = Blob | Uint8Array<ArrayBuffer>;

/**
 * Opens a sound file, or the sound track of a video, to be read in order and in bounded memory, at its own rate.
 *
 * WAV: 8, 16, 24, 32 bit, float, A-law, mu-law, extensible, RF64, any channels and rate. Anything else goes to the browser's own
 * decoders: first sound track, time zero where the file's earliest track starts, so a late sound track begins with silence;
 * encoder delay is removed. The file's content counts, not its name.
 * @throws {SoundError} when it is empty, damaged, cut short, or has no sound track; for a coded file that is cut short, and for
 * samples that are not numbers, only while its blocks are read.
 * @throws {UnsupportedError} when this browser cannot decode it.
 */
export async function openSound(source: SoundSource): Promise<SoundStream> {
  const name = nameOf(source);
  const bytes = source instanceof Blob ? blobBytes(source, name) : memoryBytes(source, name);
  return openBytes(bytes, () => openCoded(source instanceof Blob ? source : new Blob([source]), name));
}

/**
 * Reads a whole sound file, or the sound track of a video, into memory, at its own rate. See {@link openSound}.
 * @throws {SoundError} when it is empty, damaged, cut short, or has no sound track.
 * @throws {UnsupportedError} when this browser cannot decode it.
 */
export async function readSound(source: SoundSource): Promise<Sound> {
  return collectSound(await openSound(source), nameOf(source));
}

function nameOf(source: SoundSource): string {
  return source instanceof File && source.name !== '' ? source.name : 'The sound';
}

async function openCoded(blob: Blob, name: string): Promise<SoundStream> {
  const index = await readMediaIndex(new BlobSource(blob));
  if (!index) throw notSound(name);
  const { track, duration, start, lead } = index;
  if (!track) throw noSoundTrack(name);
  if (!(await track.canDecode())) {
    throw new UnsupportedError(
      `${name}: this browser has no decoder for its sound (${(await track.getCodec()) ?? 'unknown codec'}).`,
    );
  }
  // The decoder knows better than the index: high-efficiency AAC says half its rate there.
  const facts = await firstSample(track);
  if (!facts) throw notSound(name);
  const { sampleRate, channelCount } = facts;
  const delay = (await track.getCodec()) === 'mp3' ? await mp3Delay(blob) : 0;
  const stream: SoundStream = {
    sampleRate,
    channelCount,
    async *blocks() {
      let done = 0;
      for await (const sample of new AudioSampleSink(track).samples()) {
        if (sample.numberOfChannels !== channelCount || sample.sampleRate !== sampleRate) {
          sample.close();
          throw new SoundError(`${name} changes its rate or channels on the way; convert it first.`);
        }
        // A first sample that pretends to start late, as Vorbis's does, starts where its track does.
        const at = sample.timestamp - start - delay / sampleRate;
        const due = Math.round((done === 0 ? Math.min(at, lead) : at) * sampleRate);
        // Like FFmpeg's filter on the other side: only the start and real holes are mended, not the rounding of time stamps.
        const gap = done === 0 || Math.abs(due - done) > sampleRate / 10 ? due - done : 0;
        if (gap > 0) {
          yield Array.from({ length: channelCount }, () => new Float32Array(gap));
          done += gap;
        }
        const skip = Math.min(sample.numberOfFrames, Math.max(0, -gap));
        const frames = sample.numberOfFrames - skip;
        const channels = Array.from({ length: channelCount }, (_, planeIndex) => {
          const channel = new Float32Array(frames);
          if (frames > 0) sample.copyTo(channel, { planeIndex, format: 'f32-planar', frameOffset: skip });
          return channel;
        });
        sample.close();
        if (frames > 0) yield channels;
        done += frames;
      }
    },
  };
  return duration === undefined ? stream : withDuration(stream, name, duration);
}

async function firstSample(
  track: InputAudioTrack,
): Promise<Pick<SoundStream, 'sampleRate' | 'channelCount'> | undefined> {
  for await (const sample of new AudioSampleSink(track).samples()) {
    const { sampleRate, numberOfChannels: channelCount } = sample;
    sample.close();
    return { sampleRate, channelCount };
  }
  return undefined;
}

/**
 * Samples before the sound in an MP3 file: the encoder's delay, noted in its first frame, and the decoder's own 529, which no
 * browser removes. 0 where there is no note.
 * Source: LAME's Xing/Info tag, delay in the first 12 bits at byte 141.
 */
async function mp3Delay(blob: Blob): Promise<number> {
  const head = new Uint8Array(await blob.slice(0, 10).arrayBuffer());
  const isId3 = head[0] === 0x49 && head[1] === 0x44 && head[2] === 0x33;
  const frame = isId3 ? 10 + ((head[6] << 21) | (head[7] << 14) | (head[8] << 7) | head[9]) : 0;
  const bytes = new Uint8Array(await blob.slice(frame, frame + 200).arrayBuffer());
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, 48));
  const tag = Math.max(text.indexOf('Info'), text.indexOf('Xing'));
  return tag < 0 || tag + 143 > bytes.length ? 0 : ((bytes[tag + 141] << 4) | (bytes[tag + 142] >> 4)) + 529;
}
