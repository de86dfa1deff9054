// From notes to sound, offline: strikes or amplitudes in, mono samples out.
import { loadKernels, type Kernels } from '../kernels/module.js';
import type { NoteAmplitudes, Strike } from '../types.js';
import type { ExemplarBank } from './exemplar-bank.js';
import { ExemplarIndex } from './exemplar-retrieval.js';
import { ExemplarVoice } from './exemplar-voice.js';
import { barEnvelope, type Tuning } from './marimba-bars.js';
import { pickStrikes } from './pick-strikes.js';
import { neededExemplars, openSines, openStrikeVoice, type VoiceName } from './voices.js';

/** How {@link synthesize} sounds. */
export interface SynthesisOptions {
  /** Default `modal`. */
  readonly voice?: VoiceName;
  /** Where overtones lie. Default: `gt` for the modal voice, none for the additive one, as in 2017; exemplars have their own. */
  readonly tuning?: Tuning;
  /** The recordings of the `exemplar` voice, from `readExemplars()`. */
  readonly exemplars?: ExemplarBank;
  /**
   * What was struck when, where that is known better than the amplitudes tell it; for the `exemplar` voice of amplitudes.
   * Default: {@link pickStrikes}.
   */
  readonly strikes?: readonly Strike[];
  /** Samples per second, 8000 to 192000. Default 48000. */
  readonly sampleRate?: number;
  /** Length of the sound, seconds. Default: that of the video, or until the last strike has died away by 80 dB (its recording ended). */
  readonly duration?: number;
  /** Frequency of A4, Hz, 400 to 480. Default 440. */
  readonly a4?: number;
}

// Rendered a piece at a time: what a piece needs stays in the processor's cache.
const piece = 4096;

function checkStrikes(strikes: readonly Strike[]): void {
  for (const { time, midi, velocity } of strikes) {
    if (!(time >= 0 && time < 1e6)) throw new RangeError(`A strike's time is seconds of 0 or more, got ${time}.`);
    if (!Number.isInteger(midi) || midi < 0 || midi > 127) {
      throw new RangeError(`A strike's midi is a whole number of 0..127, got ${midi}.`);
    }
    if (!(velocity >= 0 && velocity <= 1)) throw new RangeError(`A strike's velocity is 0..1, got ${velocity}.`);
  }
}

/** When a strike has died away by 80 dB, seconds. */
function silenceAfter({ time, midi }: Strike): number {
  return time + Math.log(1e4) * Math.max(...barEnvelope(midi).map(({ tau }) => tau));
}

/**
 * Turns strikes or amplitudes into sound.
 *
 * `modal` plays strikes on modelled bars; amplitudes are first read as strikes ({@link pickStrikes}). `additive` gives
 * each note an oscillator: amplitudes, which stand for the middle of their three video frames, are interpolated and
 * multiplied with it, as in 2017; strikes get the decay of the modelled bars. Additive sound of amplitudes is linear in
 * them: a unit amplitude is a unit sine, and nothing keeps the sum within +-1. All other sound does keep within +-1.
 *
 * `exemplar` plays recordings. At each strike in amplitudes, the exemplar whose own amplitudes are most like the next eight
 * rows is looked up among those of the bar and its neighbours, and played as loud as the rows say: a unit amplitude is a unit
 * sine. A strike without amplitudes takes the exemplar nearest in level.
 *
 * @returns mono samples, linear.
 * @throws {RangeError} when an option, a strike or the shape of the amplitudes is out of range.
 * @throws {TypeError} for the exemplar voice without exemplars.
 * @throws {UnsupportedError} without WebAssembly SIMD.
 *
 * **Source:** Hantrakul et al., "Deep Auditory Hallucinations" (2017), for the additive voice; Owens et al., "Visually
 * Indicated Sounds" (2016), for the exemplar voice.
 */
