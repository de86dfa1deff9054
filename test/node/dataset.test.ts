// `deep-marimba dataset`: real clips of real encoders in, HDF5 out; pictures and amplitudes aligned; killed and run again.
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { dataset } from '../../src/cli/dataset.js';
import { openDataset, type DatasetInfo } from '../../src/dataset/dataset-file.js';
import { findRecordings, testRecordings } from '../../src/dataset/recordings.js';
import { encodeWav, midiToHz } from '../../src/node.js';
import { clipFolder, ffmpeg, moving, runFfmpeg } from '../support/clips.js';
import { start } from '../support/command.js';

const { at, remove } = clipFolder();
afterAll(remove);

const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
const sampleRate = 16000;
const f4 = midiToHz(66);

/** A clip of 2 s that is black but for frame 20 of 25 per second, and a burst of F#4 in the same 40 ms, `late` seconds later. */
function flash(folder: string, recording: string, { fps = '25', filter = '', late = 0, angle = 1 } = {}): void {
  mkdirSync(at(folder), { recursive: true });
  const box = "drawbox=enable='between(t,0.799,0.839)':c=white:t=fill";
  runFfmpeg(
    ...['-f', 'lavfi', '-i', `color=black:s=64x48:r=${fps}:d=2,format=yuv420p,${box}${filter}`],
    ...['-fps_mode', 'passthrough', ...h264, at(`${folder}/${recording}_angle${angle}.mp4`)],
  );
  const samples = Float32Array.from({ length: (2 + late) * sampleRate }, (_, i) => {
    const t = i / sampleRate - late;
    return t >= 0.8 && t < 0.84 ? Math.sin(2 * Math.PI * f4 * t) : 0;
  });
  writeFileSync(at(`${folder}/${recording}.wav`), encodeWav({ sampleRate, channels: [samples] }));
}

async function run(...args: string[]): Promise<{ out: string; err: string; code: typeof process.exitCode }> {
  let out = '';
  let err = '';
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
  process.exitCode = undefined;
  try {
    for (const command of dataset.commands) command.exitOverride();
    await dataset.parseAsync(args, { from: 'user' });
    return { out, err, code: process.exitCode };
  } finally {
    process.exitCode = undefined;
    stdout.mockRestore();
    stderr.mockRestore();
  }
}

async function contents(path: string): Promise<{ info: DatasetInfo; data: Record<string, Uint8Array | Float32Array> }> {
  const file = await openDataset(path);
  try {
    const { info } = file;
    return {
      info,
      data: Object.fromEntries(Object.entries(info.shapes).map(([name, [rows]]) => [name, file.read(name, 0, rows)])),
    };
  } finally {
    file.close();
  }
}

