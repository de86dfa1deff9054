// Scores as people read them: Markdown tables.
import type { FamilyScores, Tuned } from './evaluate.js';

/** An evaluation of one model: `scores.json`, and what its card says. */
export interface Evaluation {
  readonly format: 'deep-marimba/scores@1';
  /** Name of the model. */
  readonly model: string;
  /** Clips per family, their length in seconds and the width of their picture in pixels. */
  readonly clips: number;
  readonly seconds: number;
  readonly width: number;
  /** Bars as the simulator knows them, without errors of calibration. */
  readonly calibration: 'exact';
  /** Whether half of T7's clips went through a real encoder; older scores do not say, and did not. */
  readonly compression?: boolean;
  /** Heads with the thresholds that were tuned on clips of the family `validation`. */
  readonly heads: readonly Tuned[];
  /** By short name: T1 and so on, V for validation. */
  readonly families: Readonly<Record<string, FamilyScores>>;
}

const meanings: Readonly<Record<string, string>> = {
  V: 'validation (thresholds tuned here)',
  T1: 'new playing, looks of training',
  T2: 'new looks',
  T3: 'new cameras',
  T4: 'cardboard, paper, tape',
  T6: 'no strike at all',
  T7: 'low light, 60 frames/s, variable rate, compression',
};

const fixed = (value: number | null | undefined, digits = 2): string =>
  value === undefined || value === null || Number.isNaN(value) ? '-' : value.toFixed(digits);

/** A ratio, where anything was played. */
const played = ({ strikes }: FamilyScores, value: number): string => (strikes === 0 ? '-' : fixed(value));

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** One evaluation as Markdown: strikes, false strikes, amplitudes beside the baselines, and the heads. */
export function scoreTables({ model, clips, seconds, width, heads, families }: Evaluation): string {
  const list = Object.entries(families);
  const strikes = table(
    ['family', 'strikes', 'F1@25', 'F1@50 (95 %)', 'F1@100', 'precision', 'recall', 'F1 bar beside', 'F1 any bar', 'onset error ms (bias)', 'velocity r', 'false/min'], // prettier-ignore
    list.map(([name, s]) => [
      `${name} ${meanings[name] ?? ''}`.trim(),
      String(s.strikes),
      played(s, s.f1.ms25),
      s.strikes === 0
        ? '-'
        : `**${fixed(s.f1.ms50)}** (${s.f1Interval.map((bound: number) => fixed(bound)).join('-')})`,
      played(s, s.f1.ms100),
      played(s, s.precision),
      fixed(s.recall),
      played(s, s.f1Beside),
      played(s, s.f1Any),
      s.strikes === 0 ? '-' : `${fixed(s.onsetError, 1)} (${fixed(s.onsetBias, 1)})`,
      fixed(s.velocityR),
      fixed(s.falsePerMinute, 1),
    ]),
  );
  const amplitudes = table(
    ['family', 'model', 'zeros', 'mean', 'previous frame (needs the truth)', 'model / zeros'],
    list
      .filter(([, s]) => s.strikes > 0)
      .map(([name, { amplitude: a }]) => [
        name,
        fixed(a.heard, 4),
        fixed(a.zeros, 4),
        fixed(a.mean, 4),
        fixed(a.previous, 4),
        fixed(a.heard / a.zeros),
      ]),
  );
  const atRecall = table(
    ['family', ...Object.keys(heads[0].atRecall).map((recall) => `false/min at recall ${recall} on V (own recall)`)],
    list.map(([name, s]) => [
      name,
      ...Object.keys(heads[0].atRecall).map((recall) => {
        const reached = s.atRecall[recall];
        return reached ? `${fixed(reached.falsePerMinute, 1)} (${fixed(reached.recall)})` : 'not reached';
      }),
    ]),
  );
  const early = table(
    ['family', ...heads.map(({ output, latency }) => `${output}: known ${latency + 1} frames after contact`)],
    list
      .filter(([, s]) => s.strikes > 0)
      .map(([name, s]) => [name, ...heads.map(({ output }) => fixed(s.heads[output]))]),
  );
  const tuned = heads.map(({ output, threshold }) => `${output} ${fixed(threshold)}`).join(', ');
  return [
    `# ${model}`,
    `${clips} simulated clips of ${seconds} s per family, ${width} pixels wide, bars where they are (no error of calibration).`,
    `Thresholds, tuned for F1@50 on the clips of V: ${tuned}.`,
    '## Strikes',
    strikes,
    '## Rendered amplitudes, root mean square error',
    amplitudes,
    '## False strikes at fixed recall',
    atRecall,
    '## F1@50 by head',
    early,
    '',
  ].join('\n\n');
}
