// The safetensors container: a length, a JSON header, and raw little-endian arrays. Other people's tools read it.

/** An array with its shape. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint32Array;
}

/** What a file holds: arrays by name, and free text by name. */
export interface SafeTensors {
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const HEADER_LENGTH = 8;

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** The bytes of a .safetensors file. **Source:** the safetensors format, version of 2023. */
export function encodeSafeTensors({ tensors, metadata }: SafeTensors): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let length = 0;
  for (const [name, { shape, data }] of tensors) {
    const dtype = data instanceof Float32Array ? 'F32' : 'U32';
    header[name] = { dtype, shape, data_offsets: [length, length + data.byteLength] };
    length += data.byteLength;
  }
  const json = JSON.stringify(header);
  const encoder = new TextEncoder();
  // Spaces after the JSON align the arrays.
  const text = encoder.encode(json + ' '.repeat((HEADER_LENGTH - (encoder.encode(json).length % 8)) % 8));
  const bytes = new Uint8Array(HEADER_LENGTH + text.length + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, HEADER_LENGTH);
  let at = HEADER_LENGTH + text.length;
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  const counts = (list: unknown): boolean =>
    Array.isArray(list) && list.every((item) => Number.isSafeInteger(item) && Number(item) >= 0);
  return typeof dtype === 'string' && counts(shape) && counts(offsets) && (offsets as unknown[]).length === 2;
}

/**
 * Arrays (copies, owned by the caller) and metadata of a .safetensors file. Element types F32 and U32.
 * @throws RangeError that says what is wrong with bytes that are not such a file.
 */
export function decodeSafeTensors(bytes: Uint8Array): SafeTensors {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < HEADER_LENGTH ? Infinity : Number(view.getBigUint64(0, true));
  if (length > bytes.length - HEADER_LENGTH) throw new RangeError('expected a safetensors header, got too few bytes');
  const body = bytes.subarray(HEADER_LENGTH + length);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(HEADER_LENGTH, HEADER_LENGTH + length)));
  } catch (cause) {
    throw new RangeError('expected a safetensors header, got no JSON', { cause });
  }
  if (typeof header !== 'object' || header === null)
    throw new RangeError('expected a safetensors header, got no object');
  const { __metadata__: metadata = {}, ...entries } = header as Record<string, unknown>;
  const tensors = new Map<string, NamedTensor>();
  for (const [name, entry] of Object.entries(entries)) {
    if (!isEntry(entry) || (entry.dtype !== 'F32' && entry.dtype !== 'U32')) {
      throw new RangeError(`expected an array of type F32 or U32 as "${name}", got ${JSON.stringify(entry)}`);
    }
    const [start, end] = entry.data_offsets;
    const size = entry.shape.reduce((product, n) => product * n, 4);
    if (end - start !== size || end > body.length) {
      throw new RangeError(`expected ${size} bytes for "${name}", got ${Math.min(end, body.length) - start}`);
    }
    const raw = new Uint8Array(body.subarray(start, end)).buffer;
    tensors.set(name, {
      shape: entry.shape,
      data: entry.dtype === 'F32' ? new Float32Array(raw) : new Uint32Array(raw),
    });
  }
  return { tensors, metadata: metadata as Record<string, string> };
}
