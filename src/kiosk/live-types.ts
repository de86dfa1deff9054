// What live listening and whoever shows it agree upon: plain types, nothing that runs.
import type { DecisionFacts } from './decisions.js';
import type { Skipped } from '../model/devices.js';
import type { LoadProgress, ModelBytes } from '../model/model-files.js';
import type { VoiceName } from '../sound/voices.js';
import type { Calibration, Strike } from '../types.js';
import type { PushedFrames } from '../video/pushed-frames.js';

/**
 * Where pictures come from: a camera's stream, an element that plays a stream, a file or a clip, or frames pushed by hand. It stays
 * the caller's: listening neither opens, plays nor stops it.
 */
export type LiveSource = MediaStream | HTMLVideoElement | PushedFrames;

/** What a model may run on in a browser. */
export type LiveDevice = 'webgpu' | 'wasm' | 'tfjs';

/** When a strike counts: `now`, at the model's earliest answer after contact; `sure`, some frames later, with fewer false ones. */
export type Decision = 'now' | 'sure';

/** What may change while it listens. */
export interface LiveSettings {
  /** Default `now`. */
  readonly decision: Decision;
  /** Probability a strike needs, 0..1. Default: what the model's card says for the decision. */
  readonly threshold?: number;
  /** Default `modal`. */
  readonly voice: VoiceName;
  /** Loudness, linear, 0..1. Default 1. */
  readonly level: number;
}

/** How listening begins. */
export interface LiveOptions extends Partial<LiveSettings> {
  /** Where the bars are in the picture. Pictures of other sizes are scaled to it. */
  readonly calibration: Calibration;
  /** Name of a shipped model, its address, or its bytes. Default `bar-lstm`. */
  readonly model?: string | URL | ModelBytes;
  /** `auto`, the default, takes the first that works; a named one never falls back. */
  readonly device?: LiveDevice | 'auto';
  /** Where the files lie that the page serves: runtimes' wasm files, `models/`. Default: beside the module. */
  readonly assets?: string | URL;
  /** Where `deep-marimba/live-worker` is served from, for pages whose bundler does not know `new Worker(new URL(...))`. */
  readonly workerUrl?: string | URL;
  /** Where `deep-marimba/worklet` is served from, for pages whose security policy forbids blob: addresses. */
  readonly workletUrl?: string | URL;
  /** Context the strikes sound in, through {@link LiveEar.output}. Default: none; the strikes are events and make no sound. */
  readonly context?: AudioContext;
  /** How much of the model has arrived. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Gives up while it loads. */
  readonly signal?: AbortSignal;
}

/** A strike that was seen. */
export interface LiveStrike extends Strike {
  /** Contact on the clock of `performance.now()`, ms; where the source has no clock (a file's frames), when its frame was shown. */
  readonly contact: number;
  /** When the frame came that decided it, on the same clock, ms. */
  readonly arrived: number;
  /** When it was decided, on the same clock, ms. */
  readonly decided: number;
}

/** A strike whose sound is on its way. */
export interface LiveSound extends LiveStrike {
  /** When its first sample leaves the audio thread, on the clock of `performance.now()`, ms; the device adds its own latency. */
  readonly leaves: number;
}

/**
 * `loading` the model, `listening`, `waiting` for frames that do not come (paused, camera gone, page hidden), `recovering`
 * from a failure of the worker or its device, `failed` for good, `stopped`.
 */
export type LiveState = 'loading' | 'listening' | 'waiting' | 'recovering' | 'failed' | 'stopped';

/** Milliseconds of each part, medians over the last second; NaN where nothing is known. */
export interface LiveLatency {
  /** From the camera's capture (or the frame's display) to the frame's arrival. */
  readonly capture: number;
  /** From arrival to the model's answer: copy, rectify, infer, pick. */
  readonly model: number;
  /** From the answer to the loudspeaker: message, block, the context's own output latency. */
  readonly audio: number;
}

/** How listening goes; counters count from the start. */
export interface LiveStats {
  /** What the model runs on; undefined while it loads. */
  readonly device: LiveDevice | undefined;
  /** The package that does it. */
  readonly runtime: string | undefined;
  /** Faster devices that were passed over or lost, and why. */
  readonly skipped: readonly Skipped[];
  /** Frames the model saw in the last second. */
  readonly fps: number;
  /** Frames seen. */
  readonly frames: number;
  /** Frames that came while the one before was still being computed. */
  readonly dropped: number;
  /** Strikes found. */
  readonly strikes: number;
  /** Where the time goes. */
  readonly latency: LiveLatency;
  /** Gaps in the sound. */
  readonly underruns: number;
  /** How often worker or device failed and came back. */
  readonly recoveries: number;
}

/** What went wrong. */
export interface LiveProblem {
  /** One sentence. */
  readonly message: string;
  /** Whether listening goes on by itself. */
  readonly recovers: boolean;
  readonly cause?: unknown;
}

/** The bars are no longer where the calibration says: the camera or the instrument has been moved. */
export interface LiveMoved {
  /** How much of the bars' outlines the picture still shows, 0..1. */
  readonly agreement: number;
  /** A picture without passing hands in which they may be found anew: luma, [height x width] of the source. */
  readonly picture?: { readonly luma: Uint8Array; readonly width: number; readonly height: number };
}

/** Events by name; each is a `CustomEvent` with this detail. */
export interface LiveEvents {
  readonly strike: LiveStrike;
  /** Only with a context, a little after its `strike`. */
  readonly sound: LiveSound;
  readonly state: LiveState;
  /** Once a second. */
  readonly stats: LiveStats;
  readonly problem: LiveProblem;
  readonly moved: LiveMoved;
}

/** Listens to a moving picture. Made by `listen(source, options)`, which resolves when the first frame can be heard. */
export interface LiveEar extends EventTarget {
  readonly state: LiveState;
  readonly stats: LiveStats;
  /** What `now` and `sure` mean for the model: how late each is, and how well it has been measured to hear. Undefined while it loads. */
  readonly decisions: Readonly<Record<Decision, DecisionFacts>> | undefined;
  /** What sounds, after the level; connect it to the context's destination, or record it. Undefined without a context. */
  readonly output: AudioNode | undefined;
  /** Changes settings without a gap in the sound; the picture is not started anew. */
  set(settings: Partial<LiveSettings>): Promise<void>;
  /**
   * Takes other bars; strikes under way are forgotten.
   * @throws {TypeError | RangeError} as `parseCalibration`.
   */
  calibrate(calibration: Calibration): Promise<void>;
  /** Goes on with another source, for example the camera that came back. */
  watch(source: LiveSource): Promise<void>;
  /** Frees worker, device and audio nodes; the source stays open. Twice does no harm. */
  stop(): Promise<void>;
  addEventListener<Name extends keyof LiveEvents>(
    name: Name,
    listener: (event: CustomEvent<LiveEvents[Name]>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    name: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}