describe.skipIf(ffmpeg === undefined)('dataset build', () => {
  // Picture 20 is the bright one, and its burst is heard by the windows that begin with pictures 18, 19 and 20.
  const expectAligned = (x: Uint8Array, y: Float32Array): void => {
    const bright = Array.from({ length: x.length / 1024 }, (_, k) => x[k * 1024 + 500]);
    expect(bright.map((value, k) => (value > 128 ? k : -1)).filter((k) => k >= 0)).toEqual([20]);
    const loud = Array.from({ length: y.length / 18 }, (_, k) => y[k * 18]);
    const peak = Math.max(...loud);
    expect(loud.map((value, k) => (value > 0.05 * peak ? k : -1)).filter((k) => k >= 0)).toEqual([18, 19, 20]);
  };
  const every = ",select='not(mod(n,2))+between(t,0.7,0.9)'";

  it.each([
    ['at its own rate', {}, []],
    ['at twice the rate', { fps: '50', filter: '' }, ['--fps', '25']],
    ['at a variable rate', { fps: '50', filter: every }, ['--fps', '25']],
    ['with sound that began earlier', { late: 0.5 }, ['--offset', '0.5']],
    ['with an offset of its own', { late: 0.25 }, ['--offset', '3', '--offset', 'seq1=0.25']],
  ] as const)('pairs pictures and sound %s', async (name, how, args) => {
    const folder = name.replaceAll(' ', '-');
    flash(folder, 'seq1', how);
    const { err, code } = await run(
      'build',
      at(folder),
      '-o',
      at(`${folder}.h5`),
      '--size',
      '32',
      '--test',
      '0',
      ...args,
    );
    expect(err).toContain('seq1_angle1: 50 frames');
    expect(code).toBeUndefined();
    const { info, data } = await contents(at(`${folder}.h5`));
    expect(info.shapes).toEqual({
      dataX_train: [50, 32, 32],
      dataY_train: [50, 18],
      dataX_test: [0, 32, 32],
      dataY_test: [0, 18],
    });
    expect(info.fps).toEqual({ num: 25, den: 1 });
    expectAligned(data.dataX_train as Uint8Array, data.dataY_train as Float32Array);
    expect(readdirSync(at('.')).filter((file) => file.startsWith('.'))).toEqual([]);
  });

  it('splits by recording, leaves out what is bad, builds the rest', async () => {
    for (const recording of ['seq1', 'seq2', 'seq3', 'seq10']) {
      for (const angle of [1, 2]) flash('many', recording, { angle });
    }
    copyFileSync(at('many/seq1_angle1.mp4'), at('many/seq4_angle1.mp4'));
    copyFileSync(at('many/seq1_angle2.mp4'), at('many/seq1_angle2.mov'));
    writeFileSync(at('many/seq2_angle3.mp4'), '');
    writeFileSync(at('many/seq5.wav'), readFileSync(at('many/seq1.wav')));
    runFfmpeg(...moving(3, '64x48'), ...h264, at('many/seq3_angle3.mp4'));
    runFfmpeg(...moving(4, '64x48'), ...h264, '-movflags', '+faststart', at('many/seq3_angle4.mp4'));
    truncateSync(at('many/seq3_angle4.mp4'), readFileSync(at('many/seq3_angle4.mp4')).length / 2);
    runFfmpeg('-f', 'lavfi', '-i', 'sine=d=1', at('many/seq3_angle5.m4a'));
    copyFileSync(at('many/seq3_angle5.m4a'), at('many/seq3_angle5.mp4'));

    const { err, code } = await run('build', at('many'), '-o', at('many.h5'), '--size', '16');
    expect(code).toBe(1);
    for (const line of [
      /^seq4_angle1: left out: has no sound; expected seq4\.wav beside it\.$/m,
      /^seq1_angle2: left out: is there twice \(seq1_angle2\.mov, seq1_angle2\.mp4\); keep one\.$/m,
      /^seq2_angle3: left out: .*seq2_angle3\.mp4 is empty/m,
      /^seq5: left out: has no video; expected seq5_angle1\.mp4 beside it\.$/m,
      /^seq3_angle3: left out: .* lasts 75 frames, but its sound only 50;/m,
      /^seq3_angle4: left out: .* ends early: \d+ of 100 frames are there/m,
      /^seq3_angle5: left out: .*has no video track/m,
      /many\.h5: 7 clips, \d+ rows to train on, \d+ to test with$/m,
    ]) {
      expect(err).toMatch(line);
    }
    const { info, data } = await contents(at('many.h5'));
    expect(info.clips.map(({ name }) => name)).toEqual([
      ...['seq1_angle1', 'seq2_angle1', 'seq2_angle2', 'seq3_angle1', 'seq3_angle2', 'seq10_angle1', 'seq10_angle2'],
    ]);
    const halves = new Map<string, Set<string>>();
    for (const { recording, split } of info.clips) {
      halves.set(recording, (halves.get(recording) ?? new Set<string>()).add(split));
    }
    expect([...halves.values()].every((splits) => splits.size === 1)).toBe(true);
    expect(new Set(info.clips.map(({ split }) => split)).size).toBe(2);
    for (const split of ['train', 'test']) {
      const rows = info.clips.filter((clip) => clip.split === split).reduce((sum, { frames }) => sum + frames, 0);
      expect(info.shapes[`dataX_${split}`]).toEqual([rows, 16, 16]);
      expect(data[`dataY_${split}`].length).toBe(rows * 18);
    }
  });

  it('says so when nothing can be used, and leaves nothing', async () => {
    mkdirSync(at('nothing'));
    writeFileSync(at('nothing/seq1_angle1.mp4'), 'x');
    writeFileSync(at('nothing/seq1.wav'), 'x');
    await expect(run('build', at('nothing'), '-o', at('nothing.h5'))).rejects.toThrow(
      /was not written: there is no clip/,
    );
    expect(existsSync(at('nothing.h5'))).toBe(false);
    await expect(run('build', at('absent'), '-o', at('a.h5'))).rejects.toThrow(/There is no file .*absent/);
    await expect(run('build', at('many'), '-o', at('a.txt'))).rejects.toThrow(/ends in \.h5/);
    await expect(run('build', at('many'), '-o', at('a.h5'), '--corners', '1,2,3')).rejects.toThrow(/x1,y1/);
  });

  it('straightens the bar field between corners', async () => {
    flash('corners', 'seq1');
    await run('build', at('corners'), '-o', at('corners.h5'), '--size', '32', '--corners', '10,10,54,12,58,40,4,38');
    const { info, data } = await contents(at('corners.h5'));
    expect(info.attributes).toMatchObject({ corners: [10, 10, 54, 12, 58, 40, 4, 38], layout: 'gt18' });
    const half = info.clips[0].split;
    expectAligned(data[`dataX_${half}`] as Uint8Array, data[`dataY_${half}`] as Float32Array);
  });

  describe('killed in the middle', () => {
    beforeAll(() => {
      mkdirSync(at('killed'));
      for (const n of [1, 2, 3]) {
        runFfmpeg(...moving(4, '160x90'), ...h264, at(`killed/seq${n}_angle1.mp4`));
        runFfmpeg('-f', 'lavfi', '-i', 'sine=d=4:r=16000', at(`killed/seq${n}.wav`));
      }
    });

    it('is continued, and ends as if nothing had happened', async () => {
      const args = (name: string): string[] => ['dataset', 'build', at('killed'), '-o', at(name)];
      const whole = start(...args('whole.h5'));
      expect(await once(whole, 'exit')).toEqual([0, null]);

      const broken = start(...args('broken.h5'));
      // The second clip is being written.
      for (let text = ''; !text.includes('seq1_angle1: 100 frames\n');) {
        const [more] = (await once(broken.stderr!, 'data')) as [Buffer];
        text += more.toString();
      }
      broken.kill('SIGKILL');
      await once(broken, 'exit');
      expect(existsSync(at('broken.h5'))).toBe(false);
      expect(readdirSync(at('.broken.h5.parts')).length).toBeGreaterThan(0);

      let said = '';
      const again = start(...args('broken.h5'));
      again.stderr!.on('data', (text: Buffer) => (said += text.toString()));
      expect(await once(again, 'close')).toEqual([0, null]);
      expect(said).toContain('seq1_angle1: 100 frames, done before');
      expect(said).toMatch(/^seq3_angle1: 100 frames$/m);
      expect(existsSync(at('.broken.h5.parts'))).toBe(false);
      expect(await contents(at('broken.h5'))).toEqual(await contents(at('whole.h5')));
    });
  });
});

