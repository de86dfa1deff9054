// The library for pages without a bundler: files that a web server gives out as they are, packages it stands on included.
import { build } from 'esbuild';

/** Writes them into a folder. The kernels and what they are inlined in must have been built. */
export async function bundleStandalone(outdir) {
  const shared = {
    bundle: true,
    format: 'esm',
    minify: true,
    legalComments: 'eof',
    logLevel: 'warning',
    platform: 'browser',
    target: 'es2022',
    outdir,
  };
  await Promise.all([
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
}
