// What the bytes of a video frame mean: pixel formats, strides, gray modes, and the checks every frame plan makes.

/**
 * How a frame lies in memory: `rgba` and `bgra` are 4 bytes per pixel (alpha is ignored); `gray8` is one luma plane;
 * `i420` and `nv12` begin with the luma plane, and only that plane is read.
 */
export type PixelFormat = 'rgba' | 'bgra' | 'gray8' | 'i420' | 'nv12';

/** How red, green and blue make gray. Names the weights of `grayWeights`. */
export type GrayMode = 'bt601' | 'bt709' | 'skimage';

/** What black and white are in a luma plane: 16 and 235 (`limited`, what video codecs carry), or 0 and 255 (`full`). */
export type LumaRange = 'limited' | 'full';

/**
 * Weights of red, green and blue (gamma-encoded, as stored), which sum to 1.
 * **Source:** ITU-R BT.601-7 and BT.709-6, luma; scikit-image 0.13 `rgb2gray` for `skimage`.
 */
export const grayWeights: Readonly<Record<GrayMode, readonly [red: number, green: number, blue: number]>> = {
  bt601: [0.299, 0.587, 0.114],
  bt709: [0.2126, 0.7152, 0.0722],
  skimage: [0.2125, 0.7154, 0.0721],
};

/** A video frame's shape and meaning. Only `width` and `height` have to be given. */
export interface FrameFormat {
  /** Pixels per row, 1..8192. */
  readonly width: number;
  /** Rows, 1..8192. */
  readonly height: number;
  /** Default: `rgba`. */
  readonly format?: PixelFormat;
  /** Bytes from one row to the next, of the luma plane where there are several; default: rows without gaps. */
  readonly stride?: number;
  /**
   * Default: `bt601`, as OpenCV, JPEG and most decoders' gray. A luma plane already is gray, by the weights its
   * encoder chose: there `bt601` and `bt709` only state which, and `skimage` is refused.
   */
  readonly gray?: GrayMode;
  /**
   * Default: `limited` for `i420` and `nv12`, because that is what decoders of video deliver unless the file says
   * otherwise; `full` for `gray8`, which comes from cameras and image code. Not for `rgba` and `bgra`.
   */
  readonly range?: LumaRange;
}

/** A checked `FrameFormat`: every default filled in, and what follows from it. */
export interface FrameLayout extends Required<FrameFormat> {
  /** 1 for a luma plane, 4 for `rgba` and `bgra`. */
  readonly bytesPerPixel: 1 | 4;
  /** Bytes of a whole frame, chroma planes included, so that a decoder can write all of it. */
  readonly bytes: number;
  /** Bytes from the first to past the last one that is read. */
  readonly bytesRead: number;
  /** Weights of a pixel's first three bytes in their order in memory; `[1, 0, 0]` for a luma plane. */
  readonly weights: readonly [number, number, number];
  /** Black, as a byte's value: 0 or 16. */
  readonly black: number;
  /** White, as a byte's value: 255 or 235. */
  readonly white: number;
}

const maxSide = 8192;
const maxStride = 1 << 20;

const formats: readonly PixelFormat[] = ['rgba', 'bgra', 'gray8', 'i420', 'nv12'];
const modes: readonly GrayMode[] = ['bt601', 'bt709', 'skimage'];
const ranges: readonly LumaRange[] = ['limited', 'full'];

/** What a message shows of a bad argument. Objects and functions are named by kind: their own text may be long, or throw. */
function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return value === null ? 'null' : typeof value;
}

/**
 * Returns `value` when it is a whole number in `low..high`.
 * @throws {TypeError} when it is not a number. @throws {RangeError} when it is out of range or has a fraction.
 */
export function checkCount(name: string, value: unknown, low: number, high: number): number {
  if (typeof value !== 'number') throw new TypeError(`${name}: expected a number, got ${shown(value)}.`);
  if (!Number.isInteger(value) || value < low || value > high)
    throw new RangeError(`${name}: expected a whole number in ${low}..${high}, got ${value}.`);
  return value;
}

