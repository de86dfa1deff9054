// The HDF5 library, loaded when it is first needed. Node only.
import { UnsupportedError } from './errors.js';

/** h5wasm's Node face. */
export type Hdf5 = typeof import('h5wasm/node').default;

let loading: Promise<Hdf5> | undefined;

/**
 * The library, set so that damaged files throw.
 * @throws {UnsupportedError} where h5wasm is not installed.
 */
export async function hdf5(): Promise<Hdf5> {
  loading ??= (async () => {
    const { default: h5 } = await import('h5wasm/node');
    const module = await h5.ready;
    // Else a damaged file gives nonsense and a page of diagnostics on standard error.
    module.activate_throwing_error_handler();
    return h5;
  })();
  try {
    return await loading;
  } catch (cause) {
    throw new UnsupportedError('HDF5 files need the package h5wasm; try: npm install h5wasm.', { cause });
  }
}
