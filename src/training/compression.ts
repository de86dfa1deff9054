// Clips as real encoders leave them: simulated frames go through H.264, VP9 or JPEG and back before anybody looks at them.
// Node only; the codecs are node-av's, which is optional.
import { UnsupportedError } from '../errors.js';
import type { Scene, SceneFrame } from '../scene/scene.js';
import { Random } from './random.js';

type Lib = typeof import('node-av/lib');
type Constants = typeof import('node-av/constants');
type CodecContext = import('node-av/lib').CodecContext;
type EncoderName = Extract<Parameters<Lib['Codec']['findEncoderByName']>[0], object>;

/** An encoder and how hard it squeezes. */
export interface Compression {
  /** FFmpeg's name of the encoder. */
  readonly encoder: 'libx264' | 'libvpx-vp9' | 'mjpeg';
  /** Its options, as FFmpeg spells them. */
  readonly options: Readonly<Record<string, string>>;
}

/** What a clip is like: pictures of luma. */
export interface ClipSize {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Nominal frames per second, which bit rates hang on. */
  readonly fps: number;
}

/** Encoders and decoders at hand. */
export interface Codecs {
  /**
   * The frames of a clip, encoded and decoded. As many come out as go in; `pixels` are valid until the next frame.
   * @throws {UnsupportedError} when this FFmpeg lacks the encoder or refuses its options.
   */
  readonly through: (
    compression: Compression,
    size: ClipSize,
    frames: Iterable<SceneFrame>,
  ) => Generator<SceneFrame, void, undefined>;
}

/**
 * Draws how a clip is compressed: from hardly visible to poor. Telephones and cameras write H.264, browsers VP9, cheap
 * web cameras JPEGs; key frames come every half second to every five.
 */
export function drawCompression(random: Random, { width, height, fps }: ClipSize): Compression {
  const range = (low: number, high: number): number => low + (high - low) * random.uniform();
  const kind = random.uniform();
  const interval = String(Math.round(fps * 0.5 * 10 ** random.uniform()));
  if (kind < 0.6) {
    const preset = ['ultrafast', 'superfast', 'veryfast'][Math.floor(3 * random.uniform())];
    // No B frames: cameras write none, and with them x264 does not answer the same every time.
    return { encoder: 'libx264', options: { preset, crf: range(18, 36).toFixed(1), g: interval, bf: '0' } };
  }
  if (kind < 0.8) {
    const bitsPerPixel = 0.02 * 8 ** random.uniform();
    const rate = String(Math.round(bitsPerPixel * width * height * fps));
    return { encoder: 'libvpx-vp9', options: { b: rate, g: interval, deadline: 'realtime', 'cpu-used': '8' } };
  }
  const quantiser = String(Math.round(range(2, 14)));
  return { encoder: 'mjpeg', options: { qmin: quantiser, qmax: quantiser } };
}

/**
 * Finds the codecs.
 * @throws {UnsupportedError} without node-av.
 */
export async function openCodecs(): Promise<Codecs> {
  const load = (): Promise<[Lib, Constants]> => Promise.all([import('node-av/lib'), import('node-av/constants')]);
  const found = await load().catch((cause: unknown) => {
    throw new UnsupportedError(
      'Compressing simulated clips needs an encoder: npm install node-av, or train with "compressed": 0.',
      { cause },
    );
  });
  const [lib, constants] = found;
  lib.Log.setLevel(constants.AV_LOG_QUIET);
  return { through: (compression, size, frames) => through(found, compression, size, frames) };
}

