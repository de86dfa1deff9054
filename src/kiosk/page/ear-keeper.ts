// Keeps listening going: an ear that failed or hears no more frames is opened anew, later and later while that does not help.
import type { LiveEar } from '../live-types.js';

/** What it keeps. */
export interface KeeperOptions {
  /** Opens an ear. */
  readonly open: () => Promise<LiveEar>;
  /** Whether frames can be expected now: the page is seen and the source plays. */
  readonly expecting: () => boolean;
  /** Told of every ear that was opened. */
  readonly onEar: (ear: LiveEar) => void;
  /** Told, in a sentence, why it does not hear now; and '' when it does again. */
  readonly onTrouble: (sentence: string) => void;
  /** Whether to go on by itself. Otherwise what fails is told and stays so. */
  readonly persistent: boolean;
  /** Called when opening has failed so often that only a new page can help. */
  readonly onHopeless?: () => void;
  /** ms without a frame before it is opened anew. Default 30 s: the ear's own ways of recovering, which know why, come first. */
  readonly patience?: number;
}

const firstWait = 1000;
const longestWait = 30_000;
const attemptsBeforeHopeless = 6;

/** Watches over one ear at a time. */
export class EarKeeper {
  readonly #options: KeeperOptions;
  readonly #patience: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #ear: LiveEar | undefined;
  #frames = -1;
  #heardAt = performance.now();
  #restarts = 0;
  #attempts = 0;
  #opening = false;
  #closed = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#patience = options.patience ?? 30_000;
    this.#timer = setInterval(() => {
      this.#look();
    }, 1000);
  }

  /** The ear, while there is one. */
  get ear(): LiveEar | undefined {
    return this.#ear;
  }

  /** How often it had to be opened anew, and how often the ear itself recovered. */
  get recoveries(): number {
    return this.#restarts + (this.#ear?.stats.recoveries ?? 0);
  }

  /** Opens the first ear. @throws what opening throws, unless it is persistent. */
  async start(): Promise<void> {
    await this.#open();
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#ear?.stop();
    this.#ear = undefined;
  }

  // It may be closed while an ear is being opened.
  #isClosed(): boolean {
    return this.#closed;
  }

  async #open(): Promise<void> {
    if (this.#opening || this.#isClosed()) return;
    this.#opening = true;
    try {
      const ear = await this.#options.open();
      if (this.#isClosed()) {
        await ear.stop();
        return;
      }
      this.#ear = ear;
      this.#attempts = 0;
      this.#frames = -1;
      this.#heardAt = performance.now();
      this.#options.onTrouble('');
      this.#options.onEar(ear);
    } catch (error) {
      this.#options.onTrouble(error instanceof Error ? error.message : String(error));
      if (!this.#options.persistent) throw error;
      this.#attempts += 1;
      if (this.#attempts >= attemptsBeforeHopeless) this.#options.onHopeless?.();
      const wait = Math.min(longestWait, firstWait * 2 ** (this.#attempts - 1));
      setTimeout(() => void this.#open().catch(() => undefined), wait);
    } finally {
      this.#opening = false;
    }
  }

  #look(): void {
    const ear = this.#ear;
    if (!ear || this.#opening) return;
    const { frames } = ear.stats;
    const now = performance.now();
    if (frames !== this.#frames || !this.#options.expecting() || ear.state === 'recovering') {
      this.#frames = frames;
      this.#heardAt = now;
      return;
    }
    if (now - this.#heardAt < this.#patience && ear.state !== 'failed') return;
    if (!this.#options.persistent && ear.state !== 'failed') return;
    this.#restarts += 1;
    this.#ear = undefined;
    this.#options.onTrouble('No more frames are being heard; starting again.');
    void ear
      .stop()
      .catch(() => undefined)
      .then(() => this.#open())
      .catch(() => undefined);
  }
}
