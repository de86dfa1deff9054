// What opening a sound means everywhere: WAV by our own reader, the rest by the host's decoder; and a stream put in memory.
import { SoundError } from '../errors.js';
import type { Sound, SoundStream } from '../types.js';
import type { Bytes } from './bytes.js';
import { endsEarly } from './coded.js';
import { isWav, readWavHeader, wavStream } from './wav.js';

/**
 * Opens bytes by what they hold, whatever the file's name says.
 * @param decode opens everything that is not PCM in a WAV file.
 * @throws {SoundError} when they are empty or damaged.
 */
export async function openBytes(bytes: Bytes, decode: () => Promise<SoundStream>): Promise<SoundStream> {
  const open = await bytes.open();
  try {
    if (open.size === 0) {
      throw new SoundError(`${bytes.name} is empty (0 bytes).`, { facts: { file: bytes.name } });
    }
    const head = new Uint8Array(12);
    const length = await open.read(head, 0);
    if (isWav(head.subarray(0, length))) {
      const header = await readWavHeader(open, bytes.name);
      if (header.format !== undefined) return wavStream(bytes, header);
    }
  } finally {
    await open.close();
  }
  return decode();
}

// Encoders pad and trim by up to a packet or two; what a cut file lacks is more.
const slack = 0.15;

/** The same stream with its length known; reading it to the end throws when it turns out shorter. */
export function withDuration(stream: SoundStream, name: string, duration: number): SoundStream {
  return {
    ...stream,
    duration,
    async *blocks() {
      let frames = 0;
      for await (const block of stream.blocks()) {
        frames += block[0].length;
        yield block;
      }
      const seconds = frames / stream.sampleRate;
      if (seconds < duration - slack) throw endsEarly(name, seconds, duration);
    },
  };
}

/**
 * Reads a stream to its end into memory of its own.
 * @throws {SoundError} as the stream does, or when it gives no samples at all.
 */
export async function collectSound(stream: SoundStream, name: string): Promise<Sound> {
  const { sampleRate, channelCount, duration = 0 } = stream;
  let capacity = Math.ceil(duration * sampleRate);
  let channels = Array.from({ length: channelCount }, () => new Float32Array(capacity));
  let length = 0;
  for await (const block of stream.blocks()) {
    const needed = length + block[0].length;
    if (needed > capacity) {
      capacity = Math.max(needed, Math.ceil(capacity * 1.5));
      channels = channels.map((channel) => {
        const larger = new Float32Array(capacity);
        larger.set(channel.subarray(0, length));
        return larger;
      });
    }
    for (const [c, channel] of channels.entries()) channel.set(block[c], length);
    length = needed;
  }
  if (length === 0) throw new SoundError(`${name} holds no samples.`, { facts: { file: name } });
  return {
    sampleRate,
    channels: length === capacity ? channels : channels.map((channel) => channel.slice(0, length)),
  };
}
