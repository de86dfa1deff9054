// The few ways the library can fail that are not a caller's bad argument (those are TypeError and RangeError).

type Facts = Readonly<Record<string, unknown>>;

abstract class MarimbaError extends Error {
  /** Survives duplicate copies of the package, where `instanceof` does not. */
  abstract readonly tag: string;
  /** What was found: file names, sizes, versions. Plain data. */
  readonly facts: Facts;

  constructor(message: string, options: { cause?: unknown; facts?: Facts } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.facts = options.facts ?? {};
  }
}

/** The host lacks something the library stands on: WebAssembly SIMD, AudioWorklet, a decoder. The message says what to do. */
export class UnsupportedError extends MarimbaError {
  readonly tag = 'UnsupportedError';
  override readonly name = 'UnsupportedError';
}

/** A sound file cannot be read or written: missing, empty, garbage, cut short, without a sound track. */
export class SoundError extends MarimbaError {
  readonly tag = 'SoundError';
  override readonly name = 'SoundError';
}

/** A video file or stream cannot be read: missing, garbage, no picture, an unknown codec. */
export class VideoError extends MarimbaError {
  readonly tag = 'VideoError';
  override readonly name = 'VideoError';
}

/** A model cannot be used: wrong card, wrong hash, wrong shapes, or no runtime that can run it. */
export class ModelError extends MarimbaError {
  readonly tag = 'ModelError';
  override readonly name = 'ModelError';
}

/**
 * What a model ran on is gone, a GPU's device or a worker: the model fails from now on and has to be loaded again, there or on
 * another device. A predictor's `snapshot()` goes on in one of the model that is loaded then.
 */
export class DeviceLostError extends MarimbaError {
  readonly tag = 'DeviceLostError';
  override readonly name = 'DeviceLostError';
}

const tags = ['UnsupportedError', 'SoundError', 'VideoError', 'ModelError', 'DeviceLostError'] as const;

/** Names of the library's own error classes. */
export type MarimbaErrorTag = (typeof tags)[number];

/**
 * Whether `error` is one of the library's own errors (of the given class), also across duplicate copies of the package.
 */
export function isMarimbaError(error: unknown, tag?: MarimbaErrorTag): error is MarimbaError {
  if (!(error instanceof Error) || !('tag' in error) || typeof error.tag !== 'string') return false;
  return (tag === undefined ? tags : [tag]).some((own) => own === error.tag);
}
