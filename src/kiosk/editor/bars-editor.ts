// Bars drawn over a picture, and moved there by mouse, finger, pen or keys.
import type { Point, Quad } from '../../types.js';
import { drawing, element } from './dom.js';
import { Editing } from './editing.js';
import { type Bars, fieldCorners, type Picture } from './edits.js';
import { drawBars } from './editor-drawing.js';
import { keyShortcuts, pressKey } from './editor-keys.js';
import { PointerEdits } from './editor-pointer.js';
import { Magnifier, type PictureElement } from './magnifier.js';

/** What an editor is made of. */
export interface EditorOptions {
  /** Positioned element of the picture's shape that shows the picture; the editor lies over it. */
  readonly stage: HTMLElement;
  /** What shows it; the magnifier looks at it. */
  readonly source: PictureElement;
  readonly picture: Picture;
  readonly bars?: Bars;
}

/** How long the magnifier stays after a key, ms. */
const lingers = 1500;
// Size of the page's text on a desk, CSS pixels.
const deskText = 18;

/** Bars over a picture; keys as in {@link pressKey}. */
export class BarsEditor extends Editing {
  readonly #svg: SVGSVGElement;
  readonly #magnifier = new Magnifier();
  readonly #voice = element('div', {
    className: 'visually-hidden',
    attributes: { 'aria-live': 'polite', role: 'status' },
  });
  readonly #source: PictureElement;
  readonly #pointer: PointerEdits;
  readonly #resizes: ResizeObserver;
  #drawn: Quad | undefined;
  #keyGesture: object = {};
  #hideAt: ReturnType<typeof setTimeout> | undefined;

  constructor({ stage, source, picture, bars = [] }: EditorOptions) {
    super(picture, bars);
    this.#source = source;
    this.#svg = drawing('svg', {
      class: 'bars-editor',
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'bars editor',
      'aria-label': 'Bars in the picture',
      'aria-keyshortcuts': keyShortcuts,
    });
    stage.append(this.#svg, this.#magnifier.element, this.#voice);
    this.#pointer = new PointerEdits(this.#svg, this, {
      scale: () => this.#reach,
      drawing: (quad) => {
        this.#drawn = quad;
        this.#draw();
      },
      rest: () => {
        this.#magnifier.hide();
      },
    });
    this.#svg.addEventListener('keydown', (event) => {
      if (pressKey(this, event, this.#keyGesture)) event.preventDefault();
    });
    this.#svg.addEventListener('keyup', () => {
      this.#keyGesture = {};
    });
    this.#svg.addEventListener('blur', () => {
      this.#magnifier.hide();
    });
    // First of all who listen: they find the picture as it is now.
    this.addEventListener('change', () => {
      this.#draw();
    });
    this.addEventListener('tell', () => {
      this.#voice.textContent = this.told;
    });
    this.addEventListener('look', () => {
      this.#draw();
      this.#look();
    });
    this.addEventListener('rest', () => {
      this.#draw();
      this.#magnifier.hide();
    });
    this.#resizes = new ResizeObserver(() => {
      this.#draw();
    });
    this.#resizes.observe(this.#svg);
    this.#draw();
  }

  /** As in {@link Editing}; keys go to the picture. */
  override startCorners(then: (corners: Quad) => void): void {
    this.#svg.focus();
    super.startCorners(then);
  }

  /** Takes the editor off the picture. */
  dispose(): void {
    this.#resizes.disconnect();
    clearTimeout(this.#hideAt);
    this.#svg.remove();
    this.#magnifier.element.remove();
    this.#voice.remove();
  }

  // CSS pixels per pixel of the picture.
  get #scale(): number {
    return this.#svg.getBoundingClientRect().width / this.picture.width || 1;
  }

  // The same for what is to be read and grasped: on a wall it grows with the page's text.
  get #reach(): number {
    return this.#scale / Math.max(1, parseFloat(getComputedStyle(this.#svg).fontSize) / deskText);
  }

  /** Shows what is being moved under the glass: while it is dragged, and a while after a key. */
  #look(): void {
    clearTimeout(this.#hideAt);
    const show = (point: Point | undefined, quad: Quad | undefined): void => {
      if (point && quad) this.#magnifier.show(this.#source, this.picture, point, quad, this.#scale);
    };
    if (this.mode === 'corners') {
      const { cursor } = this;
      show(cursor, [cursor, cursor, cursor, cursor]);
      return;
    }
    if (this.part === 'bar') return;
    const quad = this.selection === 'all' ? fieldCorners(this.bars) : this.bars.at(this.selection)?.quad;
    show(this.handles.at(this.part), quad);
    this.#hideAt = setTimeout(() => {
      if (!this.#pointer.busy) this.#magnifier.hide();
    }, lingers);
  }

  #draw(): void {
    const { width, height } = this.picture;
    const shapes = drawBars({
      bars: this.bars,
      flawed: this.flaw?.bar,
      selection: this.selection,
      part: this.part,
      handles: this.handles,
      scale: this.#reach,
      ...(this.#drawn ? { drawn: this.#drawn } : {}),
      ...(this.mode === 'corners' ? { corners: this.corners, cursor: this.cursor } : {}),
    });
    this.#svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.#svg.dataset.mode = this.mode;
    this.#svg.replaceChildren(...shapes);
  }
}
