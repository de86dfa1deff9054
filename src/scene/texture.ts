// Surfaces: square tiles of colour that repeat, made once per look, with a pyramid so that distance blurs them.
import { cos, exp, pi, pow, sin } from './exact-math.js';
import { hash, Random } from './random.js';

/** Linear light, 0..1 per channel, red green blue. */
export type Colour = readonly [red: number, green: number, blue: number];

/** What a surface looks like. `leaves` piles up shapes of all sizes and colours: the statistics of photographs. */
export type TextureKind =
  'plain' | 'carpet' | 'cloud' | 'wood' | 'weave' | 'leaves' | 'tiles' | 'stripes' | 'print' | 'terrazzo';

/** How to make a tile. */
export interface TextureSpec {
  /** What it looks like. */
  readonly kind: TextureKind;
  /** Main colour. */
  readonly base: Colour;
  /** The colour that alternates with it. */
  readonly second: Colour;
  /** Strength of the pattern, 0..1. */
  readonly contrast: number;
  /** Metres from one repetition to the next. */
  readonly period: number;
  /** Direction, radians. */
  readonly angle: number;
  /** Seed of the pattern. */
  readonly seed: number;
}

/** Linear light of an sRGB colour, 0..255 per channel. */
export function srgb(red: number, green: number, blue: number): Colour {
  const linear = (value: number): number => {
    const v = Math.min(255, Math.max(0, value)) / 255;
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
  };
  return [linear(red), linear(green), linear(blue)];
}

