// Video files from frames through node-av, every frame at its own time. Node only.
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { VideoError } from '../errors.js';
import type { FrameRate } from '../frame-rate.js';
import { y4mFrame, y4mFrameBytes } from './y4m.js';

type Lib = typeof import('node-av/lib');
type Constants = typeof import('node-av/constants');
/** A name as node-av's types want it. */
export type EncoderName = Extract<Parameters<Lib['Codec']['findEncoderByName']>[0], object>;

/** FFmpeg, loaded. */
export type NodeAvLib = readonly [Lib, Constants];

/** node-av's low-level part, or undefined where it is not installed or not made for this machine. */
export async function loadNodeAvLib(): Promise<NodeAvLib | undefined> {
  try {
    const [lib, constants] = await Promise.all([import('node-av/lib'), import('node-av/constants')]);
    lib.Log.setLevel(constants.AV_LOG_QUIET);
    return [lib, constants];
  } catch {
    return undefined;
  }
}

// Fine enough for any camera's clock, and what mp4 and mkv can both say.
const ticks = 90_000;

/**
 * Writes a video file with the frames' own times; it appears when it is complete.
 * @param frames [height x width x 3] red green blue and seconds, each used before the next is asked for.
 * @param encoder FFmpeg's name of it, and its options.
 * @throws {VideoError} when the encoder or the disk refuses.
 */
export async function writeWithNodeAv(
  [lib, constants]: NodeAvLib,
  path: string,
  frames: Iterable<{ readonly time: number; readonly pixels: Uint8Array }>,
  { width, height, fps }: { readonly width: number; readonly height: number; readonly fps: FrameRate },
  encoder: { readonly name: string; readonly options: Readonly<Record<string, string>> },
): Promise<void> {
  const temporary = join(dirname(path), `.part-${basename(path)}`);
  const context = new lib.CodecContext();
  const packet = new lib.Packet();
  const file = new lib.FormatContext();
  const check = (code: number, what: string): void => {
    if (code < 0) throw new Error(`${encoder.name} ${what} (FFmpeg ${code})`);
  };
  try {
    const codec = lib.Codec.findEncoderByName(encoder.name as EncoderName);
    if (!codec) throw new Error(`this FFmpeg has no ${encoder.name}`);
    context.allocContext3(codec);
    context.width = width;
    context.height = height;
    context.pixelFormat = constants.AV_PIX_FMT_YUV420P;
    context.timeBase = new lib.Rational(1, ticks);
    context.framerate = new lib.Rational(fps.num, fps.den);
    context.colorSpace = constants.AVCOL_SPC_BT709;
    context.colorPrimaries = constants.AVCOL_PRI_BT709;
    context.colorTrc = constants.AVCOL_TRC_BT709;
    context.colorRange = constants.AVCOL_RANGE_MPEG;
    context.setFlags(constants.AV_CODEC_FLAG_GLOBAL_HEADER);
    for (const [name, value] of Object.entries(encoder.options)) check(context.setOption(name, value), `lacks ${name}`);
    check(context.open2Sync(codec, null), 'does not open');
    check(file.allocOutputContext2(null, null, temporary), 'fits no such file');
    const stream = file.newStream(codec);
    stream.timeBase = context.timeBase;
    check(stream.codecpar.fromContext(context), 'does not describe itself');
    check(file.openOutputSync(), 'cannot be written there');
    check(file.writeHeaderSync(), 'is not for this kind of file');
    packet.alloc();
    const drain = (): void => {
      while (context.receivePacketSync(packet) >= 0) {
        packet.streamIndex = stream.index;
        // How long the last one is shown: of no length it would not be shown at all.
        packet.duration = BigInt(Math.round((ticks * fps.den) / fps.num));
        packet.rescaleTs(context.timeBase, stream.timeBase);
        check(file.interleavedWriteFrameSync(packet), 'cannot be written on');
        packet.unref();
      }
    };
    const y4m = Buffer.alloc(y4mFrameBytes(width, height));
    for (const { time, pixels } of frames) {
      y4mFrame(pixels, width, height, y4m);
      const frame = lib.Frame.fromVideoBuffer(y4m.subarray(y4m.length - (width * height * 3) / 2), {
        width,
        height,
        format: constants.AV_PIX_FMT_YUV420P,
        timeBase: context.timeBase,
        pts: BigInt(Math.round(time * ticks)),
      });
      frame.colorRange = constants.AVCOL_RANGE_MPEG;
      const sent = context.sendFrameSync(frame);
      frame.free();
      check(sent, 'takes no frames');
      drain();
    }
    check(context.sendFrameSync(null), 'does not end');
    drain();
    check(file.writeTrailerSync(), 'cannot be finished');
    file.closeOutputSync();
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new VideoError(`${path} could not be written: ${reason}.`, { cause, facts: { file: path } });
  } finally {
    packet.free();
    context.freeContext();
    file.freeContext();
  }
}
