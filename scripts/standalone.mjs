// The library for pages without a bundler: files that a web server gives out as they are, packages it stands on included.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { licenseText } from './licenses.mjs';

/** Writes them into a folder. The kernels and what they are inlined in must have been built. */
export async function bundleStandalone(outdir) {
  const shared = {
    bundle: true,
    format: 'esm',
    minify: true,
    // All in licenses.txt.
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    platform: 'browser',
    target: 'es2022',
    outdir,
  };
  const built = await Promise.all([
    build({
      ...shared,
      // Workers under the names by which the library looks for them beside itself.
      entryPoints: {
        'deep-marimba': 'src/browser.ts',
        'live-worker': 'src/kiosk/live-worker.ts',
        'web-session-worker': 'src/model/web-session-worker.ts',
      },
      splitting: true,
      chunkNames: 'chunk-[hash]',
    }),
    build({ ...shared, entryPoints: { worklet: 'src/worklet-entry.ts' } }),
  ]);
  writeFileSync(join(outdir, 'licenses.txt'), licenseText(built.map(({ metafile }) => metafile)));
}
