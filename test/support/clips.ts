// Small video files, made by real encoders: the machine's own ffmpeg. Node only.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findFfmpeg } from '../../src/media-decoder.js';

/** Path of ffmpeg; undefined where there is none. */
export const ffmpeg = await findFfmpeg();

/** Runs ffmpeg to its end; returns what it wrote on its standard output. */
export function runFfmpeg(...args: string[]): Buffer {
  return execFileSync(ffmpeg!, ['-v', 'error', '-nostdin', '-y', ...args], { maxBuffer: 1 << 28, stdio: 'pipe' });
}

/** Asks ffprobe, in lines. */
export function probe(...args: string[]): string[] {
  return execFileSync(join(dirname(ffmpeg!), 'ffprobe'), ['-v', 'error', ...args], { encoding: 'utf8', stdio: 'pipe' })
    .trim()
    .split('\n');
}

/** A folder for clips, and its removal. */
export function clipFolder(): { at: (name: string) => string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'clips-'));
  return {
    at: (name) => join(folder, name),
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}

/** ffmpeg's arguments for a moving picture with a frame counter in it. */
export const moving = (seconds = 1, size = '96x64', rate = '25'): string[] => [
  ...['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${rate}:d=${seconds}`],
];
