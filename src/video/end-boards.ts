// End boards and other things beside a row that were taken for bars: unlike the bars next to them.
import type { Point } from '../types.js';
import type { LumaPicture } from './median-picture.js';
import type { FoundBar } from './place-bars.js';
import { median, medianLine } from './row-frame.js';

type Vec = readonly [x: number, y: number];

const centre = (a: Point, b: Point): Vec => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

interface Shape {
  readonly far: Vec;
  readonly near: Vec;
  readonly length: number;
  readonly width: number;
  readonly middle: Vec;
}

function shapeOf({ quad: [a, b, c, d] }: FoundBar): Shape {
  const [far, near] = [centre(a, b), centre(d, c)];
  const length = Math.hypot(near[0] - far[0], near[1] - far[1]);
  const [low, high] = [centre(a, d), centre(b, c)];
  const width = Math.abs((high[0] - low[0]) * (near[1] - far[1]) - (high[1] - low[1]) * (near[0] - far[0])) / length;
  return { far, near, length, width, middle: centre(far, near) };
}

/** Takes away end boards and other things beside the row that are not like the bars next to them. */
export function dropBoards(bars: readonly FoundBar[], picture: LumaPicture): readonly FoundBar[] {
  let kept = [...bars];
  for (let round = 0; round < 8 && kept.length > 4; round++) {
    const [first, last] = [oddity(kept, picture), oddity([...kept].reverse(), picture)];
    if (Math.max(first, last) < 1) break;
    kept = first > last ? kept.slice(1) : kept.slice(0, -1);
  }
  return kept;
}

const expected2 = (values: readonly number[], places: readonly number[]): number =>
  medianLine(values.map((value, i) => [places[i], value] as const))(0);

/** Median brightness of a bar's inside. */
function brightness({ width, height, luma }: LumaPicture, { quad: [a, b, c, d] }: FoundBar): number {
  const values: number[] = [];
  for (let i = 1; i <= 9; i++) {
    for (const t of [0.3, 0.5, 0.7]) {
      const at = (k: 0 | 1): number => {
        const low = a[k] + ((d[k] - a[k]) * i) / 10;
        const high = b[k] + ((c[k] - b[k]) * i) / 10;
        return Math.floor(low + (high - low) * t);
      };
      const [x, y] = [at(0), at(1)];
      if (x >= 0 && y >= 0 && x < width && y < height) values.push(luma[y * width + x]);
    }
  }
  return values.length > 0 ? median(values) : 0;
}

/** How little the first bar has of those that follow it; 1 is too little. */
function oddity(bars: readonly FoundBar[], picture: LumaPicture): number {
  const shapes = bars.map(shapeOf);
  const rest = shapes.slice(1);
  const [one, next] = shapes;
  const places = rest.map(({ middle: [x, y] }) => Math.hypot(x - one.middle[0], y - one.middle[1]));
  const some = Math.min(rest.length, 8);
  const expected = (value: (shape: Shape) => number): number =>
    medianLine(rest.slice(0, some).map((shape, i) => [places[i], value(shape)] as const))(0);
  const longer = Math.abs(Math.log(one.length) - expected(({ length }) => Math.log(length)));
  const wider = Math.abs(Math.log(one.width) - expected(({ width }) => Math.log(width)));
  // Ends off the lines through the others' ends, along the bar.
  const [dx, dy] = [(one.near[0] - one.far[0]) / one.length, (one.near[1] - one.far[1]) / one.length];
  const along = ([x, y]: Vec): number => x * dx + y * dy;
  const off = (end: 'far' | 'near'): number =>
    Math.abs(along(one[end]) - expected((shape) => along(shape[end]))) / one.length;
  const steps = places.map(
    (place, i) => (i === 0 ? place : place - places[i - 1]) / (i === 0 ? next.width : rest[i - 1].width),
  );
  const widest = Math.max(...steps.slice(1));
  const apart = Math.max(0, steps[0] / widest - 1.1);
  const clear = median(bars.slice(1).map(({ sides }) => sides));
  const weak = Math.max(0, 0.75 - bars[0].sides / clear);
  // An end that is drawn through where its neighbours end, but that the picture does not show.
  const ended = median(bars.slice(1).map(({ ends }) => ends));
  const open = Math.max(0, ended - bars[0].ends - 0.08) / Math.max(0.2, ended);
  const pitch = Math.max(0, Math.log(steps[0] / Math.max(...steps.slice(1, 6))));
  // Boards are of another wood; where bars differ among themselves, that says nothing.
  const lights = bars.map((bar) => brightness(picture, bar));
  const usual = median(lights.slice(1));
  const spread = median(lights.slice(1).map((light) => Math.abs(light - usual)));
  const nearby = expected2(lights.slice(1, 1 + some), places);
  const other = Math.max(
    0,
    Math.min(Math.abs(lights[0] - usual), Math.abs(lights[0] - nearby)) / (2.5 * spread + 10) - 0.6,
  );
  return (
    other +
    (longer / 0.3) ** 2 +
    (wider / 0.4) ** 2 +
    (off('far') / 0.25) ** 2 +
    (off('near') / 0.25) ** 2 +
    apart / 0.6 +
    weak / 0.4 +
    open / 0.6 +
    pitch / 0.5
  );
}
