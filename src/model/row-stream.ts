// One view of bars through a model, step by step, and what the model remembers of it.
import { ModelError } from '../errors.js';
import type { ModelCard } from './card.js';
import type { Session, Tensor, Tensors } from './onnx-runtime.js';

/** What a stream has to know of a model. */
export type StreamedModel = Pick<ModelCard, 'input' | 'states'>;

const zeros = (shape: readonly number[]): Tensor => ({
  data: new Float32Array(shape.reduce((product, size) => product * size, 1)),
  shape,
});

/** What a {@link RowStream} remembers: by part, states by name. Plain data. */
export type RowStreamState = readonly Readonly<Record<string, Float32Array>>[];

/** A run of the network: the bars it answers for, what it sees and what it remembers. */
interface Part {
  /** First bar it sees. */
  readonly from: number;
  /** Bars whose answers are taken from it. */
  readonly take: readonly [first: number, end: number];
  /** Its piece of the strip, where it does not see the whole image. */
  piece?: Float32Array;
  states: Record<string, Tensor>;
}

/**
 * The model's state for one view. Many may share a session.
 *
 * A model whose network answers for a fixed number of bars (`window`) runs along a longer strip window by window, each with
 * a memory of its own; the last window ends with the strip, and a strip shorter than a window is followed by zeros, as in
 * training.
 */
export class RowStream {
  readonly #session: Session;
  readonly #model: StreamedModel;
  readonly #bars: number;
  readonly #columns: number;
  readonly #image: readonly number[];
  readonly #outputs: readonly string[];
  readonly #fetch: readonly string[];
  readonly #parts: Part[];

