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

// Between attempts to keep the screen on, ms.
const askAgain = 5000;

/** Attendance. */
export class Museum {
  readonly #attract: HTMLElement;
  readonly #idle: number;
  #quietSince = performance.now();
  #lock: WakeLockSentinel | undefined;
  #asked = -Infinity;

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
      this.#asked = -Infinity;
      this.#keepAwake();
      onReturn();
    });
    setInterval(() => {
      if (!ready()) this.#attract.hidden = true;
      else if (performance.now() - this.#quietSince > 1000 * this.#idle) this.#attract.hidden = false;
      this.#keepAwake();
    }, 500);
    this.#keepAwake();
  }

  /** Somebody is there. */
  wake(): void {
    this.#quietSince = performance.now();
    this.#attract.hidden = true;
  }

  /** Browsers let go of the lock whenever the page is hidden, and for reasons of their own; it is taken again. */
  #keepAwake(): void {
    if (!('wakeLock' in navigator) || document.visibilityState !== 'visible') return;
    if (this.#lock?.released === false || performance.now() - this.#asked < askAgain) return;
    this.#asked = performance.now();
    navigator.wakeLock.request('screen').then(
      (lock) => {
        this.#lock = lock;
      },
      // On an empty battery there is none; it is asked for again.
      () => undefined,
    );
  }
}
