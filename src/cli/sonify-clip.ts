// One clip of `deep-marimba sonify`: what is read, heard and written for it. The same in the command's own process and in its helpers.
import { readFile, stat } from 'node:fs/promises';
import { ModelError } from '../errors.js';
import type { ModelCard } from '../model/card.js';
import type { Device } from '../model/devices.js';
import { loadModel } from '../model/load-model.js';
import type { Model } from '../model/model.js';
import { GT18 } from '../notes.js';
import type { ExemplarBank } from '../sound/exemplar-bank.js';
import { readExemplars } from '../sound/exemplar-file.js';
import { parseEvents } from '../sound/events.js';
import type { Tuning } from '../sound/marimba-bars.js';
import type { VoiceName } from '../sound/voices.js';
import { sonifyFile } from '../sonify/sonify-file.js';
import type { Calibration, DecoderChoice } from '../types.js';
import type { Video } from '../video/video-file.js';
import { barsFiles, type BarsOptions, findBars } from './bars-in-picture.js';
import type { Clip } from './sonify-inputs.js';

/** What is the same for all clips. Plain data, for it goes to other processes. */
export interface Settings extends BarsOptions {
  /** What the model has to look at. */
  readonly geometry?: ModelCard['input']['geometry'];
  readonly model: string;
  readonly device: Device | 'auto';
  readonly decoder: DecoderChoice;
  readonly voice: VoiceName;
  readonly tuning?: Tuning;
  readonly exemplars?: string;
  readonly rate: number;
  readonly bits: 16 | 24 | 32;
}

/** How a clip ended. Plain data. */
export interface ClipReport {
  readonly file: string;
  readonly outputs: Clip['outputs'];
  /** `incomplete`: the video ends early, what is there has been written. `kept`: it was whole before. */
  readonly status: 'done' | 'incomplete' | 'failed' | 'kept';
  /** What went wrong, in one sentence. */
  readonly message?: string;
  readonly strikes?: number;
  readonly frames?: number;
  /** Length of the video, s. */
  readonly duration?: number;
  /** Wall-clock seconds it took. */
  readonly seconds?: number;
  /** Of these, watching and what followed. */
  readonly stages?: Readonly<Record<string, number>>;
  /** How its bars were found. */
  readonly bars?: string;
  /** What heard it, and on what. */
  readonly model?: string;
  readonly device?: string;
  /** Size, codec and decoder of the video. */
  readonly video?: string;
}

/**
 * For a model of whole pictures: its notes, each with an equal part of the picture. Nobody looks at where they are.
 * @throws {ModelError} when the model does not look at what was asked for.
 */
function barsAnywhere({ card }: Model, { width, height }: Video): Calibration {
  const midi = card.notes ?? GT18.map((note) => note.midi);
  const step = width / midi.length;
  return {
    format: 'deep-marimba/calibration@1',
    ...{ width, height },
    bars: midi.map((number, i) => {
      const [left, right] = [(i + 0.1) * step, (i + 0.9) * step];
      return { midi: number, quad: [[left, 0.1 * height], [right, 0.1 * height], [right, 0.9 * height], [left, 0.9 * height]] };
    }),
  };
} // prettier-ignore

/** Hears clips one after the other with one model. */
export class ClipListener {
  readonly #settings: Settings;
  #model: Promise<Model> | undefined;
  #exemplars: Promise<ExemplarBank> | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Opens the model, so that it is there when the first clip is. */
  open(): Promise<Model> {
    const { model, device } = this.#settings;
    this.#model ??= loadModel(model, { device });
    // Whoever needs it hears of the failure.
    this.#model.catch(() => undefined);
    return this.#model;
  }

