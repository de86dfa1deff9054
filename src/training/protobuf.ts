// Protocol buffers without a schema: a message as its fields, as far as joining ONNX files needs it.

/** One field of a message: a varint as a number, everything else as its bytes. */
export interface Field {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 bytes with a length, 5 four bytes. */
  readonly wire: 0 | 1 | 2 | 5;
  readonly value: bigint | Uint8Array;
}

const damaged = (): RangeError => new RangeError('it is no ONNX file, or damaged');

/**
 * The fields of a message, in their order; bytes are views.
 *
 * **Source:** Protocol Buffers, encoding.
 * @throws {RangeError} for bytes that are no message.
 */
export function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      if (at >= bytes.length || shift > 63n) throw damaged();
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
  };
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw damaged();
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const [number, wire] = [Math.floor(tag / 8), tag % 8];
    if (number === 0) throw damaged();
    if (wire === 0) fields.push({ number, wire, value: varint() });
    else if (wire === 2) fields.push({ number, wire, value: take(Number(varint())) });
    else if (wire === 1 || wire === 5) fields.push({ number, wire, value: take(wire === 1 ? 8 : 4) });
    else throw damaged();
  }
  return fields;
}

/** A field that holds bytes: a text, or a message. */
export const field = (number: number, value: Uint8Array): Field => ({ number, wire: 2, value });

/** The bytes of a field. @throws {RangeError} for another kind of field. */
export function messageOf({ value }: Field): Uint8Array {
  if (typeof value === 'bigint') throw damaged();
  return value;
}

/** The bytes of a message. */
export function joinFields(fields: readonly Field[]): Uint8Array {
  const chunks: Uint8Array[] = [];
  const varint = (value: bigint): void => {
    const bytes: number[] = [];
    for (let rest = value; ; rest >>= 7n) {
      if (rest < 0x80n) {
        bytes.push(Number(rest));
        break;
      }
      bytes.push(Number(rest & 0x7fn) | 0x80);
    }
    chunks.push(Uint8Array.from(bytes));
  };
  for (const { number, wire, value } of fields) {
    varint(BigInt(number * 8 + wire));
    if (typeof value === 'bigint') varint(value);
    else {
      if (wire === 2) varint(BigInt(value.length));
      chunks.push(value);
    }
  }
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** All texts under a number. */
export const textsIn = (fields: readonly Field[], number: number): string[] =>
  fields.filter((one) => one.number === number).map((one) => new TextDecoder().decode(messageOf(one)));

/** The text under a number, '' where there is none. */
export const textIn = (fields: readonly Field[], number: number): string => textsIn(fields, number).at(-1) ?? '';

/** The integer under a number, 0 where there is none. */
export function numberIn(fields: readonly Field[], number: number): number {
  const last = fields.findLast((one) => one.number === number);
  if (last && typeof last.value !== 'bigint') throw damaged();
  return Number(last?.value ?? 0);
}

/** The message with the texts under some numbers changed. */
export function withTexts(
  fields: readonly Field[],
  numbers: readonly number[],
  change: (text: string) => string,
): Uint8Array {
  return joinFields(
    fields.map((one) =>
      numbers.includes(one.number)
        ? field(one.number, new TextEncoder().encode(change(new TextDecoder().decode(messageOf(one)))))
        : one,
    ),
  );
}
