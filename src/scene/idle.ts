// Everything a mallet does that is not a strike: feints, hovering, misses, rests, passing by and leaving.
import { fullSpeed, type Gesture } from './gesture.js';
import { insideBar, pointOnBar, type Bar, type Instrument } from './instrument.js';
import type { Random } from './random.js';

/** Fills the gaps of a mallet's part with everything that is not a strike. */
export function fill(
  instrument: Instrument,
  random: Random,
  draft: Gesture[],
  { seconds, busy, share }: { seconds: number; busy: number; share: number },
): void {
  const strikes = [...draft];
  const { bars } = instrument;
  let place = strikes.length > 0 ? strikes[0].bar : Math.min(bars.length - 1, Math.floor(share * bars.length));
  let after = -0.6;
  const idle: Gesture[] = [];
  for (let i = 0; i <= strikes.length; i++) {
    const next = i < strikes.length ? strikes[i] : undefined;
    const until = next ? next.time - next.down - 0.06 : seconds + 0.6;
    for (;;) {
      const room = until - after;
      if (room < 0.26) break;
      if (!random.chance(busy)) {
        after += random.range(0.2, 0.9);
        continue;
      }
      const made = gesture(instrument, random, place, after, room);
      if (made.length === 0) break;
      const last = made[made.length - 1];
      const ready = last.time + last.dwell + last.up;
      if (ready > until) {
        after += random.range(0.1, 0.3);
        continue;
      }
      idle.push(...made);
      after = ready + random.ratio(0.02, 0.5);
      if (last.bar >= 0) place = last.bar;
    }
    if (next) {
      after = next.time + next.dwell + Math.min(next.up, 0.12) + 0.03;
      place = next.bar;
    }
  }
  draft.push(...idle);
  draft.sort((a, b) => a.time - b.time);
}

const clamp = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x));

