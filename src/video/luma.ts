// From a decoder's luma plane to the displayed picture: padding dropped, deep samples rounded to 8 bits, turned upright.

/** How the coded picture is turned and flipped to be shown: [a, b, c, d] of a display matrix, each -1, 0 or 1. */
export type Orientation = readonly [a: number, b: number, c: number, d: number];

/** Shown as coded. */
export const upright: Orientation = [1, 0, 0, 1];

/**
 * Orientation of a display matrix of nine whole numbers, row by row, or undefined for none; shears and odd angles count as upright.
 * **Source:** ISO/IEC 14496-12, 8.3.2: x' = a x + c y + tx, y' = b x + d y + ty; fixed point 16.16.
 */
export function orientationOf(matrix: ArrayLike<number> | undefined): Orientation {
  if (matrix === undefined || matrix.length < 9) return upright;
  const [a, b, c, d] = [matrix[0], matrix[1], matrix[3], matrix[4]].map((value) => Math.round(value / 65536));
  return Math.abs(a * d - b * c) === 1 && (a === 0) === (d === 0) && Math.abs(a) + Math.abs(b) === 1
    ? // Plus zero, so that no -0 is left.
      [a + 0, b + 0, c + 0, d + 0]
    : upright;
}

/** Clockwise turn that shows the picture upright, degrees; a flipped one is flipped left to right before it is turned. */
export function rotationOf([a, b, c, d]: Orientation): { rotation: 0 | 90 | 180 | 270; mirrored: boolean } {
  const mirrored = a * d - b * c < 0;
  const right = mirrored ? [-a, -b] : [a, b];
  const rotation = right[0] === 1 ? 0 : right[1] === 1 ? 90 : right[0] === -1 ? 180 : 270;
  return { rotation, mirrored };
}

/**
 * Bits of a luma sample in a planar pixel format of FFmpeg's, by its name; undefined for formats without a luma plane of their own
 * (RGB, palettes, packed and two-plane ones), which have to be converted first.
 */
export function lumaDepth(pixelFormat: string): number | undefined {
  const planar = /^(?:yuv[aj]?4(?:10|11|20|22|40|44)p|gray)(?:(9|10|12|14|16)le)?$/.exec(pixelFormat);
  if (planar === null) return undefined;
  const [, depth] = planar as (string | undefined)[];
  return Number(depth ?? 8);
}

/** Where a coded luma plane lies. */
export interface LumaPlane {
  /** Its bytes; little-endian pairs where `depth` is above 8. */
  readonly bytes: Uint8Array;
  /** Bytes from one row to the next. */
  readonly stride: number;
  /** Bits of a sample. */
  readonly depth: number;
}

/**
 * Writes the displayed picture, row by row without gaps.
 * @param width of the coded picture.
 * @param height of the coded picture.
 * @param target width x height bytes.
 */
export function placeLuma(
  { bytes, stride, depth }: LumaPlane,
  width: number,
  height: number,
  [a, b, c, d]: Orientation,
  target: Uint8Array,
): void {
  if (depth === 8 && a === 1 && d === 1) {
    for (let y = 0; y < height; y++) target.set(bytes.subarray(y * stride, y * stride + width), y * width);
    return;
  }
  // Of a turn, the inverse is the transpose: column and row of the source for each step to the right and down.
  const pitch = depth === 8 ? stride : stride / 2;
  const right = a + c * pitch;
  const down = b + d * pitch;
  const origin = (a + b < 0 ? width - 1 : 0) + (c + d < 0 ? (height - 1) * pitch : 0);
  const [columns, rows] = a === 0 ? [height, width] : [width, height];
  if (depth === 8) {
    for (let y = 0, o = 0; y < rows; y++) {
      for (let x = 0, s = origin + y * down; x < columns; x++, s += right) target[o++] = bytes[s];
    }
    return;
  }
  const even = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  const samples = new Uint16Array(even.buffer, even.byteOffset, even.byteLength >> 1);
  const shift = depth - 8;
  const half = 1 << (shift - 1);
  for (let y = 0, o = 0; y < rows; y++) {
    for (let x = 0, s = origin + y * down; x < columns; x++, s += right) {
      const rounded = (samples[s] + half) >> shift;
      target[o++] = rounded > 255 ? 255 : rounded;
    }
  }
}

/** What FFmpeg's filters do with formats that {@link lumaDepth} does not know: limited range, weights of BT.601. */
export const toLuma = 'scale=out_range=tv:out_color_matrix=bt601,format=yuv444p';