describe('dataset import and info', () => {
  /** A MATLAB file of version 5 that holds audio_vectors [18 x frames], as 2017 wrote them. */
  function mat(path: string, frames: number): void {
    const name = Buffer.from('audio_vectors\0\0\0');
    const body = Buffer.alloc(16 + 16 + 8 + name.length + 8 + frames * 18 * 8);
    let o = 0;
    const tag = (type: number, bytes: number): void => {
      body.writeUInt32LE(type, o);
      body.writeUInt32LE(bytes, o + 4);
      o += 8;
    };
    tag(6, 8);
    body.writeUInt32LE(6, o);
    o += 8;
    tag(5, 8);
    body.writeInt32LE(18, o);
    body.writeInt32LE(frames, o + 4);
    o += 8;
    tag(1, 13);
    name.copy(body, o);
    o += name.length;
    tag(9, frames * 18 * 8);
    for (let i = 0; i < frames * 18; i++, o += 8) body.writeDoubleLE(i / 64, o);
    const head = Buffer.alloc(136, ' ');
    head.write('MATLAB 5.0 MAT-file');
    head.writeUInt16LE(0x0100, 124);
    head.write('IM', 126);
    head.writeUInt32LE(14, 128);
    head.writeUInt32LE(body.length, 132);
    writeFileSync(path, Buffer.concat([head, body]));
  }

  it('takes vectors without videos', async () => {
    mkdirSync(at('vectors'));
    for (const n of [1, 2]) mat(at(`vectors/seq${n}_audio_vectors.mat`), 30);
    const { code } = await run('import', at('vectors'), '-o', at('vectors.h5'), '--test', 'seq2');
    expect(code).toBeUndefined();
    const { info, data } = await contents(at('vectors.h5'));
    expect(info.shapes).toEqual({ dataY_train: [30, 18], dataY_test: [30, 18] });
    expect(info.attributes.mode).toBe('as imported');
    expect(data.dataY_test).toEqual(Float32Array.from({ length: 540 }, (_, i) => i / 64));
    expect(info.clips.map(({ name, split }) => [name, split])).toEqual([
      ['seq1', 'train'],
      ['seq2', 'test'],
    ]);
  });

  it.skipIf(ffmpeg === undefined)('takes vectors with videos', async () => {
    mkdirSync(at('both'));
    mat(at('both/seq1_audio_vectors.mat'), 48);
    mat(at('both/seq2_audio_vectors.mat'), 48);
    for (const m of [1, 2]) runFfmpeg(...moving(2, '64x48'), ...h264, at(`both/seq1_angle${m}.mp4`));
    const { err, code } = await run('import', at('both'), '-o', at('both.h5'), '--test', '0', '--size', '16');
    expect(code).toBe(1);
    expect(err).toContain('seq2: left out: has no video, while others have.');
    const { info, data } = await contents(at('both.h5'));
    expect(info.shapes).toMatchObject({ dataX_train: [100, 16, 16], dataY_train: [100, 18] });
    // 50 pictures, 48 vectors: the last two rows are silent.
    expect(data.dataY_train[48 * 18 - 1]).toBe((48 * 18 - 1) / 64);
    expect([...data.dataY_train.subarray(48 * 18, 50 * 18)].every((value) => value === 0)).toBe(true);
    expect(data.dataY_train[50 * 18 + 1]).toBe(1 / 64);

    const { out } = await run('info', at('both.h5'), '--picture', at('both.svg'));
    expect(out).toContain('dataX_train: 100 x 16 x 16\n');
    expect(out).toContain('train seq1_angle2: 50 rows from seq1_angle2.mp4 and seq1_audio_vectors.mat');
    expect(readFileSync(at('both.svg'), 'utf8')).toMatch(/^<svg[\s\S]*<\/svg>\s*$/);
    await run('info', at('both.h5'), '--picture', at('both.png'));
    expect(readFileSync(at('both.png')).subarray(1, 4).toString()).toBe('PNG');
  });

  it('info refuses what is no dataset', async () => {
    writeFileSync(at('junk.h5'), 'junk');
    await expect(run('info', at('junk.h5'))).rejects.toThrow(
      /junk\.h5 is not there, is not an HDF5 file, or is damaged/,
    );
    await expect(run('info', at('none.h5'))).rejects.toThrow(/none\.h5 is not there/);
  });
});

