// Loading the kernels, and laying out a plan's memory.
import { describe, expect, it } from 'vitest';
import { f32, openInstance, u8 } from '../../src/kernels/instance.js';
import { compileKernels, loadKernels } from '../../src/kernels/module.js';

describe('kernels module', () => {
  it('is compiled once and imports nothing', async () => {
    const first = await loadKernels();
    expect(await loadKernels()).toBe(first);
    expect(WebAssembly.Module.imports(first.module)).toEqual([]);
    expect(WebAssembly.Module.exports(compileKernels().module)).toEqual(WebAssembly.Module.exports(first.module));
  });

  it('says where it looked when the address is wrong', async () => {
    await expect(loadKernels({ wasmUrl: 'data:application/wasm,nothing' })).rejects.toThrow(/could not be loaded from/);
  });
});

describe('openInstance', () => {
  it('lays regions out in order, aligned, zeroed, and never overlapping', async () => {
    const { views, at } = openInstance(await loadKernels(), { a: f32(3), b: u8(5), c: f32(40_000) });
    expect(at.a % 16).toBe(0);
    expect(at.b).toBe(at.a + 16);
    expect(at.c).toBe(at.b + 16);
    views.b.fill(255);
    expect(views.a.every((x) => x === 0)).toBe(true);
    expect(views.c.every((x) => x === 0)).toBe(true);
    expect(views.c.byteOffset).toBe(at.c);
  });

  it('refuses what cannot fit', async () => {
    const kernels = await loadKernels();
    expect(() => openInstance(kernels, { a: f32(1 << 29) })).toThrow(RangeError);
    expect(() => openInstance(kernels, { a: f32(NaN) })).toThrow(RangeError);
  });
});