export async function synthesize(
  input: NoteAmplitudes | readonly Strike[],
  options: SynthesisOptions = {},
): Promise<Float32Array> {
  const { voice = 'modal', tuning, sampleRate = 48_000, duration, a4 = 440 } = options;
  if (!Number.isInteger(sampleRate) || sampleRate < 8000 || sampleRate > 192_000) {
    throw new RangeError(`sampleRate: expected a whole number of 8000..192000, got ${sampleRate}.`);
  }
  if (duration !== undefined && !(duration >= 0 && duration <= 1e5)) {
    throw new RangeError(`duration: expected seconds of 0..100000, got ${duration}.`);
  }
  if (!(a4 >= 400 && a4 <= 480)) throw new RangeError(`a4: expected 400..480 Hz, got ${a4}.`);
  const kernels = await loadKernels();
  let seconds = duration;
  let strikes: readonly Strike[];
  if ('frames' in input) {
    const { data, frames, notes, fps } = input;
    if (data.length !== frames * notes.length || notes.length === 0) {
      throw new RangeError(`Amplitudes: expected ${frames} x ${notes.length} values, got ${data.length}.`);
    }
    // Two video frames more than there are rows.
    seconds ??= frames === 0 ? 0 : ((frames + 2) * fps.den) / fps.num;
    if (voice === 'additive') {
      const sound = new Float32Array(Math.round(seconds * sampleRate));
      if (frames === 0) return sound;
      const midi = notes.map((note) => note.midi);
      // A row of silence ends the last frame; further frames, should the sound be longer than the video, are silent too.
      const more = Math.max(1, Math.ceil((seconds * fps.num) / fps.den) - frames + 2);
      const shape = { fps, rows: frames + more, delay: 1.5 };
      const sines = openSines(kernels, { midi, sampleRate, tuning, a4, samples: piece }, shape);
      sines.amplitudes.set(data);
      render(sines, sound);
      return sound;
    }
    if (voice === 'exemplar') {
      if (options.strikes) checkStrikes(options.strikes);
      const sound = new Float32Array(Math.round(seconds * sampleRate));
      const struck = options.strikes ?? pickStrikes(input);
      if (struck.length === 0) return sound;
      render(await openRetrieval(kernels, input, struck, { bank: neededExemplars(options), sampleRate, a4 }), sound);
      return sound;
    }
    strikes = pickStrikes(input);
  } else {
    strikes = input;
    checkStrikes(strikes);
    const ring = voice === 'exemplar' ? longestOf(neededExemplars(options)) : undefined;
    seconds ??= strikes.reduce((end, strike) => Math.max(end, ring ? strike.time + ring : silenceAfter(strike)), 0);
  }
  const sound = new Float32Array(Math.round(seconds * sampleRate));
  if (strikes.length === 0) return sound;
  const midi = [...new Set(strikes.map((strike) => strike.midi))].sort((a, b) => a - b);
  const player = openStrikeVoice(kernels, voice, {
    midi,
    sampleRate,
    tuning,
    exemplars: options.exemplars,
    a4,
    samples: piece,
    strikes: strikes.length,
  });
  for (const strike of strikes) {
    player.strike(midi.indexOf(strike.midi), strike.velocity, strike.time * sampleRate);
  }
  render(player, sound);
  return sound;
}

/** How long the longest recording rings, seconds. */
function longestOf({ exemplars, sampleRate }: ExemplarBank): number {
  return Math.max(...exemplars.map(({ samples }) => samples.length)) / sampleRate;
}

/** The exemplar voice with all it will play: for each strike, what the amplitudes around it are most like. */
async function openRetrieval(
  kernels: Kernels,
  amplitudes: NoteAmplitudes,
  strikes: readonly Strike[],
  { bank, sampleRate, a4 }: { bank: ExemplarBank; sampleRate: number; a4: number },
): Promise<ExemplarVoice> {
  const index = await ExemplarIndex.open(bank, amplitudes.notes, amplitudes.fps);
  const found = strikes.map((strike) => index.find(amplitudes, strike, strikes));
  const midi = [...new Set(strikes.map((strike, i) => found[i]?.midi ?? strike.midi))];
  const voice = new ExemplarVoice(kernels, { bank, midi, sampleRate, a4, samples: piece, strikes: strikes.length });
  strikes.forEach((strike, i) => {
    const at = strike.time * sampleRate;
    const exemplar = found[i];
    if (exemplar) voice.play(midi.indexOf(exemplar.midi), exemplar.which, exemplar.peak, at);
    else voice.strike(midi.indexOf(strike.midi), strike.velocity, at);
  });
  return voice;
}

function render(from: { readonly output: Float32Array; run(samples?: number): void }, sound: Float32Array): void {
  for (let at = 0; at < sound.length; at += piece) {
    const samples = Math.min(piece, sound.length - at);
    from.run(samples);
    sound.set(from.output.subarray(0, samples), at);
  }
}