function* through(
  [lib, constants]: [Lib, Constants],
  { encoder: name, options }: Compression,
  { width, height, fps }: ClipSize,
  frames: Iterable<SceneFrame>,
): Generator<SceneFrame, void, undefined> {
  const { AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVJ420P } = constants;
  const format = name === 'mjpeg' ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
  const refuse = (what: string): never => {
    throw new UnsupportedError(`${name} of this FFmpeg ${what}; another build of node-av has it.`, {
      facts: { encoder: name, options },
    });
  };
  const codec = lib.Codec.findEncoderByName(name as string as EncoderName) ?? refuse('is missing');
  // Chroma has half the sides: luma of odd ones grows by a line that is cut off again.
  const [codedWidth, codedHeight] = [width + (width & 1), height + (height & 1)];
  const open = (context: CodecContext, side: typeof codec): CodecContext => {
    context.allocContext3(side);
    context.width = codedWidth;
    context.height = codedHeight;
    context.pixelFormat = format;
    // One thread: more would make other pictures on other machines.
    context.threadCount = 1;
    return context;
  };
  const encoder = open(new lib.CodecContext(), codec);
  let decoder: CodecContext | undefined;
  const packet = new lib.Packet();
  const picture = new lib.Frame();
  try {
    encoder.timeBase = new lib.Rational(1, Math.round(fps));
    encoder.framerate = new lib.Rational(Math.round(fps), 1);
    for (const [option, value] of Object.entries(options)) {
      if (encoder.setOption(option, value) < 0) refuse(`lacks ${option}`);
    }
    if (encoder.open2Sync(codec, null) < 0) refuse('does not open');
    const back = lib.Codec.findDecoder(codec.id) ?? refuse('has no decoder');
    decoder = open(new lib.CodecContext(), back);
    if (encoder.extraData) decoder.extraData = encoder.extraData;
    if (decoder.open2Sync(back, null) < 0) refuse('has no decoder that opens');
    packet.alloc();
    picture.alloc();
    // In the order of the clip, whatever order they are coded in.
    const waiting: { index: number; time: number }[] = [];
    const pixels = new Uint8Array(width * height);
    const coded = Buffer.alloc((codedWidth * codedHeight * 3) / 2, 128);
    const decoded = function* (): Generator<SceneFrame, void, undefined> {
      while (decoder!.receiveFrameSync(picture) >= 0) {
        const [plane] = picture.data!;
        const [stride] = picture.linesize;
        for (let y = 0; y < height; y++) pixels.set(plane.subarray(y * stride, y * stride + width), y * width);
        picture.unref();
        yield { ...waiting.shift()!, pixels };
      }
    };
    const encoded = function* (): Generator<SceneFrame, void, undefined> {
      while (encoder.receivePacketSync(packet) >= 0) {
        decoder!.sendPacketSync(packet);
        packet.unref();
        yield* decoded();
      }
    };
    let pts = 0n;
    for (const { index, time, pixels: source } of frames) {
      waiting.push({ index, time });
      for (let y = 0; y < codedHeight; y++) {
        const row = Math.min(y, height - 1) * width;
        coded.set(source.subarray(row, row + width), y * codedWidth);
        coded.fill(source[row + width - 1], y * codedWidth + width, (y + 1) * codedWidth);
      }
      const frame = lib.Frame.fromVideoBuffer(coded, {
        width: codedWidth,
        height: codedHeight,
        format,
        timeBase: encoder.timeBase,
        pts: pts++,
      });
      const sent = encoder.sendFrameSync(frame);
      frame.free();
      if (sent < 0) refuse('takes no frames');
      yield* encoded();
    }
    encoder.sendFrameSync(null);
    yield* encoded();
    decoder.sendPacketSync(null);
    yield* decoded();
    if (waiting.length > 0) refuse(`loses ${waiting.length} frames`);
  } finally {
    packet.free();
    picture.free();
    encoder.freeContext();
    decoder?.freeContext();
  }
}

/**
 * The scene as it is or, for its share of the clips, as an encoder leaves it. Which and how hangs on seed and number alone
 * and takes no random number from anything else.
 * @throws {UnsupportedError} when a share is to be compressed and there are no codecs.
 */
export function compressedScene(
  made: Scene,
  { seed, compressed = 0 }: { readonly seed: number; readonly compressed?: number },
  clip: number,
  codecs: Codecs | undefined,
): Scene {
  if (compressed <= 0) return made;
  if (!codecs) throw new UnsupportedError('Compressing simulated clips needs codecs: openCodecs() finds them.');
  const random = new Random(seed, `compression ${clip}`);
  if (random.uniform() >= compressed) return made;
  const { width, height, fps } = made.truth;
  const size: ClipSize = { width, height, fps: fps.num / fps.den };
  const compression = drawCompression(random, size);
  // Every frame leans on those before it: the clip is one piece.
  return { truth: made.truth, frames: () => codecs.through(compression, size, made.frames()) };
}
