// A search at a glance: scores over learning rate and weight scale, what the best have in common, and how they learnt.
import { type Color, type Figure, heat, type Shape, ticks } from '../figure/figure.js';
import type { Outcome } from './search.js';

const [ink, faint, hair, failed] = ['#222222', '#777777', '#dddddd', '#bbbbbb'] as const;
const [width, height] = [760, 420];
const box = { left: 80, right: 640, top: 50, bottom: 360 };
const paper = '#ffffff';

/** A trial as far as it came. */
export interface Trial {
  readonly trial: number;
  readonly varied: Readonly<Record<string, unknown>>;
  readonly rounds: number;
  readonly steps: number;
  /** Of its last round that was done; absent when none was. */
  readonly score?: number;
  readonly failed: boolean;
  readonly history: Outcome['history'];
}

/** Trials by how far they came, then by score; failed ones last. */
export function trialsOf(outcomes: readonly Outcome[]): Trial[] {
  const numbers = [...new Set(outcomes.map(({ trial }) => trial))];
  return numbers
    .map((trial): Trial => {
      const own = outcomes.filter((one) => one.trial === trial).sort((a, b) => a.round - b.round);
      const done = own.filter(({ status }) => status === 'done');
      const last = done.at(-1);
      return {
        trial,
        varied: own[0].varied,
        rounds: done.length,
        steps: last?.steps ?? 0,
        ...(last ? { score: last.score! } : {}),
        failed: own.at(-1)!.status === 'failed',
        history: last?.history ?? [],
      };
    })
    .sort((a, b) => b.rounds - a.rounds || (b.score ?? -Infinity) - (a.score ?? -Infinity));
}

/** Places of scores of one round among each other, 0 worst .. 1 best: rounds are not comparable by score. */
function ranks(trials: readonly Trial[]): Map<number, number> {
  const scored = [...trials].filter(({ score }) => score !== undefined).reverse();
  return new Map(scored.map(({ trial }, i) => [trial, scored.length > 1 ? i / (scored.length - 1) : 1]));
}

const label = (value: number): string => (Math.abs(value) >= 0.01 && Math.abs(value) < 1e4 ? String(Number(value.toPrecision(3))) : value.toExponential(0)); // prettier-ignore

const text = (x: number, y: number, content: string, more: Partial<Extract<Shape, { kind: 'text' }>> = {}): Shape => ({
  ...{ kind: 'text', color: faint, size: 11, x, y, text: content },
  ...more,
});

/** The better the darker, and never as pale as the paper. */
const shade = (rank: number): Color => heat(0.05 + 0.8 * (1 - rank));

interface Axis {
  readonly name: string;
  /** 0..1 along the axis. */
  readonly at: (value: unknown) => number;
  readonly marks: readonly { readonly share: number; readonly name: string }[];
}

function axisOf(name: string, trials: readonly Trial[]): Axis {
  const values = trials.map(({ varied }) => varied[name]);
  if (!values.every((value): value is number => typeof value === 'number')) {
    const names = [...new Set(values.map((value) => JSON.stringify(value)))].sort();
    const share = (i: number): number => (i + 0.5) / names.length;
    return {
      name,
      at: (value) => share(names.indexOf(JSON.stringify(value))),
      marks: names.map((own, i) => ({ share: share(i), name: own })),
    };
  }
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const logarithmic = low > 0 && high / low > 30;
  const scale = logarithmic ? Math.log10 : (value: number): number => value;
  const [from, to] = [scale(low), scale(high) === scale(low) ? scale(low) + 1 : scale(high)];
  const at = (value: unknown): number => (scale(value as number) - from) / (to - from);
  const marks = logarithmic
    ? Array.from({ length: Math.floor(to) - Math.ceil(from) + 1 }, (_, i) => 10 ** (Math.ceil(from) + i))
    : ticks(low, high, 5);
  return { name, at, marks: marks.map((value) => ({ share: at(value), name: label(value) })) };
}

/** Score over two of the fields that were varied: colour is the rank, size how far a trial came, grey rings failed. */
export function landscapeFigure(trials: readonly Trial[], [first, second]: readonly [string, string]): Figure {
  const [across, up] = [axisOf(first, trials), axisOf(second, trials)];
  const x = (share: number): number => box.left + (box.right - box.left) * share;
  const y = (share: number): number => box.bottom - (box.bottom - box.top) * share;
  const rank = ranks(trials);
  const shapes: Shape[] = [text(box.left, 24, `score over ${first} and ${second}`, { color: ink, size: 14 })];
  for (const { share, name } of across.marks) {
    shapes.push({ kind: 'line', color: hair, width: 1, points: [[x(share), box.top], [x(share), box.bottom]] }, text(x(share), box.bottom + 16, name, { anchor: 'middle' })); // prettier-ignore
  }
  for (const { share, name } of up.marks) {
    shapes.push({ kind: 'line', color: hair, width: 1, points: [[box.left, y(share)], [box.right, y(share)]] }, text(box.left - 6, y(share) + 4, name, { anchor: 'end' })); // prettier-ignore
  }
  shapes.push(text((box.left + box.right) / 2, height - 16, first, { anchor: 'middle', color: ink }));
  shapes.push(text(20, (box.top + box.bottom) / 2, second, { anchor: 'middle', upwards: true, color: ink }));
  for (const { trial, varied, rounds, failed: broken } of [...trials].reverse()) {
    const [cx, cy] = [x(across.at(varied[first])), y(up.at(varied[second]))];
    const share = rank.get(trial);
    if (share === undefined) shapes.push({ kind: 'circle', color: failed, x: cx, y: cy, radius: 4, width: 1.5 });
    else shapes.push({ kind: 'circle', color: broken ? failed : shade(share), x: cx, y: cy, radius: 3 + 2 * rounds });
  }
  shapes.push(...legend());
  return {
    ...{ width, height, background: paper, shapes, title: `Score over ${first} and ${second}` },
    description: `${trials.length} trials of a search; colour is their rank, size how many rounds they came through.`,
  };
}

