// WAV: reading every PCM layout that is met in the wild, and writing plain ones.
// Own code, because an hour of sound must be read some thousand times faster than it plays: mediabunny, which reads the same
// files (and is what the tests compare with), reaches 800x. Source: Microsoft's Multiple Channel Audio Data and WAVE Files;
// EBU Tech 3306 (RF64).
import { SoundError } from '../errors.js';
import type { SoundStream } from '../types.js';
import type { Bytes, OpenBytes } from './bytes.js';
import { decodePcm, sampleBytes, type PcmFormat, type WrittenPcmFormat } from './pcm.js';

/** What the header of a WAV file says. */
export interface WavHeader {
  /** Samples per second. */
  readonly sampleRate: number;
  /** Interleaved channels. */
  readonly channelCount: number;
  /** How a sample is stored; undefined when the samples are coded (ADPCM, MP3) and need a decoder. */
  readonly format: PcmFormat | undefined;
  /** Where the samples start, bytes from the start of the file. */
  readonly dataOffset: number;
  /** Samples per channel; Infinity when the file was written to a pipe and nobody knows. */
  readonly frames: number;
}

const ascii = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));

/** Whether these are the first bytes (12 at least) of a WAV file. */
export function isWav(head: Uint8Array): boolean {
  return head.length >= 12 && ['RIFF', 'RF64', 'BW64'].includes(ascii(head, 0)) && ascii(head, 8) === 'WAVE';
}

function pcmFormat(tag: number, bits: number): PcmFormat | undefined {
  if (tag === 1) return ({ 8: 'u8', 16: 's16', 24: 's24', 32: 's32' } as const)[bits];
  if (tag === 3) return ({ 32: 'f32', 64: 'f64' } as const)[bits];
  if (bits !== 8) return undefined;
  return tag === 6 ? 'alaw' : tag === 7 ? 'mulaw' : undefined;
}

// Programs that write to a pipe cannot come back to fill in the length: ffmpeg leaves all ones, SoX nearly 2^31.
const isUnknownLength = (size: number): boolean => size === 0xffffffff || (size >= 0x7fffef00 && size <= 0x7fffffff);

/**
 * Reads the header of a WAV file.
 * @throws {SoundError} when it is not WAV, its header makes no sense, it holds no samples, or it is cut short.
 */
export async function readWavHeader(bytes: OpenBytes, name: string): Promise<WavHeader> {
  const fail = (what: string, facts = {}): never => {
    throw new SoundError(`${name} ${what}`, { facts: { file: name, ...facts } });
  };
  const head = new Uint8Array(40);
  const view = new DataView(head.buffer);
  const take = async (position: number, length: number): Promise<boolean> =>
    (await bytes.read(head.subarray(0, length), position)) === length;

  if (!(await take(0, 12)) || !isWav(head)) return fail('is not a WAV file.');
  let longData: number | undefined;
  let fmt: Omit<WavHeader, 'dataOffset' | 'frames'> | undefined;
  let frameBytes = 0;
  let position = 12;
  // No real file has this many chunks; one that is all empty chunks would take forever.
  for (let chunks = 0; chunks < 1000 && (await take(position, 8)); chunks++) {
    const id = ascii(head, 0);
    const size = view.getUint32(4, true);
    const body = position + 8;
    if (id === 'ds64' && (await take(body, 16))) longData = Number(view.getBigUint64(8, true));
    else if (id === 'fmt ') {
      const length = Math.min(size, 40);
      if (size < 16 || !(await take(body, length))) return fail('is cut short in its header; copy it again.');
      const declared = view.getUint16(0, true);
      const bits = view.getUint16(14, true);
      // WAVE_FORMAT_EXTENSIBLE: the real tag is the start of a GUID.
      const tag = declared === 0xfffe && length === 40 ? view.getUint16(24, true) : declared;
      const channelCount = view.getUint16(2, true);
      const sampleRate = view.getUint32(4, true);
      if (channelCount < 1 || channelCount > 1024) return fail(`says it has ${channelCount} channels; it is damaged.`);
      if (sampleRate < 1 || sampleRate > 10_000_000) return fail(`says its rate is ${sampleRate} Hz; it is damaged.`);
      const format = pcmFormat(tag, bits);
      fmt = { sampleRate, channelCount, format };
      if (format !== undefined) {
        frameBytes = channelCount * sampleBytes[format];
        const declaredFrame = view.getUint16(12, true);
        if (declaredFrame !== frameBytes) {
          return fail(`says a frame of ${channelCount} x ${bits} bits takes ${declaredFrame} bytes; it is damaged.`);
        }
      }
    } else if (id === 'data') {
      if (fmt === undefined) return fail('has its samples before their description; it is damaged.');
      if (fmt.format === undefined) return { ...fmt, dataOffset: body, frames: Infinity };
      const there = bytes.size - body;
      const said = size === 0xffffffff && longData !== undefined ? longData : size;
      if (longData === undefined && isUnknownLength(said)) {
        return { ...fmt, dataOffset: body, frames: Math.floor(there / frameBytes) };
      }
      const frames = Math.floor(said / frameBytes);
      if (frames === 0) return fail('holds no samples.', { sampleRate: fmt.sampleRate });
      const present = Math.floor(there / frameBytes);
      if (present < frames) {
        const seconds = (count: number): string => (count / fmt!.sampleRate).toFixed(2);
        return fail(`ends early: ${seconds(present)} of ${seconds(frames)} s are there; copy or export it again.`, {
          frames: present,
          framesExpected: frames,
        });
      }
      return { ...fmt, dataOffset: body, frames };
    }
    // Chunks start at even addresses.
    position = body + size + (size & 1);
  }
  return fail('has no samples: it ends in its header; copy it again.');
}

