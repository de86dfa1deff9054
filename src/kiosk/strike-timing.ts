// When a strike that was seen is to sound: as soon as can be, and with the rhythm it was played in.
import { ClockLag } from '../sound/clock-lag.js';

// Frames whose arrival is remembered at least: eight seconds at 30 a second.
const span = 240;
// A frame this much later than its time says, in ms: the source was paused, or its clock set.
const jump = 1500;
// Strikes whose readiness is remembered.
const remembered = 32;
// The share of strikes that is ready when it is due. The rest sounds a few ms late, which is heard less than waiting for it.
const ready = 0.65;
// The most a strike waits for the sake of its rhythm, ms.
const most = 120;

/**
 * Puts strikes on the wall clock.
 *
 * A frame's time stamp is what its source says, its arrival is late by more or less; the least lateness of late links both
 * clocks. A strike's contact lies between frames, so at its decision it is between half a frame and some frames old. All
 * strikes sound equally long after contact, as long as 65 % of the last ones took to be decided: rhythm is kept to a few ms,
 * and little is waited.
 */
export class StrikeTiming {
  readonly #lag = new ClockLag(span, jump);
  readonly #ages = new Float64Array(remembered);
  readonly #sorted = new Float64Array(remembered);
  #count = 0;
  #delay = 0;

  /** ms from contact to sound. */
  get delay(): number {
    return this.#delay;
  }

  /** Takes a frame: its time by its source, s, and its arrival, ms. */
  frame(time: number, arrived: number): void {
    this.#lag.push(arrived - 1000 * time);
  }

  /** When something was to be seen, ms on the clock of arrivals; at the earliest, for what came before it took its time as well. */
  contact(time: number): number {
    return 1000 * time + this.#lag.least;
  }

  /** When a strike is to sound that is decided now, ms; a time that has passed means at once. */
  due(contact: number, now: number): number {
    this.#ages[this.#count % remembered] = now - contact;
    this.#count += 1;
    const count = Math.min(this.#count, remembered);
    this.#sorted.set(this.#ages);
    const sorted = this.#sorted.subarray(0, count).sort();
    // The first strikes know only themselves.
    this.#delay = Math.min(sorted[Math.min(count - 1, Math.floor(ready * count))], sorted[0] + most);
    return contact + this.#delay;
  }

  /** Forgets the source's clock, as after a jump in its times; how long strikes take is remembered. */
  reset(): void {
    this.#lag.reset();
  }
}
