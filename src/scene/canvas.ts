// Where moving things are drawn over the plate: shaded capsules, soft shadows, quadrilaterals, and the spans of each row
// that they touched, so that a frame costs what moves in it.
import type { StageMemory } from './kernels.js';

/** How light falls on what moves: directions in the picture (right, up, towards the camera) and powers; at most two. */
export interface Shading {
  /** Light from everywhere. */
  readonly ambient: number;
  /** Per lamp: right, up, towards the camera, power. */
  readonly lamps: Float64Array;
}

/** A picture in linear light with one or three planes, over the plate of its stage that it can be reset to. */
export class Canvas {
  private readonly spans: Int32Array;
  private readonly at: number;
  private readonly spansAt: number;
  private readonly bytes: number;

  /** @param layer which of the stage's pictures this is. */
  constructor(
    private readonly memory: StageMemory,
    private readonly layer: 'sum' | 'one',
    readonly width: number,
    readonly height: number,
    readonly channels: 1 | 3,
    shading: Shading,
  ) {
    const { views, at } = memory;
    views[layer].set(views.plate);
    this.spans = views[`${layer}Spans`];
    this.at = at[layer];
    this.spansAt = at[`${layer}Spans`];
    this.bytes = 4 * width * height;
    views.shape[8] = shading.ambient;
    views.shape.set(shading.lamps, 9);
    for (let y = 0; y < height; y++) this.spans[2 * y] = width;
    this.spans[2 * height] = height;
    this.spans[2 * height + 1] = -1;
  }

  /** Puts the plate back where something was drawn. */
  reset(): void {
    const { memory, at, spansAt, channels, bytes, width, height } = this;
    memory.exports.canvasReset(at, spansAt, memory.at.plate, channels, bytes, width, height);
  }

  /** Adds `share` of what was drawn here to `target`, the other picture of the stage. */
  addTo(target: Canvas, share: number): void {
    const { memory, at, spansAt, channels, bytes, width, height } = this;
    memory.views.share[0] = share;
    memory.exports.canvasAdd(
      at,
      spansAt,
      memory.at.plate,
      target.at,
      target.spansAt,
      memory.at.share,
      channels,
      bytes,
      width,
      height,
    );
  }

  private touch(y: number, x0: number, x1: number): void {
    const { spans, height } = this;
    if (x0 < spans[2 * y]) spans[2 * y] = x0;
    if (x1 > spans[2 * y + 1]) spans[2 * y + 1] = x1;
    if (y < spans[2 * height]) spans[2 * height] = y;
    if (y > spans[2 * height + 1]) spans[2 * height + 1] = y;
  }

  /** Where the capsule now in `shape` may reach: see `canvasWalk`. */
  private walk(ax: number, ay: number, ar: number, bx: number, by: number, br: number, soft: number): number {
    const { memory, spansAt, width, height } = this;
    const { shape } = memory.views;
    shape[0] = ax;
    shape[1] = ay;
    shape[2] = ar;
    shape[3] = bx;
    shape[4] = by;
    shape[5] = br;
    shape[6] = soft;
    return memory.exports.canvasWalk(memory.at.shape, memory.at.walk, spansAt, width, height);
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
    const { memory, channels, width } = this;
    const rows = this.walk(ax, ay, ar, bx, by, br, soft);
    const { shape } = memory.views;
    shape[7] = alpha;
    for (let k = 0; k < channels; k++) shape[17 + k] = colour[k];
    memory.exports.canvasCapsule(memory.at.shape, memory.at.walk, rows, this.at, channels, this.bytes, width);
  }

  /**
   * The shadow of a capsule: darkens to `1 - strength` at most.
   * @param soft half width of the penumbra, pixels; wider than the capsule it also pales.
   */
  shadow(ax: number, ay: number, ar: number, bx: number, by: number, br: number, strength: number, soft: number): void {
    const { memory, channels, width } = this;
    const rows = this.walk(ax, ay, ar, bx, by, br, soft);
    memory.views.shape[7] = strength;
    memory.exports.canvasShadow(memory.at.shape, memory.at.walk, rows, this.at, channels, this.bytes, width);
  }

  /**
   * A convex quadrilateral (8 numbers: columns and rows, clockwise in the picture) of one brightness, where `mask` lets
   * it be seen.
   * @param soft half width of its edge, pixels.
   */
  quad(corners: Float64Array, colour: Float64Array, soft: number, mask: Float32Array, alpha = 1): void {
    const { width, height, channels } = this;
    const data = this.memory.views[this.layer];
    const plane = width * height;
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
        for (let k = 0, o = y * width + x; k < channels; k++, o += plane) data[o] += cover * (colour[k] - data[o]);
      }
    }
  }
}
