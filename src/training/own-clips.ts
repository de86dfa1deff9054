// Recordings of one's own, from a dataset file: their pictures, bars and strikes, as training and evaluation take clips.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { VideoError } from '../errors.js';
import { openDataset, type OpenDataset } from '../dataset/dataset-file.js';
import { testRecordings } from '../dataset/recordings.js';
import type { Kernels } from '../kernels/module.js';
import type { Calibration, Strike } from '../types.js';
import { parseCalibration } from '../video/calibration.js';
import { Random } from './random.js';
import { type SequenceOptions, type Sequences, sequencesOf, type WatchedClip } from './scene-sequences.js';

/** What a recording is for: learning, choosing thresholds and steps, or judging. */
export type OwnUse = 'train' | 'validation' | 'test';

/** A dataset that a training learns from. */
export interface OwnData {
  readonly file: string;
  /** Of its bytes, so that a training that goes on knows whether it is the same. */
  readonly sha256: string;
}

/** A clip of a dataset. */
export interface OwnClip {
  readonly name: string;
  /** All its angles have the same use. */
  readonly recording: string;
  readonly use: OwnUse;
  /** Of its pictures. */
  readonly frames: number;
  /** Seconds from picture to picture. */
  readonly interval: number;
  readonly calibration: Calibration;
  readonly strikes: readonly Strike[];
  /** Pictures `from` to `to`, exclusive, as a clip that begins with the first of them. */
  readonly piece: (from?: number, to?: number) => WatchedClip;
}

/** Share of the recordings to learn from that is held out to choose thresholds with, where there are two or more. */
const heldOut = 0.25;
/** Pictures read at a time. */
const batch = 50;

/** Names a dataset by its bytes. @throws {VideoError} when it cannot be read. */
export async function ownData(file: string): Promise<OwnData> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (cause) {
    throw new VideoError(`${file} is not there, or cannot be read; give a dataset (.h5), or a folder of recordings.`, {
      cause,
      facts: { file },
    });
  }
  return { file, sha256: hash.digest('hex') };
}

/** Clips of one's own. */
export interface OwnClips {
  readonly clips: readonly OwnClip[];
  /** Frees the files; clips are of no use afterwards. */
  readonly close: () => void;
}

/**
 * Opens datasets to learn from or to judge with. Recordings are split as the datasets say, and those to learn from once more, for
 * validation; never within a recording.
 * @throws {VideoError} that names file and fix when one has no bars, no strikes, or arrays that do not fit together.
 */
export async function openOwnClips(files: readonly string[]): Promise<OwnClips> {
  const opened: OpenDataset[] = [];
  const close = (): void => {
    for (const dataset of opened) dataset.close();
  };
  try {
    const clips: OwnClip[] = [];
    for (const file of files) {
      const dataset = await openDataset(file);
      opened.push(dataset);
      clips.push(...clipsOf(file, dataset));
    }
    return { clips, close };
  } catch (error) {
    close();
    throw error;
  }
}

function clipsOf(file: string, dataset: OpenDataset): OwnClip[] {
  const { info, strikes } = dataset;
  const { shapes, clips, fps } = info;
  const wrong = (what: string): VideoError =>
    new VideoError(`${file} ${what}; build it anew with: deep-marimba dataset build FOLDER --bars -o ${file}`, {
      facts: { file },
    });
  if (fps === undefined || clips.length === 0) throw wrong('does not tell its clips and their rate');
  if (strikes === undefined || clips.some(({ calibration }) => calibration === undefined)) {
    throw wrong('has pictures without bars and strikes');
  }
  const uses = usesOf(clips);
  const ends = { train: 0, test: 0 };
  const list = clips.map((clip, c): OwnClip => {
    const { name, recording, split, frames } = clip;
    const dataX = `dataX_${split}`;
    const shape = shapes[dataX] as readonly number[] | undefined;
    if (shape?.length !== 3) throw wrong(`has no ${dataX} of [rows x height x width]`);
    const [, height, width] = shape;
    let calibration: Calibration;
    try {
      calibration = parseCalibration(clip.calibration!);
    } catch (cause) {
      throw wrong(`has bars of ${name} that cannot be (${(cause as Error).message})`);
    }
    if (calibration.width !== width || calibration.height !== height) {
      throw wrong(
        `has pictures of ${width} x ${height} and bars of ${name} for ${calibration.width} x ${calibration.height}`,
      );
    }
    const first = ends[split];
    ends[split] += frames;
    const interval = fps.den / fps.num;
    return {
      ...{ name, recording, use: uses.get(recording)!, frames, interval, calibration, strikes: strikes[c] },
      piece(from = 0, to = frames) {
        const start = from * interval;
        const end = to * interval;
        const played = strikes[c].filter(({ time }) => time >= start && time < end);
        return {
          truth: {
            ...{ width, height, calibration },
            times: Array.from({ length: to - from }, (_, k) => k * interval),
            strikes: played.map((strike) => ({ ...strike, time: strike.time - start })),
          },
          frames: () => pictures(dataset, dataX, first + from, first + to),
        };
      },
    };
  });
  for (const [split, rows] of Object.entries(ends)) {
    const [there = 0] = (shapes[`dataX_${split}`] as readonly number[] | undefined) ?? [];
    if (rows !== there) throw wrong(`has ${there} pictures in dataX_${split}, its clips say ${rows}`);
  }
  return list;
}

/** What each recording is for. */
function usesOf(clips: OpenDataset['info']['clips']): Map<string, OwnUse> {
  const known = new Map<string, OwnUse>(clips.map(({ recording, split }) => [recording, split]));
  const learning = [...known].filter(([, use]) => use === 'train').map(([recording]) => recording);
  if (learning.length > 1) {
    for (const recording of testRecordings(learning, heldOut)) known.set(recording, 'validation');
  }
  return known;
}

function* pictures(dataset: OpenDataset, name: string, from: number, to: number) {
  for (let first = from; first < to; first += batch) {
    const last = Math.min(to, first + batch);
    const data = dataset.read(name, first, last) as Uint8Array;
    const size = data.length / (last - first);
    for (let k = 0; k < last - first; k++) {
      yield { index: first - from + k, pixels: data.subarray(k * size, (k + 1) * size) };
    }
  }
}

/**
 * The sequences of a piece of some clip, longer clips more often: the same for a seed and a number.
 * @param clips those to learn from.
 * @throws {RangeError} when none is as long as a sequence.
 */
export function ownSequences(
  kernels: Kernels,
  clips: readonly OwnClip[],
  options: Omit<SequenceOptions, 'family' | 'widths'>,
  number: number,
): Sequences {
  const long = clips.filter(({ frames }) => frames >= options.frames);
  if (long.length === 0) {
    throw new RangeError(`expected recordings of at least ${options.frames} frames, got none`);
  }
  const random = new Random(options.seed, `own ${number}`);
  let left = random.uniform() * long.reduce((sum, { frames }) => sum + frames, 0);
  const clip = long.find(({ frames }) => (left -= frames) < 0) ?? long[long.length - 1];
  const length = Math.min(clip.frames, Math.max(options.frames, Math.round(options.seconds / clip.interval)));
  const start = Math.floor(random.uniform() * (clip.frames - length + 1));
  return sequencesOf(kernels, clip.piece(start, start + length), options, random);
}