describe('recordings', () => {
  it('a sound that is there twice spoils its clips', async () => {
    mkdirSync(at('twice'));
    for (const name of ['a.wav', 'a.flac', 'a_angle1.mp4', 'b.wav', 'b_angle1.mp4', 'notes.txt', '.c.wav']) {
      writeFileSync(at(`twice/${name}`), '');
    }
    const { recordings, problems } = await findRecordings(at('twice'), 'sound');
    expect(recordings.map(({ name }) => name)).toEqual(['b']);
    expect(problems).toEqual([
      { name: 'a', message: 'is there twice (a.flac, a.wav); keep one.' },
      { name: 'a_angle1', message: 'has no sound that is sure.' },
    ]);
  });

  it('tests with whole recordings, the same ones every time', () => {
    const names = Array.from({ length: 10 }, (_, i) => `seq${i}`);
    expect(testRecordings(names, 0.2).size).toBe(2);
    expect(testRecordings([...names].reverse(), 0.2)).toEqual(testRecordings(names, 0.2));
    expect(testRecordings(['a', 'b'], 0.01).size).toBe(1);
    expect(testRecordings(['a', 'b'], 0.99).size).toBe(1);
    expect(testRecordings(names, 0).size).toBe(0);
    expect(testRecordings(names, 1).size).toBe(10);
    expect(testRecordings(['a'], 0.2).size).toBe(0);
  });
});
