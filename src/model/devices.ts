// Where a model can run, as a plain list, and the choice among them.
import { ModelError } from '../errors.js';

/** Names of devices: a GPU through CUDA or WebGPU, the processor by native code, by WebAssembly, or by TensorFlow.js. */
export type Device = 'cuda' | 'webgpu' | 'cpu' | 'wasm' | 'tfjs';

/** One way to run a model. */
export interface Provider {
  readonly device: Device;
  /** The package that does it; loaded only when it is this provider's turn. */
  readonly runtime: 'onnxruntime-node' | 'onnxruntime-web' | '@tensorflow/tfjs-backend-wasm';
  /** What the package calls it, and what takes the operators it lacks. */
  readonly executionProviders: readonly string[];
  /** The files of a model that it needs, by what cards call them. */
  readonly files: readonly string[];
}

const onnx = ['onnx'];
const tfjs: Provider = {
  device: 'tfjs',
  runtime: '@tensorflow/tfjs-backend-wasm',
  executionProviders: ['wasm'],
  files: ['tfjs', 'tfjsWeights'],
};

/** What Node can run models on, fastest first. */
export const nodeProviders: readonly Provider[] = [
  { device: 'cuda', runtime: 'onnxruntime-node', executionProviders: ['cuda', 'cpu'], files: onnx },
  { device: 'webgpu', runtime: 'onnxruntime-node', executionProviders: ['webgpu', 'cpu'], files: onnx },
  { device: 'cpu', runtime: 'onnxruntime-node', executionProviders: ['cpu'], files: onnx },
  { device: 'wasm', runtime: 'onnxruntime-web', executionProviders: ['wasm'], files: onnx },
  tfjs,
];

/** What browsers can run models on, fastest first. */
export const webProviders: readonly Provider[] = [
  { device: 'webgpu', runtime: 'onnxruntime-web', executionProviders: ['webgpu'], files: onnx },
  { device: 'wasm', runtime: 'onnxruntime-web', executionProviders: ['wasm'], files: onnx },
  tfjs,
];

/** A device that was passed over. */
export interface Skipped {
  readonly device: Device;
  /** One line, mostly in the runtime's own words. */
  readonly reason: string;
}

/** What an error says, on one line: runtimes complain in paragraphs, with paths of their sources. */
export function oneLine(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim();
  return text.length > 240 ? `${text.slice(0, 239)}…` : text;
}

/**
 * Opens on the first device that works, or on the one that is named and no other.
 * @param open opens and tries; what it throws is the reason for passing over.
 * @param model what messages call the model.
 * @throws {RangeError} for a device that is not in the list.
 * @throws {ModelError} when none works, with every reason; also in `facts.skipped`.
 */
export async function openOnDevice<Opened>(
  providers: readonly Provider[],
  device: Device | 'auto',
  model: string,
  open: (provider: Provider) => Promise<Opened>,
): Promise<{ readonly device: Device; readonly skipped: readonly Skipped[]; readonly opened: Opened }> {
  const named = providers.filter((provider) => device === 'auto' || provider.device === device);
  if (named.length === 0) {
    const names = ['auto', ...new Set(providers.map((provider) => provider.device))].join(', ');
    throw new RangeError(`device: expected ${names}, got ${device}.`);
  }
  const skipped: Skipped[] = [];
  for (const provider of named) {
    try {
      return { device: provider.device, skipped, opened: await open(provider) };
    } catch (error) {
      skipped.push({ device: provider.device, reason: oneLine(error) });
    }
  }
  const reasons = skipped.map(({ device: name, reason }) => `${name}: ${reason}`).join('; ');
  throw new ModelError(
    device === 'auto'
      ? `${model} runs on no device of this machine: ${reasons}`
      : `${model} does not run on ${reasons}`,
    { facts: { skipped } },
  );
}
