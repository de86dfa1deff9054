// The examples, with the package as its users get it: packed, installed, built by each bundler, and played in a real Chromium
// under a security policy that allows no eval, no blob: and nothing from elsewhere.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import webpack from 'webpack';
import { ffmpeg } from '../support/clips.js';
import { button, launchWithCamera, openPage, patience } from '../support/kiosk.js';
import { serveFolder } from '../support/site.js';

vi.setConfig({ testTimeout: 600_000 });

const root = resolve(import.meta.dirname, '../..');
const home = mkdtempSync(join(tmpdir(), 'deep-marimba-examples-'));
const app = join(home, 'app');
const policy =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
let browser: Browser;

const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const node = (folder: string, script: string, ...args: string[]): string =>
  run(process.execPath, [script, ...args], join(app, folder));

beforeAll(async () => {
  if (!existsSync(join(root, 'dist/standalone'))) run(process.execPath, ['scripts/build.mjs'], root);
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // Without scripts: `prepack` would rebuild dist/ under the feet of tests that read it.
  run(npm, ['pack', '--ignore-scripts', '--pack-destination', home], root);
  const tarball = readdirSync(home).find((name) => name.endsWith('.tgz'))!;
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{ "private": true, "type": "module" }\n');
  const flags = ['--prefer-offline', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
  run(npm, ['install', ...flags, join(home, tarball)], app);
  // What else the examples ask for is here already, and large.
  for (const name of ['onnxruntime-web', 'react', 'react-dom', 'vite', 'esbuild']) {
    symlinkSync(join(root, 'node_modules', name), join(app, 'node_modules', name), 'junction');
  }
  cpSync(join(root, 'examples'), app, { recursive: true });
  browser = await launchWithCamera(join(home, 'camera.mjpeg'));
}, 300_000);
afterAll(async () => {
  await browser.close();
  rmSync(home, { recursive: true, force: true });
});

/** Plays a folder until it has heard something. */
async function plays(folder: string): Promise<void> {
  const site = await serveFolder(join(app, folder), { 'Content-Security-Policy': policy });
  const { page, errors, foreign } = await openPage(browser, site.url);
  const forbidden: string[] = [];
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) forbidden.push(message.text());
  });
  await button(page, 'Play').click();
  await expect
    .poll(async () => [errors, forbidden, await page.locator('output').textContent({ timeout: 5000 }).catch(() => '')], patience)
    .toEqual([[], [], expect.stringMatching(/[A-G]#?\d/)]);
  expect(foreign).toEqual([]);
  await page.context().close();
  await site.close();
} // prettier-ignore

describe.runIf(ffmpeg)('the examples', () => {
  it('plain: a module script without a bundler', async () => {
    node('plain', 'copy.mjs', '../node_modules');
    expect(existsSync(join(app, 'plain/vendor/licenses.txt'))).toBe(true);
    await plays('plain');
  });

  it('vite', async () => {
    node('vite', join(root, 'node_modules/vite/bin/vite.js'), 'build');
    await plays('vite/dist');
  });

  it('react: a component, through Vite', async () => {
    node('react', join(root, 'node_modules/vite/bin/vite.js'), 'build');
    await plays('react/dist');
  });

  it('esbuild', async () => {
    node('esbuild', 'build.mjs');
    await plays('esbuild/dist');
  });

  it('webpack', async () => {
    const file = join(app, 'webpack/webpack.config.js');
    const { default: configuration } = (await import(pathToFileURL(file).href)) as { default: webpack.Configuration };
    await new Promise<void>((done, fail) => {
      webpack(configuration, (error, stats) => {
        if (error) fail(error);
        else if (stats?.hasErrors()) fail(new Error(stats.toString('errors-only')));
        else done();
      });
    });
    await plays('webpack/dist');
  });
});
