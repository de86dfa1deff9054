// `deep-marimba sonify` on folders: bad files among good ones, several processes, killed, stopped, and run again.
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findClips } from '../../src/cli/sonify-inputs.js';
import { clipFolder, ffmpeg, runFfmpeg } from '../support/clips.js';
import { run, start } from '../support/command.js';

const { at, remove } = clipFolder();
afterAll(remove);
let clip = '';
const calibration = at('clip/calibration.json');

interface Report {
  readonly clips: readonly { file: string; status: string; message?: string; strikes?: number; outputs: Record<string, string> }[];
} // prettier-ignore

beforeAll(() => {
  const { status, stdout, stderr } = run('render', '-o', at('clip'), '--seed', '5', '--seconds', '3', '--family', 'sequences');
  expect(status, stderr).toBe(0);
  clip = at(`clip/${(JSON.parse(stdout) as { video: string }).video}`);
}); // prettier-ignore

/** A folder of copies of the clip. */
function folder(name: string, ...files: string[]): string {
  for (const file of files) {
    mkdirSync(join(at(name), file, '..'), { recursive: true });
    copyFileSync(clip, join(at(name), file));
  }
  return at(name);
}

/** Everything beneath a folder, hidden files too, with the time of its last change. */
const everything = (name: string): Record<string, number> =>
  Object.fromEntries(
    readdirSync(at(name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path.slice(at(name).length + 1), statSync(path).mtimeMs]),
  );

const settings = (): string[] => ['--calibration', calibration, '--device', 'cpu'];

describe('findClips', () => {
  it('finds videos in folders and by patterns, and gives every output a place of its own', async () => {
    const takes = folder('takes', 'a.mp4', 'b.mp4', 'b.mov', 'deep/er/c.mkv', '.hidden.mp4', 'a.sound.mp4');
    writeFileSync(join(takes, 'notes.txt'), 'do re mi');
    const names = async (inputs: string[], wanted: Parameters<typeof findClips>[1]): Promise<string[][]> =>
      (await findClips(inputs, wanted)).clips.map(({ file, outputs }) => [file, ...Object.values(outputs as object) as string[]].map((path) => path.replace(takes, 'T'))); // prettier-ignore
    expect(await names([takes], { sound: 'out', mp4: true })).toEqual([
      ['T/a.mp4', 'out/a.wav', 'out/a.sound.mp4'],
      ['T/b.mov', 'out/b.mov.wav', 'out/b.mov.sound.mp4'],
      ['T/b.mp4', 'out/b.mp4.wav', 'out/b.mp4.sound.mp4'],
      ['T/deep/er/c.mkv', 'out/deep/er/c.wav', 'out/deep/er/c.sound.mp4'],
    ]);
    expect(await names([`${takes}/**/*.{mkv,mov}`], { sound: true })).toEqual([
      ['T/b.mov', 'T/b.wav'],
      ['T/deep/er/c.mkv', 'T/deep/er/c.wav'],
    ]);
    expect(await names([join(takes, 'a.mp4')], { sound: 'x/y.wav', events: true, midi: 'z.mid' })).toEqual([
      ['T/a.mp4', 'x/y.wav', 'x/y.events.json', 'z.mid'],
    ]);
    const { missing } = await findClips([`${takes}/*.avi`, at('nothing'), join(takes, 'none.mp4')], { sound: true });
    expect(missing.map(({ message }) => message.replaceAll(takes, 'T'))).toEqual([
      'No video is named like T/*.avi.',
      expect.stringMatching(/^There is no file .*nothing\.$/),
      'There is no file T/none.mp4.',
    ]);
  });
});

