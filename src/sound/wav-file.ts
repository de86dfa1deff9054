// Writing WAV files in Node: whole or not at all, in bounded memory.
import { openAtomic, type AtomicFile } from '../atomic-file.js';
import { SoundError } from '../errors.js';
import type { Sound, SoundStream } from '../types.js';
import { fileProblem } from './file-bytes.js';
import { sampleBytes, type WrittenPcmFormat } from './pcm.js';
import { checkLayout, isStream, PcmWriter, soundBlocks, writtenFormat, type WavOptions } from './wav-encode.js';
import { wavHeader } from './wav.js';

/** A WAV file that grows block by block. Whoever opened the file commits or discards it. */
export class WavWriter {
  readonly #file: AtomicFile;
  readonly #path: string;
  readonly #sampleRate: number;
  readonly #channelCount: number;
  readonly #format: WrittenPcmFormat;
  readonly #pcm: PcmWriter;

  /**
   * @param path what messages call the file.
   * @throws {RangeError} for a rate, a number of channels or an option that cannot be.
   */
  constructor(
    file: AtomicFile,
    path: string,
    { sampleRate, channelCount }: { readonly sampleRate: number; readonly channelCount: number },
    options: WavOptions = {},
  ) {
    this.#format = writtenFormat(options.bits ?? 24);
    checkLayout(sampleRate, channelCount);
    this.#file = file;
    this.#path = path;
    this.#sampleRate = sampleRate;
    this.#channelCount = channelCount;
    this.#pcm = new PcmWriter(this.#format, channelCount);
  }

  /**
   * Adds a block; its arrays are the caller's again when the promise is kept.
   * @throws {RangeError} for channels of different lengths, a wrong number of them, or a sample that is not a number.
   * @throws {SoundError} when the disk refuses.
   */
  async write(block: readonly Float32Array[]): Promise<void> {
    if (this.#pcm.frames === 0) await this.#put(this.#header());
    await this.#put(this.#pcm.encode(block));
  }

  /** Completes the file. @throws {SoundError} when there are no samples, or the disk refuses. */
  async finish(): Promise<void> {
    if (this.#pcm.frames === 0) throw new SoundError(`There are no samples to write to ${this.#path}.`);
    if (this.#bytes % 2 === 1) await this.#put(new Uint8Array(1));
    const header = this.#header();
    await this.#file.handle.write(header, 0, header.length, 0);
  }

  get #bytes(): number {
    return this.#pcm.frames * this.#channelCount * sampleBytes[this.#format];
  }

  #header(): Uint8Array {
    return wavHeader(this.#format, this.#sampleRate, this.#channelCount, this.#bytes);
  }

  async #put(bytes: Uint8Array): Promise<void> {
    try {
      await this.#file.handle.writeFile(bytes);
    } catch (error) {
      throw fileProblem(this.#path, error, 'write');
    }
  }
}

/**
 * Writes a sound, or a stream as it arrives, to a WAV file (RF64 beyond 4 GiB). The file appears when it is complete; a failure
 * or a kill leaves what was there before.
 * @throws {RangeError} for samples that are not numbers, channels of different lengths, or a wrong option.
 * @throws {SoundError} when the file cannot be written, there are no samples, or the stream fails.
 */
export async function writeWav(path: string, sound: Sound | SoundStream, options: WavOptions = {}): Promise<void> {
  const { sampleRate } = sound;
  const channelCount = isStream(sound) ? sound.channelCount : sound.channels.length;
  writtenFormat(options.bits ?? 24);
  checkLayout(sampleRate, channelCount);
  const file = await openAtomic(path).catch((error: unknown) => {
    throw fileProblem(path, error, 'write');
  });
  try {
    const writer = new WavWriter(file, path, { sampleRate, channelCount }, options);
    for await (const block of isStream(sound) ? sound.blocks() : soundBlocks(sound)) await writer.write(block);
    await writer.finish();
  } catch (error) {
    await file.discard();
    throw error;
  }
  await file.commit().catch((error: unknown) => {
    throw fileProblem(path, error, 'write');
  });
}
