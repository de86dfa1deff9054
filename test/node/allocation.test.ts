// What runs once per frame must leave nothing for the garbage collector: the JS heap does not grow over many calls.
import { describe, expect, it } from 'vitest';
import { loadKernels } from '../../src/kernels/module.js';
import { RealFft } from '../../src/kernels/real-fft.js';
import { BinPlan, SpectrumPlan } from '../../src/kernels/spectrum.js';
import { GT18 } from '../../src/notes.js';

const kernels = await loadKernels();

/** Bytes of JS heap that a call leaves behind, the least of several trials: other work of the process only adds. */
function bytesPerCall(call: () => void): number {
  const calls = 5000;
  const trial = (): number => {
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < calls; i++) call();
    return (process.memoryUsage().heapUsed - before) / calls;
  };
  // Until the engine has compiled the call, its numbers are boxed; on a busy machine that takes a while.
  let least = Infinity;
  for (let i = 0; i < 50 && least >= 1; i++) least = Math.min(least, Math.abs(trial()));
  return least;
}

describe('bytes left behind per call', () => {
  it('are seen where there are some', () => {
    const kept: number[][] = [];
    expect(bytesPerCall(() => (kept[0] = [Math.random()]))).toBeGreaterThan(8);
  });

  const spectrum = new SpectrumPlan(kernels, {
    win: 2400,
    nfft: 48000,
    sampleRate: 48000,
    bands: GT18.map(({ band }) => band),
  });
  const folded = new SpectrumPlan(kernels, { win: 500, nfft: 100, ranges: [{ first: 0, last: 50 }] });
  const bins = new BinPlan(kernels, { win: 500, nfft: 1000, first: 10, last: 20 });
  const fft = new RealFft(kernels, 512);
  const calls = {
    'SpectrumPlan.run': spectrum.run.bind(spectrum),
    'SpectrumPlan.run, folded': folded.run.bind(folded),
    'BinPlan.run': bins.run.bind(bins),
    'RealFft.forward': fft.forward.bind(fft),
    'RealFft.inverse': fft.inverse.bind(fft),
  };
  it.each(Object.entries(calls))('%s: none', (_, call) => {
    expect(bytesPerCall(call)).toBeLessThan(1); // 0.05: the two calls that measure
  });
});
