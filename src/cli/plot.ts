// `deep-marimba plot`: the waveform above the map of note amplitudes, as SVG or PNG, from features or sound of any source.
import { basename, extname } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { writeAtomic } from '../atomic-file.js';
import { formatPng } from '../figure/png.js';
import { formatSvg } from '../figure/svg.js';
import { analyzeNotes } from '../sound/analysis.js';
import { isMarimbaData, readFeatures, readStrikes } from '../sound/data-file.js';
import { fileProblem } from '../sound/file-bytes.js';
import { plotAmplitudes, soundEnvelope } from '../sound/plot.js';
import { openSound } from '../sound/sound-file.js';

interface Options {
  readonly output?: string;
  readonly sound?: string;
  readonly strikes?: string;
  readonly fps?: string;
  readonly mode: 'corrected' | 'seed';
  readonly range: number;
  readonly width: number;
  readonly scale: number;
  readonly title?: string;
  readonly from: number;
  readonly to?: number;
}

const between =
  (low: number, high: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!(value >= low && value <= high)) throw new InvalidArgumentError(`Expected a number from ${low} to ${high}.`);
    return value;
  };

/** The command. */
export const plot = new Command('plot')
  .description('Draw note amplitudes over time, and the sound and strikes they belong to.')
  .argument('<file>', 'features (.npy, .mat, .h5, .json), or sound or video, which is analysed first')
  .option('-o, --output <file>', 'picture to write, .svg or .png (default: the name of <file> with .svg)')
  .option('--sound <file>', 'sound whose waveform is drawn above the features')
  .option('--strikes <file>', 'strikes to mark: MIDI or events JSON')
  .option('--fps <rate>', 'video frames per second, such as 25 or 30000/1001 (default: what the file says, else 25)')
  .addOption(
    new Option('--mode <mode>', 'how sound is analysed; seed: as in 2017')
      .choices(['corrected', 'seed'])
      .default('corrected'),
  )
  .option('--range <dB>', 'colours begin this far below the loudest', between(1, 200), 60)
  .option('--width <pixels>', 'width of the figure', between(300, 20_000), 1000)
  .option('--scale <factor>', 'pixels of a PNG for each of the figure', between(0.25, 8), 2)
  .option('--from <seconds>', 'where the figure begins', between(0, 1e6), 0)
  .option('--to <seconds>', 'where it ends (default: the end)', between(0, 1e6))
  .option('--title <text>', 'heading (default: the name of <file>)')
  .action(async (file: string, options: Options) => {
    const { output = `${file.slice(0, file.length - extname(file).length)}.svg`, fps } = options;
    const kind = extname(output).toLowerCase();
    if (kind !== '.svg' && kind !== '.png') plot.error(`error: ${output}: expected a name that ends in .svg or .png.`);
    const isData = await isMarimbaData(file);
    const sound = isData ? options.sound : file;
    const amplitudes = isData
      ? await readFeatures(file, fps ? { fps } : {})
      : await analyzeNotes(await openSound(file), { fps: fps ?? 25, mode: options.mode, name: file });
    const figure = plotAmplitudes(amplitudes, {
      ...(sound === undefined ? {} : { envelope: await soundEnvelope(await openSound(sound), 100_000) }),
      ...(options.strikes === undefined ? {} : { strikes: await readStrikes(options.strikes) }),
      title: options.title ?? basename(file),
      range: options.range,
      width: options.width,
      from: options.from,
      ...(options.to === undefined ? {} : { to: options.to }),
    });
    const picture = kind === '.svg' ? formatSvg(figure) : await formatPng(figure, options.scale);
    await writeAtomic(output, picture).catch((error: unknown) => {
      throw fileProblem(output, error, 'write');
    });
    process.stderr.write(`${output}\n`);
  });
