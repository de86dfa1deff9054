// The simulator's kernels, and the memory of one stage: the plate, the two pictures drawn over it, and what the camera's
// electronics need.
import { f32, f64, i32, type Instance, openInstance, u8 } from '../kernels/instance.js';
import { compileModule, type Kernels } from '../kernels/module.js';
import type { KernelExports } from './generated/exports.js';
import { kernelsBase64 } from './generated/wasm.js';

/** Levels of the tone curve. */
export const toneCount = 4096;
/** Normal deviates that the noise is cut from, a power of two. */
export const grainCount = 1 << 16;
/** How many deviates further each channel of a colour looks for its own noise. */
export const grainStep = 1013;

let compiled: Kernels<KernelExports> | undefined;

const layout = (width: number, height: number, channels: 1 | 3) => {
  const picture = width * height * channels;
  const spans = 2 * height + 2;
  return {
    plate: f32(picture),
    sum: f32(picture),
    one: f32(picture),
    shifted: f32(picture),
    sumSpans: i32(spans),
    oneSpans: i32(spans),
    walk: i32(2 * height),
    shape: f64(20),
    share: f64(1),
    corner: f32(width),
    tones: f32(2 * toneCount),
    starts: i32(height),
    numbers: f64(4),
    weights: f64(4),
    bytes: u8(picture),
    // Rows begin anywhere in the noise and read on beyond its end. Last, because kernels read a few values past a region.
    grain: f32(grainCount + channels * grainStep + width + 8),
  };
};

/** Memory of one stage, pictures as planes: [channels x height x width]. */
export type StageMemory = Instance<ReturnType<typeof layout>, KernelExports>;

/**
 * Opens the memory of a stage; the kernels are compiled at the first.
 * @throws {UnsupportedError} without WebAssembly SIMD.
 */
export function openStage(width: number, height: number, channels: 1 | 3): StageMemory {
  compiled ??= compileModule<KernelExports>(kernelsBase64);
  return openInstance(compiled, layout(width, height, channels));
}
