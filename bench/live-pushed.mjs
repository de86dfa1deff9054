// Does live listening hear in a clip what the model hears in the file? Its frames are pushed by hand, each once the one before is heard,
// so that no frame is lost, however slow device or machine are.
//
//   node scripts/build.mjs --kernels && node bench/live-pushed.mjs [--device wasm|tfjs|webgpu] [--decision now] [--seconds 12]
//
// Prints one line; exits with 1 when live listening is more than three points of F1 below the file. Times are the clip's own; how late and
// how steady live listening is, live.mjs measures.
import { parseArgs } from 'node:util';
import { loadLibrary, openStage } from './live-stage.mjs';

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'wasm' },
    decision: { type: 'string', default: 'now' },
    seconds: { type: 'string', default: '12' },
    seed: { type: 'string', default: '9' },
  },
});
const [width, height, fps] = [640, 360, 30];

const page = `
import { listen, PushedFrames } from './src/browser.ts';
const planes = [];
// Portions of the clip: all of it is too long for one message.
globalThis.add = (portion) => {
  for (const luma of portion) {
    const bytes = new Uint8Array(1.5 * ${width * height}).fill(128);
    bytes.set(Uint8Array.from(atob(luma), (letter) => letter.charCodeAt(0)));
    planes.push(bytes);
  }
};
globalThis.start = async (options) => {
  const frames = new PushedFrames();
  const assets = new URL('/assets/', location.href);
  const ear = await listen(frames, { ...options, assets, workerUrl: '/counted.js' });
  const strikes = [];
  ear.addEventListener('strike', ({ detail }) => strikes.push(detail));
  for (const [k, plane] of planes.entries()) {
    const timestamp = Math.round((1e6 * k) / ${fps});
    await frames.push(new VideoFrame(plane, { format: 'I420', codedWidth: ${width}, codedHeight: ${height}, timestamp }));
  }
  while (ear.stats.frames + ear.stats.dropped < planes.length) await new Promise((later) => setTimeout(later, 100));
  const { device, frames: seen, dropped } = ear.stats;
  await ear.stop();
  return { strikes, device, seen, dropped };
};
`;

/** F1 of strikes within 50 ms of the true ones, each taken once. */
function score(strikes, truth) {
  const left = [...truth];
  let hits = 0;
  for (const { time, midi } of strikes) {
    const found = left.findIndex((one) => one.midi === midi && Math.abs(one.time - time) <= 0.05);
    if (found < 0) continue;
    left.splice(found, 1);
    hits += 1;
  }
  return (2 * hits) / (strikes.length + truth.length);
}

const { loadModel, decisionsOf } = await loadLibrary();
const seconds = Number(values.seconds);
const stage = await openStage({ page, clip: { seed: Number(values.seed), width, height, fps, seconds, keep: true } });
let reached;
try {
  const { tab, truth, frames, version } = stage;
  const model = await loadModel(new URL('../models/bar-lstm', import.meta.url), { device: 'wasm' });
  const predictor = model.createPredictor(truth.calibration, {
    frame: { width, height, format: 'gray8', range: 'limited' },
    head: decisionsOf(model.card)[values.decision].head,
  });
  const file = [];
  for (const [k, luma] of frames.entries()) file.push(...(await predictor.push({ time: k / fps, luma })));
  await model.dispose();
  for (let k = 0; k < frames.length; k += 20) {
    await tab.evaluate(
      (portion) => globalThis.add(portion),
      frames.slice(k, k + 20).map((luma) => Buffer.from(luma).toString('base64')),
    );
  }
  const { strikes, device, seen, dropped } = await tab.evaluate((options) => globalThis.start(options), {
    calibration: truth.calibration,
    device: values.device,
    decision: values.decision,
  });
  const [live, asked] = [score(strikes, truth.strikes), score(file, truth.strikes)];
  reached = live >= asked - 0.03;
  console.log(
    `Chromium ${version}, ${device}, decision ${values.decision}: ${truth.strikes.length} strikes in ${seen} frames (${dropped} dropped); ` +
      `live hears ${strikes.length}, F1 ${live.toFixed(3)}; the file ${file.length}, F1 ${asked.toFixed(3)}: ${reached ? 'reached' : 'MISSED'}`,
  );
} finally {
  await stage.close();
}
process.exit(reached ? 0 : 1);
