// `deep-marimba evaluate`: models on families of scenes they have never trained on; tables, and what the card says.
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { writeAtomic } from '../atomic-file.js';
import { formatSvg } from '../figure/svg.js';
import { UnsupportedError } from '../errors.js';
import { loadKernels } from '../kernels/module.js';
import type { ModelCard } from '../model/card.js';
import type { Precision } from '../model/model.js';
import type { Family } from '../scene/families.js';
import { type Codecs, openCodecs } from '../training/compression.js';
import { encodeRaster } from '../figure/png.js';
import { calibrationErrors } from '../training/calibration-errors.js';
import {
  type FamilyScores,
  pickAll,
  scoreFamily,
  testFamilies,
  type Tuned,
  tuneThreshold,
  watchFamilyThrough,
} from '../training/evaluate.js';
import { type Failure, failurePicture, worstMoments } from '../training/failures.js';
import type { Listener } from '../training/listen.js';
import { onsetHead, openModelFolder, writeCard } from '../training/model-folder.js';
import { type Evaluation, type OracleScores, scoreTables } from '../training/score-table.js';
import { heardFigure } from '../training/training-figures.js';
import { evaluateOwn } from './evaluate-own.js';
import { folderOf } from './model-folder-of.js';
import { judgeOracle, oracleWeights } from './oracle.js';
import { nodeRuntime } from './onnxruntime.js';

interface EvaluateOptions {
  readonly clips: number;
  readonly seconds: number;
  readonly width: number;
  readonly families: readonly string[];
  readonly data?: readonly string[];
  readonly oracle?: string | false;
  readonly mistakes: readonly string[];
  readonly json?: string;
  readonly write?: true;
  readonly precision: Precision | 'both';
}

const within =
  (low: number, high: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new InvalidArgumentError(`Expected a whole number of ${low}..${high}.`);
    }
    return value;
  };

function familyList(text: string): string[] {
  const names = text.split(',');
  for (const name of names) {
    if (!Object.hasOwn(testFamilies, name)) {
      throw new InvalidArgumentError(`Expected families of ${Object.keys(testFamilies).join(', ')}.`);
    }
  }
  return names;
}

/** First clip of thresholds and of tests: far from those that training was watched on. */
const [tuningSeed, testSeed] = [1000, 5000];

/** Codecs for T7, or a word on what is missing. */
async function codecsOrNotice(): Promise<Codecs | undefined> {
  try {
    return await openCodecs();
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    process.stderr.write('T7 is watched without compression: there is no encoder; npm install node-av\n');
    return undefined;
  }
}

async function run(models: readonly string[], options: EvaluateOptions): Promise<void> {
  const { clips, seconds, width } = options;
  const [runtime, kernels] = await Promise.all([nodeRuntime(), loadKernels()]);
  const folders: string[] = [];
  const opened: { card: ModelCard; listener: Listener }[] = [];
  const precisions: readonly Precision[] = options.precision === 'both' ? ['half', 'full'] : [options.precision];
  const named: string[] = [];
  for (const model of models) {
    for (const precision of precisions) {
      folders.push(await folderOf(model));
      opened.push(await openModelFolder(folders.at(-1)!, runtime, precision));
      named.push(`${opened.at(-1)!.card.name}${precision === 'full' ? ', full precision' : ''}`);
    }
  }
  const listeners = opened.map(({ listener }) => listener);
  const codecs = options.families.includes('T7') ? await codecsOrNotice() : undefined;
  const watch = async (name: string, family: Family, first: number) => {
    const makers = options.mistakes.includes(name) ? Object.values(calibrationErrors) : [];
    const answers = await watchFamilyThrough(kernels, listeners, [(calibration) => calibration, ...makers], {
      ...{ family, first, clips, seconds, width },
      ...(name === 'T7' && codecs ? { codecs } : {}),
      onClip: (done) => {
        if (process.stderr.isTTY) process.stderr.write(`\r${name}: ${done}/${clips} clips\u001b[K`);
      },
    });
    process.stderr.write(`${process.stderr.isTTY ? '\r' : ''}${name}: ${clips} clips watched\n`);
    return answers;
  };
  const [validation] = await watch('V', 'validation', tuningSeed);
  const tuned = opened.map(({ card }, m) => card.onsets.map((head) => tuneThreshold(validation[m], head)));
  const families = opened.map((_, m): Record<string, FamilyScores> => ({ V: scoreFamily(validation[m], tuned[m]) }));
  const mistaken = opened.map((): Record<string, Record<string, number>> => ({}));
  const failures = opened.map((): Record<string, Failure[]> => ({}));
  const figures = new Map<string, string | Uint8Array>();
  for (const name of options.families) {
    const [answers, ...wrong] = await watch(name, testFamilies[name], testSeed);
    const shown = { family: testFamilies[name], first: testSeed, seconds, width };
    for (const [m, own] of answers.entries()) {
      families[m][name] = scoreFamily(own, tuned[m]);
      const [head] = tuned[m];
      const f1 = (said: typeof own): number => scoreFamily(said, [head]).f1.ms50;
      if (wrong.length > 0) {
        mistaken[m][name] = Object.fromEntries(
          Object.keys(calibrationErrors).map((kind, i) => [kind, f1(wrong[i][m])]),
        );
      }
      if (options.write) {
        failures[m][name] = worstMoments(own, head, shown);
        figures.set(`${m}/failures-${name}.png`, await encodeRaster(failurePicture(failures[m][name], shown)));
      }
      // The first clip in which something is played.
      const clip = pickAll(own, head, head.threshold).find(({ truth }) => truth.length > 0);
      if (clip) {
        const title = `${name}: played (map) and heard (rings)`;
        figures.set(`${m}/heard-${name}.svg`, formatSvg(heardFigure(clip, title)));
      }
    }
  }
  const oracle = await beside(options, families[0]);
  const evaluations = opened.map((_, m): Evaluation => ({
    format: 'deep-marimba/scores@1',
    model: named[m],
    clips,
    seconds,
    width,
    calibration: 'exact',
    ...(options.families.includes('T7') ? { compression: codecs !== undefined } : {}),
    heads: tuned[m],
    families: families[m],
    ...(oracle ? { oracle } : {}),
    ...(Object.keys(mistaken[m]).length > 0 ? { calibrationErrors: mistaken[m] } : {}),
    ...(options.write ? { failures: failures[m] } : {}),
  }));
  for (const [m, evaluation] of evaluations.entries()) {
    process.stdout.write(`${scoreTables(evaluation)}\n`);
    // A card tells of the model as it ships.
    if (!options.write || precisions[m % precisions.length] === 'full') continue;
    const folder = folders[m];
    await writeAtomic(join(folder, 'scores.json'), `${JSON.stringify(evaluation, null, 1)}\n`);
    await writeAtomic(join(folder, 'scores.md'), scoreTables(evaluation));
    for (const [path, bytes] of figures) {
      const [own, file] = path.split('/');
      if (own === String(m)) await writeAtomic(join(folder, file), bytes);
    }
    const onsets = tuned[m].map(onsetHead);
    await writeCard(folder, { ...opened[m].card, onsets, scores: { ...evaluation } });
  }
  if (options.precision === 'both') {
    for (let m = 0; m < evaluations.length; m += 2)
      process.stdout.write(`${halvingTable(evaluations[m], evaluations[m + 1])}\n`);
  }
  if (options.json !== undefined) await writeAtomic(options.json, `${JSON.stringify(evaluations, null, 1)}\n`);
  await Promise.all(listeners.map(({ session }) => session.release()));
}

