// Where live listening is measured: a real Chromium, a page that listens, and a camera that plays a simulated clip over and over.
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright';
import { chromium as findChromium } from '../scripts/chromium.mjs';

const root = new URL('..', import.meta.url).pathname;

/** What the measurements need of the library, bundled where it finds its packages. */
export async function loadLibrary() {
  const outfile = join(root, 'build', 'live-library.mjs');
  const contents = `
    export { decisionsOf } from './src/kiosk/decisions.ts';
    export { loadModel } from './src/model/load-model.ts';
    export { noteSet } from './src/notes.ts';
    export { detectStrikes } from './src/sound/strike-detection.ts';
  `;
  const options = { bundle: true, format: 'esm', platform: 'node', packages: 'external', logLevel: 'error' };
  await build({ ...options, stdin: { contents, resolveDir: root, loader: 'js' }, outfile });
  return import(pathToFileURL(outfile).href);
}

/** Renders a clip into the camera's file. @returns its truth, and its frames' luma if they are to be kept. */
async function renderClip(folder, { seed, width, height, fps, seconds, keep }) {
  const outfile = join(folder, 'scene.mjs');
  const options = { bundle: true, format: 'esm', platform: 'node', packages: 'external', logLevel: 'error' };
  await build({ ...options, entryPoints: [join(root, 'src/scene/scene.ts')], outfile });
  const { scene } = await import(pathToFileURL(outfile).href);
  const { truth, frames } = scene(seed, 'sequences', { width, height, fps, seconds, mix: 'music' });
  const file = openSync(join(folder, 'clip.y4m'), 'w');
  writeSync(file, `YUV4MPEG2 W${width} H${height} F${fps}:1 Ip A1:1 C420jpeg\n`);
  const frame = Buffer.alloc(6 + 1.5 * width * height, 128);
  frame.write('FRAME\n');
  const kept = [];
  for (const { pixels } of frames()) {
    for (let i = 0; i < pixels.length; i++) frame[6 + i] = 16.5 + (219 * pixels[i]) / 255;
    writeSync(file, frame);
    if (keep) kept.push(Uint8Array.from(frame.subarray(6, 6 + pixels.length)));
  }
  closeSync(file);
  return { truth, frames: kept };
}

// The worker, and around it what counts the memories of WebAssembly that are alive in it.
const countedWorker = `
const alive = new Set();
const count = (memory) => { if (memory instanceof WebAssembly.Memory) alive.add(new WeakRef(memory)); };
const { Memory, Instance, instantiate } = WebAssembly;
WebAssembly.Memory = new Proxy(Memory, { construct(target, args) { const made = new target(...args); count(made); return made; } });
WebAssembly.Instance = new Proxy(Instance, { construct(target, args) { const made = new target(...args); Object.values(made.exports).forEach(count); return made; } });
WebAssembly.instantiate = async (...args) => { const made = await instantiate.apply(WebAssembly, args); Object.values((made.instance ?? made).exports).forEach(count); return made; };
globalThis.wasm = () => {
  let [memories, bytes] = [0, 0];
  for (const ref of alive) {
    const memory = ref.deref();
    if (memory) { memories += 1; bytes += memory.buffer.byteLength; } else alive.delete(ref);
  }
  return { memories, bytes };
};
await import('./live-worker.js');
`;