function legend(): Shape[] {
  const shapes: Shape[] = [text(box.right + 20, box.top + 4, 'rank', { color: ink })];
  for (let i = 0; i <= 4; i++) {
    const y = box.top + 24 + 18 * i;
    shapes.push({ kind: 'circle', color: shade(1 - i / 4), x: box.right + 26, y, radius: 6 });
    if (i % 4 === 0) shapes.push(text(box.right + 40, y + 4, i === 0 ? 'best' : 'worst'));
  }
  const y = box.top + 24 + 18 * 5;
  shapes.push({ kind: 'circle', color: failed, x: box.right + 26, y, radius: 4, width: 1.5 });
  shapes.push(text(box.right + 40, y + 4, 'failed'));
  return shapes;
}

/** Every trial as a line through all fields that were varied: parallel coordinates; colour is the rank, best on top. */
export function parallelFigure(trials: readonly Trial[]): Figure {
  const names = Object.keys(trials[0]?.varied ?? {});
  const rank = ranks(trials);
  const axes = [
    ...names.map((name) => axisOf(name, trials)),
    { name: 'rank', at: (value: unknown): number => value as number, marks: [{ share: 0, name: 'worst' }, { share: 1, name: 'best' }] }, // prettier-ignore
  ];
  const x = (i: number): number => box.left + ((box.right - box.left) * i) / Math.max(1, axes.length - 1);
  const y = (share: number): number => box.bottom - (box.bottom - box.top) * share;
  const shapes: Shape[] = [text(box.left, 24, 'what the best have in common', { color: ink, size: 14 })];
  for (const { trial, varied } of [...trials].reverse()) {
    const share = rank.get(trial);
    const color: Color = share === undefined ? failed : shade(share);
    const points = axes.map(({ name, at }, i): [number, number] => [x(i), y(name === 'rank' ? (share ?? 0) : at(varied[name]))]); // prettier-ignore
    shapes.push({ kind: 'line', color, width: share !== undefined && share > 0.85 ? 2.5 : 1.2, points });
  }
  for (const [i, { name, marks }] of axes.entries()) {
    shapes.push({ kind: 'line', color: ink, width: 1, points: [[x(i), box.top], [x(i), box.bottom]] }); // prettier-ignore
    shapes.push(text(x(i), box.bottom + 20, name, { anchor: 'middle', color: ink }));
    for (const mark of marks) shapes.push(text(x(i) + 5, y(mark.share) + 4, mark.name));
  }
  return {
    ...{ width, height, background: paper, shapes, title: 'Trials in parallel coordinates' },
    description: `${trials.length} trials, each a line through the fields that were varied and its rank.`,
  };
}

/** Losses of the best trials over steps, log scale. */
export function curvesFigure(trials: readonly Trial[], most = 6): Figure {
  const best = trials.filter(({ history }) => history.length > 0).slice(0, most);
  const losses = best.flatMap(({ history }) => history.map(({ loss }) => Math.log10(Math.max(1e-9, loss))));
  const [low, high] = losses.length > 0 ? [Math.min(...losses), Math.max(...losses)] : [0, 1];
  const last = Math.max(1, ...best.map(({ steps }) => steps));
  const x = (step: number): number => box.left + ((box.right - box.left) * step) / last;
  const y = (loss: number): number => box.bottom - ((box.bottom - box.top) * (Math.log10(Math.max(1e-9, loss)) - low)) / (high - low || 1); // prettier-ignore
  const shapes: Shape[] = [text(box.left, 24, 'losses of the best trials', { color: ink, size: 14 })];
  for (const step of ticks(0, last, 6)) shapes.push(text(x(step), box.bottom + 16, String(step), { anchor: 'middle' }));
  for (const share of [0, 0.5, 1]) {
    const loss = 10 ** (low + share * (high - low));
    shapes.push({ kind: 'line', color: hair, width: 1, points: [[box.left, y(loss)], [box.right, y(loss)]] }, text(box.left - 6, y(loss) + 4, loss.toPrecision(2), { anchor: 'end' })); // prettier-ignore
  }
  for (const [i, { trial, history }] of best.entries()) {
    const color = heat(0.15 + (0.7 * i) / Math.max(1, best.length - 1));
    shapes.push({ kind: 'line', color, width: 1.8, points: history.map(({ step, loss }) => [x(step), y(loss)] as const) }); // prettier-ignore
    shapes.push(text(box.right + 30, box.top + 16 * i, `trial ${trial}`, { color }));
  }
  return {
    ...{ width, height, background: paper, shapes, title: 'Losses of the best trials' },
    description: `Training loss over steps of the ${best.length} trials that came furthest.`,
  };
}
