// PyTorch as a child process that trains on request and times itself.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Runner } from './harness.js';
import { packageRoot } from './machine.js';

/**
 * Starts PyTorch on a network of bench/training/cases.json.
 * @throws {Error} with the reason when there is no Python with PyTorch.
 */
export async function openTorch(network: string, onVersion: (version: string) => void): Promise<Runner> {
  const script = join(packageRoot, 'bench', 'training', 'train.py');
  if (!existsSync(script)) throw new Error('no train.py here; it comes with the repository');
  // Debian's package belongs to the system's Python, which need not be the first on the path.
  const python = process.env.PYTHON ?? (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3');
  const child = spawn(python, [script, network], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1' },
  });
  const failed = new Promise<never>((_, reject) => {
    const absent = (): void => {
      reject(new Error(`no PyTorch for ${python} (Debian: apt-get install python3-torch; or set PYTHON)`));
    };
    child.on('error', absent);
    child.on('close', absent);
  });
  failed.catch(() => undefined);
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => {
    const line = await Promise.race([lines.next(), failed]);
    return line.done ? failed : line.value;
  };
  onVersion(await answer());
  return {
    async batch(calls) {
      child.stdin.write(`steps ${calls}\n`);
      return Number(await answer());
    },
    async answer() {
      child.stdin.write('losses\n');
      return JSON.parse(await answer()) as number[];
    },
    close() {
      child.stdin.end();
    },
  };
}
