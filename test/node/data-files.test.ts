// Files of amplitudes and strikes, against what numpy, scipy, h5py and mido write and find in them.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  GT18,
  noteSet,
  readFeatures,
  readMarimbaData,
  readStrikes,
  writeEvents,
  writeFeatures,
  writeMidi,
  type NoteAmplitudes,
} from '../../src/node.js';
import { decodeMidi, encodeMidi } from '../../src/sound/midi.js';
import { formatNpy, parseNpy } from '../../src/sound/npy.js';

const golden = (name: string): string => resolve(import.meta.dirname, '../golden/sound-files', name);
const json = (name: string): unknown => JSON.parse(readFileSync(golden(name), 'utf8'));
const vectors = (json('vectors.json') as number[][]).flat();
const home = mkdtempSync(join(tmpdir(), 'deep-marimba-data-'));
const at = (name: string): string => join(home, name);

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

describe('features', () => {
  it.each([
    ['f8.npy', vectors],
    ['f4-fortran.npy', vectors],
    ['f8-big-endian.npy', vectors],
    ['i2.npy', vectors.map((x) => Math.trunc(x * 1e6))],
    ['v5.mat', vectors],
    ['v5-compressed.mat', vectors],
    ['v5-single.mat', vectors],
    ['v5-whole.mat', vectors.map((x) => Math.round(x * 10000))],
    ['v73.mat', vectors],
    ['features.h5', vectors],
  ])('%s is what its writer wrote', async (name, expected) => {
    const { data, frames, notes, fps } = await readFeatures(golden(name));
    expect(frames).toBe(7);
    expect(notes).toBe(GT18);
    expect(fps).toEqual({ num: 25, den: 1 });
    expect(Array.from(data)).toEqual(expected.map(Math.fround));
  });

  const made = (frames: number, notes = GT18): NoteAmplitudes => ({
    data: Float32Array.from({ length: frames * notes.length }, (_, i) => Math.abs(Math.sin(i * i)) ** 9),
    frames,
    notes,
    fps: { num: 30000, den: 1001 },
  });

  it.each(['a.npy', 'a.json', 'a.h5'])('%s comes back exactly', async (name) => {
    await writeFeatures(at(name), made(33));
    expect(await readFeatures(at(name), name.endsWith('.npy') ? { fps: 29.97 } : {})).toEqual(made(33));
    // Other notes: files that name them need no help.
    const toy = noteSet([60, 62, 64, 65, 67]);
    await writeFeatures(at(name), made(4, toy));
    const options = name.endsWith('.npy') ? { fps: '30000/1001', notes: toy } : {};
    expect(await readFeatures(at(name), options)).toEqual(made(4, toy));
    expect(readdirSync(home).filter((file) => file.endsWith('.part'))).toEqual([]);
  });

  it('numpy would read our .npy: the header is padded, the data aligned', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }), (shape) => {
        const length = shape.reduce((product, axis) => product * axis, 1);
        fc.pre(length < 5000);
        const bytes = formatNpy(
          Float32Array.from({ length }, (_, i) => i / 3),
          shape,
        );
        expect((bytes.length - 4 * length) % 64).toBe(0);
        const back = parseNpy(bytes, 'x');
        expect(back.shape).toEqual(shape);
        expect(back.data.at(-1)).toBe(length > 0 ? Math.fround((length - 1) / 3) : undefined);
      }),
    );
  });

  it.skipIf(!hasNumpy())('numpy reads our .npy', async () => {
    await writeFeatures(at('ours.npy'), made(12));
    const script = `import numpy as np; a = np.load('${at('ours.npy')}'); print(a.dtype, a.shape, float(a[11, 17]))`;
    const printed = execFileSync('/usr/bin/python3', ['-c', script], { encoding: 'utf8' });
    expect(printed.trim()).toBe(`float32 (12, 18) ${made(12).data.at(-1)}`);
  });

  it.each([
    ['three-axes.npy', /three-axes\.npy holds 2 x 3 x 4 numbers, expected frames x 18 notes\./],
    ['strings.npy', /holds elements of type U1; save it as float32\./],
    ['v5-none.mat', /v5-none\.mat has no variable audio_vectors; it has names, info, flag\./],
    ['v5-complex.mat', /has audio_vectors, but it is not a real matrix of numbers\./],
    ['v4.mat', /holds neither note amplitudes nor strikes: expected/],
    ['u8-mono-8000.wav', /holds neither note amplitudes nor strikes; it is a WAV file: expected/],
    ['type0.mid', /type0\.mid holds strikes, not note amplitudes\./],
    ['nothing.npy', /There is no file/],
  ])('%s is refused in one sentence', async (name, message) => {
    const error: unknown = await readFeatures(golden(name)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ tag: 'SoundError' });
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/^[^\n]*\.$/);
  });

  it.each([
    ['empty.npy', '', /empty\.npy is empty/],
    ['turned.npy', formatNpy(new Float32Array(18 * 5), [18, 5]), /it is the other way round: transpose it/],
    ['nan.npy', formatNpy(new Float32Array(36).fill(NaN, 20, 21), [2, 18]), /not a number, in frame 1\./],
    ['no-frames.npy', formatNpy(new Float32Array(0), [0, 18]), /holds no frames/],
    ['cut.npy', formatNpy(new Float32Array(36), [2, 18]).subarray(0, 200), /ends early: 18 of 36 numbers/],
    ['cut.mat', readFileSync(golden('v5.mat')).subarray(0, 900), /cut\.mat ends early/],
    [
      'cut-compressed.mat',
      readFileSync(golden('v5-compressed.mat')).subarray(0, 900),
      /cut-compressed\.mat ends early/,
    ],
    ['cut.h5', readFileSync(golden('v73.mat')).subarray(0, 3000), /not an HDF5 file, or is damaged/],
    ['half.json', '{"format":"deep-marimba/features@1","fps":25,', /is not JSON, or is damaged/],
    ['other.json', '{"format":"something"}', /is not a features file/],
    [
      'ragged.json',
      '{"format":"deep-marimba/features@1","fps":25,"notes":[60,62],"amplitudes":[[1,2],[3]]}',
      /a row that is not 2/,
    ],
    [
      'rate.json',
      '{"format":"deep-marimba/features@1","fps":0,"notes":[60],"amplitudes":[[1]]}',
      /frame rate that make no sense/,
    ],
  ])('%s is refused in one sentence', async (name, content, message) => {
    writeFileSync(at(name), content);
    const error: unknown = await readFeatures(at(name)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ tag: 'SoundError' });
    expect((error as Error).message).toMatch(message);
  });

  it('stops inflating a variable that swells beyond reason', async () => {
    const packed = deflateSync(Buffer.alloc(200_000_000));
    const head = Buffer.alloc(136);
    head.write('MATLAB 5.0 MAT-file');
    head.writeUInt16LE(0x0100, 124);
    head.write('IM', 126);
    head.writeUInt32LE(15, 128);
    head.writeUInt32LE(packed.length, 132);
    writeFileSync(at('bomb.mat'), Buffer.concat([head, packed]));
    await expect(readFeatures(at('bomb.mat'))).rejects.toThrow(
      /bomb\.mat is damaged: a variable cannot be decompressed/,
    );
  });

  it('refuses a name it does not know and a folder that is not there, and leaves nothing behind', async () => {
    await expect(writeFeatures(at('a.csv'), made(2))).rejects.toThrow(/ends in \.npy, \.json, \.h5 or \.hdf5/);
    for (const name of ['no/a.npy', 'no/a.json', 'no/a.h5']) {
      await expect(writeFeatures(at(name), made(2))).rejects.toThrow(/folder of .* does not exist/);
    }
  });
});

