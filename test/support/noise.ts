// Inputs and weights that test/golden/training/make.py makes too, so that golden files hold only results.

/** Numbers in -1..1 that float32 holds exactly, from a hash of the name and the index. */
export function noise(name: string, length: number): Float32Array {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  return Float32Array.from({ length }, (_, k) => {
    let h = (Math.imul(k, 0x9e3779b1) + seed) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
    return (h >>> 8) / 2 ** 23 - 1;
  });
}
