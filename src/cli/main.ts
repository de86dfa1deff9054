// Wires the commands; each lives in its own file. Data goes to stdout or files, everything else to stderr.
// Exit codes: 0 done, 1 something failed, 2 bad usage.
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { bench } from './bench.js';
import { calibrate } from './calibrate.js';
import { dataset } from './dataset.js';
import { evaluate } from './evaluate.js';
import { exportModels } from './export.js';
import { exemplars } from './exemplars.js';
import { features } from './features.js';
import { info } from './info.js';
import { kiosk } from './kiosk.js';
import { plot } from './plot.js';
import { render } from './render.js';
import { search, searchTrial } from './search.js';
import { sonifyHelper } from './sonify-helper.js';
import { sonify } from './sonify.js';
import { synth } from './synth.js';
import { train } from './train.js';
import { trainFinder } from './train-finder.js';

const { version } = createRequire(import.meta.url)('deep-marimba/package.json') as { version: string };

const commands: readonly Command[] = [
  sonify,
  calibrate,
  features,
  plot,
  synth,
  exemplars,
  render,
  dataset,
  train,
  trainFinder,
  search,
  evaluate,
  exportModels,
  bench,
  info,
  kiosk,
];

const program = new Command('deep-marimba')
  .description('Hears silent video of somebody playing a marimba, real or cut from cardboard.')
  .version(version)
  .showHelpAfterError('Run with --help to see how it is used.')
  .showSuggestionAfterError()
  .exitOverride();

function adopt(parent: Command, command: Command): void {
  command.copyInheritedSettings(parent);
  for (const inner of command.commands) adopt(command, inner);
}
for (const command of commands) {
  adopt(program, command);
  program.addCommand(command);
}

// For the command itself, not for people.
program.addCommand(sonifyHelper, { hidden: true });
program.addCommand(searchTrial, { hidden: true });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    // One sentence for the user; the stack only for whoever asks.
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    process.stderr.write(`deep-marimba: ${process.env.DEBUG ? (stack ?? message) : message}\n`);
    process.exitCode = 1;
  }
}
