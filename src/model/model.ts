// A model that is open on the first device that works, whatever the host: what Node's and the browser's loadModel share.
import { ModelError } from '../errors.js';
import type { Kernels } from '../kernels/module.js';
import type { Calibration } from '../types.js';
import type { ModelCard } from './card.js';
import { type Device, oneLine, openOnDevice, type Provider, type Skipped } from './devices.js';
import type { OpenedModel } from './model-files.js';
import type { Session } from './onnx-runtime.js';
import { spliceWeights } from './onnx-splice.js';
import { type BlockGraph, Predictor, type PredictorOptions } from './predictor.js';
import { RowStream } from './row-stream.js';
import { type QueuedSession, queueSession } from './session-queue.js';

/** A model that is open on a device. */
export interface Model {
  /** All that is known of it. */
  readonly card: ModelCard;
  /** What it runs on. */
  readonly device: Device;
  /** Faster devices that `auto` passed over, and why. */
  readonly skipped: readonly Skipped[];
  /** Steps that wait for the device. */
  readonly queued: number;
  /** Resolves as soon as fewer steps wait than may: for those who push to many predictors at once. */
  ready(): Promise<void>;
  /**
   * Opens a stream of frames; any number may share the model.
   * @throws {ModelError | TypeError | RangeError} as {@link Predictor}'s constructor.
   */
  createPredictor(calibration: Calibration, options?: PredictorOptions): Predictor;
  /** Frees device and thread; predictors fail from then on. Twice does no harm. */
  dispose(): Promise<void>;
}

/** `half`: kernels rounded to half precision, half the bytes; `full`: every bit of training. Steps cost the same. */
export type Precision = 'half' | 'full';

/** What opening needs of the host. */
export interface OpenModelOptions {
  /** Devices of this host, fastest first. */
  readonly providers: readonly Provider[];
  readonly device: Device | 'auto';
  /** Which of the card's ONNX files: the one with rounded weights, or the one twice its size. */
  readonly precision: Precision | undefined;
  readonly signal: AbortSignal | undefined;
  /** Steps that may wait for the device, over all predictors. Default 64. */
  readonly queue: number | undefined;
  /** Opens a session; `read` gives the files the provider needs, verified, in its order. */
  readonly open: (provider: Provider, read: () => Promise<readonly Uint8Array<ArrayBuffer>[]>) => Promise<Session>;
}

/**
 * Opens the model on a device and tries one step there.
 * @throws {ModelError} when nothing here can run it; a RangeError for an unknown device; the signal's reason.
 */
export async function openModel(
  kernels: Kernels,
  { card, read }: OpenedModel,
  { providers, device: wanted, precision, signal, queue: limit = 64, open }: OpenModelOptions,
): Promise<Model> {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`queue: expected a whole number from 1, got ${limit}.`);
  // A file that is damaged or out of reach is no fault of any device.
  let broken: Error | undefined;
  const readFor = async (provider: Provider): Promise<Uint8Array<ArrayBuffer>[]> => {
    const files = provider.files.map((name) => (name === 'onnx' && precision === 'full' ? 'full' : name));
    const missing = files.find((name) => !Object.hasOwn(card.files, name));
    if (missing !== undefined) throw new ModelError(`${card.name} has no file for it: its card names no "${missing}".`);
    return Promise.all(files.map(read)).catch((error: unknown) => {
      // A file that was never handed in is missed by this device alone.
      if (error instanceof ModelError && 'absent' in error.facts) throw error;
      throw (broken = error instanceof Error ? error : new Error(String(error)));
    });
  };
  const openHere = async (provider: Provider): Promise<Session> => {
    signal?.throwIfAborted();
    if (broken) throw broken;
    const session = await untilAborted(
      open(provider, () => readFor(provider)),
      signal,
    );
    try {
      signal?.throwIfAborted();
      await new RowStream(session, card, nominalBars(card), card.outputs).warmUp().catch((cause: unknown) => {
        throw isOtherNetwork(cause)
          ? new ModelError(`Its file is not the network that its card describes; copy the model folder again (${oneLine(cause)}).`, { cause })
          : cause;
      });
      return session;
    } catch (error) {
      await session.release();
      throw error;
    }
  };
  const found = await openOnDevice(providers, wanted, card.name, openHere).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw broken ?? error;
  });
  const { device, skipped, opened: session } = found;
  const line = queueSession(session, limit);
  let disposed: Promise<void> | undefined;
  let block: Promise<QueuedSession> | undefined;
  const openBlock = async (): Promise<QueuedSession> => {
    const provider = providers.find((one) => one.device === device)!;
    const whole = async (): Promise<Uint8Array<ArrayBuffer>> =>
      spliceWeights(await read('block'), (await readFor(provider))[0]);
    return queueSession(await open(provider, async () => [await whole()]), limit);
  };
  const blocks: BlockGraph | undefined =
    card.block === undefined || device === 'tfjs'
      ? undefined
      : {
          frames: card.block,
          open: () => (disposed ? Promise.resolve(line) : (block ??= openBlock())),
        };
  return {
    card,
    device,
    skipped,
    get queued() {
      return line.queued;
    },
    ready: () => line.room(),
    createPredictor: (calibration, options) => new Predictor(kernels, line, card, calibration, options, blocks),
    dispose: () => {
      const rest = block?.then(
        (opened) => opened.release(),
        () => undefined,
      );
      return (disposed ??= Promise.all([line.release(), rest]).then(() => undefined));
    },
  };
} // prettier-ignore

/** Whether a runtime complains of what it was fed or asked for, which the card says. */
const isOtherNetwork = (error: unknown): boolean =>
  error instanceof Error &&
  /invalid (dimensions|rank|feed|input|output)|(missing|unknown) (input|output)/i.test(error.message);

/** Bars of the instrument a model's card has in mind. */
export function nominalBars({ input, notes }: ModelCard): number {
  return input.window ?? notes?.length ?? (input.cellWidth === undefined ? 1 : input.shape[2] / input.cellWidth - 2);
}

/** Does not wait for a session once it is no longer wanted; it is freed when it comes. */
async function untilAborted(opening: Promise<Session>, signal: AbortSignal | undefined): Promise<Session> {
  if (!signal) return opening;
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([opening, aborted]);
  } catch (error) {
    void opening.then(
      (session) => session.release(),
      () => undefined,
    );
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
