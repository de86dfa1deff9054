// Playing: an ear on the picture, strikes that sound and light up, and the controls for them.
import { noteSet } from '../../notes.js';
import type { VoiceName } from '../../sound/voices.js';
import type { Calibration } from '../../types.js';
import { element, find } from '../editor/dom.js';
import { listen } from '../live.js';
import type { DecisionFacts } from '../decisions.js';
import type { Decision, LiveEar, LiveState, LiveStats } from '../live-types.js';
import { EarKeeper } from './ear-keeper.js';
import { Lights } from './lights.js';
import type { Memory } from './memory.js';
import { MidiOut } from './midi-out.js';
import type { PictureSource } from './picture-source.js';
import { Roll } from './roll.js';
import { statusLine } from './status-line.js';
import { Tape } from './tape.js';

/** What playing needs of the page. */
export interface PlayingOptions {
  readonly memory: Memory;
  /** Whether nobody looks after the page: it then helps itself. */
  readonly unattended: boolean;
  readonly stage: HTMLElement;
  readonly onStatus: (line: string) => void;
  /** Says something that matters; '' takes it back. */
  readonly onNotice: (sentence: string) => void;
  /** What was set could perhaps not be kept. */
  readonly onProblem: () => void;
  readonly onStrike: () => void;
  /** The bars are no longer where they were. */
  readonly onMoved: () => void;
}

const model = 'bar-lstm';

const voices: readonly (readonly [VoiceName, string])[] = [
  ['modal', 'Marimba, modelled'],
  ['exemplar', 'Marimba, recorded'],
  ['additive', 'Sines, as in 2017'],
];

const decisions: readonly (readonly [Decision, string])[] = [
  ['now', 'at once'],
  ['sure', 'when sure'],
];
// Until frames have been counted.
const usualRate = 30;

/** What a decision means: how long after contact it falls, and how well the model then hears. */
function decisionLabel(label: string, facts: DecisionFacts | undefined, fps: number): string {
  if (!facts) return label;
  const late = `${Math.round((1000 * facts.frames) / fps)} ms`;
  return facts.f1 === undefined ? `${label} · ${late}` : `${label} · ${late} · F1 ${facts.f1.toFixed(2).slice(1)}`;
}

/** Plays one source at a time. */
export class Playing {
  readonly #options: PlayingOptions;
  readonly #lights: Lights;
  readonly #roll: Roll;
  readonly #midi = new MidiOut();
  #context: AudioContext | undefined;
  #keeper: EarKeeper | undefined;
  #tape: Tape | undefined;
  #source: PictureSource | undefined;
  #calibration: Calibration | undefined;
  #loaded = 0;
  #state: LiveState = 'stopped';
  #stats: LiveStats | undefined;

  constructor(options: PlayingOptions) {
    this.#options = options;
    this.#lights = new Lights(options.stage);
    this.#roll = new Roll(find(HTMLCanvasElement, 'canvas.roll'));
    this.#wire();
    this.#tell();
  }

  /** Whether its screen is shown. */
  set shown(shown: boolean) {
    this.#lights.hidden = !shown;
  }

