// From onset probabilities, frame by frame, to strikes: local maxima in time, cleared of their neighbours' echoes.
import type { Strike } from '../types.js';

/** How strikes are picked from one onset head. */
export interface PickRules {
  /** Probability a strike needs, 0..1. */
  readonly threshold: number;
  /** How many frames after contact the head answers; negative when it answers before. */
  readonly latency: number;
  /** A bar beside that reaches more than `probability / rivalry` within one frame takes the strike. Default 0.6. */
  readonly rivalry?: number;
  /** Frames a bar is deaf for after a strike. Default 3. */
  readonly refractory?: number;
}

/** What a model says of one frame, one value per bar. */
export interface PickFrame {
  /** Presentation time, s; increasing. */
  readonly time: number;
  /** Onset probabilities, 0..1. */
  readonly onset: ArrayLike<number>;
  /** Velocities, 0..1; 1 where the model gives none. */
  readonly velocity?: ArrayLike<number>;
  /** Contact within the frame that the onset stands for, frames: 0 its beginning, 1 its end; where the model tells it. */
  readonly offset?: ArrayLike<number>;
}

/** What a {@link StrikePicker} remembers. Plain data. */
export interface StrikePickerState {
  readonly rows: readonly PickedRow[];
  readonly times: readonly number[];
  readonly deafUntil: Float64Array;
  readonly frame: number;
}

interface PickedRow {
  readonly time: number;
  readonly onset: Float32Array;
  readonly velocity: Float32Array;
  readonly offset?: Float32Array;
}

/**
 * Picks strikes as frames come in. Bars are in playing order; those whose rows differ are not neighbours.
 *
 * A strike is known one frame after its probability peaks. Its time is the centroid of the probability over the peak
 * and the frames beside it, less the head's latency; or, where offsets are given, the mean of what these frames say, each
 * weighted with its probability. Both on the frames' own time stamps, so that it is right in seconds at any frame rate.
 */
export class StrikePicker {
  readonly #bars: readonly { readonly midi: number; readonly row: number }[];
  readonly #rules: Required<PickRules>;
  /** Frames an answer lags behind contact: the head's latency, and the frame that proves the peak. */
  readonly latency: number;
  // The last three frames, oldest first; [bars] each.
  #rows: PickedRow[] = [];
  #times: number[] = [];
  readonly #deafUntil: Float64Array;
  #frame = 0;

  /**
   * @param bars in playing order.
   * @throws {RangeError} for no bars or a threshold outside 0..1.
   */
  constructor(bars: readonly { readonly midi: number; readonly row?: number }[], rules: PickRules) {
    if (bars.length === 0) throw new RangeError('expected at least one bar to listen for, got none');
    const { threshold, rivalry = 0.6, refractory = 3, latency } = rules;
    if (!(threshold > 0 && threshold < 1))
      throw new RangeError(`expected a threshold between 0 and 1, got ${threshold}`);
    this.#bars = bars.map(({ midi, row = 0 }) => ({ midi, row }));
    this.#rules = { threshold, latency, rivalry, refractory };
    this.latency = latency + 1;
    this.#deafUntil = new Float64Array(bars.length).fill(-Infinity);
  }

  /** Forgets every frame: the next one is the first. */
  reset(): void {
    this.#rows = [];
    this.#times = [];
    this.#frame = 0;
    this.#deafUntil.fill(-Infinity);
  }

  /** What it remembers; a copy. */
  snapshot(): StrikePickerState {
    return structuredClone({ rows: this.#rows, times: this.#times, deafUntil: this.#deafUntil, frame: this.#frame });
  }

  /**
   * Goes on exactly where the picker was that the state is of.
   * @throws {RangeError} when that one had another number of bars.
   */
  restore(state: StrikePickerState): void {
    const { rows, times, deafUntil, frame } = structuredClone(state);
    if (deafUntil.length !== this.#bars.length) {
      throw new RangeError(`expected a state of ${this.#bars.length} bars, got ${deafUntil.length}`);
    }
    this.#rows = [...rows];
    this.#times = [...times];
    this.#deafUntil.set(deafUntil);
    this.#frame = frame;
  }

  /**
   * Takes one frame and returns the strikes it proves, low bars first. The arrays are copied.
   * @throws {RangeError} when the number of values is not the number of bars, or time does not increase.
   */
  push({ time, onset, velocity, offset }: PickFrame): Strike[] {
    const bars = this.#bars.length;
    if (onset.length !== bars) throw new RangeError(`expected ${bars} onset probabilities, got ${onset.length}`);
    const last = this.#times.at(-1);
    if (last !== undefined && !(time > last)) throw new RangeError(`expected a time after ${last} s, got ${time} s`);
    this.#times.push(time);
    if (this.#times.length > this.latency + 4 && this.#times.length > 4) this.#times.shift();
    this.#rows.push({
      time,
      onset: Float32Array.from(onset),
      velocity: velocity ? Float32Array.from(velocity) : new Float32Array(bars).fill(1),
      ...(offset ? { offset: Float32Array.from(offset) } : {}),
    });
    this.#frame += 1;
    if (this.#rows.length > 3) this.#rows.shift();
    return this.#rows.length === 3 ? this.#peaks() : [];
  }

  /** The strikes that only a further, silent frame would prove; call once, at the end of a clip. */
  flush(): Strike[] {
    const [before, last] = [this.#times.at(-2), this.#times.at(-1)];
    if (before === undefined || last === undefined) return [];
    return this.push({ time: last + (last - before), onset: new Float32Array(this.#bars.length) });
  }

  #peaks(): Strike[] {
    const [before, at, after] = this.#rows;
    const { threshold, rivalry, refractory } = this.#rules;
    const found: Strike[] = [];
    this.#bars.forEach(({ midi, row }, bar) => {
      const p = at.onset[bar];
      if (p <= threshold || p <= before.onset[bar] || p < after.onset[bar]) return;
      if (this.#frame < this.#deafUntil[bar]) return;
      const rivalled = [bar - 1, bar + 1].some(
        (beside) =>
          this.#bars.at(beside)?.row === row &&
          beside >= 0 &&
          this.#rows.some(({ onset }) => onset[beside] > p / rivalry),
      );
      if (rivalled) return;
      this.#deafUntil[bar] = this.#frame + refractory;
      const weight = before.onset[bar] + p + after.onset[bar];
      // Contact, in frames from the beginning of the one that the middle one stands for.
      const said = this.#rows.reduce(
        (sum, { onset: own, offset }, i) =>
          sum + own[bar] * (i - 1 + (offset ? Math.min(1.5, Math.max(-0.5, offset[bar])) : 0.5)),
        0,
      );
      found.push({
        time: Math.max(0, this.#timeAt(said / weight - this.#rules.latency)),
        midi,
        velocity: Math.min(1, Math.max(0, at.velocity[bar])),
      });
    });
    return found;
  }

  /** Time of a fractional number of frames from the middle of the three, s; beyond what is known, at the last interval. */
  #timeAt(frames: number): number {
    const times = this.#times;
    const index = times.length - 2 + frames;
    const low = Math.min(Math.max(Math.floor(index), 0), times.length - 2);
    return times[low] + (index - low) * (times[low + 1] - times[low]);
  }
}
