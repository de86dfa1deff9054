// A strip of gray over time as shapes: what was seen, above what was heard of it.
import type { Color, Shape } from '../figure/figure.js';

/** A picture whose columns are moments. */
export interface TimeStrip {
  /** Rows, the lowest drawn first. */
  readonly height: number;
  /** Columns. */
  readonly frames: number;
  /** [height x frames] gray, 0..255. */
  readonly data: Uint8Array;
  /** What the columns stand for, s. */
  readonly duration: number;
}

/** Pixels of the figure for each row of a strip. */
export const stripRowHeight = 2;

// Grays that are told apart; cells of the same one are joined along a row, so that minutes stay a small file.
const levels = 24;

/**
 * Draws the stretch of a strip that lies between `from` and `to`.
 * @param x where a second is drawn.
 * @param top upper edge, pixels.
 */
export function stripShapes(
  { height, frames, data, duration }: TimeStrip,
  x: (seconds: number) => number,
  [from, to]: readonly [number, number],
  top: number,
): Shape[] {
  const left = x(from);
  const end = Math.min(to, duration);
  const columns = Math.max(0, Math.min(Math.floor(x(end) - left), Math.ceil(((end - from) / duration) * frames)));
  const edge = (column: number): number => Math.round(2 * (left + ((x(end) - left) * column) / columns)) / 2;
  const frameAt = (column: number): number =>
    Math.min(frames, Math.round(((from + ((end - from) * column) / columns) / duration) * frames));
  const byLevel: [number, number, number, number][][] = Array.from({ length: levels }, () => []);
  const middle = levels >> 1;
  for (let row = 0; row < height; row++) {
    const y = top + (height - 1 - row) * stripRowHeight;
    let begun = 0;
    let current = -1;
    for (let column = 0; column <= columns; column++) {
      let level = -1;
      if (column < columns) {
        // Of the frames of a column the one that stands out most: a strike is short.
        let value = 128;
        const until = Math.max(frameAt(column) + 1, frameAt(column + 1));
        for (let k = frameAt(column); k < until && k < frames; k++) {
          const gray = data[row * frames + k];
          if (Math.abs(gray - 128) > Math.abs(value - 128)) value = gray;
        }
        level = Math.min(levels - 1, Math.floor((value * levels) / 256));
      }
      if (level === current) continue;
      if (current >= 0 && current !== middle) {
        byLevel[current].push([edge(begun), y, edge(column) - edge(begun), stripRowHeight]);
      }
      begun = column;
      current = level;
    }
  }
  const gray = (level: number): Color => {
    const hex = Math.round((255 * (level + 0.5)) / levels).toString(16).padStart(2, '0');
    return `#${hex}${hex}${hex}`;
  }; // prettier-ignore
  const paper: Shape = {
    kind: 'rects',
    color: gray(middle),
    rects: [[left, top, edge(columns) - left, height * stripRowHeight]],
  };
  return [
    paper,
    ...byLevel.flatMap((rects, level): Shape[] =>
      rects.length > 0 ? [{ kind: 'rects', color: gray(level), rects }] : [],
    ),
  ];
}
