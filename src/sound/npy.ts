// NumPy's .npy: an array with its shape, as `numpy.load` reads it. Source: NEP 1, format versions 1.0 to 3.0.
import { SoundError } from '../errors.js';

/** An array of numbers with its shape. */
export interface NpyArray {
  /** Lengths of the axes, slowest first. */
  readonly shape: readonly number[];
  /** The numbers, row-major (C order), whatever order the file has. */
  readonly data: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** Whether these bytes start like a .npy file. */
export function isNpy(bytes: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

type Getter = (view: DataView, at: number, littleEndian: boolean) => number;

// Element types: bytes and how to read one. float16 has no reader in DataView of today's runtimes.
const elements: Readonly<Record<string, readonly [bytes: number, get: Getter]>> = {
  f4: [4, (view, at, le) => view.getFloat32(at, le)],
  f8: [8, (view, at, le) => view.getFloat64(at, le)],
  i1: [1, (view, at) => view.getInt8(at)],
  i2: [2, (view, at, le) => view.getInt16(at, le)],
  i4: [4, (view, at, le) => view.getInt32(at, le)],
  u1: [1, (view, at) => view.getUint8(at)],
  u2: [2, (view, at, le) => view.getUint16(at, le)],
  u4: [4, (view, at, le) => view.getUint32(at, le)],
  b1: [1, (view, at) => view.getUint8(at)],
};

/**
 * Reads a .npy file: float32 as float32, every other number as float64.
 * @param name what messages call it.
 * @throws {SoundError} when it is not a .npy file, is cut short, or holds something else than numbers.
 */
export function parseNpy(bytes: Uint8Array, name: string): NpyArray {
  const fail = (what: string): never => {
    throw new SoundError(`${name} ${what}`, { facts: { file: name } });
  };
  if (!isNpy(bytes)) return fail('is not a .npy file.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const major = bytes[6];
  if (bytes.length < 12 || major < 1 || major > 3) return fail('has a .npy header that makes no sense; save it again.');
  const lengthBytes = major === 1 ? 2 : 4;
  const start = 8 + lengthBytes + (major === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (start > bytes.length) return fail('is cut short in its header; copy it again.');
  const header = new TextDecoder('latin1').decode(bytes.subarray(8 + lengthBytes, start));
  const descr = /'descr':\s*'([<>|=])(\w+)'/.exec(header);
  const order = /'fortran_order':\s*(True|False)/.exec(header);
  const axes = /'shape':\s*\(([\d,\s]*)\)/.exec(header);
  if (!descr || !order || !axes) return fail('holds something else than plain numbers.');
  const element = Object.hasOwn(elements, descr[2]) ? elements[descr[2]] : undefined;
  if (!element) return fail(`holds elements of type ${descr[2]}; save it as float32.`);
  const [size, get] = element;
  const shape = (axes[1].match(/\d+/g) ?? []).map(Number);
  const length = shape.reduce((product, axis) => product * axis, 1);
  const there = Math.floor((bytes.length - start) / size);
  if (length > there) return fail(`ends early: ${there} of ${length} numbers are there; copy or save it again.`);

  const little = descr[1] !== '>';
  const flat = descr[2] === 'f4' ? new Float32Array(length) : new Float64Array(length);
  for (let i = 0; i < length; i++) flat[i] = get(view, start + i * size, little);
  return { shape, data: order[1] === 'True' && shape.length > 1 ? rowMajor(flat, shape) : flat };
}

/** Column-major to row-major, any number of axes. */
function rowMajor<A extends Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>>(
  flat: A,
  shape: readonly number[],
): A {
  const out = flat.slice() as A;
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, length) => product * length, 1));
  for (let i = 0; i < flat.length; i++) {
    out[i] = flat[index.reduce((at, position, axis) => at + position * strides[axis], 0)];
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  return out;
}

/**
 * The bytes of a .npy file of float32 in row-major order.
 * @throws {RangeError} when the shape does not multiply to the length of the data.
 */
export function formatNpy(data: Float32Array, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  const length = shape.reduce((product, axis) => product * axis, 1);
  if (length !== data.length) throw new RangeError(`Expected ${shape.join(' x ')} numbers, got ${data.length}.`);
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${axes}), }`;
  // The data start at a multiple of 64 bytes; the header ends in a line feed.
  const padded = 64 * Math.ceil((10 + text.length + 1) / 64) - 10;
  const bytes = new Uint8Array(10 + padded + 4 * length);
  bytes.set([...magic, 1, 0, padded & 255, padded >> 8]);
  bytes.set(new TextEncoder().encode(`${text.padEnd(padded - 1)}\n`), 10);
  const view = new DataView(bytes.buffer, 10 + padded);
  for (let i = 0; i < length; i++) view.setFloat32(4 * i, data[i], true);
  return bytes;
}
