// The worker that watches: frames, rectifier, model and strikes in one thread, as a module of its own: `deep-marimba/live-worker`.
import { loadKernels } from '../kernels/module.js';
import { makeRoom } from '../kernels/room.js';
import { webProviders, type Device, type Skipped } from '../model/devices.js';
import { loadModel } from '../model/load-model-web.js';
import type { Model } from '../model/model.js';
import { processorRoom, tapTrack, trackProcessor, type FrameTap } from '../video/frame-tap.js';
import { decisionsOf } from './decisions.js';
import type { FromWatcher, ToWatcher, WatchJob } from './live-messages.js';
import { Watcher } from './watcher.js';

// The worker's own global, as far as it matters here; the library is checked against the page's.
const page = globalThis as unknown as {
  postMessage(message: FromWatcher, transfer?: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: { data: ToWatcher }) => void): void;
  close(): void;
};
const say = (message: FromWatcher, transfer: Transferable[] = []): void => {
  page.postMessage(message, transfer);
};
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

let job: WatchJob;
let model: Model | undefined;
let watcher: Watcher | undefined;
let tap: FrameTap | undefined;
let soundPort: MessagePort | undefined;
// Frames that sources lost: those before the present one, and what the page counts of it.
let [droppedBefore, droppedByPage] = [0, 0];
let changes = 0;
// As long as opening a model may take, ms: first shaders on a slow computer take minutes.
const longestOpening = 300_000;
// A step that takes longer, in ms, will not end: some drivers lose a device without a word.
const longestStep = 20_000;

/** Opens the model on the device that is asked for, or on the first after those that were lost. */
async function openModel(lost: readonly Skipped[]): Promise<Model> {
  const { model: source, assets } = job;
  const load = (device: Device | 'auto'): Promise<Model> =>
    loadModel(source, {
      device,
      assets,
      worker: 'here',
      onProgress: (progress) => {
        say({ type: 'progress', progress });
      },
    });
  if (lost.length === 0 || job.device !== 'auto') return load(job.device);
  let failure: Error | undefined;
  const devices = new Set(webProviders.map(({ device }) => device));
  for (const device of devices) {
    if (lost.some((one) => one.device === device)) continue;
    try {
      return await load(device);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
  }
  throw failure ?? new Error('No device is left.');
}

async function open(lost: readonly Skipped[]): Promise<void> {
  const [kernels, opened] = await Promise.all([loadKernels(), openModel(lost)]);
  const { calibration, decision, threshold } = job;
  model = opened;
  watcher = new Watcher(kernels, opened, { calibration, decision, threshold });
  watcher.onStrikes = (strikes) => {
    say({ type: 'strikes', strikes });
  };
  watcher.onSounds = (sounds) => {
    say({ type: 'sounds', sounds });
  };
  watcher.onMoved = (moved) => {
    say({ type: 'moved', moved }, moved.picture ? [moved.picture.luma.buffer as ArrayBuffer] : []);
  };
  watcher.sound = soundPort;
  const { device, skipped } = opened;
  const runtime = webProviders.find((provider) => provider.device === device)?.runtime ?? 'onnxruntime-web';
  say({ type: 'opened', device, runtime, skipped: [...lost, ...skipped], decisions: decisionsOf(opened.card) });
}

/** The device failed in the middle of its work: the page starts another worker, for this one's runtime may hang for good. */
function lose(reason: string): void {
  if (!watcher) return;
  watcher = undefined;
  blind();
  say({ type: 'lost', lost: { device: model!.device, reason } });
}

async function watchFrame(tapped: Parameters<Watcher['watch']>[0]): Promise<void> {
  const now = watcher;
  if (!now) {
    tapped.frame.close();
    return;
  }
  try {
    await now.watch(tapped);
  } catch (error) {
    // One that was given up before does not count.
    // What an app is told to do about a loss, the page does.
    if (now === watcher) lose(wordsOf(error).replace(/; load the model again\.$/, ''));
  }
}

async function follow(own: FrameTap): Promise<void> {
  blind();
  tap = own;
  for (let tapped = await own.next(); tapped; tapped = await own.next()) {
    await watchFrame(tapped);
    if (tap !== own) break;
  }
}

function blind(): void {
  droppedBefore += (tap?.dropped ?? 0) + droppedByPage;
  droppedByPage = 0;
  tap?.close();
  tap = undefined;
}

function change(settings: Partial<WatchJob>): void {
  const next = { ...job, ...settings };
  try {
    watcher?.set(next);
    job = next;
    changes += 1;
    // Every change leaves plans behind. Until somebody collects them, other threads may find no room for theirs.
    if (changes % 8 === 0) makeRoom();
  } catch (error) {
    say({ type: 'refused', error });
  }
}

function receive(message: ToWatcher): void {
  switch (message.type) {
    case 'open':
      job = message.job;
      open(job.lost).catch((error: unknown) => {
        say({ type: 'refused', error });
      });
      break;
    case 'readable':
      void follow(tapTrack(message.readable));
      break;
    case 'track':
      void follow(tapTrack(new trackProcessor!({ track: message.track, maxBufferSize: processorRoom }).readable));
      break;
    case 'frame': {
      const { frame, time, arrived, captured, dropped } = message;
      const { timeOrigin } = performance;
      droppedByPage = dropped;
      void watchFrame({ frame, time, arrived: arrived - timeOrigin, captured: captured - timeOrigin }).then(() => {
        say({ type: 'taken' });
      });
      break;
    }
    case 'blind':
      blind();
      break;
    case 'sound':
      soundPort?.close();
      soundPort = message.port;
      if (watcher) watcher.sound = soundPort;
      if (soundPort) {
        soundPort.onmessage = ({ data }: MessageEvent<Float64Array>) => {
          watcher?.heard(data);
        };
      }
      break;
    case 'set':
      change({ decision: message.decision, threshold: message.threshold });
      break;
    case 'calibrate':
      change({ calibration: message.calibration });
      break;
    case 'stop':
      blind();
      watcher = undefined;
      void (model?.dispose() ?? Promise.resolve()).catch(() => undefined).then(() => {
        say({ type: 'stopped' });
        page.close();
      }); // prettier-ignore
  }
}

page.addEventListener('message', ({ data }) => {
  receive(data);
});

setInterval(() => {
  const dropped = droppedBefore + droppedByPage + (tap?.dropped ?? 0);
  if (watcher) say({ type: 'beat', ...watcher.stats(dropped) });
  else if (!model && performance.now() < longestOpening) say({ type: 'opening' });
  if (watcher && watcher.thinking > longestStep) lose('It has stopped to answer.');
}, 1000);

say({ type: 'ready', watchesTracks: trackProcessor !== undefined });
