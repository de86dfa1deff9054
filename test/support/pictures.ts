// Pictures by formula, so that golden data needs none: the scripts in test/golden/ have the same ones.

/** Saw-tooth ramps and white noise, [height x width] bytes. */
export function picture(width: number, height: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let h = Math.imul(x, 73856093) ^ Math.imul(y, 19349663) ^ Math.imul(seed, 83492791);
      h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
      h ^= h >>> 12;
      bytes[i++] = (((3 * x + 2 * y + 5 * seed) & 255) >> 1) + (h & 127);
    }
  }
  return bytes;
}

/** Little-endian float32 from base64. */
export function unpack(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer);
}

/** Largest absolute difference. */
export function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
}
