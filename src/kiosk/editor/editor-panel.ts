// The controls beside the picture: ways to find bars, what is chosen, its note, names for all of them.
import { midiToName, nameToMidi } from '../../notes.js';
import type { Quad } from '../../types.js';
import { element } from './dom.js';
import type { Editing } from './editing.js';
import { type Bars, firstNote, nameBars, type ScaleName, scales } from './edits.js';

/** Bars that were looked for, and one sentence on how sure that is. */
export interface Found {
  readonly bars: Bars;
  readonly message: string;
  /** Expected share of the bars that are where they should be, 0..1. */
  readonly confidence: number;
}

/** What the panel can ask for beside the editor itself. */
export interface PanelOptions {
  /** Looks for the bars in the picture. @throws with one sentence when there are none to be found. */
  readonly detect: () => Promise<Found>;
  /** Fits a layout into four corners. @throws with one sentence when it does not fit. */
  readonly fit: (corners: Quad, layout: string) => Promise<Found>;
  /** Lets a bar be heard. */
  readonly hear?: (midi: number) => void;
}

const layouts: readonly (readonly [label: string, layout: string])[] = [
  ['18 accidentals, F#4 to A#7', 'gt18'],
  ['Naturals in one row', 'marimba-N'],
  ['Naturals and accidentals', 'keyboard-LOW-HIGH'],
];

/** Every note there is, for the list of suggestions. */
const noteNames = Array.from({ length: 128 }, (_, midi) => midiToName(midi));

