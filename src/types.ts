// The plain data that flows from pixels to sound. Everything here is a value: no methods, nothing that owns memory.
import type { FrameRate } from './frame-rate.js';
import type { NoteSet } from './notes.js';

/** A mallet meets a bar. */
export interface Strike {
  /** Contact, seconds from the first video frame. */
  readonly time: number;
  /** MIDI number of the bar. */
  readonly midi: number;
  /** Linear, 0..1; 1 is the loudest the instrument plays. */
  readonly velocity: number;
}

/** How loud each note is in each video frame: the R^18 vectors of the 2017 work, for any number of notes. */
export interface NoteAmplitudes {
  /** [frames x notes], row-major, linear. Row k belongs to video frames k, k+1 and k+2. */
  readonly data: Float32Array;
  /** Rows. */
  readonly frames: number;
  /** Columns, low to high. */
  readonly notes: NoteSet;
  /** Rows per second. */
  readonly fps: FrameRate;
}

/** Sound in memory. */
export interface Sound {
  /** Samples per second. */
  readonly sampleRate: number;
  /** One array per channel, equally long, nominally -1..1. */
  readonly channels: readonly Float32Array[];
}

/**
 * Sound that is read in order and in bounded memory: an hour of it never lies in memory at once.
 * Anything that has `blocks` is a stream, anything else is a {@link Sound}.
 */
export interface SoundStream {
  /** Samples per second: the source's own rate, never resampled. */
  readonly sampleRate: number;
  /** Channels in every block. */
  readonly channelCount: number;
  /** Seconds, where the source says so before it has been read. */
  readonly duration?: number;
  /**
   * Reads from the start; every call opens the source anew. Each block holds `channelCount` arrays, equally long, of any
   * length from 1, nominally -1..1. The arrays are valid until the next block is asked for.
   * @throws {SoundError} while reading: garbage inside the file, or a file that ends early.
   */
  blocks(): AsyncIterable<readonly Float32Array[]>;
}

/** Pixels from the left and top edge of the displayed video; fractions allowed. */
export type Point = readonly [x: number, y: number];

/** Corners of a bar in the picture: far end low side, far end high side, near end high side, near end low side. */
export type Quad = readonly [Point, Point, Point, Point];

/** One bar in the picture. "Near" is the player's side. */
export interface CalibratedBar {
  /** MIDI number. */
  readonly midi: number;
  /** Its outline. */
  readonly quad: Quad;
  /** Row it lies in, where an instrument has several; found from the quads when absent. */
  readonly row?: number;
}

/** Where the bars are in the picture. */
export interface Calibration {
  /** Names the file format and its version. */
  readonly format: 'deep-marimba/calibration@1';
  /** Width of the displayed video, pixels. */
  readonly width: number;
  /** Height of the displayed video, pixels. */
  readonly height: number;
  /** Any number of bars, any notes, any order in the picture. */
  readonly bars: readonly CalibratedBar[];
}

/**
 * Which decoder of compressed sound and video to take in Node: `auto` is ffmpeg when `$FFMPEG_PATH` names one, else node-av when
 * it is installed, else the ffmpeg on `$PATH`.
 */
export type DecoderChoice = 'auto' | 'node-av' | 'ffmpeg';
