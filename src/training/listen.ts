// What a network says about simulated clips, frame by frame, as it would about a video; and the strikes in that.
import type { Kernels } from '../kernels/module.js';
import { type RectifiedView, Rectifier } from '../kernels/rectifier.js';
import { StrikePicker } from '../model/pick.js';
import type { Family } from '../scene/families.js';
import { scene } from '../scene/scene.js';
import { type Codecs, compressedScene } from './compression.js';
import type { Calibration, Strike } from '../types.js';
import { checkInside } from '../video/calibration.js';
import type { ScoredClip } from './metrics.js';
import { exportOnnx } from './export-onnx.js';
import { anatomy, type Architecture, type Weights } from './network.js';
import type { Runtime, Session } from '../model/onnx-runtime.js';
import { RowStream, type StreamedModel } from '../model/row-stream.js';
import { type ModelInput, modelViews, viewImage, type ViewImage } from '../model/views.js';

/** A network in step form, as cards describe it. */
export interface Listener {
  /** One frame in, one frame out. */
  readonly session: Session;
  /** How it sees. */
  readonly input: ModelInput;
  /** Recurrent states; 'bars' stands for the number of bars. */
  readonly states: StreamedModel['states'];
  /** All its outputs. */
  readonly outputs: readonly string[];
  /** Those with strike logits. */
  readonly heads: readonly string[];
}

/** What a network said about a clip. */
export interface Answers {
  /** Times of the frames, seconds. */
  readonly times: readonly number[];
  readonly seconds: number;
  /** Strikes on the bars that can be seen. */
  readonly truth: readonly Strike[];
  readonly rows: readonly RowAnswers[];
}

/** What it said about a row of bars. */
export interface RowAnswers {
  /** Bars, low to high. */
  readonly midi: readonly number[];
  /** Probabilities by head, [frames x bars]. */
  readonly heads: Readonly<Record<string, Float32Array>>;
  /** [frames x bars]; 1 where the network has no such output. */
  readonly velocity: Float32Array;
  /** Places of contacts between frames, [frames x bars], as far as the network tells them. */
  readonly offset?: Float32Array;
}

/** Which clip. */
export interface ClipOptions {
  readonly family: Family;
  readonly seed: number;
  /** Length, seconds. */
  readonly seconds: number;
  /** Width of the picture, pixels; 16:9. */
  readonly width: number;
  /** Lets some of the clips go through a real encoder first, always the same ones in the same way. */
  readonly compression?: { readonly share: number; readonly codecs: Codecs };
}

/** Recurrent states as cards list them. */
export function stateShapes(architecture: Architecture): Listener['states'] {
  return anatomy(architecture).states.map(({ name, shape, free }) => ({
    name,
    shape: shape.map((length, axis) => (free.includes(axis) ? 'bars' : length)),
  }));
}

/** A network that listens, with weights from training. The caller releases its session. */
export async function listenerOf(
  architecture: Architecture,
  input: ModelInput,
  weights: Weights,
  heads: readonly string[],
  runtime: Runtime,
): Promise<Listener> {
  return {
    session: await runtime(exportOnnx(architecture, weights)),
    input,
    states: stateShapes(architecture),
    outputs: anatomy(architecture).outputs,
    heads,
  };
}

/** A calibration without the bars that the picture does not show. */
export function visibleBars(calibration: Calibration): Calibration {
  const bars = calibration.bars.filter(({ quad }) => {
    try {
      checkInside(quad, calibration, 'bar');
      return true;
    } catch {
      return false;
    }
  });
  return { ...calibration, bars };
}

/**
 * Renders a clip once and lets every network watch it through the true calibration.
 * @returns the answers of each network, in their order.
 */
