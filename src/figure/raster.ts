// Figures as pixels: filled outlines with exact area coverage, and text from outlines of our own, so that a picture is the same on
// every machine, with or without fonts, and nothing native is installed for it.
// Source: coverage by signed areas as in font-rs (R. Levien).
import type { Color, Figure, Shape } from './figure.js';
import { glyphs } from './glyphs.js';

type Point = readonly [x: number, y: number];

/** A picture in memory. */
export interface Raster {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** [height x width x 3], red, green, blue, rows from the top. */
  readonly rgb: Uint8Array<ArrayBuffer>;
}

const unknown = glyphs['?'];

/** Width of a text, pixels. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const letter of text) width += (Object.hasOwn(glyphs, letter) ? glyphs[letter] : unknown)[0];
  return (width * size) / 1000;
}

class Canvas implements Raster {
  readonly rgb: Uint8Array<ArrayBuffer>;
  /** Signed area that edges leave in each pixel: summed along a row it is the coverage. */
  readonly #cover: Float32Array;

  constructor(
    readonly width: number,
    readonly height: number,
    background: Color,
  ) {
    this.rgb = new Uint8Array(3 * width * height);
    this.#cover = new Float32Array(width * height + 1);
    this.fillRect(0, 0, width, height, background);
  }

  /** Fills whole pixels. */
  fillRect(x: number, y: number, width: number, height: number, color: Color): void {
    const value = parseInt(color.slice(1), 16);
    const [left, right] = [Math.max(0, Math.round(x)), Math.min(this.width, Math.round(x + width))];
    const [top, bottom] = [Math.max(0, Math.round(y)), Math.min(this.height, Math.round(y + height))];
    for (let row = top; row < bottom; row++) {
      for (let at = 3 * (row * this.width + left), end = 3 * (row * this.width + right); at < end; at += 3) {
        this.rgb[at] = value >> 16;
        this.rgb[at + 1] = value >> 8;
        this.rgb[at + 2] = value;
      }
    }
  }

  /** Fills closed outlines; where they overlap in opposite directions is a hole. */
  fill(outlines: readonly (readonly Point[])[], color: Color): void {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const [x, y] of outlines.flat()) {
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
    const x0 = Math.max(0, Math.floor(left));
    const x1 = Math.min(this.width, Math.ceil(right) + 1);
    const y0 = Math.max(0, Math.floor(top));
    const y1 = Math.min(this.height, Math.ceil(bottom) + 1);
    if (!(x0 < x1 && y0 < y1)) return;
    for (const outline of outlines) {
      for (const [i, point] of outline.entries()) this.#edge(point, outline[(i + 1) % outline.length]);
    }
    const value = parseInt(color.slice(1), 16);
    const [red, green, blue] = [value >> 16, (value >> 8) & 255, value & 255];
    for (let row = y0; row < y1; row++) {
      let sum = 0;
      for (let x = x0, at = row * this.width + x0; x < x1; x++, at++) {
        sum += this.#cover[at];
        this.#cover[at] = 0;
        const alpha = Math.min(1, Math.abs(sum));
        if (alpha < 1 / 512) continue;
        const pixel = 3 * at;
        this.rgb[pixel] += Math.round((red - this.rgb[pixel]) * alpha);
        this.rgb[pixel + 1] += Math.round((green - this.rgb[pixel + 1]) * alpha);
        this.rgb[pixel + 2] += Math.round((blue - this.rgb[pixel + 2]) * alpha);
      }
    }
  }

  #edge([xa, ya]: Point, [xb, yb]: Point): void {
    if (ya === yb) return;
    const down = ya < yb;
    const [fromX, fromY, toX, toY] = down ? [xa, ya, xb, yb] : [xb, yb, xa, ya];
    const slope = (toX - fromX) / (toY - fromY);
    const clamp = (x: number): number => Math.max(0, Math.min(this.width - 1e-3, x));
    for (let row = Math.max(0, Math.floor(fromY)); row < Math.min(this.height, Math.ceil(toY)); row++) {
      const [y0, y1] = [Math.max(fromY, row), Math.min(toY, row + 1)];
      if (y1 <= y0) continue;
      const direction = (down ? 1 : -1) * (y1 - y0);
      const [p, q] = [clamp(fromX + slope * (y0 - fromY)), clamp(fromX + slope * (y1 - fromY))];
      const [near, far] = p < q ? [p, q] : [q, p];
      const base = row * this.width;
      const first = Math.floor(near);
      const last = Math.floor(far);
      if (first === last) {
        const middle = (near + far) / 2 - first;
        this.#cover[base + first] += direction * (1 - middle);
        this.#cover[base + first + 1] += direction * middle;
        continue;
      }
      // The edge crosses several pixels of this row: each gets the area to its right.
      let before = 0;
      for (let x = first; x <= last; x++) {
        const [a, b] = [Math.max(near, x), Math.min(far, x + 1)];
        const part = (b - a) / (far - near);
        const covered = direction * part * (x + 1 - (a + b) / 2);
        this.#cover[base + x] += covered + before;
        before = direction * part - covered;
      }
      this.#cover[base + last + 1] += before;
    }
  }
}

