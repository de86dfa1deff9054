// How far one clock lies behind another, where every look at them may come late: the least that was seen of late.

/**
 * The least of the last `span` to twice as many lags. A look that comes late shows too large a lag, never too small a one, so the
 * least one is the truth; forgetting lets it follow clocks that drift. Nothing is allocated after construction.
 */
export class ClockLag {
  readonly #span: number;
  readonly #jump: number;
  // Of the half before, and of this one.
  readonly #least = new Float64Array(2).fill(Infinity);
  #count = 0;

  /**
   * @param span lags per half of the memory.
   * @param jump a lag this much above the least means that a clock was set or stopped: all before is forgotten.
   */
  constructor(span: number, jump: number) {
    this.#span = span;
    this.#jump = jump;
  }

  /** The least lag; Infinity before the first. */
  get least(): number {
    return Math.min(this.#least[0], this.#least[1]);
  }

  /** Takes one lag. */
  push(lag: number): void {
    const least = this.#least;
    if (lag > this.least + this.#jump) this.reset();
    if (this.#count === this.#span) {
      this.#count = 0;
      least[0] = least[1];
      least[1] = Infinity;
    }
    this.#count += 1;
    if (lag < least[1]) least[1] = lag;
  }

  /** Forgets all lags. */
  reset(): void {
    this.#least.fill(Infinity);
    this.#count = 0;
  }
}
