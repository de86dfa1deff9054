// Hands and mallets: who strikes what, and everything hands do that is not a strike. The result is a list of events per
// mallet, from which motion.ts makes movement.
import { fullSpeed, shortestRepeat, type Gesture } from './gesture.js';
import { fill } from './idle.js';
import { insideBar, pointOnBar, type Instrument } from './instrument.js';
import type { ToolKind } from './look.js';
import { compose, type Score } from './music.js';
import type { Random } from './random.js';

/** A mallet, finger or pencil with all it does. */
export interface Part {
  /** 0 left, 1 right. */
  readonly hand: 0 | 1;
  /** Sorted by time. */
  readonly gestures: readonly Gesture[];
}

/** Something moving in the background. */
export interface Distraction {
  /** What. */
  readonly kind: 'page' | 'person';
  /** Seconds. */
  readonly start: number;
  /** Seconds. */
  readonly end: number;
  /** Random numbers that shape it, 0..1. */
  readonly shape: readonly number[];
}

/** What a player does. */
export interface Performance {
  /** One, two or four mallets. */
  readonly parts: readonly Part[];
  /** What moves behind. */
  readonly distractions: readonly Distraction[];
}

/** How a clip is filled. */
export type Mix = 'mixed' | 'music' | 'silent';

/** How to draw a performance. */
export interface PerformanceOptions {
  /** Length, seconds. */
  readonly seconds: number;
  /** What is used: fingers and pencils do not come in fours. */
  readonly tool: ToolKind;
  /** Share of music and of everything else. */
  readonly mix: Mix;
  /** Strikes to play instead of drawing them. */
  readonly score?: readonly Score[];
}

/** Draws what a player does on an instrument. */
export function perform(instrument: Instrument, random: Random, options: PerformanceOptions): Performance {
  const { seconds, tool, mix } = options;
  const { bars } = instrument;
  const handy = tool === 'mallet' || tool === 'stick';
  let count: 1 | 2 | 4 = random.chance(0.48) ? 1 : random.chance(0.74) || !handy ? 2 : 4;
  let score: readonly Score[];
  if (options.score) {
    score = options.score;
    const most = crowd(score);
    if (most > 2) count = 4;
    else if (most > 1) count = 2;
  } else {
    const density = mix === 'silent' ? 0 : mix === 'music' ? random.range(0.75, 1) : random.range(0.3, 0.75);
    score = density === 0 ? [] : compose(random, seconds, count, bars.length, density);
  }
  const drafts: Gesture[][] = Array.from({ length: count }, () => []);
  assign(instrument, random, score, drafts);
  const busy = options.score ? 0.5 : mix === 'music' ? random.range(0.2, 0.5) : random.range(0.75, 1);
  const single: 0 | 1 = random.chance(0.75) ? 1 : 0;
  const parts = drafts.map((draft, i): Part => {
    fill(instrument, random, draft, { seconds, busy, share: (i + 0.5) / count });
    return { hand: count === 1 ? single : i < count / 2 ? 0 : 1, gestures: draft };
  });
  if (count === 4) pairUp(instrument, random, parts);
  for (const { gestures } of parts) settle(gestures as Gesture[]);
  return { parts, distractions: distract(random, seconds, mix) };
}

/** How many mallets a score needs. */
function crowd(score: readonly Score[]): number {
  let most = 0;
  for (let i = 0, first = 0; i < score.length; i++) {
    while (score[i].time - score[first].time >= shortestRepeat) first++;
    most = Math.max(most, i - first + 1);
  }
  return most;
}

function strike(instrument: Instrument, random: Random, { time, bar, velocity }: Score): Gesture {
  const along = random.chance(0.8)
    ? Math.min(0.92, Math.max(0.1, 0.5 + 0.12 * random.gauss()))
    : random.range(0.12, 0.9);
  const across = 0.5 + Math.min(0.4, Math.max(-0.4, 0.16 * random.gauss()));
  const [x, y] = pointOnBar(instrument.bars[bar], across, along);
  const hard = Math.min(1, Math.max(0.04, velocity));
  const speed = fullSpeed * hard * Math.sqrt(instrument.scale) * random.range(0.92, 1.08);
  // Soft strokes are slow ones.
  const down = 0.08 + 0.08 * Math.min(1, Math.max(0, 0.9 - 0.75 * hard + 0.25 * random.gauss()));
  return {
    kind: 'strike',
    time,
    dwell: random.chance(0.04) ? random.range(0.05, 0.4) : 0,
    x,
    y,
    surface: instrument.bars[bar].top,
    stop: 0,
    down,
    up: random.range(0.08, 0.2),
    height: random.range(0.03, 0.1) * instrument.scale,
    speed,
    rebound: random.range(0.35, 0.85),
    wait: random.range(0.02, 0.14) * instrument.scale,
    bar,
    velocity: hard,
    along,
  };
}

