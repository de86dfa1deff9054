// The pages that commands serve, as static files: everything beside them that they load.
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { licenseText } from './licenses.mjs';

/** Folders of src/ that only the pages are made of. */
export const pageSources = [join('kiosk', 'page'), join('kiosk', 'editor')];

const from = join('src', 'kiosk', 'page');
const shared = {
  bundle: true,
  format: 'esm',
  minify: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
};

/** Writes the pages into a folder. The kernels and what they are inlined in must have been built. */
export async function bundlePages(outdir) {
  const browsers = { ...shared, outdir, platform: 'browser', target: ['chrome111', 'firefox113', 'safari16.4'] };
  const built = await Promise.all([
    build({
      ...browsers,
      entryPoints: ['main.ts', 'calibrate.ts', 'style.css'].map((name) => join(from, name)),
      entryNames: '[name]',
      splitting: true,
      chunkNames: '[name]-[hash]',
      assetNames: '[name]',
      loader: { '.woff2': 'file' },
    }),
    // What threads of their own load: one file each.
    build({
      ...browsers,
      entryPoints: {
        worklet: 'src/worklet-entry.ts',
        'live-worker': 'src/kiosk/live-worker.ts',
        'find-worker': join(from, 'find-worker.ts'),
        'tape-processor': join(from, 'tape-processor.ts'),
        'service-worker': join(from, 'service-worker.ts'),
      },
    }),
  ]);
  writeFileSync(join(outdir, 'licenses.txt'), licenseText(built.map(({ metafile }) => metafile)));
  for (const file of readdirSync(from)) {
    if (/\.(html|js|json|png|svg|webm|webmanifest)$/.test(file)) copyFileSync(join(from, file), join(outdir, file));
  }
  // A runtime's wasm file must be of the version whose script is in the page.
  const runtimes = ['onnxruntime-web', '@tensorflow/tfjs-backend-wasm'].map((name) => {
    const { version } = JSON.parse(readFileSync(join('node_modules', name, 'package.json'), 'utf8'));
    return [name, version];
  });
  writeFileSync(join(outdir, 'runtimes.json'), JSON.stringify(Object.fromEntries(runtimes)));
}
