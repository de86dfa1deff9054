// Video frames in, strikes out: a calibration's strips, a model's steps, and the picking of strikes in one stream.
import { ModelError } from '../errors.js';
import type { Kernels } from '../kernels/module.js';
import type { FrameFormat } from '../kernels/pixel-format.js';
import { Rectifier } from '../kernels/rectifier.js';
import type { Calibration, Strike } from '../types.js';
import type { ModelCard, OnsetHead } from './card.js';
import { FrameClock } from './frame-clock.js';
import type { Session } from './onnx-runtime.js';
import { StrikePicker } from './pick.js';
import { RowStream } from './row-stream.js';
import { modelViews, viewImage, type ViewImage } from './views.js';

/** How a predictor listens. */
export interface PredictorOptions {
  /** What frames look like. Default: a luma plane (`gray8`, full range) of the calibration's size. Other sizes are scaled to it. */
  readonly frame?: FrameFormat;
  /** Frames per second of the source, where known; otherwise found from the first frames' times. */
  readonly fps?: number;
  /** Name of the onset output to listen to. Default: the card's first, the surest; others answer earlier. */
  readonly head?: string;
  /** Probability a strike needs, 0..1. Default: what the card says. */
  readonly threshold?: number;
}

/**
 * One picture of a video: `luma` and `pixels` are two names of the same thing, the bytes that {@link PredictorOptions} describes;
 * `write` puts those bytes where they are needed, in wasm memory, and saves a copy. It may take its time.
 */
export type PredictorFrame = {
  /** Presentation time, s; increasing. */
  readonly time: number;
} & (
  | { readonly luma: Uint8Array }
  | { readonly pixels: Uint8Array | Uint8ClampedArray }
  | { readonly write: (input: Uint8Array<ArrayBuffer>) => unknown }
);

interface Row {
  readonly image: ViewImage;
  readonly stream: RowStream;
  readonly picker: StrikePicker;
}

/**
 * Hears strikes in video, frame by frame. Made by a model's `createPredictor`; any number share one model.
 *
 * Any frame rate goes in, constant or not: see {@link FrameClock} for how frames are taken from a source whose rate the model was
 * not trained at. Strikes are in the seconds of the frames' own times.
 */
export class Predictor {
  /** Frames, at the rate the model sees, from a contact to its strike. */
  readonly latency: number;
  readonly #head: OnsetHead;
  readonly #rectifier: Rectifier;
  readonly #rows: readonly Row[];
  readonly #clock: FrameClock;
  readonly #nominal: number;
  // Time of the last frame that came, and of the last one the model saw.
  #last = -Infinity;
  #fed = -Infinity;
  #busy = false;

