// Whatever is bad about camera, bars, memory or browser: a sentence and a way on, never a page that is blank or dead.
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { cameraSentence, unplugged } from '../../../src/kiosk/page/camera.js';
import { ffmpeg, runFfmpeg } from '../../support/clips.js';
import { run } from '../../support/command.js';
import { button, launch, listening, openPage, sample, says, screenOf, servedKiosk } from '../../support/kiosk.js';
import { serveFolder } from '../../support/site.js';

// A test has many waits, and each may take as long as a busy machine takes.
vi.setConfig({ testTimeout: 600_000 });

const kiosk = servedKiosk();
// Without a camera.
let blind: Browser;

beforeAll(async () => {
  blind = await launch(
    '--host-resolver-rules=MAP museum.test 127.0.0.1',
    '--disable-gpu',
    '--disable-3d-apis',
    '--disable-features=WebGPU,WebGPUService',
  );
}, 600_000);
afterAll(() => blind.close());

describe('cameras', () => {
  it('have a sentence of their own, with a way out, for each thing that goes wrong', () => {
    const gone = Object.assign(new DOMException('', 'OverconstrainedError'), { constraint: 'deviceId' });
    const sentences = [
      ...['NotAllowedError', 'NotFoundError', 'NotReadableError', 'OverconstrainedError', 'SecurityError'].map((name) =>
        cameraSentence(new DOMException('', name)),
      ),
      cameraSentence(gone),
      cameraSentence(new TypeError('odd')),
      unplugged,
    ];
    expect(new Set(sentences).size).toBe(sentences.length);
    for (const sentence of sentences) expect(sentence).toMatch(/Allow|Plug|Close|Choose|choose|Open|https/);
  });

  it('that are not there', async () => {
    const { page } = await openPage(blind, kiosk.url);
    await button(page, 'Use the camera').click();
    await says(page, '.complaint', /No camera was found.*open a video/);
    await page.context().close();
  });

  it('that are refused, then allowed, and refused while they are used', async () => {
    const asking = await launch('--use-fake-device-for-media-stream');
    const { page } = await openPage(asking, kiosk.url, { permissions: [] });
    await button(page, 'Use the camera').click();
    await says(page, '.complaint', /refused.*Allow it/);
    await page.context().grantPermissions(['camera']);
    await button(page, 'Use the camera').click();
    await screenOf(page, 'bars');
    expect(await page.textContent('.complaint')).toBe('');
    await page.context().clearPermissions();
    await says(page, '.notice', /The camera is gone/);
    await page.context().grantPermissions(['camera']);
    await says(page, '.notice', '');
    await asking.close();
  });

  it('that are busy, or cannot do what is asked', async () => {
    const { page } = await openPage(blind, kiosk.url);
    // Tests have no camera that another program holds: the platform's words, not its doing.
    for (const [name, words] of [
      ['NotReadableError', /busy.*Close the other program/],
      ['OverconstrainedError', /cannot do what was asked of it.*Choose another/],
    ] as const) {
      await page.evaluate((given) => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', given));
      }, name);
      await button(page, 'Use the camera').click();
      await says(page, '.complaint', words);
    }
    expect(await button(page, 'Watch the sample').isEnabled()).toBe(true);
    await page.context().close();
  });

  it.runIf(ffmpeg)('that are no longer those of last time: another one is taken, and told', async () => {
    const { page } = await openPage(kiosk.browser, kiosk.url);
    await page.evaluate(() => {
      localStorage.setItem('deep-marimba/settings', JSON.stringify({ camera: 'a camera that was sold' }));
    });
    await page.reload();
    await button(page, 'Use the camera').click();
    await says(page, '.notice', /The camera of last time is not there; this is/);
    await screenOf(page, 'bars');
    await page.context().close();
  });
});

