// `deep-marimba evaluate`: models on families of scenes they have never trained on; tables, and what the card says.
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { writeAtomic } from '../atomic-file.js';
import { formatSvg } from '../figure/svg.js';
import { UnsupportedError } from '../errors.js';
import { loadKernels } from '../kernels/module.js';
import type { ModelCard } from '../model/card.js';
import type { Family } from '../scene/families.js';
import { type Codecs, openCodecs } from '../training/compression.js';
import {
  type FamilyScores,
  pickAll,
  scoreFamily,
  testFamilies,
  tuneThreshold,
  watchFamily,
} from '../training/evaluate.js';
import type { Listener } from '../training/listen.js';
import { openModelFolder, writeCard } from '../training/model-folder.js';
import { type Evaluation, scoreTables } from '../training/score-table.js';
import { heardFigure } from '../training/training-figures.js';
import { nodeRuntime } from './onnxruntime.js';

interface EvaluateOptions {
  readonly clips: number;
  readonly seconds: number;
  readonly width: number;
  readonly families: readonly string[];
  readonly json?: string;
  readonly write?: true;
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

/** A folder, or the name of a model that ships. */
async function folderOf(model: string): Promise<string> {
  const found = await stat(join(model, 'card.json')).then(
    () => true,
    () => false,
  );
  if (found || /[/\\]/.test(model)) return model;
  return join(dirname(createRequire(import.meta.url).resolve('deep-marimba/package.json')), 'models', model);
}

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
  for (const model of models) {
    folders.push(await folderOf(model));
    opened.push(await openModelFolder(folders.at(-1)!, runtime));
  }
  const listeners = opened.map(({ listener }) => listener);
  const codecs = options.families.includes('T7') ? await codecsOrNotice() : undefined;
  const watch = async (name: string, family: Family, first: number) => {
    const answers = await watchFamily(kernels, listeners, {
      family,
      ...(name === 'T7' && codecs ? { codecs } : {}),
      first,
      clips,
      seconds,
      width,
      onClip: (done) => {
        if (process.stderr.isTTY) process.stderr.write(`\r${name}: ${done}/${clips} clips\u001b[K`);
      },
    });
    process.stderr.write(`${process.stderr.isTTY ? '\r' : ''}${name}: ${clips} clips watched\n`);
    return answers;
  };
  const validation = await watch('V', 'validation', tuningSeed);
  const tuned = opened.map(({ card }, m) => card.onsets.map((head) => tuneThreshold(validation[m], head)));
  const families = opened.map((_, m): Record<string, FamilyScores> => ({ V: scoreFamily(validation[m], tuned[m]) }));
  const figures = new Map<string, string>();
  for (const name of options.families) {
    const answers = await watch(name, testFamilies[name], testSeed);
    for (const [m, own] of answers.entries()) {
      families[m][name] = scoreFamily(own, tuned[m]);
      const [head] = tuned[m];
      // The first clip in which something is played.
      const clip = pickAll(own, head, head.threshold).find(({ truth }) => truth.length > 0);
      if (clip) figures.set(`${m}/${name}`, formatSvg(heardFigure(clip, `${name}: played (map) and heard (rings)`)));
    }
  }
  const evaluations = opened.map(({ card }, m): Evaluation => ({
    format: 'deep-marimba/scores@1',
    model: card.name,
    clips,
    seconds,
    width,
    calibration: 'exact',
    ...(options.families.includes('T7') ? { compression: codecs !== undefined } : {}),
    heads: tuned[m],
    families: families[m],
  }));
  for (const [m, evaluation] of evaluations.entries()) {
    process.stdout.write(`${scoreTables(evaluation)}\n`);
    if (!options.write) continue;
    const folder = folders[m];
    await writeAtomic(join(folder, 'scores.json'), `${JSON.stringify(evaluation, null, 1)}\n`);
    await writeAtomic(join(folder, 'scores.md'), scoreTables(evaluation));
    for (const name of options.families) {
      const figure = figures.get(`${m}/${name}`);
      if (figure !== undefined) await writeAtomic(join(folder, `heard-${name}.svg`), figure);
    }
    const onsets = tuned[m].map(({ output, latency, threshold }) => ({ output, latency, threshold }));
    await writeCard(folder, { ...opened[m].card, onsets, scores: { ...evaluation } });
  }
  if (options.json !== undefined) await writeAtomic(options.json, `${JSON.stringify(evaluations, null, 1)}\n`);
  await Promise.all(listeners.map(({ session }) => session.release()));
}

/** The command. */
export const evaluate = new Command('evaluate')
  .description('Score models on simulated clips of families that training leaves out.')
  .argument('<model...>', 'model folders, or names of models that ship')
  .option('--clips <n>', 'clips per family', within(1, 10000), 40)
  .option('--seconds <n>', 'length of a clip', within(1, 600), 6)
  .option('--width <pixels>', 'width of the picture, 16:9', within(64, 1920), 320)
  .option('--families <list>', 'comma-separated', familyList, Object.keys(testFamilies))
  .option('--json <file>', 'all scores as JSON')
  .option('--write', 'put scores, tables, figures and tuned thresholds into the model folders')
  .action(run);