/** Gives every strike to a mallet; those that no mallet can reach in time are left out. */
function assign(instrument: Instrument, random: Random, score: readonly Score[], drafts: Gesture[][]): void {
  const { bounds } = instrument;
  const width = bounds.x1 - bounds.x0;
  const handed = random.chance(0.3);
  for (const note of score) {
    const next = strike(instrument, random, note);
    let best = -1;
    let least = Infinity;
    drafts.forEach((draft, i) => {
      const last = draft.length > 0 ? draft[draft.length - 1] : undefined;
      const wait = last ? note.time - last.time : 2;
      if (wait < shortestRepeat) return;
      const from = last ? last.x : bounds.x0 + (width * (i + 0.5)) / drafts.length;
      const far = Math.abs(next.x - from);
      // A hand's own side, how far, and whether it can be there: about 4 m/s.
      let cost = far / width + (far > 4 * wait ? 5 : 0) + (wait < 0.16 ? 0.6 : 0);
      // Mallets of other hands that would be crossed.
      drafts.forEach((other, j) => {
        const there = other.length > 0 ? other[other.length - 1].x : undefined;
        if (there !== undefined && j !== i && (j < i ? there > next.x + 0.01 : there < next.x - 0.01)) {
          cost += handed ? 0.1 : 0.5;
        }
      });
      if (cost < least) {
        least = cost;
        best = i;
      }
    });
    if (best < 0) continue;
    const draft = drafts[best];
    const last = draft.length > 0 ? draft[draft.length - 1] : undefined;
    if (last && last.dwell > 0)
      draft[draft.length - 1] = { ...last, dwell: Math.min(last.dwell, 0.3 * (note.time - last.time)) };
    draft.push(next);
  }
}

const clamp = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x));

/** Two mallets in one hand stay within its span: while one works, the other waits above a bar beside it. */
function pairUp(instrument: Instrument, random: Random, parts: readonly Part[]): void {
  const { bars, bounds, scale } = instrument;
  const span = 0.3 * scale;
  for (const hand of [0, 1]) {
    const [a, b] = parts.filter((part) => part.hand === hand).map((part) => part.gestures as Gesture[]);
    for (const [own, other, side] of [
      [a, b, 1],
      [b, a, -1],
    ] as const) {
      const waits: Gesture[] = [];
      for (const event of own) {
        if (event.kind === 'carry') continue;
        const near = other.find(
          ({ time, down, dwell, up }) => event.time > time - down - 0.1 && event.time < time + dwell + up + 0.1,
        );
        if (near) {
          // Both busy: what is not a strike gives way when they would tear the hand apart.
          continue;
        }
        const x = clamp(event.x + side * random.range(0.25, 1) * span, bounds.x0 - 0.1, bounds.x1 + 0.1);
        const under = bars.findIndex((bar) => insideBar(bar, x, event.y));
        waits.push({
          ...event,
          kind: 'carry',
          x,
          y: event.y + random.range(-0.02, 0.05),
          surface: under < 0 ? 0 : bars[under].top,
          stop: random.range(0.035, 0.1) * scale,
          height: random.range(0.1, 0.13) * scale,
          down: 0.1,
          up: 0.1,
          dwell: 0,
          speed: 0,
          velocity: 0,
          bar: under,
        });
      }
      other.push(...waits);
      other.sort((p, q) => p.time - q.time);
    }
    // Idle gestures that pull the two further apart than a hand reaches are dropped.
    for (const [own, other] of [
      [a, b],
      [b, a],
    ]) {
      const kept = own.filter(
        (event) =>
          event.kind === 'strike' ||
          event.kind === 'carry' ||
          other.every(
            (against) => Math.abs(against.time - event.time) > 0.4 || Math.abs(against.x - event.x) < span * 1.4,
          ),
      );
      own.length = 0;
      own.push(...kept);
    }
  }
}

/** Drops what is not a strike where it would leave a mallet no time to get there or away. */
function settle(gestures: Gesture[]): void {
  const kept: Gesture[] = [];
  for (const event of gestures) {
    const last = kept.length > 0 ? kept[kept.length - 1] : undefined;
    const room = last ? event.time - last.time - last.dwell : 1;
    if (last && room < shortestRepeat - 1e-9) {
      if (event.kind !== 'strike') continue;
      if (last.kind !== 'strike') kept.pop();
      else kept[kept.length - 1] = { ...last, dwell: 0 };
    }
    kept.push(event);
  }
  gestures.length = 0;
  gestures.push(...kept);
}

function distract(random: Random, seconds: number, mix: Mix): Distraction[] {
  const list: Distraction[] = [];
  if (!random.chance(mix === 'silent' ? 0.45 : 0.22)) return list;
  for (let start = random.range(-0.5, seconds * 0.6); start < seconds;) {
    const end = start + random.range(0.7, 3.5);
    list.push({
      kind: random.chance(0.4) ? 'page' : 'person',
      start,
      end,
      shape: Array.from({ length: 8 }, () => random.unit()),
    });
    start = end + random.range(0.8, 6);
  }
  return list;
}
