// What is being edited, without a picture of it: the bars, what is chosen of them, and what the hand does next.
import { midiToName } from '../../notes.js';
import type { Point, Quad } from '../../types.js';
import {
  addBar,
  type Bars,
  centre,
  fieldCorners,
  findFlaw,
  type Flaw,
  moveAll,
  moveFieldCorner,
  movePart,
  type Part,
  type Picture,
  removeBar,
  setNote,
} from './edits.js';
import { History } from './history.js';

/** What is chosen: all bars together, or one, by its place in the list. */
export type Selection = 'all' | number;

/** `move` what is there, `draw` a bar, or point out the four `corners` of the field. */
export type EditorMode = 'move' | 'draw' | 'corners';

const partNames = ['far low corner', 'far high corner', 'near high corner', 'near low corner'] as const;
const cornerPrompts = [
  'the far end of the lowest bar, its outer corner',
  'the far end of the highest bar, its outer corner',
  'the near end of the highest bar, its outer corner',
  'the near end of the lowest bar, its outer corner',
] as const;

/**
 * Bars under edit. Fires `change` after anything has changed, `tell` when there is something to be told to those who do not see it
 * ({@link Editing.told}), `look` when a part is to be looked at closely ({@link Editing.part}), `rest` when no longer.
 */
export class Editing extends EventTarget {
  #picture: Picture;
  #history: History<Bars>;
  #selection: Selection = 'all';
  #part: Part = 'bar';
  #mode: EditorMode = 'move';
  #corners: Point[] = [];
  #cursor: Point = [0, 0];
  #onCorners: ((corners: Quad) => void) | undefined;
  #told = '';

  constructor(picture: Picture, bars: Bars) {
    super();
    this.#picture = picture;
    this.#history = new History(bars);
  }

