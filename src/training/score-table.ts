// Scores as people read them: Markdown tables.
import { midiToName } from '../notes.js';
import type { FamilyScores, Tuned } from './evaluate.js';
import type { Failure } from './failures.js';

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
  /** The oracle on the same clips, with its own threshold: how hard they are. */
  readonly oracle?: { readonly heads: readonly Tuned[]; readonly families: Readonly<Record<string, OracleScores>> };
  /** F1 at 50 ms on families whose bars were told wrong, by mistake. */
  readonly calibrationErrors?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Worst moments by family. */
  readonly failures?: Readonly<Record<string, readonly Failure[]>>;
}

/** What is told of the oracle. */
export type OracleScores = Pick<
  FamilyScores,
  'strikes' | 'f1' | 'f1Interval' | 'falsePerMinute' | 'atRecall' | 'onsetError' | 'velocityR'
>;

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

const interval = (value: number, [low, high]: readonly [number, number]): string =>
  Number.isNaN(low) ? fixed(value, 1) : `${fixed(value, 1)} (${fixed(low, 0)}-${fixed(high, 0)})`;

const falseAt = ({ atRecall }: Pick<FamilyScores, 'atRecall'>): string =>
  atRecall['0.85'] ? fixed(atRecall['0.85'].falsePerMinute, 1) : 'not reached';

/** A ratio, where anything was played. */
const played = ({ strikes }: FamilyScores, value: number): string => (strikes === 0 ? '-' : fixed(value));

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** One evaluation as Markdown: strikes, false strikes, the oracle and other baselines beside, heads, and mistakes. */
export function scoreTables(evaluation: Evaluation): string {
  const { model, clips, seconds, width, heads, families, oracle, calibrationErrors, failures } = evaluation;
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
      interval(s.falsePerMinute, s.falseInterval),
    ]),
  );
  const beside =
    oracle &&
    table(
      ['family', 'F1@50', 'oracle F1@50 (95 %)', 'model / oracle', 'false/min at recall 0.85', 'oracle', 'onset error ms', 'oracle', 'velocity r', 'oracle'], // prettier-ignore
      list.flatMap(([name, s]) => {
        if (!Object.hasOwn(oracle.families, name)) return [];
        const o = oracle.families[name];
        const none = s.strikes === 0;
        return [
          [
            name,
            none ? '-' : fixed(s.f1.ms50),
            none ? '-' : `**${fixed(o.f1.ms50)}** (${o.f1Interval.map((bound) => fixed(bound)).join('-')})`,
            none ? '-' : fixed(s.f1.ms50 / o.f1.ms50),
            falseAt(s),
            falseAt(o),
            none ? '-' : fixed(s.onsetError, 1),
            none ? '-' : fixed(o.onsetError, 1),
            fixed(s.velocityR),
            fixed(o.velocityR),
          ],
        ];
      }),
    );
  const sounds = table(
    ['family', 'loudness error', 'loudness r', 'centroid error, octaves', 'centroid r'],
    list
      .filter(([, s]) => s.strikes > 0)
      .map(([name, { sound }]) => [
        name,
        fixed(sound.loudness),
        fixed(sound.loudnessR),
        fixed(sound.centroid),
        fixed(sound.centroidR),
      ]),
  );
  const lead = table(
    ['family', ...Object.keys(list[0][1].lead)],
    list
      .filter(([, s]) => s.strikes > 0)
      .map(([name, s]) => [
        name,
        ...Object.values(s.lead).map((byHead) => {
          const [best] = Object.entries(byHead).sort(([, a], [, b]) => b - a);
          return `${fixed(best[1])} ${best[0]}`;
        }),
      ]),
  );
  const mistakes =
    calibrationErrors &&
    table(
      ['family', 'exact', ...Object.keys(Object.values(calibrationErrors)[0] ?? {})],
      Object.entries(calibrationErrors).map(([name, own]) => [
        name,
        fixed(families[name].f1.ms50),
        ...Object.values(own).map((f1) => fixed(f1)),
      ]),
    );
  const gallery =
    failures &&
    table(
      ['family', 'what', 'clip', 'at s', 'note', 'probability', 'nearest event'],
      Object.entries(failures).flatMap(([name, own]) =>
        own.map(({ kind, seed, time, midi, probability, cause }) => [
          name,
          kind,
          String(seed),
          fixed(time),
          midiToName(midi),
          fixed(probability),
          cause ?? '',
        ]),
      ),
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
    `${clips} simulated clips of ${seconds} s per family, ${width} pixels wide, bars where they are (no error of calibration). What is struck in a clip's last three frames, too late for any head, counts neither way.`,
    `Thresholds, tuned for F1@50 on the clips of V: ${tuned}.`,
    '## Strikes',
    strikes,
    ...(beside === undefined
      ? []
      : [
          '## Beside the oracle',
          'The oracle is a small network that is told where each mallet and its shadow are, to 0.3 pixels: it says how hard the clips are.',
          beside,
        ]),
    '## Rendered amplitudes, root mean square error',
    amplitudes,
    '## False strikes at fixed recall',
    atRecall,
    '## F1@50 by head',
    early,
    '## F1@50 of what is known in time, and the head that knew it',
    'A frame is seen when its time is over, and a strike is known one frame after its peak.',
    lead,
    '## Loudness and brightness at strikes',
    'Amplitudes in the 45 ms after contact, against those that were played (after Owens et al. 2016).',
    sounds,
    ...(mistakes === undefined ? [] : ['## F1@50 when the bars are told wrong', mistakes]),
    ...(gallery === undefined
      ? []
      : [
          '## Worst moments',
          'Pictures: `failures-T1.png` and so on, a row per line here; red edge: heard and not played, blue: not heard.',
          gallery,
        ]),
    '',
  ].join('\n\n');
}
