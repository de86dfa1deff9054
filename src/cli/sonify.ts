// `deep-marimba sonify`: silent videos of somebody playing become sound, and the strikes that were seen.
import { mkdir } from 'node:fs/promises';
import { extname } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { discardUnfinished } from '../atomic-file.js';
import { describeFileProblem } from '../file-problem.js';
import { outputKinds, type OutputKind } from '../sonify/outputs.js';
import { addBarsOptions } from './bars-in-picture.js';
import { hearAll, summaryTable } from './sonify-batch.js';
import type { ClipReport, Settings } from './sonify-clip.js';
import { collision, findClips, foldersOf, type Wanted } from './sonify-inputs.js';

type Options = Omit<Settings, 'bits'> & {
  readonly bits: '16' | '24' | '32';
  readonly output?: string;
  readonly also?: readonly OutputKind[];
  readonly jobs: number;
  readonly resume?: true;
  readonly json?: true;
  readonly verbose?: true;
} & Readonly<Partial<Record<Exclude<OutputKind, 'sound'>, string>>>;

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 64) throw new InvalidArgumentError('Expected 1..64.');
  return value;
}

function kinds(text: string): OutputKind[] {
  const known = outputKinds.filter((kind) => kind !== 'sound' && kind !== 'events');
  for (const kind of text.split(',')) {
    if (!(known as readonly string[]).includes(kind)) {
      throw new InvalidArgumentError(`Expected some of ${known.join(', ')}, separated by commas.`);
    }
  }
  return text.split(',') as OutputKind[];
}

// How names of outputs end; without an ending they are folders.
const names: Readonly<Record<OutputKind, readonly string[]>> = {
  sound: ['.wav'],
  events: ['.json'],
  midi: ['.mid', '.midi'],
  features: ['.npy', '.json'],
  mp4: ['.mp4'],
  plot: ['.png', '.svg'],
};

/** Checks that outputs are files for one video and folders for several. */
function checkNames(wanted: Wanted, several: boolean): void {
  for (const [kind, where] of Object.entries(wanted) as [OutputKind, string | true][]) {
    if (where === true) continue;
    const ending = extname(where).toLowerCase();
    const option = kind === 'sound' ? '--output' : `--${kind}`;
    if (several && names[kind].includes(ending)) {
      sonify.error(`error: ${option} ${where}: expected a folder, for there are several videos.`);
    } else if (!several && !names[kind].includes(ending)) {
      sonify.error(`error: ${option} ${where}: expected a name that ends in ${names[kind].join(' or ')}.`);
    }
  }
}

// How long an orderly end may take after Ctrl-C, ms.
const patience = 700;
const stopped = new Error('stopped');

