// The first half of snapping: which proportions put a layout's bar sides on the picture's edges.
import type { Point, Quad } from '../types.js';
import { stepAcross, type EdgeField } from './edge-field.js';
import type { BarModel, PlacedModel, Proportions } from './bar-model.js';

/** Proportions and how well they fit. */
export interface Fit {
  /** What fits. */
  readonly proportions: Proportions;
  /** Mean evidence per bar side, about 0 where nothing fits, at most 1. */
  readonly score: number;
}

// Sides are looked at between these shares of a bar's length, where neither ends nor clicks a little off matter.
const sideFrom = 0.15;
const sideTo = 0.85;
const sideSamples = 7;

/**
 * Mean step across a line in the picture, positive where it gets brighter towards (tx, ty).
 * @param from one end.
 * @param to other end.
 */
export function lineStep(field: EdgeField, from: Point, to: Point, tx: number, ty: number, samples: number): number {
  const dx = to[0] - from[0];
  const dy = to[1] - from[1];
  const length = Math.sqrt(dx * dx + dy * dy);
  if (!(length > 0)) return 0;
  let nx = -dy / length;
  let ny = dx / length;
  if (nx * tx + ny * ty < 0) {
    nx = -nx;
    ny = -ny;
  }
  let sum = 0;
  for (let k = 0; k < samples; k++) {
    const t = sideFrom + ((sideTo - sideFrom) * (k + 0.5)) / samples;
    sum += stepAcross(field, from[0] + t * dx, from[1] + t * dy, nx, ny);
  }
  return sum / samples;
}

/** How well the sides of a placed model lie on edges. Bars are brighter than their gaps, or all darker, but for a few. */
function scoreOf(field: EdgeField, placed: PlacedModel | undefined): number {
  if (placed === undefined) return -1;
  const { rows, toPicture } = placed;
  let bright = 0;
  let dark = 0;
  let count = 0;
  for (const row of rows) {
    for (const bar of row) {
      const left = bar.x - bar.width / 2;
      const right = bar.x + bar.width / 2;
      const lowFar = toPicture(left, bar.far);
      const lowNear = toPicture(left, bar.near);
      const highFar = toPicture(right, bar.far);
      const highNear = toPicture(right, bar.near);
      const tx = highFar[0] - lowFar[0];
      const ty = highFar[1] - lowFar[1];
      const low = lineStep(field, lowFar, lowNear, tx, ty, sideSamples);
      const high = lineStep(field, highFar, highNear, tx, ty, sideSamples);
      const both = (low - high) / 2;
      bright += both > 0 ? both : 0.5 * both;
      dark += both < 0 ? -both : -0.5 * both;
      count++;
    }
  }
  return Math.max(bright, dark) / count;
}

/** Searches a grid of proportions, then climbs from the best points of it. Best fit first. */
export function fitProportions(
  model: BarModel,
  coarse: EdgeField,
  corners: Quad,
  { starts, clickError }: { readonly starts: number; readonly clickError: number },
): Fit[] {
  const found: Fit[] = [];
  const nominal = model.nominal();
  // Fine enough that the bars in the middle move by less than half a spacing from one point to the next.
  const tapers = steps(Math.log(0.28), Math.log(1.15), 0.9 / model.span).map(Math.exp);
  const narrowings = steps(-0.14, 0.3, 0.9 / model.span);
  const widths = [0.62, 0.76, 0.9, 1.06];
  for (const evenness of model.grouped ? [0, 1] : [0]) {
    for (const taper of tapers) {
      for (const narrowing of narrowings) {
        for (const width of widths) {
          const proportions = { ...nominal, evenness, taper, narrowing, width };
          found.push({ proportions, score: scoreOf(coarse, model.place(proportions, corners)) });
        }
      }
    }
  }
  found.sort((a, b) => b.score - a.score);
  const chosen: Fit[] = [];
  for (const fit of found) {
    const alike = chosen.filter(({ proportions }) => proportions.evenness === fit.proportions.evenness);
    if (alike.length < starts && alike.every(({ proportions }) => apart(proportions, fit.proportions)))
      chosen.push(fit);
  }
  return chosen
    .map(({ proportions }) => climb(model, coarse, corners, proportions, clickError))
    .sort((a, b) => b.score - a.score);
}

/** Equal steps from one number to another, none longer than `most`. */
function steps(from: number, to: number, most: number): number[] {
  const count = Math.max(2, Math.ceil((to - from) / most));
  return Array.from({ length: count + 1 }, (_, k) => from + ((to - from) * k) / count);
}

/** Whether two points of the grid are no neighbours. */
const apart = (a: Proportions, b: Proportions): boolean =>
  Math.abs(a.narrowing - b.narrowing) > 0.1 ||
  Math.abs(Math.log(a.taper / b.taper)) > 0.3 ||
  Math.abs(a.width - b.width) > 0.2;

/** Coordinate ascent; corners off the given ones cost as an error of `clickError` pixels would make them unlikely. */
function climb(model: BarModel, field: EdgeField, corners: Quad, start: Proportions, clickError: number): Fit {
  const penalty = ({ corners: off, bulge, farLength }: Proportions): number =>
    off.reduce((sum, d) => sum + (d / clickError) ** 2, 0) * 0.004 + 0.5 * bulge ** 2 + 0.02 * Math.log(farLength) ** 2;
  const value = (p: Proportions): number => scoreOf(field, model.place(p, corners)) - penalty(p);
  let best = start;
  let score = value(best);
  const steps = {
    taper: 0.1,
    narrowing: 0.04,
    bulge: 0.05,
    evenness: 0.1,
    width: 0.06,
    farLength: 0.1,
    corner: clickError,
  };
  const attempt = (next: Proportions): boolean => {
    const got = value(next);
    if (got <= score) return false;
    best = next;
    score = got;
    return true;
  };
  for (let round = 0; round < 7; round++) {
    for (const sign of [1, -1]) {
      attempt({ ...best, taper: best.taper * (1 + sign * steps.taper) });
      attempt({ ...best, narrowing: Math.min(0.35, Math.max(-0.2, best.narrowing + sign * steps.narrowing)) });
      attempt({ ...best, bulge: Math.min(0.25, Math.max(-0.25, best.bulge + sign * steps.bulge)) });
      attempt({ ...best, width: Math.min(1.25, Math.max(0.45, best.width + sign * steps.width)) });
      if (model.grouped)
        attempt({ ...best, evenness: Math.min(1, Math.max(0, best.evenness + sign * steps.evenness)) });
      attempt({ ...best, farLength: best.farLength * (1 + sign * steps.farLength) });
      for (let k = 0; k < 8; k++) {
        attempt({ ...best, corners: best.corners.map((d, i) => (i === k ? d + sign * steps.corner : d)) });
      }
    }
    for (const name of Object.keys(steps) as (keyof typeof steps)[]) steps[name] *= 0.6;
  }
  return { proportions: best, score };
}
