// What the bar finder learns from: still pictures of simulated scenes, turned and changed, and what is to be painted on them.
import type { Family } from '../scene/families.js';
import type { InstrumentKind } from '../scene/instrument.js';
import { scene } from '../scene/scene.js';
import type { CalibratedBar, Point, Quad } from '../types.js';
import { medianOf } from '../video/median-picture.js';
import { finderPicture, type paints } from './bar-finder.js';
import type { Random } from './random.js';

/** A still picture and its bars. */
export interface FinderPicture {
  /** [360 x 640], 0..255. */
  readonly luma: Uint8Array;
  /** The bars, in pixels of it. */
  readonly bars: readonly CalibratedBar[];
}

const { width, height, rows } = finderPicture;
const framesOf = 5;
// Most pictures show all bars; of the others this share is kept.
const keptPartly = 0.12;

/** The still picture of a scene, the median of some of its frames; undefined where the draw left it out. */
export function finderStill(seed: number, random: Random): FinderPicture | undefined {
  const family: Family = pick(random, { everything: 0.65, train: 0.2, degraded: 0.15 });
  // Keyboards have most bars to go wrong.
  const kind = pick<InstrumentKind | 'any'>(random, { keyboard: 0.3, row: 0.12, any: 0.58 });
  const partly = random.uniform() < keptPartly;
  const made = scene(seed, family, {
    ...{ width, height: rows, seconds: 8, fps: '12' },
    ...(kind === 'any' ? {} : { instrument: kind }),
  });
  const { times, calibration } = made.truth;
  const inside = ([x, y]: Point): boolean => x >= 0 && y >= 0 && x < width && y < rows;
  if (!partly && !calibration.bars.every(({ quad }) => quad.every(inside))) return undefined;
  const frames = Array.from({ length: framesOf }, (_, k) => {
    const index = Math.floor(((k + 0.5) * times.length) / framesOf);
    return [...made.frames(index, index + 1)][0].pixels;
  });
  return { luma: medianOf(frames), bars: calibration.bars };
}

function pick<Name extends string>(random: Random, weights: Partial<Record<Name, number>>): Name {
  let left = random.uniform();
  const entries = Object.entries(weights) as [Name, number][];
  return (entries.find(([, weight]) => (left -= weight) < 0) ?? entries[0])[0];
}

/** Where a picture and what is to be painted on it go. */
export type FinderSample = Readonly<Record<'image' | (typeof paints)[number], Float32Array>>;

/** Draws a picture turned, mirrored, enlarged, brightened, made soft or noisy, and standardised. */
export function drawSample(picture: FinderPicture, random: Random, sample: FinderSample): void {
  const { image } = sample;
  const u = (): number => random.uniform();
  // One in four lies any way, as bars seen from an instrument's end do.
  const angle = u() < 0.25 ? (u() - 0.5) * 2 * Math.PI : (u() - 0.5) * 0.5 * u();
  const scale = Math.exp((u() - 0.4) * 0.55);
  const [mirrorX, mirrorY] = [u() < 0.5 ? -1 : 1, u() < 0.3 ? -1 : 1];
  const across = (mirrorX * Math.exp((u() - 0.5) * 0.3)) / scale;
  const down = mirrorY / scale;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const [cx, cy] = [width / 2 + (u() - 0.5) * 90, rows / 2 + (u() - 0.5) * 60];
  const [a, b, d, e] = [c * across, -s * down, s * across, c * down];
  const [x0, y0] = [cx - (a * width + b * rows) / 2, cy - (d * width + e * rows) / 2];
  // From the drawn picture to the given one.
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      image[i] = y < rows ? valueAt(picture.luma, a * (x + 0.5) + b * (y + 0.5) + x0, d * (x + 0.5) + e * (y + 0.5) + y0) : NaN; // prettier-ignore
    }
  }
  if (u() < 0.25) soften(image);
  const gamma = Math.exp((u() - 0.5) * 0.8);
  const noise = u() < 0.4 ? 10 * u() : 0;
  const negative = u() < 0.12;
  let [sum, squares, count] = [0, 0, 0];
  for (let i = 0; i < image.length; i++) {
    if (Number.isNaN(image[i])) continue;
    const value = image[i] + (noise > 0 ? noise * (u() + u() - 1) : 0);
    const bright = 255 * Math.pow(Math.max(0, value) / 255, gamma);
    image[i] = negative ? 255 - bright : bright;
    sum += image[i];
    squares += image[i] * image[i];
    count++;
  }
  const mean = sum / count;
  const deviation = Math.sqrt(Math.max(1, squares / count - mean * mean));
  for (let i = 0; i < image.length; i++) image[i] = Number.isNaN(image[i]) ? 0 : (image[i] - mean) / deviation;

  const turn = a * e - b * d;
  // Cells are two pixels wide.
  const cell = ([x, y]: Point): Point => [
    (e * (x - x0) - b * (y - y0)) / turn / 2,
    (a * (y - y0) - d * (x - x0)) / turn / 2,
  ];
  for (const map of [sample.core, sample.back, sample.inside]) map.fill(0);
  const several = picture.bars.some(({ row }) => row === 1);
  for (const { quad, row } of picture.bars) {
    const moved = quad.map(cell) as unknown as Quad;
    fill(moved, 0, 0, sample.inside);
    fill(moved, 0.25, 0.05, sample.core);
    if (several && row === 1) fill(moved, 0.25, 0.05, sample.back);
  }
}