describe.runIf(ffmpeg)('files', () => {
  it('that are no video, or have no picture', async () => {
    const { page } = await openPage(blind, kiosk.url);
    await page.setInputFiles('input.file', { name: 'a.mp4', mimeType: 'video/mp4', buffer: Buffer.from('no video') });
    await says(page, '.complaint', /cannot play a\.mp4/);
    const sound = kiosk.folder.at('sound.webm');
    runFfmpeg('-f', 'lavfi', '-i', 'sine=duration=1', '-c:a', 'libopus', sound);
    await page.setInputFiles('input.file', sound);
    await says(page, '.complaint', /sound\.webm has no picture/);
    expect(await button(page, 'Open a video').isVisible()).toBe(true);
    await page.context().close();
  });
});

describe('bars', () => {
  it('that are none, share a note, or lie outside the picture cannot be played, and the page says which', async () => {
    const { page } = await openPage(blind, kiosk.url);
    await button(page, 'Watch the sample').click();
    await screenOf(page, 'play');
    await button(page, 'Bars').click();
    const play = button(page, 'Play these bars');
    expect(await play.isEnabled()).toBe(true);
    await button(page, 'Delete all').click();
    expect(await play.isDisabled()).toBe(true);
    await says(page, '.editor-panel .message', /no bars/i);
    await button(page, 'Undo').click();
    expect(await play.isEnabled()).toBe(true);
    // Giving a bar the note of another makes them trade: there never are two with one note.
    const editor = page.getByRole('application');
    await editor.focus();
    await page.keyboard.press('n');
    const lowest = await page.getByLabel('Note of the bar').inputValue();
    await page.keyboard.press('n');
    const note = page.getByLabel('Note of the bar');
    const second = await note.inputValue();
    await note.fill(lowest);
    await note.press('Enter');
    expect(await play.isEnabled()).toBe(true);
    await editor.focus();
    await page.keyboard.press('n');
    await page.keyboard.press('p');
    expect([lowest, second]).toContain(await note.inputValue());
    await note.fill('H9');
    await note.press('Enter');
    await says(page, '.editor-panel .message', /H9/);
    // Out of the picture with it.
    await editor.focus();
    await page.keyboard.press('a');
    for (let i = 0; i < 70; i++) await page.keyboard.press('Shift+ArrowUp');
    expect(await play.isDisabled()).toBe(true);
    await says(page, '.editor-panel .message', /picture/);
    await page.context().close();
  });

  it('that were kept and have been damaged are looked for anew', async () => {
    const { page } = await openPage(blind, kiosk.url);
    const file = { name: 'clip.webm', mimeType: 'video/webm', buffer: Buffer.from(await (await fetch(`${kiosk.url}sample.webm`)).arrayBuffer()) };
    // Two bars with one note, a bar outside the picture, and half a file.
    const [first, ...others] = sample.bars;
    const damaged = [
      { ...sample, bars: [first, ...others.map((bar) => ({ ...bar, midi: first.midi }))] },
      { ...sample, bars: [{ ...first, quad: first.quad.map(([x, y]) => [x + 10_000, y]) }, ...others] },
    ].map((bars) => JSON.stringify(bars));
    for (const text of [...damaged, damaged[0].slice(0, 300)]) {
      await page.evaluate((kept) => {
        localStorage.setItem('deep-marimba/bars/file:clip.webm', kept);
      }, text);
      await page.reload();
      await page.setInputFiles('input.file', file);
      await says(page, '.notice', /have been damaged; here is a new look/);
      await screenOf(page, 'bars');
    }
    await page.context().close();
  }); // prettier-ignore
});

