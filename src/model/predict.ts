// From a moving picture to its strikes, in one loop.
import { isMarimbaError } from '../errors.js';
import type { Calibration, Strike } from '../types.js';
import type { FrameSource } from '../video/frames.js';
import type { Predictor, PredictorOptions } from './predictor.js';

/** How {@link predict} listens. */
export interface PredictOptions extends Omit<PredictorOptions, 'frame'> {
  /** Told of every frame once it has been heard: how many there were, and its time, s. */
  readonly onFrame?: (frames: number, time: number) => void;
  /** Told of every frame what it cost, s: waiting for it, rectifying it, and waiting for the model's answers about it. */
  readonly onSpent?: (decode: number, rectify: number, model: number) => void;
  /** Ends the loop; it throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What makes predictors: a model. */
export interface PredictorSource {
  /** @see Model */
  createPredictor(calibration: Calibration, options?: PredictorOptions): Predictor;
}

/**
 * Watches a moving picture and yields its strikes as soon as they are known, in the seconds of its frames' times. Strikes of
 * different bars may overtake each other by a frame. Leaving the loop frees the picture; model and source stay the caller's.
 *
 * A file that ends early gives all strikes of what is there, then throws.
 * @param video what `readVideo` returns, or anything that has frames.
 * @param model what `loadModel` returns.
 * @throws {ModelError | TypeError | RangeError} at the first strike, as {@link Predictor}'s constructor.
 * @throws {VideoError} as the video's `frames`.
 */
export async function* predict(
  video: FrameSource,
  model: PredictorSource,
  calibration: Calibration,
  options: PredictOptions = {},
): AsyncGenerator<Strike, void, undefined> {
  const { onFrame, onSpent, signal, ...rest } = options;
  const { width, height, range, frameRate } = video;
  signal?.throwIfAborted();
  const predictor = model.createPredictor(calibration, {
    ...(frameRate ? { fps: frameRate.num / frameRate.den } : {}),
    ...rest,
    frame: { width, height, format: 'gray8', range },
  });
  let frames = 0;
  let problem: Error | undefined;
  try {
    let asked = performance.now();
    for await (const frame of video.frames()) {
      const came = performance.now();
      // What a push does before it gives a promise, it does here.
      const pushed = predictor.push(frame, signal ? { signal } : {});
      const rectified = performance.now();
      const strikes = await pushed;
      onSpent?.((came - asked) / 1000, (rectified - came) / 1000, (performance.now() - rectified) / 1000);
      yield* strikes;
      asked = performance.now();
      frames += 1;
      onFrame?.(frames, frame.time);
      signal?.throwIfAborted();
    }
  } catch (error) {
    if (frames === 0 || !isMarimbaError(error, 'VideoError')) throw error;
    problem = error;
  }
  yield* await predictor.flush(signal ? { signal } : {});
  if (problem !== undefined) throw problem;
}
