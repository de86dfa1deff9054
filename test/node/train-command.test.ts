// `deep-marimba train`, run as its users run it: a short training, one that goes on from it, and what is refused.
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { run } from '../support/command.js';

/** Small in everything. */
const config = {
  architecture: { name: 'bar-lstm', options: { recurrence: 'conv-lstm', filters: [2, 3, 4, 5], units: 4 } },
  ...{ steps: 4, cooldown: 1, batch: 2, frames: 10, burnIn: 3, bars: 3, seconds: 1.5 },
  ...{ widths: [96], calibrations: 1, sequences: 4, mixed: 1, warmup: 1 },
};

const brief = ['--workers', '0', '--validation-clips', '0', '--tuning-clips', '1'];

describe('deep-marimba train', () => {
  let folder: string;
  let path: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'deep-marimba-train-'));
    path = join(folder, 'config.json');
    await writeFile(path, JSON.stringify(config));
  });

  it('goes on from another training, and the card tells both', async () => {
    const first = join(folder, 'first');
    const begun = run('train', '-o', first, '--config', path, '--every', '2', ...brief);
    expect(begun.stderr).toContain('step 4/4');
    expect([begun.status, begun.stdout]).toEqual([0, `${join(first, 'bar-lstm')}\n`]);
    const second = join(folder, 'second');
    const flags = ['--from', first, '--steps', '2', '--family', 'everything', ...brief];
    expect(run('train', '-o', second, '--config', path, ...flags).status).toBe(0);
    const card = JSON.parse(await readFile(join(second, 'bar-lstm', 'card.json'), 'utf8')) as {
      training: { stages: { steps: number; config: { family: string; steps: number } }[] };
    };
    expect(card.training.stages.map(({ steps, config: { family } }) => [steps, family])).toEqual([
      [4, 'train'],
      [2, 'everything'],
    ]);

    const both = join(folder, 'both');
    const mean = run('train', '-o', both, '--config', path, '--from', first, second, '--steps', '2', ...brief);
    expect(mean.status, mean.stderr).toBe(0);
    const { training } = JSON.parse(await readFile(join(both, 'bar-lstm', 'card.json'), 'utf8')) as {
      training: { stages: [{ steps: number }, { meanOf: { steps: number }[][] }, { steps: number }] };
    };
    expect(training.stages[0].steps).toBe(4);
    expect(training.stages[1].meanOf.map((stages) => stages.map(({ steps }) => steps))).toEqual([[], [2]]);
    expect(training.stages[2].steps).toBe(2);
    const unlike = run(
      'train',
      '-o',
      join(folder, 'unlike'),
      '--config',
      path,
      '--from',
      first,
      'models/bar-lstm',
      ...brief,
    );
    expect([unlike.status, unlike.stderr]).toEqual([
      1,
      `deep-marimba: models/bar-lstm is another network than ${first}; only networks alike have a mean.\n`,
    ]);
  });

  it.each([
    ['[]', ': expected the fields of a training, {"steps": ...}, got [].'],
    ['{"stepps": 3}', 'got "stepps".'],
    ['{"architecture": {"name": "bar-lstm", "options": {"layers": 3}}}', 'got "layers".'],
    ['{"steps": ', 'cannot be read as JSON'],
  ])('names the file and what is wrong in it: %s', async (text, sentence) => {
    const bad = join(folder, 'bad.json');
    await writeFile(bad, text);
    const { status, stdout, stderr } = run('train', '-o', join(folder, 'none'), '--config', bad, ...brief);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(sentence);
    expect(stderr.startsWith(`deep-marimba: ${bad}`)).toBe(true);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    [['--config', 'nowhere.json'], 'nowhere.json does not exist'],
    [['--from', 'nowhere'], 'expected a model folder, the folder of a training, or a .safetensors file'],
    [['--steps', '1'], 'Expected a whole number from 2'],
  ])('says what is wrong with %j', (flags, sentence) => {
    const { status, stderr } = run('train', '-o', join(folder, 'none'), ...flags);
    expect(status).not.toBe(0);
    expect(stderr).toContain(sentence);
  });
});
