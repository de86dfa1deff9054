// Light on the still picture: lamps with soft shadows of the bars, light from everywhere, and what shines back of lamps and
// window.
import { cells, type Row } from './bar-index.js';
import { unit, type Vector } from './camera.js';
import { cos, sin } from './exact-math.js';
import { insideBar, type Instrument } from './instrument.js';
import type { Look } from './look.js';
import type { SurfacePoint } from './surface-point.js';

/** Lights points of one scene, seen from one camera. */
export class Lighting {
  private readonly direction: Vector;
  private readonly blindsC: number;
  private readonly blindsS: number;
  private readonly brightness: readonly number[];
  private readonly reach: readonly number[];
  private readonly flat: boolean;
  private readonly metal: boolean;
  // From a point towards the lamp that lights it.
  private readonly towards = new Float64Array(3);

  /** @param rows the bars that throw shadows. */
  constructor(
    private readonly instrument: Instrument,
    private readonly look: Look,
    private readonly rows: readonly Row[],
    eye: Vector,
  ) {
    const { bars, blinds, lights } = look;
    this.direction = windowDirection(instrument, look, eye);
    this.blindsC = cos(blinds[2]) / blinds[1];
    this.blindsS = sin(blinds[2]) / blinds[1];
    this.brightness = lights.map((light) => light.colour[1]);
    this.reach = lights.map(({ position: [x, y, z] }) => x * x + y * y + z * z);
    this.flat = bars.material === 'drawn' || bars.material === 'tape';
    this.metal = bars.material === 'steel' || bars.material === 'brass';
  }

  /** Light that falls on the point, to the first three of `lit`; `open` is the share of the sky it sees. */
  illuminate({ at, normal, jitter, lit }: SurfacePoint, open: number): void {
    const { look, towards, reach } = this;
    const { ambient, lights, blinds } = look;
    const x = at[0];
    const y = at[1];
    const z = at[2];
    for (let k = 0; k < 3; k++) lit[k] = ambient[k] * open;
    for (let n = 0; n < lights.length; n++) {
      const { position, colour: tint, radius } = lights[n];
      let lx = position[0] + jitter[0] * radius - x;
      let ly = position[1] + jitter[1] * radius - y;
      let lz = position[2] - z;
      const squared = lx * lx + ly * ly + lz * lz;
      const inverse = 1 / Math.sqrt(squared);
      lx *= inverse;
      ly *= inverse;
      lz *= inverse;
      let power = (normal[0] * lx + normal[1] * ly + normal[2] * lz) * Math.min(3, reach[n] / squared);
      if (power <= 0 || lz < 0.05) continue;
      if (n === 0 && blinds[0] > 0) {
        const stripe = (x - (lx / lz) * z) * this.blindsC + (y - (ly / lz) * z) * this.blindsS;
        const wave = sin(stripe * 6.283) * 2.2;
        power *= 1 - blinds[0] * (wave < -1 ? 0 : wave > 1 ? 1 : (wave + 1) / 2);
      }
      towards[0] = lx;
      towards[1] = ly;
      towards[2] = lz;
      if (z < -0.3) {
        // Far below, the shadows of all the bars run together.
        const s = -z / lz;
        power *= 1 - 0.6 * underBars(this.instrument, x + lx * s, y + ly * s, 0.25);
      } else if (this.isShaded(at)) continue;
      if (power > 0) for (let k = 0; k < 3; k++) lit[k] += tint[k] * power;
    }
  }

  /** Whether a bar lies on the way to the lamp. */
  private isShaded(at: Float64Array): boolean {
    if (this.flat) return false;
    const { towards, rows } = this;
    const { bars } = this.instrument;
    const z = at[2];
    for (const row of rows) {
      const middle = (row.top + row.bottom) / 2;
      if (middle <= z + 0.0004) continue;
      const s = (middle - z) / towards[2];
      const qx = at[0] + towards[0] * s;
      const qy = at[1] + towards[1] * s;
      if (qy < row.y0 || qy > row.y1) continue;
      const cell = Math.floor((qx - row.x0) * row.perMetre);
      if (cell < 0 || cell >= cells) continue;
      for (let i = row.low[cell]; i <= row.high[cell]; i++) {
        if (insideBar(bars[row.bars[i].bar], qx, qy)) return true;
      }
    }
    return false;
  }

  /** Lamps and window that the eye sees mirrored, to the last of `lit`. */
  mirror({ at, ray, normal, shine, lit }: SurfacePoint): void {
    const { look, direction, brightness } = this;
    const { lights, window } = look;
    const inverse = 1 / ray[3];
    const dx = ray[0] * inverse;
    const dy = ray[1] * inverse;
    const dz = ray[2] * inverse;
    const facing = dx * normal[0] + dy * normal[1] + dz * normal[2];
    const rx = dx - 2 * facing * normal[0];
    const ry = dy - 2 * facing * normal[1];
    const rz = dz - 2 * facing * normal[2];
    const graze = 1 + Math.min(0, facing);
    const fresnel = this.metal ? 1 : 0.3 + 0.7 * graze * graze * graze;
    let sum = 0;
    for (let n = 0; n < lights.length; n++) {
      const { position } = lights[n];
      const lx = position[0] - at[0];
      const ly = position[1] - at[1];
      const lz = position[2] - at[2];
      const c = (rx * lx + ry * ly + rz * lz) / Math.sqrt(lx * lx + ly * ly + lz * lz);
      const off = 1 + (1 - c) / shine[1];
      sum += (1.6 * brightness[n]) / (off * off);
    }
    const { strength, width: wide } = window;
    if (strength > 0) {
      const c = rx * direction[0] + ry * direction[1] + rz * direction[2];
      const off = 1 + (1 - c) / (wide + shine[1]);
      sum += strength / (off * off);
    }
    lit[3] = shine[0] * fresnel * (sum + 0.12 * Math.max(0, rz));
  }
}

/** How far a place of the plan view lies under the instrument, 0..1, with an edge `soft` metres wide. */
export function underBars({ bounds }: Instrument, x: number, y: number, soft: number): number {
  const inside = Math.min(x - bounds.x0, bounds.x1 - x, y - bounds.y0, bounds.y1 - y);
  const s = inside / soft + 0.5;
  return s <= 0 ? 0 : s >= 1 ? 1 : s * s * (3 - 2 * s);
}

/** Where the window is: as drawn, or so that the camera sees its image at one place of the bars. */
function windowDirection({ bounds }: Instrument, { window }: Look, eye: Vector): Vector {
  if (window.seen === undefined) return window.direction;
  const x = bounds.x0 + (bounds.x1 - bounds.x0) * window.seen;
  const y = (bounds.y0 + bounds.y1) / 2;
  // The mirror is level: the way back up leaves at the angle at which the eye looks down.
  return unit([x - eye[0], y - eye[1], eye[2]]);
}
