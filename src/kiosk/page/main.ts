// The page: a picture, its bars, and playing. Everything it shows is in index.html; here it is given life.
import type { Calibration } from '../../types.js';
import { parseCalibration } from '../../video/calibration.js';
import { BarsEditor } from '../editor/bars-editor.js';
import { element, find } from '../editor/dom.js';
import { calibrationOf, scaledBars } from '../editor/edits.js';
import { EditorPanel } from '../editor/editor-panel.js';
import { barSound } from './bar-sound.js';
import { cameraSentence, listCameras } from './camera.js';
import { emblem } from './emblem.js';
import { findBars, fitBars } from './find-bars.js';
import { stillOf } from './luma-of.js';
import { Memory } from './memory.js';
import { Museum } from './museum.js';
import { keepOffline } from './offline.js';
import { PictureSource } from './picture-source.js';
import { Playing } from './playing.js';

type Screen = 'start' | 'bars' | 'play';

const unattended = new URLSearchParams(location.search).get('kiosk') === '1';
const memory = new Memory();
const stage = find(HTMLElement, '.stage');
const video = find(HTMLVideoElement, '.stage video');
const complaint = find(HTMLElement, '.complaint');
const notice = find(HTMLElement, '.notice');
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
  onStrike: () => museum?.wake(),
  onMoved: () => void recalibrate(),
});
let calibration: Calibration | undefined;
let editor: BarsEditor | undefined;
let panel: EditorPanel | undefined;
let screen: Screen = 'start';

function say(sentence: string): void {
  notice.textContent = sentence;
}
function report(error: unknown): void {
  say(error instanceof Error ? error.message : String(error));
}

function show(next: Screen): void {
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
  const kept = known ?? memory.calibration(source.key);
  if (kept && Math.abs(Math.log(((kept.width / kept.height) * height) / width)) < 0.02) {
    calibration = kept;
    await play();
    return;
  }
  calibration = undefined;
  try {
    const { bars, message, confidence } = findBars(await stillOf(video));
    if (unattended && confidence >= 0.8) {
      calibration = calibrationOf(bars, { width, height });
      await play();
      return;
    }
    openEditor(bars, message);
  } catch (error) {
    openEditor([], error instanceof Error ? error.message : String(error));
  }
}

function openEditor(bars: Calibration['bars'], message: string): void {
  const picture = { width: video.videoWidth, height: video.videoHeight };
  editor?.dispose();
  editor = new BarsEditor({ stage, source: video, picture, bars });
  const current = editor;
  panel = new EditorPanel(current, {
    detect: async () => findBars(await stillOf(video)),
    fit: async (corners, layout) => fitBars(await stillOf(video), corners, layout),
    hear: barSound(),
  });
  const go = element('button', {
    type: 'button',
    className: 'primary go-play',
    disabled: current.flaw !== undefined,
    on: { click: () => void accept().catch(report) },
  }, 'Play these bars'); // prettier-ignore
  current.addEventListener('change', () => {
    go.disabled = current.flaw !== undefined;
    const playButton = find(HTMLButtonElement, '[data-go="play"]');
    playButton.disabled = go.disabled;
  });
  find(HTMLElement, '.bars-side').replaceChildren(element('h2', {}, 'Where are the bars?'), panel.element, go);
  panel.say(message);
  show('bars');
  find(HTMLButtonElement, '[data-go="play"]').disabled = go.disabled;
}

/** Takes the bars from the editor, remembers them for this camera, and plays. */
async function accept(): Promise<void> {
  if (editor) {
    calibration = calibrationOf(editor.bars, editor.picture);
    memory.keep(source.key, calibration);
    if (memory.problem) say(memory.problem);
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
    const { bars } = findBars(await stillOf(video));
    if (bars.length !== calibration.bars.length) throw new RangeError('another number of bars');
    // The notes stay what they were, from the low end to the high end.
    const notes = calibration.bars.map(({ midi }) => midi).sort((a, b) => a - b);
    const named = [...bars].sort((a, b) => a.midi - b.midi).map((bar, i) => ({ ...bar, midi: notes[i] }));
    calibration = calibrationOf(named, picture);
    memory.keep(source.key, calibration);
    await playing.calibrate(calibration);
    say('The bars were found again.');
    setTimeout(() => {
      say('');
    }, 4000);
  } catch {
    say('The camera or the instrument has been moved. Choose Bars and put them right.');
  }
}

async function useCamera(id = memory.settings.camera): Promise<void> {
  complaint.textContent = '';
  try {
    await source.useCamera(id);
  } catch (error) {
    if (id !== '' && error instanceof DOMException && error.name === 'OverconstrainedError') {
      await useCamera('');
      return;
    }
    complaint.textContent = cameraSentence(error);
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
    } else if (to === 'play') void accept().catch(report);
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
void keepOffline((install) => {
  if (!unattended) return;
  // Between players: nobody sees the page change.
  const wait = setInterval(() => {
    if (find(HTMLElement, '.attract').hidden) return;
    clearInterval(wait);
    install();
  }, 1000);
});
