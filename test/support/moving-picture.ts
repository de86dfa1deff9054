// Moving pictures for models to look at: bars, and blobs that hop over them.
import type { Calibration, Quad } from '../../src/types.js';

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
