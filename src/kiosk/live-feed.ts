// How frames get from what the page has (a stream, an element, its own hands) into the worker: by themselves where the browser can, else one by one.
import { VideoError } from '../errors.js';
import { processorRoom, tapElement, trackProcessor, type FrameTap } from '../video/frame-tap.js';
import { PushedFrames } from '../video/pushed-frames.js';
import { tapStream } from '../video/video-blob.js';
import type { ToWatcher } from './live-messages.js';
import type { LiveSource } from './live-types.js';

/** Sends a worker a message. */
export type Post = (message: ToWatcher, transfer?: Transferable[]) => void;

/** Frames on their way into a worker. */
export interface Feed {
  /** The worker has taken the frame sent last. */
  taken(): void;
  /** No more frames. */
  stop(): void;
}

/**
 * Starts to feed a worker. Of streams, the worker reads the frames itself and the page has nothing to do with them; of elements and
 * frames pushed by hand, and where the browser has no track processor, the page hands on the newest frame when the worker has done
 * with the one before.
 * @param watchesTracks whether the worker can read a track by itself.
 * @throws {TypeError} for any other source; {@link VideoError} for a stream without a picture or that has ended; {@link UnsupportedError} where the browser gives no frames.
 */
export function feed(source: LiveSource, post: Post, watchesTracks: boolean): Feed {
  if (source instanceof PushedFrames) return handOver(source.tap(), post);
  if (source instanceof HTMLVideoElement) return handOver(tapElement(source), post);
  if (!(source instanceof MediaStream)) {
    throw new TypeError('source: expected a MediaStream, a video element or PushedFrames.');
  }
  const track = source.getVideoTracks().at(0);
  if (track?.readyState !== 'live') {
    throw new VideoError(track ? 'The camera has been switched off.' : 'The stream has no picture.');
  }
  const blind = {
    taken: () => undefined,
    stop: () => {
      post({ type: 'blind' });
    },
  };
  try {
    if (trackProcessor) {
      const { readable } = new trackProcessor({ track, maxBufferSize: processorRoom });
      post({ type: 'readable', readable }, [readable]);
      return blind;
    }
    if (watchesTracks) {
      const own = track.clone();
      post({ type: 'track', track: own }, [own]);
      return blind;
    }
  } catch {
    // Neither can be handed over here.
  }
  return handOver(tapStream(source), post);
}

function handOver(tap: FrameTap, post: Post): Feed {
  let taken: () => void = () => undefined;
  const run = async (): Promise<void> => {
    for (let tapped = await tap.next(); tapped; tapped = await tap.next()) {
      const { frame, time } = tapped;
      const { timeOrigin } = performance;
      const [arrived, captured] = [tapped.arrived + timeOrigin, tapped.captured + timeOrigin];
      const done = new Promise<void>((resolve) => {
        taken = resolve;
      });
      post({ type: 'frame', frame, time, arrived, captured, dropped: tap.dropped }, [frame]);
      await done;
    }
  };
  void run();
  return {
    taken: () => {
      taken();
    },
    stop: () => {
      tap.close();
      taken();
      post({ type: 'blind' });
    },
  };
}
