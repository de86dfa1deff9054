// An instrument with free proportions: a layout whose spacing, lengths and widths may differ from the nominal ones.
import type { Point, Quad } from '../types.js';
import { homography, project } from './homography.js';
import { layoutRows, type Layout, type LayoutBar } from './layout.js';

/** What of an instrument's proportions its corners do not tell. */
export interface Proportions {
  /** Length of the highest bar over that of the lowest. */
  taper: number;
  /** How the spacing narrows: 0 as the layout has it, positive narrower towards the high notes. */
  narrowing: number;
  /** The same, of third order: positive narrower in the middle. */
  bulge: number;
  /** 0: grouped as the layout has it; 1: all bars at equal distances. */
  evenness: number;
  /** Width of the bars, share of the layout's. */
  width: number;
  /** Length of the far row's bars, share of the layout's, where there are several rows. */
  farLength: number;
  /** Corners, pixels off the given ones: x and y in turn. */
  corners: readonly number[];
}

/** A bar of the model on its plan view: the far end at the top, so `far` < `near`; the unit is a mean spacing. */
export interface ModelBar {
  /** Index among the layout's bars. */
  readonly index: number;
  /** Centre. */
  x: number;
  /** Width. */
  width: number;
  /** Distance of centres here. */
  pitch: number;
  /** Far end. */
  far: number;
  /** Near end. */
  near: number;
}

interface NominalBar {
  readonly index: number;
  readonly t: number;
  readonly even: number;
  readonly width: number;
  readonly near: number;
  readonly far: number;
}

/** Bars of a model by row, nearest first, and where the plan view is in the picture. */
export interface PlacedModel {
  /** Nearest the player first, each low to high. */
  readonly rows: readonly (readonly ModelBar[])[];
  /** From the plan view to the picture. */
  readonly toPicture: (x: number, y: number) => Point;
}

/** A layout prepared for fitting. */
export class BarModel {
  /** Bars of all rows. */
  readonly count: number;
  /** Length of the highest bar over that of the lowest, as the layout has it. */
  readonly nominalTaper: number;
  /** Whether the layout's spacing is uneven, so that `evenness` means something. */
  readonly grouped: boolean;
  private readonly rows: readonly (readonly NominalBar[])[];
  /** Mean spacings from the first centre to the last. */
  readonly span: number;

  /** @param layout what is looked for. */
  constructor(layout: Layout) {
    const rows = layoutRows(layout);
    const bars = layout.bars;
    this.count = bars.length;
    const first = Math.min(...bars.map(({ x }) => x));
    const reach = Math.max(...bars.map(({ x }) => x)) - first;
    const longest = rows.reduce((a, b) => (b.length > a.length ? b : a));
    // Median distance of neighbours in the fullest row: groups leave gaps, but most neighbours are close.
    const steps = longest.slice(1).map(({ x }, i) => x - longest[i].x);
    const pitch = steps.length > 0 ? [...steps].sort((a, b) => a - b)[steps.length >> 1] : longest[0].width * 1.2;
    this.span = reach / pitch;
    this.grouped = rows.length === 1 && steps.some((step) => step > 1.3 * pitch);
    const t = (x: number): number => (reach > 0 ? (x - first) / reach : 0);
    const length = ({ near, far }: LayoutBar): number => far - near;
    this.nominalTaper = length(longest[longest.length - 1]) / length(longest[0]);
    this.rows = rows.map((row) =>
      row.map((bar, i) => ({
        index: bars.indexOf(bar),
        t: t(bar.x),
        even:
          row.length > 1 ? t(row[0].x) + (t(row[row.length - 1].x) - t(row[0].x)) * (i / (row.length - 1)) : t(bar.x),
        width: bar.width / pitch,
        near: bar.near / pitch,
        far: bar.far / pitch,
      })),
    );
  }

  /** Proportions as the layout has them. */
  nominal(): Proportions {
    return {
      taper: this.nominalTaper,
      narrowing: 0,
      bulge: 0,
      evenness: 0,
      width: 1,
      farLength: 1,
      corners: [0, 0, 0, 0, 0, 0, 0, 0],
    };
  }

  /** Bars of the given proportions between corners in a picture, or undefined when these make no sense together. */
  place(proportions: Proportions, corners: Quad): PlacedModel | undefined {
    const { taper, narrowing, bulge, evenness, width, farLength } = proportions;
    const span = this.span;
    const ratio = taper / this.nominalTaper;
    const rows = this.rows.map((row, r) =>
      row.map(({ index, t: own, even, width: nominal, near, far }): ModelBar => {
        const t = own + evenness * (even - own);
        const stretched = t + t * (1 - t) * (narrowing + bulge * (1 - 2 * t));
        const slope = 1 + narrowing * (1 - 2 * t) + bulge * (1 - 6 * t + 6 * t * t);
        const scale = Math.pow(ratio, t);
        const length = (far - near) * scale * (r > 0 ? farLength : 1);
        // Near ends stay in line, but for the front row of several, whose far ends do.
        const front = this.rows.length > 1 && r === 0;
        const bottom = front ? far - length : near;
        return {
          index,
          x: stretched * span,
          width: nominal * width * slope,
          pitch: slope,
          far: -(bottom + length),
          near: -bottom,
        };
      }),
    );
    if (evenness > 0) for (const row of rows) for (const bar of row) bar.pitch *= span / Math.max(1, row.length - 1);
    const back = rows[rows.length - 1];
    const front = rows[0];
    const [a, b] = [back[0], back[back.length - 1]];
    const [d, c] = [front[0], front[front.length - 1]];
    const plan: Quad = [
      [a.x - a.width / 2, a.far],
      [b.x + b.width / 2, b.far],
      [c.x + c.width / 2, c.near],
      [d.x - d.width / 2, d.near],
    ];
    const off = proportions.corners;
    const target = corners.map(([x, y], k): Point => [x + off[2 * k], y + off[2 * k + 1]]) as unknown as Quad;
    let h;
    try {
      h = homography(plan, target);
    } catch {
      return undefined;
    }
    return {
      rows,
      toPicture: (x, y) => {
        const point = project(h, x, y);
        return [point.x, point.y];
      },
    };
  }
}

/** Outline of a bar of a placed model in the picture. */
export function outline({ toPicture }: PlacedModel, { x, width, far, near }: ModelBar): Quad {
  const [left, right] = [x - width / 2, x + width / 2];
  return [toPicture(left, far), toPicture(right, far), toPicture(right, near), toPicture(left, near)];
}
