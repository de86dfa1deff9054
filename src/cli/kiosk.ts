// `deep-marimba kiosk`: serves the page that plays what a camera sees, or writes it as files for any web server.
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { writeAtomic } from '../atomic-file.js';
import { mimeType, pageHeaders, serveLocally } from './local-server.js';
import { openBrowser } from './open-browser.js';
import { kioskFiles, type PageFiles, versionOf } from './page-files.js';

interface KioskOptions {
  readonly port: number;
  readonly export?: string;
  readonly open?: true;
}

function portNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535) throw new InvalidArgumentError('Expected 0..65535.');
  return value;
}

// As several hosts of static files read it (Netlify, Cloudflare Pages).
const headersFile = `/*\n${Object.entries(pageHeaders)
  .map(([name, value]) => `  ${name}: ${value}\n`)
  .join('')}`;

async function exportTo(folder: string, page: PageFiles): Promise<void> {
  const { files } = await versionOf(page);
  for (const [path, place] of page.places) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    if (!files.has(path)) await copyFile(place, target);
  }
  await writeAtomic(join(folder, '_headers'), headersFile);
  // The service worker comes last: a browser that finds it finds all the rest.
  for (const [path, bytes] of files) await writeAtomic(join(folder, path), bytes);
  process.stderr.write(
    `${folder}: ${page.places.size + 1} files for any web server (https, or localhost). _headers has the headers it should send; the page works without them.\n`,
  );
}

async function run(options: KioskOptions): Promise<void> {
  const page = await kioskFiles();
  for (const problem of page.problems) process.stderr.write(`deep-marimba: ${problem}\n`);
  if (options.export !== undefined) {
    await exportTo(options.export, page);
    return;
  }
  const { files } = await versionOf(page);
  const server = await serveLocally({
    port: options.port,
    file: async (path) => {
      const name = path === '' ? 'index.html' : path;
      const made = files.get(name);
      const place = page.places.get(name);
      if (place === undefined) return undefined;
      return { bytes: made ?? (await readFile(place)), type: mimeType(name) };
    },
  });
  process.stdout.write(`${server.url}\n`);
  process.stderr.write(
    `Open this address in a browser on this computer; Ctrl-C ends it. For a museum: ${server.url}?kiosk=1\n`,
  );
  if (options.open) openBrowser(server.url);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  await server.close();
}

/** The command. */
export const kiosk = new Command('kiosk')
  .description('Serve the page that plays what a camera sees, on this computer alone.')
  .option('--port <n>', 'port of the page; 0 for any', portNumber, 8018)
  .option('--export <dir>', 'write the page as static files instead')
  .option('--open', 'show it in the browser')
  .action(run);
