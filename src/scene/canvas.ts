// Where moving things are drawn over the plate: shaded capsules, soft shadows, quadrilaterals, and the spans of each row
// that they touched, so that a frame costs what moves in it.

/** How light falls on what moves: directions in the picture (right, up, towards the camera) and powers; at most two. */
export interface Shading {
  /** Light from everywhere. */
  readonly ambient: number;
  /** Per lamp: right, up, towards the camera, power. */
  readonly lamps: Float64Array;
}

/** A picture in linear light with one or three channels, over a plate it can be reset to. */
export class Canvas {
  /** [height x width x channels]; equals the plate outside the spans. */
  readonly data: Float32Array;
  /** First touched column per row, and one past the last; empty where first >= last. */
  readonly first: Int32Array;
  /** One past the last touched column. */
  readonly last: Int32Array;
  private top: number;
  private bottom = -1;

  constructor(
    private readonly plate: Float32Array,
    readonly width: number,
    readonly height: number,
    readonly channels: 1 | 3,
    private readonly shading: Shading,
  ) {
    this.data = new Float32Array(plate);
    this.first = new Int32Array(height).fill(width);
    this.last = new Int32Array(height);
    this.top = height;
  }

  /** Puts the plate back where something was drawn. */
  reset(): void {
    const { plate, data, first, last, width, channels } = this;
    for (let y = this.top; y <= this.bottom; y++) {
      for (let o = (y * width + first[y]) * channels, end = (y * width + last[y]) * channels; o < end; o++) {
        data[o] = plate[o];
      }
      first[y] = width;
      last[y] = 0;
    }
    this.top = this.height;
    this.bottom = -1;
  }

  /** Adds `share` of what was drawn here to `target`, whose plate is the same. */
  addTo(target: Canvas, share: number): void {
    const { plate, data, first, last, width, channels } = this;
    for (let y = this.top; y <= this.bottom; y++) {
      if (first[y] >= last[y]) continue;
      target.touch(y, first[y], last[y]);
      for (let o = (y * width + first[y]) * channels, end = (y * width + last[y]) * channels; o < end; o++) {
        target.data[o] += share * (data[o] - plate[o]);
      }
    }
  }

  private touch(y: number, x0: number, x1: number): void {
    if (x0 < this.first[y]) this.first[y] = x0;
    if (x1 > this.last[y]) this.last[y] = x1;
    if (y < this.top) this.top = y;
    if (y > this.bottom) this.bottom = y;
  }

  /**
   * A tapered capsule from a to b (column, row, radius; pixels), shaded as a round body.
   * @param colour one or three channels of reflectance, already under the light's colour.
   * @param soft half width of its edge, pixels.
   */
  capsule(
    ax: number,
    ay: number,
    ar: number,
    bx: number,
    by: number,
    br: number,
    colour: Float64Array,
    soft: number,
    alpha = 1,
  ): void {
    const { width, height, data, channels } = this;
    const { ambient, lamps } = this.shading;
    const reach = Math.max(ar, br) + soft;
    const y0 = Math.max(0, Math.ceil(Math.min(ay, by) - reach - 0.5));
    const y1 = Math.min(height - 1, Math.floor(Math.max(ay, by) + reach - 0.5));
    const dx = bx - ax;
    const dy = by - ay;
    const inverseLength = 1 / (dx * dx + dy * dy + 1e-9);
    const inverseSoft = alpha / (2 * soft);
    const c0 = colour[0];
    const l0 = lamps[0];
    const l1 = lamps[1];
    const l2 = lamps[2];
    const l3 = lamps[3];
    const m0 = lamps[4];
    const m1 = lamps[5];
    const m2 = lamps[6];
    const m3 = lamps[7];
    for (let y = y0; y <= y1; y++) {
      const py = y + 0.5;
      // The part of the axis within reach of this row bounds the columns.
      let t0 = 0;
      let t1 = 1;
      if (dy > 1e-6 || dy < -1e-6) {
        const ta = (py - reach - ay) / dy;
        const tb = (py + reach - ay) / dy;
        t0 = Math.max(0, Math.min(ta, tb));
        t1 = Math.min(1, Math.max(ta, tb));
        if (t0 > t1) continue;
      }
      const xa = ax + dx * t0;
      const xb = ax + dx * t1;
      const x0 = Math.max(0, Math.ceil(Math.min(xa, xb) - reach - 0.5));
      const x1 = Math.min(width - 1, Math.floor(Math.max(xa, xb) + reach - 0.5));
      if (x0 > x1) continue;
      this.touch(y, x0, x1 + 1);
      const ey = py - ay;
      for (let x = x0; x <= x1; x++) {
        const ex = x + 0.5 - ax;
        let t = (ex * dx + ey * dy) * inverseLength;
        t = t < 0 ? 0 : t > 1 ? 1 : t;
        const qx = ex - t * dx;
        const qy = ey - t * dy;
        const r = ar + (br - ar) * t;
        const squared = qx * qx + qy * qy;
        const outer = r + soft;
        if (squared >= outer * outer) continue;
        const distance = Math.sqrt(squared);
        let cover = (outer - distance) * inverseSoft;
        if (cover > alpha) cover = alpha;
        const inverse = 1 / (r + 0.3);
        const nx = qx * inverse;
        const ny = -qy * inverse;
        const flat = 1 - nx * nx - ny * ny;
        const nz = flat > 0 ? Math.sqrt(flat) : 0;
        let light = ambient * (0.8 + 0.2 * nz);
        const a = nx * l0 + ny * l1 + nz * l2;
        if (a > 0) light += a * l3;
        const b = nx * m0 + ny * m1 + nz * m2;
        if (b > 0) light += b * m3;
        if (channels === 1) {
          const o = y * width + x;
          data[o] += cover * (c0 * light - data[o]);
        } else {
          const o = (y * width + x) * 3;
          data[o] += cover * (c0 * light - data[o]);
          data[o + 1] += cover * (colour[1] * light - data[o + 1]);
          data[o + 2] += cover * (colour[2] * light - data[o + 2]);
        }
      }
    }
  }

