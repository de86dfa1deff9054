// The page for everybody: rules of accessibility in every state, the whole way by keyboard, little motion, small and large screens.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright';
import { describe, expect, it, vi } from 'vitest';
import { ffmpeg } from '../../support/clips.js';
import { start } from '../../support/command.js';
import {
  button,
  endKiosk,
  fits,
  listening,
  openPage,
  patience,
  pointOutCorners,
  sample,
  says,
  screenOf,
  servedKiosk,
} from '../../support/kiosk.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
// A test has many waits, and each may take as long as a busy machine takes.
vi.setConfig({ testTimeout: 600_000 });

const kiosk = servedKiosk();

/** What of the rules a page breaks now, one line each. */
async function violations(page: Page): Promise<string[]> {
  // Past the page's security policy, which would forbid it.
  await page.evaluate(axe);
  const { violations: found } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`));
} // prettier-ignore

/** The bars that are looked for have been found, or not. */
const looked = (page: Page): Promise<unknown> =>
  page.waitForSelector('.editor-panel:not([aria-busy])', { ...patience, state: 'attached' });

describe.runIf(ffmpeg)('the kiosk page for everybody', () => {
  it.each([
    [320, 640],
    [1280, 720],
  ])('breaks no rule of accessibility in any state, and needs no sideways scrolling, at %i pixels', async (width, height) => {
    const { page } = await openPage(kiosk.browser, kiosk.url, { viewport: { width, height } });
    const whole = async (): Promise<void> => {
      expect(await violations(page)).toEqual([]);
      expect(await fits(page)).toBe(true);
    };
    await whole();
    await page.setInputFiles('input.file', { name: 'a.mp4', mimeType: 'video/mp4', buffer: Buffer.from('no video') });
    await says(page, '.complaint', /cannot play/);
    await whole();
    await button(page, 'Use the camera').click();
    await screenOf(page, 'bars');
    await looked(page);
    await page.locator('summary', { hasText: 'Name all bars' }).click();
    await page.locator('summary', { hasText: 'With the keyboard' }).click();
    await pointOutCorners(page);
    await page.getByRole('application').focus();
    await page.keyboard.press('n');
    await whole();
    await button(page, 'Delete it').click();
    await button(page, 'Delete all').click();
    await whole();
    await button(page, 'Undo').click();
    await button(page, 'Play these bars').click();
    await listening(page);
    await button(page, 'Record').click();
    await button(page, 'Stop recording').click();
    await page.waitForSelector('.downloads a', patience);
    await page.evaluate(() => {
      setTimeout(() => {
        throw new Error('a sentence over the page');
      });
    });
    await says(page, '.notice', /a sentence over the page/);
    await whole();
    await page.evaluate(() => {
      document.querySelector('.notice')!.textContent = '';
      document.querySelector<HTMLElement>('.attract')!.hidden = false;
    });
    await whole();
    await page.context().close();
  }); // prettier-ignore

  it('is played all through with the keyboard alone', async () => {
    const { page, errors } = await openPage(kiosk.browser, kiosk.url);
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    const focused = (): Promise<string> =>
      page.evaluate(() => {
        const now = document.activeElement;
        return now?.getAttribute('aria-label') ?? now?.closest('label')?.firstChild?.textContent?.trim() ?? now?.textContent ?? '';
      }); // prettier-ignore
    /** Goes to something by Tab, as far as it takes; every stop on the way can be seen. */
    const goTo = async (name: string): Promise<void> => {
      for (let i = 0; i < 60; i++) {
        await press('Tab');
        if ((await focused()) !== name) continue;
        const outlined = await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle);
        expect([name, outlined]).toEqual([name, 'solid']);
        return;
      }
      throw new Error(`${name} is not reached with Tab.`);
    };
    await goTo('Use the camera');
    await press('Enter');
    await screenOf(page, 'bars');
    expect(await focused()).toBe('Where are the bars?');
    await looked(page);
    await goTo('Four corners');
    await press('Shift+Tab', 'Tab', 'Tab');
    expect(await focused()).toBe('Layout of the instrument');
    await press('N');
    await goTo('Number of bars');
    await press('Control+A');
    await page.keyboard.type(String(sample.bars.length));
    await press('Shift+Tab', 'Shift+Tab');
    expect(await focused()).toBe('Four corners');
    await press('Enter');
    expect(await focused()).toBe('Bars in the picture');
    // The crosshair starts in the middle and stays where it was; ten pixels with Shift, one without.
    const bars = [...sample.bars].sort((a, b) => a.midi - b.midi);
    const [low, high] = [bars[0].quad, bars[bars.length - 1].quad];
    const view = (await page.locator('.bars-editor').getAttribute('viewBox'))!.split(' ').map(Number);
    let at = [view[2] / 2, view[3] / 2];
    for (const corner of [low[0], high[1], high[2], low[3]]) {
      const to = [(corner[0] / sample.width) * view[2], (corner[1] / sample.height) * view[3]];
      for (const [axis, less, more] of [[0, 'ArrowLeft', 'ArrowRight'], [1, 'ArrowUp', 'ArrowDown']] as const) {
        const away = Math.round(to[axis] - at[axis]);
        const key = away < 0 ? less : more;
        for (let i = 0; i < Math.floor(Math.abs(away) / 10); i++) await press(`Shift+${key}`);
        for (let i = 0; i < Math.abs(away) % 10; i++) await press(key);
        at = axis === 0 ? [at[0] + away, at[1]] : [at[0], at[1] + away];
      } // prettier-ignore
      await press('Enter');
    }
    await expect.poll(() => page.locator('.bars-editor .bar').count(), patience).toBe(sample.bars.length);
    await looked(page);
    await goTo('Play these bars');
    await press('Enter');
    await screenOf(page, 'play');
    expect(await focused()).toBe('Play');
    await listening(page);
    await goTo('Voice');
    await press('ArrowDown');
    expect(await page.getByLabel('Voice').inputValue()).toBe('exemplar');
    await goTo('Loudness');
    await press('Home');
    expect(await page.getByLabel('Loudness').inputValue()).toBe('0');
    await goTo('A strike counts');
    await press('ArrowDown');
    expect(await page.getByLabel('A strike counts').inputValue()).toBe('sure');
    await goTo('Record');
    await press('Space');
    await page.waitForSelector('.record[aria-pressed=true]', patience);
    await press('Space');
    await goTo('wav');
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('moves as little as it is asked to', async () => {
    const { page } = await openPage(kiosk.browser, kiosk.url, { reducedMotion: 'reduce' });
    const moving = (): Promise<number> =>
      page.evaluate(
        () =>
          document
            .getAnimations()
            .filter((animation) => Number(animation.effect?.getComputedTiming().duration) > 1 && animation.playState === 'running').length,
      ); // prettier-ignore
    expect(await moving()).toBe(0);
    await page.context().close();
    const { page: lively } = await openPage(kiosk.browser, kiosk.url, { reducedMotion: 'no-preference' });
    expect(await lively.evaluate(() => document.getAnimations().length)).toBeGreaterThan(10);
    await lively.context().close();
  });

  it('breaks no rule where the bars of a clip are put right', async () => {
    const clip = resolve(import.meta.dirname, '../../../src/kiosk/page/sample.webm');
    const command = start('calibrate', clip, '--no-open', '-o', kiosk.folder.at('bars.json'));
    try {
      const address = await new Promise<string>((found) => {
        command.stdout!.once('data', (line: Buffer) => {
          found(line.toString().trim());
        });
      });
      for (const [width, height] of [
        [320, 640],
        [1280, 720],
      ]) {
        const { page } = await openPage(kiosk.browser, address, { viewport: { width, height } });
        await page.waitForSelector('.save', patience);
        expect(await violations(page)).toEqual([]);
        expect(await fits(page)).toBe(true);
        await page.context().close();
      }
    } finally {
      await endKiosk(command);
    }
  });
});
