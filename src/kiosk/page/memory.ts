// What the page remembers from one visit to the next: settings and where the bars are, for each camera.
import type { VoiceName } from '../../sound/voices.js';
import type { Calibration } from '../../types.js';
import { parseCalibration } from '../../video/calibration.js';
import type { Decision } from '../live-types.js';

/** What visitors may set. */
export interface PageSettings {
  readonly voice: VoiceName;
  /** Linear, 0..1. */
  readonly level: number;
  readonly decision: Decision;
  /** Id of a MIDI output; '' for none. */
  readonly midiOut: string;
  /** Id of the camera; '' for any. */
  readonly camera: string;
}

const defaults: PageSettings = { voice: 'modal', level: 0.8, decision: 'now', midiOut: '', camera: '' };
const prefix = 'deep-marimba/';

/** Settings and calibrations in the browser's storage, or for this visit only where that is blocked or full. */
export class Memory {
  readonly #storage: Storage | undefined;
  readonly #visit = new Map<string, string>();
  #settings: PageSettings;
  #camera = '';
  /** Why nothing can be remembered, in one sentence; undefined while it can. */
  problem: string | undefined;

  constructor(storage: () => Storage = () => globalThis.localStorage) {
    try {
      this.#storage = storage();
    } catch {
      this.problem = 'This browser forbids the page to remember anything; settings last until it is closed.';
    }
    this.#settings = { ...defaults, ...checkedSettings(this.#read('settings')) };
  }

  /** The settings: those of the camera that is looked at, else those made last. */
  get settings(): PageSettings {
    return this.#settings;
  }

  /** Takes up what was set when this camera or clip was looked at last. */
  lookAt(camera: string): void {
    this.#camera = camera;
    this.#settings = {
      ...this.#settings,
      ...checkedSettings(this.#read(`settings/${camera}`)),
      camera: this.#settings.camera,
    };
  }

  /** Changes some settings. */
  set(settings: Partial<PageSettings>): void {
    this.#settings = { ...this.#settings, ...settings };
    this.#write('settings', this.#settings);
    if (this.#camera !== '') this.#write(`settings/${this.#camera}`, this.#settings);
  }

  /**
   * The bars of a camera or a clip; undefined when they are not known.
   * @throws {Error} with a sentence when what was kept has been damaged; it is then forgotten.
   */
  calibration(camera: string): Calibration | undefined {
    const kept = this.#text(`bars/${camera}`);
    if (kept === null) return undefined;
    try {
      return parseCalibration(kept);
    } catch (cause) {
      this.#forget(`bars/${camera}`);
      throw new Error('The bars that were kept for this picture have been damaged; here is a new look at them.', {
        cause,
      });
    }
  }

  /** Keeps the bars of a camera or a clip. */
  keep(camera: string, calibration: Calibration): void {
    this.#write(`bars/${camera}`, calibration);
  }

  #text(name: string): string | null {
    try {
      return this.#visit.get(name) ?? this.#storage?.getItem(prefix + name) ?? null;
    } catch {
      return null;
    }
  }

  #read(name: string): unknown {
    try {
      return JSON.parse(this.#text(name) ?? 'null') as unknown;
    } catch {
      return undefined;
    }
  }

  #forget(name: string): void {
    this.#visit.delete(name);
    try {
      this.#storage?.removeItem(prefix + name);
    } catch {
      // Overwritten when the bars are kept again.
    }
  }

  #write(name: string, value: unknown): void {
    const text = JSON.stringify(value);
    this.#visit.set(name, text);
    try {
      this.#storage?.setItem(prefix + name, text);
    } catch {
      this.problem = "The browser's storage is full; settings last until the page is closed.";
    }
  }
}

/** What of a stored value can be settings. */
function checkedSettings(value: unknown): Partial<PageSettings> {
  if (typeof value !== 'object' || value === null) return {};
  const { voice, level, decision, midiOut, camera } = value as Partial<Record<keyof PageSettings, unknown>>;
  return {
    ...(voice === 'modal' || voice === 'additive' || voice === 'exemplar' ? { voice } : {}),
    ...(typeof level === 'number' && level >= 0 && level <= 1 ? { level } : {}),
    ...(decision === 'now' || decision === 'sure' ? { decision } : {}),
    ...(typeof midiOut === 'string' ? { midiOut } : {}),
    ...(typeof camera === 'string' ? { camera } : {}),
  };
}
