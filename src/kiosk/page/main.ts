// The page: a picture, its bars, and playing. Everything it shows is in index.html; here it is given life.
import type { Calibration } from '../../types.js';
import { parseCalibration } from '../../video/calibration.js';
import { BarsEditor } from '../editor/bars-editor.js';
import { element, find } from '../editor/dom.js';
import { calibrationOf, scaledBars } from '../editor/edits.js';
import { EditorPanel } from '../editor/editor-panel.js';
import { lacking } from './abilities.js';
import { barSound } from './bar-sound.js';
import { cameraSentence, listCameras } from './camera.js';
import { emblem } from './emblem.js';
import { lookForBars } from './look-for-bars.js';
import { Memory } from './memory.js';
import { Museum } from './museum.js';
import { Notice, type NoticeAction } from './notice.js';
import { keepOffline } from './offline.js';
import { PictureSource } from './picture-source.js';
import { Playing } from './playing.js';
import { stillsOf } from './stills.js';
import { sayFaults } from './trouble.js';

type Screen = 'start' | 'bars' | 'play';

sayFaults();
const unattended = new URLSearchParams(location.search).get('kiosk') === '1';
const memory = new Memory();
const stage = find(HTMLElement, '.stage');
const video = find(HTMLVideoElement, '.stage video');
const complaint = find(HTMLElement, '.complaint');
const notice = new Notice(find(HTMLElement, '.notice'));
const status = find(HTMLElement, '.status');
for (const place of document.querySelectorAll('.emblem')) place.append(emblem());

const source = new PictureSource(video, {
  onLost: (sentence) => {
    say(sentence);
  },
  onBack: () => {
    say('');
    void playing.watch(source).catch(report);
  },
});
const playing = new Playing({
  memory,
  unattended,
  stage,
  onStatus: (line) => {
    status.textContent = line;
  },
  onNotice: say,
  onProblem: sayProblem,
  onStrike: () => museum?.wake(),
  onMoved: () => void recalibrate(),
});
let calibration: Calibration | undefined;
let editor: BarsEditor | undefined;
let screen: Screen = 'start';

function say(sentence: string, action?: NoticeAction): void {
  notice.say(sentence, action);
}
function report(error: unknown): void {
  say(error instanceof Error ? error.message : String(error));
}
/** What does not play may be tried again. */
function retry(error: unknown): void {
  const sentence = error instanceof Error ? error.message : String(error);
  say(sentence, { label: 'Try again', run: () => void play().catch(retry) });
}
let saidProblem: string | undefined;
/** What the memory cannot do is said once. */
function sayProblem(): void {
  if (memory.problem !== undefined && memory.problem !== saidProblem) say((saidProblem = memory.problem));
}

function show(next: Screen): void {
  const leaves = screen !== next;
  screen = next;
  document.body.dataset.screen = next;
  find(HTMLElement, '.start').hidden = next !== 'start';
  find(HTMLElement, '.work').hidden = next === 'start';
  find(HTMLElement, '.bars-side').hidden = next !== 'bars';
  find(HTMLElement, '.play-side').hidden = next !== 'play';
  find(HTMLElement, '.controls').hidden = next !== 'play';
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-go]')) {
    const to = button.dataset.go as Screen;
    button.disabled = (to !== 'start' && !source.open) || (to === 'play' && !calibration);
    if (to === next) button.setAttribute('aria-current', 'step');
    else button.removeAttribute('aria-current');
  }
  playing.shown = next === 'play';
  // Whoever goes by keyboard or by ear goes on where the new screen begins.
  if (leaves) document.querySelector<HTMLElement>(`.${next}-title`)?.focus({ preventScroll: true });
  if (next !== 'bars') {
    editor?.dispose();
    editor = undefined;
  }
  if (next === 'start') {
    say('');
    void playing.stop();
    source.close();
  }
}

