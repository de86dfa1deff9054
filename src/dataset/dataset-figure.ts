// A dataset at a glance: some of its pictures above the amplitudes that belong to them.
import type { Color, Figure, Shape } from '../figure/figure.js';
import { GT18 } from '../notes.js';
import { plotAmplitudes } from '../sound/plot.js';
import type { OpenDataset } from './dataset-file.js';

const shown = 8;
const gap = 6;
const margin = 12;

/** A shape moved down. */
function lowered(shape: Shape, by: number): Shape {
  switch (shape.kind) {
    case 'rects':
      return { ...shape, rects: shape.rects.map(([x, y, width, height]) => [x, y + by, width, height] as const) };
    case 'polygon':
    case 'line':
      return { ...shape, points: shape.points.map(([x, y]) => [x, y + by] as const) };
    case 'circle':
    case 'text':
      return { ...shape, y: shape.y + by };
  }
}

/** A gray picture as rectangles, 48 pixels wide in 24 steps of gray, neighbours of a row joined. */
function picture(pixels: Uint8Array, [rows, columns]: readonly [number, number], left: number, side: number): Shape[] {
  const cells = 48;
  const cell = side / cells;
  const byGray = new Map<number, (readonly [number, number, number, number])[]>();
  for (let y = 0; y < cells; y++) {
    const level = (x: number): number => {
      const at = Math.floor(((y + 0.5) * rows) / cells) * columns + Math.floor(((x + 0.5) * columns) / cells);
      return Math.round((pixels[at] / 255) * 23);
    };
    for (let x = 0; x < cells;) {
      const gray = level(x);
      let end = x + 1;
      while (end < cells && level(end) === gray) end++;
      const rects = byGray.get(gray) ?? [];
      rects.push([left + x * cell, margin + y * cell, (end - x) * cell, cell]);
      byGray.set(gray, rects);
      x = end;
    }
  }
  return [...byGray].map(([gray, rects]) => {
    const two = Math.round((gray / 23) * 255)
      .toString(16)
      .padStart(2, '0');
    return { kind: 'rects', color: `#${two}${two}${two}` as Color, rects };
  });
}

/**
 * Draws the first minute of a half of a dataset (and no more of it than its first clip).
 * @param split `train` or `test`.
 * @throws {VideoError} when it has no such half.
 */
export function plotDataset(dataset: OpenDataset, split: string, title: string): Figure {
  const { info } = dataset;
  const fps = info.fps ?? { num: 25, den: 1 };
  const notes = info.notes ?? GT18;
  const [total = 0] = info.shapes[`dataY_${split}`] ?? [];
  const clip = info.clips.find((one) => one.split === split);
  const frames = Math.min(total, clip?.frames ?? total, Math.round((60 * fps.num) / fps.den));
  const data = Float32Array.from(dataset.read(`dataY_${split}`, 0, frames));
  const lower = plotAmplitudes({ data, frames, notes, fps }, { title, width: 1000 });
  const [pictures = 0, rows = 0, columns = 0] = info.shapes[`dataX_${split}`] ?? [];
  if (pictures < frames || rows * columns === 0) return lower;
  const side = (lower.width - 2 * margin - (shown - 1) * gap) / shown;
  const upper = Array.from({ length: shown }, (_, i) => {
    const at = Math.min(frames - 1, Math.floor(((i + 0.5) * frames) / shown));
    const pixels = dataset.read(`dataX_${split}`, at, at + 1) as Uint8Array;
    return picture(pixels, [rows, columns], margin + i * (side + gap), side);
  });
  const down = side + margin;
  return {
    ...lower,
    height: lower.height + down,
    description: `${shown} pictures of the dataset, evenly spaced, above: ${lower.description}`,
    shapes: [...upper.flat(), ...lower.shapes.map((shape) => lowered(shape, down))],
  };
}
