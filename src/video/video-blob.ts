// Video in the browser: files through WebCodecs, elements and camera streams as they play.
import { ALL_FORMATS, BlobSource, Input, VideoSampleSink, type InputVideoTrack } from 'mediabunny';
import { UnsupportedError, VideoError } from '../errors.js';
import { frameRate, type FrameRate } from '../frame-rate.js';
import type { LumaRange } from '../kernels/pixel-format.js';
import { quietly } from '../media-quiet.js';
import { processorRoom, tapElement, tapTrack, trackProcessor, type FrameTap } from './frame-tap.js';
import type { FrameSource, LumaFrame } from './frames.js';
import { frameSize, lumaRoom, LumaReader, rangeOf } from './luma-reader.js';

/** Where video is read from: a File or Blob, an element that plays, or a camera's stream. */
export type VideoSource = Blob | HTMLVideoElement | MediaStream;

/** A video that has been looked at. */
export interface Video extends FrameSource {
  /** Whether frames come when they are shown, and those that nobody waits for are gone; else each comes when it is asked for. */
  readonly live: boolean;
  /** Seconds, where the file says so. */
  readonly duration: number | undefined;
  /** Of a live source, frames that came while the reader was busy, and were not seen; over all of its readers. */
  readonly dropped: number;
}

/**
 * Looks at a video: a file in mp4, mov, webm or mkv, whatever this browser can decode; an element, which the caller plays; or a
 * camera's stream. It holds nothing open between readings.
 *
 * Files are read from their start, every frame, upright, on the file's own time line, as fast as the reader asks. Elements and
 * streams are live: frames come while they play, a frame that comes while the last one is in work waits, and a newer one takes
 * its place. Times are the element's own, or count from the stream's first frame; after a jump back (a loop, a seek) they go on
 * from the frame before. Planar frames (I420, NV12: cameras and decoders) go straight into the reader's `target` when this has
 * room for their chroma too, half as many bytes again.
 * @throws {VideoError} when the file is empty, damaged or has no video track; when an element cannot play, a stream has no
 * picture, or its camera gives none for ten seconds.
 * @throws {UnsupportedError} when this browser cannot decode it, or gives no access to frames.
 */
export async function readVideo(source: VideoSource): Promise<Video> {
  if (source instanceof Blob) return openFile(source);
  if (source instanceof HTMLVideoElement) {
    return openLive(await lookAtElement(source), () => tapElement(source), true);
  }
  const tap = tapStream(source);
  try {
    const waited = new Promise<undefined>((late) => setTimeout(late, patience));
    const first = await Promise.race([tap.next(), waited]);
    if (!first) throw new VideoError('The camera gives no picture; see whether another program has it.');
    return openLive(lookAtFrame(first.frame), () => tapStream(source), false);
  } finally {
    tap.close();
  }
}

// What a camera may take to give its first frame, ms.
const patience = 10_000;

/**
 * Taps a camera's stream: through the browser's track processor where windows have one, else through an element of its own.
 * @throws {VideoError} when the stream has no picture, or it has ended.
 */
export function tapStream(stream: MediaStream): FrameTap {
  const track = stream.getVideoTracks().at(0);
  if (track?.readyState !== 'live') {
    throw new VideoError(track ? 'The camera has been switched off.' : 'The stream has no picture.');
  }
  if (trackProcessor) return tapTrack(new trackProcessor({ track, maxBufferSize: processorRoom }).readable);
  const element = document.createElement('video');
  element.muted = true;
  element.playsInline = true;
  element.srcObject = new MediaStream([track]);
  const tap = tapElement(element);
  const close = (): void => {
    tap.close();
    element.srcObject = null;
  };
  track.addEventListener('ended', close);
  void element.play().catch(() => undefined);
  return { next: () => tap.next(), get dropped() { return tap.dropped; }, close }; // prettier-ignore
}

/**
 * What an element plays; waits until it knows.
 * @throws {VideoError} when it cannot play, or has only sound.
 */
async function lookAtElement(element: HTMLVideoElement): Promise<Look> {
  const problem = (): VideoError =>
    new VideoError(`The video cannot be played: ${element.error?.message ?? 'it has no source'}.`, {
      cause: element.error ?? undefined,
    });
  const sourceless = !element.srcObject && element.src === '' && element.querySelector('source') === null;
  if (element.error || sourceless) throw problem();
  if (element.readyState < HTMLMediaElement.HAVE_METADATA) {
    await new Promise<void>((ready, reject) => {
      element.addEventListener('loadedmetadata', () => { ready(); }, { once: true }); // prettier-ignore
      element.addEventListener('error', () => { reject(problem()); }, { once: true }); // prettier-ignore
    });
  }
  const { videoWidth: width, videoHeight: height } = element;
  if (width === 0) throw new VideoError('The video has no picture, only sound.');
  try {
    return lookAtFrame(new VideoFrame(element, { timestamp: 0 }));
  } catch {
    // One that has not played yet has nothing to take.
    return { width, height, range: 'limited' };
  }
}

interface Look {
  readonly width: number;
  readonly height: number;
  readonly range: LumaRange;
}

function lookAtFrame(frame: VideoFrame): Look {
  const look = { ...frameSize(frame), range: rangeOf(frame) };
  frame.close();
  return look;
}

