// A new version of the page: whole or not at all, and only where it disturbs nobody.
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { versionOf } from '../../../src/cli/page-files.js';
import { clipFolder } from '../../support/clips.js';
import { run } from '../../support/command.js';
import { launch, openPage, patience } from '../../support/kiosk.js';
import { serveFolder, type Site } from '../../support/site.js';

// A test has many waits, and each may take as long as a busy machine takes.
vi.setConfig({ testTimeout: 600_000 });

const folder = clipFolder();
const root = folder.at('site');
let site: Site;
let browser: Browser;

beforeAll(async () => {
  expect(run('kiosk', '--export', root).status).toBe(0);
  site = await serveFolder(root);
  browser = await launch();
}, 600_000);
afterAll(async () => {
  await browser.close();
  await site.close();
  folder.remove();
});

interface Precache {
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
}
/** What the server's service worker promises. */
const promised = (): Precache =>
  JSON.parse(/^const PRECACHE=(.*);\n/.exec(readFileSync(join(root, 'service-worker.js'), 'utf8'))![1]) as Precache;

/** Makes a version of whatever lies in the folder now, as an export does: the service worker last. */
async function publish(): Promise<Precache> {
  const worker = join(root, 'service-worker.js');
  writeFileSync(worker, readFileSync(worker, 'utf8').replace(/^const PRECACHE=.*;\n/, ''));
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => statSync(join(root, path)).isFile());
  const places = new Map(paths.filter((path) => path !== '_headers').map((path) => [path, join(root, path)]));
  const { files } = await versionOf({ places });
  for (const [path, bytes] of files) writeFileSync(join(root, path), bytes);
  return promised();
} // prettier-ignore

/** Page and model of the next version. */
async function nextVersion(): Promise<Precache> {
  appendFileSync(join(root, 'main.js'), '\n// another page\n');
  appendFileSync(join(root, 'models/bar-lstm/card.json'), '\n');
  return publish();
}

const versionIn = (page: Page): Promise<string> =>
  page.evaluate(() => document.querySelector<HTMLMetaElement>('meta[name=version]')!.content);
/** Every file as the page gets it, by its hash. */
const filesIn = (page: Page, paths: readonly string[]): Promise<Record<string, string>> =>
  page.evaluate(async (wanted) => {
    const hash = async (path: string): Promise<readonly [string, string]> => {
      const digest = await crypto.subtle.digest('SHA-256', await (await fetch(path)).arrayBuffer());
      const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
      return [path, hex] as const;
    };
    return Object.fromEntries(await Promise.all(wanted.map(hash)));
  }, paths);
/** Waits until the service worker is in charge. */
const inCharge = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => navigator.serviceWorker.controller !== null, null, patience);
/** Looks for a new version, and waits until it lies ready or has been refused. */
const lookForNew = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    try {
      await registration.update();
    } catch {
      return 'refused';
    }
    const worker = registration.installing ?? registration.waiting;
    if (!worker) return 'nothing new';
    while (worker.state === 'installing') {
      await new Promise((resolve) => {
        worker.addEventListener('statechange', resolve, { once: true });
      });
    }
    return worker.state === 'redundant' ? 'refused' : 'ready';
  });
/** Nobody is disturbed once somebody has touched the page. */
const touch = (page: Page): Promise<void> => page.keyboard.press('Shift');

it('an update is whole: the page keeps its own files and model until it is loaded anew, then has all of the new ones', async () => {
  const first = promised();
  const { page, errors } = await openPage(browser, site.url);
  await touch(page);
  await inCharge(page);
  expect(await versionIn(page)).toBe(first.version);
  const paths = Object.keys(first.files);
  expect(paths).toEqual(expect.arrayContaining(['./', 'main.js', 'live-worker.js', 'models/bar-lstm/card.json', 'models/bar-lstm/model.onnx']));
  expect(paths).toContain('ort-wasm-simd-threaded.wasm');
  expect(await filesIn(page, paths)).toEqual(first.files);

  // Two pages are open: neither is given files of the other version, however often one of them is loaded anew.
  const other = await page.context().newPage();
  await other.goto(site.url);
  await touch(other);
  const second = await nextVersion();
  expect(second.version).not.toBe(first.version);
  expect(await lookForNew(page)).toBe('ready');
  expect(await filesIn(page, paths)).toEqual(first.files);
  await page.reload();
  await inCharge(page);
  // The page itself asks to change every second; it is refused, and the worker, which answers in turn, has said so.
  await page.evaluate(async () => {
    const { waiting } = await navigator.serviceWorker.ready;
    for (let i = 0; i < 3; i++) {
      waiting!.postMessage('take over');
      const { port1, port2 } = new MessageChannel();
      const answered = new Promise((resolve) => {
        port1.onmessage = resolve;
      });
      waiting!.postMessage('version', [port2]);
      await answered;
    }
  });
  expect(await filesIn(page, paths)).toEqual(first.files);
  expect(await filesIn(other, paths)).toEqual(first.files);
  expect(await versionIn(other)).toBe(first.version);

  // One page, just opened and not touched: it changes as a whole.
  await other.close();
  await page.reload();
  await expect.poll(() => versionIn(page).catch(() => ''), patience).toBe(second.version);
  await inCharge(page);
  expect(await filesIn(page, paths)).toEqual(second.files);
  expect(errors).toEqual([]);

  // A server that is just being given the next version: what does not fit together is not taken.
  const mainOfSecond = readFileSync(join(root, 'main.js'));
  await nextVersion();
  writeFileSync(join(root, 'main.js'), mainOfSecond);
  expect(await lookForNew(page)).toBe('refused');
  await site.close();
  await page.reload();
  expect(await versionIn(page)).toBe(second.version);
  expect(await filesIn(page, paths)).toEqual(second.files);
  await page.context().close();
}); // prettier-ignore
