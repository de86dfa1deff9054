// What the editor shows over the picture: outlines, names, handles.
import { midiToName } from '../../notes.js';
import type { Point, Quad } from '../../types.js';
import { drawing } from './dom.js';
import { type Bars, centre, type Part } from './edits.js';

/** What there is to draw. */
export interface EditorView {
  readonly bars: Bars;
  /** Place of the bar that cannot be as it is. */
  readonly flawed: number | undefined;
  readonly selection: 'all' | number;
  readonly part: Part;
  /** Corners that can be grasped. */
  readonly handles: readonly Point[];
  /** CSS pixels, of a screen on a desk, per pixel of the picture: letters and handles keep their size. */
  readonly scale: number;
  /** A bar that is being drawn. */
  readonly drawn?: Quad;
  /** Corners of the field that have been pointed out, and the place of the next. */
  readonly corners?: readonly Point[];
  readonly cursor?: Point;
}

// Narrower bars have no room for their name, CSS pixels.
const roomForName = 24;

const points = (outline: readonly Point[]): string => outline.map(([x, y]) => `${x},${y}`).join(' ');

/** The shapes, back to front. */
export function drawBars(view: EditorView): SVGElement[] {
  const { bars, selection, part, handles, scale, drawn, corners, cursor } = view;
  const pixel = 1 / scale;
  const shapes: SVGElement[] = [];
  // All of them have their names, or only the chosen one.
  const narrowest = Math.min(...bars.map(({ quad: [[ax, ay], [bx, by]] }) => Math.hypot(bx - ax, by - ay)));
  const named = narrowest * scale >= roomForName;
  for (const [i, { quad, midi }] of bars.entries()) {
    const chosen = i === selection;
    const state = `${chosen ? ' chosen' : ''}${view.flawed === i ? ' flawed' : ''}`;
    shapes.push(drawing('polygon', { points: points(quad), class: `bar${state}` }));
    if (!named && !chosen) continue;
    const [x, y] = centre(quad);
    const size = (chosen ? 15 : 12) * pixel;
    shapes.push(drawing('text', { x, y, 'font-size': size, class: `note${state}` }, midiToName(midi)));
  }
  if (selection === 'all' && handles.length === 4) {
    shapes.push(drawing('polygon', { points: points(handles), class: 'field' }));
  }
  for (const [i, [cx, cy]] of handles.entries()) {
    const grasped = part === i;
    const r = (selection === 'all' ? 9 : grasped ? 8 : 6) * pixel;
    shapes.push(drawing('circle', { cx, cy, r, class: `handle${grasped ? ' grasped' : ''}` }));
  }
  if (drawn) shapes.push(drawing('polygon', { points: points(drawn), class: 'bar chosen' }));
  if (corners && cursor) {
    shapes.push(drawing('polyline', { points: points([...corners, cursor]), class: 'field' }));
    for (const [cx, cy] of corners) shapes.push(drawing('circle', { cx, cy, r: 6 * pixel, class: 'handle' }));
    shapes.push(drawing('circle', { cx: cursor[0], cy: cursor[1], r: 9 * pixel, class: 'handle grasped' }));
  }
  return shapes;
}
