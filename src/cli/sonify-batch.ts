// Many clips of `deep-marimba sonify`: in what order, in how many processes, and what the user sees of it.
import { stat } from 'node:fs/promises';
import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { sweepUnfinished } from '../atomic-file.js';
import { ClipListener, finishedBefore, type ClipReport, type Settings } from './sonify-clip.js';
import { Helper } from './sonify-helper.js';
import type { Clip } from './sonify-inputs.js';

/** How a batch runs. */
export interface BatchOptions {
  /** Processes. With one, everything happens in the command's own. */
  readonly jobs: number;
  /** Leaves alone what is whole. */
  readonly resume: boolean;
  /** Says of each clip where its time went. */
  readonly verbose: boolean;
  readonly signal: AbortSignal;
}

const clock = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
};

/** What is said of a clip, in parts. */
function wordsOf(report: ClipReport, voice: string): string[] {
  const { file, outputs, status, message = '', bars, strikes, frames, duration, seconds, model, device } = report;
  if (status === 'failed') return [`${file}: failed`, message];
  if (seconds === undefined) return [`${outputs.sound}: there already, left as it is`, ...(message ? [message] : [])];
  const speed = `${frames} frames, ${(frames! / seconds).toFixed(0)} per second`;
  return [
    `${outputs.sound}: ${strikes} strikes in ${duration!.toFixed(2)} s (${speed}; ${model} on ${device}, voice ${voice})`,
    ...(bars === undefined ? [] : [bars]),
    ...(message ? [message] : []),
  ];
}

/** Where a clip's time went. */
function stagesOf({ video, duration, stages, seconds }: ClipReport): string {
  const parts = Object.entries(stages!).map(([stage, spent]) => `${stage} ${spent.toFixed(2)} s`);
  return `  ${video}; ${parts.join(', ')}; ${(duration! / seconds!).toFixed(1)} x real time`;
}

/** What a terminal shows: a bar for each clip under way and one for all; elsewhere lines are all there is. */
class Display {
  readonly #bars: MultiBar | undefined;
  readonly #all: SingleBar | undefined;

  constructor(clips: number) {
    if (!process.stderr.isTTY) return;
    this.#bars = new MultiBar(
      {
        format: '{what} {bar} {percentage}% {left}',
        stream: process.stderr,
        clearOnComplete: true,
        hideCursor: true,
        barsize: 30,
      },
      Presets.shades_classic,
    );
    if (clips > 1) this.#all = this.#bars.create(1, 0, { what: `0 of ${clips} clips`.padEnd(28), left: '' });
  }

  begin(file: string): SingleBar | undefined {
    const what = (file.length > 28 ? `…${file.slice(-27)}` : file).padEnd(28);
    return this.#bars?.create(1, 0, { what, left: '' });
  }

  end(bar: SingleBar | undefined): void {
    if (bar) this.#bars?.remove(bar);
  }

  overall(share: number, done: number, of: number, left: string): void {
    this.#all?.update(share, { what: `${done} of ${of} clips`.padEnd(28), left });
  }

  say(text: string): void {
    if (this.#bars?.isActive) this.#bars.log(`${text}\n`);
    else process.stderr.write(`${text}\n`);
  }

  close(): void {
    this.#bars?.stop();
  }
}

/**
 * Hears all clips; a bad one never stops the others.
 * @returns a report for each, in their order.
 * @throws the signal's reason when it is aborted; what is complete by then stays.
 */
