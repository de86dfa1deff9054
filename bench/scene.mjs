// How fast scenes render on one core: `node bench/scene.mjs [--json FILE] [--family NAME] [--scenes N]`, after a build.
// `--threads 1,2,4` renders the same scenes on so many worker threads instead and demands the same pixels of each number.
// Plates and frames apart, because a look is set once and then plays on. Wall time says what one gets; processor time
// (which counts the engine's own threads) says what it costs where other programs want the core too.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { scene } from '../dist/scene/scene.js';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    family: { type: 'string', default: 'train' },
    scenes: { type: 'string', default: '24' },
    threads: { type: 'string' },
  },
});

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const processor = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

function measure(width, height, rgb) {
  const plates = { wall: [], processor: [] };
  const frames = { wall: 0, processor: 0, count: 0 };
  const warmUp = 6;
  for (let seed = 0; seed < warmUp + Number(values.scenes); seed++) {
    const made = scene(1000 + seed, values.family, { width, height, seconds: 8, rgb });
    const begin = [performance.now(), processor()];
    for (const { index } of made.frames(0, 1)) if (index !== 0) throw new Error('another frame than was asked for');
    const set = [performance.now(), processor()];
    let count = 0;
    for (const { pixels } of made.frames(0, 150)) {
      if (pixels.length !== width * height * (rgb ? 3 : 1)) throw new Error('a frame of another size');
      count++;
    }
    const end = [performance.now(), processor()];
    if (seed < warmUp) continue;
    plates.wall.push(set[0] - begin[0]);
    plates.processor.push(set[1] - begin[1]);
    frames.wall += end[0] - set[0];
    frames.processor += end[1] - set[1];
    frames.count += count;
  }
  return {
    width,
    height,
    channels: rgb ? 3 : 1,
    plateMs: { wall: median(plates.wall), processor: median(plates.processor), worst: Math.max(...plates.processor) },
    framesPerSecond: {
      wall: (1000 * frames.count) / frames.wall,
      processor: (1000 * frames.count) / frames.processor,
    },
  };
}

/** Frames and digest of one scene. */
function digest(seed) {
  const hash = createHash('sha256');
  let frames = 0;
  for (const { pixels } of scene(seed, values.family, { width: 256, height: 144, seconds: 6 }).frames()) {
    hash.update(pixels);
    frames++;
  }
  return { seed, frames, hash: hash.digest('hex') };
}

/** The same scenes on `count` threads, handed out one by one. */
async function onThreads(count, scenes) {
  const digests = new Map();
  let [next, frames, begin] = [0, 0, 0];
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) }),
  );
  // One scene each to warm up, so that compiling is not counted.
  for (const round of ['warm-up', 'counted']) {
    [next, frames, begin] = [0, 0, performance.now()];
    const end = round === 'warm-up' ? count : scenes;
    await Promise.all(
      workers.map(
        (worker) =>
          new Promise((done, fail) => {
            const ask = () => (next < end ? worker.postMessage(next++) : done(worker.off('message', take)));
            const take = (made) => {
              digests.set(made.seed, made.hash);
              frames += made.frames;
              ask();
            };
            worker.once('error', fail);
            worker.on('message', take);
            ask();
          }),
      ),
    );
  }
  const framesPerSecond = (1000 * frames) / (performance.now() - begin);
  await Promise.all(workers.map((worker) => worker.terminate()));
  return { count, framesPerSecond, digests: [...digests].sort(([a], [b]) => a - b).join() };
}

if (!isMainThread) parentPort.on('message', (seed) => parentPort.postMessage(digest(seed)));
else if (values.threads !== undefined) {
  const runs = [];
  for (const count of values.threads.split(',').map(Number)) runs.push(await onThreads(count, Number(values.scenes)));
  for (const { count, framesPerSecond, digests } of runs) {
    if (digests !== runs[0].digests) throw new Error(`${count} threads render other pixels than ${runs[0].count}`);
    const times = (framesPerSecond / runs[0].framesPerSecond).toFixed(2);
    console.log(`${count} threads  ${framesPerSecond.toFixed(0)} frames/s, plates included  x ${times}`);
  }
} else raceOneCore();

function raceOneCore() {
  const report = {
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.versions.node },
    family: values.family,
    results: [measure(160, 90, false), measure(320, 180, false), measure(320, 180, true), measure(1280, 720, false)],
  };
  for (const { width, height, channels, plateMs, framesPerSecond } of report.results) {
    console.log(
      `${width}x${height} ${channels === 1 ? 'luma' : 'rgb '}  plate ${plateMs.processor.toFixed(0)} ms (wall ${plateMs.wall.toFixed(0)}, worst ${plateMs.worst.toFixed(0)})` +
        `  ${framesPerSecond.processor.toFixed(0)} frames/s (wall ${framesPerSecond.wall.toFixed(0)})`,
    );
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}
