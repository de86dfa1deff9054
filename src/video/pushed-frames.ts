// Frames that a program hands over one by one, where no camera, stream or element gives them.
import { Newest, type FrameTap, type TappedFrame } from './frame-tap.js';

/**
 * Frames pushed by hand, as a source for `listen`: from a canvas, a decoder, a network, whatever a page has.
 *
 * The newest frame waits until the one before has been heard; one that it replaces is dropped and counted. For one listener at a
 * time; the next one takes over from it.
 */
export class PushedFrames {
  readonly #told = new WeakMap<TappedFrame, (taken: boolean) => void>();
  #newest: Newest | undefined;

  /**
   * Hands over a frame, which is closed here once it has been heard or dropped, and at once while nobody listens.
   * @param frame its `timestamp`, microseconds on a clock of the caller's, is when it was shown; one that does not increase begins
   * anew, as after a cut.
   * @returns whether it was taken to be heard, when that is known: whoever waits for it before pushing the next loses none.
   * @throws {TypeError} for anything else.
   */
  async push(frame: VideoFrame): Promise<boolean> {
    if (!(frame instanceof VideoFrame)) {
      const given = (frame as object | undefined)?.constructor.name ?? String(frame);
      throw new TypeError(`expected a VideoFrame, got ${given}; new VideoFrame(canvas, { timestamp }) makes one.`);
    }
    const newest = this.#newest;
    if (!newest) {
      frame.close();
      return false;
    }
    const tapped = { frame, time: frame.timestamp / 1e6, arrived: performance.now(), captured: NaN };
    return new Promise((tell) => {
      this.#told.set(tapped, tell);
      this.#tell(newest.put(tapped), false);
    });
  }

  /** Where they come out; ends the tap before it. */
  tap(): FrameTap {
    this.#tell(this.#newest?.end(), false);
    const newest = new Newest();
    this.#newest = newest;
    return {
      next: async () => {
        const tapped = await newest.take();
        this.#tell(tapped, true);
        return tapped;
      },
      get dropped() {
        return newest.dropped;
      },
      close: () => {
        this.#tell(newest.end(), false);
        if (this.#newest === newest) this.#newest = undefined;
      },
    };
  }

  #tell(tapped: TappedFrame | undefined, taken: boolean): void {
    if (tapped) this.#told.get(tapped)?.(taken);
  }
}
