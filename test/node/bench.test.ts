// The benchmark's own sums: statistics on known numbers, a race with known runners, right answers, tables, the command.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { heapBytesPerCall } from '../../bench/allocation.js';
import { race, type Contender, type Kernel, type Runner } from '../../bench/harness.js';
import type { InferenceReport } from '../../bench/inference.js';
import { faults, kernels } from '../../bench/kernels.js';
import {
  formatSeconds,
  insertBetweenMarkers,
  markdownTable,
  renderReport,
  significant,
  type KernelReport,
} from '../../bench/report.js';
import { median, pairedRatio, relativeError, summarize } from '../../bench/statistics.js';

describe('statistics', () => {
  it('takes the middle, whatever the order', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(() => median([])).toThrow(RangeError);
  });

  it('sums up a sample', () => {
    expect(summarize([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({ median: 4.5, min: 2, max: 9, cv: Math.sqrt(32 / 7) / 5 });
    expect(summarize([3])).toEqual({ median: 3, min: 3, max: 3, cv: 0 });
  });

  it('pairs rounds, so that a slow moment of the machine cancels', () => {
    expect(pairedRatio([2, 20, 4], [1, 10, 2])).toEqual({ median: 2, min: 2, max: 2, cv: 0 });
    expect(() => pairedRatio([1], [1, 2])).toThrow(RangeError);
  });

  it('measures errors against the reference, and forgives nothing odd', () => {
    expect(relativeError([1, -2.5], [1, -2])).toBe(0.25);
    expect(relativeError([1, NaN], [1, 2])).toBe(Infinity);
    expect(relativeError([NaN, 1], [1, 2])).toBe(Infinity);
    expect(relativeError([1], [1, 2])).toBe(Infinity);
  });

  it('sees what a call allocates', () => {
    const kept: unknown[] = [];
    expect(heapBytesPerCall(() => kept.push(new Array(100).fill(0)), 1e-3)).toBeGreaterThan(400);
    let sum = 0;
    expect(heapBytesPerCall(() => (sum += 1), 1e-3)).toBe(0);
  });
});

/** A contender of which every call takes so many seconds by its own clock. */
function pretend(name: string, seconds: number, answer: number[], details: Partial<Contender> = {}): Contender {
  const runner: Runner = { batch: (calls) => calls * seconds, answer: () => answer };
  return { name, kind: 'js', open: () => Promise.resolve(runner), tolerance: 0.01, ...details };
}

const options = { rounds: 4, batchSeconds: 1, turnSeconds: 3, warmSeconds: 2 };

describe('race', () => {
  const kernel: Kernel = {
    name: 'pretence',
    work: 'nothing',
    reference: () => [1, 2],
    rate: { unit: 'things/s', perCall: 10, asked: 10, stretch: 100 },
    contenders: [
      pretend('ours', 0.5, [1, 2], { kind: 'ours' }),
      pretend('ours with a copy', 0.75, [1, 2], { kind: 'ours' }),
      pretend('slow', 2, [1, 2.001], { asked: 5 }),
      pretend('copied', 3, [1, 2], { against: 'ours with a copy', asked: 4 }),
      pretend('another size', 1, [1, 3], { reference: () => [1, 3] }),
      pretend('liar', 0.001, [2, 1]),
      { ...pretend('nobody', 1, []), open: () => Promise.reject(new Error('not installed\nat all')) },
    ],
  };

  it('times who is there and right, and says what became of the others', async () => {
    const { contenders } = await race(kernel, options);
    const [ours, , slow, copied, another, liar, nobody] = contenders;
    expect(ours).toMatchObject({ seconds: { median: 0.5, cv: 0 }, batch: 2, error: 0 });
    expect(ours.ratio).toBeUndefined();
    expect(slow).toMatchObject({ ratio: { median: 4 }, against: 'ours', asked: 5 });
    expect(slow.error).toBeCloseTo(0.0005);
    expect(copied).toMatchObject({ ratio: { median: 4 }, against: 'ours with a copy' });
    expect(another).toMatchObject({ error: 0, departure: 0.5 });
    expect(liar.wrong).toMatch(/error 5\.0e-1, allowed 1\.0e-2/);
    expect(liar.seconds).toBeUndefined();
    expect(nobody).toMatchObject({ absent: 'not installed' });
  });

  it('counts the fastest batch of a turn, so that an interruption does not', async () => {
    let batches = 0;
    const interrupted: Contender = {
      ...pretend('interrupted', 1, [1, 2]),
      open: () => Promise.resolve({ batch: (calls) => calls * (++batches % 3 === 0 ? 7 : 1), answer: () => [1, 2] }),
    };
    const [{ seconds }] = (await race({ ...kernel, contenders: [interrupted] }, options)).contenders;
    expect(seconds).toEqual({ median: 1, min: 1, max: 1, cv: 0 });
  });

  it('runs everybody in every round, each time in another order', async () => {
    const order: string[] = [];
    const logged = (name: string): Contender => ({
      ...pretend(name, 1, [1, 2]),
      open: () =>
        Promise.resolve({
          batch: (calls) => {
            if (order.at(-1) !== name) order.push(name);
            return calls;
          },
          answer: () => [1, 2],
        }),
    });
    await race({ ...kernel, contenders: ['a', 'b', 'c'].map(logged) }, { ...options, rounds: 2 });
    // The warm-ups first, one after the other; then two rounds.
    expect(order.join('')).toBe('abcabcacb');
  });

  it('reports in tables, goals beside what was measured', async () => {
    const seconds = summarize([0.001]);
    const report: KernelReport = {
      format: 'deep-marimba/bench-kernels@1',
      date: '2026-11-22T12:00:00.000Z',
      machine: { cpu: 'A CPU', cores: 2, memoryGiB: 8, os: 'linux', node: '20.0.0', v8: '11', version: '0.1.0' },
      module: { bytes: 12_345, compile: seconds, instantiate: seconds },
      kernels: [await race(kernel, options)],
    };
    const text = renderReport(report);
    expect(text).toContain('Measured 2026-11-22 on A CPU, 2 cores, 8 GiB');
    expect(text).toContain('12,345 bytes');
    expect(text).toContain('ours: 20.0 things/s, asked 10.0 (100): reached.');
    const row = (name: string): string => text.split('\n').find((line) => line.startsWith(`| ${name} `))!;
    expect(row('slow')).toMatch(/4\.00 \(4\.00–4\.00\) +\| 5\.00 \*\*missed\*\*/);
    expect(row('copied')).toMatch(/4\.00 reached/);
    expect(row('another size')).toContain('answer differs by 50 %');
    expect(row('liar')).toContain('**wrong**: error');
    expect(row('nobody')).toContain('absent: not installed');
    expect(text.indexOf('| slow')).toBeGreaterThan(text.indexOf('| another size'));
    expect(faults(report)).toEqual([]);
    const faulty = { ...kernel, contenders: [pretend('ours', 1, [0, 0], { kind: 'ours' })] };
    expect(faults({ ...report, kernels: [await race(faulty, options)] })).toEqual(['pretence: ours']);
  });
});

describe('tables', () => {
  it('pads columns', () => {
    expect(markdownTable(['a', 'b'], [['long', 'x']])).toBe('| a    | b   |\n| ---- | --- |\n| long | x   |');
  });

  it.each([
    [0.000_010_04, '10.0 µs'],
    [0.000_376, '376 µs'],
    [0.4036, '404 ms'],
    [1.5, '1.50 s'],
  ])('writes %d s as %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });

  it('rounds to three digits', () => {
    expect([0, 0.0123, 0.625, 5.5, 55, 1234.5].map(significant)).toEqual([
      '0',
      '0.0123',
      '0.625',
      '5.50',
      '55.0',
      '1,235',
    ]);
  });

  it('goes between its markers, again and again', () => {
    const text = 'before\n<!-- x -->\nold\n<!-- /x -->\nafter\n';
    const once = insertBetweenMarkers(text, 'x', 'new');
    expect(once).toBe('before\n<!-- x -->\n\nnew\n\n<!-- /x -->\nafter\n');
    expect(insertBetweenMarkers(once, 'x', 'new')).toBe(once);
    expect(() => insertBetweenMarkers(text, 'y', 'new')).toThrow(RangeError);
  });

  it('has its place in the README', () => {
    const readme = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8');
    expect(insertBetweenMarkers(readme, 'bench:kernels', 'table')).toContain('<!-- bench:kernels -->\n\ntable\n');
  });
});

describe.each(kernels.map((kernel) => [kernel.name, kernel] as const))('%s', (_, kernel) => {
  const here = kernel.contenders.filter(({ kind }) => kind === 'js' || kind === 'ours');
  const reference = kernel.reference();

  it('has a plain JS contender', () => {
    expect(here.some(({ kind }) => kind === 'js')).toBe(true);
  });

  it.each(here.map((contender) => [contender.name, contender] as const))(
    '%s is right, also the second time',
    async (__, contender) => {
      const runner = await contender.open();
      const expected = contender.reference?.() ?? reference;
      expect(relativeError(await runner.answer(), expected)).toBeLessThanOrEqual(contender.tolerance);
      await runner.batch(1);
      expect(relativeError(await runner.answer(), expected)).toBeLessThanOrEqual(contender.tolerance);
    },
  );
});

describe('deep-marimba bench', () => {
  const root = resolve(import.meta.dirname, '../..');
  const scratch = mkdtempSync(join(tmpdir(), 'deep-marimba-bench-test-'));
  afterAll(() => {
    rmSync(scratch, { recursive: true });
  });
  // Neither packages nor a compiler, so that the test is the same everywhere.
  const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [join(root, 'dist/cli.js'), 'bench', ...args], {
      encoding: 'utf8',
      env: { ...process.env, CC: join(scratch, 'no-such-compiler') },
    });
  const bench = (...args: string[]): ReturnType<typeof run> => run('kernels', '--peers', scratch, ...args);

  it('runs, prints its table and writes its report', () => {
    const file = join(scratch, 'report.json');
    const { status, stdout, stderr } = bench('--only', 'oscillators', '--rounds', '1', '--json', file);
    expect(stderr).toContain('oscillators:');
    expect(status).toBe(0);
    const report = JSON.parse(readFileSync(file, 'utf8')) as KernelReport;
    expect(report.format).toBe('deep-marimba/bench-kernels@1');
    expect(report.machine.node).toBe(process.versions.node);
    expect(report.kernels.map(({ name, rounds }) => [name, rounds])).toEqual([['oscillators', 1]]);
    const [{ contenders }] = report.kernels;
    for (const { kind, seconds, absent } of contenders) {
      if (kind === 'js' || kind === 'ours') expect(seconds!.median).toBeGreaterThan(0);
      else expect(absent).toMatch(kind === 'npm' ? /not installed/ : /no C compiler/);
    }
    expect(stdout.trim()).toBe(renderReport(report));
  });

  it('takes a race that there is not for bad usage', () => {
    const { status, stderr } = bench('--only', 'tuba');
    expect(status).toBe(2);
    expect(stderr).toMatch(/Expected one of gray-rgba, .*got tuba/);
  });

  it('times models and writes the report', () => {
    const file = join(scratch, 'reports/inference.json');
    const { status, stdout } = run('inference', 'bar-lstm', '--hosts', 'node', '--steps', '12', '--json', file);
    expect(status).toBe(0);
    expect(stdout).toMatch(/\| bar-lstm \| Node \S+ \| cpu \| onnxruntime-node \d/);
    const { steps, rows } = JSON.parse(readFileSync(file, 'utf8')) as InferenceReport;
    expect(steps).toBe(12);
    expect(rows.find(({ device }) => device === 'cpu')!.speed!.stepsPerSecond).toBeGreaterThan(1);
    expect(run('inference', '--hosts', 'netscape')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('hosts: expected node, chromium, got netscape.') as string,
    });
  }, 120_000);
});