/** One thing that is not a strike (or a run of dips), beginning after `from` and fitting `room` seconds if it can. */
function gesture(instrument: Instrument, random: Random, place: number, from: number, room: number): Gesture[] {
  const { bars, bounds, scale } = instrument;
  const kind = random.weighted({
    feint: 0.46,
    airRoll: room > 0.6 ? 0.15 : 0,
    hover: 0.13,
    miss: 0.1,
    rest: room > 0.6 ? 0.08 : 0,
    pass: room > 0.8 ? 0.05 : 0,
    leave: room > 2.2 ? 0.03 : 0,
  });
  const index = clamp(place + (random.chance(0.75) ? random.int(-2, 2) : random.int(-7, 7)), 0, bars.length - 1);
  const bar = bars[index];
  const along = clamp(0.5 + 0.17 * random.gauss(), 0.05, 0.97);
  const [x, y] = pointOnBar(bar, 0.5 + clamp(0.2 * random.gauss(), -0.45, 0.45), along);
  const base: Gesture = {
    kind: 'feint',
    time: from + 0.1,
    dwell: 0,
    x,
    y,
    surface: bar.top,
    stop: 0,
    down: 0.15,
    up: 0.15,
    height: 0.08,
    speed: 0,
    rebound: 0,
    wait: random.range(0.02, 0.14) * scale,
    bar: index,
    velocity: 0,
    along,
  };
  switch (kind) {
    case 'feint': {
      // From a hair above the bar to a hand above it.
      const stop = random.ratio(0.008, 0.07) * scale;
      const down = random.ratio(0.1, 0.32);
      const up = random.ratio(0.1, 0.34);
      return [
        {
          ...base,
          stop,
          down,
          up,
          time: from + down + random.range(0, 0.08),
          dwell: random.chance(0.25) ? random.range(0, 0.3) : 0,
          height: stop + random.ratio(0.03, 0.17) * scale,
        },
      ];
    }
    case 'airRoll': {
      // Drumming in the air: quick dips, one after the other, none of which lands.
      const beat = random.ratio(0.12, 0.26);
      const count = Math.min(9, Math.floor((room - 0.2) / beat));
      const stop = random.ratio(0.008, 0.05) * scale;
      const height = stop + random.ratio(0.02, 0.08) * scale;
      return Array.from({ length: Math.max(2, count) }, (_, n) => ({
        ...base,
        x: x + 0.004 * random.gauss(),
        y: y + 0.006 * random.gauss(),
        stop: stop * random.range(0.8, 1.3),
        height: height * random.range(1, 1.2),
        down: beat / 2,
        up: beat / 2,
        time: from + 0.1 + beat * (n + 0.5),
      }));
    }
    case 'hover': {
      const stop = random.ratio(0.01, 0.16) * scale;
      const down = random.range(0.12, 0.4);
      return [
        {
          ...base,
          kind,
          stop,
          down,
          up: random.range(0.12, 0.4),
          time: from + down,
          dwell: random.range(0.15, Math.max(0.2, Math.min(1.8, room - 0.6))),
          height: stop + random.range(0.005, 0.08) * scale,
        },
      ];
    }
    case 'rest': {
      const down = random.range(0.2, 0.5);
      return [
        {
          ...base,
          kind,
          down,
          up: random.range(0.15, 0.45),
          time: from + down,
          dwell: random.range(0.15, Math.max(0.2, Math.min(1.6, room - 0.8))),
          height: random.range(0.02, 0.1) * scale,
        },
      ];
    }
    case 'miss': {
      const spot = beside(instrument, random, index);
      if (!spot) return [];
      const hard = random.ratio(0.08, 0.9);
      return [
        {
          ...base,
          kind,
          x: spot[0],
          y: spot[1],
          surface: spot[2],
          down: random.range(0.08, 0.16),
          up: random.range(0.08, 0.2),
          speed: fullSpeed * hard * Math.sqrt(scale),
          rebound: random.range(0.2, 0.7),
          time: from + 0.2,
          bar: -1,
        },
      ];
    }
    case 'pass': {
      const other = random.chance(0.5) ? random.int(0, bars.length - 1) : bars.length - 1 - index;
      const [px, py] = pointOnBar(bars[other], 0.5, random.range(-0.6, 1.2));
      const stop = random.range(0.05, 0.2) * scale;
      return [
        {
          ...base,
          kind,
          x: px,
          y: py,
          surface: 0,
          stop,
          height: stop + random.range(0, 0.05),
          down: random.range(0.25, 0.55),
          up: random.range(0.1, 0.3),
          time: from + 0.5,
          bar: -1,
        },
      ];
    }
    case 'leave': {
      const side = random.chance(0.7);
      return [
        {
          ...base,
          kind,
          x: side ? x : x < 0 ? bounds.x0 - 0.6 : bounds.x1 + 0.6,
          y: bounds.y0 - (side ? 0.7 : 0.2),
          surface: 0,
          stop: random.range(0.02, 0.1),
          height: random.range(0.1, 0.2),
          down: random.range(0.4, 0.7),
          up: random.range(0.4, 0.7),
          time: from + 0.7,
          dwell: random.range(0.3, Math.max(0.4, Math.min(3, room - 1.8))),
          bar: -1,
        },
      ];
    }
  }
}

/** A place near a bar where a stroke meets no bar: before it, beyond it, or in a wide gap; undefined where there is none. */
function beside(instrument: Instrument, random: Random, index: number): readonly [number, number, number] | undefined {
  const { bars, ground, framed } = instrument;
  const clear = 0.026 * instrument.scale;
  for (let tries = 0; tries < 6; tries++) {
    const near = random.chance(0.6);
    const along = near ? -random.range(0.1, 0.7) : 1 + random.range(0.1, 0.5);
    const [x, y] = random.chance(0.7)
      ? pointOnBar(bars[index], random.range(0, 1), along)
      : gapAfter(bars, index, random.range(0.1, 0.9));
    if (!bars.some((bar) => insideBar(bar, x, y, clear))) {
      // Cloth, rail or table; where there is only air the stroke turns below the bars.
      return [x, y, framed ? Math.max(ground, -random.range(0, 0.03)) : ground];
    }
  }
  return undefined;
}

function gapAfter(bars: readonly Bar[], index: number, along: number): readonly [number, number] {
  const a = pointOnBar(bars[index], 1, along);
  const b = pointOnBar(bars[Math.min(bars.length - 1, index + 1)], 0, along);
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}
