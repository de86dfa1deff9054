// Channels to their mean, with the extremes of all that passes.

/**
 * y = share * (sum of `channels` planes of `plane` bytes, x being the first). Widens the four lanes of highest and the four of
 * lowest at `extremes`; a NaN stays there. `samples` is a multiple of 4.
 */
export function mixMean(
  samples: usize,
  channels: usize,
  x: usize,
  plane: usize,
  share: f32,
  y: usize,
  extremes: usize,
): void {
  const gain = f32x4.splat(share);
  let highest = v128.load(extremes);
  let lowest = v128.load(extremes, 16);
  const end = x + (samples << 2);
  const others = (channels - 1) * plane;
  for (; x < end; x += 16, y += 16) {
    let sum = v128.load(x);
    for (let other = plane; other <= others; other += plane) sum = f32x4.add(sum, v128.load(x + other));
    sum = f32x4.mul(sum, gain);
    highest = f32x4.max(highest, sum);
    lowest = f32x4.min(lowest, sum);
    v128.store(y, sum);
  }
  v128.store(extremes, highest);
  v128.store(extremes, lowest, 16);
}
