// Undo and redo over values that do not change.

// More steps back than anybody takes.
const most = 200;

/** The states a value has been through. */
export class History<Value> {
  #past: Value[] = [];
  #future: Value[] = [];
  #present: Value;
  #gesture: unknown;

  constructor(first: Value) {
    this.#present = first;
  }

  /** What it is now. */
  get present(): Value {
    return this.#present;
  }

  /** Whether there is something to go back to. */
  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  /** Whether something was undone. */
  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  /**
   * Takes the next state. Neighbouring states of one gesture (a drag, a held key) are one step back.
   * @param gesture what tells gestures apart, by identity; undefined for a step of its own.
   */
  push(value: Value, gesture?: unknown): void {
    if (value === this.#present) return;
    if (gesture === undefined || gesture !== this.#gesture) {
      this.#past.push(this.#present);
      if (this.#past.length > most) this.#past.shift();
    }
    this.#gesture = gesture;
    this.#present = value;
    this.#future = [];
  }

  /** One step back. */
  undo(): void {
    const before = this.#past.pop();
    if (before === undefined) return;
    this.#future.push(this.#present);
    this.#present = before;
    this.#gesture = undefined;
  }

  /** One step forth again. */
  redo(): void {
    const after = this.#future.pop();
    if (after === undefined) return;
    this.#past.push(this.#present);
    this.#present = after;
    this.#gesture = undefined;
  }
}
