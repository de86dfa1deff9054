// Frames that a program hands over one by one, where no camera, stream or element gives them.
import { Newest, type FrameTap } from './frame-tap.js';

/**
 * Frames pushed by hand, as a source for `listen`: from a canvas, a decoder, a network, whatever a page has.
 *
 * The newest frame waits until the one before has been heard; one that it replaces is dropped and counted. For one listener at a
 * time; the next one takes over from it.
 */
export class PushedFrames {
  #newest: Newest | undefined;

  /**
   * Hands over a frame, which is closed here once it has been heard or dropped, and at once while nobody listens.
   * @param frame its `timestamp`, microseconds on a clock of the caller's, is when it was shown; one that does not increase begins
   * anew, as after a cut.
   * @throws {TypeError} for anything else.
   */
  push(frame: VideoFrame): void {
    if (!(frame instanceof VideoFrame)) {
      const given = (frame as object | undefined)?.constructor.name ?? String(frame);
      throw new TypeError(`expected a VideoFrame, got ${given}; new VideoFrame(canvas, { timestamp }) makes one.`);
    }
    const time = frame.timestamp / 1e6;
    if (this.#newest) this.#newest.put({ frame, time, arrived: performance.now(), captured: NaN });
    else frame.close();
  }

  /** Where they come out; ends the tap before it. */
  tap(): FrameTap {
    this.#newest?.end();
    const newest = new Newest();
    this.#newest = newest;
    return {
      next: () => newest.take(),
      get dropped() {
        return newest.dropped;
      },
      close: () => {
        newest.end();
        if (this.#newest === newest) this.#newest = undefined;
      },
    };
  }
}
