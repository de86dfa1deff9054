// What a decoder is to the decoding thread, and what that thread is told to do.
import type { Orientation } from './luma.js';

/** What to decode, and with what. Plain data, for it goes to another thread. */
export interface DecodeJob {
  /** node-av's modules as URLs, or the path of the ffmpeg command. */
  readonly decoder:
    | { readonly kind: 'node-av'; readonly api: string; readonly lib: string; readonly constants: string }
    | { readonly kind: 'ffmpeg'; readonly ffmpeg: string };
  /** Absolute path. */
  readonly file: string;
  /** What messages call it. */
  readonly name: string;
  /** Number of the video track among the file's streams. */
  readonly stream: number;
  /** Coded size, pixels. */
  readonly width: number;
  /** Coded size, pixels. */
  readonly height: number;
  /** FFmpeg's name of the pixel format. */
  readonly pixelFormat: string;
  /** How the picture is shown. */
  readonly orientation: Orientation;
}

/** An open file whose frames are decoded one after the other, in the order they are shown. */
export interface LumaSource {
  /**
   * Decodes the next frame.
   * @param target gets the displayed luma, row by row without gaps.
   * @returns its time stamp, s; NaN when it has none; undefined after the last frame.
   */
  next(target: Uint8Array): number | undefined | Promise<number | undefined>;
  /** What the decoder complained of so far; empty when it did not, or does not say. */
  readonly complaint: string;
  /** Frees everything. */
  close(): void | Promise<void>;
}

/** What the thread answers: a frame in one of the slots, the end, or what went wrong. */
export type DecodeAnswer =
  | { readonly slot: number; readonly time: number }
  | { readonly end: true; readonly complaint: string }
  | { readonly problem: string };
