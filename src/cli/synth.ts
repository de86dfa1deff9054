// `deep-marimba synth`: the sound of amplitudes or strikes from a file.
import { extname } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Tuning } from '../sound/marimba-bars.js';
import { readMarimbaData } from '../sound/data-file.js';
import { readExemplars } from '../sound/exemplar-file.js';
import { synthesize } from '../sound/synthesize.js';
import type { VoiceName } from '../sound/voices.js';
import { writeWav } from '../sound/wav-file.js';

interface SynthOptions {
  readonly output: string;
  readonly fps?: string;
  readonly voice: VoiceName;
  readonly tuning?: Tuning;
  readonly exemplars?: string;
  readonly rate: number;
  readonly bits: '16' | '24' | '32';
  readonly duration?: number;
  readonly normalize?: true;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

function outputName(path: string): string {
  if (extname(path).toLowerCase() === '.wav') return path;
  throw new InvalidArgumentError('Expected a name that ends in .wav.');
}

// -1 dB: room for what a converter does between the samples.
const normalPeak = 10 ** (-1 / 20);

/** What the user sees while it works, on a terminal only. */
function status(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
}

/** The command. */
export const synth = new Command('synth')
  .description('Turn note amplitudes or strikes into sound.')
  .argument('<file>', 'amplitudes (.npy, .mat, .h5, .json) or strikes (.mid, events .json)')
  .requiredOption('-o, --output <file>', 'WAV file to write', outputName)
  .option('--fps <rate>', 'amplitudes per second, such as 25 or 30000/1001 (default: what the file says, else 25)')
  .addOption(
    new Option('--voice <name>', 'additive: sines, as in 2017; modal: modelled bars; exemplar: recorded strikes')
      .choices(['additive', 'modal', 'exemplar'])
      .default('modal'),
  )
  .addOption(
    new Option('--tuning <name>', 'overtones of the bars; gt: 3:1, as in the 2017 recordings; marimba: 4:1').choices([
      'gt',
      'marimba',
    ]),
  )
  .option('--exemplars <bank>', 'recordings of the exemplar voice (default: the marimba that comes with the package)')
  .option('--rate <Hz>', 'samples per second', positive, 48_000)
  .addOption(new Option('--bits <n>', 'bits of a sample, 32 is float').choices(['16', '24', '32']).default('24'))
  .option(
    '--duration <seconds>',
    'length of the sound (default: as long as the file says, else until it dies away)',
    positive,
  )
  .option('--normalize', 'make the loudest sample -1 dB of full scale')
  .action(async (file: string, options: SynthOptions) => {
    const { output, voice, tuning, rate: sampleRate } = options;
    const bits = Number(options.bits) as 16 | 24 | 32;
    const data = await readMarimbaData(file, options.fps === undefined ? {} : { fps: options.fps });
    const duration = options.duration ?? ('duration' in data ? data.duration : undefined);
    status(`rendering ${file} ...`);
    const sound = await synthesize('amplitudes' in data ? data.amplitudes : data.strikes, {
      voice,
      sampleRate,
      ...(tuning ? { tuning } : {}),
      ...(voice === 'exemplar' ? { exemplars: await readExemplars(options.exemplars) } : {}),
      ...(duration === undefined ? {} : { duration }),
    });
    const peak = sound.reduce((greatest, x) => Math.max(greatest, Math.abs(x)), 0);
    // Integers end at full scale; a sum of sines does not.
    const gain = options.normalize && peak > 0 ? normalPeak / peak : bits !== 32 && peak > 1 ? 1 / peak : 1;
    if (gain !== 1) for (let i = 0; i < sound.length; i++) sound[i] *= gain;
    status(`writing ${output} ...`);
    await writeWav(output, { sampleRate, channels: [sound] }, { bits });
    status('');
    const scaled =
      peak === 0
        ? ', silent: nothing is struck'
        : gain === 1
          ? ''
          : `, scaled by ${(20 * Math.log10(gain)).toFixed(2)} dB`;
    process.stderr.write(`${output}: ${(sound.length / sampleRate).toFixed(2)} s, voice ${voice}${scaled}\n`);
  });
