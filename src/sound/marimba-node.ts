// The marimba as a node of the Web Audio graph: strikes and amplitudes in, sound on the audio thread.
import { UnsupportedError } from '../errors.js';
import { loadKernels, type Kernels } from '../kernels/module.js';
import { makeRoom } from '../kernels/room.js';
import { GT18, type NoteSet } from '../notes.js';
import type { NoteAmplitudes, Strike } from '../types.js';
import { workletSource } from './generated/worklet.js';
import type { ExemplarBank } from './exemplar-bank.js';
import { resampleExemplars } from './exemplar-voice.js';
import type { Tuning } from './marimba-bars.js';
import {
  processorName,
  type FromProcessor,
  type MarimbaProcessorOptions,
  type ToProcessor,
} from './marimba-messages.js';
import { pickStrikes } from './pick-strikes.js';
import { neededExemplars, type VoiceName } from './voices.js';

/** What a {@link MarimbaNode} is made of. */
export interface MarimbaNodeOptions {
  /** Default `modal`. */
  readonly voice?: VoiceName;
  /** The bars that can be played. Default {@link GT18}. */
  readonly notes?: NoteSet;
  /** Where overtones lie. Default: `gt` for the modal voice, none for the additive one. */
  readonly tuning?: Tuning;
  /** The recordings of the exemplar voice, from `readExemplars()`. */
  readonly exemplars?: ExemplarBank;
  /** Frequency of A4, Hz, 400 to 480. Default 440. */
  readonly a4?: number;
  /** Compiled kernels, if they are there already. Default: {@link loadKernels}. */
  readonly kernels?: Kernels;
  /**
   * Where `deep-marimba/worklet` is served from, for pages whose Content-Security-Policy forbids `blob:` scripts.
   * Default: the module inlined in this package.
   */
  readonly workletUrl?: string | URL;
  /** Told, in a sentence, what went wrong on the audio thread; it then goes on, or falls silent. */
  readonly onProblem?: (message: string) => void;
}

/** How a {@link MarimbaNode} is doing. */
export interface MarimbaNodeStatus {
  /** Samples rendered. */
  readonly rendered: number;
  /**
   * Times the sound broke off because a block came more than 0.1 s late, or the context's clock skipped. Breaks over a
   * second are taken for a suspended context and not counted.
   */
  readonly underruns: number;
}

/** A marimba on the audio thread, made by {@link createMarimbaNode}. */
export class MarimbaNode {
  /** Connect this: one mono output, no input. */
  readonly output: AudioWorkletNode;

  readonly #places: ReadonlyMap<number, number>;
  readonly #voice: VoiceName;
  readonly #onProblem: (message: string) => void;
  readonly #ready: Promise<void>;
  readonly #closed: Promise<void>;
  // To nowhere, while it is being closed.
  #way: GainNode | undefined;
  readonly #questions: ((status: MarimbaNodeStatus) => void)[] = [];