function openLive({ width, height, range }: Look, open: () => FrameTap, ownClock: boolean): Video {
  const taps = new Set<FrameTap>();
  let dropped = 0;
  return {
    width,
    height,
    range,
    frameRate: undefined,
    live: true,
    duration: undefined,
    get dropped() {
      return [...taps].reduce((sum, tap) => sum + tap.dropped, dropped);
    },
    async *frames(target) {
      const { room, luma } = lumaTarget(target, width, height);
      const reader = new LumaReader(width, height, range);
      const tap = open();
      taps.add(tap);
      let [last, period, shift] = [-Infinity, 0.04, ownClock ? 0 : NaN];
      try {
        for (let tapped = await tap.next(); tapped; tapped = await tap.next()) {
          const { frame } = tapped;
          try {
            await reader.read(frame, room);
          } finally {
            frame.close();
          }
          if (Number.isNaN(shift)) shift = -tapped.time;
          let time = tapped.time + shift;
          if (time <= last) {
            shift += last + period - time;
            time = last + period;
          } else if (last > -Infinity) period = Math.min(time - last, 1);
          last = time;
          yield { time, luma };
        }
      } finally {
        tap.close();
        taps.delete(tap);
        dropped += tap.dropped;
      }
    },
  };
}

/** Where frames are written, and the luma in it. */
function lumaTarget(target: Uint8Array | undefined, width: number, height: number): { room: Uint8Array; luma: Uint8Array } {
  const size = width * height;
  if (target !== undefined && (!(target instanceof Uint8Array) || target.length < size)) {
    throw new RangeError(`target: expected a Uint8Array of at least ${size} bytes.`);
  }
  const room = target ?? new Uint8Array(lumaRoom(width, height));
  return { room, luma: room.subarray(0, size) };
} // prettier-ignore

interface FileFacts {
  readonly track: InputVideoTrack;
  readonly start: number;
  readonly end: number | undefined;
  readonly rate: FrameRate | undefined;
}

async function openFile(file: Blob): Promise<Video> {
  const name = file instanceof File && file.name !== '' ? file.name : 'The video';
  if (file.size === 0) throw new VideoError(`${name} is empty (0 bytes).`);
  const facts = await lookInto(file, name);
  const { track, start, end, rate } = facts;
  let size: { width: number; height: number } | undefined;
  let range: LumaRange = 'limited';
  for await (const sample of new VideoSampleSink(track).samples()) {
    size = frameSize(sample);
    range = rangeOf(sample);
    sample.close();
    break;
  }
  if (!size) throw new VideoError(`${name} holds no frames that can be decoded; copy or export it again.`);
  const { width, height } = size;
  return {
    width,
    height,
    range,
    frameRate: rate,
    live: false,
    duration: end,
    dropped: 0,
    async *frames(target): AsyncGenerator<LumaFrame, void, undefined> {
      const { room, luma } = lumaTarget(target, width, height);
      const reader = new LumaReader(width, height, range);
      let last = -Infinity;
      const again = await lookInto(file, name);
      for await (const sample of new VideoSampleSink(again.track).samples()) {
        try {
          await reader.read(sample, room);
        } finally {
          sample.close();
        }
        const time = Math.max(0, sample.timestamp - start);
        if (time <= last) continue;
        last = time;
        yield { time, luma };
      }
      const period = rate === undefined ? 0.04 : rate.den / rate.num;
      if (end !== undefined && end - (last + period) > Math.max(0.3, 2.5 * period)) {
        const there = `${(last + period).toFixed(2)} of ${end.toFixed(2)} s`;
        throw new VideoError(`${name} ends early: ${there} are there; copy or export it again.`, {
          facts: { file: name, endsEarly: true },
        });
      }
    },
  };
}

async function lookInto(file: Blob, name: string): Promise<FileFacts> {
  const input = new Input({ source: new BlobSource(file), formats: ALL_FORMATS });
  const facts = await quietly(async () => {
    const tracks = await input.getTracks();
    const starts = await Promise.all(tracks.map((one) => one.getFirstTimestamp()));
    const start = Math.max(0, Math.min(...starts));
    const track = tracks.find((one) => one.isVideoTrack());
    if (!track) return undefined;
    const end = await track.getDurationFromMetadata();
    const { averagePacketRate, packetCount } = await track.computePacketStats(120);
    const rate = packetCount > 1 && averagePacketRate > 0 && averagePacketRate <= 1000 ? averagePacketRate : undefined;
    return {
      track,
      start,
      end: end === null ? undefined : end - start,
      rate: rate === undefined ? undefined : frameRate(Number(rate.toFixed(4))),
      codec: await track.getCodec(),
      known: await track.canDecode(),
    };
  }).catch((cause: unknown) => {
    throw new VideoError(`${name} is not a video file that can be read, or it is damaged or cut short.`, { cause });
  });
  if (!facts) throw new VideoError(`${name} has no video track.`);
  if (!facts.known) {
    throw new UnsupportedError(
      `${name}: this browser has no decoder for its picture (${facts.codec ?? 'unknown codec'}); convert it to H.264.`,
    );
  }
  return facts;
}
