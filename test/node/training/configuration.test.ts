// What comes from configuration files and checkpoints: understood, or refused in one clear sentence.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { architectureNames, makeArchitecture } from '../../../src/training/architectures/index.js';
import { convolve } from '../../../src/training/convolution.js';
import { describeLayer, parseLayer } from '../../../src/training/layers/index.js';
import { anatomy, initialWeights } from '../../../src/training/network.js';
import { Random } from '../../../src/training/random.js';
import { decodeSafeTensors, encodeSafeTensors } from '../../../src/training/safetensors.js';
import { cosineSchedule, flatSchedule } from '../../../src/training/schedule.js';
import { Tape } from '../../../src/training/tape.js';

describe('layers', () => {
  it('are the same after a trip through JSON', () => {
    for (const name of architectureNames) {
      const layers = makeArchitecture(name).layers.map(describeLayer);
      expect((JSON.parse(JSON.stringify(layers)) as typeof layers).map(parseLayer).map(describeLayer)).toEqual(layers);
    }
  });

  it.each([
    [{ layer: 'pooling' }, /^expected a layer \(batchNorm, channels, conv, .*\), got "pooling"$/],
    [{ layer: 'toString' }, /^expected a layer \(.*\), got "toString"$/],
    [{ layer: 'dense' }, 'expected the option "units" of layer "dense", got none'],
    [
      { layer: 'dense', units: 3, activation: 'relu' },
      'expected options of layer "dense" (units, bias), got "activation"',
    ],
    [{ layer: 'skip', layers: [{ layer: 'maxout' }] }, /got "maxout"$/],
  ])('refuse %o', (description, message) => {
    expect(() => parseLayer(description)).toThrow(message);
  });

  it('say so when they do not fit together', () => {
    const tape = new Tape();
    const image = tape.input('image', [1, 3, 8, 8]);
    const still = { strides: [1, 1], dilations: [1, 1], before: [0, 0], after: [0, 0], groups: 1 };
    expect(() => convolve(tape, image, tape.input('a', [4, 2, 3, 3]), still)).toThrow(
      'expected 2 channels and filters in 1 groups, got 3 and 4',
    );
    expect(() => convolve(tape, image, tape.input('b', [4, 3, 9, 3]), still)).toThrow(
      'expected an input that holds a kernel of 9x3, got 8x8',
    );
    expect(() => tape.input('image', [1])).toThrow('expected a name that is not taken, got "image"');
  });
});

