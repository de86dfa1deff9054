// `deep-marimba info`: what models can run on here, and how fast.
import { cpus } from 'node:os';
import { Command } from 'commander';
import { shippedModels } from '../model/model-source.js';
import { deviceTable, measureModels } from './measure-models.js';

/** The command. */
export const info = new Command('info')
  .description('Show which devices of this machine run the models, why others do not, and how fast.')
  .option('--json', 'as JSON')
  .action(async ({ json }: { readonly json?: true }) => {
    const machine = {
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      processor: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
    };
    const devices = await measureModels(await shippedModels(), 100, (line) => {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
    });
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    if (json) {
      process.stdout.write(`${JSON.stringify({ ...machine, devices }, null, 2)}\n`);
      return;
    }
    const { node, platform, processor, cores } = machine;
    process.stdout.write(`Node ${node}, ${platform}, ${processor}, ${cores} cores\n\n${deviceTable(devices)}\n`);
  });
