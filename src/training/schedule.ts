// How the learning rate changes from step to step.

/** Learning rate of a step; the first step is 1. */
export type Schedule = (step: number) => number;

/**
 * Linear rise over `warmup` steps to `peak`, then half a cosine down to `floor` at step `total`, and `floor` after it.
 * @throws RangeError when the steps or rates are out of order.
 *
 * **Source:** Loshchilov & Hutter 2017, eq. 5, without restarts.
 */
export function cosineSchedule(options: {
  readonly peak: number;
  readonly total: number;
  readonly warmup?: number;
  readonly floor?: number;
}): Schedule {
  const { peak, total, warmup = 0, floor = 0 } = options;
  if (!(warmup >= 0 && total > warmup))
    throw new RangeError(`expected 0 <= warmup < total, got ${warmup} and ${total}`);
  if (!(floor >= 0 && peak >= floor)) throw new RangeError(`expected 0 <= floor <= peak, got ${floor} and ${peak}`);
  return (step) => {
    if (step < warmup) return (peak * step) / warmup;
    const progress = Math.min(1, (step - warmup) / (total - warmup));
    return floor + ((peak - floor) * (1 + Math.cos(Math.PI * progress))) / 2;
  };
}

/**
 * Linear rise over `warmup` steps to `peak`, `peak` until `cooldown` steps before the end, then a linear fall to `floor`
 * at step `total`. Before the fall the rate does not hang on `total`: a training may be made longer or shorter until then
 * and still be the one its configuration says.
 * @throws RangeError when the steps or rates are out of order.
 *
 * **Source:** Hu et al. 2024 (MiniCPM), section 4.2, "warmup, stable, decay".
 */
export function flatSchedule(options: {
  readonly peak: number;
  readonly total: number;
  readonly cooldown: number;
  readonly warmup?: number;
  readonly floor?: number;
}): Schedule {
  const { peak, total, cooldown, warmup = 0, floor = 0 } = options;
  if (!(warmup >= 0 && cooldown > 0 && warmup + cooldown <= total)) {
    throw new RangeError(`expected warmup + cooldown within total, got ${warmup} + ${cooldown} and ${total}`);
  }
  if (!(floor >= 0 && peak >= floor)) throw new RangeError(`expected 0 <= floor <= peak, got ${floor} and ${peak}`);
  return (step) => {
    if (step < warmup) return (peak * step) / warmup;
    return floor + (peak - floor) * Math.min(1, Math.max(0, (total - step) / cooldown));
  };
}
