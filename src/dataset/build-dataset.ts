// Builds a dataset: a file per finished clip first, which survive whatever happens, then all of them in one.
import { createHash, randomBytes } from 'node:crypto';
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describeFileProblem } from '../file-problem.js';
import { isMarimbaError, SoundError } from '../errors.js';
import { frameRate, type FrameRate } from '../frame-rate.js';
import { GT18 } from '../notes.js';
import type { DecoderChoice } from '../types.js';
import { readVideo } from '../video/video-file.js';
import { barsAndStrikes } from './bars-and-strikes.js';
import { readTruth, sha256, writeClip, type ClipSettings, type Truth } from './dataset-clip.js';
import { assemble, type ClipEntry, type Part } from './dataset-file.js';
import { testRecordings, type Problem, type Recording } from './recordings.js';

/** How a dataset is built. */
export interface DatasetOptions extends Partial<Omit<ClipSettings, 'fps'>> {
  /** Rate of the dataset; every clip is brought to it. Default: that of the first video, or 25. */
  readonly fps?: FrameRate;
  /** Share of the recordings that is for testing, or their names. Default: 0.2. */
  readonly test?: number | readonly string[];
  /** Seconds by which a recording's sound file begins before its video, by the recording's name. Default: 0. */
  readonly offset?: (recording: string) => number;
  /**
   * Whether it is to learn strikes from: whole pictures of 320 x 180, the bars of the calibration beside each clip, and the strikes that
   * are written beside its sound or heard in it.
   */
  readonly bars?: boolean;
  /** How video is decoded. */
  readonly decoder?: DecoderChoice;
  /** Hears of every clip that is done or was found done. */
  readonly onClip?: (clip: {
    readonly name: string;
    readonly frames: number;
    readonly kept: boolean;
    readonly strikes?: number;
  }) => void;
  /** Hears of every clip that cannot be used. */
  readonly onProblem?: (problem: Problem) => void;
  /** Hears how many frames of a clip are done, of about how many. */
  readonly onFrames?: (name: string, frames: number, of: number) => void;
}

/** What became of it. */
export interface DatasetReport {
  /** Clips in the dataset. */
  readonly clips: readonly ClipEntry[];
  /** Clips that are not in it. */
  readonly problems: readonly Problem[];
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function rateOf(recordings: readonly Recording[], decoder: DecoderChoice): Promise<FrameRate> {
  for (const { video } of recordings.flatMap(({ angles }) => angles)) {
    try {
      const { frameRate: rate } = await readVideo(video, { decoder });
      // "2997/100" is 30000/1001 as well.
      if (rate !== undefined) return frameRate(rate.num / rate.den);
    } catch {
      // It will be reported when its turn comes.
    }
  }
  return { num: 25, den: 1 };
}

/**
 * Builds `output` from recordings. Each clip is written whole to a folder beside it first; a run that was ended, however, is
 * continued by the next one with the same settings and sources. A clip that cannot be used is reported, and the rest is built.
 * @throws {SoundError} when there is nothing to build from, or the output cannot be written.
 */
export async function buildDataset(
  recordings: readonly Recording[],
  output: string,
  options: DatasetOptions = {},
): Promise<DatasetReport> {
  const { mode = 'corrected', bars = false, test = 0.2, offset = () => 0, decoder = 'auto' } = options;
  const { size = bars ? [320, 180] : 100 } = options;
  const seen = recordings.some(({ angles }) => angles.length > 0);
  const settings: ClipSettings = {
    fps: options.fps ?? (await rateOf(recordings, decoder)),
    mode,
    size,
    ...(options.corners === undefined ? {} : { corners: options.corners }),
    ...(options.layout === undefined ? {} : { layout: options.layout }),
  };
  const testing =
    typeof test === 'number'
      ? testRecordings(
          recordings.map(({ name }) => name),
          test,
        )
      : new Set(test);
  const parts = join(dirname(output), `.${basename(output)}.parts`);
  try {
    await mkdir(parts, { recursive: true });
  } catch (error) {
    throw new SoundError(describeFileProblem(output, error, 'write').sentence, { cause: error });
  }

  const clips: Part[] = [];
  const problems: Problem[] = [];
  const report = (problem: Problem): void => {
    problems.push(problem);
    options.onProblem?.(problem);
  };
  for (const recording of recordings) {
    const split = testing.has(recording.name) ? 'test' : 'train';
    const targets = seen ? recording.angles : [{ name: recording.name, video: undefined }];
    if (targets.length === 0) report({ name: recording.name, message: 'has no video, while others have.' });
    let truth: Promise<Truth> | undefined;
    let truthHash: Promise<string> | undefined;
    for (const { name, video } of targets) {
      try {
        const delay = offset(recording.name);
        const hashes = {
          ...(video === undefined ? {} : { video: await sha256(video) }),
          [recording.truth.kind]: await (truthHash ??= sha256(recording.truth.path)),
        };
        const key = createHash('sha256')
          .update(JSON.stringify([settings, delay, hashes]))
          .digest('hex')
          .slice(0, 16);
        const part = join(parts, `${name}-${key}.h5`);
        const entry = {
          name,
          recording: recording.name,
          split,
          offset: delay,
          sources: sourcesOf(recording, video),
          hashes,
        } as const;
        const kept = await exists(`${part}.json`);
        let frames: number;
        if (kept) ({ frames } = JSON.parse(await readFile(`${part}.json`, 'utf8')) as { frames: number });
        else {
          const heard = await (truth ??= readTruth(recording, settings, delay));
          frames = await writeWhole(part, (temporary) =>
            writeClip(temporary, video, heard, settings, decoder, (done) =>
              options.onFrames?.(name, done, heard.frames),
            ),
          );
        }
        const played =
          bars && video !== undefined
            ? await barsAndStrikes(recording, video, { decoder, size, delay, seconds: (frames * settings.fps.den) / settings.fps.num }) // prettier-ignore
            : undefined;
        const strikes = played && { strikes: played.strikes };
        const calibration = played && { calibration: played.calibration };
        clips.push({ entry: { ...entry, frames, ...calibration }, path: part, ...strikes });
        options.onClip?.({ name, frames, kept, ...(played ? { strikes: played.strikes.length } : {}) });
      } catch (error) {
        if (!isMarimbaError(error) || error.tag === 'UnsupportedError') throw error;
        report({ name, message: error.message });
      }
    }
  }
  if (clips.length === 0) {
    throw new SoundError(`${output} was not written: there is no clip that can be used.`, { facts: { problems } });
  }
  const temporary = join(dirname(output), `.${basename(output)}.${randomBytes(4).toString('hex')}.part`);
  try {
    await assemble(temporary, clips, { ...settings, notes: GT18, truth: recordings[0].truth.kind, pictures: seen });
    await rename(temporary, output);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await rm(parts, { recursive: true, force: true });
  return { clips: clips.map(({ entry }) => entry), problems };
}

function sourcesOf({ truth }: Recording, video: string | undefined): Readonly<Record<string, string>> {
  return { ...(video === undefined ? {} : { video: basename(video) }), [truth.kind]: basename(truth.path) };
}

/** A part counts from the moment its note is there, which is written last. */
async function writeWhole(part: string, write: (temporary: string) => Promise<number>): Promise<number> {
  const temporary = `${part}.writing`;
  try {
    const frames = await write(temporary);
    await rename(temporary, part);
    await writeFile(`${part}.json.writing`, JSON.stringify({ frames }));
    await rename(`${part}.json.writing`, `${part}.json`);
    return frames;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