// Read at a time: large enough that the cost of asking vanishes, small enough to stay in the cache.
const blockBytes = 1 << 19;

/**
 * The samples of a WAV file, in order and in bounded memory.
 * @throws {SoundError} as {@link readWavHeader}; and, while reading, at a sample that is not a number.
 */
export function wavStream(bytes: Bytes, header: WavHeader): SoundStream {
  const { sampleRate, channelCount, format, dataOffset, frames } = header;
  return {
    sampleRate,
    channelCount,
    ...(frames === Infinity ? {} : { duration: frames / sampleRate }),
    async *blocks() {
      const open = await bytes.open();
      try {
        yield* readBlocks(open, bytes.name, { sampleRate, channelCount, format, dataOffset, frames });
      } finally {
        await open.close();
      }
    },
  };
}

/**
 * Blocks of samples from bytes that are open already.
 * @throws {SoundError} at a sample that is not a number, or when the bytes end before `frames`.
 */
export async function* readBlocks(
  open: OpenBytes,
  name: string,
  { sampleRate, channelCount, format, dataOffset, frames }: WavHeader,
): AsyncGenerator<readonly Float32Array[]> {
  if (format === undefined) throw new SoundError(`${name} holds coded samples that need a decoder.`);
  const frameBytes = channelCount * sampleBytes[format];
  const blockFrames = Math.max(1, Math.min(frames, Math.floor(blockBytes / frameBytes)));
  const buffer = new Uint8Array(blockFrames * frameBytes);
  const channels = Array.from({ length: channelCount }, () => new Float32Array(blockFrames));
  for (let done = 0; done < frames;) {
    const wanted = Math.min(blockFrames, frames - done);
    const got = await open.read(buffer.subarray(0, wanted * frameBytes), dataOffset + done * frameBytes);
    const count = Math.floor(got / frameBytes);
    if (count > 0) {
      if (!decodePcm(format, buffer, count, channels)) {
        const first = done + Math.min(...channels.map((x) => firstOdd(x, count)));
        throw new SoundError(
          `${name} holds a sample that is not a number, at ${(first / sampleRate).toFixed(3)} s; export it again.`,
          { facts: { file: name, frame: first } },
        );
      }
      yield count === blockFrames ? channels : channels.map((channel) => channel.subarray(0, count));
      done += count;
    }
    if (count < wanted) {
      if (frames === Infinity) return;
      throw new SoundError(`${name} ended while it was read; was it being written or moved?`);
    }
  }
}

function firstOdd(samples: Float32Array, count: number): number {
  for (let i = 0; i < count; i++) if (!Number.isFinite(samples[i])) return i;
  return Infinity;
}

/**
 * The bytes before the samples. Plain headers for one or two channels, extensible ones for more; RF64 from 4 GiB on.
 * @param dataBytes length of the samples, bytes.
 */
export function wavHeader(
  format: WrittenPcmFormat,
  sampleRate: number,
  channelCount: number,
  dataBytes: number,
): Uint8Array<ArrayBuffer> {
  const extensible = channelCount > 2;
  const isFloat = format === 'f32';
  const frameBytes = channelCount * sampleBytes[format];
  const fmtBytes = extensible ? 40 : isFloat ? 18 : 16;
  // Room for ds64, as a JUNK chunk while it is not needed: a file that outgrows 4 GiB keeps its samples where they are.
  const ds64Bytes = 36;
  const factBytes = isFloat ? 12 : 0;
  const length = 12 + ds64Bytes + 8 + fmtBytes + factBytes + 8;
  const total = length + dataBytes + (dataBytes & 1);
  const long = total - 8 > 0xffffffff;

  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const tag = (text: string): void => {
    for (const letter of text) bytes[at++] = letter.charCodeAt(0);
  };
  const u16 = (value: number): void => {
    view.setUint16(at, value, true);
    at += 2;
  };
  const u32 = (value: number): void => {
    view.setUint32(at, value, true);
    at += 4;
  };
  const u64 = (value: number): void => {
    view.setBigUint64(at, BigInt(value), true);
    at += 8;
  };
  tag(long ? 'RF64' : 'RIFF');
  u32(long ? 0xffffffff : total - 8);
  tag('WAVE');
  tag(long ? 'ds64' : 'JUNK');
  u32(28);
  if (long) {
    u64(total - 8);
    u64(dataBytes);
    u64(dataBytes / frameBytes);
    u32(0);
  } else at += 28;
  tag('fmt ');
  u32(fmtBytes);
  u16(extensible ? 0xfffe : isFloat ? 3 : 1);
  u16(channelCount);
  u32(sampleRate);
  u32(sampleRate * frameBytes);
  u16(frameBytes);
  u16(8 * sampleBytes[format]);
  if (extensible) {
    u16(22);
    u16(8 * sampleBytes[format]);
    u32(0); // no loudspeakers assigned
    u16(isFloat ? 3 : 1);
    for (const byte of [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]) bytes[at++] = byte;
  } else if (isFloat) u16(0);
  if (isFloat) {
    tag('fact');
    u32(4);
    u32(Math.min(dataBytes / frameBytes, 0xffffffff));
  }
  tag('data');
  u32(long ? 0xffffffff : dataBytes);
  return bytes;
}
