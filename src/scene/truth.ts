// What is known of a scene without looking at it. Plain data: JSON.stringify(truth) is the truth.json of a clip.
import type { CameraTruth } from './camera.js';
import type { Family } from './families.js';
import type { InstrumentKind } from './instrument.js';
import type { BarMaterial, ToolKind } from './look.js';
import type { NonStrikeKind } from './gesture.js';
import type { Mix } from './player.js';
import type { FrameRate } from '../frame-rate.js';
import type { Calibration, Point, Quad, Strike } from '../types.js';

/** A strike, with what only the scene knows. */
export interface SceneStrike extends Strike {
  /** Index of the bar, low to high. */
  readonly bar: number;
  /** Place on the bar, 0 at the near end .. 1 at the far end. */
  readonly along: number;
  /** Where mallet and bar meet in the picture of the camera at rest, pixels. */
  readonly point: Point;
  /** Speed of contact, m/s. */
  readonly speed: number;
  /** Index of the mallet. */
  readonly mallet: number;
}

/** Something that is not a strike. */
export interface NonStrike {
  /** What. */
  readonly kind: NonStrikeKind;
  /** When it begins, seconds. */
  readonly start: number;
  /** When the tip first reaches its lowest point; the middle, for what moves behind. */
  readonly time: number;
  /** When it is over, seconds. */
  readonly end: number;
  /** Height of the tip above what lies under it at its lowest, metres; null for what moves behind. */
  readonly height: number | null;
  /** MIDI number of the bar meant or under the tip; null for none. */
  readonly midi: number | null;
  /** Index of the mallet; null for what moves behind. */
  readonly mallet: number | null;
}

/** What the scene looks like, in words and numbers. */
export interface LookTruth {
  /** Instrument. */
  readonly instrument: InstrumentKind;
  /** Number of bars. */
  readonly bars: number;
  /** Material of the bars. */
  readonly material: BarMaterial;
  /** What strikes them. */
  readonly tool: ToolKind;
  /** Mallets or fingers in play. */
  readonly mallets: number;
  /** Textures of floor, ground and wall. */
  readonly textures: readonly string[];
  /** Lamps. */
  readonly lights: number;
  /** Share of the frame time the shutter is open, and between the first and the last row. */
  readonly shutter: number;
  /** Share of the frame time from the first row to the last. */
  readonly readout: number;
  /** Noise at black, grey levels of 255. */
  readonly noise: number;
}

/** All that is known of a scene. */
export interface SceneTruth {
  /** Names the format and its version. */
  readonly format: 'deep-marimba/scene@1';
  /** Family of the scene. */
  readonly family: Family;
  /** Seed within the family. */
  readonly seed: number;
  /** Length, seconds. */
  readonly duration: number;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Nominal frames per second. */
  readonly fps: FrameRate;
  /** Frames do not follow at equal times. */
  readonly variable: boolean;
  /**
   * Time of each frame, seconds; the first is 0. Frame k stands for the time from times[k] on: its exposure is centred
   * half a nominal frame after times[k], in the middle row.
   */
  readonly times: readonly number[];
  /** Sorted by time. */
  readonly strikes: readonly SceneStrike[];
  /** Sorted by time. */
  readonly nonStrikes: readonly NonStrike[];
  /** The bars in the picture of the camera at rest. */
  readonly calibration: Calibration;
  /** Corners of the bar field: outer far corner of the lowest bar, of the highest, outer near of the highest, of the lowest. */
  readonly corners: Quad;
  /** Camera. */
  readonly camera: CameraTruth;
  /** Look. */
  readonly look: LookTruth;
  /** How it is played. */
  readonly mix: Mix;
}