describe('MIDI', () => {
  const found = json('midi.json') as Record<string, [time: number, midi: number, velocity: number][]>;

  it.each(Object.keys(found))('%s has the notes mido finds', async (name) => {
    const strikes = await readStrikes(golden(name));
    const sorted = [...found[name]].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    expect(strikes.map(({ midi, velocity }) => [midi, velocity])).toEqual(sorted.map(([, midi, v]) => [midi, v / 127]));
    // Sums of float64 in another order: 4e-16 s measured.
    for (const [i, { time }] of strikes.entries()) expect(Math.abs(time - sorted[i][0])).toBeLessThan(2e-15);
  });

  it('keeps times within 0.3 ms and velocities within half of 1/127', async () => {
    const strike = fc.record({
      time: fc.double({ min: 0, max: 600, noNaN: true }),
      midi: fc.integer({ min: 0, max: 127 }),
      velocity: fc.double({ min: 1 / 127, max: 1, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(strike, { minLength: 1, maxLength: 40 }), async (strikes) => {
        await writeMidi(at('round.mid'), strikes);
        const back = await readStrikes(at('round.mid'));
        expect(back.length).toBe(strikes.length);
        const order = (a: { time: number; midi: number }, b: { time: number; midi: number }): number =>
          a.midi - b.midi || a.time - b.time;
        const [mine, theirs] = [[...strikes].sort(order), [...back].sort(order)];
        for (const [i, { time, velocity }] of theirs.entries()) {
          // Half a tick of 0.52 ms.
          expect(Math.abs(time - mine[i].time)).toBeLessThan(0.27e-3);
          const near = mine.filter((other) => Math.abs(other.time - time) < 0.27e-3 && other.midi === theirs[i].midi);
          expect(near.some((other) => Math.abs(other.velocity - velocity) <= 0.5 / 127 + 1e-12)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('a second time through changes nothing', () => {
    const once = decodeMidi(encodeMidi([{ time: 1.2345, midi: 66, velocity: 0.4321 }]));
    expect(decodeMidi(encodeMidi(once))).toEqual(once);
  });

  it('ends a note before the same bar is struck again', () => {
    const repeated = [0, 0.1, 0.2].map((time) => ({ time, midi: 70, velocity: 1 }));
    expect(decodeMidi(encodeMidi(repeated)).map(({ time }) => Math.round(time * 1e3))).toEqual([0, 100, 200]);
  });

  it.each([
    [{ time: -1, midi: 60, velocity: 1 }, /time is 0 to 100,000 s, got -1/],
    [{ time: NaN, midi: 60, velocity: 1 }, /time is .*got NaN/],
    [{ time: 0, midi: 60.5, velocity: 1 }, /0\.\.127, got 60\.5/],
    [{ time: 0, midi: 60, velocity: 2 }, /0\.\.1, got 2/],
  ])('refuses %o', (strike, message) => {
    expect(() => encodeMidi([strike])).toThrow(message);
  });

  it('says what is wrong with a file', () => {
    const bytes = readFileSync(golden('type1.mid'));
    expect(() => decodeMidi(bytes.subarray(0, 150), 'cut.mid')).toThrow(/^cut\.mid is damaged or cut short/);
    expect(() => decodeMidi(new Uint8Array(50), 'zero.mid')).toThrow(/^zero\.mid is not a MIDI file/);
    const two = new Uint8Array(bytes);
    two[9] = 2;
    expect(() => decodeMidi(two, 'two.mid')).toThrow(/^two\.mid is of type 2/);
  });
});

describe('events', () => {
  const strikes = [
    { time: 2.5, midi: 68, velocity: 0.25 },
    { time: 1.00001, midi: 66, velocity: 1 },
  ];

  it('come back sorted, with what is known of them', async () => {
    await writeEvents(at('a.json'), strikes, { source: 'clip.mp4', duration: 3, layout: 'gt18' });
    const text = JSON.parse(readFileSync(at('a.json'), 'utf8')) as { events: unknown[] };
    expect(text).toMatchObject({ format: 'deep-marimba/events@1', source: 'clip.mp4', duration: 3, layout: 'gt18' });
    expect(text.events[0]).toEqual({ time: 1.00001, midi: 66, name: 'F#4', velocity: 1 });
    expect(await readMarimbaData(at('a.json'))).toEqual({
      strikes: [strikes[1], strikes[0]],
      source: 'clip.mp4',
      duration: 3,
      layout: 'gt18',
    });
    await writeEvents(at('none.json'), []);
    expect(await readStrikes(at('none.json'))).toEqual([]);
  });

  it.each([
    ['{"format":"deep-marimba/events@1"}', /has no list of events/],
    ['{"format":"deep-marimba/events@1","events":[{"time":1,"midi":66}]}', /has event 0 of .*, expected time/],
    ['{"format":"deep-marimba/events@1","events":[null]}', /has event 0 of null/],
    ['{"format":"deep-marimba/events@2","events":[]}', /is not an events file/],
  ])('refuses %s', async (text, message) => {
    writeFileSync(at('bad.json'), text);
    await expect(readStrikes(at('bad.json'))).rejects.toThrow(message);
  });
});

function hasNumpy(): boolean {
  try {
    execFileSync('/usr/bin/python3', ['-c', 'import numpy'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
