// The figure of 2017: the waveform above the map of note amplitudes, note names, seconds; and the strikes.
import { heat, ticks, type Figure, type Shape } from '../figure/figure.js';
import type { NoteAmplitudes, Sound, SoundStream, Strike } from '../types.js';
import { stripRowHeight, stripShapes, type TimeStrip } from './plot-strip.js';
import { isStream, soundBlocks } from './wav-encode.js';

/** Loudness over time at the resolution of a picture. */
export interface Envelope {
  /** Length of the sound, s. */
  readonly duration: number;
  /** Least sample of each stretch; stretches are equally long. */
  readonly low: Float32Array;
  /** Greatest sample of each stretch. */
  readonly high: Float32Array;
}

/**
 * Extremes of the mean of the channels, in bounded memory.
 * @param columns stretches, at most; one without samples reads 0.
 * @throws {SoundError} as the stream does.
 */
export async function soundEnvelope(sound: Sound | SoundStream, columns = 1600): Promise<Envelope> {
  // The length may turn out only at the end: extremes of short stretches first, joined when it is known.
  const step = 256;
  const lows: number[] = [];
  const highs: number[] = [];
  let [low, high, count, frames] = [Infinity, -Infinity, 0, 0];
  for await (const block of isStream(sound) ? sound.blocks() : soundBlocks(sound)) {
    for (let i = 0; i < block[0].length; i++) {
      let mono = 0;
      for (const channel of block) mono += channel[i];
      mono /= block.length;
      if (mono < low) low = mono;
      if (mono > high) high = mono;
      if (++count === step) {
        lows.push(low);
        highs.push(high);
        [low, high, count] = [Infinity, -Infinity, 0];
      }
    }
    frames += block[0].length;
  }
  if (count > 0) {
    lows.push(low);
    highs.push(high);
  }
  const width = Math.min(columns, lows.length);
  const envelope = { low: new Float32Array(width), high: new Float32Array(width) };
  for (const [i, least] of lows.entries()) {
    const column = Math.floor((i * width) / lows.length);
    envelope.low[column] = Math.min(envelope.low[column], least);
    envelope.high[column] = Math.max(envelope.high[column], highs[i]);
  }
  return { duration: frames / sound.sampleRate, ...envelope };
}

/** What to draw besides the amplitudes. */
export interface PlotOptions {
  /** The sound, drawn above the map. */
  readonly envelope?: Envelope;
  /** What was seen, drawn between sound and map. */
  readonly strip?: TimeStrip;
  /** Strikes, marked on the map. */
  readonly strikes?: readonly Strike[];
  /** Heading. Default "Note amplitudes". */
  readonly title?: string;
  /** Level at which the colours begin, dB below the loudest amplitude. Default 60. */
  readonly range?: number;
  /** Width of the figure, pixels. Default 1000. */
  readonly width?: number;
  /** Where the figure begins, s. Default 0. */
  readonly from?: number;
  /** Where it ends, s. Default: the end. */
  readonly to?: number;
}

const ink = '#1b1f24';
const faint = '#68707a';
const hair = '#d5d9de';
const wave = '#3d5a80';
const mark = '#5ce1e6';

/**
 * Draws note amplitudes: a row per note, low at the bottom, colour by level in dB below the loudest. Row k of the data, which hears
 * video frames k, k+1 and k+2, is drawn over the middle one.
 * @throws {RangeError} for a range that is not above 0, a width below 300, or a stretch that is not within the data.
 */
