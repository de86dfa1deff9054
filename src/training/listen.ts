// What a network says about simulated clips, frame by frame, as it would about a video; and the strikes in that.
import type { Kernels } from '../kernels/module.js';
import { type RectifiedView, Rectifier } from '../kernels/rectifier.js';
import { StrikePicker } from '../model/pick.js';
import type { Family } from '../scene/families.js';
import { type Scene, scene } from '../scene/scene.js';
import { type Codecs, compressedScene } from './compression.js';
import type { Calibration, Strike } from '../types.js';
import { visibleBars } from '../video/calibration.js';
import { type LumaPicture, medianOf } from '../video/median-picture.js';
import type { OnsetHead } from '../model/card.js';
import { type Backbone, joinBackbone } from './backbone.js';
import type { HeardStrike, ScoredClip } from './metrics.js';
import { exportOnnx } from './export-onnx.js';
import { anatomy, type Architecture, type Weights } from './network.js';
import type { WatchedClip } from './scene-sequences.js';
import type { Runtime, Session } from '../model/onnx-runtime.js';
import { RowStream, type StreamedModel } from '../model/row-stream.js';
import { type ModelInput, type ModelView, modelViews, viewImage, type ViewImage } from '../model/views.js';

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

/** A network that listens, with weights from training, behind a backbone where it has one. The caller releases its session. */
export async function listenerOf(
  architecture: Architecture,
  input: ModelInput,
  weights: Weights,
  heads: readonly string[],
  runtime: Runtime,
  backbone?: Backbone,
): Promise<Listener> {
  const trained = exportOnnx(architecture, weights);
  return {
    session: await runtime(backbone ? joinBackbone(backbone, trained) : trained),
    input,
    states: stateShapes(architecture),
    outputs: anatomy(architecture).outputs,
    heads,
  };
}

/** What somebody who says where the bars are can look at. */
export interface CalibratedClip {
  /** Seed of the clip. */
  readonly seed: number;
  /** Median of some of its frames: mallets that move are gone. */
  readonly still: () => LumaPicture;
}

/** Where somebody who makes mistakes takes the bars to be; undefined when they can make nothing of it. */
export type CalibrationMaker = (calibration: Calibration, clip: CalibratedClip) => Calibration | undefined;

/**
 * Renders a clip once and lets every network watch it through the true calibration.
 * @returns the answers of each network, in their order.
 */
export async function watchClip(
  kernels: Kernels,
  listeners: readonly Listener[],
  clip: ClipOptions,
): Promise<Answers[]> {
  return (await watchClipThrough(kernels, listeners, [(calibration) => calibration], clip))[0];
}

/**
 * Renders a clip once and lets every network watch it through every calibration. Through one that is of no use, nothing is
 * heard.
 * @returns [calibrations][networks] answers.
 */
export async function watchClipThrough(
  kernels: Kernels,
  listeners: readonly Listener[],
  makers: readonly CalibrationMaker[],
  { family, seed, seconds, width, compression }: ClipOptions,
): Promise<Answers[][]> {
  const height = Math.round((width * 9) / 16);
  const made = scene(seed, family, { seconds, width, height });
  const { truth, frames } = compression
    ? compressedScene(made, { seed: 0, compressed: compression.share }, seed, compression.codecs)
    : made;
  const clip = { seed, still: once(() => stillOf({ truth, frames })) };
  return watchThrough(kernels, listeners, makers, { truth, frames, seconds: truth.duration }, clip);
}

/** Lets networks watch a clip that was filmed, through its own calibration. */
export async function watchFilmed(
  kernels: Kernels,
  listeners: readonly Listener[],
  { truth, frames }: WatchedClip,
): Promise<Answers[]> {
  const { times, width, height } = truth;
  const seconds = times.length * times[1];
  const nothing = { width, height, luma: new Uint8Array(width * height) };
  const clip = { seed: 0, still: () => nothing };
  return (await watchThrough(kernels, listeners, [(calibration) => calibration], { truth, frames, seconds }, clip))[0];
}

