// onnxruntime for Node, asked for only when a command needs it.
import { UnsupportedError } from '../errors.js';
import { onnxRuntime, type Runtime } from '../model/onnx-runtime.js';

/**
 * The CPU runtime, one thread.
 * @throws {UnsupportedError} when the package is not installed.
 */
export async function nodeRuntime(): Promise<Runtime> {
  try {
    return onnxRuntime(await import('onnxruntime-node'));
  } catch (cause) {
    throw new UnsupportedError(
      'Training and evaluation need onnxruntime-node; install it: npm install onnxruntime-node',
      {
        cause,
      },
    );
  }
}