describe('architectures', () => {
  it.each([
    ['resnet', {}, 'expected an architecture (bar-lstm, cnn-lstm, conv-lstm, fc-lstm), got "resnet"'],
    ['bar-lstm', { bras: 5 }, /^expected options of bar-lstm \(bars, .*\), got "bras"$/],
    ['bar-lstm', { bars: '5' }, 'expected a number for "bars" of bar-lstm, got "5"'],
    ['cnn-lstm', { units: 256 }, 'expected a list like [256,256] for "units" of cnn-lstm, got 256'],
    ['bar-lstm', { recurrence: 'gru' }, 'expected "recurrence" of bar-lstm to be one of lstm, conv-lstm, got "gru"'],
    ['bar-lstm', { filters: [1, 2] }, 'expected four numbers of filters, got 2'],
    ['bar-lstm', { filters: [1, 2, 'a', 4] }, 'expected a list like [16,32,48,64] for "filters" of bar-lstm'],
    ['bar-lstm', { units: 1.5 }, 'expected whole numbers from 1 for "units" of bar-lstm, got 1.5'],
    ['cnn-lstm', { convolutions: [[8, 3]] }, /^expected a list like \[\[32,16,8\].* for "convolutions" of cnn-lstm/],
    ['cnn-lstm', { dense: [0] }, 'expected whole numbers from 1 for "dense" of cnn-lstm, got [0]'],
    ['conv-lstm', { normalization: 'group' }, 'to be one of batch, layer, none, got "group"'],
    ['fc-lstm', { units: [2.5] }, 'expected whole numbers from 1 for "units" of fc-lstm, got [2.5]'],
    ['bar-lstm', { height: 50 }, 'expected a height of 48, 64, 80, ..., got 50'],
  ])('%s refuses %o', (name, options, message) => {
    expect(() => makeArchitecture(name, options)).toThrow(message);
  });

  it.each(architectureNames)('%s answers what the model contract asks for', (name) => {
    expect(anatomy(makeArchitecture(name)).outputs).toEqual(['onset', 'offset', 'velocity', 'amplitude']);
  });

  it('start from weights that depend on the seed and on nothing else', () => {
    const [small, large] = [{ bars: 3 }, { bars: 9, units: 8 }].map((options) => makeArchitecture('bar-lstm', options));
    expect(initialWeights(small, 1)).toEqual(initialWeights(small, 1));
    expect(initialWeights(small, 2).get('conv1.weight')).not.toEqual(initialWeights(small, 1).get('conv1.weight'));
    expect(initialWeights(large, 1).get('conv1.weight')).toEqual(initialWeights(small, 1).get('conv1.weight'));
  });

  it('start from one spread of weights where that is asked for', () => {
    const weights = initialWeights(makeArchitecture('cnn-lstm'), 3, 0.01).get('dense1.weight')!;
    const deviation = Math.sqrt(weights.reduce((total, w) => total + w * w, 0) / weights.length);
    expect(deviation).toBeCloseTo(0.01, 4);
    expect(initialWeights(makeArchitecture('cnn-lstm'), 3, 0.01).get('lstm1.bias')!.slice(256, 258)).toEqual(
      Float32Array.of(1, 1),
    );
  });
});

describe('random numbers', () => {
  it('are those of xoshiro128**', () => {
    const random = new Random(0);
    random.state = [1, 2, 3, 4];
    // First words of the authors' xoshiro128starstar.c from this state.
    expect([random.word(), random.word(), random.word(), random.word(), random.word()]).toEqual([
      11520, 0, 5927040, 70819200, 2031721883,
    ]);
  });

  it('go on from a saved state, and are unrelated between names', () => {
    const random = new Random(5, 'dropout');
    const { state } = random;
    const first = [random.word(), random.uniform(), random.normal()];
    random.state = state;
    expect([random.word(), random.uniform(), random.normal()]).toEqual(first);
    expect(new Random(5, 'weights').word()).not.toBe(new Random(5, 'dropout').word());
  });

  it('are normal where they should be', () => {
    const random = new Random(1);
    const draws = Array.from({ length: 20_000 }, () => random.normal());
    const mean = draws.reduce((a, b) => a + b) / draws.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(draws.reduce((total, x) => total + x * x, 0) / draws.length).toBeCloseTo(1, 1);
  });
});

describe('learning rate', () => {
  it('rises, falls like a cosine, and stays', () => {
    const rate = cosineSchedule({ peak: 2, total: 110, warmup: 10, floor: 0.2 });
    expect([1, 5, 10].map(rate)).toEqual([0.2, 1, 2]);
    expect(rate(60)).toBeCloseTo(1.1, 12);
    expect([110, 500].map(rate)).toEqual([0.2, 0.2]);
    expect(cosineSchedule({ peak: 1, total: 10 })(0)).toBe(1);
  });

  it('stays flat, whatever the number of steps, until it falls', () => {
    const rate = flatSchedule({ peak: 2, total: 100, warmup: 10, cooldown: 20, floor: 0.2 });
    expect([5, 10, 50, 80].map(rate)).toEqual([1, 2, 2, 2]);
    expect(rate(90)).toBeCloseTo(1.1, 12);
    expect([100, 500].map(rate)).toEqual([0.2, 0.2]);
    const longer = flatSchedule({ peak: 2, total: 200, warmup: 10, cooldown: 20, floor: 0.2 });
    for (let step = 1; step <= 80; step++) expect(longer(step)).toBe(rate(step));
  });

  it('refuses steps and rates out of order', () => {
    expect(() => flatSchedule({ peak: 1, total: 5, warmup: 3, cooldown: 3 })).toThrow(
      'expected warmup + cooldown within',
    );
    expect(() => cosineSchedule({ peak: 1, total: 5, warmup: 5 })).toThrow('expected 0 <= warmup < total, got 5 and 5');
    expect(() => cosineSchedule({ peak: 1, total: 5, floor: 2 })).toThrow('expected 0 <= floor <= peak, got 2 and 1');
  });
});

describe('safetensors', () => {
  const file = encodeSafeTensors({
    tensors: new Map([
      ['a', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, NaN) }],
      ['words', { shape: [2], data: Uint32Array.of(7, 2 ** 32 - 1) }],
      ['none', { shape: [0], data: new Float32Array(0) }],
    ]),
    metadata: { name: 'marimba ♪' },
  });

  it('come back as they went, from any place in memory', () => {
    const shifted = new Uint8Array(file.length + 3).subarray(3);
    shifted.set(file);
    const { tensors, metadata } = decodeSafeTensors(shifted);
    expect(metadata).toEqual({ name: 'marimba ♪' });
    expect(tensors.get('a')).toEqual({ shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, NaN) });
    expect(tensors.get('words')!.data).toEqual(Uint32Array.of(7, 2 ** 32 - 1));
    expect(tensors.get('none')!.data).toHaveLength(0);
  });

  it('are refused with a RangeError when they are damaged, and never half read', () => {
    fc.assert(
      fc.property(
        fc.nat(file.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.nat(file.length),
        (at, value, length) => {
          const damaged = file.slice(0, length);
          if (at < length) damaged[at] = value;
          try {
            decodeSafeTensors(damaged);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        },
      ),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeSafeTensors(bytes)).toThrow(RangeError);
      }),
    );
  });
});
