// Live listening: a moving picture in, strikes and their sound out, and how it goes. Whose worker fails gets another, see live-thread.ts.
import { lacksRoom } from '../kernels/room.js';
import type { Skipped } from '../model/devices.js';
import type { ModelBytes } from '../model/model-files.js';
import { parseCalibration } from '../video/calibration.js';
import { barStrips } from '../video/strip.js';
import { LiveAudio } from './live-audio.js';
import { feed, type Feed } from './live-feed.js';
import type { FromWatcher, WatchJob, WatchStats } from './live-messages.js';
import { WatchThread } from './live-thread.js';
import type {
  LiveDevice,
  LiveEar,
  LiveEvents,
  LiveOptions,
  LiveSettings,
  LiveSource,
  LiveState,
  LiveStats,
  LiveStrike,
} from './live-types.js';
import type { Calibration } from '../types.js';

/**
 * Listens to a moving picture. Resolves when the model is there and the first frame can be heard.
 *
 * Frames, rectifier and model live in a worker of their own, which sends strikes past the page to the audio thread; the page
 * only learns of them. There is never a queue of frames: one that comes while the last is in work waits, and a newer one takes
 * its place and is counted. A device that is lost is replaced by the next, a worker that fails or falls silent by a new one, a
 * context that is suspended is resumed; each is told as a `problem` that recovers.
 * @param source stays the caller's: it is neither opened nor stopped.
 * @throws {TypeError | RangeError} for a source, a calibration, a threshold or a level that cannot be.
 * @throws {ModelError | UnsupportedError} when model or device cannot be had; {@link VideoError} when the source has no picture.
 */
export async function listen(source: LiveSource, options: LiveOptions): Promise<LiveEar> {
  const ear = new Ear(source, options);
  try {
    await ear.begin(options.signal);
    // Its events are those that LiveEar names.
    return ear as unknown as LiveEar;
  } catch (error) {
    await ear.stop();
    throw error;
  }
}

const nothing: WatchStats = { fps: 0, frames: 0, dropped: 0, strikes: 0, capture: NaN, model: NaN, audio: NaN };

const checkShare = (name: string, value: number, open: boolean): void => {
  if (typeof value !== 'number' || !(open ? value > 0 && value < 1 : value >= 0 && value <= 1)) {
    throw new RangeError(`${name}: expected a number ${open ? 'between' : 'of'} 0${open ? ' and ' : '..'}1, got ${value}.`);
  }
}; // prettier-ignore

function checkSettings({ decision, threshold, level, voice }: Partial<LiveSettings>): void {
  if (decision !== undefined && !['now', 'sure'].includes(decision)) {
    throw new RangeError(`decision: expected now or sure, got ${decision as string}.`);
  }
  if (voice !== undefined && !['additive', 'modal', 'exemplar'].includes(voice)) {
    throw new RangeError(`voice: expected additive, modal or exemplar, got ${voice as string}.`);
  }
  if (threshold !== undefined) checkShare('threshold', threshold, true);
  if (level !== undefined) checkShare('level', level, false);
}

/** A calibration whose bars can be made strips of. */
function checkCalibration(calibration: unknown): Calibration {
  const checked = parseCalibration(calibration);
  barStrips(checked);
  return checked;
}

class Ear extends EventTarget implements Omit<LiveEar, 'addEventListener'> {
  readonly #options: LiveOptions;
  readonly #model: string | ModelBytes;
  readonly #assets: URL | undefined;
  readonly #audio: LiveAudio | undefined;
  readonly #thread: WatchThread;
  #settings: LiveSettings;
  #calibration: Calibration;
  #source: LiveSource;
  #feed: Feed | undefined;
  #state: LiveState = 'loading';
  #device: LiveDevice | undefined;
  #runtime: LiveStats['runtime'];
  #skipped: readonly Skipped[] = [];
  #decisions: LiveEar['decisions'];
  // Counts of workers before this one, and of this one.
  #before = nothing;
  #counts = nothing;
  #underruns = 0;
  #recoveries = 0;
  // Whether the first worker has opened its model, and frames are on their way.
  #begun = false;