describe('memory', () => {
  it('that is damaged gives the settings there are at first; that is full is told, and all goes on', async () => {
    const { page } = await openPage(blind, kiosk.url);
    await page.evaluate(() => {
      localStorage.setItem('deep-marimba/settings', '{"voice":"trombone","level":7');
      // As full as it gets.
      for (let size = 4_000_000; size >= 1; size = Math.floor(size / 2)) {
        try {
          for (let i = 0; i < 9; i++) localStorage.setItem(`fill ${size} ${i}`, 'x'.repeat(size));
        } catch {
          // Smaller.
        }
      }
    });
    await page.reload();
    await button(page, 'Watch the sample').click();
    await screenOf(page, 'play');
    expect(await page.getByLabel('Voice').inputValue()).toBe('modal');
    await page.getByLabel('Voice').selectOption('additive');
    await says(page, '.notice', /storage is full; settings last until/);
    expect(await page.getByLabel('Voice').inputValue()).toBe('additive');
    await page.context().close();
  });

  it('that is blocked, all kinds of it, is told, and the sample plays', async () => {
    // As with cookies blocked; headless Chromium has no such setting of its own.
    const { page } = await openPage(blind, kiosk.url, {}, () => {
      const blocked = (): never => {
        throw new DOMException('Access is denied for this document.', 'SecurityError');
      };
      Object.defineProperty(window, 'localStorage', { get: blocked });
      Object.defineProperty(window, 'caches', { get: blocked });
      navigator.serviceWorker.register = () => Promise.reject(new DOMException('', 'SecurityError'));
    });
    await says(page, '.notice', /forbids the page to remember anything/);
    await button(page, 'Watch the sample').click();
    await listening(page);
    await page.context().close();
  });

  it('with a wrong model in it: the right one is fetched, and kept', async () => {
    const { page } = await openPage(blind, kiosk.url);
    const key = await page.evaluate(async () => {
      const { files } = (await (await fetch('models/bar-lstm/card.json')).json()) as {
        files: { onnx: { sha256: string } };
      };
      const address = new URL('models/bar-lstm/model.onnx', document.baseURI);
      address.searchParams.set('deep-marimba', files.onnx.sha256);
      await (await caches.open('deep-marimba')).put(address, new Response('not the model'));
      return address.href;
    });
    await button(page, 'Watch the sample').click();
    await listening(page);
    const kept = await page.evaluate(async (address) => {
      const found = await (await caches.open('deep-marimba')).match(address);
      return (await found!.arrayBuffer()).byteLength;
    }, key);
    expect(kept).toBeGreaterThan(10_000);
    // This browser has neither WebGL nor WebGPU.
    expect(await page.textContent('.status')).toMatch(/on the processor/);
    await page.context().close();
  });
});

describe('browsers', () => {
  it('without WebAssembly SIMD', async () => {
    const old = await launch('--js-flags=--no-enable-ssse3');
    const { page } = await openPage(old, kiosk.url);
    await says(page, '.complaint', /WebAssembly SIMD.*use.*Chrome/);
    await button(page, 'Watch the sample').click();
    await says(page, '.notice', /SIMD/);
    expect(await page.getByRole('button', { name: 'Try again' }).isVisible()).toBe(true);
    await old.close();
  });

  it('without AudioWorklet, and without single frames of videos', async () => {
    // Chromium has both; they are taken away before the page begins.
    const { page } = await openPage(blind, kiosk.url, {}, () => {
      delete (BaseAudioContext.prototype as { audioWorklet?: unknown }).audioWorklet;
    });
    await says(page, '.complaint', /no AudioWorklet.*Use Chrome/);
    await button(page, 'Watch the sample').click();
    await says(page, '.notice', /AudioWorklet/);
    await page.context().close();
    const { page: other } = await openPage(blind, kiosk.url, {}, () => {
      delete (globalThis as { VideoFrame?: unknown }).VideoFrame;
    });
    await says(other, '.complaint', /no single frames.*Use Chrome/);
    await other.context().close();
  });

  it('that got the page from another computer over plain http', async () => {
    const root = kiosk.folder.at('site');
    expect(run('kiosk', '--export', root).status).toBe(0);
    const site = await serveFolder(root);
    const { page } = await openPage(blind, `http://museum.test:${site.port}/`);
    await says(page, '.complaint', /over https, or on its own computer as http:\/\/127\.0\.0\.1/);
    await button(page, 'Use the camera').click();
    await says(page, '.complaint', /only to pages served over https or from this computer/);
    await page.context().close();
    await site.close();
  });

  it('in which something fails that nobody has thought of', async () => {
    const { page } = await openPage(blind, kiosk.url);
    await page.evaluate(() => {
      setTimeout(() => {
        throw new Error('a bar fell off');
      });
    });
    await says(page, '.notice', /has failed \(a bar fell off\)\. Load it anew/);
    await page.evaluate(() => {
      document.querySelector('.notice')!.textContent = '';
      void Promise.reject(new Error('and another'));
    });
    await says(page, '.notice', /and another/);
    await page.context().close();
  });
});