async function serve(folder, page) {
  const options = { bundle: true, format: 'esm', target: 'es2022', splitting: true, outdir: join(folder, 'page'), logLevel: 'error' };
  const text = (contents, sourcefile) => ({ stdin: { contents, resolveDir: root, loader: 'js', sourcefile } });
  await build({ ...options, ...text(page, 'page.js'), entryNames: 'page' });
  await build({ ...options, entryPoints: [join(root, 'src/kiosk/live-worker.ts')] });
  await build({ ...options, ...text(countedWorker, 'counted.js'), entryNames: 'counted', bundle: false, splitting: false });
  const types = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.json': 'application/json', '.html': 'text/html' };
  const server = createServer(({ url = '/' }, response) => {
    const path = new URL(url, 'http://localhost').pathname;
    const places = path.startsWith('/assets/models/')
      ? [join(root, path.slice('/assets/'.length))]
      : path.startsWith('/assets/')
        ? ['onnxruntime-web', '@tensorflow/tfjs-backend-wasm'].map((name) => join(root, 'node_modules', name, 'dist', path.slice(8)))
        : [join(folder, 'page', path)];
    const found = places.find((place) => existsSync(place) && extname(place) !== '');
    response.setHeader('content-type', types[found ? extname(found) : '.html'] ?? 'application/octet-stream');
    if (path !== '/' && !found) response.statusCode = 404;
    response.end(found ? readFileSync(found) : '<!doctype html><script type="module" src="/page.js"></script>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
} // prettier-ignore

/**
 * Opens it all: the clip is rendered and played by the camera, `page` is the page's script, `/counted.js` the worker's.
 * @returns the tab, the clip's truth and luma, the renderer processes, `measure()` of what processes and threads hold, and `close()`.
 */
export async function openStage({ page, clip }) {
  const folder = mkdtempSync(join(tmpdir(), 'live-'));
  const { truth, frames } = await renderClip(folder, clip);
  const server = await serve(folder, page);
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: [
      ...['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--disable-background-networking'],
      ...['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--enable-precise-memory-info'],
      ...['--enable-unsafe-webgpu', `--use-file-for-fake-video-capture=${join(folder, 'clip.y4m')}`],
    ],
  });
  const close = async () => {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const tab = await browser.newPage();
    tab.on('pageerror', (error) => console.error(String(error)));
    const threads = await attachThreads(await tab.context().newCDPSession(tab));
    await tab.goto(`http://127.0.0.1:${server.address().port}/`);
    await tab.waitForFunction(() => 'start' in globalThis);
    const client = await browser.newBrowserCDPSession();
    const renderers = async () =>
      (await client.send('SystemInfo.getProcessInfo')).processInfo.filter(({ type }) => type === 'renderer');
    const measure = async () => {
      const list = await renderers();
      return {
        cpu: list.reduce((sum, { cpuTime }) => sum + cpuTime, 0),
        resident: list.reduce((sum, { id }) => sum + resident(id), 0),
        ...(await threads.measure()),
      };
    };
    return { tab, truth, frames, measure, renderers, close, version: browser.version() };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Bytes of a process that are in memory; NaN where the system does not tell. */
function resident(id) {
  const file = `/proc/${id}/status`;
  return existsSync(file) ? 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1]) : NaN;
}

/** Speaks with the page's threads, each an own heap: what they hold after a collection. */
async function attachThreads(session) {
  const workers = new Map();
  const waiting = new Map();
  let ids = 0;
  session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => workers.set(sessionId, targetInfo.type));
  session.on('Target.detachedFromTarget', ({ sessionId }) => workers.delete(sessionId));
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result, error } = JSON.parse(message);
    waiting.get(id)?.(result ?? { error });
    waiting.delete(id);
  });
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  const ask = async (sessionId, method, params = {}) => {
    const id = ++ids;
    const answer = new Promise((resolve) => {
      waiting.set(id, resolve);
      setTimeout(() => resolve({ error: 'no answer' }), 20_000).unref();
    });
    await session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method, params }) });
    return answer;
  };
  return {
    async measure() {
      await session.send('HeapProfiler.collectGarbage');
      const { usedSize: page } = await session.send('Runtime.getHeapUsage');
      const held = { page, worker: 0, memories: 0, wasm: 0 };
      for (const [sessionId, type] of workers) {
        if (type !== 'worker') continue;
        await ask(sessionId, 'HeapProfiler.collectGarbage');
        held.worker += (await ask(sessionId, 'Runtime.getHeapUsage')).usedSize ?? NaN;
        const { result } = await ask(sessionId, 'Runtime.evaluate', { expression: 'wasm()', returnByValue: true });
        held.memories += result?.value?.memories ?? NaN;
        held.wasm += result?.value?.bytes ?? NaN;
      }
      return held;
    },
  };
}
