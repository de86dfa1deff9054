// On the audio thread: hands what passes through to the page, in portions.

interface Host {
  readonly registerProcessor: (name: string, processor: unknown) => void;
  readonly AudioWorkletProcessor: new () => { readonly port: MessagePort };
}
const { registerProcessor, AudioWorkletProcessor } = globalThis as unknown as Host;

const portion = 4096;

registerProcessor(
  'deep-marimba-tape',
  class extends AudioWorkletProcessor {
    #samples = new Float32Array(portion);
    #filled = 0;

    process([[channel]]: readonly (readonly Float32Array[])[]): boolean {
      const block = channel as Float32Array | undefined;
      if (block) this.#samples.set(block, this.#filled);
      else this.#samples.fill(0, this.#filled, this.#filled + 128);
      this.#filled += 128;
      if (this.#filled === portion) {
        this.port.postMessage(this.#samples, [this.#samples.buffer]);
        this.#samples = new Float32Array(portion);
        this.#filled = 0;
      }
      return true;
    }
  },
);