function ring(x: number, y: number, radius: number, reverse: boolean): Point[] {
  const count = Math.max(12, Math.ceil(radius * 4));
  const sign = reverse ? -1 : 1;
  return Array.from({ length: count }, (_, i): Point => {
    const angle = (sign * 2 * Math.PI * i) / count;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });
}

/** Outlines of a text set at the origin, its curves as short lines. */
function textOutlines(text: string, size: number): Point[][] {
  const scale = size / 1000;
  const outlines: Point[][] = [];
  let pen = 0;
  for (const letter of text) {
    const [advance, path] = Object.hasOwn(glyphs, letter) ? glyphs[letter] : unknown;
    let current: Point[] = [];
    for (const [, command, numbers] of path.matchAll(/([MLQ])([^MLQ]*)/g)) {
      const values = numbers
        .trim()
        .split(' ')
        .map((value, i) => (Number(value) + (i % 2 === 0 ? pen : 0)) * scale);
      if (command === 'M') {
        current = [];
        outlines.push(current);
      }
      if (command === 'Q') {
        const [fromX, fromY] = current.at(-1)!;
        const [cx, cy, x, y] = values;
        for (let i = 1; i <= 6; i++) {
          const t = i / 6;
          const [a, b, c] = [(1 - t) ** 2, 2 * t * (1 - t), t * t];
          current.push([a * fromX + b * cx + c * x, a * fromY + b * cy + c * y]);
        }
      } else current.push([values[0], values[1]]);
    }
    pen += advance;
  }
  return outlines;
}

function draw(canvas: Canvas, shape: Shape, scale: number): void {
  const scaled = (points: readonly Point[]): Point[] => points.map(([x, y]): Point => [x * scale, y * scale]);
  switch (shape.kind) {
    case 'rects':
      for (const [x, y, w, h] of shape.rects) canvas.fillRect(x * scale, y * scale, w * scale, h * scale, shape.color);
      break;
    case 'polygon':
      canvas.fill([scaled(shape.points)], shape.color);
      break;
    case 'line': {
      const points = scaled(shape.points);
      const half = (shape.width * scale) / 2;
      for (let i = 1; i < points.length; i++) {
        const [[xa, ya], [xb, yb]] = [points[i - 1], points[i]];
        const length = Math.hypot(xb - xa, yb - ya) || 1;
        const [dx, dy] = [((yb - ya) / length) * half, ((xa - xb) / length) * half];
        canvas.fill(
          [
            [
              [xa + dx, ya + dy],
              [xb + dx, yb + dy],
              [xb - dx, yb - dy],
              [xa - dx, ya - dy],
            ],
          ],
          shape.color,
        );
      }
      break;
    }
    case 'circle': {
      const [x, y, radius] = [shape.x * scale, shape.y * scale, shape.radius * scale];
      if (shape.width === undefined) canvas.fill([ring(x, y, radius, false)], shape.color);
      else {
        const half = (shape.width * scale) / 2;
        canvas.fill([ring(x, y, radius + half, false), ring(x, y, Math.max(0, radius - half), true)], shape.color);
      }
      break;
    }
    case 'text': {
      const size = shape.size * scale;
      const width = textWidth(shape.text, size);
      const start = shape.anchor === 'end' ? -width : shape.anchor === 'middle' ? -width / 2 : 0;
      const [x, y] = [shape.x * scale, shape.y * scale];
      const place = ([px, py]: Point): Point => (shape.upwards ? [x + py, y - (px + start)] : [x + px + start, y + py]);
      canvas.fill(
        textOutlines(shape.text, size).map((outline) => outline.map(place)),
        shape.color,
      );
      break;
    }
  }
}

/**
 * Draws a figure.
 * @param scale pixels of the picture for one of the figure.
 * @throws {RangeError} when the scale is not above 0 or the picture would exceed 100 megapixels.
 */
export function rasterize(figure: Figure, scale = 2): Raster {
  const width = Math.round(figure.width * scale);
  const height = Math.round(figure.height * scale);
  if (!(width > 0 && height > 0 && width * height <= 1e8)) {
    throw new RangeError(`Expected a picture of up to 100 megapixels, got ${width} x ${height} pixels.`);
  }
  const canvas = new Canvas(width, height, figure.background);
  for (const shape of figure.shapes) draw(canvas, shape, scale);
  return canvas;
}
