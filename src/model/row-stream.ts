// One row of bars through a model, step by step, and what the model remembers of it.
import { ModelError } from '../errors.js';
import type { ModelCard } from './card.js';
import type { Session, Tensor, Tensors } from './onnx-runtime.js';

const zeros = (shape: readonly number[]): Tensor => ({
  data: new Float32Array(shape.reduce((product, size) => product * size, 1)),
  shape,
});

/** The model's state for one row of bars. Many may share a session. */
export class RowStream {
  readonly #session: Session;
  readonly #card: ModelCard;
  readonly #bars: number;
  readonly #image: readonly number[];
  readonly #fetch: readonly string[];
  #states: Record<string, Tensor> = {};

  /**
   * @param bars number of bars in the row.
   * @param outputs names of the outputs that are wanted.
   */
  constructor(session: Session, card: ModelCard, bars: number, outputs: readonly string[]) {
    const { input, states } = card;
    const [channels, height, width] = input.shape;
    this.#session = session;
    this.#card = card;
    this.#bars = bars;
    // The strip of a row has a cell without a bar at either end.
    this.#image = [1, channels, height, input.cellWidth === undefined ? width : input.cellWidth * (bars + 2)];
    this.#fetch = [...outputs, ...states.map(({ name }) => `next.${name}`)];
    this.reset();
  }

  /** Back to zeros, as before the first frame. */
  reset(): void {
    this.#states = Object.fromEntries(
      this.#card.states.map(({ name, shape }) => [
        name,
        zeros(shape.map((size) => (size === 'bars' ? this.#bars : size))),
      ]),
    );
  }

  /**
   * Takes one image, [channels x height x width], and returns the wanted outputs, [1 x bars] each.
   * @throws {ModelError} when the session fails, or gives something else than the card says.
   */
  async step(image: Float32Array): Promise<Tensors> {
    const feeds: Record<string, Tensor> = { [this.#card.input.name]: { data: image, shape: this.#image } };
    for (const [name, state] of Object.entries(this.#states)) feeds[`state.${name}`] = state;
    const results = await this.#session.run(feeds, this.#fetch);
    for (const name of this.#fetch) {
      const size = name.startsWith('next.') ? this.#states[name.slice(5)].data.length : this.#bars;
      const data = (results as Partial<Tensors>)[name]?.data;
      if (data?.length !== size) {
        throw new ModelError(
          `The model gives ${data?.length ?? 'no'} values for "${name}", its card says ${size}; copy the model folder again.`,
        );
      }
    }
    for (const name of Object.keys(this.#states)) this.#states[name] = results[`next.${name}`];
    return results;
  }

  /**
   * One step on an empty image, so that whatever a device compiles or refuses, it does now.
   * @throws {ModelError} as {@link RowStream.step}, and when the answer holds numbers that are none.
   */
  async warmUp(): Promise<void> {
    const results = await this.step(zeros(this.#image).data as Float32Array);
    this.reset();
    for (const [name, { data }] of Object.entries(results)) {
      if (!data.every(Number.isFinite)) {
        throw new ModelError(`The model answers "${name}" with values that are no numbers.`);
      }
    }
  }
}
