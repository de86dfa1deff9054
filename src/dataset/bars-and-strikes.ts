// What a clip has to tell besides pictures and amplitudes, to learn strikes from it: where its bars are, and what is played on them.
import { basename, extname } from 'node:path';
import { isMarimbaError, VideoError } from '../errors.js';
import { noteSet } from '../notes.js';
import { readStrikes } from '../sound/data-file.js';
import { openSound } from '../sound/sound-file.js';
import { detectStrikes } from '../sound/strike-detection.js';
import type { Calibration, DecoderChoice, Point, Quad, Strike } from '../types.js';
import { parseCalibration } from '../video/calibration.js';
import { checkShape, savedBeside } from '../video/calibration-file.js';
import { readVideo } from '../video/video-file.js';
import { type ClipSettings, sidesOf } from './dataset-clip.js';
import type { Recording } from './recordings.js';

/** How pictures and sound of a clip lie to each other. */
export interface ClipPlace {
  readonly decoder: DecoderChoice;
  /** Columns and rows of the pictures. */
  readonly size: ClipSettings['size'];
  /** Seconds by which the sound begins before the pictures. */
  readonly delay: number;
  /** Length of the pictures, seconds. */
  readonly seconds: number;
}

async function readCalibration(video: string, decoder: DecoderChoice): Promise<Calibration> {
  try {
    const saved = await savedBeside(video);
    if (saved === undefined) {
      throw new RangeError(
        `${video} has no calibration; expected ${basename(video, extname(video))}.calibration.json or calibration.json beside it: ` +
          `deep-marimba calibrate ${basename(video)}`,
      );
    }
    const calibration = about(saved.path, () => parseCalibration(saved.text));
    checkShape(await readVideo(video, { decoder }), calibration, video, saved.path);
    return calibration;
  } catch (cause) {
    if (isMarimbaError(cause)) throw cause;
    throw new VideoError((cause as Error).message, { cause, facts: { file: video } });
  }
}

function about<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new RangeError(`${path}: ${(cause as Error).message}`, { cause });
  }
}

/** A calibration for another size of the same picture. */
function scaled(calibration: Calibration, [columns, rows]: readonly [number, number]): Calibration {
  const [x, y] = [columns / calibration.width, rows / calibration.height];
  return {
    ...calibration,
    width: columns,
    height: rows,
    bars: calibration.bars.map((bar) => ({
      ...bar,
      quad: bar.quad.map(([u, v]): Point => [u * x, v * y]) as unknown as Quad,
    })),
  };
}

/**
 * The bars of a clip in the dataset's pictures, and its strikes in seconds after its first picture: those that are written beside its
 * sound, else those that are heard in it.
 * @throws {VideoError} when it has no calibration, or one of another picture.
 * @throws {SoundError} when sound or written strikes cannot be read.
 */
export async function barsAndStrikes(
  { truth, strikes: written }: Recording,
  video: string,
  { decoder, size, delay, seconds }: ClipPlace,
): Promise<{ readonly calibration: Calibration; readonly strikes: readonly Strike[] }> {
  const calibration = await readCalibration(video, decoder);
  const midi = [...new Set(calibration.bars.map((bar) => bar.midi))].sort((a, b) => a - b);
  const all =
    written === undefined
      ? await detectStrikes(await openSound(truth.path), { notes: noteSet(midi) })
      : await readStrikes(written);
  // A sound that is cut off while bars ring has a click at its end, which is heard as strikes.
  const end = written === undefined ? seconds - 0.15 : seconds;
  const strikes = all
    .map((strike) => ({ ...strike, time: strike.time - delay }))
    .filter((strike) => strike.time >= 0 && strike.time < end && midi.includes(strike.midi));
  return { calibration: scaled(calibration, sidesOf(size)), strikes };
}
