// Strikes to and from Standard MIDI Files; midi-file reads and writes the bytes, the reckoning of time is ours.
// Source: Standard MIDI Files 1.0 (RP-001).
import { parseMidi as parse, writeMidi as format, type MidiData, type MidiEvent } from 'midi-file';
import { SoundError } from '../errors.js';
import type { Strike } from '../types.js';

// A tick is 0.52 ms at 120 beats a minute, so a time is off by 0.26 ms at most.
const ticksPerBeat = 960;
const microsecondsPerBeat = 500_000;
const toTicks = (seconds: number): number => Math.round((seconds * 1e6 * ticksPerBeat) / microsecondsPerBeat);

// General MIDI, counted from 0.
const marimba = 12;
const drumChannel = 9;

/** How strikes become notes. */
export interface MidiOptions {
  /** How long a note lasts, s, unless the same bar is struck again before. Default 0.25. */
  readonly noteLength?: number;
}

/**
 * The bytes of a MIDI file (type 0, program Marimba). Times are exact to 0.3 ms; velocities to 1/127, never 0.
 * @throws {RangeError} for a strike at a negative time, an impossible note, or a velocity outside 0..1.
 */
export function encodeMidi(strikes: readonly Strike[], options: MidiOptions = {}): Uint8Array<ArrayBuffer> {
  const { noteLength = 0.25 } = options;
  if (!(noteLength > 0)) throw new RangeError(`noteLength: expected seconds above 0, got ${noteLength}.`);
  type Timed = MidiEvent & { tick: number };
  const events: Timed[] = [];
  const sorted = [...strikes].sort((a, b) => a.time - b.time);
  const ends = new Map<number, Timed>();
  for (const { time, midi, velocity } of sorted) {
    if (!(time >= 0 && time < 100_000)) throw new RangeError(`A strike's time is 0 to 100,000 s, got ${time}.`);
    if (!Number.isInteger(midi) || midi < 0 || midi > 127)
      throw new RangeError(`A note is a MIDI number of 0..127, got ${midi}.`);
    if (!(velocity >= 0 && velocity <= 1)) throw new RangeError(`A velocity is 0..1, got ${velocity}.`);
    const tick = toTicks(time);
    const before = ends.get(midi);
    if (before && before.tick > tick) before.tick = tick;
    const loudness = Math.max(1, Math.round(velocity * 127));
    const end: Timed = {
      tick: toTicks(time + noteLength),
      deltaTime: 0,
      type: 'noteOff',
      channel: 0,
      noteNumber: midi,
      velocity: 0,
    };
    ends.set(midi, end);
    events.push({ tick, deltaTime: 0, type: 'noteOn', channel: 0, noteNumber: midi, velocity: loudness }, end);
  }
  // Ends before beginnings, so that a repeated note is not cut off at once.
  events.sort((a, b) => a.tick - b.tick || Number(a.type === 'noteOn') - Number(b.type === 'noteOn'));
  let now = 0;
  const track: MidiEvent[] = [
    { deltaTime: 0, meta: true, type: 'trackName', text: 'deep-marimba' },
    { deltaTime: 0, meta: true, type: 'setTempo', microsecondsPerBeat },
    { deltaTime: 0, type: 'programChange', channel: 0, programNumber: marimba },
  ];
  for (const { tick, ...event } of events) {
    track.push({ ...event, deltaTime: tick - now });
    now = tick;
  }
  track.push({ deltaTime: 0, meta: true, type: 'endOfTrack' });
  return Uint8Array.from(format({ header: { format: 0, numTracks: 1, ticksPerBeat }, tracks: [track] }));
}

/**
 * Bytes whose slices are there. midi-file believes every length in the file: one beyond its end would read nothing, a negative one
 * would read the same bytes for ever.
 */
class CheckedBytes extends Uint8Array {
  override slice(start = 0, end = this.length): Uint8Array<ArrayBuffer> {
    if (!(start >= 0 && end >= start && end <= this.length))
      throw new Error(`${start}..${end} of ${this.length} bytes`);
    return super.slice(start, end);
  }
}

/** Whether these bytes start like a MIDI file. */
export function isMidi(bytes: Uint8Array): boolean {
  return bytes[0] === 0x4d && bytes[1] === 0x54 && bytes[2] === 0x68 && bytes[3] === 0x64;
}

/**
 * Reads the notes of a MIDI file as strikes, sorted by time: all tracks and channels but the drums (channel 10), tempo changes
 * and time code included. How long a note is held does not matter to a bar.
 * @param name what messages call the file.
 * @throws {SoundError} when it is not a MIDI file, is damaged or cut short, or has no notes.
 */
export function decodeMidi(bytes: Uint8Array, name = 'The MIDI file'): Strike[] {
  const fail = (what: string, cause?: unknown): never => {
    throw new SoundError(`${name} ${what}`, { cause, facts: { file: name } });
  };
  if (!isMidi(bytes)) return fail('is not a MIDI file.');
  let data: MidiData;
  try {
    data = parse(CheckedBytes.from(bytes));
  } catch (cause) {
    return fail('is damaged or cut short; copy or export it again.', cause);
  }
  const { header, tracks } = data;
  if (header.format > 1)
    return fail(`is of type ${header.format}, whose tracks have no common time; save it as type 0 or 1.`);

  type Mark = { tick: number } & ({ beat: number } | { midi: number; velocity: number });
  const marks: Mark[] = [];
  for (const track of tracks) {
    let tick = 0;
    for (const event of track) {
      tick += event.deltaTime;
      if (event.type === 'setTempo') marks.push({ tick, beat: event.microsecondsPerBeat / 1e6 });
      else if (event.type === 'noteOn' && event.channel !== drumChannel && event.velocity > 0) {
        marks.push({ tick, midi: event.noteNumber, velocity: event.velocity / 127 });
      }
    }
  }
  // A tempo counts from its own tick on, whatever track it stands in.
  marks.sort((a, b) => a.tick - b.tick || Number('midi' in a) - Number('midi' in b));
  const { framesPerSecond, ticksPerFrame, ticksPerBeat: perBeat } = header;
  let secondsPerTick =
    framesPerSecond === undefined
      ? microsecondsPerBeat / 1e6 / (perBeat ?? 0)
      : 1 / ((framesPerSecond === 29 ? 30000 / 1001 : framesPerSecond) * (ticksPerFrame ?? 0));
  const strikes: Strike[] = [];
  let time = 0;
  let last = 0;
  for (const mark of marks) {
    time += (mark.tick - last) * secondsPerTick;
    last = mark.tick;
    if ('midi' in mark) strikes.push({ time, midi: mark.midi, velocity: mark.velocity });
    else if (framesPerSecond === undefined) secondsPerTick = mark.beat / (perBeat ?? 0);
  }
  const odd = strikes.some(
    ({ time: at, midi, velocity }) => !Number.isFinite(at) || at < 0 || !(midi >= 0 && midi <= 127) || !(velocity <= 1),
  );
  if (odd) return fail('is damaged: it has impossible notes; export it again.');
  if (strikes.length === 0) return fail('has no notes (drums do not count).');
  return strikes;
}
