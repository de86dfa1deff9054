// Figures as PNG files. Source: W3C, Portable Network Graphics (third edition).
import type { Figure } from './figure.js';
import { rasterize, type Raster } from './raster.js';

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(data, 8);
  let crc = 0xffffffff;
  for (let i = 4; i < 8 + data.length; i++) crc = crcTable[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  view.setUint32(8 + data.length, ~crc);
  return bytes;
}

/** The bytes of a PNG file: 8 bits of red, green and blue. */
export async function encodeRaster({ width, height, rgb }: Raster): Promise<Uint8Array<ArrayBuffer>> {
  const stride = 3 * width;
  // Each row says how it is filtered: here as the difference from the row above, which flat colours turn into zeros.
  const rows = new Uint8Array(height * (stride + 1));
  for (let y = 0; y < height; y++) {
    const [to, from] = [y * (stride + 1), y * stride];
    rows[to] = 2;
    for (let x = 0; x < stride; x++) rows[to + 1 + x] = rgb[from + x] - (y > 0 ? rgb[from - stride + x] : 0);
  }
  const deflated = new Blob([rows]).stream().pipeThrough(new CompressionStream('deflate'));
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 2, 0, 0, 0], 8);
  const parts = [
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', header),
    chunk('IDAT', new Uint8Array(await new Response(deflated).arrayBuffer())),
    chunk('IEND', new Uint8Array(0)),
  ];
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

/**
 * The bytes of a PNG file of a figure.
 * @param scale pixels of the picture for one of the figure; default 2.
 * @throws {RangeError} when the scale is not above 0 or the picture would exceed 100 megapixels.
 */
export async function formatPng(figure: Figure, scale = 2): Promise<Uint8Array<ArrayBuffer>> {
  return encodeRaster(rasterize(figure, scale));
}
