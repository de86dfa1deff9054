// Frames of a camera or an element as they come: the newest one waits to be taken, those it replaces are dropped and counted.
import { UnsupportedError } from '../errors.js';

/** A frame that came. Whoever takes it closes it. */
export interface TappedFrame {
  readonly frame: VideoFrame;
  /** When it is shown, s on the source's own clock. */
  readonly time: number;
  /** When it came, ms on the clock of `performance.now()`. */
  readonly arrived: number;
  /** When the camera took it, on the same clock; NaN where the browser does not say. */
  readonly captured: number;
}

/** A source of frames that does not wait. There is never more than one frame in it. */
export interface FrameTap {
  /** The newest frame, once it is newer than the one taken last; undefined after the end. */
  next(): Promise<TappedFrame | undefined>;
  /** Frames that came while the one before was in work, and were not seen. */
  readonly dropped: number;
  /** Ends it; frees the frame that waits. */
  close(): void;
}

/** A mailbox for one frame: a newer one takes its place. */
export class Newest {
  /** Frames that were replaced before they were taken. */
  dropped = 0;
  #waiting: TappedFrame | undefined;
  #wake: ((frame: TappedFrame | undefined) => void) | undefined;
  #ended = false;

  /** Puts a frame in, or into the hands that wait for one. @returns the frame that it replaces, closed; after the end, itself. */
  put(tapped: TappedFrame): TappedFrame | undefined {
    let lost: TappedFrame | undefined;
    if (this.#ended) {
      lost = tapped;
    } else if (this.#wake) {
      const wake = this.#wake;
      this.#wake = undefined;
      wake(tapped);
    } else {
      lost = this.#waiting;
      if (lost) this.dropped += 1;
      this.#waiting = tapped;
    }
    lost?.frame.close();
    return lost;
  }

  /** The frame that waits, or the next one; undefined after the end. */
  async take(): Promise<TappedFrame | undefined> {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined || this.#ended) return waiting;
    return new Promise((wake) => {
      this.#wake = wake;
    });
  }

  /** Nothing more comes out. @returns the frame that waited, closed. */
  end(): TappedFrame | undefined {
    const lost = this.#waiting;
    this.#ended = true;
    lost?.frame.close();
    this.#waiting = undefined;
    this.#wake?.(undefined);
    this.#wake = undefined;
    return lost;
  }
}

/** Of a MediaStreamTrackProcessor, what is used here; TypeScript does not know it yet. */
export interface TrackProcessor {
  readonly readable: ReadableStream<VideoFrame>;
}

/** The browser's MediaStreamTrackProcessor; undefined where there is none. Some have it in workers only, some on windows only. */
export const trackProcessor = (
  globalThis as {
    MediaStreamTrackProcessor?: new (init: { track: MediaStreamTrack; maxBufferSize?: number }) => TrackProcessor;
  }
).MediaStreamTrackProcessor;

/** Frames that wait inside the processor: enough to be counted when a step takes two frames' time. */
export const processorRoom = 3;

/** Frames of a processor, in whatever thread its stream has been handed to. Ends with the track. */
export function tapTrack(readable: ReadableStream<VideoFrame>): FrameTap {
  const newest = new Newest();
  const reader = readable.getReader();
  let missed = 0;
  let [last, interval, taken, work] = [NaN, NaN, NaN, 0];
  // What overflows inside the processor is never seen, but shows in the time stamps; a camera that slows down shows there as well.
  const count = (time: number): void => {
    const gap = time - last;
    const busy = Number.isNaN(taken) ? work : performance.now() - taken;
    if (gap > 1.5 * interval && busy > 1000 * interval) missed += Math.round(gap / interval) - 1;
    else if (gap > 0) interval = interval > 0 ? interval + 0.05 * (gap - interval) : gap;
    last = time;
  };
  const pump = async (): Promise<void> => {
    try {
      for (;;) {
        const { value: frame } = await reader.read();
        if (!frame) break;
        const time = frame.timestamp / 1e6;
        count(time);
        newest.put({ frame, time, arrived: performance.now(), captured: capturedAt(frame) });
      }
    } catch {
      // A stream that fails is a camera that is gone, which its track tells.
    }
    newest.end();
  };
  void pump();
  return {
    next() {
      if (!Number.isNaN(taken)) work = performance.now() - taken;
      taken = NaN;
      return newest.take().then((tapped) => {
        taken = performance.now();
        return tapped;
      });
    },
    get dropped() {
      return newest.dropped + missed;
    },
    close() {
      newest.end();
      void reader.cancel().catch(() => undefined);
    },
  };
}

/** When the camera took a frame, where the browser says. */
function capturedAt(frame: VideoFrame): number {
  const { metadata } = frame as { metadata?: () => { captureTime?: number } };
  return (typeof metadata === 'function' ? metadata.call(frame).captureTime : undefined) ?? NaN;
}

/**
 * Frames that an element shows, while it shows them: paused, none come. Ends when the element plays to its end.
 * @throws {UnsupportedError} where the browser does not tell which frames it shows.
 */
export function tapElement(element: HTMLVideoElement): FrameTap {
  if (!('requestVideoFrameCallback' in element) || typeof VideoFrame === 'undefined') {
    throw new UnsupportedError('This browser gives no frames of video; use Chrome 94, Firefox 132, Safari 16.4 or later.');
  } // prettier-ignore
  const newest = new Newest();
  let [handle, presented, missed] = [0, 0, 0];
  const show = (now: number, { mediaTime, captureTime, presentedFrames }: VideoFrameCallbackMetadata): void => {
    handle = element.requestVideoFrameCallback(show);
    // Frames that were shown between two callbacks: the page's thread was busy.
    if (presented > 0 && presentedFrames > presented + 1) missed += presentedFrames - presented - 1;
    presented = presentedFrames;
    let frame: VideoFrame;
    try {
      frame = new VideoFrame(element, { timestamp: Math.round(mediaTime * 1e6) });
    } catch {
      // Nothing to show yet, or a source that was just taken away.
      return;
    }
    newest.put({ frame, time: mediaTime, arrived: Math.max(now, performance.now()), captured: captureTime ?? NaN });
  };
  const ended = (): void => {
    if (!element.loop) tap.close();
  };
  const tap: FrameTap = {
    next: () => newest.take(),
    get dropped() {
      return newest.dropped + missed;
    },
    close() {
      element.cancelVideoFrameCallback(handle);
      element.removeEventListener('ended', ended);
      newest.end();
    },
  };
  handle = element.requestVideoFrameCallback(show);
  element.addEventListener('ended', ended);
  return tap;
}
