// How a struck bar rings on, from the bars of the 2017 instrument, and by rule any other: what sound is made of, and what
// amplitudes are read from.
import { midiToHz } from './notes.js';

// One line per bar: late decay (dB/s), how much more (less, if negative) it decays at first (dB/s) and for how long (s),
// level of the second partial over the first (dB) and its time constant (s), of the third (dB), and of the click (dB).
// Source: our fit to the recorded audio vectors of "Deep Auditory Hallucinations" (2017, Apache-2.0), which it explains
// to 0.04-0.2 dB rms; C#5, F#5 and C#6 fall between the rows of those vectors and are interpolated, F#4 extrapolated.
/**
 * Numbers of one bar, in the order and units described above.
 *
 * **Source:** our fit to the recorded audio vectors of "Deep Auditory Hallucinations" (2017).
 */
export type BarFit = readonly [
  midi: number,
  late: number,
  early: number,
  transition: number,
  second: number,
  secondTau: number,
  third: number,
  click: number,
];
const fitted: readonly BarFit[] = [
  [66, 35.7, -35, 0.18, 0.5, 0.0644, -20.2, -22.8],
  [68, 39, -35, 0.18, 0.5, 0.0644, -20.2, -22.8],
  [70, 42, -36, 0.175, -3.6, 0.0581, -11.8, -19.8],
  [73, 55.9, -47.8, 0.129, -5.4, 0.0433, -18.5, -17.4],
  [75, 67.7, -55.7, 0.098, -6.6, 0.0334, -22.9, -15.8],
  [78, 68.8, -20.1, 0.13, -5.2, 0.0333, -16, -19.3],
  [80, 69.5, 3.6, 0.152, -4.3, 0.0333, -11.3, -21.7],
  [82, 100.1, -59, 0.05, -7.2, 0.0428, -12.9, -23.8],
  [85, 104.8, -23.6, 0.14, -6, 0.0283, -14.5, -17.3],
  [87, 108, 0, 0.2, -6, 0.0186, -15.6, -12.9],
];
const [lowest, highest] = [fitted[0], fitted[fitted.length - 1]];

const attackTau = 0.0015;

/** Amplitude of the first partial at velocity 1: a single strike stays clear of the limiter. */
export const barGain = 0.3;

/** A4 of the 2017 instrument, Hz: its bars were found 8 to 12 cents above 440 Hz tuning. */
export const instrumentA4 = 442;

/** The fit at any MIDI number: between bars by interpolation, beyond them by the power law of decay over frequency. */
export function barFit(midi: number): BarFit {
  const beyond = midi < lowest[0] ? lowest : midi > highest[0] ? highest : undefined;
  if (beyond) {
    const [bar, , early, transition, second, secondTau, third, click] = beyond;
    const hz = midiToHz(midi, instrumentA4);
    // Below the fit all of a bar slows down as its first partial does; above, the overtones keep the decay of the last
    // bar of which anything was to be heard.
    const slower = beyond === lowest ? (midiToHz(bar, instrumentA4) / hz) ** 0.97 : 1;
    return [midi, 0.1149 * hz ** 0.97, early / slower, transition * slower, second, secondTau * slower, third, click];
  }
  const upper = fitted.findIndex((bar) => bar[0] >= midi);
  const above = fitted[upper];
  if (above[0] === midi) return above;
  const below = fitted[upper - 1];
  const t = (midi - below[0]) / (above[0] - below[0]);
  return above.map((value, i) => below[i] + (value - below[i]) * t) as unknown as BarFit;
}

const perDb = Math.LN10 / 20;
/** A level in dB as a factor. */
export const fromDb = (db: number): number => Math.exp(perDb * db);

/** A decaying exponential: gain exp(-t / tau), seconds. */
export interface Decay {
  /** Linear, signed. */
  readonly gain: number;
  /** Seconds. */
  readonly tau: number;
}

/**
 * Envelope of a bar's first partial after a strike of velocity 1, as a sum of exponentials that starts at 0: the late
 * decay, what the early decay differs from it, and the attack.
 *
 * The fit says 10^(-(s t - d c (1 - exp(-t / c))) / 20): a decay in two stages, slow while the resonator feeds the bar.
 * Two exponentials of equal value and slope at 0 and equal end follow that within 0.13 dB once the faster one is made
 * a little faster.
 */
export function barEnvelope(midi: number): readonly Decay[] {
  const [, late, early, transition] = barFit(midi);
  const end = fromDb(-early * transition);
  const slow = late * perDb;
  const envelope: Decay[] = [{ gain: barGain * end, tau: 1 / slow }];
  let start = slow;
  if (early !== 0) {
    start = (late + early) * perDb;
    const fast = ((end * slow - start) / (end - 1)) * (1 + 0.07 * (end - 1));
    envelope.push({ gain: barGain * (1 - end), tau: 1 / fast });
  }
  envelope.push({ gain: -barGain, tau: 1 / (1 / attackTau + start) });
  return envelope;
}
