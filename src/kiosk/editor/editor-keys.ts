// What keys do to bars.
import type { Part } from './edits.js';
import type { Editing } from './editing.js';

/** As `aria-keyshortcuts` says it. */
export const keyShortcuts = 'ArrowLeft ArrowRight ArrowUp ArrowDown 0 1 2 3 4 A N P Delete Control+Z Control+Y';

/**
 * Arrows move by a pixel (Shift ten, Alt a quarter), 1 to 4 choose a corner, 0 the whole bar, A all bars, N and P the next and the
 * previous bar, + and - its note, Delete removes it, Ctrl+Z and Ctrl+Y undo and redo.
 * @param gesture moves with one held key are undone together.
 * @returns whether the key was one of these.
 */
export function pressKey(editing: Editing, event: KeyboardEvent, gesture: object): boolean {
  const command = event.ctrlKey || event.metaKey;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (command && key === 'z') {
    if (event.shiftKey) editing.redo();
    else editing.undo();
  } else if (command && key === 'y') {
    editing.redo();
  } else if (command) {
    return false;
  } else if (key.startsWith('Arrow')) {
    const step = event.shiftKey ? 10 : event.altKey ? 0.25 : 1;
    const dx = key === 'ArrowRight' ? step : key === 'ArrowLeft' ? -step : 0;
    const dy = key === 'ArrowDown' ? step : key === 'ArrowUp' ? -step : 0;
    editing.nudge(dx, dy, gesture);
  } else if (editing.mode === 'corners') {
    if (key === 'Enter' || key === ' ') editing.takeCorner(editing.cursor);
    else if (key === 'Escape') editing.cancel();
    else return false;
  } else if (key === 'Escape') {
    if (editing.mode === 'draw') editing.cancel();
    else editing.select('all');
  } else if (key === 'a') {
    editing.select('all');
  } else if (key === 'n' || key === 'p') {
    editing.step(key === 'n' ? 1 : -1);
  } else if (key >= '0' && key <= '4' && key.length === 1) {
    editing.choosePart(key === '0' ? 'bar' : ((Number(key) - 1) as Part));
  } else if (key === 'Delete' || key === 'Backspace') {
    if (editing.selection !== 'all') editing.remove();
  } else if (key === '+' || key === '=' || key === '-') {
    editing.shiftNote(key === '-' ? -1 : 1);
  } else {
    return false;
  }
  return true;
}
