// What is heard of live listening: the marimba on the audio thread, fed by the worker, kept running.
import { noteSet } from '../notes.js';
import { readExemplars } from '../sound/exemplar-fetch.js';
import { createMarimbaNode, type MarimbaNode } from '../sound/marimba-node.js';
import type { VoiceName } from '../sound/voices.js';

// What still rings when a voice is replaced, s.
const ringing = 8;
// How fast the level follows, s.
const glide = 0.02;

/** What the sound of an ear is made with. */
export interface LiveAudioOptions {
  /** Folder with `models/exemplars/`, where the page names one. */
  readonly assets: URL | undefined;
  /** Where the audio thread's module is served from, where the page forbids the one inlined. */
  readonly workletUrl: string | URL | undefined;
  /** Told, in a sentence, of what fails on the audio thread. */
  readonly onProblem: (message: string) => void;
}

/** The sound of one ear. */
export class LiveAudio {
  /** After the level. */
  readonly output: GainNode;
  readonly #context: AudioContext;
  readonly #options: LiveAudioOptions;
  readonly #stopped = new AbortController();
  #node: MarimbaNode | undefined;
  // Voice and notes of the node.
  #plays = '';

  constructor(context: AudioContext, options: LiveAudioOptions) {
    this.#context = context;
    this.#options = options;
    this.output = context.createGain();
    this.#stayAwake();
  }

  /** Linear, 0..1. */
  set level(level: number) {
    this.output.gain.setTargetAtTime(level, this.#context.currentTime, glide);
  }

  /** Gaps in the sound so far. */
  async underruns(): Promise<number> {
    if (!this.#node || this.#context.state === 'closed') return 0;
    return (await this.#node.status()).underruns;
  }

  /**
   * Opens a voice for these notes, unless it is open already, and returns where its strikes are sent. What rings of the one
   * before rings on.
   * @throws {SoundError} when the exemplars cannot be fetched, {@link UnsupportedError} without AudioWorklet.
   */
  async open(midi: readonly number[], voice: VoiceName): Promise<MessagePort> {
    const plays = [voice, ...midi].join(' ');
    if (this.#node && this.#plays === plays) return wayTo(this.#node);
    const { assets, workletUrl, onProblem } = this.#options;
    const exemplars =
      voice === 'exemplar'
        ? await readExemplars(assets && new URL('models/exemplars/fluidr3-marimba.exemplars', assets))
        : undefined;
    const node = await createMarimbaNode(this.#context, {
      voice,
      notes: noteSet(midi),
      onProblem,
      ...(exemplars ? { exemplars } : {}),
      ...(workletUrl === undefined ? {} : { workletUrl }),
    });
    node.output.connect(this.output);
    const before = this.#node;
    this.#node = node;
    this.#plays = plays;
    if (before) {
      setTimeout(() => {
        void before.close();
      }, 1000 * ringing);
    }
    return wayTo(node);
  }

  /** Has voices that were replaced collected: they may be what leaves a worker no room. */
  makeRoom(): void {
    this.#node?.makeRoom();
  }

  /** Frees the nodes; the context stays the caller's. */
  stop(): void {
    this.#stopped.abort();
    void this.#node?.close();
    this.output.disconnect();
  }

  /** A context that was suspended (by a policy, a call, a device that went) is resumed as soon as the browser lets us. */
  #stayAwake(): void {
    const { signal } = this.#stopped;
    const wake = (): void => {
      if (this.#context.state !== 'running' && this.#context.state !== 'closed') {
        this.#context.resume().catch(() => undefined);
      }
    };
    this.#context.addEventListener('statechange', wake, { signal });
    document.addEventListener('visibilitychange', wake, { signal });
    for (const gesture of ['pointerdown', 'keydown', 'touchend']) {
      globalThis.addEventListener(gesture, wake, { signal, capture: true, passive: true });
    }
    wake();
  }
}

function wayTo(node: MarimbaNode): MessagePort {
  const { port1, port2 } = new MessageChannel();
  node.receive(port1);
  return port2;
}
