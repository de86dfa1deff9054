// The page of `deep-marimba calibrate`: one picture of a clip, the bars over it, and a way to save them.
import { BarsEditor } from '../editor/bars-editor.js';
import { element } from '../editor/dom.js';
import { calibrationOf } from '../editor/edits.js';
import { EditorPanel } from '../editor/editor-panel.js';
import type { CalibrateTask } from './calibrate-task.js';
import { barSound } from './bar-sound.js';
import { lookForBars } from './look-for-bars.js';
import { stillOf } from './stills.js';

const task = (await (await fetch('task.json')).json()) as CalibrateTask;
const image = document.querySelector<HTMLImageElement>('.stage img')!;
const stage = document.querySelector<HTMLElement>('.stage')!;
image.src = 'picture.png';
await image.decode();
document.querySelector('.clip')!.textContent = task.clip;
document.title = `${task.clip}: where are the bars?`;
stage.style.aspectRatio = `${task.width} / ${task.height}`;

const picture = { width: task.width, height: task.height };
const editor = new BarsEditor({ stage, source: image, picture, bars: task.bars });
const panel = new EditorPanel(editor, {
  detect: () => lookForBars(stillOf(image, picture)),
  fit: (corners, layout) => lookForBars(stillOf(image, picture), { corners, layout }),
  hear: barSound(),
});

const save = element(
  'button',
  { type: 'button', className: 'primary save', on: { click: () => void store() } },
  'Save',
);
const saved = element('p', { className: 'saved', attributes: { role: 'status' } });
document.querySelector('.side')!.append(panel.element, element('div', { className: 'row' }, save), saved);
panel.say(task.message);
let dirty = false;
editor.addEventListener('change', () => {
  dirty = true;
  save.disabled = editor.flaw !== undefined;
});
save.disabled = editor.flaw !== undefined;
addEventListener('beforeunload', (event) => {
  if (dirty) event.preventDefault();
});

async function store(): Promise<void> {
  try {
    const body = JSON.stringify(calibrationOf(editor.bars, picture));
    const answer = await fetch('save', { method: 'POST', body });
    const text = (await answer.text()).trim();
    if (!answer.ok) throw new Error(text);
    dirty = false;
    saved.textContent = text;
  } catch (error) {
    saved.textContent =
      error instanceof TypeError
        ? 'The command that opened this page has ended; start it again to save.'
        : error instanceof Error
          ? error.message
          : String(error);
  }
}
