// Protocol buffers without a schema: a message taken apart into its fields, and put together. They need only varints and lengths,
// so this is smaller than the schema of ONNX that a protobuf library would have to carry into the browser.

/** One field of a message: a varint as a number, everything else as its bytes. */
export interface Field {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 bytes with a length, 5 four bytes. */
  readonly wire: 0 | 1 | 2 | 5;
  readonly value: bigint | Uint8Array;
}

const noMessage = (): Error => new RangeError('it is no ONNX file, or damaged');

/**
 * The fields of a message, in their order; bytes are views.
 *
 * **Source:** Protocol Buffers, encoding.
 * @param damaged makes what is thrown for bytes that are no message; by default a RangeError.
 */
export function fieldsOf(bytes: Uint8Array, damaged = noMessage): Field[] {
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
  if (typeof value === 'bigint') throw noMessage();
  return value;
}

/** A message under construction: a list of chunks, joined once at the very end. */
export class Message {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  #push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  #varint(value: bigint): void {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.#push(Uint8Array.from(bytes));
  }

  #tag(number: number, wire: Field['wire']): void {
    this.#varint(BigInt(number * 8 + wire));
  }

  /** Appends a varint; negative ones in 64 bits. */
  integer(number: number, value: number | bigint): this {
    this.#tag(number, 0);
    this.#varint(BigInt(value));
    return this;
  }

  /** Appends four bytes. */
  float(number: number, value: number): this {
    this.#tag(number, 5);
    this.#push(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  /** Appends bytes with their length. They must stay as they are until `finish`. */
  bytes(number: number, value: Uint8Array): this {
    this.#tag(number, 2);
    this.#varint(BigInt(value.length));
    this.#push(value);
    return this;
  }

  /** Appends UTF-8. */
  text(number: number, value: string): this {
    return this.bytes(number, new TextEncoder().encode(value));
  }

  /** Appends another message, as it is by now. */
  message(number: number, value: Message): this {
    this.#tag(number, 2);
    this.#varint(BigInt(value.#length));
    for (const chunk of value.#chunks) this.#push(chunk);
    return this;
  }

  /** Appends a field of another message, as it was. */
  field({ number, wire, value }: Field): this {
    if (typeof value === 'bigint') return this.integer(number, value);
    if (wire === 2) return this.bytes(number, value);
    this.#tag(number, wire);
    this.#push(value);
    return this;
  }

  /** Its bytes. */
  finish(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }
}

/** The bytes of a message. */
export function joinFields(fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const message = new Message();
  for (const one of fields) message.field(one);
  return message.finish();
}

/** All texts under a number. */
export const textsIn = (fields: readonly Field[], number: number): string[] =>
  fields.filter((one) => one.number === number).map((one) => new TextDecoder().decode(messageOf(one)));

/** The text under a number, '' where there is none. */
export const textIn = (fields: readonly Field[], number: number): string => textsIn(fields, number).at(-1) ?? '';

/** The integer under a number, 0 where there is none. */
export function numberIn(fields: readonly Field[], number: number): number {
  const last = fields.findLast((one) => one.number === number);
  if (last && typeof last.value !== 'bigint') throw noMessage();
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