export async function hearAll(
  clips: readonly Clip[],
  settings: Settings,
  { jobs, resume, verbose, signal }: BatchOptions,
): Promise<ClipReport[]> {
  const several = clips.length > 1;
  const display = new Display(clips.length);
  const sizes = await Promise.all(clips.map(({ file }) => stat(file).then((facts) => facts.size, () => 0))); // prettier-ignore
  // A clip's share of the work is its size in bytes; what was whole before is no work.
  const parts = new Float64Array(clips.length);
  const reports: ClipReport[] = [];
  let finished = 0;
  let idle = 0;
  const started = performance.now();
  const shown = (): void => {
    const total = sizes.reduce((sum, size) => sum + size, 0) - idle;
    const share = total > 0 ? parts.reduce((sum, part, i) => sum + part * sizes[i], 0) / total : 1;
    const elapsed = (performance.now() - started) / 1000;
    const left = share > 0.02 && share < 1 ? `${clock((elapsed * (1 - share)) / share)} left` : '';
    display.overall(Math.min(1, share), finished, clips.length, left);
  };
  let next = 0;
  const work = async (hear: (clip: Clip, onFrames: (frames: number, of?: number) => void) => Promise<ClipReport>) => {
    while (next < clips.length) {
      signal.throwIfAborted();
      const index = next++;
      const clip = clips[index];
      const before = resume ? await finishedBefore(clip, settings) : undefined;
      let report = before;
      if (report) idle += sizes[index];
      else {
        const bar = display.begin(clip.file);
        report = await hear(clip, (frames, of) => {
          if (of === undefined || of === 0) return;
          parts[index] = Math.min(1, frames / of);
          bar?.update(parts[index]);
          shown();
        });
        display.end(bar);
        parts[index] = 1;
      }
      signal.throwIfAborted();
      reports[index] = report;
      finished++;
      shown();
      // What is wrong with a single clip is told once, at the end.
      const alone = several ? report : { ...report, message: '' };
      const words = wordsOf(alone, settings.voice).join('; ');
      if (several || report.status !== 'failed')
        display.say(several ? `[${finished}/${clips.length}] ${words}` : words);
      if (verbose && report.stages) display.say(stagesOf(report));
    }
  };
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
  aborted.catch(() => undefined);
  try {
    if (jobs === 1 || clips.length === 1) {
      const listener = new ClipListener(settings);
      try {
        await work((clip, onFrames) => listener.hear(clip, onFrames, signal));
      } finally {
        await listener.close();
      }
    } else {
      const helpers = Array.from({ length: Math.min(jobs, clips.length) }, () => new Helper(settings));
      try {
        const all = Promise.all(helpers.map((helper) => work((clip, onFrames) => helper.hear(clip, onFrames))));
        await Promise.race([all, aborted]);
      } finally {
        await Promise.all(helpers.map((helper) => helper.close()));
        // One that had to be killed could not clear away what it had begun.
        const paths = signal.aborted ? clips.flatMap(({ outputs }) => Object.values(outputs) as string[]) : [];
        for (const path of paths) await sweepUnfinished(path);
      }
    }
  } finally {
    display.close();
  }
  return reports;
}

/** A table of what became of the clips, for people. */
export function summaryTable(reports: readonly ClipReport[], seconds: number): string {
  const rows = reports.map(({ file, status, strikes, duration, seconds: took }) => [
    file,
    duration === undefined ? '' : clock(duration),
    strikes === undefined ? '' : String(strikes),
    duration === undefined || took === undefined ? '' : `${(duration / took).toFixed(1)} x`,
    { done: 'done', kept: 'whole already', incomplete: 'ends early', failed: 'failed' }[status],
  ]);
  const header = ['clip', 'length', 'strikes', 'speed', ''];
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 || i === 4 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ').trimEnd(); // prettier-ignore
  const count = (...of: readonly ClipReport['status'][]): number =>
    reports.filter(({ status }) => of.includes(status)).length;
  const whole = `${count('done', 'kept')} of ${reports.length} clips are whole`;
  const failed = count('failed') > 0 ? `, ${count('failed')} failed` : '';
  const early = count('incomplete') > 0 ? `, ${count('incomplete')} end early` : '';
  return [line(header), ...rows.map(line), `${whole}${early}${failed}; ${clock(seconds)}`].join('\n');
}
