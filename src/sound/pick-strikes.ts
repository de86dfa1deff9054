// From amplitudes to strikes: where and how hard each note was struck, read off its rise.
import type { NoteAmplitudes, Strike } from '../types.js';
import { barEnvelope, barGain } from './marimba-bars.js';

/** How strikes are picked. */
export interface PickOptions {
  /** Amplitude of a strike of velocity 1. Default: the loudest strike there is. */
  readonly full?: number;
  /** The softest strike that counts, as a share of `full`. Default 0.03 (-30 dB). */
  readonly floor?: number;
}

// A rise next to one ten times as high is the splatter of that one: a sound that begins inside a window leaks.
const leak = 0.1;

/**
 * How a strike of amplitude 1 reads in windows of three video frames: the highest reading, and how long before the
 * strike (frames) lies the middle of the window that reads half of it.
 */
function response(midi: number, framesPerSecond: number): { readonly height: number; readonly lead: number } {
  const envelope = barEnvelope(midi);
  const [steps, from] = [150, -1.5];
  const reading = (strike: number): number => {
    let sum = 0;
    let all = 0;
    for (let i = 0; i < steps; i++) {
      const t = from + (3 * (i + 0.5)) / steps;
      const window = 0.54 + 0.46 * Math.cos((2 * Math.PI * t) / 3);
      all += window;
      if (t < strike) continue;
      const seconds = (t - strike) / framesPerSecond;
      for (const { gain, tau } of envelope) sum += (window * gain * Math.exp(-seconds / tau)) / barGain;
    }
    return sum / all;
  };
  // From a strike at the window's end to one at its start.
  const readings = Array.from({ length: 61 }, (_, i) => reading(1.5 - 0.05 * i));
  const height = Math.max(...readings);
  const half = readings.findIndex((value) => value >= height / 2);
  const part = (height / 2 - readings[half - 1]) / (readings[half] - readings[half - 1]);
  return { height, lead: 1.5 - 0.05 * (half - 1 + part) };
}

/**
 * Strikes in amplitudes: a note is struck where its amplitude rises, within four rows, by half or more of what was left
 * of the strike before. Row k is the loudness in a Hamming window over video frames k..k+2, so a strike reads lower the
 * faster its bar decays, and reads half before it comes; both are known from the bars' envelopes and corrected. The
 * moment is where the line through the rows crosses half of the rise. Rows that are no numbers count as silence.
 *
 * Notes are read one by one, but for one rule: a rise beside another of ten times its height is taken for its splatter.
 * Overtones that fall into the band of a higher note (3:1 of F#4 is C#6) look like strikes of that note.
 *
 * @returns strikes in order of time, seconds from the first video frame.
 * @throws {RangeError} when `full` or `floor` is not above 0.
 */
export function pickStrikes(amplitudes: NoteAmplitudes, options: PickOptions = {}): Strike[] {
  const { data, frames, notes, fps } = amplitudes;
  const { full, floor = 0.03 } = options;
  for (const [name, value] of Object.entries({ full, floor })) {
    if (value !== undefined && !(value > 0)) throw new RangeError(`${name}: expected a number above 0, got ${value}.`);
  }
  const at = (row: number, note: number): number => {
    const value = row < 0 || row >= frames ? 0 : data[row * notes.length + note];
    return Number.isFinite(value) ? Math.max(0, value) : 0;
  };
  const rises: { midi: number; row: number; top: number; rise: number; strike: number }[] = [];
  notes.forEach(({ midi }, note) => {
    const { height, lead } = response(midi, fps.num / fps.den);
    for (let top = 0; top < frames; top++) {
      // The top of a rise: not below the row before, above the row after.
      if (at(top, note) < at(top - 1, note) || at(top, note) <= at(top + 1, note)) continue;
      let foot = top;
      while (foot >= 0 && foot > top - 4 && at(foot - 1, note) < at(foot, note)) foot--;
      const rise = at(top, note) - at(foot, note);
      if (rise <= 0.5 * at(foot, note)) continue;
      const half = at(foot, note) + rise / 2;
      let row = foot;
      while (at(row + 1, note) < half) row++;
      const between = (half - at(row, note)) / (at(row + 1, note) - at(row, note));
      rises.push({ midi, row: row + between + lead, top, rise, strike: rise / height });
    }
  });
  // The highest rise that tops out in each row.
  const highest = new Float64Array(frames);
  for (const { top, rise } of rises) highest[top] = Math.max(highest[top], rise);
  const heard = rises.filter(
    ({ top, rise }) => rise >= leak * Math.max(...highest.subarray(Math.max(0, top - 2), top + 3)),
  );
  const loudest = full ?? heard.reduce((most, { strike }) => Math.max(most, strike), 0);
  return heard
    .filter(({ strike }) => strike >= floor * loudest)
    .map(({ midi, row, strike }) => ({
      time: Math.max(0, ((row + 1.5) * fps.den) / fps.num),
      midi,
      velocity: Math.min(1, strike / loudest),
    }))
    .sort((a, b) => a.time - b.time);
}
