// The two banks on the audio thread, for the test that compares them with the page.
import { ModalBank, type ModalBankOptions } from '../../src/kernels/modal-bank.js';
import type { Kernels } from '../../src/kernels/module.js';
import { OscillatorBank, type OscillatorBankOptions } from '../../src/kernels/oscillator-bank.js';

/** What the page hands over. */
export interface BankProcessorOptions {
  readonly kernels: Kernels;
  readonly sines: OscillatorBankOptions;
  readonly amplitudes: readonly number[];
  readonly bars: ModalBankOptions;
  readonly strikes: readonly (readonly [at: number, bar: number, velocity: number])[];
}

declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: unknown): void;

class BankProcessor extends AudioWorkletProcessor {
  readonly #sines: OscillatorBank;
  readonly #bars: ModalBank;

  constructor(options: { processorOptions: BankProcessorOptions }) {
    super();
    const { kernels, sines, amplitudes, bars, strikes } = options.processorOptions;
    this.#sines = new OscillatorBank(kernels, sines);
    this.#sines.amplitudes.set(amplitudes);
    this.#bars = new ModalBank(kernels, bars);
    for (const [at, bar, velocity] of strikes) this.#bars.strike(bar, velocity, at);
  }

  process(_inputs: Float32Array[][], [[left, right]]: Float32Array[][]): boolean {
    this.#sines.run(left.length);
    left.set(this.#sines.output.subarray(0, left.length));
    this.#bars.run(right.length);
    right.set(this.#bars.output.subarray(0, right.length));
    return true;
  }
}

registerProcessor('bank-test', BankProcessor);