/** The picture is there: on to its bars, or straight to playing where they are known. */
async function arrived(known: Calibration | undefined): Promise<void> {
  complaint.textContent = '';
  const { videoWidth: width, videoHeight: height } = video;
  stage.style.setProperty('--shape', String(width / height));
  stage.style.aspectRatio = `${width} / ${height}`;
  find(HTMLElement, '.caption').textContent = source.label;
  memory.lookAt(source.key);
  playing.showSettings();
  let kept = known;
  try {
    kept ??= memory.calibration(source.key);
  } catch (error) {
    report(error);
  }
  if (kept && Math.abs(Math.log(((kept.width / kept.height) * height) / width)) < 0.02) {
    calibration = kept;
    await play().catch(retry);
    return;
  }
  calibration = undefined;
  const looking = openEditor([], '');
  const found = await looking.panel.look();
  // Nobody is there to look at what is nearly sure.
  if (unattended && found && found.confidence >= 0.8 && editor === looking.editor) await accept().catch(retry);
}

function openEditor(bars: Calibration['bars'], message: string): { editor: BarsEditor; panel: EditorPanel } {
  const picture = { width: video.videoWidth, height: video.videoHeight };
  editor?.dispose();
  editor = new BarsEditor({ stage, source: video, picture, bars });
  const current = editor;
  const panel = new EditorPanel(current, {
    detect: async () => lookForBars(await stillsOf(video)),
    fit: async (corners, layout) => lookForBars(await stillsOf(video), { corners, layout }),
    hear: barSound(),
  });
  const go = element('button', {
    type: 'button',
    className: 'primary go-play',
    disabled: current.flaw !== undefined,
    on: { click: () => void accept().catch(retry) },
  }, 'Play these bars'); // prettier-ignore
  current.addEventListener('change', () => {
    go.disabled = current.flaw !== undefined;
    const playButton = find(HTMLButtonElement, '[data-go="play"]');
    playButton.disabled = go.disabled;
  });
  find(HTMLElement, '.bars-side').replaceChildren(
    element('h1', { className: 'bars-title', tabIndex: -1 }, 'Where are the bars?'),
    panel.element,
    go,
  );
  panel.say(message);
  show('bars');
  find(HTMLButtonElement, '[data-go="play"]').disabled = go.disabled;
  return { editor: current, panel };
}

/** Takes the bars from the editor, remembers them for this camera, and plays. */
async function accept(): Promise<void> {
  if (editor) {
    calibration = calibrationOf(editor.bars, editor.picture);
    memory.keep(source.key, calibration);
    sayProblem();
  }
  await play();
}

async function play(): Promise<void> {
  if (!calibration) return;
  show('play');
  await playing.play(source, calibration);
}

/** The camera was bumped: look for the bars anew, and go on with them. */
async function recalibrate(): Promise<void> {
  if (!calibration) return;
  say('The camera has been moved; looking for the bars again.');
  try {
    const picture = { width: video.videoWidth, height: video.videoHeight };
    const { bars, confidence } = await lookForBars(await stillsOf(video));
    if (bars.length !== calibration.bars.length || confidence < 0.5) throw new RangeError('other bars');
    // The notes stay what they were, from the low end to the high end.
    const notes = calibration.bars.map(({ midi }) => midi).sort((a, b) => a - b);
    const named = [...bars].sort((a, b) => a.midi - b.midi).map((bar, i) => ({ ...bar, midi: notes[i] }));
    calibration = calibrationOf(named, picture);
    memory.keep(source.key, calibration);
    await playing.calibrate(calibration);
    const found = 'The bars were found again.';
    say(found);
    setTimeout(() => {
      notice.unsay(found);
    }, 4000);
  } catch {
    say('The camera or the instrument has been moved. Choose Bars and put them right.');
  }
}

/** Opens the camera of last time; where it is gone, any other, and tells so. Where nobody looks after the page, it waits for its own. */
async function openLast(id: string): Promise<string> {
  try {
    await source.useCamera(id);
    return '';
  } catch (error) {
    if (unattended || id === '' || !(error instanceof DOMException && error.name === 'OverconstrainedError'))
      throw error;
    if ((await listCameras()).length === 0) throw error;
  }
  await source.useCamera('');
  return `The camera of last time is not there; this is ${source.label || 'another one'}.`;
}

