// `deep-marimba dataset`: recordings with their videos, or the vectors of 2017, as one HDF5 file to learn from; and what is in one.
import { basename, extname } from 'node:path';
import { Presets, SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError, Option } from 'commander';
import { writeAtomic } from '../atomic-file.js';
import { formatPng } from '../figure/png.js';
import { formatSvg } from '../figure/svg.js';
import { frameRate, type FrameRate } from '../frame-rate.js';
import { midiToName } from '../notes.js';
import { buildDataset } from '../dataset/build-dataset.js';
import { openDataset } from '../dataset/dataset-file.js';
import { plotDataset } from '../dataset/dataset-figure.js';
import { findRecordings } from '../dataset/recordings.js';
import { fileProblem } from '../sound/file-bytes.js';
import type { DecoderChoice, Quad } from '../types.js';
import { parseLayout } from '../video/layout.js';

/** What may be said about a dataset that is built from a folder. */
export interface BuildOptions {
  readonly output: string;
  readonly fps?: FrameRate;
  readonly test?: number | readonly string[];
  readonly size?: number | readonly [columns: number, rows: number];
  readonly bars?: boolean;
  readonly corners?: Quad;
  readonly layout?: string;
  readonly decoder?: DecoderChoice;
  readonly mode?: 'corrected' | 'seed';
  readonly offset?: ReadonlyMap<string, number>;
}

