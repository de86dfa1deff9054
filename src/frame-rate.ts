// Video frame rates as exact ratios, so that an hour of 29.97 fps ends where it should.

/** Frames per second as a ratio of whole numbers: 30000/1001. */
export interface FrameRate {
  /** Numerator. */
  readonly num: number;
  /** Denominator. */
  readonly den: number;
}

// What cameras and containers mean when they say 23.976, 29.97, 47.95, 59.94 or 119.88.
const ntsc = [24, 30, 48, 60, 120];

/**
 * Reads a frame rate: 25, 29.97 (taken as 30000/1001), "30000/1001", or a ratio.
 * @throws {RangeError} when it is not a positive number of frames per second.
 */
export function frameRate(fps: number | string | FrameRate): FrameRate {
  if (typeof fps === 'object') {
    if (!(Number.isInteger(fps.num) && Number.isInteger(fps.den) && fps.num > 0 && fps.den > 0)) {
      throw new RangeError(`A frame rate is a ratio of positive whole numbers, got ${fps.num}/${fps.den}.`);
    }
    return fps;
  }
  if (typeof fps === 'string') {
    const ratio = /^(\d+)\/(\d+)$/.exec(fps.trim());
    if (ratio) return frameRate({ num: Number(ratio[1]), den: Number(ratio[2]) });
    if (fps.trim() === '') throw new RangeError('A frame rate is a positive number of frames per second, got nothing.');
  }
  const value = Number(fps);
  if (!(value > 0) || value > 1000) {
    throw new RangeError(`A frame rate is a number of frames per second above 0 and up to 1000, got ${fps}.`);
  }
  const near = ntsc.find((rate) => Math.abs(value - (rate * 1000) / 1001) < 0.005);
  if (near !== undefined && !Number.isInteger(value)) return { num: near * 1000, den: 1001 };
  // Six decimals, lowest terms.
  let [num, den] = Number.isInteger(value) ? [value, 1] : [Math.round(value * 1e6), 1e6];
  for (let a = num, b = den; ; [a, b] = [b, a % b]) {
    if (b === 0) {
      num /= a;
      den /= a;
      return { num, den };
    }
  }
}