  /**
   * Hears a clip and writes its outputs. Everything that goes wrong is in the report, but for an abort.
   * @param onFrames told of progress; `of` is undefined where the index does not count frames.
   */
  async hear(
    { file, outputs }: Clip,
    onFrames: (frames: number, of: number | undefined) => void,
    signal: AbortSignal,
  ): Promise<ClipReport> {
    const { voice, tuning, rate: sampleRate, bits, decoder } = this.#settings;
    const started = performance.now();
    try {
      void this.open();
      if (voice === 'exemplar') this.#exemplars ??= readExemplars(this.#settings.exemplars);
      const exemplars = await this.#exemplars;
      let expected: number | undefined;
      const model = await this.open();
      const { card } = model;
      const { geometry = card.input.geometry } = this.#settings;
      if (geometry !== card.input.geometry) {
        throw new ModelError(
          `${card.name} looks at ${card.input.geometry}, not ${geometry}; name another with --model.`,
        );
      }
      let bars = '';
      const calibrate = async (video: Video): Promise<Calibration> => {
        const { calibration, corners } = this.#settings;
        if (geometry === 'raw' && calibration === undefined && corners === undefined) return barsAnywhere(model, video);
        const found = await findBars(file, video, this.#settings);
        bars = found.report;
        return found.calibration;
      };
      const heard = await sonifyFile(file, outputs, model, calibrate, {
        ...{ voice, sampleRate, bits, decoder, signal },
        ...(tuning ? { tuning } : {}),
        ...(exemplars ? { exemplars } : {}),
        onVideo: ({ frameCount, duration, frameRate }) => {
          expected = frameCount ?? (duration !== undefined && frameRate ? Math.round((duration * frameRate.num) / frameRate.den) : undefined);
        },
        onFrame: (frames) => {
          onFrames(frames, expected);
        },
      }); // prettier-ignore
      const { strikes, frames, duration, problem, seconds, video } = heard;
      return {
        ...{ file, outputs, frames, duration, strikes: strikes.length, stages: seconds },
        status: problem ? 'incomplete' : 'done',
        ...(problem ? { message: problem.message } : {}),
        seconds: (performance.now() - started) / 1000,
        ...(bars === '' ? {} : { bars }),
        model: card.name,
        device: model.device,
        video: `${video.width} x ${video.height} ${video.codec} through ${video.decoder}`,
      };
    } catch (error) {
      signal.throwIfAborted();
      if (process.env.DEBUG) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      const message = error instanceof Error ? error.message : String(error);
      return { file, outputs, status: 'failed', message, seconds: (performance.now() - started) / 1000 };
    }
  }

  /** Frees the model. */
  async close(): Promise<void> {
    await this.#model?.then(
      (model) => model.dispose(),
      () => undefined,
    );
  }
}

/**
 * What an earlier run left of a clip: its report when every output is there and none is older than the video or than what says
 * where its bars are, else undefined. The strikes' file appears last and says whether the video was whole.
 */
export async function finishedBefore({ file, outputs }: Clip, bars: BarsOptions): Promise<ClipReport | undefined> {
  const video = await stat(file).catch(() => undefined);
  if (video === undefined) return undefined;
  let newest = video.mtimeMs;
  for (const path of barsFiles(file, bars)) {
    const facts = await stat(path).catch(() => undefined);
    newest = Math.max(newest, facts?.mtimeMs ?? 0);
  }
  for (const path of Object.values(outputs as unknown as Record<string, string>)) {
    const facts = await stat(path).catch(() => undefined);
    if (!facts?.isFile() || facts.size === 0 || facts.mtimeMs < newest) return undefined;
  }
  try {
    const { strikes, duration, problem } = parseEvents(JSON.parse(await readFile(outputs.events!, 'utf8')), outputs.events!);
    return {
      ...{ file, outputs, strikes: strikes.length },
      ...(duration === undefined ? {} : { duration }),
      status: problem === undefined ? 'kept' : 'incomplete',
      ...(problem === undefined ? {} : { message: problem }),
    };
  } catch {
    return undefined;
  }
} // prettier-ignore
