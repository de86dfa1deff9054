// What a page has to load before it hears anything: scripts, .wasm, and the model, as servers send them.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { gzipped, packed, totalOf, webWeight } from '../../bench/web-weight.js';
import { parseCard } from '../../src/model/card.js';
import { commandFile } from '../support/build-command.js';

const root = resolve(import.meta.dirname, '../..');
describe('page weight', () => {
  it('of TensorFlow.js is within a megabyte, and far below that of onnxruntime-web', async () => {
    const rows = { tfjs: await webWeight('bar-lstm', 'tfjs'), wasm: await webWeight('bar-lstm', 'wasm') };
    for (const [device, row] of Object.entries(rows)) {
      console.log(`${device}: ${JSON.stringify(row)}, ${(totalOf(row) / 1e6).toFixed(2)} MB gzip`);
    }
    expect(totalOf(rows.tfjs)).toBeLessThan(1e6);
    expect(totalOf(rows.tfjs)).toBeLessThan(totalOf(rows.wasm) / 4);
    // A download of two megabytes was the aim for the default model.
    expect(rows.wasm.model).toBeLessThan(2e6);
  });

  it('of the whole kiosk page is within 1.2 MB with TensorFlow.js and 5 MB with onnxruntime-web', () => {
    const pages = join(dirname(commandFile), 'pages');
    const sum = (test: RegExp): number =>
      readdirSync(pages)
        .filter((name) => test.test(name))
        .reduce((all, name) => all + gzipped(readFileSync(join(pages, name))), 0);
    const { files } = parseCard(readFileSync(join(root, 'models/bar-lstm/card.json'), 'utf8'));
    const page = sum(/^(?!calibrate|service-worker|runtimes).*\.(js|css|html|svg|woff2|webmanifest)$/);
    const model = (...names: string[]): number =>
      packed('models/bar-lstm/card.json') +
      names.reduce((all, name) => all + packed(join('models/bar-lstm', files[name].path)), 0);
    const totals = {
      tfjs: page + model('tfjs', 'tfjsWeights') + packed('node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'),
      wasm: page + model('onnx') + packed('node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm'),
    };
    console.log(`kiosk: ${JSON.stringify({ page, ...totals })} bytes gzip`);
    expect(totals.tfjs).toBeLessThan(1.2e6);
    expect(totals.wasm).toBeLessThan(5e6);
  }); // prettier-ignore

  it('of the kernels alone is within 30 kB', async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: `import { loadKernels, Rectifier } from './src/browser.ts'; console.log(loadKernels, Rectifier);`,
        resolveDir: root,
      },
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      write: false,
      logLevel: 'silent',
    });
    const bytes = { wasm: packed('build/kernels.wasm'), script: gzipped(outputFiles[0].contents) };
    console.log(`kernels: ${JSON.stringify(bytes)} bytes gzip`);
    expect(bytes.wasm).toBeLessThan(30e3);
    expect(bytes.script).toBeLessThan(30e3);
  });
});
