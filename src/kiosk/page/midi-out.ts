// Strikes as MIDI notes on a port that the visitor chooses; none by default.

/** A MIDI output. */
export interface MidiPort {
  readonly id: string;
  readonly name: string;
}

/** Of a browser's MIDI access, what is used here. */
export interface MidiAccess {
  readonly outputs: ReadonlyMap<string, Pick<MIDIOutput, 'id' | 'name' | 'state' | 'send'>>;
}

// Percussion has no note off of its own; receivers want one.
const noteLength = 300;

/** MIDI out of the page. */
export class MidiOut {
  readonly #ask: () => Promise<MidiAccess>;
  #access: MidiAccess | undefined;
  #id = '';

  constructor(ask: () => Promise<MidiAccess> = () => navigator.requestMIDIAccess()) {
    this.#ask = ask;
  }

  /** Whether the browser can do it at all. */
  static get available(): boolean {
    return 'requestMIDIAccess' in navigator;
  }

  /**
   * Asks for the outputs there are.
   * @throws {Error} with a sentence when they may not or cannot be used.
   */
  async ports(): Promise<MidiPort[]> {
    try {
      this.#access ??= await this.#ask();
    } catch (cause) {
      const refused = cause instanceof DOMException && cause.name === 'NotAllowedError';
      throw new Error(
        refused
          ? 'MIDI was refused. Allow it at the sign in the address bar, then choose again.'
          : 'This computer has no MIDI that the browser can use.',
        { cause },
      );
    }
    return [...this.#access.outputs.values()].map(({ id, name }) => ({ id, name: name ?? id }));
  }

  /** Chooses an output; '' for none. One that is not there is taken when it comes. */
  choose(id: string): void {
    this.#id = id;
  }

  /** Sends a note on, and its off a moment later. A port that was unplugged is silent, and speaks again when it is back. */
  strike(midi: number, velocity: number): void {
    const port = this.#id === '' ? undefined : this.#access?.outputs.get(this.#id);
    if (port?.state !== 'connected') return;
    const now = performance.now();
    port.send([0x90, midi, Math.max(1, Math.round(127 * velocity))], now);
    port.send([0x80, midi, 0], now + noteLength);
  }
}
