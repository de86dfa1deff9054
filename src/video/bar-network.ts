// The network that paints bars: convolutions in plain loops, so that looking for bars needs no runtime.
import { barWeights } from './generated/bar-weights.js';

/** Pixels that the longer side of a picture has for the network; both sides are multiples of `stride`. */
export const seen = { longest: 640, stride: 32 } as const;

/** Maps of one size: [channels x height x width]. */
interface Maps {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

/** A convolution: [filters x channels x size x size], and what is added to each filter's sum. */
interface Kernel {
  readonly filters: number;
  readonly size: number;
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

/** What the network says, logits at half the resolution of what it sees. */
export interface PaintedBars {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** The middle half of every bar's width, nearly from end to end. */
  readonly core: Float32Array;
  /** The same of bars that stand in the far row of two. */
  readonly back: Float32Array;
  /** Whole bars. */
  readonly inside: Float32Array;
}

/** Runs the network on [height x width] values of mean 0 and deviation 1, 0 where there is no picture. */
export function runNetwork(image: Float32Array, width: number, height: number): PaintedBars {
  const kernels = (decoded ??= decode());
  let at = 0;
  const next = (x: Maps, stride = 1, relu = true): Maps => convolve(x, kernels[at++], stride, relu);
  const both = (a: Maps, b: Maps): Maps => {
    const data = new Float32Array(a.data.length + b.data.length);
    data.set(a.data);
    data.set(b.data, a.data.length);
    return { ...a, channels: a.channels + b.channels, data };
  };
  const down = (x: Maps, stride: number): Maps => next(next(x, stride));
  const up = (x: Maps): Maps => spread(next(x, 1, false));
  const a = next({ channels: 1, height, width, data: image }, 4);
  const b = down(a, 2);
  const c = down(b, 2);
  const d = next(down(c, 2));
  const c2 = next(both(c, up(d)));
  const b2 = next(both(b, up(c2)));
  const a2 = next(next(both(a, up(b2))));
  const { data } = up(a2);
  const size = (width * height) / 4;
  const [core, back, inside] = [0, 1, 2].map((k) => data.subarray(k * size, (k + 1) * size));
  return { width: width / 2, height: height / 2, core, back, inside };
}

let decoded: Kernel[] | undefined;

/** Kernels from bytes and a scale per filter. */
function decode(): Kernel[] {
  const bytes = Uint8Array.from(atob(barWeights.bytes), (letter) => letter.charCodeAt(0));
  const numbers = new Float32Array(Uint8Array.from(atob(barWeights.numbers), (letter) => letter.charCodeAt(0)).buffer);
  let [from, number] = [0, 0];
  return barWeights.shapes.map(([filters, channels, size]) => {
    const count = channels * size * size;
    const weights = new Float32Array(filters * count);
    for (let f = 0; f < filters; f++) {
      const scale = numbers[number + f];
      for (let k = 0; k < count; k++) weights[f * count + k] = ((bytes[from++] << 24) >> 24) * scale;
    }
    const bias = numbers.slice(number + filters, number + 2 * filters);
    number += 2 * filters;
    return { filters, size, weights, bias };
  });
}

/** Zeros around, as many outputs as there are strides; odd zeros come after. */
function convolve(x: Maps, { filters, size, weights, bias }: Kernel, stride: number, relu: boolean): Maps {
  const { channels } = x;
  const [height, width] = [Math.ceil(x.height / stride), Math.ceil(x.width / stride)];
  const before = (length: number, outputs: number): number => ((outputs - 1) * stride + size - length) >> 1;
  const [top, left] = [before(x.height, height), before(x.width, width)];
  const [rows, columns] = [(height - 1) * stride + size, (width - 1) * stride + size];
  const padded = new Float32Array(channels * rows * columns);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < x.height && y + top < rows; y++) {
      const from = (c * x.height + y) * x.width;
      padded.set(
        x.data.subarray(from, from + Math.min(x.width, columns - left)),
        (c * rows + y + top) * columns + left,
      );
    }
  }
  const taps = channels * size * size;
  const places = new Int32Array(taps);
  for (let c = 0, k = 0; c < channels; c++) {
    for (let r = 0; r < size; r++) for (let s = 0; s < size; s++) places[k++] = (c * rows + r) * columns + s;
  }
  const data = new Float32Array(filters * height * width);
  const plane = height * width;
  // Four filters at two places at a time: eight sums stay in registers.
  const four = new Float32Array(4 * taps);
  for (let f = 0; f < filters; f += 4) {
    for (let k = 0; k < taps; k++) for (let j = 0; j < 4; j++) four[4 * k + j] = weights[(f + j) * taps + k];
    const [b0, b1, b2, b3] = bias.subarray(f, f + 4);
    for (let y = 0; y < height; y++) {
      for (let column = 0; column < width; column += 2) {
        const from = y * stride * columns + column * stride;
        let [p0, p1, p2, p3] = [b0, b1, b2, b3];
        let [q0, q1, q2, q3] = [b0, b1, b2, b3];
        for (let k = 0, w = 0; k < taps; k++, w += 4) {
          const i = from + places[k];
          const p = padded[i];
          const q = padded[i + stride];
          const w0 = four[w];
          const w1 = four[w + 1];
          const w2 = four[w + 2];
          const w3 = four[w + 3];
          p0 += w0 * p;
          p1 += w1 * p;
          p2 += w2 * p;
          p3 += w3 * p;
          q0 += w0 * q;
          q1 += w1 * q;
          q2 += w2 * q;
          q3 += w3 * q;
        }
        const to = f * plane + y * width + column;
        data[to] = p0;
        data[to + 1] = q0;
        data[to + plane] = p1;
        data[to + plane + 1] = q1;
        data[to + 2 * plane] = p2;
        data[to + 2 * plane + 1] = q2;
        data[to + 3 * plane] = p3;
        data[to + 3 * plane + 1] = q3;
      }
    }
  }
  if (relu) for (let i = 0; i < data.length; i++) if (data[i] < 0) data[i] = 0;
  return { channels: filters, height, width, data };
}

/** Four maps become one of twice the size. */
function spread({ channels, height, width, data }: Maps): Maps {
  const out = new Float32Array(data.length);
  const plane = height * width;
  for (let c = 0; c < channels / 4; c++) {
    for (let k = 0; k < 4; k++) {
      const from = (4 * c + k) * plane;
      for (let y = 0; y < height; y++) {
        let to = 4 * c * plane + (2 * y + (k >> 1)) * 2 * width + (k & 1);
        for (let x = 0; x < width; x++, to += 2) out[to] = data[from + y * width + x];
      }
    }
  }
  return { channels: channels / 4, height: 2 * height, width: 2 * width, data: out };
}