  /**
   * The shadow of a capsule: darkens to `1 - strength` at most.
   * @param soft half width of the penumbra, pixels; wider than the capsule it also pales.
   */
  shadow(ax: number, ay: number, ar: number, bx: number, by: number, br: number, strength: number, soft: number): void {
    const { width, height, data, channels } = this;
    const wide = Math.max(ar, br);
    const reach = wide + soft;
    const y0 = Math.max(0, Math.ceil(Math.min(ay, by) - reach - 0.5));
    const y1 = Math.min(height - 1, Math.floor(Math.max(ay, by) + reach - 0.5));
    const dx = bx - ax;
    const dy = by - ay;
    const inverseLength = 1 / (dx * dx + dy * dy + 1e-9);
    for (let y = y0; y <= y1; y++) {
      const py = y + 0.5;
      let t0 = 0;
      let t1 = 1;
      if (dy > 1e-6 || dy < -1e-6) {
        const ta = (py - reach - ay) / dy;
        const tb = (py + reach - ay) / dy;
        t0 = Math.max(0, Math.min(ta, tb));
        t1 = Math.min(1, Math.max(ta, tb));
        if (t0 > t1) continue;
      }
      const xa = ax + dx * t0;
      const xb = ax + dx * t1;
      const x0 = Math.max(0, Math.ceil(Math.min(xa, xb) - reach - 0.5));
      const x1 = Math.min(width - 1, Math.floor(Math.max(xa, xb) + reach - 0.5));
      if (x0 > x1) continue;
      this.touch(y, x0, x1 + 1);
      const ey = py - ay;
      for (let x = x0; x <= x1; x++) {
        const ex = x + 0.5 - ax;
        let t = (ex * dx + ey * dy) * inverseLength;
        t = t < 0 ? 0 : t > 1 ? 1 : t;
        const qx = ex - t * dx;
        const qy = ey - t * dy;
        const r = ar + (br - ar) * t;
        const squared = qx * qx + qy * qy;
        const outer = r + soft;
        if (squared >= outer * outer) continue;
        let cover = (outer - Math.sqrt(squared)) / (2 * Math.min(r, soft));
        cover = cover >= 1 ? 1 : cover * cover * (3 - 2 * cover);
        const keep = 1 - strength * cover;
        if (channels === 1) data[y * width + x] *= keep;
        else {
          const o = (y * width + x) * 3;
          data[o] *= keep;
          data[o + 1] *= keep;
          data[o + 2] *= keep;
        }
      }
    }
  }

  /**
   * A convex quadrilateral (8 numbers: columns and rows, clockwise in the picture) of one brightness, where `mask` lets
   * it be seen.
   * @param soft half width of its edge, pixels.
   */
  quad(corners: Float64Array, colour: Float64Array, soft: number, mask: Float32Array, alpha = 1): void {
    const { width, height, data, channels } = this;
    let low = height;
    let high = -1;
    let left = width;
    let right = -1;
    for (let i = 0; i < 4; i++) {
      left = Math.min(left, corners[2 * i]);
      right = Math.max(right, corners[2 * i]);
      low = Math.min(low, corners[2 * i + 1]);
      high = Math.max(high, corners[2 * i + 1]);
    }
    const y0 = Math.max(0, Math.floor(low - soft));
    const y1 = Math.min(height - 1, Math.ceil(high + soft));
    const x0 = Math.max(0, Math.floor(left - soft));
    const x1 = Math.min(width - 1, Math.ceil(right + soft));
    const planes = new Float64Array(12);
    for (let i = 0; i < 4; i++) {
      const ax = corners[2 * i];
      const ay = corners[2 * i + 1];
      const dx = corners[(2 * i + 2) & 7] - ax;
      const dy = corners[(2 * i + 3) & 7] - ay;
      const length = Math.sqrt(dx * dx + dy * dy) + 1e-9;
      planes[3 * i] = -dy / length;
      planes[3 * i + 1] = dx / length;
      planes[3 * i + 2] = (ax * dy - ay * dx) / length;
    }
    for (let y = y0; y <= y1; y++) {
      if (x1 < x0) break;
      this.touch(y, x0, x1 + 1);
      for (let x = x0; x <= x1; x++) {
        let inside = 1e9;
        for (let i = 0; i < 12; i += 3) {
          const d = planes[i] * (x + 0.5) + planes[i + 1] * (y + 0.5) + planes[i + 2];
          if (d < inside) inside = d;
        }
        let cover = (inside + soft) / (2 * soft);
        if (cover <= 0) continue;
        if (cover > 1) cover = 1;
        cover *= alpha * mask[y * width + x];
        const o = (y * width + x) * channels;
        for (let k = 0; k < channels; k++) data[o + k] += cover * (colour[k] - data[o + k]);
      }
    }
  }
}
