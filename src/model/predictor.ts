// Video frames in, strikes out: a calibration's strips, a model's steps, and the picking of strikes in one stream.
import { ModelError } from '../errors.js';
import type { Kernels } from '../kernels/module.js';
import type { FrameFormat } from '../kernels/pixel-format.js';
import { Rectifier, type RectifierState } from '../kernels/rectifier.js';
import type { Calibration, Strike } from '../types.js';
import type { ModelCard, OnsetHead } from './card.js';
import { FrameClock, type FrameClockState } from './frame-clock.js';
import { AmplitudeTrack, type AmplitudeTrackState, type FrameAmplitudes } from './amplitude-track.js';
import type { Session, Tensors } from './onnx-runtime.js';
import { StrikePicker, type StrikePickerState } from './pick.js';
import { RowStream, type RowStreamState } from './row-stream.js';
import { modelViews, refuseOtherInstrument, viewImage, type ViewImage, type ViewImageState } from './views.js';

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
  /**
   * Told how strongly each of `notes` sounds at the end of every frame that the model saw, `amplitudeLatency` frames after it: what
   * the model says itself where it has an output `amplitude`, else what its strikes leave behind (see {@link AmplitudeTrack}).
   */
  readonly onAmplitudes?: (row: FrameAmplitudes) => void;
  /**
   * Let frames gather, as many as the model takes at once, where it has a graph for that: the same answers at less cost, so many
   * frames later. For files. Default false.
   */
  readonly gather?: boolean;
}

/** What pushing a frame may be told. */
export interface PushOptions {
  /**
   * Takes the frame back while it waits for its turn: the promise is rejected with the signal's reason, and to the predictor the
   * frame is one that was dropped. A step that has begun is ended, and its strikes are given.
   */
  readonly signal?: AbortSignal;
}

/** All that a predictor remembers, as plain data that can be cloned and sent, but means nothing to anybody else. */
export interface PredictorState {
  readonly format: 'deep-marimba/predictor@1';
  /** Whose it is: the model's hash, head, notes and frame format. */
  readonly of: string;
  readonly last: number;
  readonly fed: number;
  readonly found: readonly Strike[];
  readonly clock: FrameClockState;
  readonly rectifier: RectifierState;
  readonly track: AmplitudeTrackState | undefined;
  /** Times of the frames that have been gathered, s. */
  readonly times: readonly number[];
  readonly rows: readonly {
    readonly image: ViewImageState;
    readonly stream: RowStreamState;
    readonly picker: StrikePickerState;
    /** Images of those frames. */
    readonly gathered: Float32Array;
  }[];
}

/** The graph that takes several frames at once, opened when it is first needed. */
export interface BlockGraph {
  readonly frames: number;
  readonly open: () => Promise<Session>;
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
  readonly bars: number;
  /** [frames x channels x height x width]: images that wait for a block to be full. */
  readonly gathered: Float32Array;
}

/**
 * Hears strikes in video, frame by frame. Made by a model's `createPredictor`; any number share one model.
 *
 * Any frame rate goes in, constant or not: see {@link FrameClock} for how frames are taken from a source whose rate the model was
 * not trained at. Strikes are in the seconds of the frames' own times.
 */
