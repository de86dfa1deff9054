// The search: which trials go on, that it survives kills and crashes, and that it is the same search every time.
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checkSearch,
  defaultSpace,
  type Job,
  nextJob,
  type Outcome,
  readJournal,
  rounds,
  sample,
  search,
  type SearchSettings,
  type TrialResult,
} from '../../../src/training/search.js';
import { curvesFigure, landscapeFigure, parallelFigure, trialsOf } from '../../../src/training/search-figures.js';
import { formatSvg } from '../../../src/figure/svg.js';
import { trainConfig } from '../../../src/training/train-config.js';
import { run, start } from '../../support/command.js';

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'deep-marimba-search-'));
const settings: SearchSettings = {
  base: trainConfig({ steps: 90 }),
  space: { ...defaultSpace, batch: { choice: [4, 8] }, 'lossWeights.offset': { uniform: [0, 2] } },
  trials: 9,
  firstSteps: 10,
  reduction: 3,
  seed: 5,
};

/** As good as the learning rate is near 1e-4; trial 4 crashes. */
async function pretend({ trial, steps, config }: Job): Promise<TrialResult> {
  await new Promise((resolve) => setTimeout(resolve, (trial * 7) % 5));
  if (trial === 4) throw new Error('the loss is not finite');
  const entry = { step: steps, loss: 1, losses: {}, gradientNorm: 1, learningRate: 1, seconds: 1 };
  return { score: -Math.abs(Math.log(config.learningRate / 1e-4)), history: [entry], seconds: 0.1 };
}

describe('trials', () => {
  it('are the same for a seed, and stay within their ranges', () => {
    for (let trial = 0; trial < 50; trial++) {
      const { config, varied } = sample(settings, trial);
      expect(sample(settings, trial).config).toEqual(config);
      expect(config.learningRate >= 1e-6 && config.learningRate <= 1e-2).toBe(true);
      expect(config.weightScale >= 1e-4 && config.weightScale <= 1e-1).toBe(true);
      expect([4, 8]).toContain(config.batch);
      expect(config.lossWeights).toEqual({ ...settings.base.lossWeights, offset: varied['lossWeights.offset'] });
      expect(config.seed).toBe(settings.base.seed);
    }
    const rates = Array.from({ length: 200 }, (_, trial) => Math.log10(sample(settings, trial).config.learningRate));
    // Log-uniform: as many below 1e-4 as above.
    expect(rates.filter((rate) => rate < -4).length / 200).toBeCloseTo(0.5, 1);
  });

  it.each([
    [{ trials: 0 }, /"trials", got 0/],
    [{ reduction: 1 }, /"reduction", got 1/],
    [{ firstSteps: 91 }, /within the 90 steps/],
    [{ space: {} }, /at least one field/],
    [{ space: { learningRate: { log: [0, 1] as const } } }, /for "learningRate", got/],
    [{ space: { batch: { choice: [] } } }, /for "batch"/],
    [{ space: { learningRat: { log: [1, 2] as const } } }, /got "learningRat"/],
    [{ space: { batch: { choice: ['eight'] } } }, /expected a number for "batch"/],
  ])('refuse %o', (wrong, message) => {
    expect(() => {
      checkSearch({ ...settings, ...wrong });
    }).toThrow(message);
  });
});

