// Voices: what turns strikes or amplitudes into sound, offline and on the audio thread alike.
import { ModalBank, type ModalBar } from '../kernels/modal-bank.js';
import type { Kernels } from '../kernels/module.js';
import { OscillatorBank, type SinePartial } from '../kernels/oscillator-bank.js';
import type { FrameRate } from '../frame-rate.js';
import { midiToHz } from '../notes.js';
import type { ExemplarBank } from './exemplar-bank.js';
import { ExemplarVoice } from './exemplar-voice.js';
import { barEnvelope, clickTau, marimbaBar, tunings, type Tuning } from './marimba-bars.js';

/** Names of the voices. */
export type VoiceName = 'additive' | 'modal' | 'exemplar';

/** What a voice is opened for. */
export interface VoiceOptions {
  /** MIDI numbers of its bars; a strike names one by its place in this list. */
  readonly midi: readonly number[];
  /** Samples per second. */
  readonly sampleRate: number;
  /** Where overtones lie. Default: `gt` for the modal voice, none for the additive one, as in 2017; exemplars have their own. */
  readonly tuning?: Tuning;
  /** The recordings of the `exemplar` voice. */
  readonly exemplars?: ExemplarBank;
  /** Frequency of A4, Hz. Default 440. */
  readonly a4?: number;
  /** The most samples one `run` may ask for. Default 128. */
  readonly samples?: number;
  /** Strikes that can wait at a time. Default 256. */
  readonly strikes?: number;
}

/**
 * What plays strikes, block by block: {@link ModalBank}, {@link ExemplarVoice}.
 * `strike` and `run` allocate nothing, so that both may be called on the audio thread.
 */
export interface StrikeVoice {
  /** Mono samples, valid until the next `run`. */
  readonly output: Float32Array;
  /** Sample that the next run begins with. */
  readonly position: number;
  /**
   * Strikes the bar in place `bar` of the voice's list at sample `at`; a time that has passed means now. `velocity` is
   * linear, 0..1. Answers false when too many strikes wait.
   */
  strike(bar: number, velocity: number, at?: number): boolean;
  /** Renders the next `samples` samples into the front of `output`. */
  run(samples?: number): void;
  /** Silences everything, forgets waiting strikes, and goes back to sample 0. */
  reset(): void;
}

// Levels of the overtones of an amplitude that is given, not struck. They sound as long as their note, so they are
// lower than at a strike, where they die away first.
const overtoneGains = [0.25, 0.05] as const;

/** The sines that sound for one amplitude. */
function partialsOf(tuning: Tuning | undefined): SinePartial[] {
  const overtones = tuning ? tunings[tuning].map((ratio, i) => ({ ratio, gain: overtoneGains[i] })) : [];
  return [{ ratio: 1, gain: 1 }, ...overtones];
}

/** A bar of the additive voice: every sine follows the envelope of the first partial; nothing clicks. */
function additiveBar(midi: number, a4: number, tuning: Tuning | undefined): ModalBar {
  const hz = midiToHz(midi, a4);
  return {
    modes: partialsOf(tuning).flatMap(({ ratio, gain }) =>
      barEnvelope(midi).map((decay) => ({ hz: hz * ratio, gain: gain * decay.gain, tau: decay.tau })),
    ),
  };
}

/** @throws {TypeError} when there are none. */
export function neededExemplars({ exemplars }: { readonly exemplars?: ExemplarBank }): ExemplarBank {
  if (exemplars) return exemplars;
  throw new TypeError('exemplars: expected a bank for the exemplar voice, got none; readExemplars() reads one.');
}

/**
 * Opens a voice for strikes. `modal` rings like the bars of the 2017 instrument; `additive` gives each strike's sines
 * the envelope of those bars' first partial; `exemplar` plays recordings.
 * @throws {RangeError} when an option is out of range.
 * @throws {TypeError} for `exemplar` without exemplars.
 */
export function openStrikeVoice(kernels: Kernels, name: VoiceName, options: VoiceOptions): StrikeVoice {
  const { midi, sampleRate, tuning, a4 = 440, samples, strikes } = options;
  if (name === 'exemplar') {
    return new ExemplarVoice(kernels, { bank: neededExemplars(options), midi, sampleRate, a4, samples, strikes });
  }
  const bars = midi.map((number) => {
    if (name === 'additive') return additiveBar(number, a4, tuning);
    const bar = marimbaBar(number, { tuning, a4 });
    // White noise spreads over all frequencies there are: as loud per Hz as it was fitted at 48 kHz.
    return { ...bar, click: (bar.click ?? 0) * Math.sqrt(sampleRate / 48_000) };
  });
  return new ModalBank(kernels, { bars, sampleRate, samples, strikes, clickTau });
}

/**
 * Opens the additive voice for amplitudes: one oscillator per note and partial, amplitudes per row.
 * @param rows what {@link OscillatorBank} asks for besides the notes.
 * @throws {RangeError} when an option is out of range.
 */
export function openSines(
  kernels: Kernels,
  options: Omit<VoiceOptions, 'strikes'>,
  rows: { readonly fps: FrameRate | number; readonly rows: number; readonly delay?: number },
): OscillatorBank {
  const { midi, sampleRate, tuning, a4 = 440, samples } = options;
  const hz = midi.map((number) => midiToHz(number, a4));
  return new OscillatorBank(kernels, { ...rows, hz, sampleRate, samples, partials: partialsOf(tuning) });
}
