// Live listening in a real Chromium: a stream, its strikes and their sound, and everything that may break on the way.
import { afterEach, describe, expect, it } from 'vitest';
import {
  listen,
  loadModel,
  type LiveEar,
  type LiveOptions,
  type LiveProblem,
  type LiveSound,
  type LiveSource,
  type LiveState,
  type LiveStrike,
  PushedFrames,
  type Strike,
} from '../../src/browser.js';
import { fillRoom, memories } from '../support/full-process.js';
import { calibration, picture } from '../support/moving-picture.js';

const { width, height } = calibration;
// Pictures of no instrument: low enough that something is heard.
const threshold = 0.004;

const ends: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A canvas that shows the moving picture, as a camera's stream. */
function camera(fps = 30): MediaStream {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(width, height);
  const started = performance.now();
  const paint = (): void => {
    picture((performance.now() - started) / 1000).forEach((value, i) => {
      image.data.set([value, value, value, 255], 4 * i);
    });
    context.putImageData(image, 0, 0);
  };
  paint();
  const timer = setInterval(paint, 1000 / fps);
  const stream = canvas.captureStream();
  ends.push(() => {
    clearInterval(timer);
    for (const track of stream.getTracks()) track.stop();
  });
  return stream;
}

interface Heard {
  readonly ear: LiveEar;
  readonly strikes: LiveStrike[];
  readonly problems: LiveProblem[];
  readonly states: LiveState[];
}

async function hear(source: LiveSource, options: Partial<LiveOptions> = {}): Promise<Heard> {
  const ear = await listen(source, { calibration, threshold, device: 'wasm', ...options });
  ends.push(() => ear.stop());
  const heard: Heard = { ear, strikes: [], problems: [], states: [] };
  ear.addEventListener('strike', ({ detail }) => heard.strikes.push(detail));
  ear.addEventListener('problem', ({ detail }) => heard.problems.push(detail));
  ear.addEventListener('state', ({ detail }) => heard.states.push(detail));
  return heard;
}

async function until(what: string, holds: () => boolean, seconds = 60): Promise<void> {
  const started = performance.now();
  while (!holds()) {
    if (performance.now() - started > 1000 * seconds) throw new Error(`${what} has not come in ${seconds} s`);
    await new Promise((later) => setTimeout(later, 20));
  }
}

/** The worker, and what may be done to it from outside. */
function breakable(): {
  workerUrl: string;
  tell: (what: 'crash' | 'hang' | 'lose' | 'destroy' | 'destroy in a step') => void;
} {
  const name = `break-${Math.random()}`;
  // As vite asks for what is to run in a worker.
  const script = new URL('/src/kiosk/live-worker.ts?worker_file&type=module', location.href).href;
  const source = `
    // An emulated GPU is taken for a real one, and its device can be taken away.
    let device;
    if (globalThis.GPUAdapter) {
      const { requestDevice } = GPUAdapter.prototype;
      GPUAdapter.prototype.requestDevice = async function (...args) { return (device = await requestDevice.apply(this, args)); };
      Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false });
    }
    new BroadcastChannel('${name}').onmessage = ({ data }) => {
      if (data === 'crash') throw new Error('provoked');
      if (data === 'hang') for (;;);
      if (data === 'destroy') return device.destroy();
      if (data === 'destroy in a step') {
        const { submit } = GPUQueue.prototype;
        GPUQueue.prototype.submit = function (...args) { submit.apply(this, args); device.destroy(); };
        return;
      }
      VideoFrame.prototype.copyTo = () => Promise.reject(new Error('provoked'));
    };
    await import('${script}');
  `;
  const channel = new BroadcastChannel(name);
  const workerUrl = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  ends.push(() => {
    channel.close();
    URL.revokeObjectURL(workerUrl);
  });
  return {
    workerUrl,
    tell: (what) => {
      channel.postMessage(what);
    },
  };
}

