// Training, one step at a time: feeds batches to the training step and carries over all that has to be carried.
import { ModelError } from '../errors.js';
import { type Shape, sizeOf } from './graph.js';
import { initialWeights, portName, type Weights } from './network.js';
import { optimizerScalars } from './optimizer.js';
import { Random } from './random.js';
import type { Runtime, Session, Tensor, Tensors } from '../model/onnx-runtime.js';
import { decodeSafeTensors, encodeSafeTensors, type NamedTensor } from './safetensors.js';
import type { Schedule } from './schedule.js';
import {
  buildTrainingStep,
  pack,
  type TrainingStep,
  type TrainingStepOptions,
  unpack,
  type VectorLayout,
} from './training-step.js';

/** One step's worth of data. */
export interface Batch {
  /**
   * By name, row-major: the input (`image` or `features`) [batch x frames x ...], and `target.OUTPUT` and `mask.OUTPUT`
   * [batch x frames x notes] for every loss. The arrays are only read, until `trainStep` resolves.
   */
  readonly data: Readonly<Record<string, Float32Array>>;
  /** Which sequences go on where those of the previous batch ended; the others begin without memory. None by default. */
  readonly continues?: readonly boolean[];
  /** How to make this batch again: seeds, file names. It is named if training stops here. */
  readonly origin?: string;
}

/**
 * Where batches come from. The same `firstStep` gives the same batches, so that a resumed training sees what an
 * uninterrupted one would have seen; the first step is 1.
 */
export type BatchSource = (firstStep: number) => AsyncIterable<Batch>;

/** What a trainer is made of. */
export interface TrainerOptions extends Omit<TrainingStepOptions, 'average'> {
  readonly runtime: Runtime;
  /** Learning rate of each step. */
  readonly schedule: Schedule;
  /** Seed of the first weights and of dropout. */
  readonly seed: number;
  /** Standard deviation of all first matrices and kernels; by default each layer knows its own. */
  readonly weightScale?: number;
  /** Weights to start from instead, such as a shipped model's. */
  readonly weights?: Weights;
  /** Decay of the moving average of the weights, reached gradually; 0 (no averaging) by default. */
  readonly averageDecay?: number;
}

/** What one step tells. */
export interface StepReport {
  /** Number of this step, from 1. */
  readonly step: number;
  /** Total loss before the step. */
  readonly loss: number;
  /** Each term before its weight, by output. */
  readonly losses: Readonly<Record<string, number>>;
  /** Euclidean norm of the gradient before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
}

const FORMAT = 'deep-marimba/checkpoint@1';

/** Trains one network. Steps must not overlap. */
export class Trainer {
  /** Number of steps done. */
  step = 0;
  /** Where the last checkpoint was written, if it was; named when training stops. */
  lastCheckpoint: string | undefined;
  readonly #options: TrainerOptions;
  readonly #graph: TrainingStep;
  readonly #session: Session;
  readonly #random: Random;
  /** Vectors as long as the trained parameters that change with every step. */
  readonly #vectors: readonly string[];
  readonly #fetch: readonly string[];
  /** Everything that the next step is fed besides the batch. */
  readonly #carried: Record<string, Tensor> = {};
  #busy = false;

  private constructor(options: TrainerOptions, graph: TrainingStep, session: Session) {
    this.#options = options;
    this.#graph = graph;
    this.#session = session;
    this.#random = new Random(options.seed, 'dropout');
    this.#vectors = ['parameters', 'm', 'v', ...(options.averageDecay ? ['average'] : [])];
    this.#fetch = [
      'loss',
      'gradient.norm',
      ...options.losses.map(({ output }) => `loss.${output}`),
      ...this.#vectors.map((name) => `next.${name}`),
      ...graph.states.map(({ name }) => portName.nextState(name)),
      ...(graph.buffers.length > 0 ? ['next.buffers'] : []),
    ];
    const { seed, weightScale } = options;
    const weights = options.weights ?? initialWeights(options.architecture, seed, weightScale);
    const set = (name: string, layout: VectorLayout): void => {
      if (layout.length > 0) this.#carried[name] = { data: pack(layout, weights), shape: [layout.length] };
    };
    set('parameters', graph.trained);
    if (options.averageDecay) set('average', graph.trained);
    set('frozen', graph.frozen);
    set('buffers', graph.buffers);
    for (const name of ['m', 'v']) this.#carried[name] = zeros([graph.trained.length]);
    for (const { name, shape } of graph.states) this.#carried[portName.state(name)] = zeros(shape);
  }

