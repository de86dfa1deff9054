// What a network says about simulated clips, frame by frame, as it would about a video; and the strikes in that.
import type { Kernels } from '../kernels/module.js';
import { Rectifier } from '../kernels/rectifier.js';
import { StrikePicker } from '../model/pick.js';
import type { Family } from '../scene/families.js';
import { scene } from '../scene/scene.js';
import type { Calibration, Strike } from '../types.js';
import { checkInside } from '../video/calibration.js';
import { barStrips } from '../video/strip.js';
import type { ScoredClip } from './metrics.js';
import { exportOnnx } from './export-onnx.js';
import { anatomy, type Architecture, type Weights } from './network.js';
import type { Runtime, Session, Tensor, Tensors } from '../model/onnx-runtime.js';

/** A network in step form, as cards describe it. */
export interface Listener {
  /** One frame in, one frame out. */
  readonly session: Session;
  /** Name of the image port, and rows of the strip. */
  readonly input: string;
  readonly rows: number;
  /** Recurrent states; 'bars' stands for the number of bars. */
  readonly states: readonly { readonly name: string; readonly shape: readonly (number | 'bars')[] }[];
  /** Outputs with strike logits. */
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
  /** [frames x bars]. */
  readonly velocity: Float32Array;
}

/** Which clip. */
export interface ClipOptions {
  readonly family: Family;
  readonly seed: number;
  /** Length, seconds. */
  readonly seconds: number;
  /** Width of the picture, pixels; 16:9. */
  readonly width: number;
}

/** Recurrent states as cards list them. */
export function stateShapes(architecture: Architecture): Listener['states'] {
  return anatomy(architecture).states.map(({ name, shape, free }) => ({
    name,
    shape: shape.map((length, axis) => (free.includes(axis) ? 'bars' : length)),
  }));
}

/** A bar-lstm that listens, with weights from training. The caller releases its session. */
export async function listenerOf(
  architecture: Architecture,
  weights: Weights,
  heads: readonly string[],
  runtime: Runtime,
): Promise<Listener> {
  return {
    session: await runtime(exportOnnx(architecture, weights)),
    input: architecture.input.name,
    rows: architecture.input.shape[1],
    states: stateShapes(architecture),
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
  { family, seed, seconds, width }: ClipOptions,
): Promise<Answers[]> {
  const height = Math.round((width * 9) / 16);
  const { truth, frames } = scene(seed, family, { seconds, width, height });
  const { times } = truth;
  const calibration = visibleBars(truth.calibration);
  const heights = [...new Set(listeners.map(({ rows }) => rows))];
  const strips = heights.map((rows) => barStrips(calibration, { rows }));
  const rectifier = new Rectifier(kernels, { width, height, format: 'gray8' }, { warps: strips.flat() });
  const streams = listeners.map((listener) => {
    const which = heights.indexOf(listener.rows);
    const first = strips.slice(0, which).reduce((sum, list) => sum + list.length, 0);
    return strips[which].map(
      (strip, i) => new RowStream(listener, strip.midi, rectifier.views[first + i], times.length),
    );
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

/** One row of bars, one network, and what it remembers. */
class RowStream {
  readonly answers: RowAnswers;
  readonly #listener: Listener;
  readonly #view: Rectifier['views'][number];
  #states: Record<string, Tensor>;

  constructor(listener: Listener, midi: readonly number[], view: Rectifier['views'][number], frames: number) {
    this.#listener = listener;
    this.#view = view;
    const size = frames * midi.length;
    this.answers = {
      midi,
      heads: Object.fromEntries(listener.heads.map((head) => [head, new Float32Array(size)])),
      velocity: new Float32Array(size),
    };
    this.#states = Object.fromEntries(
      listener.states.map(({ name, shape }) => {
        const sizes = shape.map((length) => (length === 'bars' ? midi.length : length));
        return [name, { data: new Float32Array(sizes.reduce((a, b) => a * b, 1)), shape: sizes }];
      }),
    );
  }

  async step(frame: number): Promise<void> {
    const { session, input, states, heads } = this.#listener;
    const { width, height, output } = this.#view;
    const feeds: Record<string, Tensor> = { [input]: { data: output, shape: [1, 3, height, width] } };
    for (const { name } of states) feeds[`state.${name}`] = this.#states[name];
    const results: Tensors = await session.run(feeds);
    for (const { name } of states) this.#states[name] = results[`next.${name}`];
    const { midi, velocity, heads: said } = this.answers;
    for (let b = 0; b < midi.length; b++) {
      const at = frame * midi.length + b;
      for (const head of heads) said[head][at] = 1 / (1 + Math.exp(-results[head].data[b]));
      velocity[at] = results.velocity.data[b];
    }
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