/** Between pixels; NaN outside the picture. */
function valueAt(luma: Uint8Array, x: number, y: number): number {
  if (x < 0 || y < 0 || x > width || y > rows) return NaN;
  const [column, line] = [Math.min(width - 1.001, Math.max(0, x - 0.5)), Math.min(rows - 1.001, Math.max(0, y - 0.5))];
  const [c, r] = [Math.floor(column), Math.floor(line)];
  const [u, v] = [column - c, line - r];
  const i = r * width + c;
  return (1 - v) * ((1 - u) * luma[i] + u * luma[i + 1]) + v * ((1 - u) * luma[i + width] + u * luma[i + width + 1]);
}

/** As a picture of half the size, enlarged again. */
function soften(image: Float32Array): void {
  for (let y = 0; y + 1 < rows; y += 2) {
    for (let x = 0; x < width; x += 2) {
      const i = y * width + x;
      image.fill((image[i] + image[i + 1] + image[i + width] + image[i + width + 1]) / 4, i, i + 2);
      image.copyWithin(i + width, i, i + 2);
    }
  }
  for (let y = 1; y + 1 < rows; y++) {
    for (let x = 1; x + 1 < width; x++) {
      const i = y * width + x;
      image[i] = (2 * image[i] + image[i + 1] + image[i + width]) / 4;
    }
  }
}

/** Paints a quad without so much of its width and length at either side: 1 inside, less in the cells on its outline. */
function fill([a, b, c, d]: Quad, narrower: number, shorter: number, map: Float32Array): void {
  const at = (u: number, v: number): Point => {
    const [low, high] = [0, 1].map((k) => [a[k] + (d[k] - a[k]) * v, b[k] + (c[k] - b[k]) * v]);
    return [low[0] + (low[1] - low[0]) * u, high[0] + (high[1] - high[0]) * u];
  };
  const [u0, u1, v0, v1] = [narrower, 1 - narrower, shorter, 1 - shorter];
  const corners = [at(u0, v0), at(u1, v0), at(u1, v1), at(u0, v1)];
  const next = (k: number): Point => corners[(k + 1) % 4];
  const turn = Math.sign(corners.reduce((sum, [x, y], k) => sum + x * next(k)[1] - y * next(k)[0], 0));
  const sides = corners.map(([x, y], k) => {
    const [dx, dy] = [next(k)[0] - x, next(k)[1] - y];
    const length = Math.hypot(dx, dy) || 1;
    return { x, y, nx: (-dy / length) * turn, ny: (dx / length) * turn };
  });
  const [columns, lines] = [width / 2, height / 2];
  const range = (k: 0 | 1, most: number): [number, number] => [
    Math.max(0, Math.floor(Math.min(...corners.map((point) => point[k])))),
    Math.min(most - 1, Math.ceil(Math.max(...corners.map((point) => point[k])))),
  ];
  const [[left, right], [top, bottom]] = [range(0, columns), range(1, lines)];
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      let share = 1;
      for (const side of sides) {
        share = Math.min(share, (x + 0.5 - side.x) * side.nx + (y + 0.5 - side.y) * side.ny + 0.5);
      }
      const i = y * columns + x;
      if (share > map[i]) map[i] = share;
    }
  }
}
