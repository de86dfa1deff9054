// `deep-marimba features`: the note amplitudes of a recording.
import { extname } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { GT18, type NoteSet } from '../notes.js';
import { analyzeNotes } from '../sound/analysis.js';
import { writeFeatures } from '../sound/data-file.js';
import { formatFeatures, notesOf } from '../sound/features.js';
import { openSound } from '../sound/sound-file.js';

interface FeaturesCommandOptions {
  readonly fps: string;
  readonly frames?: number;
  readonly mode: 'corrected' | 'seed';
  readonly nfft?: number;
  readonly notes: NoteSet;
  readonly output?: string;
}

const formats = ['.npy', '.json', '.h5', '.hdf5'];

/** Before an hour of sound is read and not after. */
function outputName(path: string): string {
  if (formats.includes(extname(path).toLowerCase())) return path;
  throw new InvalidArgumentError(`Expected a name that ends in ${formats.join(', ')}.`);
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number from 1.');
  return value;
}

function midiNumbers(text: string): NoteSet {
  try {
    return notesOf(text.split(',').map(Number));
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

/** The command. */
export const features = new Command('features')
  .description('Measure how loud each note of a recording is, per video frame.')
  .argument('<audio>', 'a sound file, or a video with a sound track')
  .requiredOption('--fps <rate>', 'video frames per second: 25, 29.97, 30000/1001')
  .option('--frames <n>', 'video frames; default: the whole frames that the sound lasts', wholeNumber)
  .addOption(
    new Option('--mode <mode>', 'seed: as the 2017 project computed them, faults included')
      .choices(['corrected', 'seed'])
      .default('corrected'),
  )
  .option('--nfft <n>', 'points of the spectrum; default: the sample rate, for bins of 1 Hz', wholeNumber)
  .option('--notes <midi>', 'comma-separated MIDI numbers; default: the eighteen of 2017', midiNumbers, GT18)
  .option('-o, --output <file>', '.npy, .json, .h5 or .hdf5; default: JSON on stdout', outputName)
  .action(async (audio: string, { output, ...options }: FeaturesCommandOptions) => {
    const amplitudes = await analyzeNotes(await openSound(audio), { ...options, name: audio });
    if (output === undefined) process.stdout.write(formatFeatures(amplitudes));
    else await writeFeatures(output, amplitudes);
  });
