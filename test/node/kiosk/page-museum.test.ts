// `?kiosk=1`: a page that nobody looks after starts, calls for players, keeps the screen on and comes back by itself.
import type { ChildProcess } from 'node:child_process';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type MidiAccess, MidiOut } from '../../../src/kiosk/page/midi-out.js';
import { clipFolder, ffmpeg } from '../../support/clips.js';
import {
  button,
  endKiosk,
  launchWithCamera,
  listening,
  openPage,
  patience,
  sample,
  says,
  screenOf,
  serveKiosk,
} from '../../support/kiosk.js';

// A test has many waits, and each may take as long as a busy machine takes.
vi.setConfig({ testTimeout: 600_000 });

const folder = clipFolder();

describe.runIf(ffmpeg)('a page that nobody looks after', () => {
  let server: ChildProcess;
  let url: string;
  let browser: Browser;

  beforeAll(async () => {
    ({ server, url } = await serveKiosk());
    browser = await launchWithCamera(folder.at('camera.mjpeg'));
  }, 600_000);
  afterAll(async () => {
    await browser.close();
    await endKiosk(server);
    folder.remove();
  });

  /** A page whose camera was set up by somebody who then left. */
  async function attended(query: string, before?: () => void): Promise<Page> {
    const permissions = ['camera', 'screen-wake-lock'];
    const { page } = await openPage(browser, url, { permissions }, before);
    await page.evaluate(async (bars) => {
      const stream = await navigator.mediaDevices.getUserMedia({ video: true });
      const { deviceId } = stream.getVideoTracks()[0].getSettings();
      for (const track of stream.getTracks()) track.stop();
      localStorage.setItem('deep-marimba/settings', JSON.stringify({ camera: deviceId }));
      localStorage.setItem(`deep-marimba/bars/${deviceId}`, JSON.stringify(bars));
    }, sample);
    await page.goto(`${url}?kiosk=1${query}`);
    await screenOf(page, 'play');
    return page;
  }

  it('goes on when its camera was lost and is back, and calls for players meanwhile', async () => {
    const page = await attended('&idle=1');
    await listening(page);
    await page.evaluate(() => {
      const [track] = (document.querySelector('video')!.srcObject as MediaStream).getVideoTracks();
      track.stop();
      track.dispatchEvent(new Event('ended'));
    });
    await says(page, '.notice', /The camera is gone/);
    await page.waitForSelector('.attract:not([hidden])', patience);
    await says(page, '.notice', '');
    await listening(page);
    await page.mouse.move(5, 5);
    await page.mouse.move(50, 50);
    await page.waitForSelector('.attract', { ...patience, state: 'hidden' });
    await page.context().close();
  });

  it('keeps the screen on, takes the lock again when the browser has let go of it, and fills the screen at a touch', async () => {
    interface Watched {
      locks: WakeLockSentinel[];
    }
    const page = await attended('&idle=600', () => {
      // Looks on; the locks are the browser's own.
      const watched = globalThis as unknown as Watched;
      watched.locks = [];
      const request = navigator.wakeLock.request.bind(navigator.wakeLock);
      navigator.wakeLock.request = async (type) => {
        const lock = await request(type);
        watched.locks.push(lock);
        return lock;
      };
    });
    const held = (): Promise<boolean[]> =>
      page.evaluate(() => (globalThis as unknown as Watched).locks.map(({ released }) => !released));
    await expect.poll(held, patience).toEqual([true]);
    // Headless pages cannot be hidden: what a browser does to a page that was is done by hand.
    await page.evaluate(async () => {
      await (globalThis as unknown as Watched).locks[0].release();
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await expect.poll(held, patience).toEqual([false, true]);
    // And without a word.
    await page.evaluate(() => (globalThis as unknown as Watched).locks[1].release());
    await expect.poll(held, patience).toEqual([false, false, true]);
    await page.mouse.click(300, 300);
    await expect.poll(() => page.evaluate(() => document.fullscreenElement !== null), patience).toBe(true);
    await page.context().close();
  });

  it('says what this computer has of MIDI', async () => {
    const { page } = await openPage(browser, url, { permissions: ['camera', 'midi', 'midi-sysex'] });
    await button(page, 'Watch the sample').click();
    await screenOf(page, 'play');
    const chooser = page.getByLabel('MIDI out');
    expect(await chooser.inputValue()).toBe('');
    await chooser.selectOption('?');
    // Machines without a sequencer refuse, others have ports or none.
    await expect
      .poll(async () => `${await page.textContent('.notice')}|${await chooser.textContent()}`, patience)
      .toMatch(/has no MIDI that the browser can use|look again/);
    await page.context().close();
  });
});

// The ports of a computer that tests cannot have; what is sent to them is what a port would get.
describe('MIDI out', () => {
  interface Port {
    readonly id: string;
    readonly name: string;
    state: 'connected' | 'disconnected';
    sent: number[][];
    send(bytes: number[]): void;
  }
  const port = (id: string): Port => ({
    id,
    name: `Port ${id}`,
    state: 'connected',
    sent: [],
    send(bytes) {
      this.sent.push(bytes);
    },
  });
  const access = (outputs: Map<string, Port>): (() => Promise<MidiAccess>) => {
    return () => Promise.resolve({ outputs });
  };

  it('sends each strike as a note on and off to the chosen port alone, and to none by default', async () => {
    const [a, b] = [port('a'), port('b')];
    const out = new MidiOut(access(new Map([a, b].map((one) => [one.id, one]))));
    expect(await out.ports()).toEqual([
      { id: 'a', name: 'Port a' },
      { id: 'b', name: 'Port b' },
    ]);
    out.strike(60, 1);
    expect([a.sent, b.sent]).toEqual([[], []]);
    out.choose('b');
    out.strike(61, 0.5);
    out.strike(62, 0);
    expect(b.sent).toEqual([
      [0x90, 61, 64],
      [0x80, 61, 0],
      [0x90, 62, 1],
      [0x80, 62, 0],
    ]);
    expect(a.sent).toEqual([]);
    out.choose('');
    out.strike(63, 1);
    expect(b.sent.length).toBe(4);
  });

  it('is silent while the port is unplugged, goes on when it is back, and takes one that comes later', async () => {
    const [a, late] = [port('a'), port('late')];
    const ports = new Map([[a.id, a]]);
    const out = new MidiOut(access(ports));
    await out.ports();
    out.choose('a');
    a.state = 'disconnected';
    out.strike(60, 1);
    expect(a.sent).toEqual([]);
    a.state = 'connected';
    out.strike(60, 1);
    expect(a.sent.length).toBe(2);
    out.choose('late');
    out.strike(60, 1);
    ports.set('late', late);
    out.strike(60, 1);
    expect(late.sent.length).toBe(2);
  });

  it('has a sentence for a refusal and for a computer without MIDI', async () => {
    const refusing = (name: string): MidiOut => new MidiOut(() => Promise.reject(new DOMException('', name)));
    await expect(refusing('NotAllowedError').ports()).rejects.toThrow(/refused\. Allow it/);
    await expect(refusing('InvalidStateError').ports()).rejects.toThrow(/has no MIDI/);
  });
});
