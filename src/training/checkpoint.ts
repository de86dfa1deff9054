// Checkpoints on disk: whole or not there at all.
import { open, readFile, rename, rm } from 'node:fs/promises';
import { ModelError } from '../errors.js';
import { describeFileProblem } from '../file-problem.js';
import type { Weights } from './network.js';
import { decodeSafeTensors } from './safetensors.js';
import type { Trainer } from './trainer.js';

/**
 * Writes a checkpoint under a temporary name, flushes it to the disk and renames it, so that neither a kill nor a full
 * disk leaves half a file or harms the one that was there.
 * @throws ModelError when it cannot be written; what has been trained is still in memory.
 */
export async function writeCheckpoint(trainer: Trainer, path: string): Promise<void> {
  const temporary = `${path}.${process.pid}.part`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(trainer.checkpoint());
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const { sentence } = describeFileProblem(path, cause, 'write');
    throw new ModelError(
      `Training stopped at step ${trainer.step}: ${sentence} ` +
        `Last good checkpoint: ${trainer.lastCheckpoint ?? 'none yet'}.`,
      { cause, facts: { path, step: trainer.step, checkpoint: trainer.lastCheckpoint } },
    );
  }
  trainer.lastCheckpoint = path;
}

/**
 * Goes on from a checkpoint on disk.
 * @throws ModelError that names the file when it is missing, damaged, or of another architecture.
 */
export async function readCheckpoint(trainer: Trainer, path: string): Promise<void> {
  try {
    trainer.restore(await readFile(path));
  } catch (cause) {
    throw new ModelError(`${path}: ${(cause as Error).message}`, { cause, facts: { path } });
  }
  trainer.lastCheckpoint = path;
}

/**
 * The weights in a safetensors file: of a checkpoint the moving averages where it has them, of any other file all arrays but recurrent states.
 * @throws {ModelError} that names the file when it is missing or damaged.
 */
export async function readWeights(path: string): Promise<Weights> {
  try {
    const { tensors } = decodeSafeTensors(await readFile(path));
    const floats = [...tensors].flatMap(([name, { data }]) =>
      data instanceof Float32Array ? [[name, data] as const] : [],
    );
    const weights = new Map(floats.filter(([name]) => !/\/|^state\./.test(name)));
    for (const [name, data] of floats) {
      if (name.startsWith('average/')) weights.set(name.slice('average/'.length), data);
    }
    return weights;
  } catch (cause) {
    throw new ModelError(`${path}: no weights can be read from it: ${(cause as Error).message}.`, {
      cause,
      facts: { path },
    });
  }
}
