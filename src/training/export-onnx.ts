// Trained weights and the list of layers to the ONNX model that predicts.
import type { Graph } from './graph.js';
import { storeHalf } from './half.js';
import { type Architecture, buildNetwork, type Form, portName, type Weights } from './network.js';
import { encodeOnnx } from './onnx.js';
import { Tape } from './tape.js';

/**
 * The inference graph with its weights as constants. In 'step' form (batch 1) it takes one frame, `image` [1 x ...], and
 * every state as `state.NAME`, and gives every output [1 x notes] and the states after it as `next.NAME`; with frames,
 * time is the second axis. An architecture with a free axis takes any number of bars.
 * @throws RangeError when a weight is missing or of another size.
 */
export function inferenceGraph(architecture: Architecture, weights: Weights, form: Form): Graph {
  const tape = new Tape();
  const weight = ({ name, shape }: { name: string; shape: readonly number[] }) => {
    const data = weights.get(name);
    if (!data) throw new RangeError(`expected weights for "${name}", got none`);
    return tape.constant(name, shape, data);
  };
  const network = buildNetwork(tape, architecture, { ...form, training: false }, { parameter: weight, buffer: weight });
  for (const [name, value] of network.outputs) {
    tape.output(name, value, architecture.input.freeAxis === undefined ? {} : { [value.shape.length - 1]: 'bars' });
  }
  for (const { name, next, free } of network.states) tape.output(portName.nextState(name), next, free);
  return tape;
}

/** Frames that a block graph takes at once: what is gained by more is little. */
export const blockFrames = 16;

/**
 * The bytes of an .onnx file for `blockFrames` frames at once, of the same layers and without the weights: those come from
 * the file that `exportOnnx` gives, by their names.
 */
export function exportBlock(architecture: Architecture, weights: Weights): Uint8Array {
  const form = { batch: 1, frames: blockFrames };
  const whole = inferenceGraph(architecture, weights, form).model(architecture.name, {});
  return encodeOnnx({ ...whole, constants: whole.constants.filter(({ name }) => !weights.has(name)) });
}

/**
 * The bytes of the .onnx file that `inferenceGraph` describes; `metadata` is stored in it. Long arrays that are exact in half
 * precision, as after `roundToHalf`, are stored in it.
 */
export function exportOnnx(
  architecture: Architecture,
  weights: Weights,
  form: Form = { batch: 1, frames: 'step' },
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return encodeOnnx(storeHalf(inferenceGraph(architecture, weights, form).model(architecture.name, metadata)));
}
