// Sound to the bytes of a WAV file, whole or block by block.
import type { Sound, SoundStream } from '../types.js';
import { encodePcm, sampleBytes, type WrittenPcmFormat } from './pcm.js';
import { wavHeader } from './wav.js';

/** How samples are written. */
export interface WavOptions {
  /** Bits of a sample: 16 and 24 are integers (rounded, saturating at full scale), 32 is IEEE float. Default 24. */
  readonly bits?: 16 | 24 | 32;
}

/** The sample format behind a number of bits. @throws {RangeError} when it is not 16, 24 or 32. */
export function writtenFormat(bits: number): WrittenPcmFormat {
  if (bits === 16) return 's16';
  if (bits === 24) return 's24';
  if (bits === 32) return 'f32';
  throw new RangeError(`bits: expected 16, 24 or 32 (float), got ${bits}.`);
}

/** Checks what no WAV file can hold. @throws {RangeError} for such a rate or number of channels. */
export function checkLayout(sampleRate: number, channelCount: number): void {
  if (!Number.isInteger(sampleRate) || sampleRate < 1 || sampleRate > 10_000_000) {
    throw new RangeError(`sampleRate: expected a whole number of Hz from 1 to 10,000,000, got ${sampleRate}.`);
  }
  if (!Number.isInteger(channelCount) || channelCount < 1 || channelCount > 1024) {
    throw new RangeError(`Expected 1 to 1024 channels, got ${channelCount}.`);
  }
}

/** Turns blocks of equally many channels into bytes. Keeps its buffer: the result is valid until the next call. */
export class PcmWriter {
  /** Frames written so far. */
  frames = 0;
  readonly #format: WrittenPcmFormat;
  readonly #channelCount: number;
  #bytes = new Uint8Array(0);

  constructor(format: WrittenPcmFormat, channelCount: number) {
    this.#format = format;
    this.#channelCount = channelCount;
  }

  /** @throws {RangeError} for channels of different lengths, a wrong number of them, or a sample that is not a number. */
  encode(block: readonly Float32Array[]): Uint8Array<ArrayBuffer> {
    if (block.length !== this.#channelCount) {
      throw new RangeError(`Expected ${this.#channelCount} channels, got ${block.length}.`);
    }
    const frames = block[0].length;
    const odd = block.find((channel) => channel.length !== frames);
    if (odd) throw new RangeError(`Expected channels of equal length, got ${frames} and ${odd.length} samples.`);
    const length = frames * this.#channelCount * sampleBytes[this.#format];
    if (this.#bytes.length < length) this.#bytes = new Uint8Array(length);
    const first = encodePcm(this.#format, block, frames, this.#bytes);
    if (first >= 0) throw new RangeError(`Sample ${this.frames + first} is not a finite number.`);
    this.frames += frames;
    return this.#bytes.subarray(0, length);
  }
}

/** Whether it is read in order rather than lying in memory. */
export function isStream(sound: Sound | SoundStream): sound is SoundStream {
  return 'blocks' in sound;
}

// Frames encoded at a time.
const step = 65536;

/** A sound in memory as blocks. */
export function* soundBlocks(sound: Sound): Generator<readonly Float32Array[]> {
  const frames = sound.channels[0].length;
  const odd = sound.channels.find((channel) => channel.length !== frames);
  if (odd) throw new RangeError(`Expected channels of equal length, got ${frames} and ${odd.length} samples.`);
  for (let at = 0; at < frames; at += step) yield sound.channels.map((channel) => channel.subarray(at, at + step));
}

/**
 * The bytes of a WAV file.
 * @throws {RangeError} for samples that are not numbers, channels of different lengths, more than 2 GiB, or a wrong option.
 */
export function encodeWav(sound: Sound, options: WavOptions = {}): Uint8Array<ArrayBuffer> {
  const format = writtenFormat(options.bits ?? 24);
  const { sampleRate, channels } = sound;
  checkLayout(sampleRate, channels.length);
  const dataBytes = channels[0].length * channels.length * sampleBytes[format];
  if (dataBytes > 2 ** 31)
    throw new RangeError(`A WAV of ${dataBytes} bytes does not fit in memory; write it to a file.`);
  const header = wavHeader(format, sampleRate, channels.length, dataBytes);
  const bytes = new Uint8Array(header.length + dataBytes + (dataBytes & 1));
  bytes.set(header);
  const writer = new PcmWriter(format, channels.length);
  let at = header.length;
  for (const block of soundBlocks(sound)) {
    const part = writer.encode(block);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
