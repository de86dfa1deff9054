// A small bar-lstm that has learned nothing, as a model folder would hold it.
import { createHash } from 'node:crypto';
import type { ModelCard } from '../../src/model/card.js';
import { barLstm } from '../../src/training/architectures/index.js';
import { exportOnnx } from '../../src/training/export-onnx.js';
import { anatomy, initialWeights } from '../../src/training/network.js';

/** The bytes of `model.onnx` and its card. */
export function freshModel({
  fps = [25],
  threshold = 0.5,
}: { readonly fps?: readonly number[]; readonly threshold?: number } = {}): {
  readonly card: ModelCard;
  readonly onnx: Uint8Array<ArrayBuffer>;
} {
  const architecture = barLstm({ bars: 5, filters: [4, 6, 8, 8], units: 8 });
  const onnx = new Uint8Array(exportOnnx(architecture, initialWeights(architecture, 7)));
  const { states, outputs } = anatomy(architecture);
  const [channels, height, width] = architecture.input.shape;
  return {
    onnx,
    card: {
      format: 'deep-marimba/model@1',
      name: 'fresh',
      architecture: { name: architecture.name, options: architecture.options },
      files: {
        onnx: { path: 'model.onnx', bytes: onnx.length, sha256: createHash('sha256').update(onnx).digest('hex') },
      },
      input: { name: 'image', shape: [channels, height, width], geometry: 'bars', cellWidth: 12, channels: 'differences' },
      // [1 x bars x units] each.
      states: states.map(({ name, shape: [one, , units] }) => ({ name, shape: [one, 'bars', units] })),
      outputs,
      onsets: [
        { output: 'onset', latency: 2, threshold },
        { output: 'amplitude', latency: 0, threshold },
      ],
      fps,
      training: {},
      scores: {},
    },
  };
} // prettier-ignore
