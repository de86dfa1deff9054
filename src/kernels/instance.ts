// One wasm instance per plan: its regions are laid out once, memory grows once, views never go stale.
import type { KernelExports } from './generated/exports.js';
import type { Arena, Kernels } from './module.js';

type View = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** A stretch of linear memory: element type and number of elements. */
export interface Region<V extends View = View> {
  /** Typed array that views it. */
  readonly type: { new (buffer: ArrayBuffer, offset: number, length: number): V; readonly BYTES_PER_ELEMENT: number };
  /** Elements, not bytes. */
  readonly length: number;
}

/** `length` float32 samples. */
export const f32 = (length: number): Region<Float32Array<ArrayBuffer>> => ({ type: Float32Array, length });
/** `length` float64 values. */
export const f64 = (length: number): Region<Float64Array<ArrayBuffer>> => ({ type: Float64Array, length });
/** `length` signed 32-bit integers. */
export const i32 = (length: number): Region<Int32Array<ArrayBuffer>> => ({ type: Int32Array, length });
/** `length` bytes. */
export const u8 = (length: number): Region<Uint8Array<ArrayBuffer>> => ({ type: Uint8Array, length });

/** A wasm instance laid out for one plan. */
export interface Instance<R extends Record<string, Region>, E = KernelExports> {
  /** The kernels, bound to this instance's memory. */
  readonly exports: E;
  /** Typed views of the regions, valid for the life of the plan, zero-filled at first. */
  readonly views: { readonly [K in keyof R]: InstanceType<R[K]['type']> };
  /** Byte offsets of the regions, to pass to kernels. 16-byte aligned. */
  readonly at: { readonly [K in keyof R]: number };
}

const page = 65536;
const align = (bytes: number): number => (bytes + 15) & ~15;

// Far beyond any real plan, and below what a 32-bit offset can address.
const limit = 1 << 30;

/**
 * Instantiates the kernels with memory for the given regions, in their order. This is the only place that allocates.
 * @throws {RangeError} when a length is not a whole number, or the regions together exceed 1 GiB.
 */
export function openInstance<R extends Record<string, Region>, E extends Arena = KernelExports>(
  kernels: Kernels<E>,
  regions: R,
): Instance<R, E> {
  const exports = new WebAssembly.Instance(kernels.module).exports as unknown as E;
  const at: Record<string, number> = {};
  let end = align(exports.heapBase());
  for (const [name, { type, length }] of Object.entries(regions)) {
    if (!Number.isInteger(length) || length < 0)
      throw new RangeError(`Region ${name} needs a length >= 0, got ${length}.`);
    at[name] = end;
    end += length * type.BYTES_PER_ELEMENT;
    if (end > limit) throw new RangeError(`This plan would need more than ${limit} bytes of memory.`);
    end = align(end);
  }
  const { memory } = exports;
  const missing = Math.ceil(end / page) - memory.buffer.byteLength / page;
  if (missing > 0) memory.grow(missing);
  const views = Object.fromEntries(
    Object.entries(regions).map(([name, { type, length }]) => [name, new type(memory.buffer, at[name], length)]),
  );
  return { exports, views, at } as Instance<R, E>;
}
