// Bars of one row, and which of them can be at a place along it: what makes rays cheap.
import type { Prism } from './solids.js';

/** Bars of one row, with a table from x to the few bars that can be there. */
export interface Row {
  /** Low to high. */
  readonly bars: readonly Prism[];
  /** Per cell of the table: first bar that reaches into it; the number of bars where none does. */
  readonly low: Int16Array;
  /** Last bar that does, or -1. */
  readonly high: Int16Array;
  /** Where the table begins, metres. */
  readonly x0: number;
  /** Cells per metre. */
  readonly perMetre: number;
  /** Extent of the row on the plan view. */
  readonly y0: number;
  /** Extent of the row on the plan view. */
  readonly y1: number;
  /** Highest upper face. */
  readonly top: number;
  /** Lowest lower face. */
  readonly bottom: number;
}

/** Cells of the table. */
export const cells = 160;

/** Makes the table of a row. */
export function indexRow(solids: Prism[]): Row {
  const x0 = Math.min(...solids.map((solid) => solid.bounds[0])) - 0.02;
  const x1 = Math.max(...solids.map((solid) => solid.bounds[1])) + 0.02;
  const perMetre = cells / (x1 - x0);
  const low = new Int16Array(cells).fill(solids.length);
  const high = new Int16Array(cells).fill(-1);
  solids.forEach(({ bounds }, i) => {
    const first = Math.max(0, Math.floor((bounds[0] - x0) * perMetre));
    const last = Math.min(cells - 1, Math.floor((bounds[1] - x0) * perMetre));
    for (let cell = first; cell <= last; cell++) {
      low[cell] = Math.min(low[cell], i);
      high[cell] = Math.max(high[cell], i);
    }
  });
  return {
    bars: solids,
    low,
    high,
    x0,
    perMetre,
    y0: Math.min(...solids.map((solid) => solid.bounds[2])),
    y1: Math.max(...solids.map((solid) => solid.bounds[3])),
    top: Math.max(...solids.map((solid) => solid.z1)),
    bottom: Math.min(...solids.map((solid) => solid.z0)),
  };
}
