// The processor without a browser, in the scope an audio thread would give it: what it allocates, and how it fails.
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { compileKernels } from '../../src/kernels/module.js';
import { GT18 } from '../../src/notes.js';
import type { FromProcessor, MarimbaProcessorOptions, ToProcessor } from '../../src/sound/marimba-messages.js';

interface Processor {
  readonly port: { onmessage: (event: { data: ToProcessor }) => void; readonly sent: FromProcessor[] };
  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

const scope = globalThis as unknown as Record<string, unknown>;
let make: (options: Partial<MarimbaProcessorOptions>) => Processor;

beforeAll(async () => {
  class AudioWorkletProcessor {
    readonly port = {
      sent: [] as FromProcessor[],
      postMessage(message: FromProcessor) {
        this.sent.push(message);
      },
    };
  }
  Object.assign(scope, { AudioWorkletProcessor, sampleRate: 48_000, currentFrame: 0 });
  const { MarimbaProcessor } = await import('../../src/sound/marimba-processor.js');
  const midi = GT18.map((note) => note.midi);
  const fixed = { kernels: compileKernels(), voice: 'modal', midi, a4: 440, live: true } as const;
  make = (options) => {
    scope.currentFrame = 0;
    return new MarimbaProcessor({ processorOptions: { ...fixed, ...options } }) as unknown as Processor;
  };
});

const channel = new Float32Array(128);
const outputs = [[channel]];

function run(processor: Processor, blocks: number): void {
  for (let i = 0; i < blocks; i++) {
    processor.process([], outputs);
    scope.currentFrame = (scope.currentFrame as number) + 128;
  }
}

describe('MarimbaProcessor', () => {
  for (const voice of ['modal', 'additive'] as const) {
    it(`allocates nothing while it plays (${voice})`, () => {
      const processor = make({ voice, live: false });
      const strikes = Float64Array.from({ length: 3 * 9000 }, (_, i) => [Math.floor(i / 3) * 0.01, i % 18, 0.5][i % 3]);
      processor.port.onmessage({ data: { type: 'strikes', strikes } });
      const data = new Float32Array(18 * 4000).fill(0.01);
      if (voice === 'additive') processor.port.onmessage({ data: { type: 'amplitudes', data, time: 0, step: 0.02 } });
      run(processor, 10_000);
      const grown = Array.from({ length: 10 }, () => {
        const before = process.memoryUsage().heapUsed;
        run(processor, 1000);
        return Math.abs(process.memoryUsage().heapUsed - before);
      });
      // Measured 0 when bundled; the test runner's wrapping of modules costs two numbers (32 bytes) per block.
      expect(Math.min(...grown)).toBeLessThan(40_000);
      expect(Math.max(...channel.map(Math.abs))).toBeGreaterThan(0.001);
      expect(processor.port.sent).toEqual([{ type: 'ready' }]);
    });
  }

  it('falls silent and says so once when something fails, and never throws', () => {
    const processor = make({});
    const failing = { length: 128, fill: () => undefined } as unknown as Float32Array;
    Object.defineProperty(failing, '0', {
      set: () => {
        throw new Error('no such sample');
      },
    });
    expect(processor.process([], [[failing]])).toBe(true);
    expect(processor.process([], [[failing]])).toBe(true);
    channel.fill(0);
    run(processor, 3);
    expect(channel.every((x) => x === 0)).toBe(true);
    expect(processor.port.sent).toEqual([{ type: 'ready' }, { type: 'problem', message: 'no such sample' }]);
    expect(make({}).process([], [])).toBe(true);
  });

  it('reports a message it cannot take, and plays on', () => {
    const processor = make({});
    run(processor, 1);
    processor.port.onmessage({ data: { type: 'strikes', strikes: Float64Array.of(0, 99, 1) } });
    processor.port.onmessage({ data: { type: 'strikes', strikes: Float64Array.of(0, 3, 1) } });
    run(processor, 1);
    expect(channel.some((x) => x !== 0)).toBe(true);
    expect(processor.port.sent.filter(({ type }) => type === 'problem')).toHaveLength(1);
  });

  it('counts what the clock skips, and keeps time', () => {
    const processor = make({});
    run(processor, 1);
    // At 0.1 s on the context's clock, of which 40 blocks will be missing.
    processor.port.onmessage({ data: { type: 'strikes', strikes: Float64Array.of(0.2, 3, 1) } });
    scope.currentFrame = 40 * 128;
    let first = -1;
    for (let block = 40; block < 100 && first < 0; block++) {
      run(processor, 1);
      const at = channel.findIndex((x) => x !== 0);
      if (at >= 0) first = block * 128 + at;
    }
    expect(first).toBe(9600);
    processor.port.onmessage({ data: { type: 'status' } });
    expect(processor.port.sent.at(-1)).toMatchObject({ type: 'status', underruns: 1 });
  });

  describe('strikes by the wall clock', () => {
    /** Runs blocks as a device would: four at a time, now and then late; returns the frame of the first sound. */
    function play(processor: Processor, blocks: number, lateness: (k: number) => number): number {
      let first = -1;
      for (let k = 0; k < blocks; k++) {
        const frame = scope.currentFrame as number;
        // Bursts of four blocks leave together, when the last of them is due.
        vi.setSystemTime(Math.ceil(50_000 + (1000 * (frame - (frame % 512) + 384)) / 48_000 + lateness(k)));
        run(processor, 1);
        const at = channel.findIndex((x) => x !== 0);
        if (first < 0 && at >= 0) first = frame + at;
      }
      return first;
    }
    function listening(processor: Processor): (strikes: number[]) => Float64Array {
      const answers: Float64Array[] = [];
      const port: { onmessage?: (event: { data: Float64Array }) => void; postMessage: (answer: Float64Array) => void } = {
        postMessage: (answer) => answers.push(answer),
      };
      processor.port.onmessage({ data: { type: 'receive', port: port as unknown as MessagePort } });
      return (strikes) => {
        port.onmessage!({ data: Float64Array.from(strikes) });
        return answers.pop()!;
      };
    } // prettier-ignore
    beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
    afterEach(() => vi.useRealTimers());

    it('sound when they are due, whatever the blocks do', () => {
      const processor = make({});
      const strike = listening(processor);
      expect(play(processor, 512, (k) => (k % 7 === 0 ? 9 : 0))).toBe(-1);
      const due = 50_000 + (1000 * ((scope.currentFrame as number) + 1000)) / 48_000;
      const from = scope.currentFrame as number;
      expect(strike([70, 0.8, due])[0]).toBeCloseTo(due, 6);
      const first = play(processor, 20, () => 3);
      // Date.now() is whole milliseconds, 48 frames.
      expect(Math.abs(first - (from + 1000))).toBeLessThanOrEqual(48);
    });

    it('sound at once when they are late, or the clock has not been seen', () => {
      const processor = make({});
      const strike = listening(processor);
      expect(strike([70, 0.8, 0])[0]).toBeNaN();
      play(processor, 4, () => 0);
      strike([70, 0.8, 0]);
      const from = scope.currentFrame as number;
      const first = play(processor, 1, () => 0);
      expect(first).toBeGreaterThanOrEqual(from);
      expect(first).toBeLessThan(from + 64);
    });

    it('are forgotten while the context stands still, and right again after', () => {
      const processor = make({});
      const strike = listening(processor);
      play(processor, 64, () => 0);
      vi.setSystemTime(Date.now() + 60_000);
      expect([...strike([70, 0.8, Date.now() + 10, 71, 0.8, 0, 12, 1, 0])]).toEqual([NaN, NaN, NaN]);
      expect(play(processor, 64, () => 60_000)).toBe(-1);
      const from = scope.currentFrame as number;
      const due = 110_000 + (1000 * (from + 2000)) / 48_000;
      expect([...strike([70, 0.8, due, 71, 0.8, due])].map(Number.isNaN)).toEqual([false, true]);
      expect(Math.abs(play(processor, 20, () => 60_000) - (from + 2000))).toBeLessThanOrEqual(48);
    });
  });
});
