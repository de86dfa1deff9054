// Rows of bars where the network paints them.
import { barCores } from './bar-cores.js';
import type { WholeRow } from './complete-row.js';
import type { EdgeField } from './edge-field.js';
import { keyboardRows } from './second-row.js';
import type { PaintedPicture } from './paint-bars.js';
import { paintedRows } from './painted-rows.js';
import { placeRow } from './place-bars.js';
import { type BarGuess, median } from './row-frame.js';
import { profileRow } from './row-profile.js';

/** Rows that were found: none, one, or the two of a keyboard, naturals first. */
export function paintRows(maps: PaintedPicture, field: EdgeField): WholeRow[] {
  const rows = paintedRows(barCores(maps), maps.scale).flatMap(({ bars }): WholeRow[] => {
    const row = wholeRow(maps, field, bars);
    return row === undefined ? [] : [row];
  });
  if (rows.length < 2) return rows;
  const [front, back] = rows[0].bars.length >= rows[1].bars.length ? rows : [rows[1], rows[0]];
  return [...(keyboardRows(field, front, back) ?? [rows[0]])];
}

function wholeRow(maps: PaintedPicture, field: EdgeField, guesses: readonly BarGuess[]): WholeRow | undefined {
  const profile = profileRow(maps, guesses);
  if (profile === undefined) return undefined;
  const { frame, bars: row } = profile;
  const { bars, cost } = placeRow(field, { rows: [row], toPicture: frame.toPicture }, row);
  return {
    bars,
    cost: cost / bars.length,
    fill: median(row.map(({ width, pitch }) => width / pitch)),
    bright: true,
    sides: median(bars.map(({ sides }) => sides)),
  };
}
