// Bundles the command and its pages once for a whole run of the Node tests, from the sources as they are.
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { bundlePages } from '../../scripts/pages.mjs';

/** The bundle, inside the repository, so that it finds its packages. */
export const commandFile = resolve(import.meta.dirname, '../../build/command/cli.mjs');

/** vitest's global set-up. */
export async function setup(): Promise<void> {
  const pages = resolve(commandFile, '../pages');
  // Files whose names tell their content would pile up.
  rmSync(pages, { recursive: true, force: true });
  await bundlePages(pages);
  await build({
    entryPoints: [join(import.meta.dirname, '../../src/cli/main.ts')],
    outfile: commandFile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  });
}
