// `deep-marimba train-finder`: the network that paints bars, from simulated pictures.
import { Command } from 'commander';
import { writeAtomic } from '../atomic-file.js';
import { finderFile } from '../training/bar-finder.js';
import { readWeights } from '../training/checkpoint.js';
import { trainBarFinder } from '../training/finder-training.js';
import { wholeFrom } from './numbers.js';
import { nodeRuntime } from './onnxruntime.js';

interface TrainFinderOptions {
  readonly output: string;
  readonly scenes: number;
  readonly steps: number;
  readonly seed: number;
  readonly from?: string;
}

/** The command. */
export const trainFinder = new Command('train-finder')
  .description('Train the network that looks for bars in a picture, from simulated pictures; `npm run build` packs it.')
  .requiredOption('-o, --output <file>', 'weights, safetensors; models/bar-finder.safetensors is the one that ships')
  .option('--scenes <n>', 'simulated scenes, half a second each', wholeFrom(1), 3000)
  .option('--steps <n>', 'steps of four pictures each, a third of a second each', wholeFrom(1), 4000)
  .option('--seed <n>', 'another seed gives other scenes and weights', wholeFrom(0), 1)
  .option('--from <file>', 'weights to start from')
  .action(async ({ output, scenes, steps, seed, from }: TrainFinderOptions) => {
    const weights = from === undefined ? undefined : await readWeights(from);
    let mean = NaN;
    const trained = await trainBarFinder({
      ...{ runtime: await nodeRuntime(), scenes, steps, seed },
      ...(weights ? { weights } : {}),
      onProgress: ({ pictures, step, loss }) => {
        if (step === 0 && pictures % 100 === 0) process.stderr.write(`${pictures} pictures\n`);
        if (step > 0) mean = Number.isNaN(mean) ? loss : 0.98 * mean + 0.02 * loss;
        if (step > 0 && step % 100 === 0) process.stderr.write(`step ${step}/${steps} loss ${mean.toFixed(4)}\n`);
      },
    });
    await writeAtomic(output, finderFile(trained));
  });
