// The oracle beside the models that are evaluated: its weights, and its scores on the same clips.
import { access } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { writeAtomic } from '../atomic-file.js';
import type { Runtime } from '../model/onnx-runtime.js';
import { readWeights } from '../training/checkpoint.js';
import { scoreFamily, testFamilies, tuneThreshold, type Tuned } from '../training/evaluate.js';
import { anatomy, type Weights } from '../training/network.js';
import { oracleAnswers, oracleArchitecture, oracleHead } from '../training/oracle.js';
import { openOracle, trainOracle } from '../training/oracle-training.js';
import { encodeSafeTensors } from '../training/safetensors.js';
import type { OracleScores } from '../training/score-table.js';

/**
 * The oracle's weights.
 * @param path of a safetensors file that is made, by a training of some minutes, when it is not there; default: the one
 *   that ships.
 * @throws {ModelError} when the file is damaged.
 */
export async function oracleWeights(path: string | undefined, runtime: Runtime): Promise<Weights> {
  const file =
    path ??
    join(dirname(createRequire(import.meta.url).resolve('deep-marimba/package.json')), 'models', 'oracle.safetensors');
  const found = await access(file).then(
    () => true,
    () => false,
  );
  if (found) return readWeights(file);
  const steps = 12000;
  const weights = await trainOracle({
    runtime,
    steps,
    onStep: (step, loss) => {
      if (step % 500 === 0) process.stderr.write(`oracle: step ${step}/${steps} loss ${loss.toFixed(3)}\n`);
    },
  });
  await writeAtomic(file, oracleFile(weights));
  return weights;
}

/** Weights of the oracle as a safetensors file. */
export function oracleFile(weights: Weights): Uint8Array {
  const { parameters } = anatomy(oracleArchitecture());
  const tensors = new Map(parameters.map(({ name, shape }) => [name, { data: weights.get(name)!, shape }]));
  return encodeSafeTensors({ tensors, metadata: { architecture: 'oracle' } });
}

/** Scores of the oracle: its threshold from validation clips, then every family on the clips that models see. */
export async function judgeOracle(
  weights: Weights,
  runtime: Runtime,
  options: { clips: number; seconds: number; tuningSeed: number; testSeed: number; names: readonly string[] },
): Promise<{ heads: readonly Tuned[]; families: Readonly<Record<string, OracleScores>> }> {
  const { clips, seconds, tuningSeed, testSeed, names } = options;
  const { hear, release } = openOracle(weights, runtime);
  const common = { clips, seconds };
  const validation = await oracleAnswers(hear, { family: 'validation', first: tuningSeed, ...common });
  const tuned = tuneThreshold(validation, oracleHead);
  const families: Record<string, OracleScores> = { V: briefly(scoreFamily(validation, [tuned])) };
  for (const name of names) {
    const answers = await oracleAnswers(hear, { family: testFamilies[name], first: testSeed, ...common });
    families[name] = briefly(scoreFamily(answers, [tuned]));
  }
  await release();
  return { heads: [tuned], families };
}

function briefly(scores: OracleScores): OracleScores {
  const { strikes, f1, f1Interval, falsePerMinute, atRecall, onsetError, velocityR } = scores;
  return { strikes, f1, f1Interval, falsePerMinute, atRecall, onsetError, velocityR };
}