/** The controls. `element` belongs into the page. */
export class EditorPanel {
  readonly element: HTMLElement;
  readonly #editor: Editing;
  readonly #options: PanelOptions;
  readonly #message = element('p', { className: 'message', attributes: { role: 'status' } });
  readonly #chosen = element('p', { className: 'chosen' });
  readonly #note = element('input', {
    type: 'text',
    size: 5,
    autocomplete: 'off',
    spellcheck: false,
    attributes: { list: 'note-names', 'aria-label': 'Note of the bar' },
  });
  readonly #buttons: Record<
    'undo' | 'redo' | 'remove' | 'draw' | 'corners' | 'down' | 'up' | 'hear',
    HTMLButtonElement
  >;
  readonly #noteRow: HTMLElement;
  #said = '';
  #saidOf: Bars = [];
  #asked = 0;

  constructor(editor: Editing, options: PanelOptions) {
    this.#editor = editor;
    this.#options = options;
    const button = (label: string, title: string, run: () => void, className = ''): HTMLButtonElement =>
      element('button', { type: 'button', title, className, on: { click: run } }, label);
    const layout = element(
      'select',
      { attributes: { 'aria-label': 'Layout of the instrument' } },
      ...layouts.map(([label, value]) => element('option', { value }, label)),
    );
    const count = element('input', {
      type: 'number',
      min: '1',
      max: '40',
      value: '15',
      hidden: true,
      attributes: { 'aria-label': 'Number of bars' },
    });
    const [low, high] = (['Lowest note', 'Highest note'] as const).map((label, i) =>
      element('input', {
        type: 'text',
        size: 4,
        value: i === 0 ? 'C4' : 'C7',
        hidden: true,
        attributes: { list: 'note-names', 'aria-label': label },
      }),
    );
    layout.addEventListener('change', () => {
      count.hidden = layout.value !== 'marimba-N';
      low.hidden = high.hidden = layout.value !== 'keyboard-LOW-HIGH';
    });
    const layoutName = (): string =>
      layout.value.replace('N', count.value).replace('LOW', low.value).replace('HIGH', high.value);
    this.#buttons = {
      undo: button('Undo', 'Undo (Ctrl+Z)', () => {
        editor.undo();
      }),
      redo: button('Redo', 'Redo (Ctrl+Y)', () => {
        editor.redo();
      }),
      remove: button('Delete', 'Delete what is chosen (Delete)', () => {
        editor.remove();
      }),
      draw: button('Draw a bar', 'Drag a bar into the picture', () => {
        if (editor.mode === 'draw') editor.cancel();
        else editor.startDrawing();
      }),
      corners: button('Four corners', 'Point out the outer corners of the instrument', () => {
        if (editor.mode === 'corners') {
          editor.cancel();
          return;
        }
        editor.startCorners((corners) => {
          void this.ask(() => options.fit(corners, layoutName()));
        });
      }),
      down: button('−', 'A semitone down (-)', () => {
        this.#shift(-1);
      }),
      up: button('+', 'A semitone up (+)', () => {
        this.#shift(1);
      }),
      hear: button('Hear it', 'Play this note', () => {
        const midi = this.#midi();
        if (midi !== undefined) options.hear?.(midi);
      }),
    };
    this.#buttons.hear.hidden = !options.hear;
    this.#note.addEventListener('change', () => {
      this.#takeNote();
    });
    this.#noteRow = element(
      'div',
      { className: 'row note-row' },
      this.#buttons.down,
      this.#note,
      this.#buttons.up,
      this.#buttons.hear,
    );
    this.element = element(
      'div',
      { className: 'editor-panel' },
      element('datalist', { id: 'note-names' }, ...noteNames.map((value) => element('option', { value }))),
      this.#message,
      element(
        'section',
        { attributes: { 'aria-label': 'Find the bars' } },
        element('h2', {}, 'Find the bars'),
        element(
          'div',
          { className: 'row' },
          button('Find them', 'Look for bars in the picture', () => void this.look(), 'primary'),
          this.#buttons.corners,
        ),
        element('div', { className: 'row' }, layout, count, low, high),
      ),
      element(
        'section',
        { attributes: { 'aria-label': 'Change the bars' } },
        element('h2', {}, 'Change them'),
        this.#chosen,
        this.#noteRow,
        element(
          'div',
          { className: 'row' },
          button('Add a bar', 'Add a bar beside the chosen one', () => {
            editor.add();
          }),
          this.#buttons.draw,
          this.#buttons.remove,
        ),
        element('div', { className: 'row' }, this.#buttons.undo, this.#buttons.redo),
      ),
      this.#naming(),
      element(
        'details',
        {},
        element('summary', {}, 'With the keyboard'),
        element(
          'p',
          {},
          'Go to the picture with Tab. N and P choose the next and the previous bar, A all of them; 1 to 4 a corner, 0 the whole bar. Arrows move by a pixel, with Shift by ten, with Alt by a quarter. + and − change the note, Delete removes the bar, Ctrl+Z undoes.',
        ),
      ),
    );
    editor.addEventListener('change', () => {
      this.#show();
    });
    this.#show();
  }

  /** Says something until the bars change. */
  say(message: string): void {
    this.#said = message;
    this.#saidOf = this.#editor.bars;
    this.#show();
  }

  /** Looks for the bars; see {@link ask}. */
  look(): Promise<Found | undefined> {
    return this.ask(this.#options.detect);
  }

  /**
   * Asks for bars and takes them. What comes after somebody has begun to do it by hand, or has asked again, is not taken.
   * @returns what was taken.
   */
  async ask(question: () => Promise<Found>): Promise<Found | undefined> {
    this.#asked += 1;
    const [asked, before] = [this.#asked, this.#editor.bars];
    const overtaken = (): boolean =>
      asked !== this.#asked || this.#editor.bars !== before || this.#editor.mode !== 'move';
    this.say('Looking for the bars…');
    this.element.setAttribute('aria-busy', 'true');
    let found: Found | undefined;
    let message: string;
    try {
      found = await question();
      ({ message } = found);
    } catch (error) {
      message = sentence(error);
    }
    if (asked === this.#asked) this.element.removeAttribute('aria-busy');
    if (overtaken()) {
      if (asked === this.#asked) this.say('');
      return undefined;
    }
    if (found) this.#editor.replace(found.bars);
    this.say(message);
    return found;
  }

  #naming(): HTMLElement {
    const scale = element(
      'select',
      { attributes: { 'aria-label': 'Which notes' } },
      ...Object.keys(scales).map((value) => element('option', { value }, value)),
    );
    const lowest = element('input', {
      type: 'text',
      size: 5,
      value: midiToName(firstNote),
      attributes: { list: 'note-names', 'aria-label': 'Lowest note' },
    });
    const apply = (): void => {
      try {
        const from = nameToMidi(lowest.value);
        this.#editor.replace(nameBars(this.#editor.bars, scale.value as ScaleName, from));
        this.say(`${this.#editor.bars.length} bars named.`);
      } catch (error) {
        this.say(sentence(error));
      }
    };
    return element(
      'details',
      {},
      element('summary', {}, 'Name all bars'),
      element('p', {}, 'From the low end up:'),
      element(
        'div',
        { className: 'row' },
        scale,
        element('label', {}, 'from ', lowest),
        element('button', { type: 'button', on: { click: apply } }, 'Name them'),
      ),
    );
  }

  #midi(): number | undefined {
    const { selection, bars } = this.#editor;
    return selection === 'all' ? undefined : bars.at(selection)?.midi;
  }

  #shift(by: number): void {
    const midi = this.#midi();
    if (midi === undefined || midi + by < 0 || midi + by > 127) return;
    this.#editor.setNote(midi + by);
    this.#options.hear?.(midi + by);
  }

  #takeNote(): void {
    try {
      const text = this.#note.value;
      const midi = /^\d+$/.test(text) ? Number(text) : nameToMidi(text);
      this.#editor.setNote(midi);
      this.#options.hear?.(midi);
      this.say('');
    } catch (error) {
      this.say(sentence(error));
    }
  }

  #show(): void {
    const editor = this.#editor;
    const midi = this.#midi();
    const { bars, prompt, flaw, mode } = editor;
    if (bars !== this.#saidOf) this.#said = '';
    this.#message.textContent = prompt ?? (this.#said || (flaw?.message ?? ''));
    this.#message.classList.toggle(
      'flaw',
      prompt === undefined && this.#said === '' && flaw !== undefined && bars.length > 0,
    );
    this.#chosen.textContent =
      midi !== undefined
        ? `Bar ${midiToName(midi)} is chosen; drag it or its corners.`
        : bars.length === 0
          ? 'No bars yet.'
          : `${bars.length === 1 ? 'The one bar is' : `All ${bars.length} bars are`} chosen; drag them or the corners of the field.`;
    this.#noteRow.hidden = midi === undefined;
    if (midi !== undefined && document.activeElement !== this.#note) this.#note.value = midiToName(midi);
    this.#buttons.undo.disabled = !editor.canUndo;
    this.#buttons.redo.disabled = !editor.canRedo;
    this.#buttons.remove.disabled = bars.length === 0;
    this.#buttons.remove.textContent = midi === undefined ? 'Delete all' : 'Delete it';
    this.#buttons.draw.setAttribute('aria-pressed', String(mode === 'draw'));
    this.#buttons.corners.setAttribute('aria-pressed', String(mode === 'corners'));
  }
}

const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));
