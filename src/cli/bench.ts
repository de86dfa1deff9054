// `deep-marimba bench`: how fast this machine is. The code that measures is in files of its own, loaded only here.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';

const log = (line: string): void => void process.stderr.write(`${line}\n`);
const list = (text: string): string[] => text.split(',');

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number from 1.');
  return value;
}

/** What a file of bench/ offers; those files are built beside the command and are no part of the library. */
interface Measurement {
  /** Takes the command's options. A RangeError is bad usage. */
  readonly measure: (options: object) => Promise<object>;
  /** The report as text. */
  readonly render: (report: object) => string;
  /** What is wrong with the answers, one by one. */
  readonly faults?: (report: object) => string[];
}

/** A command that measures, prints what came of it, and writes the report where `--json` says. */
function measuring(name: string, description: string): Command {
  const command = new Command(name).description(description).option('--json <file>', 'write the report there');
  return command.action(async () => {
    const { json, ...options } = command.opts<{ json?: string }>();
    const [models] = command.processedArgs as [(readonly string[])?];
    // Before minutes are spent on a report that has nowhere to go.
    if (json !== undefined) mkdirSync(dirname(json), { recursive: true });
    const file = new URL(`./bench-${name}.js`, import.meta.url);
    const { measure, render, faults } = (await import(file.href)) as Measurement;
    let report: object;
    try {
      report = await measure({ ...options, models, log });
    } catch (error) {
      if (error instanceof RangeError) command.error(`error: ${error.message}`);
      throw error;
    }
    process.stdout.write(`${render(report)}\n`);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
    const wrong = faults?.(report) ?? [];
    if (wrong.length > 0) throw new Error(`these answers of ours are wrong: ${wrong.join('; ')}`);
  });
}

/** The command. */
export const bench = new Command('bench')
  .description('Measure speed on this machine.')
  .addCommand(
    measuring('kernels', 'Race the kernels against plain JS, packages and native code; what is absent is said to be.')
      .option('--only <races>', 'comma-separated: gray-rgba, gray-luma, spectrum, ...', list)
      .option('--rounds <n>', 'interleaved rounds', wholeNumber, 15)
      .option('--peers <folder>', 'where the packages to race against are installed'),
  )
  .addCommand(
    measuring('training', 'Race our training step, in both builds of onnxruntime, against PyTorch on one thread.')
      .option('--only <networks>', 'comma-separated: "small CNN-LSTM", "LSTM head", ...', list)
      .option('--rounds <n>', 'interleaved rounds', wholeNumber, 9),
  )
  .addCommand(
    measuring('trainers', 'Whether rendering keeps a trainer busy, and whether two trainers use two cores.')
      .option('--config <file>', 'of another training than that of the default model', (path: string) => JSON.parse(readFileSync(path, 'utf8')) as object, {})
      .option('--steps <n>', 'steps during which a trainer is watched', wholeNumber, 200)
      .option('--rounds <n>', 'rounds of one trainer, then two', wholeNumber, 7)
      .option('--seconds <n>', 'how long each turn of a round takes', wholeNumber, 4),
  )
  .addCommand(
    measuring('inference', 'Time models on every device of this machine, step by step, in Node and in Chromium.')
      .argument('[model...]', 'names, folders or addresses; default: the models that ship')
      .option('--hosts <list>', 'comma-separated: node, chromium (from a clone)', list)
      .option('--steps <n>', 'steps to time on each device', wholeNumber, 1000),
  )
  .addCommand(
    measuring('pipeline', 'How fast a silent video becomes sound, stage by stage and as a whole, and in how much memory.')
      .option('--video <file>', 'clip with NAME.calibration.json beside it (default: the sample of a clone, at 1280x720)')
      .option('--model <name>', 'model that ships, folder or address', 'bar-lstm')
      .option('--rounds <n>', 'interleaved rounds', wholeNumber, 5)
      .option('--minutes <n>', 'also watch memory over a clip this long', wholeNumber),
  )
  .addCommand(
    measuring('gpu', 'Whether a GPU really computes the networks, says what the processor says, and how much faster it is.')
      .option('--only <networks>', 'comma-separated architectures', list)
      .option('--batches <list>', 'comma-separated', (text: string) => list(text).map(wholeNumber))
      .option('--seconds <n>', 'how long each is timed', wholeNumber, 2),
  )
  .addCommand(
    measuring('soak', 'Whether memory stays where it is, over a long stream and many loads, on every runtime of Node and Chromium.')
      .option('--model <name>', 'model that ships, folder or address', 'bar-lstm')
      .option('--hosts <list>', 'comma-separated: node, chromium (from a clone)', list)
      .option('--steps <n>', 'steps of the stream', wholeNumber, 10_000)
      .option('--cycles <n>', 'how often the model is loaded and disposed', wholeNumber, 50)
      .option('--devices <list>', 'comma-separated: cpu, wasm, tfjs, webgpu, cuda', list),
  ); // prettier-ignore
