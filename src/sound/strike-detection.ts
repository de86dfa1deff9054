// Picks strikes from recorded sound: when, which bar, how hard. The truth for real recordings, and the way to cut them.
import { SoundError } from '../errors.js';
import { GT18, type NoteSet } from '../notes.js';
import type { Sound, SoundStream, Strike } from '../types.js';
import { longestWindow, momentSeconds, NoteFollower, quantile, type Resonance } from './resonances.js';

/** Choices of `detectStrikes`. */
export interface DetectionOptions {
  /** Notes the instrument has. Default: GT18. */
  readonly notes?: NoteSet;
  /** Quietest strike that counts, relative to the loudest, linear. Default 0.02 (-34 dB). */
  readonly threshold?: number;
}

interface Candidate {
  /** Seconds. */
  readonly time: number;
  /** Amplitude that appeared, linear. */
  readonly level: number;
}

// Overtones a struck bar may have and how strong they may look beside the fundamental: 3:1 (the 2017 instrument,
// xylophones), 4:1 and 10:1 (marimbas), 2.45, 5 (torsion), 6.1. Only a guess to start from: each recording teaches its own.
const overtones: readonly (readonly [ratio: number, level: number])[] = [
  [2.45, 0.2],
  [3, 1.35],
  [4, 0.5],
  [5, 0.2],
  [6.1, 0.9],
  [10, 0.4],
];

/** Strikes closer than this could be one strike heard in two notes, s. */
const together = 0.05;

/** Share of a sine `offset` window-widths away that a Hann window lets through. */
function hannResponse(offset: number): number {
  if (offset < 0.3) return 1;
  if (offset >= 2) return 0.02;
  const x = Math.PI * offset;
  return Math.abs(Math.sin(x) / x / (1 - offset * offset + 1e-9));
}

/** How loud note `to` may look when only note `from` was struck, as a share of `from`'s level. */
function expectedLeak(notes: NoteSet, from: number, to: number, window: number): number {
  let leak = Math.abs(from - to) === 1 ? 0.32 : 0.12;
  for (const [ratio, level] of overtones) {
    const offset = Math.abs(notes[to].hz - ratio * notes[from].hz) * window;
    // A tone that starts abruptly is broader than the window alone would make it.
    leak = Math.max(leak, level * Math.max(hannResponse(offset), 0.5 / Math.max(1, offset)));
  }
  return leak;
}

function candidatesOf({ reach, before, novelty }: Resonance, threshold: number): Candidate[] {
  const floor = quantile(novelty, 0.5);
  const apart = Math.max(8, 2 * reach);
  const found: Candidate[] = [];
  for (let m = 1; m + 1 < novelty.length; m++) {
    const level = novelty[m];
    if (level <= Math.max(threshold, 7 * floor) || level <= 0.3 * before[m]) continue;
    let highest = true;
    for (let i = Math.max(0, m - apart); i <= Math.min(novelty.length - 1, m + apart) && highest; i++) {
      // Of equal peaks the first one counts.
      if (novelty[i] > level || (novelty[i] === level && i < m)) highest = false;
    }
    if (!highest) continue;
    // Contact is where the window after the moment is half full: half the final height, half a window later.
    let i = m;
    while (i > 0 && novelty[i] > level / 2 && m - i < 4 * reach) i--;
    const rise = novelty[i + 1] - novelty[i];
    const fraction = rise > 0 ? (level / 2 - novelty[i]) / rise : 0;
    found.push({ time: Math.max(0, (i + fraction + reach) * momentSeconds), level });
  }
  return found.sort((a, b) => a.time - b.time);
}

/** Those of `list`, which is sorted, that could be heard together with something at `time`. */
function around(list: readonly Candidate[], time: number): readonly Candidate[] {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle].time > time - together) high = middle;
    else low = middle + 1;
  }
  let end = low;
  while (end < list.length && list[end].time < time + together) end++;
  return list.slice(low, end);
}

/** Highest novelty within 32 ms of a time. */
function noveltyNear({ novelty }: Resonance, time: number): number {
  const moment = Math.round(time / momentSeconds);
  return Math.max(0, ...novelty.subarray(Math.max(0, moment - 8), moment + 9));
}

/**
 * Picks the strikes out of a recording, sorted by time.
 *
 * Time is contact, as far as sound tells: within a few ms. **Velocity** is how loud the bar's first partial was, linear, 1 for
 * the loudest strike of the recording. It is what the microphone heard: how loud each bar of that instrument is and how far
 * away it was are in it. Only strikes of the same bar compare as the player's doing.
 *
 * Each note is followed through the sound; what appears beyond the decay of what rang before is a candidate. Going from
 * the lowest note up, a candidate that an overtone or a neighbour of a strike at the same moment explains is dropped; how
 * strong each bar's overtones are is learnt from the strikes already accepted. Two bars a twelfth apart that are struck at
 * the very same moment cannot be told from one bar and its 3:1 overtone, unless the upper one is clearly louder.
 *
 * The sound is read once, block by block, and not kept: an hour with eighteen notes needs some 150 MB.
 * @throws {RangeError} for a threshold outside 0..1, no notes, or channels of different lengths.
 * @throws {SoundError} for a sound that is empty, has a sample that is not a number, or a rate too low for the notes.
 */