describe.skipIf(!ffmpeg)('deep-marimba sonify, several videos', () => {
  it('reports what is wrong with each, does the rest, and then only what is missing', () => {
    const mixed = folder('mixed', 'b.mp4', 'sub/c.mp4');
    const cut = join(mixed, 'cut.mp4');
    // With the index before the frames.
    runFfmpeg('-i', clip, '-c', 'copy', '-movflags', 'faststart', cut);
    truncateSync(cut, Math.round(statSync(cut).size * 0.6));
    writeFileSync(join(mixed, 'empty.mp4'), '');
    writeFileSync(join(mixed, 'garbage.mp4'), 'do re mi '.repeat(1000));
    runFfmpeg('-f', 'lavfi', '-i', 'sine=d=1', '-c:a', 'aac', join(mixed, 'sound.mp4'));
    runFfmpeg('-i', clip, '-frames:v', '2', '-c', 'copy', join(mixed, 'two.mp4'));
    const args = ['sonify', mixed, at('gone.mp4'), '-o', at('out'), '--also', 'midi', ...settings(), '--json', '--jobs', '2'];
    const first = run(...args);
    expect(first.status, first.stderr).toBe(1);
    const { clips } = JSON.parse(first.stdout) as Report;
    const told = Object.fromEntries(clips.map(({ file, status, message = '' }) => [file.replace(`${mixed}/`, ''), `${status} ${message.replaceAll(mixed, 'T')}`.trim()])); // prettier-ignore
    expect(told).toEqual({
      'b.mp4': 'done',
      'cut.mp4': expect.stringMatching(/^incomplete T\/cut\.mp4 ends early: \d+ of 75 frames are there; copy/) as string,
      'empty.mp4': 'failed T/empty.mp4 is empty (0 bytes).',
      'garbage.mp4': expect.stringMatching(/^failed T\/garbage\.mp4 is not a video file/) as string,
      'sound.mp4': 'failed T/sound.mp4 has no video track.',
      'sub/c.mp4': 'done',
      'two.mp4': 'failed T/two.mp4 has only 2 frames, which is too short to see a strike; at least 3 are needed.',
      [at('gone.mp4')]: expect.stringMatching(/^failed There is no file/) as string,
    });
    expect(first.stderr).toMatch(/^\[7\/7\] /m);
    expect(first.stderr).toMatch(/^2 of 8 clips are whole, 1 end early, 5 failed; 0:\d\d$/m);
    expect(Object.keys(everything('out'))).toEqual(
      ['b', 'cut', 'sub/c'].flatMap((stem) => ['events.json', 'mid', 'wav'].map((ending) => `mixed/${stem}.${ending}`)),
    );

    rmSync(at('out/mixed/b.mid'));
    const before = everything('out');
    const second = run(...args, '--resume');
    expect(second.status).toBe(1);
    const again = JSON.parse(second.stdout) as Report;
    expect(again.clips.map(({ status }) => status)).toEqual(
      clips.map(({ file, status }) => (file.endsWith('c.mp4') ? 'kept' : status)),
    );
    const after = everything('out');
    for (const name of Object.keys(before)) {
      if (!name.startsWith('mixed/b.')) expect([name, after[name]]).toEqual([name, before[name]]);
      else expect(after[name]).toBeGreaterThan(before[name]);
    }
    expect(Object.keys(after)).toContain('mixed/b.mid');
  }); // prettier-ignore

  it('killed in the middle, goes on where it was: finished files stay, nothing half-written does', async () => {
    const takes = folder('killed', 'a.mp4', 'b.mp4', 'c.mp4', 'd.mp4');
    const args = ['sonify', takes, '-o', at('heard'), '--also', 'mp4', ...settings()];
    const killed = start(...args);
    for (let text = ''; !text.includes('[1/4]');) {
      const [more] = (await once(killed.stderr!, 'data')) as [Buffer];
      text += more.toString();
    }
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const before = everything('heard');
    const whole = Object.keys(before).filter((name) => !name.startsWith('.'));
    expect(whole.length).toBeGreaterThanOrEqual(3);
    expect(whole.length).toBeLessThan(12);

    const { status, stderr } = run(...args, '--resume', '--jobs', '2');
    expect(status, stderr).toBe(0);
    const after = everything('heard');
    expect(Object.keys(after)).toEqual(
      ['a', 'b', 'c', 'd'].flatMap((stem) => ['events.json', 'sound.mp4', 'wav'].map((ending) => `${stem}.${ending}`)),
    );
    expect(whole.filter((name) => name.startsWith('a.')).map((name) => after[name])).toEqual(
      whole.filter((name) => name.startsWith('a.')).map((name) => before[name]),
    );
    // All the same clip: all the same sound.
    for (const stem of ['b', 'c', 'd']) {
      expect(readFileSync(at(`heard/${stem}.wav`)).equals(readFileSync(at('heard/a.wav')))).toBe(true);
    }

    // Bars that have been moved since are another matter.
    const statuses = (): string[] =>
      (JSON.parse(run(...args, '--resume', '--json').stdout) as Report).clips.map((report) => report.status);
    expect(statuses()).toEqual(['kept', 'kept', 'kept', 'kept']);
    const later = new Date(Math.max(...Object.values(everything('heard'))) + 1000);
    utimesSync(calibration, later, later);
    expect(statuses()).toEqual(['done', 'done', 'done', 'done']);
  });

  it.each([['1'], ['2']])('stopped by Ctrl-C with --jobs %s, keeps what is finished and leaves no litter', async (jobs) => {
    const takes = folder(`stopped${jobs}`, 'a.mp4', 'b.mp4', 'c.mp4', 'd.mp4', 'e.mp4');
    const child = start('sonify', takes, '-o', at(`rest${jobs}`), '--jobs', jobs, ...settings());
    let text = '';
    child.stderr!.on('data', (more: Buffer) => {
      if (!text.includes('[1/5]') && (text + more.toString()).includes('[1/5]')) child.kill('SIGINT');
      text += more.toString();
    });
    expect(await once(child, 'close')).toEqual([130, null]);
    expect(text).toMatch(/stopped; with --resume the next run goes on from here\n$/);
    const left = Object.keys(everything(`rest${jobs}`));
    expect(left.length).toBeGreaterThanOrEqual(2);
    expect(left.length).toBeLessThan(10);
    expect(left.filter((name) => !/^[a-e]\.(events\.json|wav)$/.test(name))).toEqual([]);
  }); // prettier-ignore

  it('refuses what would do harm or makes no sense', () => {
    const takes = folder('refused', 'a.mp4', 'b.mp4');
    const bytes = readFileSync(clip);
    for (const [args, status, message] of [
      [[takes, '-o', at('x.wav')], 2, /expected a folder, for there are several videos/],
      [[join(takes, 'a.mp4'), '--mp4', join(takes, 'a.mp4')], 1, /a\.mp4 is the video itself/],
      [[join(takes, 'a.mp4'), '--also', 'soup'], 2, /Expected some of midi, features, plot, mp4/],
      [[join(takes, 'a.mp4'), '-o', '/no/such/place/a.wav'], 1, /The folder of \/no\/such\/place\/a\.wav does not exist/],
      [[join(takes, 'a.mp4'), '--geometry', 'raw'], 1, /bar-lstm looks at bars, not raw/],
      [[at('clip/calibration.json')], 1, /calibration\.json is not a video file/],
    ] as const) {
      const { status: got, stderr } = run('sonify', ...args, ...settings());
      expect(stderr).toMatch(message);
      expect(got, stderr).toBe(status);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
    expect(readdirSync(takes).sort()).toEqual(['a.mp4', 'b.mp4']);
    expect(readFileSync(join(takes, 'a.mp4')).equals(bytes)).toBe(true);
  }); // prettier-ignore
});