export async function watchClip(
  kernels: Kernels,
  listeners: readonly Listener[],
  { family, seed, seconds, width, compression }: ClipOptions,
): Promise<Answers[]> {
  const height = Math.round((width * 9) / 16);
  const made = scene(seed, family, { seconds, width, height });
  const { truth, frames } = compression
    ? compressedScene(made, { seed: 0, compressed: compression.share }, seed, compression.codecs)
    : made;
  const { times } = truth;
  const calibration = visibleBars(truth.calibration);
  const kinds = [...new Set(listeners.map(({ input }) => viewKey(input)))];
  const views = kinds.map((kind) => {
    const { input } = listeners.find((listener) => viewKey(listener.input) === kind)!;
    return modelViews(input, calibration);
  });
  const warps = views.flat().map(({ warp }) => warp);
  const rectifier = new Rectifier(kernels, { width, height, format: 'gray8' }, { warps });
  const streams = listeners.map((listener) => {
    const which = kinds.indexOf(viewKey(listener.input));
    const first = views.slice(0, which).reduce((sum, list) => sum + list.length, 0);
    return views[which].map(({ midi }, i) => new ClipStream(listener, midi, rectifier.views[first + i], times.length));
  });
  for (const { index, pixels } of frames()) {
    rectifier.run(index > 0 ? times[index] - times[index - 1] : times[1], pixels);
    for (const stream of streams.flat()) await stream.step(index);
  }
  const notes = new Set(calibration.bars.map(({ midi }) => midi));
  const strikes = truth.strikes.filter(({ midi }) => notes.has(midi));
  return streams.map((rows) => ({
    times,
    seconds: truth.duration,
    truth: strikes,
    rows: rows.map(({ answers }) => answers),
  }));
}

/** Networks of one key look at the same pixels. */
const viewKey = ({ geometry, shape: [, rows, columns], cellWidth, window }: ModelInput): string =>
  JSON.stringify(geometry === 'bars' ? [geometry, rows, cellWidth] : [geometry, rows, columns, window]);

/** One view, one network, and what it said of every frame. */
class ClipStream {
  readonly answers: RowAnswers;
  readonly #stream: RowStream;
  readonly #image: ViewImage;
  readonly #heads: readonly string[];

  constructor(listener: Listener, midi: readonly number[], view: RectifiedView, frames: number) {
    const { session, heads, outputs, input } = listener;
    const wanted = [...heads, ...['velocity', 'offset'].filter((name) => outputs.includes(name))];
    this.#stream = new RowStream(session, listener, midi.length, wanted);
    this.#image = viewImage(view, input.channels);
    this.#heads = heads;
    const size = frames * midi.length;
    this.answers = {
      midi,
      heads: Object.fromEntries(heads.map((head) => [head, new Float32Array(size)])),
      velocity: new Float32Array(size).fill(1),
      ...(outputs.includes('offset') ? { offset: new Float32Array(size) } : {}),
    };
  }

  async step(frame: number): Promise<void> {
    this.#image.advance();
    const results = await this.#stream.step(this.#image.data);
    const { midi, velocity, offset, heads } = this.answers;
    const at = frame * midi.length;
    for (const head of this.#heads) {
      for (let b = 0; b < midi.length; b++) heads[head][at + b] = 1 / (1 + Math.exp(-results[head].data[b]));
    }
    if ('velocity' in results) velocity.set(results.velocity.data, at);
    if (offset) offset.set(results.offset.data, at);
  }
}

/** The strikes in a network's answers, by one of its heads. */
export function strikesIn(
  { times, seconds, truth, rows }: Answers,
  head: { readonly output: string; readonly latency: number },
  threshold: number,
): ScoredClip {
  const heard = rows.flatMap(({ midi, heads, velocity }) => {
    const bars = midi.length;
    const picker = new StrikePicker(
      midi.map((note) => ({ midi: note })),
      { threshold, latency: head.latency },
    );
    const onset = heads[head.output];
    const strikes = times.flatMap((time, k) =>
      picker.push({
        time,
        onset: onset.subarray(k * bars, (k + 1) * bars),
        velocity: velocity.subarray(k * bars, (k + 1) * bars),
      }),
    );
    return [...strikes, ...picker.flush()];
  });
  heard.sort((a, b) => a.time - b.time);
  return { truth, heard, seconds, rows: rows.map(({ midi }) => midi) };
}