  constructor(source: LiveSource, options: LiveOptions) {
    super();
    checkSettings(options);
    const { decision = 'now', voice = 'modal', level = 1, threshold, context, model = 'bar-lstm', assets } = options;
    const here = globalThis.location.href;
    this.#calibration = checkCalibration(options.calibration);
    this.#options = options;
    this.#source = source;
    this.#settings = { decision, voice, level, ...(threshold === undefined ? {} : { threshold }) };
    this.#assets = assets === undefined ? undefined : new URL(String(assets).replace(/\/?$/, '/'), here);
    // The worker has no address of its own to resolve others against.
    this.#model =
      typeof model === 'object' && 'onnx' in model ? model
      : typeof model === 'string' && !/[/:.]/.test(model) ? model
      : new URL(model, here).href; // prettier-ignore
    if (context) {
      this.#audio = new LiveAudio(context, {
        assets: this.#assets,
        workletUrl: options.workletUrl,
        onProblem: (message) => {
          this.#tell('problem', { message, recovers: true });
        },
      });
      this.#audio.level = level;
    }
    this.#thread = new WatchThread({
      workerUrl: options.workerUrl,
      job: () => this.#job(),
      receive: (message) => {
        this.#receive(message);
      },
      failed: (sentence) => {
        this.#recover(sentence);
      },
      restarted: (sentence) => {
        if (lacksRoom(sentence)) this.#audio?.makeRoom();
        this.#tune().catch((error: unknown) => {
          this.#tell('problem', { message: wordsOf(error), recovers: true, cause: error });
        });
      },
    });
  }

  get state(): LiveState {
    return this.#state;
  }

  get decisions(): LiveEar['decisions'] {
    return this.#decisions;
  }

  get output(): AudioNode | undefined {
    return this.#audio?.output;
  }

  get stats(): LiveStats {
    const { fps, capture, model, audio } = this.#counts;
    const { context } = this.#options;
    const sum = (name: 'frames' | 'dropped' | 'strikes'): number => this.#before[name] + this.#counts[name];
    return {
      device: this.#device,
      runtime: this.#runtime,
      skipped: this.#skipped,
      fps,
      frames: sum('frames'),
      dropped: sum('dropped'),
      strikes: sum('strikes'),
      latency: {
        capture,
        model,
        audio: context ? audio + 1000 * (context.outputLatency || context.baseLatency || 0) : NaN,
      },
      underruns: this.#underruns,
      recoveries: this.#recoveries,
    };
  }

  /** Opens everything. */
  async begin(signal: AbortSignal | undefined): Promise<void> {
    await Promise.all([this.#thread.begin(signal), this.#tune()]);
    this.#feed = feed(this.#source, this.#thread.post, this.#thread.watchesTracks);
    this.#begun = true;
  }

  async set(settings: Partial<LiveSettings>): Promise<void> {
    checkSettings(settings);
    const before = this.#settings;
    // What is given as undefined goes back to the default.
    const after = { ...before, ...settings };
    this.#settings = after;
    if (this.#audio && after.level !== before.level) this.#audio.level = after.level;
    const { decision, threshold } = after;
    if (decision !== before.decision || threshold !== before.threshold) this.#thread.post({ type: 'set', decision, threshold });
    if (after.voice !== before.voice) await this.#tune();
  } // prettier-ignore

  async calibrate(calibration: Calibration): Promise<void> {
    this.#calibration = checkCalibration(calibration);
    this.#thread.post({ type: 'calibrate', calibration: this.#calibration });
    await this.#tune();
  }

  async watch(source: LiveSource): Promise<void> {
    this.#source = source;
    if (this.#thread.open) this.#follow();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#enter('stopped');
    this.#feed?.stop();
    this.#audio?.stop();
    await this.#thread.stop();
  }

  #tell<Name extends keyof LiveEvents>(name: Name, detail: LiveEvents[Name]): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #enter(state: LiveState): void {
    if (this.#state === state || this.#state === 'stopped') return;
    this.#state = state;
    this.#tell('state', state);
  }

  /** What a worker is started with. */
  #job(): Omit<WatchJob, 'lost'> {
    const { device = 'auto' } = this.#options;
    const { decision, threshold } = this.#settings;
    return {
      model: this.#model,
      device,
      assets: this.#assets?.href,
      calibration: this.#calibration,
      decision,
      threshold,
    };
  }

  #receive(message: FromWatcher): void {
    switch (message.type) {
      case 'progress':
        this.#options.onProgress?.(message.progress);
        break;
      case 'opened':
        this.#device = message.device as LiveDevice;
        this.#runtime = message.runtime;
        this.#skipped = message.skipped;
        this.#decisions = message.decisions;
        this.#enter('waiting');
        if (this.#begun) this.#follow();
        break;
      case 'taken':
        this.#feed?.taken();
        break;
      case 'strikes':
        for (const strike of message.strikes) this.#tell('strike', here(strike));
        break;
      case 'sounds':
        for (const sound of message.sounds) {
          this.#tell('sound', { ...here(sound), leaves: sound.leaves - performance.timeOrigin });
        }
        break;
      case 'moved':
        this.#tell('moved', message.moved);
        break;
      case 'beat':
        this.#counts = message;
        this.#enter(message.fps > 0 ? 'listening' : 'waiting');
        void this.#audio?.underruns().then((underruns) => {
          this.#underruns = underruns;
        });
        this.#tell('stats', this.stats);
        break;
      case 'refused':
        this.#tell('problem', { message: wordsOf(message.error), recovers: true, cause: message.error });
        break;
      // The rest concerns the thread.
      default:
    }
  }

  /** The worker is gone, and what it counted; another one is coming. */
  #recover(sentence: string): void {
    this.#feed?.stop();
    this.#feed = undefined;
    const { frames, dropped, strikes } = this.stats;
    this.#before = { ...nothing, frames, dropped, strikes };
    this.#counts = nothing;
    this.#device = undefined;
    this.#recoveries += 1;
    this.#enter('recovering');
    this.#tell('problem', { message: sentence, recovers: true });
  }

  #follow(): void {
    this.#feed?.stop();
    this.#feed = undefined;
    try {
      this.#feed = feed(this.#source, this.#thread.post, this.#thread.watchesTracks);
    } catch (error) {
      this.#tell('problem', { message: wordsOf(error), recovers: false, cause: error });
    }
  }

  /** Opens the voice for the bars of now, and shows the worker the way to it. */
  async #tune(): Promise<void> {
    if (!this.#audio) return;
    const midi = this.#calibration.bars.map((bar) => bar.midi);
    const port = await this.#audio.open(midi, this.#settings.voice);
    if (this.#state === 'stopped') return;
    this.#thread.post({ type: 'sound', port }, [port]);
  }
}

/** By the page's clock. */
function here(strike: LiveStrike): LiveStrike {
  const { contact, arrived, decided } = strike;
  const { timeOrigin } = performance;
  return { ...strike, contact: contact - timeOrigin, arrived: arrived - timeOrigin, decided: decided - timeOrigin };
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
