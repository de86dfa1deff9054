// PCM samples as files hold them, to and from float32. Little-endian, interleaved.

/** How one sample is stored: bits, and whether as (un)signed integer, IEEE float, or a logarithmic byte of telephony. */
export type PcmFormat = 'u8' | 's16' | 's24' | 's32' | 'f32' | 'f64' | 'alaw' | 'mulaw';

/** Bytes of one sample. */
export const sampleBytes: Readonly<Record<PcmFormat, number>> = {
  u8: 1,
  s16: 2,
  s24: 3,
  s32: 4,
  f32: 4,
  f64: 8,
  alaw: 1,
  mulaw: 1,
};

// Source: ITU-T G.711, both laws decoded to a full scale of 1.
function logarithmicTable(decode: (code: number) => number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, code) => decode(code));
}
const alawTable = logarithmicTable((code) => {
  const bits = code ^ 0x55;
  const segment = (bits >> 4) & 7;
  const step = ((bits & 15) << 4) + 8;
  const magnitude = segment === 0 ? step : (step + 256) << (segment - 1);
  return (bits & 0x80 ? magnitude : -magnitude) / 32768;
});
const mulawTable = logarithmicTable((code) => {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 15) << 3) + 132) << ((bits >> 4) & 7)) - 132;
  return (bits & 0x80 ? -magnitude : magnitude) / 32768;
});

/**
 * Reads `frames` interleaved samples into one array per channel, integers scaled so that full scale is 1.
 * @param bytes starts at an address that its format can be viewed from: offset 0 of a buffer of its own.
 * @param channels one array per channel, each at least `frames` long; overwritten.
 * @returns whether every sample is a finite number (integers always are).
 */
export function decodePcm(
  format: PcmFormat,
  bytes: Uint8Array<ArrayBuffer>,
  frames: number,
  channels: readonly Float32Array[],
): boolean {
  const stride = channels.length;
  const samples = frames * stride;
  const { buffer, byteOffset } = bytes;
  if (format === 's16' && stride === 2) {
    // What most files are, in one pass over the bytes instead of two: a third less time.
    const view = new Int16Array(buffer, byteOffset, samples);
    const [left, right] = channels;
    for (let o = 0, i = 0; o < frames; o++, i += 2) {
      left[o] = view[i] * (1 / 32768);
      right[o] = view[i + 1] * (1 / 32768);
    }
    return true;
  }
  // Stays 0 while every sample is finite: x - x is NaN for NaN and for both infinities.
  let oddity = 0;
  for (let c = 0; c < stride; c++) {
    const out = channels[c];
    switch (format) {
      case 'u8':
        for (let i = c, o = 0; o < frames; i += stride) out[o++] = (bytes[i] - 128) * (1 / 128);
        break;
      case 's16': {
        const view = new Int16Array(buffer, byteOffset, samples);
        for (let i = c, o = 0; o < frames; i += stride) out[o++] = view[i] * (1 / 32768);
        break;
      }
      case 's24':
        for (let i = 3 * c, o = 0; o < frames; i += 3 * stride) {
          out[o++] = ((bytes[i] << 8) | (bytes[i + 1] << 16) | (bytes[i + 2] << 24)) * (1 / 2147483648);
        }
        break;
      case 's32': {
        const view = new Int32Array(buffer, byteOffset, samples);
        for (let i = c, o = 0; o < frames; i += stride) out[o++] = view[i] * (1 / 2147483648);
        break;
      }
      case 'f32':
      case 'f64': {
        const view =
          format === 'f32'
            ? new Float32Array(buffer, byteOffset, samples)
            : new Float64Array(buffer, byteOffset, samples);
        for (let i = c, o = 0; o < frames; i += stride) {
          const x = view[i];
          out[o++] = x;
          oddity += x - x;
        }
        break;
      }
      case 'alaw':
      case 'mulaw': {
        const table = format === 'alaw' ? alawTable : mulawTable;
        for (let i = c, o = 0; o < frames; i += stride) out[o++] = table[bytes[i]];
        break;
      }
    }
  }
  return oddity === 0;
}

/** Formats that are written. */
export type WrittenPcmFormat = 's16' | 's24' | 'f32';

/**
 * Writes one array per channel as `frames` interleaved samples. Integers round to nearest and saturate at full scale, without dither.
 * @param bytes at least frames x channels x sample bytes long, at offset 0 of a buffer of its own; overwritten.
 * @returns index of the first frame that is not a finite number, or -1.
 */
export function encodePcm(
  format: WrittenPcmFormat,
  channels: readonly Float32Array[],
  frames: number,
  bytes: Uint8Array<ArrayBuffer>,
): number {
  const stride = channels.length;
  const { buffer, byteOffset } = bytes;
  const words = format === 's16' ? new Int16Array(buffer, byteOffset, frames * stride) : undefined;
  const floats = format === 'f32' ? new Float32Array(buffer, byteOffset, frames * stride) : undefined;
  for (let c = 0; c < stride; c++) {
    const source = channels[c];
    for (let i = 0, o = c; i < frames; i++, o += stride) {
      const x = source[i];
      if (x - x !== 0) return i;
      if (floats) floats[o] = x;
      else if (words) words[o] = Math.max(-32768, Math.min(32767, Math.round(x * 32768)));
      else {
        const value = Math.max(-8388608, Math.min(8388607, Math.round(x * 8388608)));
        bytes[3 * o] = value;
        bytes[3 * o + 1] = value >> 8;
        bytes[3 * o + 2] = value >> 16;
      }
    }
  }
  return -1;
}
