// Which video frames a model sees, and when: as they come where their rate is one it knows, else taken from them at one.

/** What becomes of frames when one more arrives. */
export interface Due {
  /** Times at which the frame before has to be fed now, s. */
  readonly before: readonly number[];
  /** Whether the new frame is fed at once. */
  readonly now: boolean;
}

/** What a {@link FrameClock} remembers. Plain data. */
export interface FrameClockState {
  readonly intervals: readonly number[];
  readonly period: number | undefined;
  readonly slack: number;
  readonly grid: number;
  readonly held: { readonly time: number; readonly fed: boolean } | undefined;
}

// Networks are trained on whole ranges of tempo and camera: 24 frames per second are as good as 25.
const asGood = Math.log(1.1);
// Intervals that are looked at before the rate counts as known.
const enough = 8;
// A longer silence is a cut, s.
const longest = 1;

/**
 * Resamples frames in time to the nearest rate a model was trained at.
 *
 * A source within 10 % of that rate passes untouched. Otherwise the model's frames lie on a grid, and each is the nearest
 * earlier source frame (or one less than a quarter of a frame late, so that jitter does not count). A frame keeps its true
 * time; only one that is needed twice gets the grid's the second time. Without a rate given, frames pass untouched until
 * eight intervals have shown one, by their median.
 */
export class FrameClock {
  readonly #trained: readonly number[];
  readonly #fps: number | undefined;
  #intervals: number[] = [];
  // Seconds from one frame of the model to the next; undefined while frames pass untouched.
  #period: number | undefined;
  #slack = 0;
  #grid = 0;
  #held: { time: number; fed: boolean } | undefined;

  /**
   * @param trained rates, frames per second.
   * @param fps the source's rate, where it is known.
   */
  constructor(trained: readonly number[], fps?: number) {
    this.#trained = trained;
    this.#fps = fps;
    this.reset();
  }

  /** Rate at which the model sees frames where it is not the source's own. */
  get fps(): number | undefined {
    return this.#period === undefined ? undefined : 1 / this.#period;
  }

  /** Forgets all frames. */
  reset(): void {
    this.#intervals = [];
    this.#held = undefined;
    this.#period = undefined;
    if (this.#fps !== undefined) this.#decide(this.#fps, undefined);
  }

  /** What it remembers; a copy. */
  snapshot(): FrameClockState {
    return {
      intervals: [...this.#intervals],
      period: this.#period,
      slack: this.#slack,
      grid: this.#grid,
      held: this.#held && { ...this.#held },
    };
  }

  /** Goes on exactly where the clock was that the state is of. */
  restore({ intervals, period, slack, grid, held }: FrameClockState): void {
    this.#intervals = [...intervals];
    this.#period = period;
    this.#slack = slack;
    this.#grid = grid;
    this.#held = held && { ...held };
  }

  /** Takes the time of the next frame, s; increasing. */
  arrive(time: number): Due {
    const held = this.#held;
    if (held && this.#fps === undefined && this.#intervals.length < enough) {
      this.#intervals.push(time - held.time);
      if (this.#intervals.length === enough) {
        const median = [...this.#intervals].sort((a, b) => a - b)[enough >> 1];
        this.#decide(1 / median, held.time);
      }
    }
    if (this.#period === undefined) {
      this.#held = { time, fed: true };
      return { before: [], now: true };
    }
    if (!held || time - this.#grid > longest) this.#grid = time;
    const before: number[] = [];
    while (held && this.#grid < time - this.#slack) {
      before.push(held.fed ? this.#grid : held.time);
      held.fed = true;
      this.#grid += this.#period;
    }
    const now = this.#grid <= time + this.#slack;
    if (now) this.#grid += this.#period;
    this.#held = { time, fed: now };
    return { before, now };
  }

  #decide(fps: number, last: number | undefined): void {
    const away = (rate: number): number => Math.abs(Math.log(rate / fps));
    const nearest = this.#trained.reduce((best, rate) => (away(rate) < away(best) ? rate : best));
    if (away(nearest) <= asGood) return;
    this.#period = 1 / nearest;
    this.#slack = Math.min(this.#period, 1 / fps) / 4;
    if (last !== undefined) this.#grid = last + this.#period;
  }
}
