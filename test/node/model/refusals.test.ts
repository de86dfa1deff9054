// What a real Chromium may refuse a page: SIMD, WebAssembly itself, a GPU, threads. One sentence each, with what to do.
import { mkdtempSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { chromium } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serveFolder } from '../../support/site.js';

const root = resolve(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'deep-marimba-refusals-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
beforeAll(async () => {
  const source = `
    import { loadModel } from './src/model/load-model-web.ts';
    globalThis.load = async (device) => {
      try {
        const model = await loadModel('bar-lstm', { device, assets: '/', cache: false });
        await model.dispose();
        return 'runs on ' + model.device;
      } catch (error) {
        return error.name + ': ' + error.message;
      }
    };
  `;
  const options = { bundle: true, splitting: true, format: 'esm', outdir: folder, logLevel: 'error' } as const;
  await build({ ...options, entryNames: 'page', stdin: { contents: source, resolveDir: root, loader: 'js' } });
  await build({ ...options, entryPoints: [join(root, 'src/model/web-session-worker.ts')] });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><script type="module" src="/page.js"></script>');
  cpSync(join(root, 'models/bar-lstm'), join(folder, 'models/bar-lstm'), { recursive: true });
  for (const file of ['onnxruntime-web/dist/ort-wasm-simd-threaded.wasm', '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm']) {
    cpSync(join(root, 'node_modules', file), join(folder, file.split('/').at(-1)!));
  }
}); // prettier-ignore

/** What loading says on each device, in a page with these headers, in a browser with these switches. */
async function loadIn(devices: readonly string[], policy: string | undefined, ...switches: string[]): Promise<string[]> {
  const site = await serveFolder(folder, policy === undefined ? {} : { 'Content-Security-Policy': policy });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', ...switches],
  });
  try {
    const page = await browser.newPage();
    await page.goto(site.url);
    await page.waitForFunction(() => 'load' in globalThis);
    const said: string[] = [];
    for (const device of devices) {
      said.push(await page.evaluate((name) => (globalThis as unknown as { load: (of: string) => Promise<string> }).load(name), device));
    }
    return said;
  } finally {
    await browser.close();
    await site.close();
  }
} // prettier-ignore

it('WebAssembly, by its security policy', async () => {
  const forbidden =
    "UnsupportedError: This page forbids WebAssembly; add 'wasm-unsafe-eval' to script-src of its Content-Security-Policy.";
  expect(await loadIn(['auto', 'wasm'], "default-src 'self'")).toEqual([forbidden, forbidden]);
  const allowed = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' blob:";
  expect(await loadIn(['wasm', 'tfjs'], allowed)).toEqual(['runs on wasm', 'runs on tfjs']);
});

it('SIMD, by its processor', async () => {
  const without = '--js-flags=--no-enable-sse3,--no-enable-ssse3,--no-enable-sse4-1,--no-enable-sse4-2,--no-enable-avx,--no-enable-avx2';
  expect(await loadIn(['auto'], undefined, without)).toEqual([
    'UnsupportedError: WebAssembly SIMD is not available here; use Node 20, Chrome 91, Firefox 89, Safari 16.4 or later.',
  ]);
}); // prettier-ignore

it('a GPU, by its machine', async () => {
  const off = ['--disable-gpu', '--disable-3d-apis', '--disable-software-rasterizer'];
  expect(await loadIn(['webgpu', 'auto'], undefined, ...off)).toEqual([
    'ModelError: bar-lstm does not run on webgpu: This browser finds no GPU for WebGPU; look at its page about the GPU.',
    'runs on wasm',
  ]);
});
