// `deep-marimba calibrate`: where the bars are in a clip, found, drawn and saved in a page on this computer.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { basename, dirname, extname } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { writeAtomic } from '../atomic-file.js';
import { encodeRaster } from '../figure/png.js';
import { describeFileProblem } from '../file-problem.js';
import { calibrationOf, scaledBars } from '../kiosk/editor/edits.js';
import type { CalibrateTask } from '../kiosk/page/calibrate-task.js';
import { findBars } from '../kiosk/page/find-bars.js';
import type { Calibration, DecoderChoice } from '../types.js';
import { formatCalibration, parseCalibration } from '../video/calibration.js';
import { type LumaPicture, medianPicture } from '../video/median-picture.js';
import { readVideo } from '../video/video-file.js';
import { serveLocally, type ServedFile } from './local-server.js';
import { openBrowser } from './open-browser.js';
import { calibrateFile } from './page-files.js';

interface CalibrateOptions {
  readonly output?: string;
  readonly decoder: DecoderChoice;
  readonly port: number;
  readonly open: boolean;
  readonly print?: true;
}

function portNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535) throw new InvalidArgumentError('Expected 0..65535.');
  return value;
}

/** Luma as a screen shows it: black 0, white 255. */
function fullRange(luma: Uint8Array | Uint8ClampedArray, range: 'full' | 'limited'): Uint8Array {
  if (range === 'full') return Uint8Array.from(luma);
  const table = Uint8ClampedArray.from({ length: 256 }, (_, y) => ((y - 16) * 255) / 219);
  return Uint8Array.from(luma, (value) => table[value]);
}

/** The bars that a file already has; undefined when there is no such file. */
async function savedBars(path: string): Promise<Calibration | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { sentence, code } = describeFileProblem(path, error, 'read');
    if (code === 'ENOENT') return undefined;
    throw new Error(sentence, { cause: error });
  }
  try {
    return parseCalibration(text);
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

async function run(file: string, options: CalibrateOptions): Promise<void> {
  const stem = file.slice(0, file.length - extname(file).length);
  const output = options.output ?? `${stem}.calibration.json`;
  // What is cheap to get wrong comes first.
  if (!existsSync(dirname(output))) throw new Error(`The folder of ${output} does not exist; make it first.`);
  const saved = await savedBars(output);
  const video = await readVideo(file, { decoder: options.decoder });
  const { width, height } = video;
  process.stderr.write(`Looking at ${file}…\n`);
  const median = await medianPicture(video);
  const luma = fullRange(median.luma, video.range);
  const start = saved
    ? { bars: scaledBars(saved, { width, height }), message: `These are the bars of ${basename(output)}.` }
    : firstLook({ width, height, luma });
  if (options.print) {
    process.stdout.write(formatCalibration(calibrationOf(start.bars, { width, height })));
    return;
  }
  const rgb = new Uint8Array(3 * luma.length);
  luma.forEach((value, i) => rgb.fill(value, 3 * i, 3 * i + 3));
  const picture = await encodeRaster({ width, height, rgb });
  const task: CalibrateTask = { clip: basename(file), output, width, height, ...start };
  const own: Readonly<Record<string, ServedFile>> = {
    'picture.png': { bytes: picture, type: 'image/png' },
    'task.json': { bytes: Buffer.from(JSON.stringify(task)), type: 'application/json' },
  };
  const server = await serveLocally({
    port: options.port,
    token: randomBytes(16).toString('base64url'),
    file: (path) => own[path] ?? calibrateFile(path === '' ? 'calibrate.html' : path),
    post: async (path, body) => {
      if (path !== 'save') throw new Error('There is nothing here.');
      const calibration = parseCalibration(body);
      await writeAtomic(output, formatCalibration(calibration));
      process.stderr.write(`${output}: ${calibration.bars.length} bars saved.\n`);
      return `Saved: ${output}. You may close this page; deep-marimba sonify will find the bars.`;
    },
  });
  process.stdout.write(`${server.url}\n`);
  process.stderr.write('Open this address in a browser on this computer; Ctrl-C ends it.\n');
  if (options.open) openBrowser(server.url);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  await server.close();
}

/** What can be said of the bars before anybody has helped. */
function firstLook(picture: LumaPicture): { bars: Calibration['bars']; message: string } {
  try {
    return findBars(picture);
  } catch (error) {
    return { bars: [], message: error instanceof Error ? error.message : String(error) };
  }
}

/** The command. */
export const calibrate = new Command('calibrate')
  .description('Show where the bars are in a clip, in a page on this computer, and save that beside the clip.')
  .argument('<video>', 'mp4, mov, webm, mkv, avi, y4m, ...')
  .option('-o, --output <file>', 'where to save (default: beside the video, NAME.calibration.json)')
  .option('--no-open', 'only print the address')
  .option('--print', 'open no page; print the bars that are saved or were found')
  .option('--port <n>', 'port of the page (default: any)', portNumber, 0)
  .addOption(
    new Option('--decoder <name>', 'what reads the video').choices(['auto', 'node-av', 'ffmpeg']).default('auto'),
  )
  .action(run);
