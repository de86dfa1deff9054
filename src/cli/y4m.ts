// YUV4MPEG2: uncompressed video that every player and encoder reads, and what is piped into encoders.
import type { FrameRate } from '../frame-rate.js';

/**
 * Head of a file of 4:2:0 frames, limited range, progressive, square pixels.
 * @throws {RangeError} for odd sizes, which 4:2:0 does not have.
 */
export function y4mHeader(width: number, height: number, { num, den }: FrameRate): string {
  if (width % 2 !== 0 || height % 2 !== 0) {
    throw new RangeError(`A video needs an even width and height, got ${width}x${height}.`);
  }
  return `YUV4MPEG2 W${width} H${height} F${num}:${den} Ip A1:1 C420jpeg XCOLORRANGE=LIMITED\n`;
}

/** Bytes of one frame, its marker included. */
export const y4mFrameBytes = (width: number, height: number): number => 6 + (width * height * 3) / 2;

/**
 * Writes one frame: marker, luma, both chromas.
 * @param rgb [height x width x 3], 0..255.
 * @param out `y4mFrameBytes` bytes.
 * **Source:** ITU-R BT.709-6, 8 bits, limited range; chroma is the mean of four pixels.
 */
export function y4mFrame(rgb: Uint8Array, width: number, height: number, out: Uint8Array): void {
  for (let i = 0; i < 6; i++) out[i] = 'FRAME\n'.charCodeAt(i);
  const luma = 6;
  const blue = luma + width * height;
  const red = blue + (width * height) / 4;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const o = (y * width + x) * 3;
      out[luma + y * width + x] = 16.5 + 0.18259 * rgb[o] + 0.61423 * rgb[o + 1] + 0.06201 * rgb[o + 2];
    }
  }
  const stride = 3 * width;
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      const o = (y * width + x) * 3;
      const sum = (k: number): number => rgb[o + k] + rgb[o + 3 + k] + rgb[o + stride + k] + rgb[o + stride + 3 + k];
      const r = sum(0) / 4;
      const g = sum(1) / 4;
      const b = sum(2) / 4;
      const at = ((y / 2) * width) / 2 + x / 2;
      out[blue + at] = 128.5 - 0.10064 * r - 0.33857 * g + 0.43922 * b;
      out[red + at] = 128.5 + 0.43922 * r - 0.39894 * g - 0.04027 * b;
    }
  }
}
