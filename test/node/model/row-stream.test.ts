// A strip seen window by window: every bar gets the answer of the window it lies in, and every window its own memory.
import { describe, expect, it } from 'vitest';
import type { Session, Tensor } from '../../../src/model/onnx-runtime.js';
import { RowStream } from '../../../src/model/row-stream.js';

const cellWidth = 2;
const height = 2;
const window = 3;

/** Answers with the sum of a bar's own cell over all channels, plus how often this memory was asked before. */
const session: Session = {
  run(feeds) {
    const { data, shape } = feeds.image;
    expect(shape).toEqual([1, 3, height, cellWidth * (window + 2)]);
    const columns = shape[3];
    const count = (feeds['state.count'].data as Float32Array)[0];
    const onset = Float32Array.from({ length: window }, (_, b) => {
      let sum = count;
      for (let y = 0; y < 3 * height; y++) {
        for (let x = 0; x < cellWidth; x++) sum += data[y * columns + (b + 1) * cellWidth + x];
      }
      return sum;
    });
    const results: Record<string, Tensor> = {
      onset: { data: onset, shape: [1, window] },
      'next.count': { data: Float32Array.of(count + 100), shape: [1] },
    };
    return Promise.resolve(results);
  },
  release: () => Promise.resolve(),
};

const model = {
  input: {
    name: 'image',
    shape: [3, height, cellWidth * (window + 2)] as const,
    geometry: 'bars' as const,
    cellWidth,
    window,
    channels: 'differences' as const,
  },
  states: [{ name: 'count', shape: [1] }],
};

describe('RowStream', () => {
  it.each([2, 3, 4, 6, 7, 18])('takes %i bars in windows of three', async (bars) => {
    const columns = cellWidth * (bars + 2);
    const image = Float32Array.from({ length: 3 * height * columns }, (_, i) => Math.floor((i % columns) / cellWidth));
    const stream = new RowStream(session, model, bars, ['onset']);
    const cell = 3 * height * cellWidth;
    for (const before of [0, 100]) {
      const { onset } = await stream.step(image);
      expect([...onset.data]).toEqual(Array.from({ length: bars }, (_, b) => (b + 1) * cell + before));
    }
    stream.reset();
    expect((await stream.step(image)).onset.data[0]).toBe(cell);
  });
});
