// `deep-marimba bench pipeline`: how fast a silent video becomes sound, stage by stage and as a whole, and in how much memory.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModel, parseCalibration, readVideo, sonifyFile, synthesize, type Strike } from '../src/node.js';
import { describeMachine, packageRoot, type Machine } from './machine.js';
import { markdownTable, significant } from './report.js';
import { median, summarize, type Summary } from './statistics.js';

/** What to measure. */
export interface PipelineOptions {
  /** Video with its calibration beside it; default: the package's sample at 1280x720, a minute long. */
  readonly video?: string;
  /** Interleaved rounds. */
  readonly rounds?: number;
  /** Minutes of a long clip, over which memory is watched; 0 for none. */
  readonly minutes?: number;
  /** Model. */
  readonly model?: string;
  readonly log?: (line: string) => void;
}

/** Memory over a long clip, MiB. */
export interface Memory {
  readonly minutes: number;
  readonly peak: number;
  /** Medians of the second and the last quarter: equal when it does not grow. */
  readonly early: number;
  readonly late: number;
}

/** A run of `bench pipeline`. Times are seconds for the whole clip. */
export interface PipelineReport {
  readonly format: 'deep-marimba/bench-pipeline@1';
  readonly date: string;
  readonly machine: Machine;
  readonly clip: { readonly what: string; readonly seconds: number; readonly frames: number };
  readonly model: string;
  /** Wall-clock seconds. */
  readonly wall: Readonly<Record<string, Summary>>;
  /** Seconds of all processors together. */
  readonly processor: Readonly<Record<string, Summary>>;
  /** The command on ten seconds of the clip, from its start to its end. */
  readonly command: Summary;
  readonly memory?: Memory;
}

/** The clip that is measured, and the same again and again. */
function prepare(folder: string, ffmpeg: string | undefined, log: (line: string) => void): { video: string; what: string } {
  const sample = join(packageRoot, 'samples/clip.mp4');
  if (!existsSync(sample)) throw new Error('There is no samples/clip.mp4 here; name a video with --video.');
  if (ffmpeg === undefined) {
    log('no ffmpeg: the sample is measured as it is, 640x360 and ten seconds long');
    return { video: sample, what: 'sample, 640x360 H.264' };
  }
  const video = join(folder, 'clip.mp4');
  execFileSync(ffmpeg, [
    ...['-v', 'error', '-y', '-stream_loop', '5', '-i', sample, '-vf', 'scale=1280:720,noise=alls=5:allf=t'],
    ...['-c:v', 'libx264', '-preset', 'medium', '-crf', '23', '-pix_fmt', 'yuv420p', video],
  ]);
  return { video, what: 'sample enlarged with noise, 1280x720 H.264' };
} // prettier-ignore

function ffmpegOf(): string | undefined {
  const command = process.env.FFMPEG_PATH ?? 'ffmpeg';
  return spawnSync(command, ['-version']).status === 0 ? command : undefined;
}

const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

