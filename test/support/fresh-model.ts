// A small bar-lstm that has learned nothing, as a model folder would hold it; and moving pictures for it to look at.
import { createHash } from 'node:crypto';
import type { ModelCard } from '../../src/model/card.js';
import { barLstm } from '../../src/training/architectures/index.js';
import { exportOnnx } from '../../src/training/export-onnx.js';
import { anatomy, initialWeights } from '../../src/training/network.js';
import type { Calibration, Quad } from '../../src/types.js';

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

const [width, height] = [160, 90];

/** Two rows, of five bars and of three. */
export const calibration: Calibration = {
  format: 'deep-marimba/calibration@1',
  width,
  height,
  bars: [
    ...[60, 62, 64, 65, 67].map((midi, i) => ({ midi, quad: quad(15 + 24 * i, 48), row: 0 })),
    ...[61, 63, 66].map((midi, i) => ({ midi, quad: quad(27 + 24 * i, 14), row: 1 })),
  ],
};

function quad(x: number, y: number): Quad {
  return [
    [x, y],
    [x + 20, y],
    [x + 20, y + 26],
    [x, y + 26],
  ];
}

/** The picture at a time: bars, and two blobs that hop over them; [height x width], 0..255. */
export function picture(time: number): Uint8Array {
  const pixels = new Uint8Array(width * height).fill(60);
  for (const { quad: [[left, top], , [right, bottom]] } of calibration.bars) {
    for (let y = top; y < bottom; y++) pixels.fill(150, y * width + left, y * width + right);
  } // prettier-ignore
  for (const [rate, phase] of [
    [1.7, 0],
    [2.3, 1],
  ]) {
    const beat = rate * time + phase / 2;
    const x = 20 + ((37 * Math.floor(beat) + 50 * phase) % 110);
    const y = 15 + 45 * phase * 0.7 + 25 * Math.abs(Math.cos(Math.PI * beat));
    for (let v = -5; v <= 5; v++) {
      for (let u = -5; u <= 5; u++) pixels[Math.round(y + v) * width + Math.round(x + u)] = 230;
    }
  }
  return pixels;
}
