// The audio thread must not wait for a garbage collector: the banks allocate nothing once they are made.
import { describe, expect, it } from 'vitest';
import { ModalBank } from '../../src/kernels/modal-bank.js';
import { compileKernels } from '../../src/kernels/module.js';
import { OscillatorBank } from '../../src/kernels/oscillator-bank.js';
import { GT18 } from '../../src/notes.js';
import { ExemplarVoice } from '../../src/sound/exemplar-voice.js';

const kernels = compileKernels();

/** Bytes the JavaScript heap grows by in the best of ten rounds of a thousand calls; collections make it negative. */
function growth(call: () => void): number {
  for (let i = 0; i < 20_000; i++) call();
  let least = Infinity;
  for (let round = 0; round < 10; round++) {
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 1000; i++) call();
    const grown = process.memoryUsage().heapUsed - before;
    if (grown >= 0) least = Math.min(least, grown);
  }
  return least;
}

// memoryUsage itself leaves a few hundred bytes; a single object per call would be 16,000 or more.
const allowed = 4000;

describe('allocation', () => {
  it('is seen by this measurement', () => {
    const kept: object[] = [];
    let i = 0;
    expect(growth(() => (kept[i++ & 255] = { i }))).toBeGreaterThan(allowed);
  });

  it('does not happen in OscillatorBank.run', () => {
    const bank = new OscillatorBank(kernels, { sampleRate: 48_000, fps: 25, hz: GT18.map((n) => n.hz), rows: 2 });
    bank.amplitudes.fill(0.01);
    let i = 0;
    expect(
      growth(() => {
        bank.run(i++ & 1 ? 128 : 100);
      }),
    ).toBeLessThan(allowed);
  });

  it('does not happen in ModalBank.strike and run', () => {
    const bars = GT18.map(({ hz }) => ({ modes: [{ hz, tau: 0.1, gain: 0.1 }], click: 0.01 }));
    const bank = new ModalBank(kernels, { sampleRate: 48_000, bars });
    let i = 0;
    expect(
      growth(() => {
        bank.strike(i++ % 18, 0.5, bank.position + (i % 300));
        bank.run(i & 1 ? 128 : 100);
      }),
    ).toBeLessThan(allowed);
  });

  it('does not happen in ExemplarVoice.strike and run', () => {
    const exemplars = GT18.map(({ midi }) => ({
      midi,
      gain: 1,
      onset: 0.001,
      samples: new Float32Array(60).fill(0.1),
    }));
    const bank = { sampleRate: 48_000, title: '', credit: '', license: '', exemplars };
    const voice = new ExemplarVoice(kernels, { bank, midi: GT18.map(({ midi }) => midi), sampleRate: 48_000 });
    let i = 0;
    expect(
      growth(() => {
        voice.strike(i++ % 18, 0.5, voice.position + (i % 300) + 0.25);
        voice.run(i & 1 ? 128 : 100);
      }),
    ).toBeLessThan(allowed);
  });
});
