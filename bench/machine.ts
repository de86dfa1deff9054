// What a measurement was made on: without it a number says nothing.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

/** The machine, the engine and the code. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
  readonly node: string;
  readonly v8: string;
  /** Version of this package. */
  readonly version: string;
  /** Commit, with a plus sign when the tree differs from it; absent outside a checkout. */
  readonly git?: string;
}

/** Folder of this package, whether checked out or installed. */
export const packageRoot = dirname(createRequire(import.meta.url).resolve('deep-marimba/package.json'));

function cpuModel(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  // A virtual machine often hides the name; family and model still tell the generation.
  if (!existsSync('/proc/cpuinfo')) return model;
  const info = readFileSync('/proc/cpuinfo', 'utf8');
  const field = (name: string): string | undefined => new RegExp(`^${name}\\s*: (.+)$`, 'm').exec(info)?.[1];
  const [family, number] = [field('cpu family'), field('model')];
  const wide = field('flags')?.includes('avx512f') ? ', AVX-512' : '';
  return family && number ? `${model} (family ${family} model ${number}${wide})` : model;
}

function commit(): string | undefined {
  if (!existsSync(join(packageRoot, '.git'))) return undefined;
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', ['-C', packageRoot, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return git('rev-parse', '--short', 'HEAD').trim() + (git('status', '--porcelain').trim() === '' ? '' : '+');
  } catch {
    return undefined;
  }
}

/** Describes this machine. */
export function describeMachine(): Machine {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  return {
    cpu: cpuModel(),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    version,
    git: commit(),
  };
}
