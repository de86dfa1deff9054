// How the bars of the 2017 instrument ring, and by rule any other bar.
import { barEnvelope, barFit, barGain, fromDb } from '../bar-envelope.js';
import type { BarMode, ModalBar } from '../kernels/modal-bank.js';
import { midiToHz } from '../notes.js';

export { barEnvelope, barGain, type Decay, instrumentA4 } from '../bar-envelope.js';

/** How the overtones of bars lie: `gt` 3:1 and 6.1:1, as in the 2017 recordings; `marimba` 4:1 and 10:1, as concert bars are cut. */
export type Tuning = 'gt' | 'marimba';

/** Frequencies of the second and third partial of a bar over that of its first. */
export const tunings: Readonly<Record<Tuning, readonly [second: number, third: number]>> = {
  gt: [3, 6.1],
  marimba: [4, 10],
};

// What does not differ from bar to bar.
const thirdTau = 0.014;
/** Time constant of the contact noise, seconds. */
export const clickTau = 0.004;

/**
 * The modes and the contact noise (at 48 kHz) of the bar of a MIDI number, any from 0 to 127, for a {@link ModalBank}.
 * @param options.tuning where the overtones lie; default `gt`.
 * @param options.a4 tuning of the first partials, Hz; default 440.
 * **Source:** the fit described in this file; for velocity and brightness see {@link ModalBank}.
 */
export function marimbaBar(midi: number, options: { tuning?: Tuning; a4?: number } = {}): ModalBar {
  const { tuning = 'gt', a4 = 440 } = options;
  const hz = midiToHz(midi, a4);
  const [, , , , second, secondTau, third, click] = barFit(midi);
  // A strike's push has a spectrum like a Gaussian whose width is one over the contact time. Relative to the first
  // partial, a partial at ratio r then loses exp(-b (r^2 - 1) (velocity^-0.4 - 1)); b gives the second of `gt` 6 dB less
  // at velocity 0.1.
  const overtone = (ratio: number, db: number, tau: number): BarMode => ({
    hz: hz * ratio,
    tau,
    gain: barGain * fromDb(db),
    brightness: 0.057 * (ratio ** 2 - 1),
  });
  const [secondRatio, thirdRatio] = tunings[tuning];
  return {
    modes: [
      ...barEnvelope(midi).map(({ gain, tau }) => ({ hz, gain, tau })),
      overtone(secondRatio, second, secondTau),
      overtone(thirdRatio, third, thirdTau),
    ],
    click: barGain * fromDb(click),
  };
}
