// Notes: MIDI numbers, names, frequencies, and the sets of notes an instrument has. Names derive from MIDI numbers.

/** A band of frequencies that belongs to one note, Hz. */
export interface Band {
  /** Lower edge, Hz. */
  readonly low: number;
  /** Upper edge, Hz. */
  readonly high: number;
}

/** One note of a set. */
export interface Note {
  /** MIDI number, 69 = A4. */
  readonly midi: number;
  /** Name with octave, for example "F#4". */
  readonly name: string;
  /** Fundamental, Hz, equal temperament at A4 = 440 Hz. */
  readonly hz: number;
  /** Where the note is looked for in a spectrum. */
  readonly band: Band;
}

const pitchClasses = ['C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B'];

/** Frequency of a MIDI number (fractions allowed), Hz, equal temperament at `a4` Hz. */
export function midiToHz(midi: number, a4 = 440): number {
  return a4 * 2 ** ((midi - 69) / 12);
}

/** MIDI number of a frequency in Hz, with its fraction. */
export function hzToMidi(hz: number, a4 = 440): number {
  return 69 + 12 * Math.log2(hz / a4);
}

/** Name of the nearest note: 73 -> "C#5". */
export function midiToName(midi: number): string {
  const nearest = Math.round(midi);
  return `${pitchClasses[((nearest % 12) + 12) % 12]}${Math.floor(nearest / 12) - 1}`;
}

/**
 * MIDI number of a name such as "F#4", "Gb4" or "c5".
 * @throws {RangeError} when it is not a note name.
 */
export function nameToMidi(name: string): number {
  const match = /^([A-Ga-g])([#b]?)(-?\d+)$/.exec(name.trim());
  if (!match) throw new RangeError(`"${name}" is not a note name; write for example F#4.`);
  const [, letter, accidental, octave] = match;
  const natural = pitchClasses.indexOf(letter.toUpperCase());
  return natural + (accidental === '#' ? 1 : accidental === 'b' ? -1 : 0) + 12 * (Number(octave) + 1);
}

/** Notes of an instrument, low to high. */
export type NoteSet = readonly Note[];

/**
 * A set of notes from MIDI numbers, with bands of half a semitone to each side.
 * @throws {RangeError} for an empty list, a number outside 0..127, or two equal numbers.
 */
export function noteSet(midi: readonly number[]): NoteSet {
  if (midi.length === 0) throw new RangeError('A note set needs at least one note, got none.');
  for (const number of midi) {
    if (!Number.isInteger(number) || number < 0 || number > 127) {
      throw new RangeError(`A note is a MIDI number of 0..127, got ${number}.`);
    }
  }
  if (new Set(midi).size !== midi.length)
    throw new RangeError(`A note set names each note once, got ${midi.join(' ')}.`);
  return [...midi]
    .sort((a, b) => a - b)
    .map((number) => ({
      midi: number,
      name: midiToName(number),
      hz: midiToHz(number),
      band: { low: midiToHz(number - 0.5), high: midiToHz(number + 0.5) },
    }));
}

// MIDI number and band of the eighteen bars, Hz. Source: marimba_freq_and_ranges.mat of "Deep Auditory Hallucinations"
// (2017, Apache-2.0).
const gt18: readonly (readonly [midi: number, low: number, high: number])[] = [
  [66, 359.61, 380.995],
  [68, 403.65, 427.65],
  [70, 453.08, 480.02],
  [73, 538.81, 570.85],
  [75, 604.79, 640.755],
  [78, 719.225, 761.99],
  [80, 807.3, 855.305],
  [82, 906.165, 960.05],
  [85, 1077.615, 1141.695],
  [87, 1209.585, 1281.51],
  [90, 1438.445, 1523.98],
  [92, 1614.6, 1710.61],
  [94, 1812.33, 1920.095],
  [97, 2155.23, 2283.39],
  [99, 2419.17, 2563.02],
  [102, 2876.895, 3047.96],
  [104, 3229.2, 3421.22],
  [106, 3624.655, 3840.19],
];

/**
 * The eighteen bars of the 2017 recordings: the accidentals F#4..A#7 of a 3 1/2 octave instrument, with the bands in
 * which the 2017 project looked for them.
 */
export const GT18: NoteSet = gt18.map(([midi, low, high]) => ({
  midi,
  name: midiToName(midi),
  hz: midiToHz(midi),
  band: { low, high },
}));
