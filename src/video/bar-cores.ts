// Bars as the network painted them: each a patch of its own, a line with two ends and a width.
import type { PaintedBars } from './bar-network.js';
import { median } from './row-frame.js';

type Vec = readonly [x: number, y: number];

/** A bar as a straight patch, in cells of what was painted. */
export interface BarCore {
  /** One end of the centre line of the whole bar. */
  readonly from: Vec;
  /** Other end. */
  readonly to: Vec;
  /** Width of the whole bar. */
  readonly width: number;
  /** Mean probability within the patch that the bar is of the far row of two. */
  readonly back: number;
  /** Mean probability within the patch that there is a bar. */
  readonly sure: number;
  /** Cells. */
  readonly area: number;
}

// What of a bar is painted: middle half of its width, this share of its length.
const painted = { width: 0.5, length: 0.9 };
const leastArea = 6;

const probability = (logit: number): number => 1 / (1 + Math.exp(-logit));

interface Patch {
  readonly cells: readonly number[];
}

/** All patches that may be bars, those that a mallet or a cord cuts in pieces made whole. */
export function barCores(maps: PaintedBars): BarCore[] {
  const patches = patchesOf(maps.core, maps.width, maps.height);
  let cores = patches.map((patch) => ({ patch, core: coreOf(patch, maps) }));
  for (;;) {
    const joined = joinOnce(cores, maps);
    if (joined === undefined) break;
    cores = joined;
  }
  return cores.map(({ core }) => core);
}

function patchesOf(core: Float32Array, width: number, height: number): Patch[] {
  const seen = new Uint8Array(core.length);
  const found: Patch[] = [];
  for (let seed = 0; seed < core.length; seed++) {
    if (seen[seed] || core[seed] <= 0) continue;
    const cells = [seed];
    seen[seed] = 1;
    // The list grows while it is walked.
    for (const at of cells) {
      const column = at % width;
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          const [x, y] = [column + dx, (at - column) / width + dy];
          const next = y * width + x;
          if (x < 0 || y < 0 || x >= width || y >= height || seen[next] || core[next] <= 0) continue;
          seen[next] = 1;
          cells.push(next);
        }
      }
    }
    if (cells.length >= leastArea) found.push({ cells });
  }
  return found;
}

/** Main axis of a patch, weighted by probability. */
function coreOf({ cells }: Patch, { core, back, width }: PaintedBars): BarCore {
  let [w, cx, cy, sumBack, sure] = [0, 0, 0, 0, 0];
  for (const i of cells) {
    const p = probability(core[i]);
    w += p;
    cx += p * ((i % width) + 0.5);
    cy += p * (Math.floor(i / width) + 0.5);
    sumBack += probability(back[i]);
    sure += p;
  }
  cx /= w;
  cy /= w;
  let [xx, xy, yy] = [0, 0, 0];
  for (const i of cells) {
    const p = probability(core[i]);
    const [x, y] = [(i % width) + 0.5 - cx, Math.floor(i / width) + 0.5 - cy];
    xx += p * x * x;
    xy += p * x * y;
    yy += p * y * y;
  }
  const angle = 0.5 * Math.atan2(2 * xy, xx - yy);
  const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
  let [low, high] = [Infinity, -Infinity];
  for (const i of cells) {
    const along = ((i % width) + 0.5 - cx) * dx + (Math.floor(i / width) + 0.5 - cy) * dy;
    if (along < low) low = along;
    if (along > high) high = along;
  }
  const length = (high - low + 0.8) / painted.length;
  const middle = (low + high) / 2;
  const at = (t: number): Vec => [cx + dx * (middle + t * length), cy + dy * (middle + t * length)];
  return {
    from: at(-0.5),
    to: at(0.5),
    width: Math.min(length, cells.length / (high - low + 0.8) / painted.width),
    back: sumBack / cells.length,
    sure: sure / cells.length,
    area: cells.length,
  };
}

const lengthOf = ({ from, to }: BarCore): number => Math.hypot(to[0] - from[0], to[1] - from[1]);

/** Joins the first two patches that are pieces of one bar. */
function joinOnce(
  cores: readonly { patch: Patch; core: BarCore }[],
  maps: PaintedBars,
): { patch: Patch; core: BarCore }[] | undefined {
  const usual = median(cores.map(({ core }) => lengthOf(core)).concat(0));
  for (let i = 0; i < cores.length; i++) {
    const a = cores[i].core;
    for (let k = 0; k < cores.length; k++) {
      const b = cores[k].core;
      // The longer of both leads.
      if (k === i || lengthOf(b) > lengthOf(a) || lengthOf(b) > 0.8 * usual) continue;
      const patch = { cells: [...cores[i].patch.cells, ...cores[k].patch.cells] };
      const core = coreOf(patch, maps);
      const length = lengthOf(core);
      // One line: no wider than its pieces, and no longer than both with a gap between.
      if (length > 1.35 * usual && length > 1.15 * (lengthOf(a) + lengthOf(b))) continue;
      if (length > 1.9 * (lengthOf(a) + lengthOf(b)) || !inLine(a, b)) continue;
      return [...cores.filter((_, n) => n !== i && n !== k), { patch, core }];
    }
  }
  return undefined;
}

/** Whether `b` lies on the line of `a`, beyond one of its ends. */
function inLine(a: BarCore, b: BarCore): boolean {
  const length = lengthOf(a);
  const [dx, dy] = [(a.to[0] - a.from[0]) / length, (a.to[1] - a.from[1]) / length];
  const [bx, by] = [(b.from[0] + b.to[0]) / 2 - a.from[0], (b.from[1] + b.to[1]) / 2 - a.from[1]];
  const off = Math.abs(bx * dy - by * dx);
  const along = bx * dx + by * dy;
  return off < 0.3 * a.width + 0.02 * length && (along < 0 || along > length);
}
