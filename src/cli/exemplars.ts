// `deep-marimba exemplars`: makes a bank of exemplars from one's own recordings, and tells what is in one.
import { basename } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { SoundError } from '../errors.js';
import { GT18, midiToName, nameToMidi, type NoteSet } from '../notes.js';
import type { Exemplar, ExemplarBank } from '../sound/exemplar-bank.js';
import { cutExemplars, spreadLevels } from '../sound/exemplar-cutting.js';
import { readExemplars, writeExemplars } from '../sound/exemplar-file.js';
import { notesOf } from '../sound/features.js';
import { readSound } from '../sound/sound-file.js';
import { detectStrikes } from '../sound/strike-detection.js';
import type { Strike } from '../types.js';

interface BuildOptions {
  readonly output: string;
  readonly notes: NoteSet;
  readonly levels: number;
  readonly threshold: number;
  readonly title?: string;
  readonly credit: string;
  readonly license: string;
}

function notesArgument(text: string): NoteSet {
  try {
    return notesOf(text.split(',').map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : nameToMidi(part))));
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function levelsArgument(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number from 1.');
  return value;
}

function thresholdArgument(text: string): number {
  const value = Number(text);
  if (!(value < 0)) throw new InvalidArgumentError('Expected decibels below 0.');
  return 10 ** (value / 20);
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const decibels = (gain: number): string => (20 * Math.log10(gain)).toFixed(1);

/** A line per bar: how many strikes, how loud, how long. */
function* barLines(
  exemplars: readonly Exemplar[],
  sampleRate: number,
  heard: readonly Strike[] = [],
): Generator<string> {
  const bars = new Set([...exemplars, ...heard].map(({ midi }) => midi));
  for (const midi of [...bars].sort((a, b) => a - b)) {
    const own = exemplars.filter((exemplar) => exemplar.midi === midi);
    const levels = own.map(({ gain }) => decibels(gain)).join(' ');
    const seconds = own.map(({ samples }) => samples.length / sampleRate);
    const count = heard.filter((strike) => strike.midi === midi).length;
    const from = heard.length > 0 ? ` of ${String(count).padStart(3)} heard` : '';
    const what = own.length > 0 ? `peaks ${levels} dB, up to ${Math.max(...seconds).toFixed(2)} s` : 'none stood alone';
    yield `  ${midiToName(midi).padEnd(4)}${String(own.length).padStart(3)}${from}   ${what}`;
  }
}

async function exemplarsOf(
  path: string,
  { notes, threshold }: BuildOptions,
): Promise<{ sampleRate: number; heard: Strike[]; cut: Exemplar[] }> {
  const sound = await readSound(path);
  const { sampleRate, channels } = sound;
  const heard = await detectStrikes(sound, { notes, threshold });
  const mono = channels[0].map((_, i) => channels.reduce((sum, channel) => sum + channel[i], 0) / channels.length);
  return { sampleRate, heard, cut: cutExemplars(mono, sampleRate, heard) };
}

const build = new Command('build')
  .description('Pick the strikes out of recordings, cut the clean ones, and keep some of each bar, soft to loud.')
  .argument('<recordings...>', 'sound files, or videos with sound; all recorded at the same level')
  .requiredOption('-o, --output <bank>', 'the bank to write')
  .option(
    '--notes <notes>',
    'the bars there are: F#4,G#4,... or MIDI numbers (default: the eighteen of 2017)',
    notesArgument,
  )
  .option('--levels <n>', 'exemplars kept of each bar', levelsArgument, 6)
  .option('--threshold <db>', 'quietest strike that counts, against the loudest', thresholdArgument, 0.02)
  .option('--title <text>', 'what was recorded (default: the names of the files)')
  .option('--credit <text>', 'whose recordings they are', '')
  .option('--license <text>', 'terms under which they may be used', '')
  .action(async (recordings: string[], given: Omit<BuildOptions, 'notes'> & { notes?: NoteSet }) => {
    const options = { ...given, notes: given.notes ?? GT18 };
    const heard: Strike[] = [];
    const cut: Exemplar[] = [];
    let sampleRate: number | undefined;
    let failed = 0;
    for (const path of recordings) {
      try {
        const found = await exemplarsOf(path, options);
        if (sampleRate !== undefined && sampleRate !== found.sampleRate) {
          throw new SoundError(
            `${path} has ${found.sampleRate} samples per second, the recordings before it ${sampleRate}; a bank has one rate.`,
          );
        }
        sampleRate = found.sampleRate;
        heard.push(...found.heard);
        cut.push(...found.cut);
        say(`${path}: ${found.heard.length} strikes heard, ${found.cut.length} of them clean.`);
      } catch (error) {
        failed++;
        say(`${path}: skipped. ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    if (sampleRate === undefined || cut.length === 0) {
      throw new SoundError('No clean strike was found: a bar needs to be struck alone, and left to ring for 0.4 s.');
    }
    const exemplars = spreadLevels(cut, options.levels);
    const title = options.title ?? recordings.map((path) => basename(path)).join(', ');
    const bank: ExemplarBank = { sampleRate, title, credit: options.credit, license: options.license, exemplars };
    await writeExemplars(options.output, bank);
    for (const line of barLines(exemplars, sampleRate, heard)) say(line);
    const silent = options.notes.filter(({ midi }) => !heard.some((strike) => strike.midi === midi));
    if (silent.length > 0) say(`  not heard: ${silent.map(({ name }) => name).join(' ')}`);
    say(`${options.output}: ${exemplars.length} exemplars.`);
    if (failed > 0) throw new SoundError(`${failed} of ${recordings.length} recordings were skipped.`);
  });

const info = new Command('info')
  .description('Tell what is in a bank.')
  .argument('[bank]', 'default: the one that comes with the package')
  .option('--json', 'as JSON')
  .action(async (path: string | undefined, { json }: { json?: boolean }) => {
    const { exemplars, ...bank } = await readExemplars(path);
    if (json) {
      const list = exemplars.map(({ samples, ...rest }) => ({ ...rest, seconds: samples.length / bank.sampleRate }));
      process.stdout.write(`${JSON.stringify({ ...bank, exemplars: list }, null, 2)}\n`);
      return;
    }
    const lines = [
      bank.title,
      ...[bank.credit, bank.license.split('\n')[0]].filter((text) => text !== ''),
      `${exemplars.length} exemplars, ${bank.sampleRate} samples per second`,
      ...barLines(exemplars, bank.sampleRate),
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  });

/** The command. */
export const exemplars = new Command('exemplars')
  .description('Recorded strikes for the exemplar voice.')
  .addCommand(build)
  .addCommand(info);