/**
 * Returns `value` when it is one of `choices`.
 * @throws {TypeError} when it is not a string. @throws {RangeError} when it is another string.
 */
export function checkChoice<T extends string>(name: string, value: unknown, choices: readonly T[]): T {
  if (typeof value !== 'string') throw new TypeError(`${name}: expected a string, got ${shown(value)}.`);
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new RangeError(`${name}: expected one of ${choices.join(', ')}, got ${shown(value)}.`);
  return found;
}

/** Checks a side of a picture, in pixels: a whole number in 1..8192. @throws {TypeError | RangeError} otherwise. */
export function checkSide(name: string, value: unknown): number {
  return checkCount(name, value, 1, maxSide);
}

/** Checks that an argument is an object that may hold fields. @throws {TypeError} otherwise. */
export function checkFields(name: string, value: unknown, fields: string): void {
  if (typeof value !== 'object' || value === null)
    throw new TypeError(`${name}: expected an object with ${fields}, got ${shown(value)}.`);
}

/**
 * Checks a frame's format and fills in its defaults.
 * @throws {TypeError} when a field has the wrong type.
 * @throws {RangeError} when a size is out of range, a stride is shorter than a row, a name is unknown, or gray mode and
 * range do not go with the pixel format.
 */
export function frameLayout(frame: FrameFormat): FrameLayout {
  checkFields('frame', frame, 'width and height');
  const width = checkSide('width', frame.width);
  const height = checkSide('height', frame.height);
  const format = checkChoice('format', frame.format ?? 'rgba', formats);
  const colour = format === 'rgba' || format === 'bgra';
  const chroma = format === 'i420' || format === 'nv12';
  const bytesPerPixel = colour ? 4 : 1;
  const rowBytes = width * bytesPerPixel;
  const stride = checkCount('stride', frame.stride ?? rowBytes, rowBytes, maxStride);
  const gray = checkChoice('gray', frame.gray ?? 'bt601', modes);
  if (gray === 'skimage' && !colour)
    throw new RangeError(`gray: expected bt601 or bt709, because ${format} is luma already, got 'skimage'.`);
  const range = checkChoice('range', frame.range ?? (chroma ? 'limited' : 'full'), ranges);
  if (range === 'limited' && colour)
    throw new RangeError(`range: expected full, because ${format} has no luma plane, got 'limited'.`);
  const [red, green, blue] = grayWeights[gray];
  return {
    width,
    height,
    format,
    stride,
    gray,
    range,
    bytesPerPixel,
    bytes: stride * height + (chroma ? 2 * Math.ceil(stride / 2) * Math.ceil(height / 2) : 0),
    bytesRead: stride * (height - 1) + rowBytes,
    weights: colour ? (format === 'rgba' ? [red, green, blue] : [blue, green, red]) : [1, 0, 0],
    black: range === 'limited' ? 16 : 0,
    white: range === 'limited' ? 235 : 255,
  };
}

/**
 * Copies a frame into a plan's input; a shorter one will do when it holds every byte that is read (a lone luma plane, a
 * last row without its gap).
 * @throws {TypeError} when `frame` is not bytes.
 * @throws {RangeError} when it holds too few or too many of them; none are left when its buffer was transferred away.
 */
export function copyFrame(frame: Uint8Array | Uint8ClampedArray, input: Uint8Array, layout: FrameLayout): void {
  if (!(frame instanceof Uint8Array || frame instanceof Uint8ClampedArray))
    throw new TypeError(`frame: expected a Uint8Array or Uint8ClampedArray, got ${shown(frame)}.`);
  if (frame.length < layout.bytesRead || frame.length > layout.bytes)
    throw new RangeError(
      `frame: expected ${layout.bytesRead}..${layout.bytes} bytes (${layout.format} ${layout.width}x${layout.height}, ` +
        `stride ${layout.stride}), got ${frame.length}.`,
    );
  input.set(frame);
}