export async function detectStrikes(sound: Sound | SoundStream, options: DetectionOptions = {}): Promise<Strike[]> {
  const { notes = GT18, threshold = 0.02 } = options;
  if (!(threshold > 0 && threshold < 1)) {
    throw new RangeError(`threshold: expected a number between 0 and 1, got ${threshold}.`);
  }
  if (notes.length === 0) throw new RangeError('notes: expected one or more, got none.');
  const resonances = await follow(sound, notes);
  // The 99.9th percentile, so that a single thump does not hide the music.
  const loudest = quantile(
    resonances[0].novelty.map((_, m) => resonances.reduce((most, { novelty }) => Math.max(most, novelty[m]), 0)),
    0.999,
  );
  if (loudest === 0) return [];
  const candidates = resonances.map((resonance) => candidatesOf(resonance, threshold * loudest));
  const accepted: Candidate[][] = [];
  // learnt[from][to]: the leak that strikes of `from` have shown so far.
  const learnt: number[][] = [];
  for (let k = 0; k < notes.length; k++) {
    const mine = candidates[k].filter(({ time, level }) =>
      notes.every((_, other) => {
        if (other === k) return true;
        // Below: only strikes that stand. Above: whatever is there, for a neighbour may be the true one.
        const rivals = around(other < k ? accepted[other] : candidates[other], time);
        if (rivals.length === 0) return true;
        const share = other < k ? learnt[other][k] : expectedLeak(notes, other, k, resonances[k].window);
        return rivals.every((rival) => level >= share * rival.level);
      }),
    );
    accepted.push(mine);
    const levels = mine.map(({ level }) => level);
    const high = quantile(levels, 0.9);
    const strong = mine.filter(({ level }) => level > 0.3 * high);
    learnt.push(
      notes.map((_, to) => {
        const expected = expectedLeak(notes, k, to, resonances[to].window);
        if (to <= k || strong.length < 4) return expected;
        const seen = strong.map(({ time, level }) => noveltyNear(resonances[to], time) / level);
        return Math.max(0.06, Math.min(1.6 * quantile(seen, 0.5) + 0.03, expected));
      }),
    );
  }
  const peak = accepted.flat().reduce((most, { level }) => Math.max(most, level), 0);
  return accepted
    .flatMap((list, k) => list.map(({ time, level }) => ({ time, midi: notes[k].midi, velocity: level / peak })))
    .sort((a, b) => a.time - b.time || a.midi - b.midi);
}

/** Follows all notes through a sound as it comes. */
async function follow(sound: Sound | SoundStream, notes: NoteSet): Promise<Resonance[]> {
  const { sampleRate } = sound;
  if (!(sampleRate > 0 && Number.isFinite(sampleRate))) {
    throw new RangeError(`sampleRate: expected samples per second, got ${sampleRate}.`);
  }
  const top = notes.reduce((a, b) => (b.band.high > a.band.high ? b : a));
  if (top.band.high >= sampleRate / 2) {
    throw new SoundError(
      `A sound of ${sampleRate} samples per second holds nothing above ${sampleRate / 2} Hz, but the note ${top.name} reaches up to ${Math.ceil(top.band.high)} Hz.`,
      { facts: { sampleRate } },
    );
  }
  const seconds = 'blocks' in sound ? (sound.duration ?? 0) : (sound.channels[0]?.length ?? 0) / sampleRate;
  const expected = Math.ceil(seconds / momentSeconds) + 1;
  const followers = notes.map((note) => {
    const others = notes.filter((other) => other !== note).map((other) => Math.abs(other.hz - note.hz));
    return new NoteFollower(sampleRate, note, Math.min(note.hz / 8, ...others), expected);
  });
  // Mono samples around the moment: half a window before it, half a window after it, and room for what comes.
  const half = Math.ceil((longestWindow * sampleRate) / 2);
  const hop = momentSeconds * sampleRate;
  const span = new Float32Array(2 * half + 32_768);
  let filled = half; // Silence before the start.
  let start = -half;
  let position = 0;
  let moment = 0;
  const advance = (): void => {
    for (; Math.round(moment * hop) + half < start + filled; moment++) {
      const centre = Math.round(moment * hop) - start;
      for (const follower of followers) follower.measure(span, centre);
    }
    const gone = Math.max(0, Math.min(filled, Math.round(moment * hop) - half - start));
    span.copyWithin(0, gone, filled);
    start += gone;
    filled -= gone;
  };
  for await (const channels of 'blocks' in sound ? sound.blocks() : [sound.channels]) {
    const length = channels.length === 0 ? 0 : channels[0].length;
    if (channels.some((channel) => channel.length !== length)) {
      const lengths = channels.map((channel) => channel.length).join(' and ');
      throw new RangeError(`Expected a sound with channels of equal length, got lengths ${lengths}.`);
    }
    for (let i = 0; i < length;) {
      const count = Math.min(length - i, span.length - filled);
      const odd = mixInto(span, filled, channels, i, count);
      if (odd !== undefined) {
        const at = (position + odd) / sampleRate;
        throw new SoundError(`The sound has a sample that is not a number, ${at.toFixed(3)} s from its start.`, {
          facts: { seconds: at },
        });
      }
      i += count;
      filled += count;
      position += count;
      advance();
    }
  }
  if (position === 0) throw new SoundError('The sound is empty: it has no samples.');
  // Silence after the end.
  for (let rest = half; rest > 0;) {
    const count = Math.min(rest, span.length - filled);
    span.fill(0, filled, filled + count);
    filled += count;
    rest -= count;
    advance();
  }
  return followers.map((follower) => follower.finish());
}

/** Writes the mean of all channels; answers the first place that is not a finite number, if any. */
function mixInto(
  target: Float32Array,
  to: number,
  channels: readonly Float32Array[],
  from: number,
  count: number,
): number | undefined {
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (const channel of channels) sum += channel[from + i];
    const mean = sum / channels.length;
    if (mean - mean !== 0) return i;
    target[to + i] = mean;
  }
  return undefined;
}
