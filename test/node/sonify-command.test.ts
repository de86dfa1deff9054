// `deep-marimba sonify` as its users run it: a real video in, sound and strikes out, one sentence when it cannot be done.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Calibration, Quad } from '../../src/types.js';
import { readStrikes } from '../../src/sound/data-file.js';
import { parseEvents } from '../../src/sound/events.js';
import { readSound } from '../../src/sound/sound-file.js';
import { run } from '../support/command.js';
import { nominalLayout } from '../support/stills.js';

const folder = mkdtempSync(join(tmpdir(), 'deep-marimba-sonify-'));
const path = (...names: string[]): string => join(folder, ...names);
let video = '';
const calibration = path('clip', 'calibration.json');

const sonify = (...args: string[]) => run('sonify', ...args);
const events = (file: string) => parseEvents(JSON.parse(readFileSync(file, 'utf8')), file);

beforeAll(() => {
  const args = ['--seed', '5', '--seconds', '4', '--fps', '29.97', '--family', 'sequences'];
  const { status, stdout, stderr } = run('render', '-o', path('clip'), ...args);
  expect(status, stderr).toBe(0);
  video = path('clip', (JSON.parse(stdout) as { video: string }).video);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('deep-marimba sonify', () => {
  it('writes sound, events and MIDI of the same strikes, as long as the video', async () => {
    const out = path('a.wav');
    const { status, stderr, stdout } = sonify(video, '--calibration', calibration, '-o', out, '--midi', path('a.mid'));
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: '' });
    const { strikes, source, duration } = events(path('a.events.json'));
    expect(source).toBe(video);
    expect(duration).toBeCloseTo(120 / 29.97, 3);
    expect(stderr).toMatch(
      new RegExp(`a\\.wav: ${strikes.length} strikes in 4\\.00 s \\(120 frames, .+bar-lstm on \\w+, voice modal`),
    );
    const { sampleRate, channels } = await readSound(out);
    expect(sampleRate).toBe(48_000);
    expect(channels[0].length / sampleRate).toBeCloseTo(120 / 29.97, 3);
    expect(channels[0].some((x) => Math.abs(x) > 0.01)).toBe(strikes.length > 0);
    const notes = await readStrikes(path('a.mid'));
    expect(notes.map(({ midi }) => midi)).toEqual(strikes.map(({ midi }) => midi));
    // Of the bars in the picture, at times of the video.
    const bars = (JSON.parse(readFileSync(calibration, 'utf8')) as { bars: { midi: number }[] }).bars.map(
      ({ midi }) => midi,
    );
    for (const { midi, time } of strikes) {
      expect(bars).toContain(midi);
      expect(time).toBeLessThan(4.01);
    }
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('finds the bars from the folder of the clip, from corners and a layout, and says how sure it is', () => {
    const beside = sonify(video, '-o', path('beside.wav'));
    expect(beside.status, beside.stderr).toBe(0);
    expect(beside.stderr).toMatch(/\d+ bars from .*calibration\.json/);
    const { bars } = JSON.parse(readFileSync(calibration, 'utf8')) as Calibration;
    const { corners } = JSON.parse(readFileSync(path('clip', 'truth.json'), 'utf8')) as { corners: Quad };
    writeFileSync(path('layout.json'), JSON.stringify(nominalLayout(bars.map(({ midi }) => midi))));
    const given = ['--corners', corners.flat().map(Math.round).join(','), '--layout', path('layout.json')];
    const snapped = sonify(video, ...given, '-o', path('snapped.wav'));
    expect(snapped.status, snapped.stderr).toBe(0);
    expect(snapped.stderr).toMatch(
      new RegExp(`${bars.length} bars of nominal snapped to the picture; about \\d+ % of`),
    );
  });

  it('hears the same on wasm, and writes beside the video unless told where', () => {
    const { status, stderr } = sonify(video, '--calibration', calibration, '--device', 'wasm', '--voice', 'additive');
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/clip\.wav: .+ on wasm, voice additive/);
    const there = events(path('clip', 'clip.events.json')).strikes;
    const before = events(path('a.events.json')).strikes;
    expect(there.map(({ midi }) => midi)).toEqual(before.map(({ midi }) => midi));
    there.forEach(({ time }, i) => {
      expect(time).toBeCloseTo(before[i].time, 4);
    });
  });

  it('says in one sentence what is wrong, and writes nothing', () => {
    const out = ['-o', path('never.wav')];
    writeFileSync(path('half.json'), '{ "format": ');
    writeFileSync(path('tall.json'), readFileSync(calibration, 'utf8').replace('"height": 180', '"height": 280'));
    writeFileSync(path('garbage.mp4'), 'do re mi '.repeat(1000));
    const refused: readonly [readonly string[], RegExp][] = [
      [[path('none.mp4'), '--calibration', calibration], /There is no file .*none\.mp4\./],
      [[path('garbage.mp4'), '--calibration', calibration], /garbage\.mp4/],
      [[video, '--calibration', path('none.json')], /There is no file .*none\.json\./],
      [[video, '--calibration', path('half.json')], /half\.json: A calibration is JSON/],
      [
        [video, '--calibration', path('tall.json')],
        /tall\.json is for pictures of 320 x 280, but .* shows 320 x 180; calibrate/,
      ],
      [[video, '--calibration', calibration, '--model', 'nobody'], /There is no model "nobody"/],
    ];
    for (const [args, message] of refused) {
      const { status, stdout, stderr } = sonify(...args, ...out);
      expect({ status, stdout }, stderr).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(message);
      expect(stderr).toMatch(/^deep-marimba: [^\n]+\n$/);
    }
    for (const args of [
      [],
      [video, '--corners', '1,2,3,4,5,6,7'],
      [video, '--calibration', calibration, '-o', 'x.mp3'],
      [video, '--calibration', calibration, '--device', 'abacus'],
    ]) {
      expect(sonify(...args).status).toBe(2);
    }
    expect(readdirSync(folder).filter((name) => name.includes('never'))).toEqual([]);
  });
});
