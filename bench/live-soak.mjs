// Does live listening stay as it is, for hours? In a real Chromium: in real time with a camera, and faster with frames by the million.
//
//   node scripts/build.mjs --kernels && node bench/live-soak.mjs [--minutes 30] [--json F]
//   node bench/live-soak.mjs --frames 2592000 [--minutes 20] [--json F]       24 hours at 30 a second, or what the time allows
//
// Looks once a minute at what page and worker hold after a collection (heaps, memories of WebAssembly, the whole process in
// memory), and at frames dropped, gaps in the sound and recoveries. Exits with 1 when what is held grows from the first third
// to the last by more than the bounds below, or something had to recover.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { cpus } from 'node:os';
import { openStage } from './live-stage.mjs';

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, frames: { type: 'string' }, device: { type: 'string', default: 'wasm' }, json: { type: 'string' } },
}); // prettier-ignore
const fast = values.frames !== undefined;
const minutes = Number(values.minutes ?? (fast ? 20 : 30));
const most = Number(values.frames ?? Infinity);
// Growth that is granted, bytes: pools of the engine fill slowly; a leak of 100 bytes a frame would show as 5 MB an hour.
const bounds = { page: 1e6, worker: 1e6, wasm: 0, resident: 24e6 };

const realTime = `
import { listen } from './src/browser.ts';
globalThis.start = async (options) => {
  const stream = await navigator.mediaDevices.getUserMedia({ video: true });
  const context = new AudioContext({ latencyHint: 'interactive' });
  const ear = await listen(stream, { ...options, context, assets: new URL('/assets/', location.href), workerUrl: '/counted.js' });
  ear.output.connect(context.destination);
  globalThis.stats = () => ear.stats;
};
`;
// The worker alone, with frames one after the other as pages hand them on; two are under way, so that neither side waits.
const millions = `
globalThis.start = ({ calibration, device, frames, most }) => new Promise((started, failed) => {
  const { width, height } = calibration;
  const worker = new Worker('/counted.js', { type: 'module' });
  const assets = new URL('/assets/', location.href).href;
  const job = { model: 'bar-lstm', device, lost: [], assets, calibration, decision: 'now', threshold: undefined };
  const planes = frames.map((luma) => {
    const bytes = new Uint8Array(1.5 * width * height).fill(128);
    bytes.set(Uint8Array.from(atob(luma), (letter) => letter.charCodeAt(0)));
    return bytes;
  });
  const counts = { frames: 0, dropped: 0, underruns: 0, strikes: 0, recoveries: 0 };
  let sent = 0;
  const send = () => {
    if (sent >= most) return;
    const time = sent / 30;
    const frame = new VideoFrame(planes[sent % planes.length], {
      format: 'I420', codedWidth: width, codedHeight: height, timestamp: Math.round(time * 1e6),
    });
    const now = performance.timeOrigin + performance.now();
    worker.postMessage({ type: 'frame', frame, time, arrived: now, captured: now, dropped: 0 }, [frame]);
    sent += 1;
  };
  worker.onerror = (event) => failed(new Error(event.message));
  worker.onmessage = ({ data }) => {
    if (data.type === 'ready') worker.postMessage({ type: 'open', job });
    else if (data.type === 'refused') failed(data.error);
    else if (data.type === 'opened') { send(); started(); }
    else if (data.type === 'taken') { counts.frames += 1; send(); }
    else if (data.type === 'strikes') counts.strikes += data.strikes.length;
    else if (data.type === 'lost') counts.recoveries += 1;
  };
  globalThis.stats = () => ({ ...counts });
});
`;

const clip = fast
  ? { seed: 9, width: 160, height: 90, fps: 30, seconds: 10, keep: true }
  : { seed: 9, width: 640, height: 360, fps: 30, seconds: 12 };
const stage = await openStage({ page: fast ? millions : realTime, clip });
let report;
try {
  const { tab, truth, frames, measure, version } = stage;
  await tab.evaluate((options) => globalThis.start(options), {
    calibration: truth.calibration,
    device: values.device,
    ...(fast ? { frames: frames.map((luma) => Buffer.from(luma).toString('base64')), most } : {}),
  });
  const started = performance.now();
  const marks = [];
  for (let minute = 1; minute <= minutes; minute++) {
    await tab.waitForTimeout(Math.max(0, started + 60_000 * minute - performance.now()));
    const { frames: count, dropped, underruns, recoveries, strikes } = await tab.evaluate(() => globalThis.stats());
    const { cpu, ...held } = await measure();
    const mark = {
      minute,
      frames: count,
      dropped,
      underruns,
      recoveries,
      strikes,
      cpu: Number(cpu.toFixed(1)),
      ...held,
    };
    marks.push(mark);
    const mega = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
    console.log(
      `${minute} min: ${count} frames, ${dropped} dropped, ${underruns} underruns, ${recoveries} recoveries, ${strikes} strikes; ` +
        `page ${mega(held.page)}, worker ${mega(held.worker)}, ${held.memories} memories of ${mega(held.wasm)}, process ${mega(held.resident)}`,
    );
    if (count >= most) break;
  }
  const last = marks.at(-1);
  // The first minutes fill what is filled once.
  const third = Math.max(1, Math.floor(marks.length / 3));
  const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
  const growth = Object.fromEntries(
    Object.keys(bounds).map((name) => {
      const of = (some) => median(some.map((mark) => mark[name]));
      return [name, of(marks.slice(-third)) - of(marks.slice(0, third))];
    }),
  );
  const flat = Object.entries(bounds).every(([name, bound]) => !(growth[name] > bound)) && last.recoveries === 0;
  report = {
    format: 'deep-marimba/live-soak@1',
    date: new Date().toISOString(),
    machine: { cpu: cpus()[0].model, cores: cpus().length, chromium: version },
    kind: fast ? 'frames pushed through the worker as fast as it takes them' : 'camera in real time',
    picture: `${clip.width}x${clip.height}`,
    device: values.device,
    minutes: marks.length,
    hoursOfFrames: Number((last.frames / 30 / 3600).toFixed(2)),
    growth,
    bounds,
    flat,
    marks,
  };
  console.log(
    `${last.frames} frames, ${report.hoursOfFrames} h at 30 a second; growth ${JSON.stringify(growth)}: ${flat ? 'flat' : 'NOT flat'}`,
  );
  if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 1)}\n`);
} finally {
  await stage.close();
}
process.exit(report?.flat ? 0 : 1);