  /**
   * Plays bars of a source; goes on with what is open where it can.
   * @throws {Error} with a sentence when nothing can be heard, unless the page helps itself.
   */
  async play(source: PictureSource, calibration: Calibration): Promise<void> {
    this.#source = source;
    this.#show(calibration);
    this.#context ??= new AudioContext({ latencyHint: 'interactive' });
    // Waits for a gesture where the browser wants one; listening need not wait for it.
    void this.#context.resume();
    const ear = this.#keeper?.ear;
    if (ear) {
      await ear.calibrate(calibration);
      return;
    }
    await this.stop();
    const keeper = new EarKeeper({
      persistent: this.#options.unattended,
      open: () => this.#open(),
      expecting: () => document.visibilityState === 'visible' && (this.#source?.alive ?? false),
      onEar: (opened) => {
        this.#hear(opened);
      },
      onTrouble: (sentence) => {
        this.#options.onNotice(sentence);
      },
      onHopeless: () => {
        location.reload();
      },
    });
    this.#keeper = keeper;
    try {
      await keeper.start();
    } catch (error) {
      this.#state = 'failed';
      this.#tell();
      await this.stop();
      throw error;
    }
  }

  /** Takes other bars while it plays. */
  async calibrate(calibration: Calibration): Promise<void> {
    this.#show(calibration);
    await this.#keeper?.ear?.calibrate(calibration);
  }

  /** Goes on with the camera that came back. */
  async watch(source: PictureSource): Promise<void> {
    await this.#keeper?.ear?.watch(source.stream ?? source.video);
  }

  /** The page is seen again: sound may have been put to sleep. */
  wake(): void {
    void this.#context?.resume();
    if (this.#source?.video.paused) void this.#source.video.play().catch(() => undefined);
  }

  /** Stops listening; the source stays open. */
  async stop(): Promise<void> {
    const keeper = this.#keeper;
    this.#keeper = undefined;
    this.#endTape();
    await keeper?.stop();
    if (this.#state !== 'failed') this.#state = 'stopped';
    this.#stats = undefined;
    this.#tell();
  }

  #show(calibration: Calibration): void {
    this.#calibration = calibration;
    this.#lights.show(calibration);
    this.#roll.show(noteSet(calibration.bars.map(({ midi }) => midi)).map(({ midi }) => midi));
  }

  #open(): Promise<LiveEar> {
    const { voice, level, decision } = this.#options.memory.settings;
    this.#state = 'loading';
    this.#loaded = 0;
    this.#tell();
    return listen(this.#source!.stream ?? this.#source!.video, {
      calibration: this.#calibration!,
      model,
      assets: new URL('./', document.baseURI),
      workerUrl: new URL('live-worker.js', document.baseURI),
      workletUrl: new URL('worklet.js', document.baseURI),
      voice,
      level,
      decision,
      context: this.#context!,
      onProgress: ({ loaded, total }) => {
        this.#loaded = total > 0 ? loaded / total : 1;
        this.#tell();
      },
    });
  }

  #hear(ear: LiveEar): void {
    ear.output?.connect(this.#context!.destination);
    this.#state = ear.state;
    this.#stats = ear.stats;
    this.#tell();
    ear.addEventListener('strike', ({ detail: { midi, velocity } }) => {
      this.#lights.strike(midi, velocity);
      this.#roll.strike(midi, velocity);
      this.#midi.strike(midi, velocity);
      this.#tape?.strike(midi, velocity);
      this.#options.onStrike();
    });
    ear.addEventListener('state', ({ detail }) => {
      this.#state = detail;
      this.#tell();
    });
    this.#describe(ear, usualRate);
    ear.addEventListener('stats', ({ detail }) => {
      this.#stats = detail;
      this.#tell();
      if (detail.fps > 5) this.#describe(ear, detail.fps);
    });
    ear.addEventListener('problem', ({ detail: { message } }) => {
      this.#options.onNotice(message);
    });
    ear.addEventListener('moved', () => {
      this.#options.onMoved();
    });
  }

  #tell(): void {
    const recoveries = this.#keeper?.recoveries ?? 0;
    const facts = { state: this.#state, stats: this.#stats, model, loaded: this.#loaded, recoveries };
    this.#options.onStatus(statusLine(facts));
  }