/** Linear light of a hue (0..1, red green blue), saturation and value, all 0..1 in sRGB. */
export function hsv(hue: number, saturation: number, value: number): Colour {
  const channel = (offset: number): number => {
    const k = (hue * 6 + offset) % 6;
    return 255 * value * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return srgb(channel(5), channel(3), channel(1));
}

/** Rec. 709 luminance of a linear colour. */
export const luminance = ([r, g, b]: Colour): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;

/** Smooth noise on a lattice that repeats every `period` cells, 0..1. */
export function noise(x: number, y: number, period: number, seed: number): number {
  const fx = Math.floor(x);
  const fy = Math.floor(y);
  const u = x - fx;
  const v = y - fy;
  const s = u * u * (3 - 2 * u);
  const t = v * v * (3 - 2 * v);
  const wrap = (i: number): number => ((i % period) + period) % period;
  const x0 = wrap(fx) + seed;
  const x1 = wrap(fx + 1) + seed;
  const y0 = wrap(fy) * 3;
  const y1 = wrap(fy + 1) * 3;
  const top = hash(x0, y0) + (hash(x1, y0) - hash(x0, y0)) * s;
  const bottom = hash(x0, y1) + (hash(x1, y1) - hash(x0, y1)) * s;
  return top + (bottom - top) * t;
}

function octaves(x: number, y: number, first: number, count: number, seed: number): number {
  let sum = 0;
  let weight = 0.5;
  for (let i = 0, period = first; i < count; i++, period *= 2) {
    sum += weight * (noise(x * period, y * period, period, seed + i * 101) - 0.5);
    weight *= 0.62;
  }
  return sum;
}

/** A surface, sampled in metres. */
export class Texture {
  private readonly levels: Float32Array[] = [];
  private readonly sizes: number[] = [];
  private readonly perMetre: number;
  private readonly c: number;
  private readonly s: number;

  /** @param size pixels of the tile's side, a power of two. */
  constructor(
    readonly spec: TextureSpec,
    private readonly size: number,
  ) {
    this.perMetre = 1 / spec.period;
    this.c = cos(spec.angle);
    this.s = sin(spec.angle);
  }

  /** Paints tile and pyramid: not before somebody looks, because many walls and floors are never seen. */
  private build(): void {
    const { spec, size } = this;
    this.levels.push(paint(spec, size));
    this.sizes.push(size);
    for (let n = size; n > 1; n >>= 1) {
      const from = this.levels[this.levels.length - 1];
      const half = n >> 1;
      const to = new Float32Array(half * half * 3);
      for (let y = 0; y < half; y++) {
        for (let x = 0; x < half; x++) {
          for (let k = 0; k < 3; k++) {
            const o = (2 * y * n + 2 * x) * 3 + k;
            to[(y * half + x) * 3 + k] = (from[o] + from[o + 3] + from[o + n * 3] + from[o + n * 3 + 3]) / 4;
          }
        }
      }
      this.levels.push(to);
      this.sizes.push(half);
    }
  }

  /** Writes the colour at a place (metres) seen with pixels of `footprint` metres to `out`. */
  sample(x: number, y: number, footprint: number, out: Float64Array): void {
    if (this.levels.length === 0) this.build();
    let level = 0;
    for (
      let texel = this.spec.period / this.sizes[0];
      texel < footprint && level < this.levels.length - 1;
      texel *= 2
    ) {
      level++;
    }
    const size = this.sizes[level];
    const data = this.levels[level];
    const u = (x * this.c + y * this.s) * this.perMetre * size;
    const v = (y * this.c - x * this.s) * this.perMetre * size;
    const fu = Math.floor(u);
    const fv = Math.floor(v);
    const a = u - fu;
    const b = v - fv;
    const mask = size - 1;
    const x0 = fu & mask;
    const x1 = (fu + 1) & mask;
    const y0 = (fv & mask) * size;
    const y1 = ((fv + 1) & mask) * size;
    const w00 = (1 - a) * (1 - b);
    const w10 = a * (1 - b);
    const w01 = (1 - a) * b;
    const w11 = a * b;
    const o00 = (y0 + x0) * 3;
    const o10 = (y0 + x1) * 3;
    const o01 = (y1 + x0) * 3;
    const o11 = (y1 + x1) * 3;
    for (let k = 0; k < 3; k++) {
      out[k] = data[o00 + k] * w00 + data[o10 + k] * w10 + data[o01 + k] * w01 + data[o11 + k] * w11;
    }
  }
}

function paint(spec: TextureSpec, size: number): Float32Array {
  const data = new Float32Array(size * size * 3);
  if (spec.kind === 'leaves' || spec.kind === 'terrazzo') return paintShapes(spec, size, data);
  const { base, second, contrast, seed, kind } = spec;
  const random = new Random(seed, 'texture');
  const cells = random.pick([2, 4, 8]);
  const planks = random.pick([4, 6, 8]);
  const threads = random.pick([16, 32]);
  const lines = random.pick([12, 18]);
  for (let j = 0; j < size; j++) {
    const y = j / size;
    for (let i = 0; i < size; i++) {
      const x = i / size;
      // How far towards the second colour, and how bright.
      let mix = 0;
      let bright = 1;
      switch (kind) {
        case 'plain':
          bright = 1 + contrast * (0.25 * octaves(x, y, 4, 2, seed) + 0.25 * (hash(i + seed, j) - 0.5));
          break;
        case 'carpet':
          mix = 0.5 + contrast * (1.2 * octaves(x, y, 32, 3, seed) + 0.9 * (hash(i + seed, j) - 0.5));
          break;
        case 'cloud':
          mix = 0.5 + 1.6 * contrast * octaves(x, y, 2, 6, seed);
          break;
        case 'wood': {
          const plank = Math.floor(y * planks);
          const within = y * planks - plank;
          const grain =
            noise(x * 4, y * 64, 64, seed + plank * 7) - 0.5 + 0.5 * (noise(x * 16, y * 128, 128, seed) - 0.5);
          mix = 0.5 + contrast * (0.9 * grain + 1.1 * (hash(plank, seed) - 0.5));
          bright = within < 0.03 || Math.abs(x - hash(plank, seed + 5)) < 0.003 ? 0.45 : 1;
          break;
        }
        case 'weave': {
          const warp = 0.5 + 0.5 * sin(x * threads * 2 * pi);
          const weft = 0.5 + 0.5 * sin(y * threads * 2 * pi);
          mix = 0.5 + contrast * (warp * weft - 0.3 + octaves(x, y, 8, 2, seed));
          break;
        }
        case 'tiles': {
          const tx = Math.floor(x * cells);
          const ty = Math.floor(y * cells);
          const gx = x * cells - tx;
          const gy = y * cells - ty;
          mix = ((tx + ty) & 1 ? contrast : 0) + 0.15 * (hash(tx + seed, ty) - 0.5);
          bright = gx < 0.03 || gy < 0.03 ? 0.55 : 1 + 0.1 * octaves(x, y, 8, 3, seed);
          break;
        }
        case 'stripes':
          mix = Math.floor(y * cells * 2) & 1 ? contrast : 0;
          bright = 1 + 0.2 * octaves(x, y, 8, 2, seed);
          break;
        case 'print': {
          const line = Math.floor(y * lines);
          const within = y * lines - line;
          const ragged = 0.55 + 0.45 * hash(line, seed);
          const ink = within > 0.25 && within < 0.75 && x < ragged && noise(x * 64, line * 3, 64, seed) > 0.42;
          mix = (ink ? contrast : 0) + 0.1 * octaves(x, y, 4, 2, seed);
          break;
        }
      }
      mix = Math.min(1, Math.max(0, mix));
      const o = (j * size + i) * 3;
      for (let k = 0; k < 3; k++) data[o + k] = Math.max(0.002, (base[k] + (second[k] - base[k]) * mix) * bright);
    }
  }
  return data;
}

/** Dead leaves: discs and boxes of power-law size dropped on top of each other. */
function paintShapes(spec: TextureSpec, size: number, data: Float32Array): Float32Array {
  const random = new Random(spec.seed, 'shapes');
  const { base, second, contrast } = spec;
  for (let o = 0; o < data.length; o++) data[o] = base[o % 3];
  const chips = spec.kind === 'terrazzo';
  const count = chips ? 420 : 260;
  for (let n = 0; n < count; n++) {
    const radius = (chips ? random.ratio(0.006, 0.03) : random.ratio(0.35, 0.02)) * size;
    const cx = random.range(0, size);
    const cy = random.range(0, size);
    const stretch = random.range(0.35, 1);
    const box = random.chance(chips ? 0.2 : 0.45);
    const angle = random.range(0, pi);
    const c = cos(angle);
    const s = sin(angle);
    const mix = random.unit();
    const bright = exp(contrast * random.range(-1.6, 0.9));
    const tint = contrast * 0.5;
    const colour = [0, 1, 2].map((k) =>
      Math.min(0.95, (base[k] + (second[k] - base[k]) * mix) * bright * (1 + tint * random.range(-0.6, 0.6))),
    );
    const slope = random.range(-0.6, 0.6) / radius;
    const reach = Math.ceil(radius);
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        const u = dx * c + dy * s;
        const v = (dy * c - dx * s) / stretch;
        if (box ? Math.abs(u) > radius * 0.7 || Math.abs(v) > radius * 0.7 : u * u + v * v > radius * radius) continue;
        const x = (Math.floor(cx + dx) + size) & (size - 1);
        const y = (Math.floor(cy + dy) + size) & (size - 1);
        const shade = Math.max(0.3, 1 + slope * u) * (0.92 + 0.16 * hash(x + n, y));
        const o = (y * size + x) * 3;
        for (let k = 0; k < 3; k++) data[o + k] = Math.max(0.002, Math.min(1, colour[k] * shade));
      }
    }
  }
  return data;
}
