// The editor of bars, used as its users use it: by pointer and by keys, in a real browser.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BarsEditor } from '../../src/kiosk/editor/bars-editor.js';
import { EditorPanel, type Found } from '../../src/kiosk/editor/editor-panel.js';
import { type Bars, centre, fieldCorners } from '../../src/kiosk/editor/edits.js';
import type { Point, Quad } from '../../src/types.js';

// The stage is half as large as the picture.
const picture = { width: 800, height: 400 };
const scale = 0.5;
const bars: Bars = [60, 62, 64, 65].map((midi, i) => ({
  midi,
  quad: [
    [100 + 150 * i, 100],
    [180 + 150 * i, 100],
    [180 + 150 * i, 300],
    [100 + 150 * i, 300],
  ],
}));

let stage: HTMLElement;
let editor: BarsEditor;
let svg: SVGSVGElement;
const asked: { corners: Quad; layout: string }[] = [];
const heard: number[] = [];

beforeEach(() => {
  stage = document.createElement('div');
  stage.style.cssText = 'position: fixed; left: 20px; top: 30px; width: 400px; height: 200px; touch-action: none';
  const canvas = document.createElement('canvas');
  canvas.width = picture.width;
  canvas.height = picture.height;
  stage.append(canvas);
  document.body.append(stage);
  editor = new BarsEditor({ stage, source: canvas, picture, bars });
  svg = stage.querySelector('svg')!;
  svg.style.cssText = 'position: absolute; inset: 0; width: 400px; height: 200px';
  asked.length = heard.length = 0;
});
afterEach(() => {
  editor.dispose();
  document.body.replaceChildren();
});

function fire(name: string, [x, y]: Point, pointerType = 'mouse'): void {
  const box = svg.getBoundingClientRect();
  svg.dispatchEvent(
    new PointerEvent(name, {
      pointerId: 1,
      pointerType,
      button: 0,
      bubbles: true,
      clientX: box.left + x * scale,
      clientY: box.top + y * scale,
    }),
  );
}

function drag(from: Point, to: Point): void {
  fire('pointerdown', from);
  fire('pointermove', [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]);
  fire('pointermove', to);
  fire('pointerup', to);
}

const press = (key: string, modifiers: KeyboardEventInit = {}): void => {
  svg.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...modifiers }));
  svg.dispatchEvent(new KeyboardEvent('keyup', { key, bubbles: true }));
};

// A synthetic pointer cannot be captured.
SVGElement.prototype.setPointerCapture = () => undefined;

function panelOf(): EditorPanel {
  const found = (): Found => ({ bars: bars.slice(0, 2), message: 'Two bars found.', confidence: 1 });
  const panel = new EditorPanel(editor, {
    detect: () => Promise.resolve(found()),
    fit: (corners, layout) => {
      asked.push({ corners, layout });
      return layout === 'gt18' ? Promise.resolve(found()) : Promise.reject(new Error('It does not fit.'));
    },
    hear: (midi) => heard.push(midi),
  });
  document.body.append(panel.element);
  return panel;
}
const button = (name: string): HTMLButtonElement =>
  [...document.querySelectorAll('button')].find(({ textContent }) => textContent === name)!;

describe('by pointer', () => {
  it('moves all bars when all are chosen, and one when it has been clicked', () => {
    drag([140, 200], [160, 210]);
    expect(editor.selection).toBe('all');
    for (const [i, { quad }] of editor.bars.entries()) {
      expect(centre(quad)).toEqual([centre(bars[i].quad)[0] + 20, centre(bars[i].quad)[1] + 10]);
    }
    editor.undo();
    expect(editor.bars).toEqual(bars);
    drag([290, 200], [290, 200]);
    expect(editor.selection).toBe(1);
    drag([290, 200], [300, 190]);
    expect(editor.bars[1].quad[0]).toEqual([260, 90]);
    expect(editor.bars[0]).toBe(bars[0]);
  });

  it('moves a corner under the magnifier, which shows it and goes away', () => {
    editor.select(2);
    fire('pointerdown', [480, 100]);
    fire('pointermove', [470, 120]);
    const glass = stage.querySelector<HTMLCanvasElement>('.magnifier')!;
    expect(glass.hidden).toBe(false);
    fire('pointerup', [470, 120]);
    expect(glass.hidden).toBe(true);
    expect(editor.bars[2].quad).toEqual([[400, 100], [470, 120], [480, 300], [400, 300]]); // prettier-ignore
  });

  it('pulls the whole field by its corners', () => {
    const [corner] = fieldCorners(editor.bars)!;
    drag(corner, [60, 80]);
    expect(editor.bars[0].quad[0][0]).toBeCloseTo(60, 6);
    expect(editor.bars[0].quad[0][1]).toBeCloseTo(80, 6);
    expect(editor.bars[3].quad[2]).toEqual([630, 300].map((value) => expect.closeTo(value, 6) as number));
    expect(editor.flaw).toBeUndefined();
  });

  it('draws a bar', () => {
    editor.startDrawing();
    drag([700, 100], [770, 280]);
    expect(editor.bars).toHaveLength(5);
    expect(editor.bars[4]).toMatchObject({ quad: [[700, 100], [770, 100], [770, 280], [700, 280]] }); // prettier-ignore
    expect(editor.flaw).toBeUndefined();
    expect(editor.mode).toBe('move');
  });

  it('takes a trembling finger for a click, and lets go of what is cancelled', () => {
    fire('pointerdown', [140, 200], 'touch');
    fire('pointermove', [143, 201], 'touch');
    fire('pointerup', [143, 201], 'touch');
    expect(editor.bars).toEqual(bars);
    expect(editor.selection).toBe(0);
    editor.startDrawing();
    fire('pointerdown', [700, 100]);
    fire('pointercancel', [770, 280]);
    expect(editor.bars).toHaveLength(4);
  });
});