  /** Beside each decision, what it means for this model at this frame rate, in steps that do not flicker. */
  #describe({ decisions: facts }: LiveEar, fps: number): void {
    const rate = 5 * Math.round(fps / 5);
    for (const option of find(HTMLSelectElement, '.controls .decision').options) {
      const [decision, words] = decisions.find(([name]) => name === option.value)!;
      const label = decisionLabel(words, facts?.[decision], rate);
      if (option.label !== label) option.textContent = label;
    }
  }

  #wire(): void {
    const voice = find(HTMLSelectElement, '.controls .voice');
    voice.append(...voices.map(([value, label]) => element('option', { value }, label)));
    voice.addEventListener('change', () => {
      this.#set({ voice: voice.value as VoiceName });
    });
    const level = find(HTMLInputElement, '.controls .level');
    level.addEventListener('input', () => {
      this.#set({ level: Number(level.value) });
    });
    const decision = find(HTMLSelectElement, '.controls .decision');
    decision.append(...decisions.map(([value, label]) => element('option', { value }, label)));
    decision.addEventListener('change', () => {
      this.#set({ decision: decision.value as Decision });
    });
    find(HTMLElement, '.controls .midi').hidden = !MidiOut.available;
    const midi = find(HTMLSelectElement, '.controls .midi-out');
    midi.append(element('option', { value: '' }, 'none'), element('option', { value: '?' }, 'look for outputs…'));
    midi.addEventListener('change', () => {
      if (midi.value === '?') void this.#findPorts(midi);
      else this.#choosePort(midi.value);
    });
    find(HTMLButtonElement, '.controls .record').addEventListener('click', () => void this.#record());
    this.showSettings();
  }

  /** Shows the settings of the memory in the controls, as when another camera is looked at. */
  showSettings(): void {
    const { voice, level, decision, midiOut } = this.#options.memory.settings;
    find(HTMLSelectElement, '.controls .voice').value = voice;
    find(HTMLInputElement, '.controls .level').value = String(level);
    find(HTMLSelectElement, '.controls .decision').value = decision;
    if (midiOut !== '') void this.#takeUpPort(midiOut);
  }

  /** The MIDI output of last time, where the browser allows it without asking. */
  async #takeUpPort(id: string): Promise<void> {
    if (!MidiOut.available) return;
    const { state } = await navigator.permissions.query({ name: 'midi' });
    if (state !== 'granted') return;
    this.#midi.choose(id);
    const chooser = find(HTMLSelectElement, '.controls .midi-out');
    await this.#findPorts(chooser);
    chooser.value = id;
    if (chooser.selectedIndex < 0) chooser.value = '';
  }

  #set(settings: { voice?: VoiceName; level?: number; decision?: Decision }): void {
    this.#options.memory.set(settings);
    this.#options.onProblem();
    void this.#keeper?.ear?.set(settings).catch((error: unknown) => {
      this.#options.onNotice(error instanceof Error ? error.message : String(error));
    });
  }

  async #findPorts(chooser: HTMLSelectElement): Promise<void> {
    chooser.value = '';
    try {
      const ports = await this.#midi.ports();
      chooser.replaceChildren(
        element('option', { value: '' }, ports.length > 0 ? 'none' : 'none found'),
        ...ports.map(({ id, name }) => element('option', { value: id }, name)),
        element('option', { value: '?' }, 'look again…'),
      );
    } catch (error) {
      this.#options.onNotice(error instanceof Error ? error.message : String(error));
    }
  }

  #choosePort(id: string): void {
    this.#midi.choose(id);
    this.#options.memory.set({ midiOut: id });
  }

  async #record(): Promise<void> {
    if (this.#tape) {
      this.#endTape();
      return;
    }
    const output = this.#keeper?.ear?.output;
    if (!output) return;
    try {
      this.#tape = await Tape.start(output);
    } catch (error) {
      this.#options.onNotice(`Recording does not start: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    const button = find(HTMLButtonElement, '.controls .record');
    button.setAttribute('aria-pressed', 'true');
    button.textContent = 'Stop recording';
    this.#offer([]);
  }

  #endTape(): void {
    const tape = this.#tape;
    if (!tape) return;
    this.#tape = undefined;
    const button = find(HTMLButtonElement, '.controls .record');
    button.setAttribute('aria-pressed', 'false');
    button.textContent = 'Record';
    this.#offer(tape.stop());
  }

  /** Links to files; those of the recording before are let go. */
  #offer(files: readonly { name: string; blob: Blob }[]): void {
    const place = find(HTMLElement, '.controls .downloads');
    for (const link of place.querySelectorAll('a')) URL.revokeObjectURL(link.href);
    place.replaceChildren(
      ...files.map(({ name, blob }) =>
        element(
          'a',
          { href: URL.createObjectURL(blob), download: name },
          name.slice(name.indexOf('.') + 1).split('.')[0],
        ),
      ),
    );
  }
}
