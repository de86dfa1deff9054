// The kiosk page, served by the command and used in a real Chromium with a camera that shows a rendered clip.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions } from 'playwright';
import { describe, expect, it, vi } from 'vitest';
import { ffmpeg } from '../../support/clips.js';
import { run } from '../../support/command.js';
import {
  button,
  endKiosk,
  fits,
  listening,
  lit,
  type Opened,
  openPage,
  pointOutCorners,
  sample,
  screenOf,
  servedKiosk,
  serveKiosk,
} from '../../support/kiosk.js';

// A test has many waits, and each may take as long as a busy machine takes.
vi.setConfig({ testTimeout: 600_000 });

const kiosk = servedKiosk();

const open = (path = '', options: BrowserContextOptions = {}): Promise<Opened> =>
  openPage(kiosk.browser, kiosk.url + path, options);

describe.runIf(ffmpeg)('the kiosk page', () => {
  it('plays the sample: strikes are heard, lit and recorded, and nothing is asked of anybody else', async () => {
    const { page, errors, foreign } = await open();
    await button(page, 'Watch the sample').click();
    await screenOf(page, 'play');
    await listening(page);
    await button(page, 'Record').click();
    await lit(page);
    await page.waitForTimeout(1500); // As long as what is recorded shall be.
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
    // What each decision costs and brings, as the model's card says, at the frame rate of now.
    const decision = page.getByLabel('A strike counts');
    const labels = await decision.locator('option').allTextContents();
    expect(labels[0]).toMatch(/^at once · \d+ ms · F1 \.\d\d$/);
    expect(labels[1]).toMatch(/^when sure · \d+ ms · F1 \.\d\d$/);
    const [now, sure] = labels.map((label) => label.match(/\d+/g)!.map(Number));
    expect(sure[0]).toBeGreaterThan(now[0]);
    expect(sure[2]).toBeGreaterThan(now[2]);
    await page.getByLabel('Voice').selectOption('additive');
    await decision.selectOption('sure');
    await listening(page);
    expect(await page.textContent('.notice')).toBe('');
    expect([errors, foreign]).toEqual([[], []]);
    await page.context().close();
  });

  it('shows a camera, takes its bars from four corners, plays, and remembers bars and settings for it', async () => {
    const { page, errors } = await open();
    // Bars are looked for in a thread of its own.
    const looking = page.waitForEvent('worker', (worker) => worker.url().endsWith('find-worker.js'));
    await button(page, 'Use the camera').click();
    await looking;
    await screenOf(page, 'bars');
    await pointOutCorners(page);
    await button(page, 'Play these bars').click();
    await screenOf(page, 'play');
    await listening(page);
    await page.getByLabel('Voice').selectOption('exemplar');
    await button(page, 'Picture').click();
    await button(page, 'Watch the sample').click();
    await screenOf(page, 'play');
    await page.getByLabel('Voice').selectOption('additive');
    await page.reload();
    await button(page, 'Use the camera').click();
    await screenOf(page, 'play');
    await listening(page);
    expect(await page.getByLabel('Voice').inputValue()).toBe('exemplar');
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
    await endKiosk(kiosk.server);
    await page.context().setOffline(true);
    await page.reload();
    await button(page, 'Watch the sample').click();
    await listening(page);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    expect(await page.getByLabel('Voice').inputValue()).toBe('additive');
    await page.context().close();
    Object.assign(kiosk, await serveKiosk(Number(new URL(kiosk.url).port)));
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
  it('writes files for any web server, and a service worker that knows all a page needs without a network', () => {
    const target = kiosk.folder.at('site');
    const { status, stderr } = run('kiosk', '--export', target);
    expect(status, stderr).toBe(0);
    const worker = readFileSync(join(target, 'service-worker.js'), 'utf8');
    const [, list] = /^const PRECACHE=(.*);\n/.exec(worker)!;
    const { version, files: hashes } = JSON.parse(list) as { version: string; files: Record<string, string> };
    const files = Object.keys(hashes);
    expect(version).toMatch(/^[0-9a-f]{16}$/);
    for (const file of files) expect(existsSync(join(target, file)), file).toBe(true);
    for (const file of ['./', 'main.js', 'live-worker.js', 'models/bar-lstm/card.json']) expect(files).toContain(file);
    // The runtime that runs everywhere; the others are kept when they are used.
    expect(files.filter((file) => file.endsWith('.wasm'))).toEqual(['ort-wasm-simd-threaded.wasm']);
    // Whose work it is goes along, and is not fetched by every visitor.
    const licenses = readFileSync(join(target, 'licenses.txt'), 'utf8');
    for (const words of [
      'onnxruntime-web',
      'Microsoft Corporation',
      '@tensorflow/tfjs-core',
      'SIL OPEN FONT LICENSE',
      'FluidR3',
      'MoveNet',
    ])
      expect(licenses).toContain(words);
    expect(files).not.toContain('licenses.txt');
    expect(readFileSync(join(target, '_headers'), 'utf8')).toContain('Cross-Origin-Embedder-Policy: require-corp');
  });

  it('says that a port is taken', () => {
    const { status, stderr } = run('kiosk', '--port', new URL(kiosk.url).port);
    expect(status).toBe(1);
    expect(stderr).toMatch(/is taken; choose another/);
  });
});
