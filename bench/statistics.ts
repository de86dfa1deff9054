// Medians, spread, and ratios of paired rounds: what a race is summed up in.

/** A sample of durations or ratios. */
export interface Summary {
  /** The middle one. */
  readonly median: number;
  /** The smallest. */
  readonly min: number;
  /** The largest. */
  readonly max: number;
  /** Standard deviation over mean. */
  readonly cv: number;
}

/** Middle value; of an even count, the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('A median needs at least one value, got none.');
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Median, extremes and coefficient of variation. */
export function summarize(values: readonly number[]): Summary {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
  return {
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    cv: mean === 0 ? 0 : Math.sqrt(variance) / mean,
  };
}

/**
 * Ratios of durations taken in the same round, summed up. A slow moment of the machine hits both and cancels, which
 * the ratio of two medians does not grant.
 */
export function pairedRatio(numerators: readonly number[], denominators: readonly number[]): Summary {
  if (numerators.length !== denominators.length) {
    throw new RangeError(`Rounds come in pairs, got ${numerators.length} and ${denominators.length}.`);
  }
  return summarize(numerators.map((value, round) => value / denominators[round]));
}

/** Largest absolute deviation, over the largest absolute value of the reference. Infinity when anything is off. */
export function relativeError(answer: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (answer.length !== reference.length) return Infinity;
  let worst = 0;
  let peak = 0;
  for (let i = 0; i < reference.length; i++) {
    const deviation = Math.abs(answer[i] - reference[i]);
    if (!(deviation <= worst)) worst = Number.isFinite(deviation) ? deviation : Infinity;
    peak = Math.max(peak, Math.abs(reference[i]));
  }
  return worst / peak;
}