  /** @internal */
  constructor(context: BaseAudioContext, kernels: Kernels, options: MarimbaNodeOptions) {
    const { voice = 'modal', notes = GT18, tuning, a4 = 440, onProblem = () => undefined } = options;
    if (!(a4 >= 400 && a4 <= 480)) throw new RangeError(`a4: expected 400..480 Hz, got ${a4}.`);
    const midi = notes.map((note) => note.midi);
    const live = typeof AudioContext === 'function' && context instanceof AudioContext;
    // Resampled here, for the audio thread must not wait for it.
    const exemplars =
      voice === 'exemplar' ? resampleExemplars(neededExemplars(options), context.sampleRate) : undefined;
    const processorOptions: MarimbaProcessorOptions = { kernels, voice, midi, tuning, exemplars, a4, live };
    this.#places = new Map(midi.map((number, place) => [number, place]));
    this.#voice = voice;
    this.#onProblem = onProblem;
    this.output = new AudioWorkletNode(context, processorName, {
      numberOfInputs: 0,
      outputChannelCount: [1],
      processorOptions,
    });
    let opened = false;
    let letGo: () => void;
    this.#closed = new Promise((resolve) => {
      letGo = resolve;
    });
    this.#ready = new Promise((resolve, reject) => {
      this.output.onprocessorerror = () => {
        const message = 'The marimba could not start on the audio thread.';
        if (opened) onProblem(message);
        else reject(new UnsupportedError(message));
      };
      this.output.port.onmessage = ({ data }: MessageEvent<FromProcessor>) => {
        if (data.type === 'ready') {
          opened = true;
          resolve();
        } else if (data.type === 'problem') this.#onProblem(data.message);
        else if (data.type === 'closed') {
          this.#way?.disconnect();
          this.output.disconnect();
          letGo();
        } else this.#questions.shift()?.({ rendered: data.rendered, underruns: data.underruns });
      };
    });
  }

  /** @internal Resolves once the audio thread has opened the voice. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  /**
   * Strikes a bar. `time` is seconds on the context's clock, exact to the sample; a time that has passed means now.
   * @throws {RangeError} for a note that is not in the node's set, or a time or velocity out of range.
   */
  strike(strike: Strike): void {
    this.play([strike], 0);
  }

  /**
   * Plays strikes or amplitudes, any number, their second 0 lying at `at` on the context's clock. Strikes add to what
   * sounds. The additive voice takes rows of amplitudes in order of time: what is not later than rows it has already is
   * left out, so live rows may come in portions. The other voices read amplitudes as strikes ({@link pickStrikes}), each
   * portion on its own. Amplitudes need the node's notes, in its order.
   * @param at seconds. Default: now.
   * @throws {RangeError} for a note that is not in the node's set, or a time or velocity out of range.
   */
  play(input: NoteAmplitudes | readonly Strike[], at: number = this.output.context.currentTime): void {
    if (!Number.isFinite(at)) throw new RangeError(`at: expected seconds, got ${at}.`);
    if ('frames' in input) {
      const { data, frames, notes, fps } = input;
      if (notes.length !== this.#places.size || notes.some(({ midi }, place) => this.#places.get(midi) !== place)) {
        throw new RangeError(`Amplitudes: expected the node's ${this.#places.size} notes, got ${notes.length} others.`);
      }
      if (data.length !== frames * notes.length) {
        throw new RangeError(`Amplitudes: expected ${frames} x ${notes.length} values, got ${data.length}.`);
      }
      if (this.#voice === 'additive') {
        const step = fps.den / fps.num;
        this.#post({ type: 'amplitudes', data: data.slice(), time: at + 1.5 * step, step });
        return;
      }
      this.play(pickStrikes(input), at);
      return;
    }
    const strikes = new Float64Array(3 * input.length);
    input.forEach(({ time, midi, velocity }, i) => {
      const place = this.#places.get(midi);
      if (place === undefined) throw new RangeError(`midi: expected a note of the node's set, got ${midi}.`);
      if (!Number.isFinite(time)) throw new RangeError(`time: expected seconds, got ${time}.`);
      if (!(velocity >= 0 && velocity <= 1)) throw new RangeError(`velocity: expected 0..1, got ${velocity}.`);
      strikes.set([at + time, place, velocity], 3 * i);
    });
    this.#post({ type: 'strikes', strikes });
  }

  /**
   * Takes strikes from another thread, past the page's, however busy that is: the port's other end goes to a worker, which posts
   * Float64Arrays of three numbers per strike, MIDI number, velocity and when, in ms of `Date.now()`; a time that has passed
   * means at once. Each is answered with a Float64Array of when its strikes leave the audio thread, on the same clock; NaN for
   * those that cannot sound: a note that is not in the node's set, or a context that does not run, for it forgets what is late.
   */
  receive(port: MessagePort): void {
    this.output.port.postMessage({ type: 'receive', port } satisfies ToProcessor, [port]);
  }

  /** Fades out within 10 ms and forgets everything that was still to come. */
  silence(): void {
    this.#post({ type: 'silence' });
  }

  /**
   * Disconnects it for good and frees what it holds on the audio thread. Resolves when it has been let go there, which a suspended
   * context does when it goes on. Twice does no harm.
   */
  close(): Promise<void> {
    const { context } = this.output;
    this.output.disconnect();
    // A processor is only asked whether it is done while its node leads somewhere.
    this.#way ??= new GainNode(context, { gain: 0 });
    this.output.connect(this.#way).connect(context.destination);
    this.#post({ type: 'close' });
    return this.#closed;
  }

  /**
   * Has the audio thread collect the memories of voices that were closed, see {@link makeRoom}: when there is no room for others.
   * The sound breaks off for a moment.
   */
  makeRoom(): void {
    this.#post({ type: 'make room' });
  }

  /**
   * How the audio thread is doing. The answer comes after everything sent before has arrived: await it before an offline
   * context starts to render. A context or a node that has been closed does not answer.
   */
  status(): Promise<MarimbaNodeStatus> {
    return new Promise((resolve) => {
      this.#questions.push(resolve);
      this.#post({ type: 'status' });
    });
  }

  #post(message: ToProcessor): void {
    this.output.port.postMessage(message);
  }
}

const loaded = new WeakMap<BaseAudioContext, Promise<void>>();

/** Loads the audio thread's module into a context, once. */
function loadModule(context: BaseAudioContext, workletUrl: string | URL | undefined): Promise<void> {
  const known = loaded.get(context);
  if (known) return known;
  const url = workletUrl ?? URL.createObjectURL(new Blob([workletSource], { type: 'text/javascript' }));
  const loading = context.audioWorklet.addModule(url).catch((cause: unknown) => {
    loaded.delete(context);
    throw new UnsupportedError(
      workletUrl === undefined
        ? "The audio thread refused the package's module; where a Content-Security-Policy forbids blob:, give workletUrl."
        : `The audio thread could not load ${String(workletUrl)}; check the address.`,
      { cause },
    );
  });
  loaded.set(context, loading);
  if (workletUrl === undefined)
    void loading
      .catch(() => undefined)
      .then(() => {
        URL.revokeObjectURL(String(url));
      });
  return loading;
}

/**
 * Makes a marimba that plays on the audio thread of a context. Messages may be sent before the context runs; they wait.
 * @throws {RangeError} when an option is out of range.
 * @throws {UnsupportedError} without AudioWorklet (only secure pages have it) or WebAssembly SIMD, or when the module
 * cannot be loaded.
 */
export async function createMarimbaNode(
  context: BaseAudioContext,
  options: MarimbaNodeOptions = {},
): Promise<MarimbaNode> {
  if (!('audioWorklet' in context)) {
    throw new UnsupportedError('AudioWorklet is not available here; serve the page over HTTPS or from localhost.');
  }
  const [kernels] = await Promise.all([options.kernels ?? loadKernels(), loadModule(context, options.workletUrl)]);
  const open = async (): Promise<MarimbaNode> => {
    const node = new MarimbaNode(context, kernels, options);
    await node.ready;
    return node;
  };
  try {
    return await open();
  } catch (error) {
    // What went wrong there is not told here; that there was no room for its memory can be helped.
    if (!(error instanceof UnsupportedError)) throw error;
    makeRoom();
    return open();
  }
}
