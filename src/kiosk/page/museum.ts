// `?kiosk=1`: what a page needs that nobody looks after: the screen stays on and full, and calls for players when there are none.

/** What it watches. */
export interface MuseumOptions {
  /** Shown while nobody plays. */
  readonly attract: HTMLElement;
  /** s without a strike or a touch before it is. */
  readonly idle: number;
  /** Whether there is something to be played. */
  readonly ready: () => boolean;
  /** Called when the page is seen again. */
  readonly onReturn: () => void;
}

/** Attendance. */
export class Museum {
  readonly #attract: HTMLElement;
  readonly #idle: number;
  #quietSince = performance.now();
  #lock: { release(): Promise<void>; readonly released: boolean } | undefined;

  constructor({ attract, idle, ready, onReturn }: MuseumOptions) {
    this.#attract = attract;
    this.#idle = idle;
    document.body.classList.add('attended');
    for (const name of ['pointerdown', 'pointermove', 'keydown'] as const) {
      addEventListener(name, () => {
        this.wake();
      });
    }
    // Only a gesture may fill the screen; browsers that were started for a kiosk fill it by themselves.
    addEventListener('pointerdown', () => {
      if (!document.fullscreenElement) void document.documentElement.requestFullscreen().catch(() => undefined);
    });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState !== 'visible') return;
      void this.#keepAwake();
      onReturn();
    });
    setInterval(() => {
      if (!ready()) this.#attract.hidden = true;
      else if (performance.now() - this.#quietSince > 1000 * this.#idle) this.#attract.hidden = false;
    }, 500);
    void this.#keepAwake();
  }

  /** Somebody is there. */
  wake(): void {
    this.#quietSince = performance.now();
    this.#attract.hidden = true;
  }

  /** The browser lets go of the lock whenever the page is hidden. */
  async #keepAwake(): Promise<void> {
    if (!('wakeLock' in navigator) || (this.#lock && !this.#lock.released)) return;
    try {
      this.#lock = await navigator.wakeLock.request('screen');
    } catch {
      // A page in the background or on an empty battery gets none; it asks again when it is seen.
    }
  }
}
