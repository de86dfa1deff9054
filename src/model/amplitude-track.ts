// Strikes to amplitudes, frame by frame: how strongly each bar rings, for models that tell strikes alone.
import { barEnvelope, barGain, type Decay } from '../bar-envelope.js';
import type { Strike } from '../types.js';

/** How strongly the notes sound at one moment. */
export interface FrameAmplitudes {
  /** Presentation time of the frame, s. */
  readonly time: number;
  /** [notes], linear: 1 is a strike of full force at its loudest. The receiver's to keep. */
  readonly amplitudes: Float32Array;
}

/** What an {@link AmplitudeTrack} remembers. Plain data. */
export interface AmplitudeTrackState {
  readonly times: readonly number[];
  /** By bar; NaN before the first strike. */
  readonly struck: Float64Array;
  readonly velocity: Float32Array;
  readonly coming: readonly (readonly [bar: number, time: number, velocity: number])[];
}

/**
 * Amplitudes that strikes leave behind: each bar rings as that of the 2017 instrument does, with the velocity of its last
 * strike. The row of a frame is read at the frame's end and is known some frames later, when all its strikes are.
 */
export class AmplitudeTrack {
  readonly #midi: readonly number[];
  readonly #envelopes: readonly (readonly Decay[])[];
  readonly #latency: number;
  // Frames whose row is still to come.
  #times: number[] = [];
  #struck: Float64Array;
  #velocity: Float32Array;
  // Known, but of frames to come.
  #coming: [bar: number, time: number, velocity: number][] = [];

  /**
   * @param midi of the bars.
   * @param latency frames after which all strikes of a frame are known; at least 1.
   */
  constructor(midi: readonly number[], latency: number) {
    this.#midi = midi;
    this.#envelopes = midi.map(barEnvelope);
    this.#latency = Math.max(1, latency);
    this.#struck = new Float64Array(midi.length).fill(NaN);
    this.#velocity = new Float32Array(midi.length);
  }

  /** Forgets everything. */
  reset(): void {
    this.#times = [];
    this.#coming = [];
    this.#struck.fill(NaN);
  }

  /** Takes a frame and the strikes it proved; returns the rows that are known by now, at most one in a steady stream. */
  push(time: number, strikes: readonly Strike[]): FrameAmplitudes[] {
    for (const strike of strikes) {
      this.#midi.forEach((midi, bar) => {
        if (midi === strike.midi) this.#coming.push([bar, strike.time, strike.velocity]);
      });
    }
    this.#times.push(time);
    return this.#rows(this.#latency);
  }

  /** The rows that are left, once the last strikes are known. */
  flush(strikes: readonly Strike[]): FrameAmplitudes[] {
    const [before, last] = [this.#times.at(-2), this.#times.at(-1)];
    if (last === undefined) return [];
    // The last frame lasts as long as the one before it.
    return [...this.push(last + (before === undefined ? 0.04 : last - before), strikes), ...this.#rows(1)];
  }

  /** What it remembers; a copy. */
  snapshot(): AmplitudeTrackState {
    return structuredClone({
      times: this.#times,
      struck: this.#struck,
      velocity: this.#velocity,
      coming: this.#coming,
    });
  }

  /** Goes on from what another of the same bars remembered. */
  restore(state: AmplitudeTrackState): void {
    const { times, struck, velocity, coming } = structuredClone(state);
    this.#times = [...times];
    this.#struck = struck;
    this.#velocity = velocity;
    this.#coming = coming.map(([bar, time, force]) => [bar, time, force]);
  }

  #rows(keep: number): FrameAmplitudes[] {
    const rows: FrameAmplitudes[] = [];
    while (this.#times.length > keep) {
      const [time, end] = this.#times;
      this.#times.shift();
      this.#coming = this.#coming.filter(([bar, at, velocity]) => {
        if (at >= end) return true;
        this.#struck[bar] = at;
        this.#velocity[bar] = velocity;
        return false;
      });
      const amplitudes = Float32Array.from(this.#envelopes, (envelope, bar) => {
        const since = end - this.#struck[bar];
        if (Number.isNaN(since)) return 0;
        const level = envelope.reduce((sum, { gain, tau }) => sum + gain * Math.exp(-since / tau), 0);
        return (this.#velocity[bar] * level) / barGain;
      });
      rows.push({ time, amplitudes });
    }
    return rows;
  }
}
