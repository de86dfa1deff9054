// The training step as a whole: the optimiser against PyTorch, what is frozen, and the form that WebGPU can run.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { optimizerScalars } from '../../../src/training/optimizer.js';
import { decodeSafeTensors } from '../../../src/training/safetensors.js';
import type { Tensor } from '../../../src/model/onnx-runtime.js';
import { buildTrainingStep, unpack } from '../../../src/training/training-step.js';
import { architectureOf, cases, feedsOf, relativeError, runtime, stepOf } from './case.js';

const { tensors } = decodeSafeTensors(
  readFileSync(new URL('../../golden/training/gradients.safetensors', import.meta.url)),
);
const caseNamed = (name: string) => cases.find((one) => one.name === name)!;
const adamW = caseNamed('four losses together, AdamW');

describe('optimiser', () => {
  it('walks as torch.optim.AdamW does after clip_grad_norm_, no decay on vectors', async () => {
    const step = stepOf(adamW);
    const session = await runtime(step.tape.encode('step'));
    const feeds = feedsOf(adamW, step);
    const scalar = (value: number): Tensor => ({ data: Float32Array.of(value), shape: [] });
    for (let k = 1; k <= 3; k++) {
      for (const [name, value] of Object.entries({ ...optimizerScalars({}, k, 0.01) })) feeds[name] = scalar(value);
      const results = await session.run(feeds);
      expect(results['gradient.norm'].data[0], 'clipping at 0.5 clips').toBeGreaterThan(0.5);
      for (const name of ['parameters', 'm', 'v']) feeds[name] = results[`next.${name}`]!;
    }
    await session.release();
    for (const [name, value] of unpack(step.trained, feeds.parameters.data as Float32Array)) {
      const golden = tensors.get(`${adamW.name}/after3/${name}`)!.data;
      expect(relativeError(value, golden), name).toBeLessThan(4e-7); // measured: 9.0e-8
    }
  });

  it('averages weights at the given rate', async () => {
    const { batch, frames, losses } = adamW;
    const step = buildTrainingStep({ architecture: architectureOf(adamW), batch, frames, losses, average: true });
    const session = await runtime(step.tape.encode('step'));
    const feeds = { ...feedsOf(adamW, step), averageRate: { data: Float32Array.of(0.25), shape: [] } };
    const results = await session.run(feeds, ['next.parameters', 'next.average']);
    await session.release();
    const expected = results['next.parameters'].data.map((x) => x / 4);
    expect(relativeError(results['next.average'].data, expected)).toBeLessThan(1e-7);
  });
});

describe('frozen parameters', () => {
  const one = caseNamed('fc-lstm');
  const options = { architecture: architectureOf(one), batch: one.batch, frames: one.frames, losses: one.losses };

  it('leave the gradients of the others as they are, and cost none of their own', async () => {
    const whole = stepOf(one);
    const part = buildTrainingStep({ ...options, frozen: (name) => name.startsWith('lstm') });
    expect(part.trained.entries.map(({ name }) => name)).toEqual(['heads1.weight', 'heads1.bias']);
    expect(part.tape.model('part').nodes.length).toBeLessThan(0.7 * whole.tape.model('whole').nodes.length);
    const gradients = await Promise.all(
      [whole, part].map(async (step) => {
        const session = await runtime(step.tape.encode('step'));
        const { gradient } = await session.run(feedsOf(one, step), ['gradient']);
        await session.release();
        return new Map(unpack(step.trained, gradient.data as Float32Array));
      }),
    );
    for (const [name, gradient] of gradients[1]) expect(gradient).toEqual(gradients[0].get(name));
  });

  it('cannot be all', () => {
    expect(() => buildTrainingStep({ ...options, frozen: () => true })).toThrow(
      'expected a parameter that is not frozen',
    );
  });
});

describe('bad input', () => {
  it('names the outputs when a loss asks for another', () => {
    const one = caseNamed('dense');
    const losses = [{ output: 'pitch', kind: 'mse' as const }];
    expect(() => buildTrainingStep({ architecture: architectureOf(one), batch: 1, frames: 1, losses })).toThrow(
      'expected a loss on onset, got "pitch"',
    );
  });
});

describe('WebGPU', () => {
  it.each(cases)('no operator of "$name" touches more than 12 tensors', (one) => {
    const { nodes } = stepOf({ ...one, frames: 40 }).tape.model(one.name);
    for (const { type, inputs, outputs } of nodes) expect(inputs.length + outputs.length, type).toBeLessThanOrEqual(12);
  });
});