async function watchThrough(
  kernels: Kernels,
  listeners: readonly Listener[],
  makers: readonly CalibrationMaker[],
  { truth, frames, seconds }: WatchedClip & { readonly seconds: number },
  clip: CalibratedClip,
): Promise<Answers[][]> {
  const { times, width, height } = truth;
  const visible = visibleBars(truth.calibration);
  const kinds = [...new Set(listeners.map(({ input }) => viewKey(input)))];
  const views: { readonly kind: string; readonly maker: number; readonly list: readonly ModelView[] }[] = [];
  for (const kind of kinds) {
    const { input } = listeners.find((listener) => viewKey(listener.input) === kind)!;
    for (const [maker, make] of makers.entries())
      views.push({ kind, maker, list: viewsOf(input, make, visible, clip) });
  }
  const flat = views.flatMap(({ list }) => list);
  const said = makers.map(() => listeners.map(() => [] as RowAnswers[]));
  if (flat.length > 0) {
    const warps = flat.map(({ warp }) => warp);
    const rectifier = new Rectifier(kernels, { width, height, format: 'gray8' }, { warps });
    const streams = listeners.flatMap((listener, l) =>
      views
        .filter(({ kind }) => kind === viewKey(listener.input))
        .flatMap(({ maker, list }) =>
          list.map((view) => {
            const stream = new ClipStream(listener, view.midi, rectifier.views[flat.indexOf(view)], times.length);
            said[maker][l].push(stream.answers);
            return stream;
          }),
        ),
    );
    for (const { index, pixels } of frames()) {
      rectifier.run(index > 0 ? times[index] - times[index - 1] : times[1], pixels);
      for (const stream of streams) await stream.step(index);
    }
  }
  const notes = new Set(visible.bars.map(({ midi }) => midi));
  const strikes = truth.strikes.filter(({ midi }) => notes.has(midi));
  return said.map((ofMaker) => ofMaker.map((rows) => ({ times, seconds, truth: strikes, rows })));
}

const stillFrames = 7;

function stillOf({ truth: { width, height, times }, frames }: Scene): LumaPicture {
  const pictures = Array.from({ length: stillFrames }, (_, k) => {
    const index = Math.floor(((k + 0.5) * times.length) / stillFrames);
    return [...frames(index, index + 1)].map(({ pixels }) => pixels);
  });
  return { width, height, luma: medianOf(pictures.flat()) };
}

/** The same function, which works only when it is first asked. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function viewsOf(input: ModelInput, make: CalibrationMaker, visible: Calibration, clip: CalibratedClip): ModelView[] {
  try {
    const made = make(visible, clip);
    return made === undefined ? [] : modelViews(input, visibleBars(made));
  } catch (error) {
    // Bars that fold, or none that can be seen.
    if (error instanceof RangeError) return [];
    throw error;
  }
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

/**
 * The strikes in a network's answers, by one of its heads. Offsets go with the first head, and only where its timing asks
 * for them.
 */
export function strikesIn(
  { times, seconds, truth, rows }: Answers,
  head: Pick<OnsetHead, 'output' | 'latency' | 'timing'>,
  threshold: number,
): ScoredClip {
  const heard = rows.flatMap(({ midi, heads, velocity, offset }) => {
    const bars = midi.length;
    const picker = new StrikePicker(
      midi.map((note) => ({ midi: note })),
      { threshold, latency: head.latency },
    );
    const onset = heads[head.output];
    const strikes: HeardStrike[] = [];
    for (const [k, time] of times.entries()) {
      const end = k + 1 < times.length ? times[k + 1] : seconds;
      const found = picker.push({
        time,
        onset: onset.subarray(k * bars, (k + 1) * bars),
        velocity: velocity.subarray(k * bars, (k + 1) * bars),
        ...(offset && head.timing === 'offset' ? { offset: offset.subarray(k * bars, (k + 1) * bars) } : {}),
      });
      for (const strike of found) strikes.push({ ...strike, known: end });
    }
    return [...strikes, ...picker.flush().map((strike) => ({ ...strike, known: seconds }))];
  });
  heard.sort((a, b) => a.time - b.time);
  return { truth, heard, seconds, rows: rows.map(({ midi }) => midi) };
}