export class Predictor {
  /** Frames, at the rate the model sees, from a contact to its strike; where frames gather, at most. */
  readonly latency: number;
  /** Frames from the one that amplitudes are of to the one they are told at; where frames gather, at most. */
  readonly amplitudeLatency: number;
  /** MIDI numbers that amplitudes are in the order of: rows nearest the player first, low to high in each. */
  readonly notes: readonly number[];
  readonly #session: Session;
  readonly #head: OnsetHead;
  readonly #rectifier: Rectifier;
  readonly #rows: readonly Row[];
  readonly #clock: FrameClock;
  readonly #nominal: number;
  readonly #blocks: BlockGraph | undefined;
  readonly #onAmplitudes: ((row: FrameAmplitudes) => void) | undefined;
  // Where the model does not say amplitudes itself, and somebody wants them.
  readonly #track: AmplitudeTrack | undefined;
  readonly #of: string;
  // Strikes that are known and have not been given yet, as after a step that failed in one row.
  #found: Strike[] = [];
  // Of the frames gathered.
  #times: number[] = [];
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
    blocks?: BlockGraph,
  ) {
    const { input, onsets, outputs } = card;
    const { head: name, fps, onAmplitudes, gather = false } = options;
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
    if (input.geometry !== 'bars') refuseOtherInstrument(card, calibration);
    const rectifier = new Rectifier(kernels, frame, { warps: views.map(({ warp }) => warp) });
    const more = ['velocity', ...(head.timing === 'offset' ? ['offset'] : [])];
    // An onset head of that name tells strikes.
    const saysAmplitudes = outputs.includes('amplitude') && !onsets.some(({ output }) => output === 'amplitude');
    if (onAmplitudes && saysAmplitudes) more.push('amplitude');
    const wanted = [head.output, ...more.filter((name) => outputs.includes(name))];
    this.#blocks = gather ? blocks : undefined;
    const together = this.#blocks?.frames ?? 1;
    this.#rows = views.map(({ midi: notes }, i) => {
      const image = viewImage(rectifier.views[i], input.channels);
      return {
        image,
        stream: new RowStream(session, card, notes.length, wanted),
        picker: new StrikePicker(
          notes.map((midi) => ({ midi })),
          { latency, threshold: options.threshold ?? threshold },
        ),
        bars: notes.length,
        gathered: new Float32Array(this.#blocks ? together * image.data.length : 0),
      };
    });
    this.#session = session;
    this.#head = head;
    this.notes = views.flatMap(({ midi }) => midi);
    const known = this.#rows[0].picker.latency;
    this.latency = known + together - 1;
    this.amplitudeLatency = (saysAmplitudes ? 0 : Math.max(1, known)) + together - 1;
    this.#onAmplitudes = onAmplitudes;
    this.#track = onAmplitudes && !saysAmplitudes ? new AmplitudeTrack(this.notes, known) : undefined;
    const { bytes, format, range } = rectifier.frame;
    this.#of = JSON.stringify([
      card.files.onnx.sha256,
      head.output,
      this.notes,
      bytes,
      format,
      range,
      together,
      !!this.#track,
    ]);
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
    this.#track?.reset();
    this.#found = [];
    this.#times = [];
    for (const { image, stream, picker } of this.#rows) {
      image.reset();
      stream.reset();
      picker.reset();
    }
  }

  /**
   * All that has been seen, so that this predictor or another of the same model can go on from here, exactly: with the same
   * calibration, frame format, head and `gather`.
   * @throws {ModelError} while a frame is being computed.
   */
  snapshot(): PredictorState {
    if (this.#busy)
      throw new ModelError('A predictor takes one frame at a time; await the last one before snapshot().');
    return {
      format: 'deep-marimba/predictor@1',
      of: this.#of,
      last: this.#last,
      fed: this.#fed,
      found: structuredClone(this.#found),
      clock: this.#clock.snapshot(),
      rectifier: this.#rectifier.snapshot(),
      track: this.#track?.snapshot(),
      times: [...this.#times],
      rows: this.#rows.map(({ image, stream, picker, gathered }) => ({
        image: image.snapshot(),
        stream: stream.snapshot(),
        picker: picker.snapshot(),
        gathered: gathered.slice(0, this.#times.length * image.data.length),
      })),
    };
  }

  /**
   * Goes on exactly where the predictor was that the state is of.
   * @throws {RangeError} for a state of another model, calibration, frame format, head or way of gathering.
   * @throws {ModelError} while a frame is being computed.
   */
  restore(state: PredictorState): void {
    if (this.#busy) throw new ModelError('A predictor takes one frame at a time; await the last one before restore().');
    const { format, of } = state as Partial<PredictorState>;
    if (format !== 'deep-marimba/predictor@1')
      throw new RangeError(`expected what snapshot() returned, got ${typeof state}`);
    if (of !== this.#of) {
      throw new RangeError(
        'expected the state of a predictor with the same model, calibration, frame format and options, got that of another',
      );
    }
    this.#rectifier.restore(state.rectifier);
    this.#clock.restore(state.clock);
    if (state.track) this.#track?.restore(state.track);
    this.#rows.forEach(({ image, stream, picker, gathered }, i) => {
      const row = state.rows[i];
      image.restore(row.image);
      stream.restore(row.stream);
      picker.restore(row.picker);
      gathered.set(row.gathered);
    });
    this.#last = state.last;
    this.#fed = state.fed;
    this.#found = structuredClone([...state.found]);
    this.#times = [...state.times];
  }

  /**
   * Takes one frame and returns the strikes it proves, by time. The bytes are copied before this returns a promise. After
   * whatever it throws, the next frame may be pushed: one that was not computed counts as dropped, and one that was refused as if it
   * had not been pushed.
   * @throws {RangeError} when time does not increase, or the bytes are not as many as the format needs.
   * @throws {ModelError} while another frame is being computed, when too many steps wait for the model, after dispose(), or when
   * the device fails.
   * @throws {DeviceLostError} when the device is gone: the model has to be loaded again, and what `snapshot()` gives here goes on
   * in a predictor of that one.
   */
  async push(frame: PredictorFrame, { signal }: PushOptions = {}): Promise<Strike[]> {
    signal?.throwIfAborted();
    const { time } = frame;
    if (!Number.isFinite(time) || !(time > this.#last)) {
      throw new RangeError(
        this.#last === -Infinity ? `expected a time in seconds, got ${time}` : `expected a time after ${this.#last} s, got ${time} s`,
      ); // prettier-ignore
    }
    const write = 'write' in frame ? frame.write : undefined;
    const bytes = 'luma' in frame ? frame.luma : 'pixels' in frame ? frame.pixels : this.#rectifier.input;
    if (!(bytes instanceof Uint8Array || bytes instanceof Uint8ClampedArray) || bytes.length < this.#rectifier.frame.bytesRead) {
      const { bytes: wanted } = this.#rectifier.frame;
      const got = ArrayBuffer.isView(bytes) ? `${(bytes as Uint8Array).length} elements of a ${(bytes as Uint8Array)[Symbol.toStringTag]}` : typeof bytes;
      throw new RangeError(`expected a frame of ${wanted} bytes, values 0..255, got ${got}`);
    } // prettier-ignore
    return this.#alone(async () => {
      this.#session.admit?.();
      const { before, now } = this.#clock.arrive(time);
      this.#last = time;
      // The rectifier still holds the frame before.
      for (const earlier of before) await this.#see(earlier, signal);
      if (write) await write(this.#rectifier.input);
      else this.#rectifier.input.set(bytes.subarray(0, this.#rectifier.input.length));
      if (now) await this.#see(time, signal);
      return this.#given();
    });
  }

  /** The strikes that only further frames would prove; once, at the end of a clip. */
  async flush({ signal }: PushOptions = {}): Promise<Strike[]> {
    return this.#alone(async () => {
      // What has gathered is no whole block.
      const times = this.#times.splice(0);
      for (const [k, time] of times.entries()) {
        await this.#step([time], async ({ stream, gathered, image: { data } }) =>
          stream.step(gathered.slice(k * data.length, (k + 1) * data.length), signal),
        );
      }
      const last = this.#rows.flatMap(({ picker }) => picker.flush());
      if (this.#track) for (const row of this.#track.flush(last)) this.#onAmplitudes!(row);
      this.#found.push(...last);
      return this.#given();
    });
  }

  #given(): Strike[] {
    return this.#found.splice(0).sort(byTime);
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

  /** The frame in the rectifier goes through the model, at once or with others. */
  async #see(time: number, signal: AbortSignal | undefined): Promise<void> {
    this.#rectifier.run(this.#fed === -Infinity ? this.#nominal : time - this.#fed);
    this.#fed = time;
    for (const { image } of this.#rows) image.advance();
    const blocks = this.#blocks;
    if (!blocks) {
      await this.#step([time], async ({ stream, image }) => stream.step(image.data, signal));
      return;
    }
    for (const { image, gathered } of this.#rows) gathered.set(image.data, this.#times.length * image.data.length);
    this.#times.push(time);
    if (this.#times.length < blocks.frames) return;
    const times = this.#times.splice(0);
    const session = await blocks.open();
    await this.#step(times, async ({ stream, gathered }) => stream.block(session, gathered, times.length, signal));
  }

  /** All rows go through the model, and their answers, [times x bars], are listened to. */
  async #step(times: readonly number[], run: (row: Row) => Promise<Tensors>): Promise<void> {
    // Rows know nothing of each other: those that have an answer go on from there.
    const answers = await Promise.allSettled(this.#rows.map(run));
    const strikes: Strike[][] = times.map(() => []);
    const said = this.#onAmplitudes && !this.#track ? times.map(() => new Float32Array(this.notes.length)) : undefined;
    this.#rows.forEach(({ picker, bars }, i) => {
      const answer = answers[i];
      if (answer.status === 'rejected') return;
      const first = this.#rows.slice(0, i).reduce((sum, row) => sum + row.bars, 0);
      times.forEach((time, k) => {
        const [from, to] = [k * bars, (k + 1) * bars];
        const of = (name: string): Float32Array | undefined =>
          name in answer.value ? (answer.value[name].data as Float32Array).subarray(from, to) : undefined;
        const onset = of(this.#head.output)!.map((logit) => 1 / (1 + Math.exp(-logit)));
        const [velocity, offset] = [of('velocity'), of('offset')];
        strikes[k].push(...picker.push({ time, onset, ...(velocity ? { velocity } : {}), ...(offset ? { offset } : {}) }));
        said?.[k].set(of('amplitude')!, first);
      });
    });
    this.#found.push(...strikes.flat());
    const failed = answers.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
    if (failed) throw failed.reason;
    times.forEach((time, k) => {
      if (said) this.#onAmplitudes!({ time, amplitudes: said[k] });
      else if (this.#track) for (const row of this.#track.push(time, strikes[k])) this.#onAmplitudes!(row);
    });
  } // prettier-ignore
}

const byTime = (a: Strike, b: Strike): number => a.time - b.time || a.midi - b.midi;
