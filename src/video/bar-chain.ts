// Rows of bars among a picture's straight edges: pairs of sides that face each other, and chains of such pairs.
import type { LineSegment } from './line-segments.js';
import type { BarGuess } from './row-frame.js';

type Vec = readonly [x: number, y: number];

/** A pair of edges that may be a bar's sides; far is up, or left where the bars lie level. */
export interface SidePair extends BarGuess {
  /** Brighter than what is beside it. */
  readonly bright: boolean;
  /** How much of its two sides face each other, 0..1. */
  readonly quality: number;
}

/** Pairs of edges that face each other, along the reference direction `down` (unit vector from far to near). */
export function guessBars(segments: readonly LineSegment[], down: Vec): SidePair[] {
  const [dx, dy] = down;
  // Of every segment: ends from far to near, and whether it is brighter to the right in the picture, which is the
  // left hand of somebody who walks down.
  const sides = segments.flatMap(({ from, to, length }) => {
    const along = (to[0] - from[0]) * dx + (to[1] - from[1]) * dy;
    if (Math.abs(along) < 0.8 * length) return [];
    return [
      along > 0
        ? { far: from, near: to, length, brightRight: true }
        : { far: to, near: from, length, brightRight: false },
    ];
  });
  const right: Vec = [dy, -dx];
  const across = (p: Vec): number => p[0] * right[0] + p[1] * right[1];
  const middleOf = (s: (typeof sides)[number]): number => (across(s.far) + across(s.near)) / 2;
  sides.sort((a, b) => middleOf(a) - middleOf(b));
  const guesses: SidePair[] = [];
  for (let i = 0; i < sides.length; i++) {
    const a = sides[i];
    for (let k = i + 1; k < sides.length; k++) {
      const b = sides[k];
      const longest = Math.max(a.length, b.length);
      if (middleOf(b) - middleOf(a) > longest) break;
      if (a.brightRight === b.brightRight || Math.min(a.length, b.length) < 0.35 * longest) continue;
      const guess = pair(a, b, a.brightRight);
      if (guess !== undefined) guesses.push(guess);
    }
  }
  return guesses;
}

interface Side {
  readonly far: Vec;
  readonly near: Vec;
  readonly length: number;
}

function pair(a: Side, b: Side, bright: boolean): SidePair | undefined {
  const unit = (s: Side): Vec => [(s.near[0] - s.far[0]) / s.length, (s.near[1] - s.far[1]) / s.length];
  const [ua, ub] = [unit(a), unit(b)];
  if (ua[0] * ub[0] + ua[1] * ub[1] < 0.975) return undefined;
  const weight = a.length / (a.length + b.length);
  const sum: Vec = [weight * ua[0] + (1 - weight) * ub[0], weight * ua[1] + (1 - weight) * ub[1]];
  const norm = Math.hypot(...sum);
  const d: Vec = [sum[0] / norm, sum[1] / norm];
  const n: Vec = [d[1], -d[0]];
  const ma: Vec = [(a.far[0] + a.near[0]) / 2, (a.far[1] + a.near[1]) / 2];
  const along = (p: Vec): number => (p[0] - ma[0]) * d[0] + (p[1] - ma[1]) * d[1];
  const [af, an, bf, bn] = [a.far, a.near, b.far, b.near].map(along);
  const both = Math.min(an, bn) - Math.max(af, bf);
  const all = Math.max(an, bn) - Math.min(af, bf);
  if (both < 0.35 * all) return undefined;
  // Width where both are.
  const middle = (Math.max(af, bf) + Math.min(an, bn)) / 2;
  const off = (s: Side, u: Vec): number => {
    const t = (middle - along(s.far)) / (u[0] * d[0] + u[1] * d[1]);
    return (s.far[0] + u[0] * t - ma[0]) * n[0] + (s.far[1] + u[1] * t - ma[1]) * n[1];
  };
  const [left, right] = [off(a, ua), off(b, ub)];
  const width = right - left;
  // Ends: the farther ones, unless they are much farther.
  const reachOf = (x: number, y: number, outward: number): number => {
    const [outer, inner] = x * outward > y * outward ? [x, y] : [y, x];
    return Math.abs(outer - inner) < 0.2 * all ? outer : (outer + inner) / 2;
  };
  const far = reachOf(af, bf, -1);
  const near = reachOf(an, bn, 1);
  if (!(width > 2.5) || near - far < 1.4 * width || near - far > 30 * width) return undefined;
  const centre = (left + right) / 2;
  const at = (t: number): Vec => [ma[0] + d[0] * t + n[0] * centre, ma[1] + d[1] * t + n[1] * centre];
  return { far: at(far), near: at(near), width, bright, quality: both / all };
}

