// The browser's own frames, written straight into the plan's memory.
import { describe, expect, it } from 'vitest';
import { FrameStack } from '../../src/kernels/frame-stack.js';
import { compileKernels } from '../../src/kernels/module.js';
import { hashedPicture } from '../support/resize-reference.js';

const [width, height] = [48, 34];
const image = { width: 10, height: 10 };

describe('FrameStack with VideoFrame', () => {
  it.each([
    ['i420', 'I420', hashedPicture(width, (height * 3) / 2, 1)],
    ['nv12', 'NV12', hashedPicture(width, (height * 3) / 2, 1)],
    ['rgba', 'RGBA', hashedPicture(width, height, 4)],
    ['bgra', 'BGRA', hashedPicture(width, height, 4)],
  ] as const)('%s: copyTo fills the input in place, chroma planes and all', async (format, theirs, bytes) => {
    const kernels = compileKernels();
    const plan = new FrameStack(kernels, { width, height, format }, image);
    const frame = new VideoFrame(bytes.slice(), {
      format: theirs,
      codedWidth: width,
      codedHeight: height,
      timestamp: 0,
    });
    expect(frame.allocationSize()).toBe(plan.input.length);
    await frame.copyTo(plan.input);
    frame.close();
    expect(plan.input).toEqual(bytes);
    expect(plan.run()).toEqual(new FrameStack(kernels, { width, height, format }, image).run(bytes));
  });
});
