// `deep-marimba calibrate`: a page for this computer alone, and a file beside the clip.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { calibrationOf } from '../../../src/kiosk/editor/edits.js';
import { formatCalibration } from '../../../src/video/calibration.js';
import { parseLayout, placeLayout } from '../../../src/video/layout.js';
import { clipFolder, ffmpeg, moving, runFfmpeg } from '../../support/clips.js';
import { run, start } from '../../support/command.js';

const folder = clipFolder();
const clip = folder.at('clip.mp4');
const saved = folder.at('clip.calibration.json');
const size = { width: 320, height: 192 };
const calibration = placeLayout(
  parseLayout('marimba-5'),
  [
    [40, 40],
    [280, 50],
    [270, 120],
    [50, 150],
  ],
  size,
);
let child: ChildProcess | undefined;

beforeAll(() => {
  runFfmpeg(...moving(1, '320x192'), clip);
});
afterEach(() => {
  child?.kill('SIGINT');
  child = undefined;
});
afterAll(() => {
  folder.remove();
});

/** Starts the command; resolves with the address it prints. */
async function open(...args: string[]): Promise<string> {
  child = start('calibrate', clip, '--no-open', ...args);
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return line.toString().trim();
}

/** What a server answers a client that says another host's name. */
function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe.runIf(ffmpeg)('calibrate', () => {
  it('serves the page with its picture on loopback, behind a token, and to nobody else', async () => {
    const url = await open();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{22}\/$/);
    const page = await fetch(url);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('Where are the bars?');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    const task = (await (await fetch(`${url}task.json`)).json()) as Record<string, unknown>;
    expect(task).toMatchObject({ clip: 'clip.mp4', ...size });
    const picture = new Uint8Array(await (await fetch(`${url}picture.png`)).arrayBuffer());
    expect([...picture.subarray(1, 4)].map((code) => String.fromCharCode(code)).join('')).toBe('PNG');
    const root = new URL('/', url).href;
    expect((await fetch(root)).status).toBe(404);
    expect((await fetch(`${root}picture.png`)).status).toBe(404);
    expect((await fetch(`${url}../../package.json`)).status).toBe(404);
    expect((await fetch(`${url}%2e%2e/cli.mjs`)).status).toBe(404);
    expect(await statusFor(url, 'example.com')).toBe(421);
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(405);
  });

  it('saves what the page sends beside the clip, whole, and only what is a calibration', async () => {
    const url = await open();
    const save = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${url}save`, { method: 'POST', body, headers });
    const bad = await save('{"format":"deep-marimba/calibration@1"}');
    expect(bad.status).toBe(422);
    expect(await bad.text()).toMatch(/width/);
    expect(existsSync(saved)).toBe(false);
    expect((await save('x'.repeat(2 << 20))).status).toBe(413);
    const good = await save(JSON.stringify(calibration));
    expect(good.status).toBe(200);
    expect(await good.text()).toContain(saved);
    expect(readFileSync(saved, 'utf8')).toBe(formatCalibration(calibration));
    expect(readdirSync(folder.at('')).filter((name) => name.includes('.part'))).toEqual([]);
  });

  it('begins with the bars that were saved, and prints them', async () => {
    writeFileSync(saved, formatCalibration(calibration));
    const url = await open();
    const task = (await (await fetch(`${url}task.json`)).json()) as { bars: unknown; message: string };
    expect(task.bars).toEqual(calibration.bars);
    expect(task.message).toContain('clip.calibration.json');
    const { status, stdout } = run('calibrate', clip, '--print');
    expect(status).toBe(0);
    // Corners to a hundredth of a pixel.
    expect(stdout).toBe(formatCalibration(calibrationOf(calibration.bars, size)));
  });

  it('says in a sentence what is wrong', () => {
    writeFileSync(saved, '{}');
    expect(run('calibrate', clip)).toMatchObject({ status: 1, stderr: expect.stringContaining(saved) as string });
    expect(run('calibrate', folder.at('none.mp4'), '-o', folder.at('a.json')).stderr).toMatch(/There is no file/);
    expect(run('calibrate', clip, '-o', folder.at('no/such/c.json')).stderr).toMatch(/make it first/);
    expect(run('calibrate', clip, '--port', '99999').status).toBe(2);
  });
});
