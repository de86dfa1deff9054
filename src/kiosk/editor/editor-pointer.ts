// What mouse, finger and pen do to bars.
import type { Point, Quad } from '../../types.js';
import { type Bars, drawnQuad, fieldCorners, type Part } from './edits.js';
import type { Editing, Selection } from './editing.js';
import { barAt, contains, handleAt } from './hit-test.js';

/** Where the pointer works. */
export interface Surface {
  /** CSS pixels per pixel of the picture. */
  readonly scale: () => number;
  /** Shows a bar that is being drawn; undefined shows none. */
  readonly drawing: (quad: Quad | undefined) => void;
  /** Nothing is looked at closely any more. */
  readonly rest: () => void;
}

interface Drag {
  readonly pointer: number;
  readonly from: Point;
  readonly bars: Bars;
  readonly handle?: Point;
  readonly gesture: object;
}

// A trembling finger is a click, CSS pixels.
const tremble = 3;
// A bar is at least so wide, CSS pixels.
const narrowest = 6;

/** Drags on an element that lies over the whole picture. */
export class PointerEdits {
  readonly #element: Element;
  readonly #editing: Editing;
  readonly #surface: Surface;
  #drag: Drag | undefined;

  constructor(element: SVGSVGElement, editing: Editing, surface: Surface) {
    this.#element = element;
    this.#editing = editing;
    this.#surface = surface;
    element.addEventListener('pointerdown', (event) => {
      if (this.#drag || event.button !== 0) return;
      event.preventDefault();
      element.focus({ preventScroll: true });
      element.setPointerCapture(event.pointerId);
      this.#press(event);
    });
    element.addEventListener('pointermove', (event) => {
      if (this.#drag?.pointer === event.pointerId) this.#pull(this.#drag, event);
    });
    for (const name of ['pointerup', 'pointercancel'] as const) {
      element.addEventListener(name, (event) => {
        const drag = this.#drag;
        if (drag?.pointer !== event.pointerId) return;
        this.#drag = undefined;
        surface.rest();
        this.#release(drag, event);
      });
    }
  }

  /** Whether something is being dragged. */
  get busy(): boolean {
    return this.#drag !== undefined;
  }

  #at(event: PointerEvent): Point {
    const box = this.#element.getBoundingClientRect();
    const { width, height } = this.#editing.picture;
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  }

  /** What lies under a point: a handle of what is chosen, else a bar. */
  #under(point: Point, touch: boolean): { selection: Selection; part: Part } | undefined {
    const { handles, selection, bars } = this.#editing;
    const handle = handleAt(handles, point, this.#surface.scale(), touch);
    if (handle !== undefined) return { selection, part: handle };
    const bar = barAt(bars, point);
    return bar === undefined ? undefined : { selection: bar, part: 'bar' };
  }

  #press(event: PointerEvent): void {
    const editing = this.#editing;
    const from = this.#at(event);
    const drag = { pointer: event.pointerId, from, bars: editing.bars, gesture: {} };
    if (editing.mode !== 'move') {
      this.#drag = drag;
      if (editing.mode === 'corners') editing.aim(from);
      return;
    }
    const under = this.#under(from, event.pointerType === 'touch');
    if (!under) {
      // The empty picture, or the gaps between bars: all of them together.
      const inField = editing.selection === 'all' && contains(fieldCorners(editing.bars) ?? [], from);
      editing.select('all');
      if (inField) this.#drag = drag;
      return;
    }
    const handle = under.part === 'bar' ? undefined : editing.handles[under.part];
    // Where all are chosen, a press on a bar moves all; a click without a move chooses it (see #release).
    if (editing.selection !== 'all') editing.select(under.selection, under.part);
    else if (under.part !== 'bar') editing.choosePart(under.part);
    this.#drag = { ...drag, ...(handle ? { handle } : {}) };
  }

  #pull({ from, bars, gesture, handle }: Drag, event: PointerEvent): void {
    const editing = this.#editing;
    const now = this.#at(event);
    if (editing.mode === 'corners') {
      editing.aim(now);
    } else if (editing.mode === 'draw') {
      this.#surface.drawing(drawnQuad(bars, from, now, 1));
    } else {
      const [dx, dy] = [now[0] - from[0], now[1] - from[1]];
      if (bars === editing.bars && Math.hypot(dx, dy) * this.#surface.scale() < tremble) return;
      editing.move(bars, dx, dy, gesture, handle);
    }
  }

  #release({ from, bars }: Drag, event: PointerEvent): void {
    const editing = this.#editing;
    const cancelled = event.type === 'pointercancel';
    if (editing.mode === 'corners') {
      if (!cancelled) editing.takeCorner(this.#at(event));
    } else if (editing.mode === 'draw') {
      const quad = drawnQuad(bars, from, this.#at(event), narrowest / this.#surface.scale());
      this.#surface.drawing(undefined);
      if (!cancelled && quad) editing.add(quad);
      else editing.cancel();
    } else {
      const under = bars === editing.bars ? this.#under(from, event.pointerType === 'touch') : undefined;
      if (editing.selection !== 'all') editing.announce();
      else if (under && under.selection !== 'all') editing.select(under.selection);
      else editing.select('all');
    }
  }
}