  /**
   * Emits the training step and starts the runtime on it.
   * @throws RangeError when the options do not fit together, or `weights` do not fit the architecture.
   */
  static async create(options: TrainerOptions): Promise<Trainer> {
    const graph = buildTrainingStep({ ...options, average: Boolean(options.averageDecay) });
    return new Trainer(options, graph, await options.runtime(graph.tape.encode(options.architecture.name)));
  }

  /** What `Batch.data` has to hold: names and shapes. */
  get data(): readonly { readonly name: string; readonly shape: Shape }[] {
    return this.#graph.data;
  }

  /**
   * One step of gradient descent.
   * @throws RangeError when the batch lacks an array or has one of another size.
   * @throws ModelError when the loss or its gradient is not finite; weights stay as they were before the step.
   */
  async trainStep(batch: Batch): Promise<StepReport> {
    if (this.#busy) throw new RangeError('expected one step at a time, got a second one before the first was done');
    this.#busy = true;
    try {
      return await this.#trainStep(batch);
    } finally {
      this.#busy = false;
    }
  }

  async #trainStep(batch: Batch): Promise<StepReport> {
    const { optimizer = {}, schedule, averageDecay = 0, losses } = this.#options;
    const step = this.step + 1;
    const learningRate = schedule(step);
    // The average follows at once in the beginning, when the first weights are not worth remembering.
    const keep = Math.min(averageDecay, step / (step + 9));
    const randomBefore = this.#random.state;
    const results = await this.#session.run(
      {
        ...this.#carried,
        ...this.#feedsOf(batch),
        ...this.#masks(),
        ...scalars({ ...optimizerScalars(optimizer, step, learningRate) }),
        ...(averageDecay > 0 ? scalars({ averageRate: 1 - keep }) : {}),
      },
      this.#fetch,
    );
    const number = (name: string): number => results[name].data[0];
    const [loss, gradientNorm] = [number('loss'), number('gradient.norm')];
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      this.#random.state = randomBefore;
      throw this.#notFinite(step, Number.isFinite(loss) ? 'gradient' : 'loss', batch.origin);
    }
    for (const [name, tensor] of Object.entries(results)) {
      if (name.startsWith('next.')) this.#carried[this.#carriedName(name.slice('next.'.length))] = tensor;
    }
    this.step = step;
    const terms = Object.fromEntries(losses.map(({ output }) => [output, number(`loss.${output}`)]));
    return { step, loss, losses: terms, gradientNorm, learningRate };
  }

  #carriedName(name: string): string {
    return name in this.#carried ? name : portName.state(name);
  }

  #notFinite(step: number, what: string, origin: string | undefined): ModelError {
    const from = origin === undefined ? '' : ` on batch ${origin}`;
    const checkpoint = this.lastCheckpoint ?? 'none yet';
    return new ModelError(
      `Training stopped at step ${step}${from}: the ${what} is not a finite number. Last good checkpoint: ${checkpoint}. ` +
        'A smaller learning rate or a limit on the gradient norm usually helps.',
      { facts: { step, origin, checkpoint: this.lastCheckpoint } },
    );
  }

  #feedsOf({ data, continues }: Batch): Tensors {
    const feeds: Record<string, Tensor> = {};
    for (const { name, shape } of this.#graph.data) {
      const array = data[name] as Float32Array | undefined;
      if (array?.length !== sizeOf(shape)) {
        throw new RangeError(
          `expected "${name}" of ${shape.join(' x ')} = ${sizeOf(shape)} numbers, got ${array?.length ?? 'none'}`,
        );
      }
      feeds[name] = { data: array, shape };
    }
    const { batch } = this.#options;
    if (continues && continues.length !== batch) {
      throw new RangeError(`expected ${batch} entries of "continues", got ${continues.length}`);
    }
    for (const { name, shape } of this.#graph.states) {
      const state = this.#carried[portName.state(name)].data.slice() as Float32Array;
      const size = state.length / batch;
      for (let k = 0; k < batch; k++) if (!continues?.[k]) state.fill(0, k * size, (k + 1) * size);
      feeds[portName.state(name)] = { data: state, shape };
    }
    return feeds;
  }

  #masks(): Tensors {
    const draw = ({ name, shape, keep }: TrainingStep['masks'][number]): [string, Tensor] => {
      const data = new Float32Array(sizeOf(shape));
      const limit = keep * 2 ** 32;
      for (let k = 0; k < data.length; k++) if (this.#random.word() < limit) data[k] = 1 / keep;
      return [name, { data, shape }];
    };
    return Object.fromEntries(this.#graph.masks.map(draw));
  }

  /** Weights by name, copies owned by the caller: the moving average where one is kept (the one to ship), or the latest. */
  weights(which: 'average' | 'latest' = 'average'): Weights {
    const vector = which === 'average' && this.#vectors.includes('average') ? 'average' : 'parameters';
    return new Map([
      ...this.#unpacked(vector, this.#graph.trained),
      ...this.#unpacked('frozen', this.#graph.frozen),
      ...this.#unpacked('buffers', this.#graph.buffers),
    ]);
  }

  #unpacked(name: string, layout: VectorLayout): [name: string, data: Float32Array][] {
    return layout.length > 0 ? unpack(layout, this.#carried[name].data as Float32Array) : [];
  }

  /**
   * Everything needed to go on bit for bit, as the bytes of a safetensors file: latest weights under their names, and
   * `average/`, `m/` and `v/` of each; buffers; recurrent states; the state of dropout's random numbers; the step.
   */
  checkpoint(): Uint8Array {
    const { trained, frozen, buffers, states } = this.#graph;
    const tensors = new Map<string, NamedTensor>();
    const put = (prefix: string, vector: string, layout: VectorLayout): void => {
      const arrays = this.#unpacked(vector, layout);
      arrays.forEach(([name, data], k) => tensors.set(prefix + name, { data, shape: layout.entries[k].shape }));
    };
    put('', 'parameters', trained);
    put('', 'frozen', frozen);
    put('', 'buffers', buffers);
    for (const vector of this.#vectors.slice(1)) put(`${vector}/`, vector, trained);
    for (const { name, shape } of states) {
      const key = portName.state(name);
      tensors.set(key, { data: this.#carried[key].data as Float32Array, shape });
    }
    tensors.set('random', { data: this.#random.state, shape: [4] });
    const { name, options } = this.#options.architecture;
    return encodeSafeTensors({
      tensors,
      metadata: { format: FORMAT, step: String(this.step), architecture: name, options: JSON.stringify(options) },
    });
  }

  /**
   * Goes on from a checkpoint of a trainer with the same options.
   * @throws ModelError when the bytes are no checkpoint, or one of another architecture.
   */
  restore(bytes: Uint8Array): void {
    const { name, options } = this.#options.architecture;
    try {
      const { tensors, metadata } = decodeSafeTensors(bytes);
      if (metadata.format !== FORMAT) throw new RangeError(`expected format ${FORMAT}, got ${metadata.format}`);
      if (metadata.architecture !== name || metadata.options !== JSON.stringify(options)) {
        throw new RangeError(`expected a checkpoint of ${name} with the same options, got ${metadata.architecture}`);
      }
      const floats = new Map(
        [...tensors].flatMap(([key, { data }]) => (data instanceof Float32Array ? [[key, data]] : [])),
      );
      const carried: Record<string, Tensor> = {};
      const take = (prefix: string, vector: string, layout: VectorLayout): void => {
        if (layout.length === 0) return;
        const named = new Map(layout.entries.map((entry) => [entry.name, floats.get(prefix + entry.name)!]));
        carried[vector] = { data: pack(layout, named), shape: [layout.length] };
      };
      const { trained, frozen, buffers, states } = this.#graph;
      take('', 'parameters', trained);
      take('', 'frozen', frozen);
      take('', 'buffers', buffers);
      for (const vector of this.#vectors.slice(1)) take(`${vector}/`, vector, trained);
      for (const { name: state, shape } of states) {
        const key = portName.state(state);
        const data = floats.get(key);
        if (data?.length !== sizeOf(shape)) throw new RangeError(`expected "${key}" of ${shape.join(' x ')} numbers`);
        carried[key] = { data, shape };
      }
      const random = tensors.get('random');
      const step = Number(metadata.step);
      if (!random || !Number.isSafeInteger(step)) throw new RangeError('expected the step and the random state');
      this.#random.state = random.data;
      this.step = step;
      Object.assign(this.#carried, carried);
    } catch (cause) {
      throw new ModelError(`The checkpoint cannot be used: ${(cause as Error).message}.`, { cause });
    }
  }

  /** Frees the runtime's memory. */
  release(): Promise<void> {
    return this.#session.release();
  }
}

const zeros = (shape: Shape): Tensor => ({ data: new Float32Array(sizeOf(shape)), shape });
const scalars = (values: Readonly<Record<string, number>>): Tensors =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { data: Float32Array.of(value), shape: [] }]),
  );