const lengthOf = ({ far, near }: SidePair): number => Math.hypot(near[0] - far[0], near[1] - far[1]);

/** What it costs that `b` follows `a` to the right, or undefined where it cannot. */
function follows(a: SidePair, b: SidePair): number | undefined {
  const [la, lb] = [lengthOf(a), lengthOf(b)];
  const longer = Math.abs(Math.log(lb / la));
  if (longer > 0.4) return undefined;
  const wider = Math.abs(Math.log(b.width / a.width));
  if (wider > 0.55) return undefined;
  const [ax, ay] = [(a.near[0] - a.far[0]) / la, (a.near[1] - a.far[1]) / la];
  const [bx, by] = [(b.near[0] - b.far[0]) / lb, (b.near[1] - b.far[1]) / lb];
  const turn = Math.abs(ax * by - ay * bx);
  if (turn > 0.26) return undefined;
  const [mx, my] = [ax + bx, ay + by];
  const norm = Math.hypot(mx, my);
  const [dx, dy] = [mx / norm, my / norm];
  const width = (a.width + b.width) / 2;
  const length = (la + lb) / 2;
  const from = (p: Vec, q: Vec): readonly [number, number] => {
    const [x, y] = [q[0] - p[0], q[1] - p[1]];
    return [x * dy - y * dx, x * dx + y * dy];
  };
  const [farAcross, farAlong] = from(a.far, b.far);
  const [nearAcross, nearAlong] = from(a.near, b.near);
  const across = (farAcross + nearAcross) / 2;
  if (across < 1.02 * width || across > 5 * width || Math.min(farAcross, nearAcross) < 0.8 * width) return undefined;
  // A step along the bars at one end but not at the other is another length; both alike is the camera's view.
  const shift = Math.max(Math.abs(farAlong), Math.abs(nearAlong)) / length;
  if (shift > 0.5) return undefined;
  return 0.8 * longer + 0.6 * wider + 1.5 * turn + 0.5 * shift + 0.14 * (across / width - 1);
}

/** The best chain of bars of one kind from left to right across `down`. */
export function bestChain(guesses: readonly SidePair[], down: Vec): { bars: SidePair[]; score: number } {
  const right: Vec = [down[1], -down[0]];
  const place = ({ far, near }: SidePair): number =>
    ((far[0] + near[0]) * right[0] + (far[1] + near[1]) * right[1]) / 2;
  const order = [...guesses].sort((a, b) => place(a) - place(b));
  const places = order.map(place);
  const score = new Float64Array(order.length);
  const came = new Int32Array(order.length).fill(-1);
  let best = -1;
  for (let b = 0; b < order.length; b++) {
    const own = 0.4 + 0.6 * order[b].quality;
    score[b] = own;
    for (let a = b - 1; a >= 0; a--) {
      if (places[b] - places[a] > 6 * Math.max(order[a].width, order[b].width)) {
        if (places[b] - places[a] > 400) break;
        continue;
      }
      if (order[a].bright !== order[b].bright || score[a] + own <= score[b]) continue;
      const cost = follows(order[a], order[b]);
      if (cost !== undefined && score[a] + own - cost > score[b]) {
        score[b] = score[a] + own - cost;
        came[b] = a;
      }
    }
    if (best < 0 || score[b] > score[best]) best = b;
  }
  const bars: SidePair[] = [];
  for (let b = best; b >= 0; b = came[b]) bars.unshift(order[b]);
  return { bars, score: best < 0 ? 0 : score[best] };
}
