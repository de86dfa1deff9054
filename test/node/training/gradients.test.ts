// Gradients of every layer, loss and architecture: against PyTorch in float64, and against finite differences.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Precision, sizeOf } from '../../../src/training/graph.js';
import { describeLayer } from '../../../src/training/layers/index.js';
import type { Tensor } from '../../../src/model/onnx-runtime.js';
import { decodeSafeTensors } from '../../../src/training/safetensors.js';
import type { ConvolutionForm } from '../../../src/training/tape.js';
import { unpack } from '../../../src/training/training-step.js';
import { noise } from '../../support/noise.js';
import { architectureOf, type Case, cases, feedsOf, relativeError, runtime, stepOf } from './case.js';

const { tensors } = decodeSafeTensors(
  readFileSync(new URL('../../golden/training/gradients.safetensors', import.meta.url)),
);

function golden(name: string): Float32Array | Uint32Array {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`no golden array "${name}"`);
  return tensor.data;
}

const convolves = ({ layers }: Case): boolean => JSON.stringify(layers).includes('"conv');
const forms = ['fastest', 'operators', 'products'] as const;

describe.each(cases)('$name', (one) => {
  it.each(convolves(one) ? forms : forms.slice(0, 1))('has the loss and gradients of PyTorch, %s', async (form) => {
    const step = stepOf(one, 'float32', form);
    const session = await runtime(step.tape.encode(one.name));
    const buffered = step.buffers.length > 0 ? ['next.buffers'] : [];
    const results = await session.run(feedsOf(one, step), ['loss', 'gradient', ...buffered]);
    await session.release();
    const floats = (name: string) => results[name].data as Float32Array;
    const arrays = [
      ...unpack(step.trained, floats('gradient')),
      ...buffered.flatMap((name) => unpack(step.buffers, floats(name))),
    ];
    expect(relativeError(floats('loss'), golden(`${one.name}/loss`))).toBeLessThan(7e-7); // measured: 1.7e-7
    for (const [name, array] of arrays) {
      const reference = golden(`${one.name}/${name}`);
      expect(Math.hypot(...reference), `${name}: a gradient that says something`).toBeGreaterThan(1e-6);
      expect(relativeError(array, reference), name).toBeLessThan(5e-6); // measured: 1.2e-6
    }
  });
});

describe.each(cases.filter(({ architecture }) => architecture))('architecture $name', (one) => {
  it('is the list of layers that PyTorch ran', () => {
    expect(architectureOf(one).layers.map(describeLayer)).toEqual(one.layers);
  });
});

/**
 * Slope of the loss along the gradient and a random direction, half and half: by the tape, and by central differences.
 * The gradient's share keeps the slope above float32 rounding; the random share sees components that should be zero.
 */
async function slopes(
  one: Case,
  precision: Precision,
  distance: number,
  form: ConvolutionForm,
): Promise<[number, number]> {
  const step = stepOf(one, precision, form);
  const session = await runtime(step.tape.encode(one.name));
  const feeds = feedsOf(one, step);
  const point = feeds.parameters;
  const gradient = (await session.run(feeds, ['gradient'])).gradient.data;
  const random = noise('direction', sizeOf(point.shape));
  const [steep, wide] = [Math.hypot(...gradient), Math.hypot(...random)];
  const direction = Float64Array.from(random, (x, k) => x / wide + gradient[k] / steep);
  const lossAt = async (by: number): Promise<number> => {
    const parameters: Tensor = { data: point.data.map((x, k) => x + by * direction[k]), shape: point.shape };
    return (await session.run({ ...feeds, parameters }, ['loss'])).loss.data[0];
  };
  const tape = direction.reduce((total, d, k) => total + d * gradient[k], 0);
  const measured = ((await lossAt(distance)) - (await lossAt(-distance))) / (2 * distance);
  await session.release();
  return [tape, measured];
}

// onnxruntime's CPU has every operator in float64 but convolution, which float32 rounding blurs; as products it has it.
const grouped = ({ layers }: Case): boolean => JSON.stringify(layers).includes('"groups"');

describe('finite differences', () => {
  it.each(cases.filter((one) => !grouped(one)))('float64: $name', async (one) => {
    const [tape, measured] = await slopes(one, 'float64', 1e-5, 'products');
    expect(Math.abs(tape - measured) / Math.abs(measured)).toBeLessThan(3.3e-9); // measured: 8.2e-10
  });

  it.each(cases.filter((one) => convolves(one) && !one.architecture))('float32: $name', async (one) => {
    const [tape, measured] = await slopes(one, 'float32', 1e-2, 'operators');
    expect(Math.abs(tape - measured) / Math.abs(measured)).toBeLessThan(4e-3); // measured: 9e-4
  });
});
