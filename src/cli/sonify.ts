// `deep-marimba sonify`: a silent video of somebody playing becomes sound, and the strikes that were seen.
import { extname } from 'node:path';
import { Presets, SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError, Option } from 'commander';
import { isMarimbaError } from '../errors.js';
import type { Device } from '../model/devices.js';
import { loadModel } from '../model/load-model.js';
import { writeEvents, writeMidi } from '../sound/data-file.js';
import { readExemplars } from '../sound/exemplar-file.js';
import type { Tuning } from '../sound/marimba-bars.js';
import { synthesize } from '../sound/synthesize.js';
import type { VoiceName } from '../sound/voices.js';
import { writeWav } from '../sound/wav-file.js';
import type { DecoderChoice, Strike } from '../types.js';
import { readVideo, type Video } from '../video/video-file.js';
import { addBarsOptions, findBars, type BarsOptions } from './bars-in-picture.js';

interface SonifyOptions extends BarsOptions {
  readonly output?: string;
  readonly events?: string;
  readonly midi?: string;
  readonly model: string;
  readonly device: Device | 'auto';
  readonly decoder: DecoderChoice;
  readonly voice: VoiceName;
  readonly tuning?: Tuning;
  readonly exemplars?: string;
  readonly rate: number;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

const named =
  (...endings: readonly string[]) =>
  (path: string): string => {
    if (endings.includes(extname(path).toLowerCase())) return path;
    throw new InvalidArgumentError(`Expected a name that ends in ${endings.join(' or ')}.`);
  };

interface Heard {
  readonly strikes: readonly Strike[];
  readonly frames: number;
  /** Length of the video, s. */
  readonly duration: number;
  /** What the video lacks, in one sentence. */
  readonly problem?: Error;
}

/** Watches the whole video. One that ends early is heard as far as it goes. */
async function listen(
  video: Video,
  predictor: { push(frame: { time: number; luma: Uint8Array }): Promise<Strike[]>; flush(): Promise<Strike[]> },
): Promise<Heard> {
  const bar =
    process.stderr.isTTY && video.frameCount !== undefined
      ? new SingleBar(
          { format: 'watching {bar} {percentage}% {eta_formatted}', stream: process.stderr, clearOnComplete: true },
          Presets.shades_classic,
        )
      : undefined;
  bar?.start(video.frameCount!, 0);
  const strikes: Strike[] = [];
  let [frames, last, period] = [0, 0, 0];
  let problem: Error | undefined;
  try {
    for await (const frame of video.frames()) {
      strikes.push(...(await predictor.push(frame)));
      if (frames > 0) period = frame.time - last;
      last = frame.time;
      frames++;
      bar?.increment();
    }
  } catch (error) {
    if (!isMarimbaError(error, 'VideoError') || frames === 0) throw error;
    problem = error;
  } finally {
    bar?.stop();
  }
  strikes.push(...(await predictor.flush()));
  const end = last + period;
  return { strikes, frames, duration: problem ? end : Math.max(end, video.duration ?? 0), ...(problem ? { problem } : {}) };
} // prettier-ignore

async function run(file: string, options: SonifyOptions): Promise<void> {
  const { device, voice, tuning, rate: sampleRate } = options;
  const stem = file.slice(0, file.length - extname(file).length);
  const output = options.output ?? `${stem}.wav`;
  const eventsFile = options.events ?? `${output.slice(0, -'.wav'.length)}.events.json`;
  // What is cheap to get wrong comes first.
  const video = await readVideo(file, { decoder: options.decoder });
  const { calibration, report } = await findBars(file, video, options);
  const exemplars = voice === 'exemplar' ? await readExemplars(options.exemplars) : undefined;
  const model = await loadModel(options.model, { device });
  process.stderr.write(`${file}: ${report}\n`);
  const started = performance.now();
  let heard: Heard;
  try {
    const { width, height, range, frameRate } = video;
    heard = await listen(
      video,
      model.createPredictor(calibration, {
        frame: { width, height, format: 'gray8', range },
        ...(frameRate ? { fps: frameRate.num / frameRate.den } : {}),
      }),
    );
  } finally {
    await model.dispose();
  }
  const seconds = (performance.now() - started) / 1000;
  const { strikes, frames, duration, problem } = heard;
  const sound = await synthesize(strikes, {
    voice,
    sampleRate,
    duration,
    ...(tuning ? { tuning } : {}),
    ...(exemplars ? { exemplars } : {}),
  });
  await writeWav(output, { sampleRate, channels: [sound] });
  await writeEvents(eventsFile, strikes, { source: file, duration });
  if (options.midi !== undefined) await writeMidi(options.midi, strikes);
  process.stderr.write(
    `${output}: ${strikes.length} strikes in ${duration.toFixed(2)} s (${frames} frames, ${(frames / seconds).toFixed(0)} per second; ${model.card.name} on ${model.device}, voice ${voice})\n`,
  );
  // What is there has been written; that it is not all must not pass unnoticed.
  if (problem) throw problem;
}

/** The command. */
export const sonify = addBarsOptions(
  new Command('sonify')
    .description('Turn silent video of somebody playing into sound.')
    .argument('<video>', 'mp4, mov, webm, mkv, avi, y4m, ...'),
)
  .option('-o, --output <file>', "WAV file to write (default: beside the video, by the video's name)", named('.wav'))
  .option('--events <file>', 'strikes as JSON (default: beside the sound, NAME.events.json)', named('.json'))
  .option('--midi <file>', 'strikes as a MIDI file', named('.mid', '.midi'))
  .option('--model <name>', 'model that ships, folder or address', 'bar-lstm')
  .addOption(
    new Option('--device <name>', 'what the model runs on; a named one never falls back')
      .choices(['auto', 'cuda', 'webgpu', 'cpu', 'wasm'])
      .default('auto'),
  )
  .addOption(
    new Option('--decoder <name>', 'what reads the video').choices(['auto', 'node-av', 'ffmpeg']).default('auto'),
  )
  .addOption(
    new Option('--voice <name>', 'additive: sines; modal: modelled bars; exemplar: recorded strikes')
      .choices(['additive', 'modal', 'exemplar'])
      .default('modal'),
  )
  .addOption(new Option('--tuning <name>', 'overtones of the bars; gt: 3:1, marimba: 4:1').choices(['gt', 'marimba']))
  .option('--exemplars <bank>', 'recordings of the exemplar voice (default: the marimba that comes with the package)')
  .option('--rate <Hz>', 'samples per second', positive, 48_000)
  .action(run);
