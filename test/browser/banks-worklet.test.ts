// Both banks inside a real AudioWorklet: what the audio thread renders is what the page renders, and what numpy says.
import { expect, it } from 'vitest';
import { ModalBank } from '../../src/kernels/modal-bank.js';
import { loadKernels } from '../../src/kernels/module.js';
import { OscillatorBank } from '../../src/kernels/oscillator-bank.js';
import type { BankProcessorOptions } from '../support/bank-processor.js';
import { errorDb, golden, unpack } from '../support/banks.js';
import processorUrl from '../support/bank-processor.ts?worker&url';

it('renders the same on the audio thread', async () => {
  const kernels = await loadKernels();
  const { sampleRate, hz, partials, delay, amplitudes } = golden.bank;
  const fps = { num: golden.bank.fps[0], den: golden.bank.fps[1] };
  const sines = { sampleRate, hz, partials, delay, fps, rows: amplitudes.length };
  const { bars, seed, clickTau, strikes } = golden.bars;
  const length = 6000;

  const context = new OfflineAudioContext({ numberOfChannels: 2, length, sampleRate });
  await context.audioWorklet.addModule(processorUrl);
  const processorOptions: BankProcessorOptions = {
    kernels,
    sines,
    amplitudes: amplitudes.flat(),
    bars: { sampleRate, bars, seed, clickTau },
    strikes,
  };
  const node = new AudioWorkletNode(context, 'bank-test', { outputChannelCount: [2], processorOptions });
  node.connect(context.destination);
  const rendered = await context.startRendering();

  const sineBank = new OscillatorBank(kernels, { ...sines, samples: length });
  sineBank.amplitudes.set(amplitudes.flat());
  sineBank.run();
  expect(rendered.getChannelData(0)).toEqual(sineBank.output);
  expect(errorDb(rendered.getChannelData(0), unpack(golden.bank.samples))).toBeLessThan(-106); // measured -118

  const barBank = new ModalBank(kernels, { sampleRate, bars, seed, clickTau, samples: length });
  for (const [at, bar, velocity] of strikes) barBank.strike(bar, velocity, at);
  barBank.run();
  expect(rendered.getChannelData(1)).toEqual(barBank.output);
  expect(errorDb(rendered.getChannelData(1), unpack(golden.bars.samples))).toBeLessThan(-109); // measured -121
});
