// `deep-marimba evaluate --data`: models on recordings that no training has seen, with the thresholds of their cards.
import { writeAtomic } from '../atomic-file.js';
import { VideoError } from '../errors.js';
import { loadKernels } from '../kernels/module.js';
import { pickAll, watchOwn } from '../training/evaluate.js';
import { scoreClips, type Scores } from '../training/metrics.js';
import { openModelFolder } from '../training/model-folder.js';
import { openOwnClips } from '../training/own-clips.js';
import { nodeRuntime } from './onnxruntime.js';

/** What a model reached on a recording, or on all of them. */
export interface OwnScores {
  readonly model: string;
  /** Name of the clip; none for all together. */
  readonly clip?: string;
  readonly threshold: number;
  readonly scores: Scores;
}

const fixed = (value: number, digits = 2): string => (Number.isFinite(value) ? value.toFixed(digits) : '-');

function row({ model, clip = '**all**', threshold, scores: s }: OwnScores): string {
  const cells = [
    ...[model, clip, fixed(threshold), String(s.strikes), fixed(s.f1.ms25)],
    ...[`**${fixed(s.f1.ms50)}** (${s.f1Interval.map((bound) => fixed(bound)).join('-')})`, fixed(s.f1.ms100)],
    ...[fixed(s.precision), fixed(s.recall), fixed(s.f1Any), fixed(s.onsetError, 1), fixed(s.velocityR)],
  ];
  return `| ${cells.join(' | ')} |`;
}

const columns = [
  ...['model', 'clip', 'threshold', 'strikes', 'F1@25', 'F1@50 (95 %)', 'F1@100', 'precision', 'recall', 'F1 any bar'],
  ...['onset error ms', 'velocity r'],
];

/**
 * Scores models on the recordings that datasets keep for it, and prints a table.
 * @param folders of the models.
 * @throws {VideoError} when the datasets keep none, or cannot be used.
 */
export async function evaluateOwn(
  folders: readonly string[],
  data: readonly string[],
  json: string | undefined,
): Promise<void> {
  const [runtime, kernels] = await Promise.all([nodeRuntime(), loadKernels()]);
  const { clips: all, close } = await openOwnClips(data);
  try {
    const clips = all.filter(({ use }) => use === 'test');
    if (clips.length === 0) {
      throw new VideoError(
        `${data.join(', ')} keeps no recording to judge with; build it with --test and the names of some, or --test 1 for all.`,
      );
    }
    const opened = await Promise.all(folders.map((folder) => openModelFolder(folder, runtime)));
    const watched = await watchOwn(
      kernels,
      opened.map(({ listener }) => listener),
      clips,
      (done) => {
        if (process.stderr.isTTY) process.stderr.write(`\r${done}/${clips.length} clips\u001b[K`);
      },
    );
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    await Promise.all(opened.map(({ listener }) => listener.session.release()));
    const scores = opened.flatMap(({ card }, m): OwnScores[] => {
      const [head] = card.onsets;
      const about = { model: card.name, threshold: head.threshold };
      const picked = pickAll(watched[m], head, head.threshold);
      const each = clips.map(({ name }, i) => ({ ...about, clip: name, scores: scoreClips([picked[i]]) }));
      return [...(clips.length > 1 ? each : []), { ...about, scores: scoreClips(picked) }];
    });
    const lines = [`| ${columns.join(' | ')} |`, `| ${columns.map(() => '---').join(' | ')} |`, ...scores.map(row)];
    process.stdout.write(`${lines.join('\n')}\n`);
    if (json !== undefined) await writeAtomic(json, `${JSON.stringify(scores, null, 1)}\n`);
  } finally {
    close();
  }
}
