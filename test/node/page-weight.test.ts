// What a page has to load before it hears anything: scripts, .wasm, and the model, as servers send them.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { parseCard } from '../../src/model/card.js';

const root = resolve(import.meta.dirname, '../..');
const gzipped = (bytes: Uint8Array | string): number => gzipSync(bytes, { level: 9 }).length;
const packed = (path: string): number => gzipped(readFileSync(join(root, path)));

/** The scripts of the worker and of the page for one device, smallest form, gzip bytes. */
async function scripts(device: 'tfjs' | 'wasm'): Promise<number> {
  const others = device === 'tfjs' ? ['onnxruntime-web/*'] : ['@tensorflow/*', '*/web-tfjs.js'];
  const { outputFiles } = await build({
    entryPoints: { page: join(root, 'src/model/load-model-web.ts'), worker: join(root, 'src/model/web-session-worker.ts') },
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    outdir: '/out',
    write: false,
    logLevel: 'silent',
    external: [...others, ...(device === 'wasm' ? ['onnxruntime-web/webgpu'] : [])],
  });
  return outputFiles.reduce((sum, { contents }) => sum + gzipped(contents), 0);
} // prettier-ignore

describe('page weight', () => {
  it('of TensorFlow.js is within a megabyte, and far below that of onnxruntime-web', async () => {
    const { files } = parseCard(readFileSync(join(root, 'models/bar-lstm/card.json'), 'utf8'));
    const model = (...names: string[]): number =>
      packed('models/bar-lstm/card.json') +
      names.reduce((sum, name) => sum + packed(join('models/bar-lstm', files[name].path)), 0);
    const rows = {
      tfjs: {
        scripts: await scripts('tfjs'),
        wasm: packed('node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'),
        model: model('tfjs', 'tfjsWeights'),
      },
      wasm: {
        scripts: await scripts('wasm'),
        wasm: packed('node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm'),
        model: model('onnx'),
      },
    };
    const total = ({ scripts: code, wasm, model: own }: (typeof rows)['tfjs']): number => code + wasm + own;
    for (const [device, row] of Object.entries(rows)) {
      console.log(`${device}: ${JSON.stringify(row)}, ${(total(row) / 1e6).toFixed(2)} MB gzip`);
    }
    expect(total(rows.tfjs)).toBeLessThan(1e6);
    expect(total(rows.tfjs)).toBeLessThan(total(rows.wasm) / 4);
    // A download of two megabytes was the aim for the default model.
    expect(files.onnx.bytes).toBeLessThan(2e6);
  });
});