/** What half precision costs, in points of F1 at 50 ms of the surest head, on the same clips. */
function halvingTable(half: Evaluation, full: Evaluation): string {
  const percent = (x: number): string => (100 * x).toFixed(2);
  const rows = Object.keys(half.families).map((name) => {
    const [a, b] = [half, full].map(({ families }) => families[name].f1.ms50);
    return `| ${name} | ${percent(b)} | ${percent(a)} | ${percent(a - b)} |`;
  });
  return [
    '## What half precision costs',
    '',
    '| family | F1, full | F1, half | points |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** The oracle on the same clips. */
async function beside(
  { oracle, clips, seconds }: EvaluateOptions,
  families: Readonly<Record<string, unknown>>,
): Promise<{ heads: readonly Tuned[]; families: Readonly<Record<string, OracleScores>> } | undefined> {
  if (oracle === false) return undefined;
  const runtime = await nodeRuntime();
  const weights = await oracleWeights(oracle, runtime);
  const names = Object.keys(families).filter((name) => name !== 'V');
  return judgeOracle(weights, runtime, { clips, seconds, tuningSeed, testSeed, names });
}

/** The command. */
export const evaluate = new Command('evaluate')
  .description("Score models on simulated clips of families that training leaves out, or on recordings of one's own.")
  .argument('<model...>', 'model folders, or names of models that ship')
  .option('--clips <n>', 'clips per family', within(1, 10000), 40)
  .option('--seconds <n>', 'length of a clip', within(1, 600), 6)
  .option('--width <pixels>', 'width of the picture, 16:9', within(64, 1920), 320)
  .option('--families <list>', 'comma-separated', familyList, Object.keys(testFamilies))
  .option('--mistakes <list>', 'families that are also watched with the bars told wrong', familyList, ['T2'])
  .option('--oracle <file>', 'weights of the oracle, trained and written there when missing (default: those that ship)')
  .option('--no-oracle', 'leave the oracle out')
  .addOption(
    new Option('--precision <name>', 'of the weights: half, as they ship, full, or both on the same clips')
      .choices(['half', 'full', 'both'])
      .default('half'),
  )
  .option(
    '--data <file...>',
    "recordings of one's own instead, as dataset build --bars keeps them; thresholds as on the card",
  )
  .option('--json <file>', 'all scores as JSON')
  .option('--write', 'put scores, tables, figures and tuned thresholds into the model folders')
  .action(async (models: readonly string[], options: EvaluateOptions) => {
    if (options.data === undefined) await run(models, options);
    else await evaluateOwn(await Promise.all(models.map(folderOf)), options.data, options.json);
  });
