// What is painted on bars and on what they lie on: grain, rounded edges, outlines, holes, cord and labels.
import type { Bar, Instrument } from './instrument.js';
import type { Look } from './look.js';
import type { Random } from './random.js';
import type { SurfacePoint } from './surface-point.js';
import { noise, Texture } from './texture.js';

// A bar's own axes, for what is drawn on it.
interface Axes {
  readonly x: number;
  readonly y: number;
  readonly alongX: number;
  readonly alongY: number;
  readonly length: number;
  readonly half: number;
  readonly tiltU: number;
  readonly tiltV: number;
}

function axesOf({ plan }: Bar, random: Random): Axes {
  const [[ax, ay], [bx, by], [cx, cy], [dx, dy]] = plan;
  const vx = (ax + bx - cx - dx) / 2;
  const vy = (ay + by - cy - dy) / 2;
  const length = Math.sqrt(vx * vx + vy * vy);
  const wx = (bx + cx - ax - dx) / 2;
  const wy = (by + cy - ay - dy) / 2;
  return {
    x: (ax + bx + cx + dx) / 4,
    y: (ay + by + cy + dy) / 4,
    alongX: vx / length,
    alongY: vy / length,
    length,
    half: Math.sqrt(wx * wx + wy * wy) / 2,
    tiltU: random.range(-1, 1) * 0.025,
    tiltV: random.range(-1, 1) * 0.018,
  };
}

/** Paints the upper faces of bars, and table or sheet between them. */
export class BarPaint {
  private readonly axes: readonly Axes[];
  private readonly ground: Texture;
  private readonly sheet: Texture | undefined;
  private readonly flat: boolean;

  /**
   * @param seed of grain, hatching and labels.
   * @param tile side of the textures, pixels.
   * @param random draws how crooked each bar lies.
   */
  constructor(
    private readonly instrument: Instrument,
    private readonly look: Look,
    private readonly seed: number,
    tile: number,
    random: Random,
  ) {
    const { material } = look.bars;
    this.flat = material === 'drawn' || material === 'tape';
    this.ground = new Texture(look.ground, tile);
    this.sheet = look.sheet && new Texture(look.sheet, tile);
    this.axes = instrument.bars.map((bar) => axesOf(bar, random));
  }

  /** Colour of what the bars lie on. */
  onGround({ at, colour }: SurfacePoint, footprint: number): void {
    const { sheet, ground, look } = this;
    const { bounds } = this.instrument;
    const x = at[0];
    const y = at[1];
    const m = look.sheetMargin;
    const onSheet =
      sheet && x > bounds.x0 - m && x < bounds.x1 + m * 1.3 && y > bounds.y0 - m * 0.8 && y < bounds.y1 + m;
    (onSheet ? sheet : ground).sample(x, y, footprint, colour);
  }

  /** Colour, normal and shine of a bar's upper face. */
  onBar(index: number, point: SurfacePoint, footprint: number): void {
    const { flat, seed } = this;
    const { at, colour, normal, shine } = point;
    const x = at[0];
    const y = at[1];
    const barLook = this.look.bars;
    const { x: cx, y: cy, alongX, alongY, length, half, tiltU, tiltV } = this.axes[index];
    const dx = x - cx;
    const dy = y - cy;
    const across = dx * alongY - dy * alongX;
    const u = across / half;
    const along = dx * alongX + dy * alongY + length / 2;
    const v = along / length;
    const own = barLook.colours[index];
    const { grain, bevel, holes } = barLook;
    shine[0] = barLook.gloss;
    shine[1] = barLook.roughness;
    const u2 = u * u;
    const lean = tiltU * bevel + bevel * 0.4 * u2 * u2 * u;
    const slope = bevel * (tiltV + 0.05 * (v - 0.5));
    normal[0] = alongY * lean + alongX * slope;
    normal[1] = -alongX * lean + alongY * slope;
    const inverse = 1 / Math.sqrt(normal[0] * normal[0] + normal[1] * normal[1] + 1);
    normal[0] *= inverse;
    normal[1] *= inverse;
    normal[2] = inverse;
    let bright = 1;
    if (grain > 0.015) {
      const veins = noise(across * 260 + index * 31, along * 9, 1 << 20, index * 7 + seed) - 0.5;
      const fine = noise(across * 700, along * 26 + index * 17, 1 << 20, seed) - 0.5;
      bright += grain * (veins + 0.6 * fine) * 2;
    }
    for (let k = 0; k < 3; k++) colour[k] = own[k] * bright;
    const edge = Math.min((1 - Math.abs(u)) * half, along, length - along);
    if (flat) {
      const { fill, outline, ink } = barLook;
      if (fill < 1) {
        const r = colour[0];
        const g = colour[1];
        const b = colour[2];
        this.onGround(point, footprint);
        const hatch =
          fill > 0 && fill < 0.6 ? (noise((across + along) * 300, index, 1 << 20, seed) > 1 - fill ? 1 : 0) : fill;
        colour[0] += (r - colour[0]) * hatch;
        colour[1] += (g - colour[1]) * hatch;
        colour[2] += (b - colour[2]) * hatch;
      }
      const wobble = outline * (1 + 0.5 * (noise(along * 60 + across * 40, index, 1 << 20, seed) - 0.5));
      if (outline > 0 && edge < wobble) for (let k = 0; k < 3; k++) colour[k] = ink[k];
    } else if (barLook.outline > 0 && edge < barLook.outline) for (let k = 0; k < 3; k++) colour[k] = barLook.ink[k];
    if (barLook.labels && Math.abs(u) < 0.5 && along > 0.1 * length && along < 0.1 * length + half) {
      if (noise(across * 420, along * 420, 1 << 20, index * 13 + seed) > 0.55) {
        for (let k = 0; k < 3; k++) colour[k] = barLook.ink[k];
      }
    }
    if (holes > 0) {
      const a = along - 0.22 * length;
      const b = along - 0.78 * length;
      const near = across * across + Math.min(a * a, b * b);
      if (near < holes * holes) {
        const value = barLook.screws ? 0.55 : 0.015;
        for (let k = 0; k < 3; k++) colour[k] = value;
      } else if (barLook.cord && Math.min(Math.abs(a), Math.abs(b)) < 0.0016) {
        for (let k = 0; k < 3; k++) colour[k] = colour[k] * 0.35 + 0.12;
      }
    }
  }
}