  /**
   * @throws {TypeError | RangeError} for a calibration, a frame format, a rate or a threshold that cannot be, and for a head that the
   * model has not.
   */
  constructor(
    kernels: Kernels,
    session: Session,
    card: ModelCard,
    calibration: Calibration,
    options: PredictorOptions = {},
  ) {
    const { input, onsets, outputs } = card;
    const { head: name, fps } = options;
    const head = name === undefined ? onsets[0] : onsets.find(({ output }) => output === name);
    if (!head) {
      const names = onsets.map(({ output }) => output).join(', ');
      throw new RangeError(`head: expected ${names}, got ${name}.`);
    }
    if (fps !== undefined && !(fps > 0 && fps <= 1000)) {
      throw new RangeError(`fps: expected frames per second above 0 and up to 1000, got ${fps}.`);
    }
    const { width, height } = calibration;
    const { frame = { width, height, format: 'gray8' } } = options;
    const { latency, threshold } = head;
    const views = modelViews(input, calibration);
    const rectifier = new Rectifier(kernels, frame, { warps: views.map(({ warp }) => warp) });
    const more = ['velocity', ...(head.timing === 'offset' ? ['offset'] : [])];
    const wanted = [head.output, ...more.filter((name) => outputs.includes(name))];
    this.#rows = views.map(({ midi: notes }, i) => ({
      image: viewImage(rectifier.views[i], input.channels),
      stream: new RowStream(session, card, notes.length, wanted),
      picker: new StrikePicker(
        notes.map((midi) => ({ midi })),
        { latency, threshold: options.threshold ?? threshold },
      ),
    }));
    this.#head = head;
    this.latency = this.#rows[0].picker.latency;
    this.#rectifier = rectifier;
    this.#clock = new FrameClock(card.fps, fps);
    this.#nominal = 1 / (fps ?? card.fps[0]);
  }

  /** Forgets all that has been seen, as after a cut or a seek: the next frame is the first. */
  reset(): void {
    if (this.#busy) throw new ModelError('A predictor takes one frame at a time; await the last one before reset().');
    this.#last = -Infinity;
    this.#fed = -Infinity;
    this.#clock.reset();
    this.#rectifier.reset();
    for (const { image, stream, picker } of this.#rows) {
      image.reset();
      stream.reset();
      picker.reset();
    }
  }

  /**
   * Takes one frame and returns the strikes it proves, by time. The bytes are copied before this returns a promise.
   * @throws {RangeError} when time does not increase, or the bytes are not as many as the format needs.
   * @throws {ModelError} while another frame is being computed, after dispose(), or when the device fails.
   */
  async push(frame: PredictorFrame): Promise<Strike[]> {
    const { time } = frame;
    if (!Number.isFinite(time) || !(time > this.#last)) {
      throw new RangeError(
        this.#last === -Infinity ? `expected a time in seconds, got ${time}` : `expected a time after ${this.#last} s, got ${time} s`,
      ); // prettier-ignore
    }
    const write = 'write' in frame ? frame.write : undefined;
    const bytes = 'luma' in frame ? frame.luma : 'pixels' in frame ? frame.pixels : this.#rectifier.input;
    if (!(bytes instanceof Uint8Array || bytes instanceof Uint8ClampedArray) || bytes.length < this.#rectifier.frame.bytesRead) {
      throw new RangeError(`expected a frame of ${this.#rectifier.frame.bytes} bytes, got ${bytes.length}`);
    } // prettier-ignore
    return this.#alone(async () => {
      const { before, now } = this.#clock.arrive(time);
      this.#last = time;
      const strikes: Strike[] = [];
      // The rectifier still holds the frame before.
      for (const earlier of before) strikes.push(...(await this.#step(earlier)));
      if (write) await write(this.#rectifier.input);
      else this.#rectifier.input.set(bytes.subarray(0, this.#rectifier.input.length));
      if (now) strikes.push(...(await this.#step(time)));
      return strikes;
    });
  }

  /** The strikes that only a further frame would prove; once, at the end of a clip. */
  async flush(): Promise<Strike[]> {
    return this.#alone(() => Promise.resolve(this.#rows.flatMap(({ picker }) => picker.flush()).sort(byTime)));
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy) throw new ModelError('A predictor takes one frame at a time; await the last one first.');
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#busy = false;
    }
  }

  /** The frame in the rectifier goes through the model. */
  async #step(time: number): Promise<Strike[]> {
    this.#rectifier.run(this.#fed === -Infinity ? this.#nominal : time - this.#fed);
    this.#fed = time;
    const found = await Promise.all(
      this.#rows.map(async ({ image, stream, picker }) => {
        image.advance();
        const answers = await stream.step(image.data);
        const onset = Float32Array.from(answers[this.#head.output].data, (logit) => 1 / (1 + Math.exp(-logit)));
        const velocity = 'velocity' in answers ? answers.velocity.data : undefined;
        const offset = 'offset' in answers ? answers.offset.data : undefined;
        return picker.push({ time, onset, ...(velocity ? { velocity } : {}), ...(offset ? { offset } : {}) });
      }),
    );
    return found.flat().sort(byTime);
  }
}

const byTime = (a: Strike, b: Strike): number => a.time - b.time || a.midi - b.midi;