function rate(text: string): FrameRate {
  try {
    return frameRate(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function hdf5Name(path: string): string {
  if (['.h5', '.hdf5'].includes(extname(path).toLowerCase())) return path;
  throw new InvalidArgumentError('Expected a name that ends in .h5 or .hdf5.');
}

function share(text: string): number | readonly string[] {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  if (text.trim() === '' || Number.isFinite(value)) throw new InvalidArgumentError('Expected 0..1, or names.');
  return text.split(',');
}

function size(text: string): number | readonly [columns: number, rows: number] {
  const values = text.split('x').map(Number);
  if (values.length > 2 || !values.every((value) => Number.isInteger(value) && value >= 8 && value <= 1024)) {
    throw new InvalidArgumentError('Expected a whole number of 8..1024, or two: 320x180.');
  }
  return values.length === 1 ? values[0] : [values[0], values[1]];
}

function corners(text: string): Quad {
  const values = text.split(',').map(Number);
  if (values.length !== 8 || !values.every(Number.isFinite) || text.includes(',,')) {
    throw new InvalidArgumentError('Expected x1,y1,x2,y2,x3,y3,x4,y4.');
  }
  const [a, b, c, d, e, f, g, h] = values;
  return [
    [a, b],
    [c, d],
    [e, f],
    [g, h],
  ];
}

/** "0.2" for all recordings, "seq3=0.2" for one. */
function offset(text: string, before: ReadonlyMap<string, number> = new Map()): ReadonlyMap<string, number> {
  const [name, seconds] = text.includes('=') ? text.split(/=(?=[^=]*$)/) : ['', text];
  const value = Number(seconds);
  if (seconds.trim() === '' || !(Math.abs(value) <= 3600)) {
    throw new InvalidArgumentError('Expected seconds, or NAME=SECONDS.');
  }
  return new Map([...before, [name, value]]);
}

/** Builds a dataset from a folder, with a progress bar on a terminal and a word on every clip. */
export async function buildFolder(folder: string, kind: 'sound' | 'vectors', options: BuildOptions): Promise<void> {
  const { recordings, problems: unpaired } = await findRecordings(folder, kind);
  const log = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const bar = process.stderr.isTTY
    ? new SingleBar(
        {
          format: '{clip} {bar} {value} of {total} frames {eta_formatted}',
          stream: process.stderr,
          clearOnComplete: true,
        },
        Presets.shades_classic,
      )
    : undefined;
  const quiet = (): void => {
    bar?.stop();
  };
  const unusable = ({ name, message }: { name: string; message: string }): void => {
    quiet();
    log(`${name}: left out: ${message}`);
  };
  unpaired.forEach(unusable);
  const {
    offset: offsets,
    fps,
    mode,
    test,
    size: side,
    bars,
    corners: quad,
    layout = 'gt18',
    decoder,
    output,
  } = options;
  if (bars && quad !== undefined) {
    throw new RangeError('--bars takes the bars of the calibration beside each clip; leave --corners out.');
  }
  const { clips, problems } = await buildDataset(recordings, output, {
    ...(kind === 'vectors' ? { fps: fps ?? frameRate(25) } : fps === undefined ? {} : { fps }),
    ...(mode === undefined ? {} : { mode }),
    ...(quad === undefined ? {} : { corners: quad, layout: parseLayout(layout) }),
    ...(test === undefined ? {} : { test }),
    ...(side === undefined ? {} : { size: side }),
    ...(decoder === undefined ? {} : { decoder }),
    ...(bars ? { bars } : {}),
    offset: (name) => offsets?.get(name) ?? offsets?.get('') ?? 0,
    onProblem: unusable,
    onClip({ name, frames, kept, strikes }) {
      quiet();
      log(
        `${name}: ${frames} frames${strikes === undefined ? '' : `, ${strikes} strikes`}${kept ? ', done before' : ''}`,
      );
    },
    onFrames(clip, frames, of) {
      if (bar === undefined) return;
      if (bar.isActive) bar.update(frames, { clip });
      else bar.start(of, frames, { clip });
    },
  }).finally(quiet);
  const rows = (split: string): number =>
    clips.filter((clip) => clip.split === split).reduce((sum, { frames }) => sum + frames, 0);
  log(`${output}: ${clips.length} clips, ${rows('train')} rows to train on, ${rows('test')} to test with`);
  if (problems.length + unpaired.length > 0) process.exitCode = 1;
}

const common = (command: Command): Command =>
  command
    .requiredOption('-o, --output <file>', 'dataset to write, .h5', hdf5Name)
    .addOption(
      new Option('--test <share>', 'share of the recordings to test with, or their names: seq3,seq7')
        .argParser(share)
        .default(0.2),
    )
    .option(
      '--size <pixels>',
      'columns and rows of the pictures: 100, 320x180 (default: 100; 320x180 with --bars)',
      size,
    )
    .option('--corners <x1,y1,...>', 'corners of the bar field, to straighten it; default: the whole picture', corners)
    .option('--layout <name>', 'the bars between the corners', 'gt18')
    .addOption(new Option('--decoder <name>').choices(['auto', 'node-av', 'ffmpeg']).default('auto'));

const buildCommand = common(new Command('build'))
  .description(
    'Pair videos with their sound: NAME_angleM.mp4 with NAME.wav, any number of angles; NAME.mp4 with NAME.wav or its own.',
  )
  .argument('<folder>', 'where seq1.wav, seq1_angle1.mp4, ... are')
  .option(
    '--bars',
    "keep whole pictures, the bars of each clip's calibration and its strikes: what train --data learns from",
  )
  .option('--fps <rate>', 'pictures and rows per second; default: as the first video', rate)
  .addOption(
    new Option('--mode <mode>', 'how sound is analysed; seed: as in 2017')
      .choices(['corrected', 'seed'])
      .default('corrected'),
  )
  .option('--offset <s>', 'seconds the sound began before the video; also NAME=SECONDS, repeated', offset)
  .action((folder: string, options: BuildOptions) => buildFolder(folder, 'sound', options));

const importCommand = common(new Command('import'))
  .description('Take the vectors of 2017: NAME_audio_vectors.mat, with NAME_angleM.mp4 beside them or without videos.')
  .argument('<folder>', 'where seq1_audio_vectors.mat, ... are')
  .option('--fps <rate>', 'vectors per second (default: 25)', rate)
  .action((folder: string, options: BuildOptions) => buildFolder(folder, 'vectors', options));

const infoCommand = new Command('info')
  .description('Tell what is in a dataset.')
  .argument('<file>', 'an HDF5 file')
  .option('--picture <file>', 'draw some of it: .svg or .png')
  .addOption(new Option('--split <half>', 'which half to draw').choices(['train', 'test']).default('train'))
  .action(async (path: string, { picture, split }: { picture?: string; split: string }) => {
    const kind = picture === undefined ? '' : extname(picture).toLowerCase();
    if (picture !== undefined && kind !== '.svg' && kind !== '.png') {
      infoCommand.error(`error: ${picture}: expected a name that ends in .svg or .png.`);
    }
    const dataset = await openDataset(path);
    try {
      const { attributes, shapes, clips, notes } = dataset.info;
      const lines = [
        ...Object.entries(shapes).map(([name, shape]) => `${name}: ${shape.join(' x ')}`),
        ...Object.entries(attributes).map(([name, value]) =>
          name === 'notes' && notes !== undefined
            ? `notes: ${notes.map(({ midi }) => midiToName(midi)).join(' ')}`
            : `${name}: ${Array.isArray(value) ? value.join(', ') : String(value)}`,
        ),
        ...clips.map(({ name, split: half, frames, sources }) => {
          return `${half} ${name}: ${frames} rows from ${Object.values(sources).join(' and ')}`;
        }),
      ];
      process.stdout.write(`${lines.join('\n')}\n`);
      if (picture !== undefined) {
        const figure = plotDataset(dataset, split, basename(path));
        await writeAtomic(picture, kind === '.svg' ? formatSvg(figure) : await formatPng(figure, 2)).catch(
          (error: unknown) => {
            throw fileProblem(picture, error, 'write');
          },
        );
        process.stderr.write(`${picture}\n`);
      }
    } finally {
      dataset.close();
    }
  });

/** The command. */
export const dataset = new Command('dataset')
  .description('Make and look at datasets to learn from.')
  .addCommand(buildCommand)
  .addCommand(importCommand)
  .addCommand(infoCommand);
