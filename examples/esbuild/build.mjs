// Bundles the page and the two threads; copies what is not a script.
import { cpSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);
const marimba = dirname(require.resolve('deep-marimba/package.json'));
const runtime = dirname(require.resolve('onnxruntime-web'));
const outdir = 'dist';

const shared = { bundle: true, minify: true, format: 'esm', platform: 'browser', target: 'es2022', outdir };
await build({
  ...shared,
  entryPoints: { main: 'main.js', 'live-worker': 'deep-marimba/live-worker' },
  splitting: true,
});
await build({ ...shared, entryPoints: { worklet: 'deep-marimba/worklet' } });
cpSync('index.html', join(outdir, 'index.html'));
cpSync(join(marimba, 'models'), join(outdir, 'models'), { recursive: true });
cpSync(join(runtime, 'ort-wasm-simd-threaded.wasm'), join(outdir, 'ort-wasm-simd-threaded.wasm'));
