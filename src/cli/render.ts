// `deep-marimba render`: a simulated clip with everything that is true of it, or many looks on one sheet.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Presets, SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError, Option } from 'commander';
import { writeAtomic } from '../atomic-file.js';
import { UnsupportedError } from '../errors.js';
import { encodeRaster } from '../figure/png.js';
import { frameRate, type FrameRate } from '../frame-rate.js';
import { familyNames, type Family } from '../scene/families.js';
import { instrumentKinds, type InstrumentKind } from '../scene/instrument.js';
import { scene, type Scene, type SceneFrame } from '../scene/scene.js';
import { formatEvents, parseEvents } from '../sound/events.js';
import { synthesize } from '../sound/synthesize.js';
import { writeWav } from '../sound/wav-file.js';
import type { Strike } from '../types.js';
import { chooseEncoder, codecs, type EncoderChoice, type VideoCodec } from './encode-video.js';

interface RenderOptions {
  readonly output?: string;
  readonly family: Family;
  readonly seed: number;
  readonly look?: InstrumentKind;
  readonly fps: FrameRate;
  readonly seconds: number;
  readonly size: readonly [number, number];
  readonly events?: string;
  readonly variable?: true;
  readonly encoder: EncoderChoice;
  readonly codec: VideoCodec;
  readonly crf: number;
  readonly sheet?: string;
}

function number(low: number, high: number, whole: boolean): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= low && value <= high) || (whole && !Number.isInteger(value))) {
      throw new InvalidArgumentError(`Expected a ${whole ? 'whole ' : ''}number of ${low}..${high}.`);
    }
    return value;
  };
}

function size(text: string): [number, number] {
  const match = /^(\d+)x(\d+)$/.exec(text);
  const [width, height] = match ? [Number(match[1]), Number(match[2])] : [0, 0];
  if (!(width >= 64 && width <= 1920 && height >= 36 && height <= 1920) || width % 2 !== 0 || height % 2 !== 0) {
    throw new InvalidArgumentError('Expected WIDTHxHEIGHT, both even, for example 320x180.');
  }
  return [width, height];
}

function rate(text: string): FrameRate {
  try {
    return frameRate(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

/** The command. */
export const render = new Command('render')
  .description('Simulate a player on video: a clip with its truth and its sound, or a sheet of many looks.')
  .option('-o, --output <dir>', 'folder for video, sound, truth.json, calibration.json and events.json')
  .addOption(new Option('--family <name>', 'family of the scene').choices(familyNames).default('everything'))
  .option('--seed <n>', 'which scene of the family', number(0, 4294967295, true), 0)
  .addOption(new Option('--look <name>', 'instrument instead of the one drawn').choices(instrumentKinds))
  .option('--fps <rate>', 'frames per second: 25, 29.97, 30000/1001, ...', rate, frameRate(25))
  .option('--variable', 'frames at unequal times around that rate, as telephones record')
  .option('--seconds <s>', 'length', number(0.1, 3600, false), 10)
  .option('--size <wxh>', 'pixels', size, [320, 180] as [number, number])
  .option('--events <file>', 'play the strikes of an events file')
  .addOption(
    new Option('--encoder <name>', 'who compresses; none: y4m')
      .choices(['auto', 'node-av', 'ffmpeg', 'none'])
      .default('auto'),
  )
  .addOption(new Option('--codec <name>', 'how').choices(Object.keys(codecs)).default('h264'))
  .option('--crf <n>', 'quality of the compressed video, smaller is better', number(0, 51, true), 18)
  .option('--sheet <file>', 'write 48 looks, from --seed on, as one PNG')
  .action(async (options: RenderOptions) => {
    if (options.output === undefined && options.sheet === undefined) {
      render.error('error: say where to: -o DIR for a clip, or --sheet FILE.png');
    }
    if (options.sheet !== undefined) await writeAtomic(options.sheet, await sheet(options));
    if (options.output !== undefined) await clip(options, options.output);
  });

async function readStrikes(path: string): Promise<readonly Strike[]> {
  return parseEvents(JSON.parse(await readFile(path, 'utf8')), path).strikes;
}

async function clip(
  { family, seed, look, fps, variable, seconds, size: [width, height], events, encoder, codec, crf }: RenderOptions,
  output: string,
): Promise<void> {
  const writer = await chooseEncoder(encoder, codec, crf);
  if (variable && !writer.timed) {
    throw new UnsupportedError('Frames at unequal times need node-av to write them: npm install node-av.');
  }
  const made = scene(seed, family, {
    width,
    height,
    seconds,
    fps,
    ...(variable ? { variable } : {}),
    rgb: true,
    ...(look === undefined ? {} : { instrument: look }),
    ...(events === undefined ? {} : { strikes: await readStrikes(events) }),
  });
  const { truth } = made;
  await mkdir(output, { recursive: true });
  const video = `clip${writer.extension}`;
  await writer.write(join(output, video), progress(made), truth);
  // As long as the video: what still rings at its end is cut, as a recording's would be.
  const sound = await synthesize(truth.strikes, { sampleRate: 48_000, duration: truth.duration });
  await writeWav(join(output, 'clip.wav'), { sampleRate: 48_000, channels: [sound] });
  const write = (name: string, text: string): Promise<void> => writeAtomic(join(output, name), text);
  await write('truth.json', `${JSON.stringify(truth)}\n`);
  await write('calibration.json', `${JSON.stringify(truth.calibration, null, 1)}\n`);
  await write('events.json', formatEvents(truth.strikes, { source: video, duration: truth.duration }));
  process.stdout.write(
    `${JSON.stringify({ video, frames: truth.times.length, strikes: truth.strikes.length, nonStrikes: truth.nonStrikes.length, look: truth.look })}\n`,
  );
}

/** The frames of a scene, with a bar for who watches. */
function* progress({ truth, frames }: Scene): Generator<SceneFrame> {
  const bar = process.stderr.isTTY
    ? new SingleBar(
        { format: 'rendering {bar} {percentage}% {eta_formatted}', stream: process.stderr },
        Presets.shades_classic,
      )
    : undefined;
  bar?.start(truth.times.length, 0);
  for (const frame of frames()) {
    yield frame;
    bar?.increment();
  }
  bar?.stop();
}

/** 48 looks: each at a strike, or a little before or after it. */
function sheet({ family, seed, look, size: [width, height] }: RenderOptions): Promise<Uint8Array> {
  const columns = 6;
  const rows = 8;
  const out = new Uint8Array(columns * width * rows * height * 3);
  for (let i = 0; i < columns * rows; i++) {
    const { truth, frames } = scene(seed + i, family, {
      width,
      height,
      seconds: 6,
      fps: 30,
      rgb: true,
      ...(look === undefined ? {} : { instrument: look }),
    });
    const strike = truth.strikes.find(({ time }) => time > 1)?.time ?? 2;
    const at = Math.min(truth.times.length - 1, Math.floor((strike + ((i % 3) - 1) * 0.05) * 30));
    for (const { pixels } of frames(at, at + 1)) {
      const left = (i % columns) * width * 3;
      const top = Math.floor(i / columns) * height;
      for (let y = 0; y < height; y++) {
        out.set(pixels.subarray(y * width * 3, (y + 1) * width * 3), (top + y) * columns * width * 3 + left);
      }
    }
  }
  return encodeRaster({ width: columns * width, height: rows * height, rgb: out });
}
