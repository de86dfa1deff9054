// Where the bars of a clip are, as every command asks it: a calibration file, corners on the command line, or the clip's folder.
import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { describeFileProblem } from '../file-problem.js';
import type { Calibration, Point, Quad } from '../types.js';
import { parseCalibration } from '../video/calibration.js';
import { checkShape, placesBeside, savedBeside } from '../video/calibration-file.js';
import { detectBars } from '../video/detect.js';
import { parseLayout, type Layout } from '../video/layout.js';
import { medianPicture } from '../video/median-picture.js';
import { snapBars } from '../video/snap.js';
import type { Video } from '../video/video-file.js';

/** What was said on the command line about the bars. */
export interface BarsOptions {
  /** File with the bars' outlines. */
  readonly calibration?: string;
  /** Corners of the field of bars, pixels of the displayed video. */
  readonly corners?: Quad;
  /** `gt18`, `marimba-N`, `keyboard-LOW-HIGH`, or a layout file. */
  readonly layout?: string;
}

/** The bars, and how they were found. */
export interface BarsInPicture {
  /** The bars. */
  readonly calibration: Calibration;
  /** One sentence for the user. */
  readonly report: string;
  /** Expected share of the bars that are where they should be, 0..1; 1 for those of a file. */
  readonly confidence: number;
}

/** Below this confidence the report asks to look at the bars. */
const doubtful = 0.9;

function parseCorners(text: string): Quad {
  const numbers = text.split(/[\s,]+/).map(Number);
  if (numbers.length !== 8 || !numbers.every(Number.isFinite)) {
    throw new InvalidArgumentError('Expected eight numbers x1,y1,x2,y2,x3,y3,x4,y4.');
  }
  return [0, 2, 4, 6].map((k): Point => [numbers[k], numbers[k + 1]]) as unknown as Quad;
}

/** Adds `--calibration`, `--corners` and `--layout` to a command. */
export function addBarsOptions(command: Command): Command {
  return command
    .option(
      '--calibration <file>',
      'where the bars are in the picture (default: NAME.calibration.json or calibration.json beside the video, else they are looked for)',
    )
    .option(
      '--corners <x1,y1,...,y4>',
      'outer corners of the bars in the picture: far of the lowest, far of the highest, near of the highest, near of the lowest',
      parseCorners,
    )
    .option(
      '--layout <name>',
      'what has those corners: gt18, marimba-N, keyboard-LOW-HIGH or a JSON file (default: gt18)',
    );
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Error(describeFileProblem(path, error, 'read').sentence, { cause: error });
  }
}

function about<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

const isFile = (layout: string): boolean => /\.json$/i.test(layout);

async function readLayout(name: string): Promise<Layout> {
  if (!isFile(name)) return parseLayout(name);
  const text = await readText(name);
  return about(name, () => parseLayout(text));
}

/** The files on which a clip's bars depend, those included that need not exist. */
export function barsFiles(file: string, { calibration, corners, layout }: BarsOptions): string[] {
  const outlines = corners !== undefined ? [] : calibration === undefined ? placesBeside(file) : [calibration];
  return layout !== undefined && isFile(layout) ? [...outlines, layout] : outlines;
}

const share = (confidence: number): string => `${Math.round(100 * confidence)} %`;

/** The bars of a clip of which nothing is known; what is more likely wrong than right is refused. */
async function detect(file: string, video: Video, layout: string | undefined): Promise<BarsInPicture> {
  const wanted = layout === undefined ? {} : { layout: await readLayout(layout) };
  const { calibration, confidence, found } = detectBars(await medianPicture(video), wanted);
  if (calibration === undefined || confidence < 0.5) {
    throw new Error(
      `${file}: the bars could not be found (${found}${calibration ? `, ${share(confidence)} sure` : ''}); say where they are with --corners x1,y1,...,y4 and --layout, or --calibration.`,
    );
  }
  return { calibration, confidence, report: `${found}; ${share(confidence)} sure that these are all` };
}

/**
 * Finds where the bars of a clip are.
 * @param file the clip's path, as messages call it.
 * @throws {Error} one sentence that names the file and the fix.
 */
export async function findBars(file: string, video: Video, options: BarsOptions): Promise<BarsInPicture> {
  const { corners, layout = 'gt18' } = options;
  if (options.calibration !== undefined && corners !== undefined) {
    throw new RangeError('Give --calibration or --corners, not both.');
  }
  if (options.calibration !== undefined || corners === undefined) {
    const saved =
      options.calibration === undefined
        ? await savedBeside(file)
        : { path: options.calibration, text: await readText(options.calibration) };
    if (saved === undefined) return await detect(file, video, options.layout);
    const calibration = about(saved.path, () => parseCalibration(saved.text));
    checkShape(video, calibration, file, saved.path);
    return { calibration, report: `${calibration.bars.length} bars from ${saved.path}`, confidence: 1 };
  }
  const wanted = await readLayout(layout);
  const picture = await medianPicture(video);
  const { calibration, confidence, bars } = snapBars(picture, corners, wanted);
  const unsure = bars.filter((sure) => sure < 0.5).length;
  const report =
    `${bars.length} bars of ${wanted.name} snapped to the picture; about ${share(confidence)} of them should be right` +
    (confidence >= doubtful
      ? ''
      : `, ${unsure > 0 ? `${unsure} ${unsure === 1 ? 'is' : 'are'} not clear` : 'the rest is not clear'}: check the corners and the layout`);
  return { calibration, report, confidence };
}
