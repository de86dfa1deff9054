// The still picture behind a clip: the median of some of its frames, in which hands and mallets that move are gone.
import type { FrameSource } from './frames.js';

/** A grey picture. */
export interface LumaPicture {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** [height x width], 0..255, rows without gaps. */
  readonly luma: Uint8Array | Uint8ClampedArray;
}

/** Which frames of a clip make its still picture. */
export interface MedianOptions {
  /** How many frames at most, an odd number of 1..31; default 11. The memory it takes is that of so many frames. */
  readonly frames?: number;
  /** Reads no further than this, s; default 20. */
  readonly seconds?: number;
}

/**
 * The median of frames spread evenly over the beginning of a clip, pixel by pixel: what moves is gone where it is elsewhere in most of
 * them. Leaves the loop as soon as it has seen enough, and holds no more than twice `frames` frames however long the clip is.
 * @param source a video, or anything with frames of luma; a frame may lie in memory that the next one overwrites.
 * @throws {RangeError} for another number of frames or no seconds, or when there are no frames.
 */
export async function medianPicture(
  source: Pick<FrameSource, 'width' | 'height' | 'frames'>,
  { frames: most = 11, seconds = 20 }: MedianOptions = {},
): Promise<LumaPicture> {
  if (!Number.isInteger(most) || most < 1 || most > 31 || most % 2 === 0) {
    throw new RangeError(`frames: expected an odd number of 1..31, got ${most}.`);
  }
  if (!(seconds > 0)) throw new RangeError(`seconds: expected a number above 0, got ${seconds}.`);
  const { width, height } = source;
  const size = width * height;
  // Every so-manieth frame; when that is too many, every other one of them goes and the step doubles.
  let kept: Uint8Array[] = [];
  let step = 1;
  let index = 0;
  for await (const { time, luma } of source.frames()) {
    if (index > 0 && time > seconds) break;
    if (index++ % step !== 0) continue;
    kept.push(luma.slice(0, size));
    if (kept.length > 2 * most) {
      kept = kept.filter((_, k) => k % 2 === 0);
      step *= 2;
    }
  }
  if (kept.length === 0) throw new RangeError('Expected at least one frame, got none.');
  const count = Math.min(most, kept.length);
  const chosen = Array.from({ length: count }, (_, k) => kept[Math.floor(((k + 0.5) * kept.length) / count)]);
  return { width, height, luma: medianOf(chosen) };
}

/** Median of pictures of one size, pixel by pixel; of an even number, the lower of the two in the middle. */
export function medianOf(pictures: readonly Uint8Array[]): Uint8Array {
  if (pictures.length === 1) return pictures[0].slice();
  const out = new Uint8Array(pictures[0].length);
  const values = new Uint8Array(pictures.length);
  const middle = (pictures.length - 1) >> 1;
  for (let i = 0; i < out.length; i++) {
    // Insertion into a short sorted list.
    for (let k = 0; k < pictures.length; k++) {
      const value = pictures[k][i];
      let at = k;
      while (at > 0 && values[at - 1] > value) {
        values[at] = values[at - 1];
        at--;
      }
      values[at] = value;
    }
    out[i] = values[middle];
  }
  return out;
}
