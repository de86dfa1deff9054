// What a moving picture is to everything behind it: luma with true times, whoever decodes it.
import type { FrameRate } from '../frame-rate.js';
import type { LumaRange } from '../kernels/pixel-format.js';

/** One picture of a video. */
export interface LumaFrame {
  /** When it is shown, s from where the file's earliest track starts, the same zero as `readSound`'s; strictly increasing. */
  readonly time: number;
  /** [height x width], row by row without gaps, black and white as the video's `range` says. Valid until the next frame is asked for. */
  readonly luma: Uint8Array;
}

/** A moving picture that can be read from its start. */
export interface FrameSource {
  /** Columns of the displayed picture. */
  readonly width: number;
  /** Rows of the displayed picture. */
  readonly height: number;
  /** What black and white are in the luma. */
  readonly range: LumaRange;
  /** Mean frame rate as the source states it; undefined when it does not. Frames' times are the truth. */
  readonly frameRate: FrameRate | undefined;
  /**
   * The frames, in the order they are shown; leaving the loop frees everything.
   * @param target gets every frame's luma before it is handed out, such as a plan's `input` in wasm memory; at least width x height
   * bytes. Without it `luma` lies in memory that the reader reuses.
   */
  frames(target?: Uint8Array): AsyncGenerator<LumaFrame, void, undefined>;
}