export function plotAmplitudes(amplitudes: NoteAmplitudes, options: PlotOptions = {}): Figure {
  const { envelope, strip, strikes = [], title = 'Note amplitudes', range = 60, width = 1000 } = options;
  if (!(range > 0)) throw new RangeError(`range: expected dB above 0, got ${range}.`);
  if (!(width >= 300)) throw new RangeError(`width: expected at least 300 pixels, got ${width}.`);
  const { data, frames, notes } = amplitudes;
  const frameSeconds = amplitudes.fps.den / amplitudes.fps.num;
  const end = Math.max((frames + 2) * frameSeconds, envelope?.duration ?? 0, strip?.duration ?? 0);
  const { from = 0, to = end } = options;
  if (!(from >= 0 && to > from && from < end)) {
    throw new RangeError(`from and to: expected a stretch of 0 to ${end.toFixed(2)} s, got ${from} to ${to}.`);
  }
  const rowHeight = Math.max(6, Math.min(18, Math.round(640 / notes.length)));
  const left = 58;
  const right = width - 92;
  const waveTop = 46;
  const waveHeight = envelope ? 96 : 0;
  const stripTop = waveTop + waveHeight + (envelope ? 14 : 0);
  const mapTop = stripTop + (strip ? strip.height * stripRowHeight + 10 : 0);
  const mapBottom = mapTop + rowHeight * notes.length;
  const height = mapBottom + 50;
  const x = (seconds: number): number =>
    left + (right - left) * Math.max(0, Math.min(1, (seconds - from) / (to - from)));
  const y = (row: number): number => mapBottom - (row + 1) * rowHeight;
  // Rows whose cells show in the stretch.
  const rows = [
    Math.max(0, Math.floor(from / frameSeconds) - 1),
    Math.min(frames, Math.ceil(to / frameSeconds)),
  ] as const;
  const loudest = data.reduce((greatest, value) => Math.max(greatest, value), 0);

  const shapes: Shape[] = [{ kind: 'text', color: ink, x: left, y: 26, size: 15, text: title }];
  const text = (
    at: Omit<Extract<Shape, { kind: 'text' }>, 'kind' | 'color' | 'size'>,
    color = faint,
    size = 11,
  ): void => {
    shapes.push({ kind: 'text', color: color as typeof ink, size, ...at });
  };

  if (envelope) shapes.push(...waveform(envelope, x, [from, to], waveTop, waveHeight));
  if (strip) shapes.push(...stripShapes(strip, x, [from, to], stripTop));
  shapes.push(
    ...map(amplitudes, loudest, range, x, y, rowHeight, { left, right, top: mapTop, bottom: mapBottom }, rows),
  );

  // Names that fit: all of a marimba's accidentals, every other or less of a longer row.
  const every = Math.ceil(13 / rowHeight);
  for (const [row, note] of notes.entries()) {
    if (row % every === 0)
      text({ x: left - 8, y: y(row) + rowHeight / 2 + 4, text: note.name.replace('#', '♯'), anchor: 'end' }, ink);
  }
  const seconds = ticks(from, to, (right - left) / 90);
  for (const second of seconds) {
    shapes.push({
      kind: 'line',
      color: faint,
      width: 1,
      points: [
        [x(second), mapBottom],
        [x(second), mapBottom + 5],
      ],
    });
    text({ x: x(second), y: mapBottom + 18, text: String(second), anchor: 'middle' });
  }
  text({ x: (left + right) / 2, y: mapBottom + 38, text: 'time (s)', anchor: 'middle' });

  for (const { time, midi, velocity } of strikes) {
    const row = notes.findIndex((note) => note.midi === midi);
    if (row < 0 || time < from || time > to) continue;
    const radius = (0.2 + 0.2 * velocity) * Math.min(rowHeight, 18);
    const at = { x: x(time), y: y(row) + rowHeight / 2 };
    // A dark rim, so that the mark stands out from bright cells as well.
    shapes.push({ kind: 'circle', color: '#000004', ...at, radius: radius + 0.6, width: 2.6 });
    shapes.push({ kind: 'circle', color: mark, ...at, radius, width: 1.6 });
  }

  // The scale.
  const scaleX = right + 18;
  const steps = 60;
  const scaleHeight = mapBottom - mapTop;
  for (let i = 0; i < steps; i++) {
    const top = mapTop + Math.round((scaleHeight * i) / steps);
    const bottom = mapTop + Math.round((scaleHeight * (i + 1)) / steps);
    shapes.push({ kind: 'rects', color: heat(1 - (i + 0.5) / steps), rects: [[scaleX, top, 12, bottom - top]] });
  }
  for (const level of ticks(-range, 0, 6)) {
    const at = mapTop + (scaleHeight * -level) / range;
    shapes.push({
      kind: 'line',
      color: faint,
      width: 1,
      points: [
        [scaleX + 12, at],
        [scaleX + 16, at],
      ],
    });
    text({ x: scaleX + 20, y: at + 4, text: level < 0 ? `−${-level}` : '0' });
  }
  text({ x: width - 12, y: (mapTop + mapBottom) / 2, text: 'level (dB re loudest)', anchor: 'middle', upwards: true });
  if (strikes.length > 0) {
    shapes.push({ kind: 'circle', color: '#000004', x: right - 46, y: 22, radius: 5.6, width: 2.6 });
    shapes.push({ kind: 'circle', color: mark, x: right - 46, y: 22, radius: 5, width: 1.6 });
    text({ x: right, y: 26, text: 'strike', anchor: 'end' });
  }
  const marked = strikes.length > 0 ? ` ${strikes.length} strikes are marked.` : '';
  const above =
    envelope || strip
      ? ` Above it ${[envelope ? 'the waveform' : '', strip ? 'what moved over the bars' : ''].filter(Boolean).join(' and ')}.`
      : '';
  return {
    width,
    height,
    title,
    description:
      `How loud each of ${notes.length} notes (${notes[0].name} to ${notes.at(-1)!.name}) is from ${from.toFixed(1)} to ${to.toFixed(1)} seconds, ` +
      `as colours from black (${range} dB below the loudest, ${loudest.toPrecision(3)}) to pale yellow.${above}${marked}`,
    background: '#ffffff',
    shapes,
  };
}

