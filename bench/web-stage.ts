// A real Chromium with a page in which models are measured, and what its processes hold and spend. From a clone: it takes
// esbuild and Playwright, which nobody needs who merely uses the library.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { mimeType } from '../src/cli/local-server.js';
import { packageRoot } from './machine.js';
import type { WebPage } from './web-page.js';

/** One tab, in a process of its own. */
export interface Tab {
  /** Asks the page; what it throws is thrown. */
  ask<Name extends keyof WebPage>(name: Name, ...args: Parameters<WebPage[Name]>): ReturnType<WebPage[Name]>;
  /** Processor time of the page's and the GPU's processes between the page's marks, s. */
  readonly spent: number;
  close(): Promise<void>;
}

/** The browser. */
export interface WebStage {
  /** Its name and version. */
  readonly host: string;
  /** Whether its GPU is the processor in disguise; undefined without one. */
  readonly emulated: boolean | undefined;
  open(): Promise<Tab>;
  close(): Promise<void>;
}

async function serve(folder: string): Promise<{ url: string; close: () => void }> {
  const packages = ['onnxruntime-web', '@tensorflow/tfjs-backend-wasm'];
  const server = createServer(({ url = '/' }, response) => {
    const path = new URL(url, 'http://localhost').pathname;
    const places = path.startsWith('/assets/models/')
      ? [join(packageRoot, path.slice('/assets/'.length))]
      : path.startsWith('/assets/')
        ? packages.map((name) => join(packageRoot, 'node_modules', name, 'dist', path.slice('/assets/'.length)))
        : [join(folder, path)];
    const file = places.find((place) => existsSync(place) && extname(place) !== '');
    // Isolated, so that clocks are fine.
    const headers = {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
      'Content-Type': file === undefined ? 'text/html' : mimeType(file),
    };
    if (path === '/') response.writeHead(200, headers).end('<!doctype html><script type="module" src="/web-page.js"></script>');
    else if (file === undefined) response.writeHead(404, headers).end();
    else void readFile(file).then((bytes) => response.writeHead(200, headers).end(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => server.close() };
} // prettier-ignore

// The memories of WebAssembly that are alive in the page; they are no part of its heap.
const countMemories = `
const alive = new Set();
const count = (memory) => { if (memory instanceof WebAssembly.Memory) alive.add(new WeakRef(memory)); };
const { Memory } = WebAssembly;
WebAssembly.Memory = new Proxy(Memory, { construct(target, args) { const made = new target(...args); count(made); return made; } });
for (const name of ['instantiate', 'instantiateStreaming']) {
  const instantiate = WebAssembly[name];
  WebAssembly[name] = async (...args) => { const made = await instantiate.apply(WebAssembly, args); Object.values((made.instance ?? made).exports).forEach(count); return made; };
}
globalThis.wasmBytes = () => {
  let bytes = 0;
  for (const ref of alive) {
    const memory = ref.deref();
    if (memory) bytes += memory.buffer.byteLength; else alive.delete(ref);
  }
  return bytes;
};
`;

/** Bytes of a process that are in memory; NaN where the system does not tell. */
function residentOf(id: number): number {
  const file = `/proc/${id}/status`;
  return existsSync(file) ? 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1]) : NaN;
}

/** @throws Error when this is no clone, or there is no Chromium. */
export async function openWebStage(): Promise<WebStage> {
  const { build } = await import('esbuild');
  const { chromium } = await import('playwright');
  const { chromium: findChromium } = (await import(join(packageRoot, 'scripts/chromium.mjs'))) as { chromium: () => string };
  const folder = mkdtempSync(join(tmpdir(), 'deep-marimba-stage-'));
  await build({
    entryPoints: ['bench/web-page.ts', 'src/model/web-session-worker.ts'].map((file) => join(packageRoot, file)),
    entryNames: '[name]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    outdir: folder,
    logLevel: 'error',
  });
  const server = await serve(folder);
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: ['--no-sandbox', '--enable-unsafe-webgpu', '--disable-background-networking', '--enable-precise-memory-info'],
  });
  const system = await browser.newBrowserCDPSession();
  const processes = async (): Promise<readonly { type: string; id: number; cpuTime: number }[]> =>
    (await system.send('SystemInfo.getProcessInfo')).processInfo;
  const close = async (): Promise<void> => {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const open = async (): Promise<Tab> => {
    const others = new Set((await processes()).map(({ id }) => id));
    const context = await browser.newContext();
    const tab = await context.newPage();
    const devtools = await context.newCDPSession(tab);
    const own = async () => (await processes()).filter(({ type, id }) => type === 'GPU' || (type === 'renderer' && !others.has(id)));
    const marks: number[] = [];
    await tab.exposeFunction('told', async () => {
      marks.push((await own()).reduce((sum, { cpuTime }) => sum + cpuTime, 0));
    });
    await tab.exposeFunction('memory', async () => {
      await devtools.send('HeapProfiler.collectGarbage');
      await new Promise((resolve) => setTimeout(resolve, 50));
      await devtools.send('HeapProfiler.collectGarbage');
      const { usedSize } = await devtools.send('Runtime.getHeapUsage');
      const wasm = await tab.evaluate(() => (globalThis as unknown as { wasmBytes: () => number }).wasmBytes());
      const resident = (await own()).reduce((sum, { id }) => sum + residentOf(id), 0);
      return { heap: usedSize + wasm, resident };
    });
    await tab.addInitScript(countMemories);
    await tab.goto(server.url);
    await tab.waitForFunction(() => 'page' in globalThis);
    return {
      ask: (name, ...args) =>
        tab.evaluate(
          ([wanted, list]) =>
            (globalThis as unknown as { page: Record<string, (...all: unknown[]) => unknown> }).page[wanted](...list),
          [name, args] as const,
        ) as ReturnType<WebPage[typeof name]>,
      get spent() {
        return marks[1] - marks[0];
      },
      close: () => context.close(),
    };
  };
  try {
    const tab = await browser.newPage();
    await tab.goto(server.url);
    const emulated = await tab.evaluate(async () => {
      interface Adapter { readonly info?: { readonly isFallbackAdapter?: boolean }; readonly isFallbackAdapter?: boolean }
      const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } };
      const adapter = await gpu?.requestAdapter();
      return adapter ? (adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false) : undefined;
    });
    await tab.close();
    return { host: `Chromium ${browser.version()}`, emulated, open, close };
  } catch (error) {
    await close();
    throw error;
  }
} // prettier-ignore
