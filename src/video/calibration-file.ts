// Calibrations as they are kept beside videos. Node only.
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { describeFileProblem } from '../file-problem.js';
import type { Calibration } from '../types.js';
import type { Video } from './video-file.js';

/**
 * Another size of the same picture will do; another shape is of another camera, or of a turned one.
 * @throws {RangeError} that names both files.
 */
export function checkShape(video: Video, calibration: Calibration, file: string, calibrationFile: string): void {
  const stretch = (video.width / video.height) * (calibration.height / calibration.width);
  if (Math.abs(Math.log(stretch)) < 0.02) return;
  throw new RangeError(
    `${calibrationFile} is for pictures of ${calibration.width} x ${calibration.height}, but ${file} shows ${video.width} x ${video.height}; calibrate this video.`,
  );
}

/** Where the calibration of a clip may lie: beside it under its own name, else as that of its folder. */
export function placesBeside(file: string): string[] {
  const stem = basename(file, extname(file));
  return [`${stem}.calibration.json`, 'calibration.json'].map((name) => join(dirname(file), name));
}

/**
 * The calibration saved beside a clip, else the one of its folder.
 * @throws {Error} when there is one that cannot be read.
 */
export async function savedBeside(file: string): Promise<{ path: string; text: string } | undefined> {
  for (const path of placesBeside(file)) {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new Error(describeFileProblem(path, error, 'read').sentence, { cause: error });
    });
    if (text !== undefined) return { path, text };
  }
  return undefined;
}