function waveform(
  envelope: Envelope,
  x: (seconds: number) => number,
  [from, to]: readonly [number, number],
  top: number,
  height: number,
): Shape[] {
  const { duration, low, high } = envelope;
  const peak = high.reduce((greatest, value, i) => Math.max(greatest, value, -low[i]), 0);
  // The scale is the sound's own, rounded up to a tenth, so that a quiet recording still has a shape.
  const full = Math.max(0.001, peak);
  const middle = top + height / 2;
  const level = (value: number): number => middle - (value / full) * (height / 2);
  const column = (seconds: number): number => Math.round((seconds / duration) * low.length);
  const shown = Array.from(
    { length: Math.max(0, Math.min(low.length, column(to)) - column(from)) },
    (_, i) => column(from) + i,
  );
  const at = (i: number): number => x((duration * (i + 0.5)) / low.length);
  const upper = shown.map((i): [number, number] => [at(i), level(high[i]) - 0.35]);
  const lower = shown.map((i): [number, number] => [at(i), level(low[i]) + 0.35]);
  const left = x(from);
  const label = (value: number, text: string): Shape => ({
    kind: 'text',
    color: faint,
    x: left - 8,
    y: level(value) + 4,
    size: 11,
    text,
    anchor: 'end',
  });
  return [
    {
      kind: 'line',
      color: hair,
      width: 1,
      points: [
        [left, middle],
        [x(to), middle],
      ],
    },
    { kind: 'polygon', color: wave, points: [...upper, ...lower.reverse()] },
    label(full, full.toPrecision(2)),
    label(0, '0'),
    label(-full, `−${full.toPrecision(2)}`),
  ];
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The cells, quantised to 64 colours and joined along a row, so that minutes of sound stay a small file. */
function map(
  { data, notes, fps }: NoteAmplitudes,
  loudest: number,
  range: number,
  x: (seconds: number) => number,
  y: (row: number) => number,
  rowHeight: number,
  box: Box,
  [first, end]: readonly [number, number],
): Shape[] {
  const width = notes.length;
  const levels = 64;
  const shown = end - first;
  const columns = Math.min(shown, Math.floor(box.right - box.left));
  const byLevel: [number, number, number, number][][] = Array.from({ length: levels }, () => []);
  const edge = (column: number): number => {
    // Row k over the middle of its three frames.
    const frame = first + (column * shown) / columns + 1;
    return Math.round(2 * x((frame * fps.den) / fps.num)) / 2;
  };
  for (let row = 0; row < width; row++) {
    let from = 0;
    let current = -1;
    for (let column = 0; column <= columns; column++) {
      let level = -1;
      if (column < columns) {
        let greatest = 0;
        const until = first + Math.ceil(((column + 1) * shown) / columns);
        for (let k = first + Math.floor((column * shown) / columns); k < until; k++) {
          greatest = Math.max(greatest, data[k * width + row]);
        }
        const decibels = greatest > 0 ? 20 * Math.log10(greatest / loudest) : -Infinity;
        level = Math.max(0, Math.min(levels - 1, Math.floor((1 + decibels / range) * levels)));
      }
      if (level === current) continue;
      if (current > 0) byLevel[current].push([edge(from), y(row), edge(column) - edge(from), rowHeight]);
      from = column;
      current = level;
    }
  }
  const shapes: Shape[] = [
    { kind: 'rects', color: heat(0), rects: [[box.left, box.top, box.right - box.left, box.bottom - box.top]] },
  ];
  for (const [level, rects] of byLevel.entries()) {
    if (rects.length > 0) shapes.push({ kind: 'rects', color: heat((level + 0.5) / levels), rects });
  }
  // Hair lines between the rows, so that the eye finds the name.
  const lines = notes
    .slice(1)
    .map((_, row): [number, number, number, number] => [box.left, y(row), box.right - box.left, 0.5]);
  shapes.push({ kind: 'rects', color: '#2a2433', rects: lines });
  return shapes;
}
