// What the page and the worker that watches say to each other. Times are ms since 1970, of `performance.timeOrigin` and `now()`.
import type { Device, Skipped } from '../model/devices.js';
import type { LoadProgress, ModelBytes } from '../model/model-files.js';
import type { Calibration } from '../types.js';
import type { DecisionFacts } from './decisions.js';
import type { Decision, LiveMoved, LiveSound, LiveStrike } from './live-types.js';

/** What the worker is started with. */
export interface WatchJob {
  readonly model: string | ModelBytes;
  readonly device: Device | 'auto';
  /** Devices that were lost before. */
  readonly lost: readonly Skipped[];
  /** Address of the folder with the runtimes' files, where the page names one. */
  readonly assets: string | undefined;
  readonly calibration: Calibration;
  readonly decision: Decision;
  readonly threshold: number | undefined;
}

/** From the page to the worker. */
export type ToWatcher =
  | { readonly type: 'open'; readonly job: WatchJob }
  /** Frames come from here from now on; a browser that has a track processor in workers only gets the track itself. */
  | { readonly type: 'readable'; readonly readable: ReadableStream<VideoFrame> }
  | { readonly type: 'track'; readonly track: MediaStreamTrack }
  /** One frame of a source that only the page can watch; answered with `taken`. */
  | {
      readonly type: 'frame';
      readonly frame: VideoFrame;
      readonly time: number;
      readonly arrived: number;
      readonly captured: number;
      /** Of this source, so far. */
      readonly dropped: number;
    }
  /** No more frames for now. */
  | { readonly type: 'blind' }
  /** Where strikes are sent that are to sound. */
  | { readonly type: 'sound'; readonly port: MessagePort | undefined }
  | { readonly type: 'set'; readonly decision: Decision; readonly threshold: number | undefined }
  | { readonly type: 'calibrate'; readonly calibration: Calibration }
  | { readonly type: 'stop' };

/** From the worker to the page. */
export type FromWatcher =
  /** The script runs; whether it can watch tracks by itself. */
  | { readonly type: 'ready'; readonly watchesTracks: boolean }
  | { readonly type: 'progress'; readonly progress: LoadProgress }
  /** Every second while a model is being opened. */
  | { readonly type: 'opening' }
  | {
      readonly type: 'opened';
      readonly device: Device;
      readonly runtime: string;
      readonly skipped: readonly Skipped[];
      readonly decisions: Readonly<Record<Decision, DecisionFacts>>;
    }
  | { readonly type: 'taken' }
  | { readonly type: 'strikes'; readonly strikes: readonly LiveStrike[] }
  | { readonly type: 'sounds'; readonly sounds: readonly LiveSound[] }
  | { readonly type: 'moved'; readonly moved: LiveMoved }
  /** Every second, whether frames come or not: a worker that is silent has failed. */
  | ({ readonly type: 'beat' } & WatchStats)
  /** The device failed; this worker will watch no more. */
  | { readonly type: 'lost'; readonly lost: Skipped }
  /** It could not be opened, or a request could not be met. */
  | { readonly type: 'refused'; readonly error: unknown }
  | { readonly type: 'stopped' };

/** What the worker counts. */
export interface WatchStats {
  readonly fps: number;
  readonly frames: number;
  readonly dropped: number;
  readonly strikes: number;
  /** Medians over the last second, ms. */
  readonly capture: number;
  readonly model: number;
  readonly audio: number;
}

/** ms since 1970 on a clock that never jumps. */
export const wallClock = (): number => performance.timeOrigin + performance.now();
