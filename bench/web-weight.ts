// What a page loads before it hears anything, as servers send it: scripts, a runtime's .wasm, and a model. From a clone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseCard } from '../src/model/card.js';
import { webProviders } from '../src/model/devices.js';
import { packageRoot } from './machine.js';

/** Bytes with gzip at its best. */
export const gzipped = (bytes: Uint8Array | string): number => gzipSync(bytes, { level: 9 }).length;

/** The same of a file of this package, or of one that it depends on. */
export const packed = (path: string): number => gzipped(readFileSync(join(packageRoot, path)));

/** A download, bytes with gzip. */
export interface WebWeight {
  readonly scripts: number;
  readonly wasm: number;
  readonly model: number;
}

const wasmOf: Readonly<Record<string, string>> = {
  webgpu: 'onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm',
  wasm: 'onnxruntime-web/dist/ort-wasm-simd-threaded.wasm',
  tfjs: '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm',
};
const runtimeOf: Readonly<Record<string, string>> = {
  webgpu: 'onnxruntime-web/webgpu',
  wasm: 'onnxruntime-web/wasm',
  tfjs: '@tensorflow/*',
};

/** The scripts of the worker and of the page for one device, smallest form; those of others are left out. */
async function scripts(device: string): Promise<number> {
  const { build } = await import('esbuild');
  const others = Object.keys(runtimeOf).filter((name) => name !== device);
  const { outputFiles } = await build({
    entryPoints: {
      page: join(packageRoot, 'src/model/load-model-web.ts'),
      worker: join(packageRoot, 'src/model/web-session-worker.ts'),
    },
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    outdir: '/out',
    write: false,
    logLevel: 'silent',
    external: [...others.map((name) => runtimeOf[name]), ...(device === 'tfjs' ? [] : ['*/web-tfjs.js'])],
  });
  return outputFiles.reduce((sum, { contents }) => sum + gzipped(contents), 0);
}

/** What a page that runs a shipped model on one device downloads. */
export async function webWeight(model: string, device: string): Promise<WebWeight> {
  const folder = join('models', model);
  const { files } = parseCard(readFileSync(join(packageRoot, folder, 'card.json'), 'utf8'));
  const names = webProviders.find((provider) => provider.device === device)!.files;
  const own = names.reduce((sum, name) => sum + packed(join(folder, files[name].path)), 0);
  return {
    scripts: await scripts(device),
    wasm: packed(join('node_modules', wasmOf[device])),
    model: packed(join(folder, 'card.json')) + own,
  };
}

/** All of it. */
export const totalOf = ({ scripts: code, wasm, model }: WebWeight): number => code + wasm + model;
