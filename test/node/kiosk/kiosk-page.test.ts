// The kiosk page, served by the command and used in a real Chromium with a camera that shows a rendered clip.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Calibration } from '../../../src/types.js';
import { clipFolder, ffmpeg, runFfmpeg } from '../../support/clips.js';
import { run, start } from '../../support/command.js';

const sources = resolve(import.meta.dirname, '../../../src/kiosk/page');
const sample = JSON.parse(readFileSync(join(sources, 'sample.json'), 'utf8')) as Calibration;
const folder = clipFolder();
const camera = folder.at('camera.mjpeg');
// Machines that are busy with other things take their time.
const patience = { timeout: 60_000 };

let server: ChildProcess;
let url: string;
let browser: Browser;

async function serve(): Promise<void> {
  server = start('kiosk', '--port', new URL(url || 'http://x:0').port || '0');
  const [line] = (await once(server.stdout!, 'data')) as [Buffer];
  url = line.toString().trim();
}

const launch = (...args: string[]): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', ...args],
  });

beforeAll(async () => {
  url = '';
  runFfmpeg('-i', join(sources, 'sample.webm'), '-q:v', '4', camera);
  await serve();
  browser = await launch(
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-video-capture=${camera}`,
  );
}, 60_000);
afterAll(async () => {
  await browser.close();
  server.kill('SIGINT');
  folder.remove();
});

/** Opens the page; collects what goes wrong in it and what it asks of others. */
async function open(
  path = '',
  options: BrowserContextOptions = {},
): Promise<{ page: Page; errors: string[]; foreign: string[] }> {
  const context = await browser.newContext({ permissions: ['camera'], ...options });
  const page = await context.newPage();
  const [errors, foreign]: string[][] = [[], []];
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('request', (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(url)) foreign.push(request.url());
  });
  await page.goto(url + path);
  return { page, errors, foreign };
}

const screenOf = (page: Page, name: string): Promise<unknown> =>
  page.waitForSelector(`body[data-screen=${name}]`, patience);
const listening = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => document.querySelector('.status')?.textContent.startsWith('Listening'), null, patience);
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const fits = (page: Page): Promise<boolean> =>
  page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
/** Lights that strikes have lit. */
const lit = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => document.querySelector('.lights')!.getAnimations({ subtree: true }).length > 0, null, {
    ...patience,
    polling: 50,
  });

/** Points out the four outer corners of the sample's bars. */
async function pointOutCorners(page: Page): Promise<void> {
  const bars = [...sample.bars].sort((a, b) => a.midi - b.midi);
  const [low, high] = [bars[0].quad, bars[bars.length - 1].quad];
  const box = (await page.locator('.bars-editor').boundingBox())!;
  const layout = page.getByLabel('Layout of the instrument');
  await layout.selectOption('marimba-N');
  await page.getByLabel('Number of bars').fill(String(bars.length));
  await button(page, 'Four corners').click();
  for (const [x, y] of [low[0], high[1], high[2], low[3]]) {
    await page.mouse.click(box.x + (x / sample.width) * box.width, box.y + (y / sample.height) * box.height);
  }
  await expect.poll(() => page.locator('.bars-editor .bar').count(), patience).toBe(bars.length);
}

describe.runIf(ffmpeg)('the kiosk page', () => {
  it('plays the sample: strikes are heard, lit and recorded, and nothing is asked of anybody else', async () => {
    const { page, errors, foreign } = await open();
    await button(page, 'Watch the sample').click();
    await screenOf(page, 'play');
    await listening(page);
    await button(page, 'Record').click();
    await lit(page);
    await page.waitForTimeout(1500);
    await button(page, 'Stop recording').click();
    const files = await page.evaluate(() =>
      Promise.all(
        [...document.querySelectorAll<HTMLAnchorElement>('.downloads a')].map(async ({ href, download }) => ({
          name: download,
          bytes: [...new Uint8Array(await (await fetch(href)).arrayBuffer())].slice(0, 4),
          size: (await (await fetch(href)).arrayBuffer()).byteLength,
        })),
      ),
    );
    expect(files.map(({ name }) => name.replace(/^[^.]*/, ''))).toEqual(['.wav', '.mid', '.events.json']);
    expect(files.map(({ bytes }) => String.fromCharCode(...bytes))).toEqual(['RIFF', 'MThd', '{"fo']);
    expect(files[0].size).toBeGreaterThan(50_000);
    await page.getByLabel('Voice').selectOption('additive');
    await page.getByLabel('A strike counts').selectOption('sure');
    await page.waitForTimeout(300);
    await listening(page);
    expect(await page.textContent('.notice')).toBe('');
    expect([errors, foreign]).toEqual([[], []]);
    await page.context().close();
  });

  it('shows a camera, takes its bars from four corners, plays, and remembers them', async () => {
    const { page, errors } = await open();
    await button(page, 'Use the camera').click();
    await screenOf(page, 'bars');
    await pointOutCorners(page);
    await button(page, 'Play these bars').click();
    await screenOf(page, 'play');
    await listening(page);
    await page.reload();
    await button(page, 'Use the camera').click();
    await screenOf(page, 'play');
    await listening(page);
    await button(page, 'Bars').click();
    expect(await page.locator('.bars-editor .bar').count()).toBe(sample.bars.length);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('starts and plays without a network, and keeps the settings', async () => {
    const { page } = await open();
    await page.getByLabel('Voice').evaluate((select: HTMLSelectElement) => {
      select.value = 'additive';
      select.dispatchEvent(new Event('change'));
    });
    await button(page, 'Watch the sample').click();
    await listening(page);
    await page.evaluate(() => navigator.serviceWorker.ready);
    server.kill('SIGINT');
    await once(server, 'exit');
    await page.context().setOffline(true);
    await page.reload();
    await button(page, 'Watch the sample').click();
    await listening(page);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    expect(await page.getByLabel('Voice').inputValue()).toBe('additive');
    await page.context().close();
    await serve();
  });

  it('says what to do about a camera that is refused or not there', async () => {
    const bare = await launch();
    const page = await (await bare.newContext()).newPage();
    await page.goto(url);
    await button(page, 'Use the camera').click();
    await expect.poll(() => page.textContent('.complaint'), patience).toMatch(/No camera was found.*open a video/);
    await page.evaluate(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'));
    });
    await button(page, 'Use the camera').click();
    await expect.poll(() => page.textContent('.complaint'), patience).toMatch(/refused.*Allow it/);
    await bare.close();
  });

  it('says so when a file is no video, and when what it remembers has been damaged', async () => {
    const { page } = await open();
    await page.evaluate(() => {
      localStorage.setItem('deep-marimba/settings', '{"voice":"trombone","level":7');
    });
    await page.reload();
    expect(await page.getByLabel('Voice').inputValue()).toBe('modal');
    await page.setInputFiles('input.file', { name: 'a.mp4', mimeType: 'video/mp4', buffer: Buffer.from('no video') });
    await expect.poll(() => page.textContent('.complaint'), patience).toMatch(/cannot play a\.mp4/);
    await page.context().close();
  });

  it('runs by itself with ?kiosk=1: camera lost and back, and a call for players', async () => {
    const { page } = await open();
    await button(page, 'Use the camera').click();
    await screenOf(page, 'bars');
    await pointOutCorners(page);
    await button(page, 'Play these bars').click();
    await listening(page);
    await page.goto(`${url}?kiosk=1&idle=1`);
    await screenOf(page, 'play');
    await listening(page);
    await page.evaluate(() => {
      const [track] = (document.querySelector('video')!.srcObject as MediaStream).getVideoTracks();
      track.stop();
      track.dispatchEvent(new Event('ended'));
    });
    await expect.poll(() => page.textContent('.notice'), patience).toMatch(/The camera is gone/);
    await page.waitForSelector('.attract:not([hidden])', patience);
    await expect.poll(() => page.textContent('.notice'), patience).toBe('');
    await listening(page);
    await page.mouse.move(5, 5);
    await page.mouse.move(50, 50);
    await page.waitForSelector('.attract', { ...patience, state: 'hidden' });
    await page.context().close();
  });

  it('fits a phone of 320 px and a wall of 4K', async () => {
    for (const [width, height] of [
      [320, 640],
      [3840, 2160],
    ]) {
      const { page } = await open('', { viewport: { width, height } });
      expect(await fits(page)).toBe(true);
      await button(page, 'Watch the sample').click();
      await screenOf(page, 'play');
      expect(await fits(page)).toBe(true);
      await button(page, 'Bars').click();
      await screenOf(page, 'bars');
      expect(await fits(page)).toBe(true);
      await page.context().close();
    }
  });
});

describe('kiosk --export', () => {
  it('writes files for any web server, and a service worker that knows all but the runtimes', () => {
    const target = folder.at('site');
    const { status, stderr } = run('kiosk', '--export', target);
    expect(status, stderr).toBe(0);
    const worker = readFileSync(join(target, 'service-worker.js'), 'utf8');
    const [, list] = /^const PRECACHE=(.*);\n/.exec(worker)!;
    const { version, files } = JSON.parse(list) as { version: string; files: string[] };
    expect(version).toMatch(/^[0-9a-f]{16}$/);
    for (const file of files) expect(existsSync(join(target, file)), file).toBe(true);
    for (const file of ['./', 'main.js', 'live-worker.js', 'models/bar-lstm/card.json']) expect(files).toContain(file);
    expect(files.filter((file) => file.endsWith('.wasm'))).toEqual([]);
    expect(readFileSync(join(target, '_headers'), 'utf8')).toContain('Cross-Origin-Embedder-Policy: require-corp');
  });

  it('says that a port is taken', () => {
    const { status, stderr } = run('kiosk', '--port', new URL(url).port);
    expect(status).toBe(1);
    expect(stderr).toMatch(/is taken; choose another/);
  });
});