  /**
   * @param bars number of bars that are wanted.
   * @param outputs names of the outputs that are wanted.
   */
  constructor(session: Session, model: StreamedModel, bars: number, outputs: readonly string[]) {
    const { input, states } = model;
    const [channels, height, width] = input.shape;
    const { cellWidth, window } = input;
    this.#session = session;
    this.#model = model;
    this.#bars = bars;
    // The strip of a row has a cell without a bar at either end.
    this.#columns = cellWidth === undefined ? width : cellWidth * (bars + 2);
    const seen = window === undefined || cellWidth === undefined ? this.#columns : cellWidth * (window + 2);
    this.#image = [1, channels, height, seen];
    this.#outputs = outputs;
    this.#fetch = [...outputs, ...states.map(({ name }) => `next.${name}`)];
    const pieces = seen === this.#columns ? [0] : windowsOf(bars, window!);
    this.#parts = pieces.map((from, i) => ({
      from,
      take: [i === 0 ? 0 : pieces[i - 1] + window!, seen === this.#columns ? bars : Math.min(bars, from + window!)],
      ...(seen === this.#columns ? {} : { piece: new Float32Array(channels * height * seen) }),
      states: {},
    }));
    this.reset();
  }

  /** Back to zeros, as before the first frame. */
  reset(): void {
    const bars = this.#model.input.window ?? this.#bars;
    for (const part of this.#parts) {
      part.states = Object.fromEntries(
        this.#model.states.map(({ name, shape }) => [
          name,
          zeros(shape.map((size) => (size === 'bars' ? bars : size))),
        ]),
      );
    }
  }

  /** What it remembers; a copy. */
  snapshot(): RowStreamState {
    return this.#parts.map(({ states }) =>
      Object.fromEntries(Object.entries(states).map(([name, { data }]) => [name, Float32Array.from(data)])),
    );
  }

  /**
   * Goes on exactly where the stream was that the state is of.
   * @throws {RangeError} when that one was of another model or number of bars.
   */
  restore(state: RowStreamState): void {
    const sizes = (parts: readonly Readonly<Record<string, { readonly length: number }>>[]): string =>
      parts.map((part) => Object.entries(part).map(([name, { length }]) => `${name} ${length}`).sort().join(', ')).join('; '); // prettier-ignore
    const [expected, got] = [sizes(this.snapshot()), sizes(state)];
    if (got !== expected) throw new RangeError(`expected a state of ${expected}, got ${got}`);
    this.#parts.forEach((part, i) => {
      part.states = Object.fromEntries(
        Object.entries(part.states).map(([name, { shape }]) => [name, { data: state[i][name].slice(), shape }]),
      );
    });
  }

  /**
   * Takes one image, [channels x height x width], and returns the wanted outputs, [1 x bars] each.
   * @param signal takes it out of the session's line before its turn.
   * @throws {ModelError} when the session fails, gives something else than the card says, or numbers that are none.
   */
  async step(image: Float32Array, signal?: AbortSignal): Promise<Tensors> {
    return this.#through(this.#session, image, undefined, signal);
  }

  /**
   * Takes as many images as the block graph does, [frames x channels x height x width], and returns the wanted outputs,
   * [frames x bars] each; the same as so many steps.
   * @param blocks runs the graph that takes so many.
   * @throws as {@link RowStream.step}.
   */
  async block(blocks: Session, images: Float32Array, frames: number, signal?: AbortSignal): Promise<Tensors> {
    return this.#through(blocks, images, frames, signal);
  }

  async #through(
    session: Session,
    images: Float32Array,
    frames: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Tensors> {
    const rows = frames ?? 1;
    if (this.#model.input.window === undefined) return this.#run(session, this.#parts[0], images, frames, signal);
    const answers = Object.fromEntries(this.#outputs.map((name) => [name, zeros([rows, this.#bars])]));
    for (const part of this.#parts) {
      const { from, take } = part;
      const results = await this.#run(session, part, this.#cut(images, part, rows), frames, signal);
      for (const name of this.#outputs) {
        const [to, own] = [answers[name].data as Float32Array, results[name].data as Float32Array];
        for (let k = 0; k < rows; k++) {
          const at = k * this.#model.input.window - from;
          to.set(own.subarray(at + take[0], at + take[1]), k * this.#bars + take[0]);
        }
      }
    }
    return answers;
  }

  /** The part's own columns of the strips. */
  #cut(images: Float32Array, part: Part, frames: number): Float32Array {
    const [, channels, height, seen] = this.#image;
    if (!part.piece) return images;
    if (part.piece.length < frames * channels * height * seen) part.piece = new Float32Array(frames * channels * height * seen);
    const first = part.from * this.#model.input.cellWidth!;
    const known = Math.min(seen, this.#columns - first);
    for (let y = 0; y < frames * channels * height; y++) {
      const at = y * this.#columns + first;
      part.piece.set(images.subarray(at, at + known), y * seen);
    }
    return part.piece.subarray(0, frames * channels * height * seen);
  } // prettier-ignore

  async #run(
    session: Session,
    part: Part,
    image: Float32Array,
    frames: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Tensors> {
    const { input } = this.#model;
    const shape = frames === undefined ? this.#image : [1, frames, ...this.#image.slice(1)];
    const feeds: Record<string, Tensor> = { [input.name]: { data: image, shape } };
    for (const [name, state] of Object.entries(part.states)) feeds[`state.${name}`] = state;
    const results = await session.run(feeds, this.#fetch, signal);
    const answered = (input.window ?? this.#bars) * (frames ?? 1);
    for (const name of this.#fetch) {
      const isState = name.startsWith('next.');
      const size = isState ? part.states[name.slice(5)].data.length : answered;
      const data = (results as Partial<Tensors>)[name]?.data;
      if (data?.length !== size) {
        throw new ModelError(
          `The model gives ${data?.length ?? 'no'} values for "${name}", its card says ${size}; copy the model folder again.`,
        );
      }
      // What a state is made of that holds such numbers shows in every output.
      if (!isState && !(data as Float32Array).every(Number.isFinite)) {
        throw new ModelError(`The model answers "${name}" with values that are no numbers; reset() the predictor, and load the model again if that does not help.`);
      }
    }
    for (const name of Object.keys(part.states)) part.states[name] = results[`next.${name}`];
    return results;
  } // prettier-ignore

  /**
   * One step on an empty image, so that whatever a device compiles or refuses, it does now.
   * @throws {ModelError} as {@link RowStream.step}, and when the answer holds numbers that are none.
   */
  async warmUp(): Promise<void> {
    const [, channels, height] = this.#image;
    const results = await this.step(new Float32Array(channels * height * this.#columns));
    const remembered = this.#parts.flatMap(({ states }) => Object.entries(states));
    this.reset();
    for (const [name, { data }] of [...Object.entries(results), ...remembered]) {
      if (!(data as Float32Array).every(Number.isFinite)) {
        throw new ModelError(`The model answers "${name}" with values that are no numbers.`);
      }
    }
  }
}

/** First bars of windows that cover a strip. */
function windowsOf(bars: number, window: number): number[] {
  const last = Math.max(0, bars - window);
  return Array.from({ length: Math.ceil(bars / window) }, (_, i) => Math.min(i * window, last));
}
