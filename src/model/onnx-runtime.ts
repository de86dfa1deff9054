// The little of onnxruntime that models and training need, so that Node and the browser hand in whichever build they have.
import { ModelError } from '../errors.js';

/** Elements and their shape; scalars have shape []. */
export interface Tensor {
  readonly data: Float32Array | Float64Array;
  readonly shape: readonly number[];
}

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A graph that is ready to run. */
export interface Session {
  /**
   * Runs the graph. The results are the caller's; feeds are only read. `fetch` names the wanted outputs, all by default;
   * `signal` is minded by sessions that have a line before them.
   */
  run(feeds: Tensors, fetch?: readonly string[], signal?: AbortSignal): Promise<Tensors>;
  /** Throws a `ModelError` when no more work should be begun; sessions without a line before them have none. */
  admit?(): void;
  /** Frees the graph. */
  release(): Promise<void>;
  /** Resolves, with how, when the device the graph lies on is gone, on those that can go. Runs then fail with `DeviceLostError`. */
  readonly lost?: Promise<string>;
}

/** Makes sessions from the bytes of ONNX models. */
export type Runtime = (model: Uint8Array) => Promise<Session>;

interface OrtTensor {
  readonly data: unknown;
  readonly dims: readonly number[];
}

/** What `import('onnxruntime-node')` or `import('onnxruntime-web')` gives, as far as it matters here. */
export interface OrtModule {
  readonly Tensor: new (
    type: 'float32' | 'float64',
    data: Float32Array | Float64Array,
    dims: readonly number[],
  ) => unknown;
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<unknown>;
  };
}

interface OrtSession {
  readonly outputNames: readonly string[];
  run(feeds: Record<string, unknown>, fetches: readonly string[]): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

/**
 * A runtime from an onnxruntime module and its session options. One thread by default: results are then the same from
 * run to run, and two trainings side by side use two cores better than one training with two threads.
 */
export function onnxRuntime(ort: OrtModule, options: object = {}): Runtime {
  return async (model) => {
    const settings = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3, ...options };
    const session = (await ort.InferenceSession.create(model, settings).catch((cause: unknown) => {
      throw cause instanceof Error && /protobuf parsing failed/i.test(cause.message)
        ? new ModelError('The ONNX file is cut short or damaged; copy it again.', { cause })
        : cause;
    })) as OrtSession;
    return {
      async run(feeds, fetch = session.outputNames) {
        const tensors = Object.fromEntries(
          Object.entries(feeds).map(([name, { data, shape }]) => {
            const type = data instanceof Float64Array ? 'float64' : 'float32';
            return [name, new ort.Tensor(type, data, shape)];
          }),
        );
        const results = await session.run(tensors, fetch);
        return Object.fromEntries(
          Object.entries(results).map(([name, { data, dims }]) => [
            name,
            { data: data as Float32Array | Float64Array, shape: dims },
          ]),
        );
      },
      release: () => session.release(),
    };
  };
}
