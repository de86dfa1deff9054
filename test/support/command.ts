// The command, run as its users run it. Node only.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { commandFile } from './build-command.js';

/** How a run of the command ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `deep-marimba` to its end in a folder. */
export function runIn(cwd: string, ...args: string[]): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [commandFile, ...args], { cwd, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Runs `deep-marimba` to its end. */
export const run = (...args: string[]): Ended => runIn(process.cwd(), ...args);

/** Starts `deep-marimba`, for those who want to watch or kill it. */
export const start = (...args: string[]): ChildProcess =>
  spawn(process.execPath, [commandFile, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
