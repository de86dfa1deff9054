// `?kiosk=1`: a page that nobody looks after starts, calls for players, keeps the screen on and comes back by itself.
import type { Page } from 'playwright';
import { describe, expect, it, vi } from 'vitest';
import { type MidiAccess, MidiOut } from '../../../src/kiosk/page/midi-out.js';
import { ffmpeg } from '../../support/clips.js';
import {
  button,
  listening,
  lit,
  openPage,
  openWindow,
  patience,
  sample,
  says,
  screenOf,
  servedKiosk,
  unplugCamera,
} from '../../support/kiosk.js';

// A test has many waits, and each may take as long as a busy machine takes.
vi.setConfig({ testTimeout: 600_000 });

describe.runIf(ffmpeg)('a page that nobody looks after', () => {
  const kiosk = servedKiosk();

  /** Makes a page one whose camera was set up by somebody who then left. */
  async function leave(page: Page, query: string): Promise<void> {
    await page.evaluate(async (bars) => {
      const stream = await navigator.mediaDevices.getUserMedia({ video: true });
      const { deviceId } = stream.getVideoTracks()[0].getSettings();
      for (const track of stream.getTracks()) track.stop();
      localStorage.setItem('deep-marimba/settings', JSON.stringify({ camera: deviceId }));
      localStorage.setItem(`deep-marimba/bars/${deviceId}`, JSON.stringify(bars));
    }, sample);
    await page.goto(`${kiosk.url}?kiosk=1${query}`);
    await screenOf(page, 'play');
  }
  async function attended(query: string): Promise<Page> {
    const { page } = await openPage(kiosk.browser, kiosk.url, { permissions: ['camera', 'screen-wake-lock'] });
    await leave(page, query);
    return page;
  }

  it('goes on when its camera was unplugged and is back, and calls for players meanwhile', async () => {
    const page = await attended('&idle=1');
    await listening(page);
    await unplugCamera(kiosk.browser);
    await says(page, '.notice', /The camera is gone/);
    await page.waitForSelector('.attract:not([hidden])', patience);
    await says(page, '.notice', '');
    await listening(page);
    await page.mouse.move(5, 5);
    await page.mouse.move(50, 50);
    await page.waitForSelector('.attract', { ...patience, state: 'hidden' });
    await page.context().close();
  });

  it('keeps the screen on; hidden and seen again, it takes the lock that was taken from it and goes on', async () => {
    const { window, close } = await openWindow(kiosk);
    const page = window.pages()[0];
    page.setDefaultTimeout(patience.timeout);
    interface Watched {
      locks: WakeLockSentinel[];
    }
    await page.addInitScript(() => {
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
    await page.goto(kiosk.url);
    await leave(page, '&idle=600');
    await listening(page);
    const held = (): Promise<boolean[]> =>
      page.evaluate(() => (globalThis as unknown as Watched).locks.map(({ released }) => !released));
    await expect.poll(held, patience).toEqual([true]);
    const other = await window.newPage();
    await other.bringToFront();
    await expect.poll(() => page.evaluate(() => document.visibilityState), patience).toBe('hidden');
    await expect.poll(held, patience).toEqual([false]);
    await page.waitForTimeout(3000); // As long as nobody shall look.
    await page.bringToFront();
    await expect.poll(() => page.evaluate(() => document.visibilityState), patience).toBe('visible');
    await expect.poll(held, patience).toEqual([false, true]);
    await listening(page);
    await lit(page);
    // Nothing had to be started again.
    expect(await page.textContent('.status')).not.toMatch(/recovered/);
    expect(await page.textContent('.notice')).toBe('');
    // The browser may let go without a word.
    await page.evaluate(() => (globalThis as unknown as Watched).locks[1].release());
    await expect.poll(held, patience).toEqual([false, false, true]);
    await close();
  });

  it('goes on with a clip, which browsers do not play while it is hidden', async () => {
    const { window, close } = await openWindow(kiosk);
    const page = window.pages()[0];
    page.setDefaultTimeout(patience.timeout);
    await page.goto(kiosk.url);
    await button(page, 'Watch the sample').click();
    await listening(page);
    const other = await window.newPage();
    await other.bringToFront();
    await says(page, '.status', /^Waiting for the picture/);
    await page.bringToFront();
    await listening(page);
    await lit(page);
    expect(await page.textContent('.status')).not.toMatch(/recovered/);
    await close();
  });

  it('fills the screen at a touch', async () => {
    const page = await attended('&idle=600');
    await page.mouse.click(300, 300);
    await expect.poll(() => page.evaluate(() => document.fullscreenElement !== null), patience).toBe(true);
    await page.context().close();
  });

  it('says what this computer has of MIDI', async () => {
    const { page } = await openPage(kiosk.browser, kiosk.url, { permissions: ['camera', 'midi', 'midi-sysex'] });
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
