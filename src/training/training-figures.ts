// The figures behind a card: how training went, and what was heard beside what was played.
import { type Color, type Figure, type Shape, ticks } from '../figure/figure.js';
import { noteSet } from '../notes.js';
import { plotAmplitudes } from '../sound/plot.js';
import { renderAmplitudes, type ScoredClip } from './metrics.js';
import type { HistoryEntry } from './train.js';

const [ink, faint, hair] = ['#222222', '#777777', '#dddddd'] as const;
const lossColor = '#b73779';
const scoreColor = '#2166ac';

/** Loss (log scale, left) and validated score (0..1, right) over steps. */
export function historyFigure(history: readonly HistoryEntry[], title: string): Figure {
  const [width, height] = [760, 340];
  const box = { left: 60, right: 700, top: 44, bottom: 290 };
  const last = Math.max(1, history.at(-1)?.step ?? 1);
  const losses = history.map(({ loss }) => Math.log10(Math.max(1e-9, loss)));
  const [low, high] = [Math.floor(4 * Math.min(...losses, 0)) / 4, Math.ceil(4 * Math.max(...losses, 0.25)) / 4];
  const x = (step: number): number => box.left + ((box.right - box.left) * step) / last;
  const y = (share: number): number => box.bottom - (box.bottom - box.top) * share;
  const shapes: Shape[] = [];
  const text = (
    at: { x: number; y: number; text: string },
    more: Partial<Extract<Shape, { kind: 'text' }>> = {},
  ): void => {
    shapes.push({ kind: 'text', color: faint, size: 11, ...at, ...more });
  };
  const line = (color: Color, thickness: number, points: readonly (readonly [number, number])[]): void => {
    shapes.push({ kind: 'line', color, width: thickness, points });
  };
  text({ x: box.left, y: 24, text: title }, { color: ink, size: 14 });
  for (const step of ticks(0, last, 8)) {
    text({ x: x(step), y: box.bottom + 16, text: String(step) }, { anchor: 'middle' });
  }
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    line(hair, 1, [
      [box.left, y(share)],
      [box.right, y(share)],
    ]);
    const loss = 10 ** (low + share * (high - low));
    text({ x: box.left - 6, y: y(share) + 4, text: loss.toPrecision(2) }, { anchor: 'end', color: lossColor });
    text({ x: box.right + 6, y: y(share) + 4, text: share.toFixed(2) }, { color: scoreColor });
  }
  line(
    lossColor,
    1.5,
    history.map(({ step }, i) => [x(step), y((losses[i] - low) / (high - low))] as const),
  );
  const scored = history.flatMap(({ step, validation }) =>
    validation ? [[x(step), y(validation.score)] as const] : [],
  );
  if (scored.length > 1) line(scoreColor, 1.5, scored);
  for (const [cx, cy] of scored) shapes.push({ kind: 'circle', color: scoreColor, x: cx, y: cy, radius: 3 });
  text({ x: (box.left + box.right) / 2, y: height - 14, text: 'step' }, { anchor: 'middle' });
  text({ x: 14, y: (box.top + box.bottom) / 2, text: 'loss' }, { anchor: 'middle', upwards: true, color: lossColor });
  text(
    { x: width - 14, y: (box.top + box.bottom) / 2, text: 'F1 on validation' },
    { anchor: 'middle', upwards: true, color: scoreColor },
  );
  const first = history.at(0);
  return {
    width,
    height,
    title,
    description:
      `Loss over ${last} training steps, from ${(first?.loss ?? 0).toPrecision(3)} to ` +
      `${(history.at(-1)?.loss ?? 0).toPrecision(3)}, and F1 on ${scored.length} validations.`,
    background: '#ffffff',
    shapes,
  };
}

/** A clip: the amplitudes of what was played as a map, rings where strikes were heard. */
export function heardFigure({ truth, heard, rows, seconds }: ScoredClip, title: string): Figure {
  const midi = rows.flat().sort((a, b) => a - b);
  // The figure draws row k over frame k + 1.
  const data = renderAmplitudes(truth, midi, seconds).subarray(midi.length);
  return plotAmplitudes(
    { data, frames: data.length / midi.length, notes: noteSet(midi), fps: { num: 25, den: 1 } },
    { strikes: heard, title },
  );
}
