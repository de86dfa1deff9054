// MATLAB's MAT-file version 5 (and 6, 7): one real numeric matrix by its name, compressed or not.
// Source: The MathWorks, MAT-File Format (R2020b), chapter 1.
import { SoundError } from '../errors.js';
import { throughStream } from './compression.js';

/** A matrix as MATLAB holds it. */
export interface Matrix {
  /** Rows and columns. */
  readonly rows: number;
  /** Columns. */
  readonly columns: number;
  /** [columns x rows], row-major: MATLAB's own order, a column after the other. */
  readonly data: Float64Array<ArrayBuffer>;
}

const ascii = new TextDecoder('latin1');

/** Whether these bytes start like a MAT-file of version 5 to 7. */
export function isMat5(bytes: Uint8Array): boolean {
  return ascii.decode(bytes.subarray(0, 6)) === 'MATLAB' && (bytes[125] === 1 || bytes[124] === 1);
}

// Types of stored data, by number: bytes of one element and how to read it.
type Getter = (view: DataView, at: number, littleEndian: boolean) => number;
const stored: Readonly<Partial<Record<number, readonly [bytes: number, get: Getter]>>> = {
  1: [1, (view, at) => view.getInt8(at)],
  2: [1, (view, at) => view.getUint8(at)],
  3: [2, (view, at, le) => view.getInt16(at, le)],
  4: [2, (view, at, le) => view.getUint16(at, le)],
  5: [4, (view, at, le) => view.getInt32(at, le)],
  6: [4, (view, at, le) => view.getUint32(at, le)],
  7: [4, (view, at, le) => view.getFloat32(at, le)],
  9: [8, (view, at, le) => view.getFloat64(at, le)],
  12: [8, (view, at, le) => Number(view.getBigInt64(at, le))],
  13: [8, (view, at, le) => Number(view.getBigUint64(at, le))],
};
const matrixType = 14;
const compressedType = 15;

interface Element {
  readonly type: number;
  /** Its data, still in the file's byte order. */
  readonly data: Uint8Array;
  /** Offset just behind it. */
  readonly end: number;
}

/** The element at an offset; undefined when it reaches beyond the bytes. */
function elementAt(bytes: Uint8Array, at: number, little: boolean): Element | undefined {
  if (at + 8 > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = view.getUint32(at, little);
  // A small element packs length and type in one word, its data in the next.
  const small = word >>> 16;
  if (small !== 0) {
    return small > 4 ? undefined : { type: word & 0xffff, data: bytes.subarray(at + 4, at + 4 + small), end: at + 8 };
  }
  const length = view.getUint32(at + 4, little);
  if (at + 8 + length > bytes.length) return undefined;
  // Everything is padded to eight bytes, except what is compressed.
  const padded = word === compressedType ? length : Math.ceil(length / 8) * 8;
  return { type: word, data: bytes.subarray(at + 8, at + 8 + length), end: at + 8 + padded };
}

/** The numbers of an element; undefined when it holds none. */
function numbers({ type, data }: Element, little: boolean): Float64Array<ArrayBuffer> | undefined {
  const element = stored[type];
  if (!element) return undefined;
  const [size, get] = element;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Float64Array.from({ length: Math.floor(data.length / size) }, (_, i) => get(view, i * size, little));
}

// Compressed variables longer than this are somebody else's data, or a bomb.
const inflateLimit = 1 << 27;

/**
 * Reads a real numeric matrix of the given name.
 * @param name what messages call the file.
 * @throws {SoundError} when it is not a MAT-file of version 5 to 7, is damaged or cut short, or has no such matrix.
 */
export async function readMat5(bytes: Uint8Array, variable: string, name: string): Promise<Matrix> {
  const fail = (what: string, cause?: unknown): never => {
    throw new SoundError(`${name} ${what}`, { cause, facts: { file: name, variable } });
  };
  if (bytes.length < 128 || !isMat5(bytes)) return fail('is not a MAT-file of version 5.');
  // The mark "MI", written in the file's own byte order.
  const mark = ascii.decode(bytes.subarray(126, 128));
  if (mark !== 'IM' && mark !== 'MI') return fail('has a damaged header; save it again.');
  const little = mark === 'IM';
  const found: string[] = [];
  for (let at = 128; at + 8 <= bytes.length;) {
    let element = elementAt(bytes, at, little) ?? fail('ends early, inside a variable; copy or save it again.');
    at = element.end;
    if (element.type === compressedType) {
      const zlib = new DecompressionStream('deflate');
      const inflated = await throughStream(element.data, zlib, inflateLimit).catch((cause: unknown) =>
        fail('is damaged: a variable cannot be decompressed; copy or save it again.', cause),
      );
      element = elementAt(inflated, 0, little) ?? fail('is damaged inside a compressed variable; save it again.');
    }
    if (element.type !== matrixType) continue;
    const { data } = element;
    const parts: Element[] = [];
    for (let offset = 0; parts.length < 4 && offset < data.length;) {
      const part = elementAt(data, offset, little);
      if (!part) break;
      parts.push(part);
      offset = part.end;
    }
    const [flags, dimensions, label, real] = parts as (Element | undefined)[];
    if (!flags || !dimensions || !label) return fail('is damaged; copy or save it again.');
    const title = ascii.decode(label.data);
    if (title !== variable) {
      found.push(title);
      continue;
    }
    const [word = 0] = numbers(flags, little) ?? [];
    const kind = word & 0xff;
    // Classes 6..15 are numbers: double, single, and the integers. Bit 11 marks complex ones.
    if (kind < 6 || kind > 15 || (word & 0x800) !== 0)
      return fail(`has ${variable}, but it is not a real matrix of numbers.`);
    const sizes = numbers(dimensions, little);
    const values = real && numbers(real, little);
    if (!sizes || !values) return fail('is damaged; copy or save it again.');
    if (sizes.length !== 2) return fail(`has ${variable} with ${sizes.length} axes; expected a matrix.`);
    const [rows, columns] = sizes;
    if (values.length < rows * columns || rows < 0 || columns < 0) {
      return fail(`ends early: ${values.length} of ${rows} x ${columns} numbers are there; copy or save it again.`);
    }
    return { rows, columns, data: values.slice(0, rows * columns) };
  }
  const names = found.filter((title) => title !== '').join(', ');
  return fail(`has no variable ${variable}${names === '' ? '' : `; it has ${names}`}.`);
}