// Machines that do other things as well are slow; nothing here is about how fast it is.
describe('listen', { timeout: 400_000 }, () => {
  it('hears a stream, in order and in time, and counts', async () => {
    const { ear, strikes, states, problems } = await hear(camera());
    expect(['waiting', 'listening']).toContain(ear.state);
    await until('strikes', () => strikes.length >= 8 && ear.state === 'listening' && ear.stats.frames > 45);
    for (const { contact, decided, midi, velocity } of strikes) {
      // The head that answers earliest needs the frame after the contact's, and the clock half a frame more.
      expect(decided - contact).toBeGreaterThan(-40);
      // By one clock, however slow this machine is.
      expect(decided - contact).toBeLessThan(60_000);
      expect(Math.abs(performance.now() - decided)).toBeLessThan(60_000);
      expect(calibration.bars.some((bar) => bar.midi === midi)).toBe(true);
      expect(velocity).toBeGreaterThanOrEqual(0);
    }
    const { now, sure } = ear.decisions!;
    expect([now.head, sure.head]).toEqual(['now', 'onset']);
    expect(now.frames).toBeLessThan(sure.frames);
    expect(sure.f1).toBeGreaterThan(now.f1!);
    expect(ear.stats).toMatchObject({ device: 'wasm', runtime: 'onnxruntime-web', recoveries: 0 });
    expect(ear.stats.fps).toBeGreaterThan(0);
    expect(ear.stats.latency.model).toBeGreaterThan(0);
    expect(ear.stats.latency.audio).toBeNaN();
    expect(problems).toEqual([]);
    await ear.stop();
    await ear.stop();
    expect(states.at(-1)).toBe('stopped');
    const count = strikes.length;
    await new Promise((later) => setTimeout(later, 300));
    expect(strikes.length).toBe(count);
  });

  it('plays what it hears, past the page, and goes on when the context is suspended', async () => {
    const context = new AudioContext();
    ends.push(() => context.close());
    const { ear, strikes } = await hear(camera(), { context, level: 0.5 });
    const analyser = new AnalyserNode(context, { fftSize: 2048 });
    ear.output!.connect(analyser).connect(context.destination);
    const samples = new Float32Array(2048);
    const loud = (): boolean => {
      analyser.getFloatTimeDomainData(samples);
      return samples.some((value) => Math.abs(value) > 0.002);
    };
    await until('sound', loud);
    const sounds: LiveSound[] = [];
    ear.addEventListener('sound', ({ detail }) => sounds.push(detail));
    await until('the audio thread\'s answer', () => ear.stats.latency.audio > 0 && sounds.length > 2);
    for (const { contact, arrived, decided, leaves } of sounds) {
      expect(decided).toBeGreaterThan(arrived);
      // Date.now() counts whole milliseconds.
      expect(leaves).toBeGreaterThan(decided - 2);
      expect(leaves - contact).toBeLessThan(60_000);
    }
    expect(ear.stats.latency.audio).toBeLessThan(60_000);
    await context.suspend();
    await until('the context', () => context.state === 'running');
    await until('sound again', loud);
    await ear.set({ voice: 'additive', level: 1, decision: 'sure', threshold: 0.01 });
    const before = strikes.length;
    await until('strikes by other settings', () => strikes.length > before + 2);
    await until('sound in another voice', loud);
    await ear.set({ level: 0 });
    await until('silence', () => !loud());
  }); // prettier-ignore

  it('watches an element, says when nothing comes, and goes on with another source', async () => {
    const element = document.createElement('video');
    element.muted = true;
    element.srcObject = camera();
    await element.play();
    const { ear, strikes } = await hear(element);
    await until('strikes', () => strikes.length > 3 && ear.state === 'listening');
    expect(ear.stats.latency.model).toBeGreaterThan(0);
    element.pause();
    await until('waiting', () => ear.state === 'waiting');
    const before = strikes.length;
    await ear.watch(camera());
    await until('strikes of the other', () => strikes.length > before + 3 && ear.state === 'listening');
    await ear.calibrate({ ...calibration, bars: calibration.bars.slice(0, 5) });
    await until('strikes on other bars', () => strikes.slice(before).length > 10);
    await expect(ear.calibrate({ ...calibration, bars: [] })).rejects.toThrow('needs at least one bar');
    await expect(ear.set({ decision: 'soon' as 'now' })).rejects.toThrow('decision: expected now or sure, got soon.');
    await expect(ear.set({ level: 2 })).rejects.toThrow(RangeError);
  });

  it('comes back when its worker crashes, and when it falls silent', async () => {
    const { workerUrl, tell } = breakable();
    const context = new AudioContext();
    ends.push(() => context.close());
    const { ear, strikes, problems, states } = await hear(camera(), { workerUrl, context, level: 0.1 });
    // What leads nowhere is not asked for sound.
    ear.output!.connect(context.destination);
    await until('strikes', () => strikes.length > 2);
    const frames = ear.stats.frames;
    tell('crash');
    await until('recovery', () => states.includes('recovering'));
    let before = strikes.length;
    await until('strikes after the crash', () => strikes.length > before + 2 && ear.state === 'listening');
    expect(problems.map(({ message, recovers }) => [message, recovers])).toEqual([
      [expect.stringContaining('provoked'), true],
    ]);
    expect(ear.stats.frames).toBeGreaterThan(frames);
    tell('hang');
    await until('the watchdog', () => ear.stats.recoveries === 2);
    before = strikes.length;
    await until('strikes after the silence', () => strikes.length > before + 2 && ear.state === 'listening');
    expect(problems.at(-1)!.message).toBe('The worker that watches fell silent.');
    await until('its sound', () => ear.stats.latency.audio > 0);
  });

  it('starts, and comes back again and again, where memory is short and the page has dropped what fills it', async () => {
    const { workerUrl, tell } = breakable();
    const stream = camera();
    // Kept memories leave room for two workers, as on a small computer; what is dropped leaves none.
    const kept = memories(fillRoom() - 8);
    fillRoom();
    const { ear, strikes, problems } = await hear(stream, { workerUrl });
    ear.addEventListener('state', ({ detail }) => {
      if (detail !== 'recovering') return;
      // The worker has been ended, its successor has not been started.
      for (const ended = performance.now(); performance.now() < ended + 100;);
      fillRoom();
    });
    await until('strikes', () => strikes.length > 0);
    for (let turn = 1; turn <= 6; turn++) {
      tell('crash');
      await until(`recovery ${turn}`, () => ear.stats.recoveries === turn);
      const before = strikes.length;
      await until(`strikes after recovery ${turn}`, () => strikes.length > before && ear.state === 'listening');
    }
    expect(kept.length).toBeGreaterThan(0);
    expect(problems.map(({ message }) => message)).toEqual(Array(6).fill(expect.stringContaining('provoked')));
  });

  it('opens the model anew when its device fails in the middle of a step', async () => {
    const { workerUrl, tell } = breakable();
    const { ear, strikes, problems } = await hear(camera(), { workerUrl });
    await until('strikes', () => strikes.length > 2);
    tell('lose');
    await until('recovery', () => ear.stats.recoveries === 1);
    const before = strikes.length;
    await until('strikes after it', () => strikes.length > before + 2 && ear.state === 'listening');
    expect(problems.map(({ message, recovers }) => [message, recovers])).toEqual([
      ['The device wasm was lost (provoked).', true],
    ]);
    expect(ear.stats.device).toBe('wasm');
  });

  // Between two steps the browser says that it is gone; in the middle of one the runtime never comes back, and its worker falls silent.
  it.each(['destroy', 'destroy in a step'] as const)('goes on with the next device when the GPU is lost: %s', async (how) => {
    const { workerUrl, tell } = breakable();
    const { ear, strikes, problems } = await hear(camera(10), { workerUrl, device: 'auto' });
    expect(ear.stats).toMatchObject({ device: 'webgpu', skipped: [] });
    await until('frames on the GPU', () => ear.stats.frames > 2, 240);
    tell(how);
    await until('another device', () => ear.stats.device === 'wasm', 240);
    expect(ear.stats.skipped.map(({ device }) => device)).toEqual(['webgpu']);
    expect(ear.stats.recoveries).toBe(1);
    expect(problems).toMatchObject([{ message: expect.stringContaining('webgpu') as string, recovers: true }]);
    const before = strikes.length;
    await until('strikes on it', () => strikes.length > before && ear.state === 'listening', 240);
  }, 900_000); // prettier-ignore

  it('hears in frames pushed by hand what a predictor hears, drops what it has no time for, and goes on after a crash', async () => {
    const { workerUrl, tell } = breakable();
    const frames = new PushedFrames();
    const { ear, strikes } = await hear(frames, { workerUrl, decision: 'sure' });
    const made: VideoFrame[] = [];
    const luma = (k: number): Uint8Array => picture(k / 30);
    /** Frame k of 30 a second: luma, and chroma of no colour. */
    const push = (k: number): Promise<boolean> => {
      const planes = new Uint8Array(1.5 * width * height).fill(128);
      planes.set(luma(k));
      const timestamp = Math.round((1e6 * k) / 30);
      const frame = new VideoFrame(planes, { format: 'I420', codedWidth: width, codedHeight: height, timestamp });
      made.push(frame);
      return frames.push(frame);
    };
    const model = await loadModel('bar-lstm', { device: 'wasm' });
    ends.push(() => model.dispose());
    const frame = { width, height, format: 'gray8', range: 'limited' } as const;
    const predictor = model.createPredictor(calibration, { frame, threshold });
    const expected: Strike[] = [];
    let k = 0;
    for (; k < 150; k++) {
      expect(await push(k)).toBe(true);
      const time = Math.round((1e6 * k) / 30) / 1e6;
      expected.push(...(await predictor.push({ time, luma: luma(k) })));
    }
    await until('the last frame', () => ear.stats.frames === 150);
    expect(ear.stats.dropped).toBe(0);
    expect(expected.length).toBeGreaterThan(5);
    expect(strikes.map(({ time, midi, velocity }) => ({ time, midi, velocity }))).toEqual(expected);
    // Three at once: one is in work or waits, the newest waits, and one at least has no time.
    const three = await Promise.all([push(k++), push(k++), push(k++)]);
    expect(three.at(-1)).toBe(true);
    expect(three).toContain(false);
    await until('the count', () => ear.stats.dropped === three.filter((taken) => !taken).length);
    tell('crash');
    await until('the crash', () => ear.stats.recoveries === 1);
    const before = strikes.length;
    for (const started = performance.now(); strikes.length < before + 3;) {
      if (performance.now() - started > 60_000) throw new Error('no strikes after the crash');
      // While there is no worker nobody takes any.
      if (!(await push(k++))) await new Promise((later) => setTimeout(later, 20));
    }
    await expect(frames.push(document.createElement('canvas') as unknown as VideoFrame)).rejects.toThrow(
      'expected a VideoFrame, got HTMLCanvasElement; new VideoFrame(canvas, { timestamp }) makes one.',
    );
    await ear.stop();
    expect(await push(k)).toBe(false);
    // Whoever takes a frame closes it, and so does the place where none is taken.
    expect(made.filter(({ format }) => format !== null)).toEqual([]);
  });

  it('refuses what cannot be, and leaves nothing behind', async () => {
    const stream = camera();
    const refused = (options: object): Promise<unknown> => listen(stream, { calibration, device: 'wasm', ...options });
    await expect(refused({ calibration: { ...calibration, width: 0 } })).rejects.toThrow(RangeError);
    await expect(refused({ threshold: 1 })).rejects.toThrow('threshold: expected a number between 0 and 1, got 1.');
    await expect(refused({ level: -1 })).rejects.toThrow('level: expected a number of 0..1, got -1.');
    await expect(refused({ voice: 'flute' })).rejects.toThrow(
      'voice: expected additive, modal or exemplar, got flute.',
    );
    await expect(refused({ model: 'no-such-model' })).rejects.toThrow('no-such-model');
    await expect(refused({ device: 'cuda' })).rejects.toThrow('device');
    await expect(listen('camera' as never, { calibration, device: 'wasm' })).rejects.toThrow(
      'source: expected a MediaStream, a video element or PushedFrames.',
    );
    await expect(refused({ workerUrl: '/nowhere.js' })).rejects.toThrow('deep-marimba/live-worker');
    await expect(refused({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    await expect(listen(new MediaStream(), { calibration, device: 'wasm' })).rejects.toThrow(
      'The stream has no picture.',
    );
  });
});