async function useCamera(id = memory.settings.camera): Promise<void> {
  complaint.textContent = '';
  try {
    say(await openLast(id));
  } catch (error) {
    complaint.textContent = cameraSentence(error);
    await showCameras();
    if (unattended) setTimeout(() => void useCamera(id), 5000);
    return;
  }
  if (source.key !== '') memory.set({ camera: source.key });
  await showCameras();
  await arrived(undefined);
}

async function showCameras(): Promise<void> {
  const cameras = await listCameras();
  const chooser = find(HTMLElement, '.which-camera');
  chooser.hidden = cameras.length < 2;
  chooser
    .querySelector('select')!
    .replaceChildren(
      ...cameras.map(({ id, label }) =>
        element('option', { value: id, selected: id === memory.settings.camera }, label),
      ),
    );
}

async function useFile(file: Blob, name: string, known?: Calibration): Promise<void> {
  complaint.textContent = '';
  try {
    await source.useFile(file, name);
    await arrived(known);
  } catch (error) {
    show('start');
    complaint.textContent = error instanceof Error ? error.message : String(error);
  }
}

async function useSample(): Promise<void> {
  complaint.textContent = 'Fetching the sample…';
  try {
    const [clip, bars] = await Promise.all([fetch('sample.webm'), fetch('sample.json')]);
    if (!clip.ok || !bars.ok) throw new Error('The sample is not there; serve this page with all its files.');
    await useFile(await clip.blob(), 'The sample: a simulated player', parseCalibration(await bars.json()));
  } catch (error) {
    complaint.textContent = error instanceof Error ? error.message : String(error);
  }
}

// Wiring.
const fileInput = find(HTMLInputElement, 'input.file');
find(HTMLElement, '.use-camera').addEventListener('click', () => void useCamera());
find(HTMLElement, '.open-video').addEventListener('click', () => {
  fileInput.click();
});
find(HTMLElement, '.watch-sample').addEventListener('click', () => void useSample());
fileInput.addEventListener('change', () => {
  const file = fileInput.files?.[0];
  if (file) void useFile(file, file.name);
  fileInput.value = '';
});
find(HTMLElement, '.which-camera select').addEventListener('change', (event) => {
  memory.set({ camera: (event.target as HTMLSelectElement).value });
});
addEventListener('dragover', (event) => {
  event.preventDefault();
});
addEventListener('drop', (event) => {
  event.preventDefault();
  const file = event.dataTransfer?.files[0];
  if (file) void useFile(file, file.name);
});
for (const button of document.querySelectorAll<HTMLButtonElement>('[data-go]')) {
  button.addEventListener('click', () => {
    const to = button.dataset.go as Screen;
    if (to === screen) return;
    if (to === 'bars') {
      const picture = { width: video.videoWidth, height: video.videoHeight };
      openEditor(calibration ? scaledBars(calibration, picture) : [], '');
    } else if (to === 'play') void accept().catch(retry);
    else show('start');
  });
}
const fullScreen = find(HTMLButtonElement, '.full-screen');
fullScreen.hidden = !document.fullscreenEnabled;
fullScreen.addEventListener('click', () => {
  if (document.fullscreenElement) void document.exitFullscreen();
  else void document.documentElement.requestFullscreen();
});

show('start');
void showCameras();
sayProblem();
void lacking().then((sentence) => {
  if (sentence !== undefined) complaint.textContent = sentence;
});
const museum = unattended
  ? new Museum({
      attract: find(HTMLElement, '.attract'),
      idle: Number(new URLSearchParams(location.search).get('idle') ?? 60),
      ready: () => screen === 'play',
      onReturn: () => {
        playing.wake();
      },
    })
  : undefined;
if (unattended) void useCamera();
// Between players, or before anybody has touched it, nobody sees the page change.
let touched = false;
for (const name of ['pointerdown', 'keydown'] as const) {
  addEventListener(name, () => {
    touched = true;
  }, { once: true, capture: true }); // prettier-ignore
}
void keepOffline(() => (unattended ? !find(HTMLElement, '.attract').hidden : !touched && screen === 'start'));
