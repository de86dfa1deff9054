// The models in this repository: whole, as their cards say, and able to hear something in a clip nobody trained on.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { compileKernels } from '../../../src/kernels/module.js';
import { verifyFile } from '../../../src/model/card.js';
import { pickAll, testFamilies, watchFamily } from '../../../src/training/evaluate.js';
import { matchStrikes } from '../../../src/training/metrics.js';
import { openModelFolder } from '../../../src/training/model-folder.js';
import { onnxRuntime } from '../../../src/model/onnx-runtime.js';

const folders = readdirSync('models', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => join('models', name))
  .filter((folder) => readdirSync(folder).includes('card.json'));

describe.each(folders)('%s', (folder) => {
  const runtime = onnxRuntime(ort);

  it('is what its card says, and was scored on every family', async () => {
    const { card, listener } = await openModelFolder(folder, runtime);
    await listener.session.release();
    expect(folder.endsWith(card.name)).toBe(true);
    for (const file of Object.values(card.files)) {
      await verifyFile(file, new Uint8Array(readFileSync(join(folder, file.path))));
    }
    expect(Object.keys(card.scores.families as object)).toEqual(['V', ...Object.keys(testFamilies)]);
    expect(JSON.stringify(card.scores)).toBe(
      JSON.stringify(JSON.parse(readFileSync(join(folder, 'scores.json'), 'utf8'))),
    );
  });

  it('hears strikes in clips of its own kind of scenes', async () => {
    const { card, listener } = await openModelFolder(folder, runtime);
    const [answers] = await watchFamily(compileKernels(), [listener], {
      family: 'validation',
      first: 1000,
      clips: 6,
      seconds: 3,
      width: 256,
    });
    await listener.session.release();
    const [head] = card.onsets;
    const clips = pickAll(answers, head, head.threshold);
    const matched = clips.reduce((sum, clip) => sum + matchStrikes(clip, 0.05).length, 0);
    const played = clips.reduce((sum, { truth }) => sum + truth.length, 0);
    expect(played).toBeGreaterThan(0);
    // Measured: 20 of 41 by the first bar-lstm; a broken one finds hardly any.
    expect(matched / played).toBeGreaterThan(0.2);
  });
});