async function run(inputs: readonly string[], options: Options): Promise<void> {
  const { output, also = [], jobs, resume = false, json = false, verbose = false, bits, ...rest } = options;
  const wanted: Wanted = {
    sound: output ?? true,
    events: options.events ?? true,
    ...Object.fromEntries(also.map((kind) => [kind, true])),
    ...Object.fromEntries(
      outputKinds.flatMap((kind) => (kind !== 'sound' && options[kind] !== undefined ? [[kind, options[kind]]] : [])),
    ),
  };
  const { clips, missing, several } = await findClips(inputs, wanted);
  checkNames(wanted, several);
  const clash = collision(clips);
  if (clash !== undefined) sonify.error(`error: ${clash}`);
  if (several) {
    for (const folder of foldersOf(clips)) {
      await mkdir(folder, { recursive: true }).catch((error: unknown) => {
        throw new Error(describeFileProblem(folder, error, 'write').sentence, { cause: error });
      });
    }
  }
  const { calibration, corners, layout, geometry, model, device, decoder, voice, tuning, exemplars, rate } = rest;
  const settings: Settings = {
    ...{ model, device, decoder, voice, rate, bits: Number(bits) as 16 | 24 | 32 },
    ...(calibration === undefined ? {} : { calibration }),
    ...(corners ? { corners } : {}),
    ...(layout === undefined ? {} : { layout }),
    ...(geometry ? { geometry } : {}),
    ...(tuning ? { tuning } : {}),
    ...(exemplars === undefined ? {} : { exemplars }),
  };
  const stop = new AbortController();
  const onSignal = (): void => {
    stop.abort(stopped);
    // Whatever does not listen ends with the process; nothing half-written stays.
    setTimeout(() => {
      leave();
    }, patience).unref();
  };
  const leave = (): never => {
    discardUnfinished();
    const again = several ? '; with --resume the next run goes on from here' : '';
    process.stderr.write(`deep-marimba: stopped${again}\n`);
    process.exit(130);
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const started = performance.now();
  let heard: ClipReport[];
  try {
    heard = await hearAll(clips, settings, { jobs, resume, verbose, signal: stop.signal });
  } catch (error) {
    if (error === stopped) leave();
    throw error;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
  const seconds = (performance.now() - started) / 1000;
  const lost = missing.map(({ file, message }): ClipReport => ({ file, outputs: { sound: '' }, status: 'failed', message })); // prettier-ignore
  const reports = [...heard, ...lost];
  if (json) {
    const report = { format: 'deep-marimba/sonify@1', seconds, clips: reports };
    process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  }
  if (reports.length > 1) {
    for (const { message } of lost) process.stderr.write(`${message}\n`);
    process.stderr.write(`${summaryTable(reports, seconds)}\n`);
  }
  const bad = reports.filter(({ status }) => status === 'failed' || status === 'incomplete');
  if (bad.length === 0) return;
  // What is there has been written; that it is not all must not pass unnoticed.
  if (reports.length === 1) throw new Error(bad[0].message);
  process.exitCode = 1;
}

/** The command. */
export const sonify = addBarsOptions(
  new Command('sonify')
    .description('Turn silent video of somebody playing into sound.')
    .argument(
      '<video...>',
      'videos (mp4, mov, webm, mkv, avi, y4m, ...), folders of them, or patterns like "takes/*.mp4"',
    ),
)
  .option('-o, --output <path>', 'WAV file, or a folder for several videos (default: beside each video, by its name)')
  .option('--mp4 <path>', 'the video with its sound: picture copied, sound as AAC')
  .option('--midi <path>', 'strikes as a MIDI file')
  .option('--events <path>', 'strikes as JSON (default: beside the sound, NAME.events.json)')
  .option('--features <path>', 'note amplitudes per video frame, .npy or .json')
  .option('--plot <path>', 'waveform, what moved over the bars, amplitudes and strikes, .png or .svg')
  .option('--also <kinds>', 'some of midi,features,plot,mp4, beside the sound by its name', kinds)
  .option('--jobs <n>', 'videos heard at a time, in processes of their own', count, 1)
  .option('--resume', 'leave alone what an earlier run has finished since its video and its bars last changed')
  .option('--json', 'a report on standard output')
  .option('--verbose', 'say where the time went')
  .option('--model <name>', 'model that ships, folder or address', 'bar-lstm')
  .addOption(
    new Option(
      '--geometry <name>',
      'what the model has to look at; raw: the whole picture, which needs no bars',
    ).choices(['bars', 'rect', 'raw']),
  )
  .addOption(
    new Option('--device <name>', 'what the model runs on; a named one never falls back')
      .choices(['auto', 'cuda', 'webgpu', 'cpu', 'wasm', 'tfjs'])
      .default('auto'),
  )
  .addOption(
    new Option('--decoder <name>', 'what reads the video').choices(['auto', 'node-av', 'ffmpeg']).default('auto'),
  )
  .addOption(
    new Option('--voice <name>', 'additive: sines; modal: modelled bars; exemplar: recorded strikes')
      .choices(['additive', 'modal', 'exemplar'])
      .default('modal'),
  )
  .addOption(new Option('--tuning <name>', 'overtones of the bars; gt: 3:1, marimba: 4:1').choices(['gt', 'marimba']))
  .option('--exemplars <bank>', 'recordings of the exemplar voice (default: the marimba that comes with the package)')
  .option('--rate <Hz>', 'samples per second', positive, 48_000)
  .addOption(new Option('--bits <n>', 'bits of a sample, 32 is float').choices(['16', '24', '32']).default('24'))
  .action(run);