describe('search', () => {
  it('lets the best third go on, and is not ended by a crash', async () => {
    expect(rounds(settings)).toEqual([10, 30, 90]);
    const journal = join(await folder(), 'trials.jsonl');
    const outcomes = await search({ settings, journal, run: pretend, workers: 1 });
    const inRound = (round: number): Outcome[] => outcomes.filter((one) => one.round === round);
    expect(inRound(0).length).toBe(9);
    expect(inRound(0).find(({ trial }) => trial === 4)).toMatchObject({
      status: 'failed',
      reason: 'the loss is not finite',
    });
    const best = [...inRound(0)].sort((a, b) => (b.score ?? -Infinity) - (a.score ?? -Infinity));
    expect(inRound(1).map(({ trial }) => trial)).toContain(best[0].trial);
    expect(inRound(1).length).toBeGreaterThanOrEqual(2);
    for (const { round, trial } of outcomes) {
      if (round > 0) expect(inRound(round - 1).some((one) => one.trial === trial)).toBe(true);
    }
    expect(nextJob(settings, outcomes, [])).toBe('done');
    expect(await readJournal(journal)).toEqual(outcomes);
    const trials = trialsOf(outcomes);
    expect(trials[0].trial).toBe(best[0].trial);
    for (const figure of [
      landscapeFigure(trials, ['learningRate', 'weightScale']),
      parallelFigure(trials),
      curvesFigure(trials),
    ]) {
      // prettier-ignore
      expect(formatSvg(figure)).not.toMatch(/NaN|Infinity|undefined/);
      expect(figure.shapes.filter(({ kind }) => kind === 'circle' || kind === 'line').length).toBeGreaterThan(2);
    }
  });

  it('goes on from a journal, even a torn one, to the same end', async () => {
    const whole = join(await folder(), 'trials.jsonl');
    const expected = await search({ settings, journal: whole, run: pretend, workers: 1 });
    const text = await readFile(whole, 'utf8');
    const torn = join(await folder(), 'trials.jsonl');
    await writeFile(torn, text.slice(0, Math.floor(text.length * 0.6)));
    const trained: number[] = [];
    const outcomes = await search({
      ...{ settings, journal: torn, workers: 1 },
      run: (job) => {
        trained.push(job.trial);
        return pretend(job);
      },
    });
    expect(outcomes).toEqual(expected);
    expect(trained.length).toBeLessThan(expected.length);
    expect(await readFile(torn, 'utf8')).toBe(text);
    await writeFile(torn, `{"trial":\n${text}`);
    await expect(readJournal(torn)).rejects.toThrow(/damaged in line 1/);
  });

  it('keeps several workers busy, each with another job', async () => {
    let [now, most] = [0, 0];
    const journal = join(await folder(), 'trials.jsonl');
    const outcomes = await search({
      ...{ settings, journal, workers: 3 },
      run: async (job) => {
        most = Math.max(most, ++now);
        return pretend(job).finally(() => now--);
      },
    });
    expect(most).toBe(3);
    expect(new Set(outcomes.map(({ trial, round }) => `${trial}/${round}`)).size).toBe(outcomes.length);
    expect(nextJob(settings, outcomes, [])).toBe('done');
  });
});

describe('deep-marimba search', () => {
  const tiny = {
    architecture: { name: 'bar-lstm', options: { filters: [2, 3, 4, 5], units: 4 } },
    ...{ batch: 2, frames: 10, burnIn: 3, bars: 3, seconds: 1.5, widths: [96], calibrations: 1 },
    ...{ sequences: 4, mixed: 1, warmup: 2 },
  };

  it('survives a trial that crashes, and a kill, to the same end', async () => {
    const path = await folder();
    const [config, space] = ['config.json', 'space.json'].map((name) => join(path, name));
    await writeFile(config, JSON.stringify(tiny));
    // Clips of 0.1 s are shorter than a sequence: such a trial fails.
    await writeFile(
      space,
      JSON.stringify({ learningRate: { log: [1e-4, 1e-2] }, seconds: { choice: [1.5, 1.4, 0.1] } }),
    );
    const args = (output: string): string[] => [
      ...['search', '-o', join(path, output), '--config', config, '--space', space],
      ...['--trials', '3', '--steps', '4', '--first-steps', '2', '--seed', '1'],
    ];
    const summary = async (output: string) =>
      (await readJournal(join(path, output, 'trials.jsonl'))).map(({ trial, round, status, score }) => ({ trial, round, status, score })); // prettier-ignore
    const whole = run(...args('whole'));
    expect(whole.status).toBe(0);
    const expected = await summary('whole');
    expect(expected.filter(({ status }) => status === 'failed').length).toBeGreaterThan(0);
    expect(expected.filter(({ status }) => status === 'done').length).toBeGreaterThan(0);
    expect((await readdir(join(path, 'whole'))).sort()).toEqual(
      ['curves.svg', 'landscape.svg', 'parallel.svg', 'report.md', 'search.json', 'trials', 'trials.jsonl'], // prettier-ignore
    );
    expect(whole.stdout).toContain('| learningRate | seconds |');
    const killed = start(...args('killed'));
    await new Promise<void>((resolve) => {
      killed.stderr!.on('data', () => {
        resolve();
      });
    });
    killed.kill('SIGKILL');
    await once(killed, 'close');
    expect((await summary('killed')).length).toBeLessThan(expected.length);
    expect(run(...args('killed')).status).toBe(0);
    expect(await summary('killed')).toEqual(expected);
    const other = run(...args('killed').map((word) => (word === '4' ? '6' : word)));
    expect(other.status).toBe(1);
    expect(other.stderr).toContain('is of another search');
  }, 180_000);
});
