// The kiosk page in a real Chromium: how tests start it, and what they wait for. Node only.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Calibration } from '../../src/types.js';
import { clipFolder, runFfmpeg } from './clips.js';
import { start } from './command.js';

const sources = resolve(import.meta.dirname, '../../src/kiosk/page');
/** The bars of the sample clip. */
export const sample = JSON.parse(readFileSync(join(sources, 'sample.json'), 'utf8')) as Calibration;
/** Machines that are busy with other things take their time. */
export const patience = { timeout: 90_000 };

/** Starts the command that serves the page; resolves with its address. */
export async function serveKiosk(port = 0): Promise<{ server: ChildProcess; url: string }> {
  const server = start('kiosk', '--port', String(port));
  const [line] = (await once(server.stdout!, 'data')) as [Buffer];
  return { server, url: line.toString().trim() };
}

/** Ends it. */
export async function endKiosk(server: ChildProcess): Promise<void> {
  server.kill('SIGINT');
  if (server.exitCode === null) await once(server, 'exit');
}

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** A browser without a camera. */
export const launch = (...args: string[]): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', ...args],
  });

/** A browser whose camera shows the sample clip. @param file where the clip is written as the browser wants it, `.mjpeg`. */
export function launchWithCamera(file: string, ...args: string[]): Promise<Browser> {
  runFfmpeg('-i', join(sources, 'sample.webm'), '-q:v', '4', file);
  return launch(
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-video-capture=${file}`,
    ...args,
  );
}

/** A page that is served, and a browser for it. */
export interface Kiosk {
  /** For what tests write. */
  readonly folder: ReturnType<typeof clipFolder>;
  /** Of the page. */
  url: string;
  /** The command that serves it. */
  server: ChildProcess;
  /** With a camera that shows the sample. */
  browser: Browser;
}

/** Before the tests of a file, or of a `describe`, serves the page and opens a browser with a camera; after them, ends both. */
export function servedKiosk(): Kiosk {
  const kiosk = { folder: clipFolder() } as Kiosk;
  beforeAll(async () => {
    Object.assign(kiosk, await serveKiosk());
    kiosk.browser = await launchWithCamera(kiosk.folder.at('camera.mjpeg'));
  }, 600_000);
  afterAll(async () => {
    await kiosk.browser.close();
    await endKiosk(kiosk.server);
    kiosk.folder.remove();
  });
  return kiosk;
}

/**
 * A window with a camera whose pages are hidden by the one in front, as in life: Playwright tells those that it starts itself that they are
 * always seen.
 */
export async function openWindow({ folder }: Pick<Kiosk, 'folder'>): Promise<{ window: BrowserContext; close: () => Promise<void> }> {
  const args = [
    ...['--headless', '--no-sandbox', '--no-first-run', '--remote-debugging-port=0'],
    ...['--autoplay-policy=no-user-gesture-required', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
    `--use-file-for-fake-video-capture=${folder.at('camera.mjpeg')}`,
    ...[`--user-data-dir=${folder.at('profile')}`, 'about:blank'],
  ];
  const program = spawn(executablePath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const address = await new Promise<string>((found, failed) => {
    let said = '';
    program.stderr.on('data', (words: Buffer) => {
      said += words.toString();
      const listens = /listening on (ws:\S+)/.exec(said);
      if (listens) found(listens[1]);
    });
    program.once('exit', () => {
      failed(new Error(said));
    });
  });
  const browser = await chromium.connectOverCDP(address, { noDefaults: true });
  const close = async (): Promise<void> => {
    await browser.close();
    program.kill();
    if (program.exitCode === null) await once(program, 'exit');
  };
  return { window: browser.contexts()[0], close };
} // prettier-ignore

/** The camera is pulled out, as its pages see it: the process that reads it dies, and when it is asked for anew there is another. */
export async function unplugCamera(browser: Browser): Promise<void> {
  const client = await browser.newBrowserCDPSession();
  const { processInfo } = await client.send('SystemInfo.getProcessInfo');
  const reader = processInfo.find(({ type }) => type.includes('VideoCapture'));
  expect(reader).toBeDefined();
  process.kill(reader!.id);
  await client.detach();
}

/** A page, and what went wrong in it. */
export interface Opened {
  readonly page: Page;
  readonly errors: readonly string[];
  /** Addresses beyond its own that it asked for. */
  readonly foreign: readonly string[];
}

/** Opens an address in a profile of its own. @param before runs in the page before its programs do. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  before?: () => void,
): Promise<Opened> {
  const context = await browser.newContext({ permissions: ['camera'], ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(patience.timeout);
  const [errors, foreign]: string[][] = [[], []];
  const { origin } = new URL(url);
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('request', (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(origin)) foreign.push(request.url());
  });
  if (before) await page.addInitScript(before);
  await page.goto(url);
  return { page, errors, foreign };
}

/** Waits until a screen is shown. */
export const screenOf = (page: Page, name: string): Promise<unknown> =>
  page.waitForSelector(`body[data-screen=${name}]`, patience);

/** Waits until frames are being heard. */
export const listening = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => document.querySelector('.status')?.textContent.startsWith('Listening'), null, patience);

/** Waits until a strike has lit a bar. */
export const lit = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => document.querySelector('.lights')!.getAnimations({ subtree: true }).length > 0, null, {
    ...patience,
    polling: 50,
  });

/** Waits until an element says something like this. */
export const says = (page: Page, selector: string, words: RegExp | string): Promise<void> => {
  const said = expect.poll(() => page.textContent(selector), patience);
  return typeof words === 'string' ? said.toBe(words) : said.toMatch(words);
};

/** A button by its name. */
export const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true });

/** Whether nothing must be scrolled sideways. */
export const fits = (page: Page): Promise<boolean> =>
  page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);

/** Points out the four outer corners of the sample's bars with the mouse, once the page has looked for itself. */
export async function pointOutCorners(page: Page): Promise<void> {
  const bars = [...sample.bars].sort((a, b) => a.midi - b.midi);
  const [low, high] = [bars[0].quad, bars[bars.length - 1].quad];
  await page.getByLabel('Layout of the instrument').selectOption('marimba-N');
  await page.getByLabel('Number of bars').fill(String(bars.length));
  await button(page, 'Four corners').click();
  const box = (await page.locator('.bars-editor').boundingBox())!;
  for (const [x, y] of [low[0], high[1], high[2], low[3]]) {
    await page.mouse.click(box.x + (x / sample.width) * box.width, box.y + (y / sample.height) * box.height);
  }
  await expect.poll(() => page.locator('.bars-editor .bar').count(), patience).toBe(bars.length);
}
