// What moves behind an instrument: leaves of music being turned, people walking past.
import type { View } from './camera.js';
import type { Canvas } from './canvas.js';
import { sin } from './exact-math.js';
import type { Instrument } from './instrument.js';
import type { Distraction } from './player.js';
import type { Colour } from './texture.js';

/** Draws distractions where the plate shows what lies behind the instrument. */
export class Passers {
  private readonly corners = new Float64Array(8);
  private readonly a = new Float64Array(3);
  private readonly bounds: Instrument['bounds'];
  private readonly colours: readonly Float64Array[];

  /**
   * @param floor height of the floor, metres.
   * @param mask [height x width], 1 where something behind would be seen.
   * @param soft half width of edges, pixels.
   * @param tint turns a reflectance into what the canvas holds.
   */
  constructor(
    private readonly canvas: Canvas,
    private readonly view: View,
    instrument: Instrument,
    private readonly list: readonly Distraction[],
    private readonly floor: number,
    private readonly mask: Float32Array,
    private readonly soft: number,
    tint: (colour: Colour) => Float64Array,
  ) {
    this.bounds = instrument.bounds;
    this.colours = list.map(({ kind, shape: [p, q, r, s] }) =>
      tint(
        kind === 'page'
          ? [0.5 + 0.4 * p, 0.5 + 0.4 * p, 0.48 + 0.36 * p]
          : [0.03 + 0.5 * q * r, 0.03 + 0.4 * r * s, 0.03 + 0.5 * s * q],
      ),
    );
  }

  /** Draws what moves at `time`. */
  draw(time: number): void {
    this.list.forEach((distraction, i) => {
      if (time > distraction.start && time < distraction.end) this.one(distraction, this.colours[i], time);
    });
  }

  private one({ kind, start, end, shape }: Distraction, colour: Float64Array, time: number): void {
    const { view, bounds, corners } = this;
    const s = (time - start) / (end - start);
    const width = bounds.x1 - bounds.x0;
    if (kind === 'page') {
      // A leaf of music turns, beyond the bars or beside them.
      const x = bounds.x0 + width * (0.15 + 0.6 * shape[1]);
      const size = 0.1 + 0.16 * shape[4];
      const y = shape[2] < 0.75 ? bounds.y1 + 0.01 + 0.1 * shape[3] : bounds.y0 - 1.3 * size - 0.02 - 0.1 * shape[3];
      const turn = s * s * (3 - 2 * s);
      const free = x + size * (1 - 2 * turn);
      const rise = 0.8 * size * (1 - (1 - 2 * turn) * (1 - 2 * turn));
      this.put(0, x, y + size * 1.3, 0);
      this.put(2, free, y + size * 1.3, rise);
      this.put(4, free, y, rise);
      this.put(6, x, y, 0);
    } else {
      // Somebody walks past: a body beyond the instrument.
      const go = shape[0] < 0.5 ? s : 1 - s;
      const x = bounds.x0 - 0.8 + (width + 1.6) * go;
      const y = bounds.y1 + 0.04 + 0.5 * shape[4] * shape[4];
      const sway = 0.04 * sin(time * 9 + shape[5] * 6);
      const half = 0.14 + 0.12 * shape[6];
      // The light they take away, soft and all over what they pass.
      if (shape[7] < 0.6 && view.depth(x, y - 0.25, 0) > 0.3) {
        view.project(x, y - 0.25 - 0.2 * shape[3], 0, this.a);
        const radius = (0.15 + 0.2 * shape[2]) * this.a[2];
        this.canvas.shadow(
          this.a[0],
          this.a[1],
          radius,
          this.a[0],
          this.a[1] - radius,
          radius,
          0.1 + 0.5 * shape[7],
          0.9 * radius,
        );
      }
      const ground = this.floor;
      this.put(0, x - half + sway, y + 0.05, ground + 1.5);
      this.put(2, x + half + sway, y + 0.05, ground + 1.5);
      this.put(4, x + half * 0.8, y, ground);
      this.put(6, x - half * 0.8, y, ground);
    }
    for (let i = 0; i < 8; i++) if (!(Math.abs(corners[i]) < 4 * view.width)) return;
    // Clockwise whichever side it is seen from.
    let area = 0;
    for (let i = 0; i < 8; i += 2) {
      area += corners[i] * corners[(i + 3) & 7] - corners[(i + 2) & 7] * corners[i + 1];
    }
    if (Math.abs(area) < 2) return;
    if (area < 0) {
      for (const k of [0, 1]) [corners[2 + k], corners[6 + k]] = [corners[6 + k], corners[2 + k]];
    }
    this.canvas.quad(corners, colour, 0.6 + (kind === 'person' ? 1.5 : 0) + this.soft, this.mask, 1);
  }

  private put(offset: number, x: number, y: number, z: number): void {
    const { view, a, corners } = this;
    if (view.depth(x, y, z) < 0.2) {
      corners[offset] = corners[offset + 1] = Infinity;
      return;
    }
    view.project(x, y, z, a);
    corners[offset] = a[0];
    corners[offset + 1] = a[1];
  }
}
