// Writing WAV files in Node: whole or not at all, in bounded memory.
import { openAtomic } from '../atomic-file.js';
import { SoundError } from '../errors.js';
import type { Sound, SoundStream } from '../types.js';
import { fileProblem } from './file-bytes.js';
import { sampleBytes } from './pcm.js';
import { checkLayout, isStream, PcmWriter, soundBlocks, writtenFormat, type WavOptions } from './wav-encode.js';
import { wavHeader } from './wav.js';

/**
 * Writes a sound, or a stream as it arrives, to a WAV file (RF64 beyond 4 GiB). The file appears when it is complete; a failure
 * or a kill leaves what was there before.
 * @throws {RangeError} for samples that are not numbers, channels of different lengths, or a wrong option.
 * @throws {SoundError} when the file cannot be written, there are no samples, or the stream fails.
 */
export async function writeWav(path: string, sound: Sound | SoundStream, options: WavOptions = {}): Promise<void> {
  const format = writtenFormat(options.bits ?? 24);
  const channelCount = isStream(sound) ? sound.channelCount : sound.channels.length;
  checkLayout(sound.sampleRate, channelCount);
  const file = await openAtomic(path).catch((error: unknown) => {
    throw fileProblem(path, error, 'write');
  });
  const header = (frames: number): Uint8Array =>
    wavHeader(format, sound.sampleRate, channelCount, frames * channelCount * sampleBytes[format]);
  try {
    const writer = new PcmWriter(format, channelCount);
    const put = async (bytes: Uint8Array): Promise<void> => {
      try {
        await file.handle.writeFile(bytes);
      } catch (error) {
        throw fileProblem(path, error, 'write');
      }
    };
    await put(header(0));
    for await (const block of isStream(sound) ? sound.blocks() : soundBlocks(sound)) await put(writer.encode(block));
    if (writer.frames === 0) throw new SoundError(`There are no samples to write to ${path}.`);
    if ((writer.frames * channelCount * sampleBytes[format]) % 2 === 1) await put(new Uint8Array(1));
    const final = header(writer.frames);
    await file.handle.write(final, 0, final.length, 0);
  } catch (error) {
    await file.discard();
    throw error;
  }
  await file.commit().catch((error: unknown) => {
    throw fileProblem(path, error, 'write');
  });
}
