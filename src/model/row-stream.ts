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

/** A run of the network: the bars it answers for, what it sees and what it remembers. */
interface Part {
  /** First bar it sees. */
  readonly from: number;
  /** Bars whose answers are taken from it. */
  readonly take: readonly [first: number, end: number];
  /** Its piece of the strip, where it does not see the whole image. */
  readonly piece?: Float32Array;
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

  /**
   * Takes one image, [channels x height x width], and returns the wanted outputs, [1 x bars] each.
   * @throws {ModelError} when the session fails, or gives something else than the card says.
   */
  async step(image: Float32Array): Promise<Tensors> {
    if (this.#model.input.window === undefined) return this.#run(this.#parts[0], image);
    const answers = Object.fromEntries(this.#outputs.map((name) => [name, zeros([1, this.#bars])]));
    for (const part of this.#parts) {
      const { from, piece, take } = part;
      const results = await this.#run(part, piece ? this.#cut(image, part) : image);
      for (const name of this.#outputs) {
        const own = (results[name].data as Float32Array).subarray(take[0] - from, take[1] - from);
        (answers[name].data as Float32Array).set(own, take[0]);
      }
    }
    return answers;
  }

  /** The part's own columns of the strip. */
  #cut(image: Float32Array, { from, piece }: Part): Float32Array {
    const [, channels, height, seen] = this.#image;
    const first = from * this.#model.input.cellWidth!;
    const known = Math.min(seen, this.#columns - first);
    for (let y = 0; y < channels * height; y++) {
      const at = y * this.#columns + first;
      piece!.set(image.subarray(at, at + known), y * seen);
    }
    return piece!;
  }

  async #run(part: Part, image: Float32Array): Promise<Tensors> {
    const { input } = this.#model;
    const feeds: Record<string, Tensor> = { [input.name]: { data: image, shape: this.#image } };
    for (const [name, state] of Object.entries(part.states)) feeds[`state.${name}`] = state;
    const results = await this.#session.run(feeds, this.#fetch);
    const answered = input.window ?? this.#bars;
    for (const name of this.#fetch) {
      const size = name.startsWith('next.') ? part.states[name.slice(5)].data.length : answered;
      const data = (results as Partial<Tensors>)[name]?.data;
      if (data?.length !== size) {
        throw new ModelError(
          `The model gives ${data?.length ?? 'no'} values for "${name}", its card says ${size}; copy the model folder again.`,
        );
      }
    }
    for (const name of Object.keys(part.states)) part.states[name] = results[`next.${name}`];
    return results;
  }

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
