// Compiles kernels.wasm once: from the bytes inlined in this package, or from a URL where a page forbids inlined code.
import { UnsupportedError } from '../errors.js';
import type { KernelExports } from './generated/exports.js';
import { kernelsBase64 } from './generated/wasm.js';

/** What every module of kernels has: memory, and where the plan's part of it begins. */
export type Arena = Pick<KernelExports, 'memory' | 'heapBase'>;

/** Compiled kernels. Plain data: cheap to share, structured-cloneable to workers and worklets. */
export interface Kernels<E extends Arena = KernelExports> {
  /** The compiled module; every plan makes its own instance of it. */
  readonly module: WebAssembly.Module;
  /** The functions of its instances; there is no such field. */
  readonly exports?: E;
}

// A function that adds two v128: the smallest module that validates only where SIMD is there.
const simdProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/** Base64 by hand, because an AudioWorklet has neither `atob` nor `Buffer`. */
function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const value = new Uint8Array(128);
  for (let i = 0; i < 64; i++) value[alphabet.charCodeAt(i)] = i;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let i = 0, o = 0; i < text.length; i += 4) {
    const group =
      (value[text.charCodeAt(i)] << 18) |
      (value[text.charCodeAt(i + 1)] << 12) |
      (value[text.charCodeAt(i + 2)] << 6) |
      value[text.charCodeAt(i + 3)];
    // Writes past the end of a typed array are dropped, which is what the padding wants.
    bytes[o++] = group >> 16;
    bytes[o++] = group >> 8;
    bytes[o++] = group;
  }
  return bytes;
}

function requireSimd(): void {
  if (typeof WebAssembly === 'undefined') {
    throw new UnsupportedError('WebAssembly is not available here; use Node 20 or a browser of 2021 or later.');
  }
  if (!WebAssembly.validate(simdProbe)) {
    throw new UnsupportedError(
      'WebAssembly SIMD is not available here; use Node 20, Chrome 91, Firefox 89, Safari 16.4 or later.',
    );
  }
}

/** Whether it is a page's security policy that forbids WebAssembly. */
export const forbidsWasm = (error: unknown): boolean =>
  error instanceof Error && /content.security.policy|unsafe-eval/i.test(error.message);

/** What WebAssembly throws, or what to do against it where a page's security policy is the reason. */
export const explainRefusal = (error: unknown): unknown =>
  forbidsWasm(error)
    ? new UnsupportedError(
        "This page forbids WebAssembly; add 'wasm-unsafe-eval' to script-src of its Content-Security-Policy.",
        { cause: error },
      )
    : error;

let inlined: Promise<Kernels> | undefined;

/**
 * Compiles the kernels, once per realm unless a URL is given.
 * @param options.wasmUrl where `deep-marimba/kernels.wasm` is served from; default: the bytes inlined in the package.
 * @throws {UnsupportedError} without WebAssembly SIMD, where the page's policy forbids it, or when the URL does not answer with the
 * module.
 */
export async function loadKernels(options: { wasmUrl?: string | URL } = {}): Promise<Kernels> {
  requireSimd();
  const { wasmUrl } = options;
  if (wasmUrl === undefined) {
    inlined ??= WebAssembly.compile(decodeBase64(kernelsBase64)).then(
      (module) => ({ module }),
      (error: unknown) => {
        throw explainRefusal(error);
      },
    );
    return inlined;
  }
  try {
    const response = await fetch(wasmUrl);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return { module: await WebAssembly.compile(await response.arrayBuffer()) };
  } catch (cause) {
    if (forbidsWasm(cause)) throw explainRefusal(cause);
    throw new UnsupportedError(`The kernels could not be loaded from ${String(wasmUrl)}; check the address.`, {
      cause,
    });
  }
}

/**
 * Compiles the inlined kernels on the calling thread, for workers and worklets that cannot wait.
 * @throws {UnsupportedError} without WebAssembly SIMD.
 */
export const compileKernels = (): Kernels => compileModule(kernelsBase64);

/**
 * Compiles a module of kernels from its base64, on the calling thread.
 * @throws {UnsupportedError} without WebAssembly SIMD.
 */
export function compileModule<E extends Arena>(base64: string): Kernels<E> {
  requireSimd();
  try {
    return { module: new WebAssembly.Module(decodeBase64(base64)) };
  } catch (error) {
    throw explainRefusal(error);
  }
}
