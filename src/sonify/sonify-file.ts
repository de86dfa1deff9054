// From a video file to the files one wants of it, in bounded memory, all of them or none. Node only.
import { basename, extname } from 'node:path';
import { formatPng } from '../figure/png.js';
import { formatSvg } from '../figure/svg.js';
import { frameRate, type FrameRate } from '../frame-rate.js';
import { loadKernels } from '../kernels/module.js';
import type { PredictorSource } from '../model/predict.js';
import { analyzeNotes } from '../sound/analysis.js';
import { formatEvents } from '../sound/events.js';
import { formatFeatures, notesOf } from '../sound/features.js';
import { encodeMidi } from '../sound/midi.js';
import { formatNpy } from '../sound/npy.js';
import { plotAmplitudes, soundEnvelope } from '../sound/plot.js';
import { openSound } from '../sound/sound-file.js';
import { WavWriter } from '../sound/wav-file.js';
import type { WavOptions } from '../sound/wav-encode.js';
import type { Calibration, DecoderChoice, NoteAmplitudes } from '../types.js';
import { readVideo, type Video } from '../video/video-file.js';
import { checkMp4Codec, muxMp4 } from './mux.js';
import { checkOutputs, OutputFiles, type SonifyOutputs } from './outputs.js';
import { hear, type Heard, type SonifyOptions } from './sonify.js';
import { StripRecorder } from './strip-recorder.js';

/** How {@link sonifyFile} works. */
export interface SonifyFileOptions extends Omit<SonifyOptions, 'name'>, WavOptions {
  /** What reads the video, and writes the MP4 file. Default `auto`. */
  readonly decoder?: DecoderChoice;
  /** Told before anything is watched what the file is. */
  readonly onVideo?: (video: Video) => void;
}

/** What was heard, and how long it took. */
export interface SonifiedFile extends Omit<Heard, 'seconds'> {
  /** What was watched. */
  readonly video: Pick<Video, 'width' | 'height' | 'codec' | 'rotation' | 'decoder'>;
  /** Wall-clock seconds: those of {@link Heard}, and what followed. */
  readonly seconds: Heard['seconds'] & { readonly write: number };
}

/** @throws {RangeError} for an extension that no format has. */
function checkEndings({ features, plot }: SonifyOutputs): void {
  const expect = (path: string | undefined, ...endings: readonly string[]): void => {
    if (path === undefined || endings.includes(extname(path).toLowerCase())) return;
    throw new RangeError(`${path}: expected a name that ends in ${endings.join(' or ')}.`);
  };
  expect(features, '.npy', '.json');
  expect(plot, '.svg', '.png');
}

/**
 * Hears a silent video file and writes what is asked for. Sound is rendered and written while the video is watched; memory does
 * not grow with its length but for the strikes. The files appear together when they are complete; whatever goes wrong, a kill
 * included, leaves what was there before.
 *
 * A file that ends early is heard as far as it goes: its outputs are written, and `problem` says what is missing.
 * @param file path of the video.
 * @param model what `loadModel` returns.
 * @param calibration where the bars are in the picture, or who finds them in it.
 * @throws {VideoError} when the video cannot be read, has fewer than three frames, or fits into no MP4 file that is asked for.
 * @throws {SoundError} when an output cannot be written.
 * @throws {ModelError | TypeError | RangeError} for a model, a calibration, an output or an option that cannot be.
 * @throws {UnsupportedError} when there is no decoder.
 */
export async function sonifyFile(
  file: string,
  outputs: SonifyOutputs,
  model: PredictorSource,
  calibration: Calibration | ((video: Video) => Calibration | Promise<Calibration>),
  options: SonifyFileOptions = {},
): Promise<SonifiedFile> {
  const { decoder = 'auto', onVideo, bits, ...hearing } = options;
  const { sampleRate = 48_000, signal } = hearing;
  checkEndings(outputs);
  await checkOutputs(file, outputs);
  const video = await readVideo(file, { decoder });
  if (outputs.mp4 !== undefined) checkMp4Codec(file, video.codec);
  onVideo?.(video);
  const files = await OutputFiles.open(outputs);
  try {
    const bars = typeof calibration === 'function' ? await calibration(video) : calibration;
    const { file: wav, path } = files.get('sound')!;
    const writer = new WavWriter(wav, path, { sampleRate, channelCount: 1 }, bits === undefined ? {} : { bits });
    const recorder = outputs.plot === undefined ? undefined : new StripRecorder(await loadKernels(), video, bars);
    const heard = await hear(
      video,
      model,
      bars,
      (samples) => writer.write([samples]),
      { ...hearing, name: file },
      recorder &&
        ((frame) => {
          recorder.look(frame);
        }),
    );
    await writer.finish();
    const watched = performance.now();
    const { strikes, duration, frames, first, problem } = heard;

    if (outputs.events !== undefined) {
      await files.put(
        'events',
        formatEvents(strikes, { source: file, duration, ...(problem ? { problem: problem.message } : {}) }),
      );
    }
    if (outputs.midi !== undefined) await files.put('midi', encodeMidi(strikes));
    if (outputs.features !== undefined || outputs.plot !== undefined) {
      const fps = video.frameRate ?? frameRate((frames - 1) / duration);
      const amplitudes = await amplitudesOf(wav.temporary, bars, fps, heard);
      if (outputs.features !== undefined) {
        const { data, notes } = amplitudes;
        const isNpy = extname(outputs.features).toLowerCase() === '.npy';
        await files.put(
          'features',
          isNpy ? formatNpy(data, [amplitudes.frames, notes.length]) : formatFeatures(amplitudes),
        );
      }
      if (outputs.plot !== undefined) {
        const figure = plotAmplitudes(amplitudes, {
          envelope: await soundEnvelope(await openSound(wav.temporary), 4000),
          strip: recorder!.strip(duration),
          strikes,
          title: basename(file),
        });
        const isSvg = extname(outputs.plot).toLowerCase() === '.svg';
        await files.put('plot', isSvg ? formatSvg(figure) : await formatPng(figure, 2));
      }
    }
    const mp4 = files.get('mp4');
    if (mp4) {
      await muxMp4(file, wav.temporary, mp4.file.temporary, {
        ...{ first, decoder, name: mp4.path },
        ...(signal ? { signal } : {}),
      });
    }
    signal?.throwIfAborted();
    await files.commit();
    const { width, height, codec, rotation, decoder: read } = video;
    return {
      ...heard,
      video: { width, height, codec, rotation, decoder: read },
      seconds: { ...heard.seconds, write: (performance.now() - watched) / 1000 },
    };
  } catch (error) {
    await files.discard();
    throw error;
  }
}

/** How loud each bar sounds in each frame: the sound as `analyzeNotes` measures it, so that it compares with a recording's. */
async function amplitudesOf(
  wav: string,
  { bars }: Calibration,
  fps: FrameRate,
  { strikes, frames }: Heard,
): Promise<NoteAmplitudes> {
  const notes = notesOf([...new Set(bars.map(({ midi }) => midi))].sort((a, b) => a - b));
  // Silence has no loudest sample to be measured by.
  if (strikes.every(({ velocity }) => velocity === 0)) {
    const rows = frames - 2;
    return { data: new Float32Array(rows * notes.length), frames: rows, notes, fps };
  }
  return analyzeNotes(await openSound(wav), { fps, notes });
}
