// What the page and the audio thread say to each other. Times are seconds on the context's clock.
import type { Kernels } from '../kernels/module.js';
import type { ExemplarBank } from './exemplar-bank.js';
import type { Tuning } from './marimba-bars.js';
import type { VoiceName } from './voices.js';

/** Name under which the processor registers itself. */
export const processorName = 'deep-marimba';

/** What the page hands over when it makes the processor. */
export interface MarimbaProcessorOptions {
  /** Compiled kernels; the audio thread makes its own instances. */
  readonly kernels: Kernels;
  /** Which voice. */
  readonly voice: VoiceName;
  /** MIDI numbers of the bars. */
  readonly midi: readonly number[];
  /** Where overtones lie. */
  readonly tuning?: Tuning;
  /** The recordings of the exemplar voice, at the context's rate. */
  readonly exemplars?: ExemplarBank;
  /** Frequency of A4, Hz. */
  readonly a4: number;
  /** Whether a device waits for the sound, so that lateness counts. */
  readonly live: boolean;
}

/** From the page to the audio thread. */
export type ToProcessor =
  | {
      readonly type: 'strikes';
      /** Three numbers per strike: time, place of the bar, velocity. */
      readonly strikes: Float64Array;
    }
  | {
      readonly type: 'amplitudes';
      /** [rows x notes], linear. */
      readonly data: Float32Array;
      /** What the first row stands for. */
      readonly time: number;
      /** From row to row. */
      readonly step: number;
    }
  | {
      readonly type: 'receive';
      /** Strikes come in here, see `MarimbaNode.receive`. */
      readonly port: MessagePort;
    }
  | { readonly type: 'silence' }
  | { readonly type: 'close' }
  /** Collect the garbage of the audio thread: a break in the sound that may be heard. */
  | { readonly type: 'make room' }
  | { readonly type: 'status' };

/** From the audio thread to the page. */
export type FromProcessor =
  | { readonly type: 'ready' }
  /** It has rendered its last block. */
  | { readonly type: 'closed' }
  | { readonly type: 'problem'; readonly message: string }
  | { readonly type: 'status'; readonly rendered: number; readonly underruns: number };
