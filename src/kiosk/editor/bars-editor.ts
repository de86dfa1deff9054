// Bars drawn over a picture, and moved there by mouse, finger, pen or keys.
import { midiToName } from '../../notes.js';
import type { Point, Quad } from '../../types.js';
import { drawing, element } from './dom.js';
import {
  addBar,
  type Bars,
  centre,
  drawnQuad,
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
import { drawBars } from './editor-drawing.js';
import { History } from './history.js';
import { barAt, contains, handleAt } from './hit-test.js';
import { Magnifier, type PictureElement } from './magnifier.js';

/** What is chosen: all bars together, or one, by its place in the list. */
export type Selection = 'all' | number;

/** `move` what is there, `draw` a bar, or point out the four `corners` of the field. */
export type EditorMode = 'move' | 'draw' | 'corners';

/** What an editor is made of. */
export interface EditorOptions {
  /** Positioned element of the picture's shape that shows the picture; the editor lies over it. */
  readonly stage: HTMLElement;
  /** What shows it; the magnifier looks at it. */
  readonly source: PictureElement;
  readonly picture: Picture;
  readonly bars?: Bars;
}

const partNames = ['far low corner', 'far high corner', 'near high corner', 'near low corner'] as const;
const cornerPrompts = [
  'the far end of the lowest bar, its outer corner',
  'the far end of the highest bar, its outer corner',
  'the near end of the highest bar, its outer corner',
  'the near end of the lowest bar, its outer corner',
] as const;

/** How long the magnifier stays after a key, ms. */
const lingers = 1500;

interface Drag {
  readonly pointer: number;
  readonly from: Point;
  readonly bars: Bars;
  readonly part: Part;
  readonly handle?: Point;
  readonly gesture: object;
}

/**
 * Bars over a picture. Fires `change` after anything has changed.
 *
 * Keys: arrows move by a pixel (Shift ten, Alt a quarter), 1 to 4 choose a corner, 0 the whole bar, A all bars, N and P the next
 * and the previous bar, + and - its note, Delete removes it, Ctrl+Z and Ctrl+Y undo and redo.
 */
export class BarsEditor extends EventTarget {
  readonly #svg: SVGSVGElement;
  readonly #magnifier = new Magnifier();
  readonly #voice = element('div', {
    className: 'visually-hidden',
    attributes: { 'aria-live': 'polite', role: 'status' },
  });
  readonly #source: PictureElement;
  readonly #resizes: ResizeObserver;
  #picture: Picture;
  #history: History<Bars>;
  #selection: Selection = 'all';
  #part: Part = 'bar';
  #mode: EditorMode = 'move';
  #drag: Drag | undefined;
  #corners: Point[] = [];
  #cursor: Point = [0, 0];
  #onCorners: ((corners: Quad) => void) | undefined;
  #keyGesture: object = {};
  #hideAt: ReturnType<typeof setTimeout> | undefined;

  constructor({ stage, source, picture, bars = [] }: EditorOptions) {
    super();
    this.#source = source;
    this.#picture = picture;
    this.#history = new History(bars);
    this.#svg = drawing('svg', {
      class: 'bars-editor',
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'bars editor',
      'aria-label': 'Bars in the picture',
      'aria-keyshortcuts': 'ArrowLeft ArrowRight ArrowUp ArrowDown 0 1 2 3 4 A N P Delete Control+Z Control+Y',
    });
    stage.append(this.#svg, this.#magnifier.element, this.#voice);
    this.#svg.addEventListener('pointerdown', (event) => {
      this.#press(event);
    });
    this.#svg.addEventListener('pointermove', (event) => {
      this.#pull(event);
    });
    for (const name of ['pointerup', 'pointercancel'] as const) {
      this.#svg.addEventListener(name, (event) => {
        this.#release(event);
      });
    }
    this.#svg.addEventListener('keydown', (event) => {
      this.#key(event);
    });
    this.#svg.addEventListener('keyup', () => {
      this.#keyGesture = {};
    });
    this.#svg.addEventListener('blur', () => {
      this.#magnifier.hide();
    });
    this.#resizes = new ResizeObserver(() => {
      this.#draw();
    });
    this.#resizes.observe(this.#svg);
    this.#draw();
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
  /** What the pointer does. */
  get mode(): EditorMode {
    return this.#mode;
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

  /** Takes other bars, as one step that can be undone. */
  replace(bars: Bars): void {
    this.#history.push(bars);
    this.#selection = 'all';
    this.#part = 'bar';
    this.#mode = 'move';
    this.#changed();
  }

  /** Starts anew with another picture, with nothing to undo. */
  open(picture: Picture, bars: Bars): void {
    this.#picture = picture;
    this.#history = new History(bars);
    this.#selection = 'all';
    this.#part = 'bar';
    this.#mode = 'move';
    this.#changed();
  }

  /** Chooses a bar, or all. */
  select(selection: Selection, part: Part = 'bar'): void {
    this.#selection = selection === 'all' || selection in this.bars ? selection : 'all';
    this.#part = this.#selection === 'all' ? 'bar' : part;
    this.#announce();
    this.#changed();
  }

  /** Adds a bar beside the chosen one, and chooses it. */
  add(): void {
    const beside = this.#selection === 'all' ? this.bars.length - 1 : this.#selection;
    this.#history.push(addBar(this.bars, this.#picture, beside));
    this.select(this.bars.length - 1);
  }

  /** Takes the chosen bar away; all of them when all are chosen. */
  remove(): void {
    if (this.#selection === 'all') {
      this.#history.push([]);
    } else {
      this.#history.push(removeBar(this.bars, this.#selection));
    }
    this.select('all');
  }

  /** Gives the chosen bar a note; the bar that had it takes the old one. */
  setNote(midi: number): void {
    if (this.#selection === 'all') return;
    this.#history.push(setNote(this.bars, this.#selection, midi));
    this.#announce();
    this.#changed();
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
    this.#svg.focus();
    this.#changed();
    this.#voice.textContent = this.prompt ?? '';
  }

  /** Back to moving what is there. */
  cancel(): void {
    this.#mode = 'move';
    this.#magnifier.hide();
    this.#changed();
  }

  /** Takes the editor off the picture. */
  dispose(): void {
    this.#resizes.disconnect();
    clearTimeout(this.#hideAt);
    this.#svg.remove();
    this.#magnifier.element.remove();
    this.#voice.remove();
  }

  #changed(): void {
    this.#draw();
    this.dispatchEvent(new Event('change'));
  }

  #announce(): void {
    const chosen = this.#selection === 'all' ? undefined : this.bars.at(this.#selection);
    if (!chosen) {
      this.#voice.textContent = `All ${this.bars.length} bars`;
      return;
    }
    const [x, y] = this.#part === 'bar' ? centre(chosen.quad) : chosen.quad[this.#part];
    const what = this.#part === 'bar' ? '' : `, ${partNames[this.#part]}`;
    this.#voice.textContent = `${midiToName(chosen.midi)}${what}, ${Math.round(x)} across, ${Math.round(y)} down`;
  }

  // CSS pixels per pixel of the picture.
  get #scale(): number {
    return this.#svg.getBoundingClientRect().width / this.#picture.width || 1;
  }

  #at(event: PointerEvent): Point {
    const box = this.#svg.getBoundingClientRect();
    const { width, height } = this.#picture;
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  }

  #handles(): readonly Point[] {
    if (this.#mode !== 'move') return [];
    if (this.#selection === 'all') return fieldCorners(this.bars) ?? [];
    return this.bars.at(this.#selection)?.quad ?? [];
  }

  /** What lies under a point: a handle of what is chosen, else a bar. */
  #under(point: Point, touch: boolean): { selection: Selection; part: Part } | undefined {
    const handle = handleAt(this.#handles(), point, this.#scale, touch);
    if (handle !== undefined) return { selection: this.#selection, part: handle };
    const bar = barAt(this.bars, point);
    return bar === undefined ? undefined : { selection: bar, part: 'bar' };
  }

  #press(event: PointerEvent): void {
    if (this.#drag || event.button !== 0) return;
    event.preventDefault();
    this.#svg.focus({ preventScroll: true });
    this.#svg.setPointerCapture(event.pointerId);
    const from = this.#at(event);
    const common = { pointer: event.pointerId, from, bars: this.bars, gesture: {} };
    if (this.#mode === 'corners') {
      this.#drag = { ...common, part: 'bar' };
      this.#cursor = from;
      this.#showCursor();
      return;
    }
    if (this.#mode === 'draw') {
      this.#drag = { ...common, part: 'bar' };
      return;
    }
    const under = this.#under(from, event.pointerType === 'touch');
    if (!under) {
      // The empty picture, or the gaps between bars: all of them together.
      const inField = this.#selection === 'all' && contains(fieldCorners(this.bars) ?? [], from);
      this.select('all');
      if (inField) this.#drag = { ...common, part: 'bar' };
      return;
    }
    // Where all are chosen, a press on a bar moves all; a click without a move chooses it (see #release).
    if (!(this.#selection === 'all' && under.part === 'bar')) this.select(under.selection, under.part);
    const handle = under.part === 'bar' ? undefined : this.#handles()[under.part];
    this.#part = this.#selection === 'all' && under.part !== 'bar' ? under.part : this.#part;
    this.#drag = { ...common, part: under.part, ...(handle ? { handle } : {}) };
  }

  #pull(event: PointerEvent): void {
    const drag = this.#drag;
    if (drag?.pointer !== event.pointerId) return;
    const now = this.#at(event);
    const [dx, dy] = [now[0] - drag.from[0], now[1] - drag.from[1]];
    if (this.#mode === 'corners') {
      this.#cursor = now;
      this.#showCursor();
      return;
    }
    if (this.#mode === 'draw') {
      this.#draw(drawnQuad(drag.bars, drag.from, now, 1));
      return;
    }
    // A trembling finger is a click.
    if (drag.bars === this.bars && Math.hypot(dx, dy) * this.#scale < 3) return;
    if (this.#selection !== 'all') {
      this.#history.push(movePart(drag.bars, this.#selection, drag.part, dx, dy), drag.gesture);
    } else if (drag.part === 'bar' || !drag.handle) {
      this.#history.push(moveAll(drag.bars, dx, dy), drag.gesture);
    } else {
      const to: Point = [drag.handle[0] + dx, drag.handle[1] + dy];
      this.#history.push(moveFieldCorner(drag.bars, drag.part, to), drag.gesture);
    }
    this.#changed();
    this.#look(drag.part);
  }

  #release(event: PointerEvent): void {
    const drag = this.#drag;
    if (drag?.pointer !== event.pointerId) return;
    this.#drag = undefined;
    this.#magnifier.hide();
    const cancelled = event.type === 'pointercancel';
    if (this.#mode === 'corners') {
      if (!cancelled) this.#takeCorner(this.#at(event));
      return;
    }
    if (this.#mode === 'draw') {
      const quad = drawnQuad(drag.bars, drag.from, this.#at(event), 6 / this.#scale);
      this.#mode = 'move';
      if (!cancelled && quad) {
        const beside = this.#selection === 'all' ? this.bars.length - 1 : this.#selection;
        this.#history.push(addBar(this.bars, this.#picture, beside, quad));
        this.select(this.bars.length - 1);
      } else {
        this.#changed();
      }
      return;
    }
    if (this.#selection === 'all') this.#part = 'bar';
    if (drag.bars === this.bars && this.#selection === 'all') {
      const under = this.#under(drag.from, event.pointerType === 'touch');
      if (under && under.selection !== 'all') this.select(under.selection);
    }
    this.#announce();
    this.#draw();
  }

  #takeCorner(corner: Point): void {
    this.#corners.push(corner);
    if (this.#corners.length === 4) {
      const [a, b, c, d] = this.#corners;
      this.#mode = 'move';
      this.#changed();
      this.#onCorners?.([a, b, c, d]);
      return;
    }
    this.#voice.textContent = this.prompt ?? '';
    this.#changed();
  }

  #showCursor(): void {
    this.#draw();
    this.#magnifier.show(
      this.#source,
      this.#picture,
      this.#cursor,
      [this.#cursor, this.#cursor, this.#cursor, this.#cursor],
      this.#scale,
    );
  }

  /** Shows what is being moved under the glass. */
  #look(part: Part): void {
    if (part === 'bar') return;
    const point = this.#handles().at(part);
    const quad = this.#selection === 'all' ? fieldCorners(this.bars) : this.bars.at(this.#selection)?.quad;
    if (point && quad) this.#magnifier.show(this.#source, this.#picture, point, quad, this.#scale);
  }

  #key(event: KeyboardEvent): void {
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (command && key === 'z') {
      if (event.shiftKey) this.redo();
      else this.undo();
    } else if (command && key === 'y') {
      this.redo();
    } else if (command) {
      return;
    } else if (key.startsWith('Arrow')) {
      const step = event.shiftKey ? 10 : event.altKey ? 0.25 : 1;
      const dx = key === 'ArrowRight' ? step : key === 'ArrowLeft' ? -step : 0;
      const dy = key === 'ArrowDown' ? step : key === 'ArrowUp' ? -step : 0;
      this.#nudge(dx, dy);
    } else if (this.#mode === 'corners') {
      if (key === 'Enter' || key === ' ') {
        this.#takeCorner(this.#cursor);
      } else if (key === 'Escape') {
        this.cancel();
      } else return;
    } else if (key === 'Escape') {
      if (this.#mode === 'draw') this.cancel();
      else this.select('all');
    } else if (key === 'a') {
      this.select('all');
    } else if (key === 'n' || key === 'p') {
      this.#step(key === 'n' ? 1 : -1);
    } else if (key >= '0' && key <= '4' && key.length === 1) {
      this.#choosePart(key === '0' ? 'bar' : ((Number(key) - 1) as Part));
    } else if (key === 'Delete' || key === 'Backspace') {
      if (this.#selection !== 'all') this.remove();
    } else if (key === '+' || key === '=' || key === '-') {
      this.#shiftNote(key === '-' ? -1 : 1);
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Bars from low to high, after the highest the lowest. */
  #step(by: 1 | -1): void {
    const order = this.bars.map(({ midi }, i) => ({ i, midi })).sort((a, b) => a.midi - b.midi);
    if (order.length === 0) return;
    const now = order.findIndex(({ i }) => i === this.#selection);
    const next = now < 0 ? (by > 0 ? 0 : order.length - 1) : (now + by + order.length) % order.length;
    this.select(order[next].i, this.#part);
  }

  #choosePart(part: Part): void {
    this.#part = part;
    this.#announce();
    this.#draw();
    if (part === 'bar') this.#magnifier.hide();
    else this.#linger(part);
  }

  #shiftNote(by: 1 | -1): void {
    if (this.#selection === 'all') return;
    const midi = this.bars[this.#selection].midi + by;
    if (midi >= 0 && midi <= 127) this.setNote(midi);
  }

  #nudge(dx: number, dy: number): void {
    if (this.#mode === 'corners') {
      const { width, height } = this.#picture;
      const [x, y] = this.#cursor;
      this.#cursor = [Math.min(Math.max(x + dx, 0), width), Math.min(Math.max(y + dy, 0), height)];
      this.#showCursor();
      return;
    }
    const part = this.#part;
    if (this.#selection !== 'all') {
      this.#history.push(movePart(this.bars, this.#selection, part, dx, dy), this.#keyGesture);
    } else if (part === 'bar') {
      this.#history.push(moveAll(this.bars, dx, dy), this.#keyGesture);
    } else {
      const corner = this.#handles().at(part);
      if (corner)
        this.#history.push(moveFieldCorner(this.bars, part, [corner[0] + dx, corner[1] + dy]), this.#keyGesture);
    }
    this.#announce();
    this.#changed();
    if (part !== 'bar') this.#linger(part);
  }

  #linger(part: Part): void {
    this.#look(part);
    clearTimeout(this.#hideAt);
    this.#hideAt = setTimeout(() => {
      if (!this.#drag) this.#magnifier.hide();
    }, lingers);
  }

  #draw(drawn?: Quad): void {
    const { width, height } = this.#picture;
    const shapes = drawBars({
      bars: this.bars,
      flawed: this.flaw?.bar,
      selection: this.#selection,
      part: this.#part,
      handles: this.#handles(),
      scale: this.#scale,
      ...(drawn ? { drawn } : {}),
      ...(this.#mode === 'corners' ? { corners: this.#corners, cursor: this.#cursor } : {}),
    });
    this.#svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.#svg.dataset.mode = this.#mode;
    this.#svg.replaceChildren(...shapes);
  }
}