  /** The bars as they are now. */
  get bars(): Bars {
    return this.#history.present;
  }
  /** Size of the picture they lie in. */
  get picture(): Picture {
    return this.#picture;
  }
  /** What is chosen. */
  get selection(): Selection {
    return this.#selection;
  }
  /** What of it is moved: one of its corners, or the whole. */
  get part(): Part {
    return this.#part;
  }
  /** What the pointer does. */
  get mode(): EditorMode {
    return this.#mode;
  }
  /** Corners that have been pointed out so far. */
  get corners(): readonly Point[] {
    return this.#corners;
  }
  /** Where the crosshair is while corners are pointed out. */
  get cursor(): Point {
    return this.#cursor;
  }
  /** What was told last. */
  get told(): string {
    return this.#told;
  }
  /** What the pointer should do next in `corners`; undefined otherwise. */
  get prompt(): string | undefined {
    if (this.#mode === 'draw') return 'Drag from one corner of the bar to the opposite one.';
    if (this.#mode === 'corners') return `Point out ${cornerPrompts[this.#corners.length]}.`;
    return undefined;
  }
  /** What is wrong with the bars, if anything. */
  get flaw(): Flaw | undefined {
    return findFlaw(this.bars, this.#picture);
  }
  /** Whether there is something to undo. */
  get canUndo(): boolean {
    return this.#history.canUndo;
  }
  /** Whether there is something to redo. */
  get canRedo(): boolean {
    return this.#history.canRedo;
  }
  /** Corners that can be taken hold of: of the chosen bar, or of the field. */
  get handles(): readonly Point[] {
    if (this.#mode !== 'move') return [];
    if (this.#selection === 'all') return fieldCorners(this.bars) ?? [];
    return this.bars.at(this.#selection)?.quad ?? [];
  }

  /** Takes other bars, as one step that can be undone. */
  replace(bars: Bars): void {
    this.#history.push(bars);
    this.#begin();
  }

  /** Starts anew with another picture, with nothing to undo. */
  open(picture: Picture, bars: Bars): void {
    this.#picture = picture;
    this.#history = new History(bars);
    this.#begin();
  }

  /** Chooses a bar, or all. */
  select(selection: Selection, part: Part = 'bar'): void {
    this.#selection = selection === 'all' || selection in this.bars ? selection : 'all';
    this.#part = this.#selection === 'all' ? 'bar' : part;
    this.announce();
    this.#changed();
  }

  /** Chooses the next bar, from low to high, after the highest the lowest. */
  step(by: 1 | -1): void {
    const order = this.bars.map(({ midi }, i) => ({ i, midi })).sort((a, b) => a.midi - b.midi);
    if (order.length === 0) return;
    const now = order.findIndex(({ i }) => i === this.#selection);
    const next = now < 0 ? (by > 0 ? 0 : order.length - 1) : (now + by + order.length) % order.length;
    this.select(order[next].i, this.#part);
  }

  /** Chooses a corner of what is chosen, or the whole of it. */
  choosePart(part: Part): void {
    this.#part = part;
    this.announce();
    this.dispatchEvent(new Event(part === 'bar' ? 'rest' : 'look'));
  }

  /** Adds a bar beside the chosen one, and chooses it. @param quad default: one like its neighbour. */
  add(quad?: Quad): void {
    const beside = this.#selection === 'all' ? this.bars.length - 1 : this.#selection;
    this.#mode = 'move';
    this.#history.push(addBar(this.bars, this.#picture, beside, quad));
    this.select(this.bars.length - 1);
  }

  /** Takes the chosen bar away; all of them when all are chosen. */
  remove(): void {
    this.#history.push(this.#selection === 'all' ? [] : removeBar(this.bars, this.#selection));
    this.select('all');
  }

  /** Gives the chosen bar a note; the bar that had it takes the old one. */
  setNote(midi: number): void {
    if (this.#selection === 'all') return;
    this.#history.push(setNote(this.bars, this.#selection, midi));
    this.announce();
    this.#changed();
  }

  /** Moves the chosen bar's note by semitones, where there is such a note. */
  shiftNote(by: 1 | -1): void {
    if (this.#selection === 'all') return;
    const midi = this.bars[this.#selection].midi + by;
    if (midi >= 0 && midi <= 127) this.setNote(midi);
  }

  /**
   * Moves what is chosen, as it lay in `from`, by pixels of the picture.
   * @param handle where the moved corner of the field was; only when all are chosen.
   * @param gesture moves of one gesture are undone together.
   */
  move(from: Bars, dx: number, dy: number, gesture: object, handle?: Point): void {
    const [part, selection] = [this.#part, this.#selection];
    if (selection !== 'all') this.#history.push(movePart(from, selection, part, dx, dy), gesture);
    else if (part === 'bar' || !handle) this.#history.push(moveAll(from, dx, dy), gesture);
    else this.#history.push(moveFieldCorner(from, part, [handle[0] + dx, handle[1] + dy]), gesture);
    this.#changed();
    if (part !== 'bar') this.dispatchEvent(new Event('look'));
  }

  /** Moves by keys: the crosshair, or what is chosen. */
  nudge(dx: number, dy: number, gesture: object): void {
    if (this.#mode === 'corners') {
      const { width, height } = this.#picture;
      const [x, y] = this.#cursor;
      this.aim([Math.min(Math.max(x + dx, 0), width), Math.min(Math.max(y + dy, 0), height)]);
      return;
    }
    const handle = this.#part === 'bar' ? undefined : this.handles.at(this.#part);
    this.move(this.bars, dx, dy, gesture, handle);
    this.announce();
  }

  /** One step back. */
  undo(): void {
    this.#history.undo();
    this.select(this.#selection);
  }

  /** One step forth again. */
  redo(): void {
    this.#history.redo();
    this.select(this.#selection);
  }

  /** Lets the pointer draw one bar. */
  startDrawing(): void {
    this.#mode = 'draw';
    this.#changed();
  }

  /** Asks for the four outer corners of the bar field, one after another. */
  startCorners(then: (corners: Quad) => void): void {
    this.#mode = 'corners';
    this.#corners = [];
    this.#cursor = [this.#picture.width / 2, this.#picture.height / 2];
    this.#onCorners = then;
    this.#changed();
    this.#tell(this.prompt ?? '');
  }

  /** Puts the crosshair somewhere. */
  aim(cursor: Point): void {
    this.#cursor = cursor;
    this.dispatchEvent(new Event('look'));
  }

  /** Takes a corner of the field; the fourth is the last. */
  takeCorner(corner: Point): void {
    this.#corners = [...this.#corners, corner];
    if (this.#corners.length < 4) {
      this.#tell(this.prompt ?? '');
      this.#changed();
      return;
    }
    const [a, b, c, d] = this.#corners;
    this.#mode = 'move';
    this.#changed();
    this.#onCorners?.([a, b, c, d]);
  }

  /** Back to moving what is there. */
  cancel(): void {
    this.#mode = 'move';
    this.dispatchEvent(new Event('rest'));
    this.#changed();
  }

  /** Tells what is chosen, and where it is. */
  announce(): void {
    const chosen = this.#selection === 'all' ? undefined : this.bars.at(this.#selection);
    if (!chosen) {
      this.#tell(`All ${this.bars.length} bars`);
      return;
    }
    const [x, y] = this.#part === 'bar' ? centre(chosen.quad) : chosen.quad[this.#part];
    const what = this.#part === 'bar' ? '' : `, ${partNames[this.#part]}`;
    this.#tell(`${midiToName(chosen.midi)}${what}, ${Math.round(x)} across, ${Math.round(y)} down`);
  }

  #begin(): void {
    this.#selection = 'all';
    this.#part = 'bar';
    this.#mode = 'move';
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }

  #tell(words: string): void {
    this.#told = words;
    this.dispatchEvent(new Event('tell'));
  }
}