describe('by keys', () => {
  it('goes through the bars, chooses corners and moves them by a pixel, ten, and a quarter', () => {
    press('n');
    expect(editor.selection).toBe(0);
    press('p');
    expect(editor.selection).toBe(3);
    press('3');
    press('ArrowRight');
    press('ArrowDown', { shiftKey: true });
    press('ArrowLeft', { altKey: true });
    expect(editor.bars[3].quad[2]).toEqual([630.75, 310]);
    expect(stage.querySelector('[role=status]')?.textContent).toBe('F4, near high corner, 631 across, 310 down');
    for (let i = 0; i < 3; i++) press('z', { ctrlKey: true });
    expect(editor.bars).toEqual(bars);
    press('y', { ctrlKey: true });
    expect(editor.bars[3].quad[2]).toEqual([631, 300]);
  });

  it('names and removes', () => {
    press('n');
    press('-');
    expect(editor.bars[0].midi).toBe(59);
    press('Delete');
    expect(editor.bars.map(({ midi }) => midi)).toEqual([62, 64, 65]);
    press('Delete');
    expect(editor.bars).toHaveLength(3);
  });

  it('points out the four corners without a mouse', () => {
    let corners: Quad | undefined;
    editor.startCorners((four) => {
      corners = four;
    });
    press('ArrowLeft', { shiftKey: true });
    press('Enter');
    for (const key of ['ArrowRight', 'ArrowDown', 'ArrowLeft']) {
      press(key, { shiftKey: true });
      press('Enter');
    }
    expect(corners).toEqual([[390, 200], [400, 200], [400, 210], [390, 210]]); // prettier-ignore
    expect(editor.mode).toBe('move');
  });
});

describe('the panel', () => {
  it('asks for corners, passes the layout on, and says what came of it', async () => {
    panelOf();
    button('Four corners').click();
    expect(document.querySelector('.message')?.textContent).toMatch(/^Point out the far end of the lowest bar/);
    for (const corner of [[100, 100], [600, 100], [600, 300], [100, 300]] as Point[]) drag(corner, corner); // prettier-ignore
    expect(asked[0].layout).toBe('gt18');
    expect(asked[0].corners[2].map(Math.round)).toEqual([600, 300]);
    await expect.poll(() => document.querySelector('.message')?.textContent).toBe('Two bars found.');
    expect(editor.bars).toHaveLength(2);
    editor.undo();
    expect(editor.bars).toEqual(bars);
  });

  it('says why a layout does not fit, and leaves the bars alone', async () => {
    panelOf();
    const layout = document.querySelector<HTMLSelectElement>('.editor-panel select')!;
    layout.value = 'marimba-N';
    layout.dispatchEvent(new Event('change'));
    button('Four corners').click();
    for (const corner of [[100, 100], [600, 100], [600, 300], [100, 300]] as Point[]) drag(corner, corner); // prettier-ignore
    await expect.poll(() => document.querySelector('.message')?.textContent).toBe('It does not fit.');
    expect(asked[0].layout).toBe('marimba-15');
    expect(editor.bars).toEqual(bars);
  });

  it('gives the chosen bar a note by name, and lets it be heard', () => {
    panelOf();
    editor.select(1);
    const note = document.querySelector<HTMLInputElement>('.note-row input')!;
    expect(note.value).toBe('D4');
    note.value = 'Gb5';
    note.dispatchEvent(new Event('change'));
    expect(editor.bars[1].midi).toBe(78);
    button('Hear it').click();
    expect(heard).toEqual([78, 78]);
    note.value = 'H9';
    note.dispatchEvent(new Event('change'));
    expect(document.querySelector('.message')?.textContent).toMatch(/not a note name/);
    expect(editor.bars[1].midi).toBe(78);
  });

  it('names all bars, and shows what is wrong with one', () => {
    panelOf();
    document.querySelectorAll('details').forEach((details) => (details.open = true));
    button('Name them').click();
    expect(editor.bars.map(({ midi }) => midi)).toEqual([67, 69, 71, 72]);
    editor.select(0, 0);
    for (let i = 0; i < 15; i++) press('ArrowRight', { shiftKey: true });
    expect(editor.flaw?.bar).toBe(0);
    expect(svg.querySelector('.flawed')).not.toBeNull();
  });

  it('names every control', () => {
    panelOf();
    for (const control of document.querySelectorAll('button, input, select')) {
      expect(control.textContent.trim() || control.getAttribute('aria-label')).toBeTruthy();
    }
  });
});
