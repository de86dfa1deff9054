// A model, ready to hear strikes, on the best device there is. Node only.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { UnsupportedError } from '../errors.js';
import { loadKernels } from '../kernels/module.js';
import type { Calibration } from '../types.js';
import type { ModelCard } from './card.js';
import { checkDevice } from './device-check.js';
import { type Device, nodeProviders, openOnDevice, type Provider, type Skipped } from './devices.js';
import { type ModelBytes, openModelSource, type ReadModelOptions } from './model-source.js';
import type { Session } from './onnx-runtime.js';
import { Predictor, type PredictorOptions } from './predictor.js';
import { RowStream } from './row-stream.js';
import { openWorkerSession } from './worker-session.js';

/** How a model is loaded. */
export interface LoadModelOptions extends ReadModelOptions {
  /** `auto`, the default, takes the first that works; a named one never falls back. */
  readonly device?: Device | 'auto';
}

/** A model that is open on a device, in a thread of its own. */
export interface Model {
  /** All that is known of it. */
  readonly card: ModelCard;
  /** What it runs on. */
  readonly device: Device;
  /** Faster devices that `auto` passed over, and why. */
  readonly skipped: readonly Skipped[];
  /**
   * Opens a stream of frames; any number may share the model.
   * @throws {ModelError | TypeError | RangeError} as {@link Predictor}'s constructor.
   */
  createPredictor(calibration: Calibration, options?: PredictorOptions): Predictor;
  /** Frees device and thread; predictors fail from then on. Twice does no harm. */
  dispose(): Promise<void>;
}

async function open(provider: Provider, card: ModelCard, onnx: Uint8Array): Promise<Session> {
  let entry: string;
  try {
    // The thread's script has no place of its own to resolve packages from.
    entry = createRequire(import.meta.url).resolve(provider.runtime);
  } catch (cause) {
    throw new UnsupportedError(`${provider.runtime} is not installed; npm install ${provider.runtime}`, { cause });
  }
  await checkDevice(provider, entry);
  const module = pathToFileURL(entry).href;
  const options = { executionProviders: provider.executionProviders };
  const session = await openWorkerSession({ module, options, model: onnx });
  try {
    await new RowStream(session, card, nominalBars(card), card.outputs).warmUp();
    return session;
  } catch (error) {
    await session.release();
    throw error;
  }
}

function nominalBars({ input, notes }: ModelCard): number {
  return input.window ?? notes?.length ?? (input.cellWidth === undefined ? 1 : input.shape[2] / input.cellWidth - 2);
}

/**
 * Loads a model: reads its card, checks its bytes, opens it on a device and tries one step there.
 * @param source name of a shipped model, a folder, its http or file address, or bytes.
 * @throws {ModelError} when something is missing, damaged, of another version, or nothing here can run it.
 * @throws {RangeError} for an unknown device.
 * @throws {UnsupportedError} without WebAssembly SIMD.
 */
export async function loadModel(source: string | URL | ModelBytes, options: LoadModelOptions = {}): Promise<Model> {
  const { device: wanted = 'auto', signal } = options;
  const [kernels, { card, onnx }] = await Promise.all([loadKernels(), openModelSource(source, options)]);
  const {
    device,
    skipped,
    opened: session,
  } = await openOnDevice(nodeProviders, wanted, card.name, (provider) => {
    signal?.throwIfAborted();
    return open(provider, card, onnx);
  }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw error;
  });
  let disposed: Promise<void> | undefined;
  return {
    card,
    device,
    skipped,
    createPredictor: (calibration, predictorOptions) =>
      new Predictor(kernels, session, card, calibration, predictorOptions),
    dispose: () => (disposed ??= session.release()),
  };
}
