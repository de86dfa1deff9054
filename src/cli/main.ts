// Wires the commands; each lives in its own file.
import { createRequire } from 'node:module';
import { Command } from 'commander';

const { version } = createRequire(import.meta.url)('deep-marimba/package.json') as { version: string };

const program = new Command('deep-marimba')
  .description('Hears silent video of somebody playing a marimba, real or cut from cardboard.')
  .version(version)
  .showHelpAfterError('Run with --help to see how it is used.')
  .showSuggestionAfterError();

await program.parseAsync();