/** Measures. @throws when there is no video, or the model does not run. */
export async function measure(options: PipelineOptions = {}): Promise<PipelineReport> {
  const { rounds = 5, minutes = 0, model: modelName = 'bar-lstm', log = () => undefined } = options;
  const folder = mkdtempSync(join(tmpdir(), 'bench-pipeline-'));
  try {
    const ffmpeg = ffmpegOf();
    const { video: file, what } =
      options.video === undefined ? prepare(folder, ffmpeg, log) : { video: options.video, what: options.video };
    const beside = [file.replace(/\.\w+$/, '.calibration.json'), join(packageRoot, 'samples/clip.calibration.json')];
    const calibration = parseCalibration(
      readFileSync(
        beside.find((path) => existsSync(path))!,
        'utf8',
      ),
    );
    const video = await readVideo(file);
    const model = await loadModel(modelName);
    const { width, height, range } = video;
    const output = (name: string): string => join(folder, name);
    const outputs = { sound: output('a.wav'), events: output('a.events.json') };

    let [frames, seconds] = [0, 0];
    let strikes: readonly Strike[] = [];
    const stages: Readonly<Record<string, () => Promise<void>>> = {
      whole: async () => {
        ({ frames, strikes, duration: seconds } = await sonifyFile(file, outputs, model, calibration));
      },
      decode: async () => {
        for await (const { luma } of video.frames()) if (luma.length === 0) return;
      },
      'rectify and model': async () => {
        const predictor = model.createPredictor(calibration, { frame: { width, height, range, format: 'gray8' } });
        const luma = new Uint8Array(width * height).fill(90);
        for (let k = 0; k < frames; k++) await predictor.push({ time: (k * seconds) / frames, luma });
      },
      sound: async () => {
        await synthesize(strikes, { duration: seconds });
      },
    };
    // Once without being timed: it also tells frames, strikes and length.
    await stages.whole();
    const wall: Record<string, number[]> = {};
    const processor: Record<string, number[]> = {};
    for (let round = 0; round < rounds; round++) {
      log(`round ${round + 1} of ${rounds}`);
      const order = Object.keys(stages);
      for (const name of round % 2 === 0 ? order : order.reverse()) {
        const [started, used] = [performance.now(), process.cpuUsage()];
        await stages[name]();
        const { user, system } = process.cpuUsage(used);
        (wall[name] ??= []).push((performance.now() - started) / 1000);
        (processor[name] ??= []).push((user + system) / 1e6);
      }
    }

    const short = output('short.mp4');
    if (ffmpeg !== undefined) execFileSync(ffmpeg, ['-v', 'error', '-y', '-i', file, '-t', '10', '-c', 'copy', short]);
    const command: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const started = performance.now();
      const args = ['sonify', ffmpeg === undefined ? file : short, '-o', output('short.wav'), '--model', modelName];
      execFileSync(
        process.execPath,
        [join(packageRoot, 'dist/cli.js'), ...args, '--calibration', beside.find((path) => existsSync(path))!],
        { stdio: 'ignore' },
      );
      command.push((performance.now() - started) / 1000);
    }

    let memory: Memory | undefined;
    if (minutes > 0 && ffmpeg !== undefined) {
      log(`${minutes} minutes`);
      const long = output('long.mp4');
      const times = Math.ceil((minutes * 60) / seconds) - 1;
      execFileSync(ffmpeg, ['-v', 'error', '-y', '-stream_loop', String(times), '-i', file, '-c', 'copy', long]);
      const held: number[] = [];
      const watch = setInterval(() => held.push(mebibytes(process.memoryUsage.rss())), 200);
      await sonifyFile(long, outputs, model, calibration);
      clearInterval(watch);
      const quarter = held.length >> 2;
      memory = {
        minutes,
        peak: Math.max(...held),
        early: median(held.slice(quarter, 2 * quarter)),
        late: median(held.slice(3 * quarter)),
      };
    }
    await model.dispose();
    const all = (lists: Record<string, number[]>): Record<string, Summary> =>
      Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, summarize(list)]));
    return {
      format: 'deep-marimba/bench-pipeline@1',
      date: new Date().toISOString(),
      machine: describeMachine(),
      clip: { what, seconds, frames },
      model: `${modelName} on ${model.device}, ${video.decoder}`,
      wall: all(wall),
      processor: all(processor),
      command: summarize(command),
      ...(memory ? { memory } : {}),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The report as text. */
export function render({ clip, machine, model, wall, processor, command, memory }: PipelineReport): string {
  const rows = Object.keys(wall).map((name) => [
    name,
    `${significant(wall[name].median)} s`,
    `${significant(clip.seconds / wall[name].median)} x`,
    `${significant(processor[name].median)} s`,
  ]);
  const slowest = Math.max(...Object.keys(wall).filter((name) => name !== 'whole').map((name) => wall[name].median));
  const speed = clip.seconds / wall.whole.median;
  return [
    `${clip.what}, ${clip.seconds.toFixed(1)} s, ${clip.frames} frames; ${model}; ${machine.cpu}, ${machine.cores} cores`,
    '',
    markdownTable(['stage', 'wall, median', 'real time', 'processors'], rows),
    '',
    `asked 15 x real time: ${significant(speed)} x; at most 1.3 x the slowest stage: ${significant(wall.whole.median / slowest)} x; ten seconds of it in 3 s with start-up: ${significant(command.median)} s`,
    ...(memory
      ? [`${memory.minutes} minutes in 500 MiB, flat: peak ${memory.peak} MiB, ${memory.early} MiB early, ${memory.late} MiB late`]
      : []),
  ].join('\n');
} // prettier-ignore
