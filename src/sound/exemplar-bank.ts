// A bank of exemplars: recorded strikes, cut out one by one, and the one file they travel in.
import { SoundError } from '../errors.js';
import { throughStream } from './compression.js';

/** One recorded strike. */
export interface Exemplar {
  /** MIDI number of the bar. */
  readonly midi: number;
  /** Peak of the recording, linear: what `samples` are to be multiplied with to be as loud as they were. */
  readonly gain: number;
  /** Time of contact, seconds from the first sample. */
  readonly onset: number;
  /** Mono, the largest of them 1 or -1. */
  readonly samples: Float32Array;
}

/** Recorded strikes of one instrument, of one recording level: their gains compare. Plain data, it may be sent to a worker. */
export interface ExemplarBank {
  /** Samples per second of every exemplar. */
  readonly sampleRate: number;
  /** What was recorded. */
  readonly title: string;
  /** Whose recordings they are. */
  readonly credit: string;
  /** Terms under which they may be used: an SPDX name, or the whole text. */
  readonly license: string;
  /** From the lowest bar to the highest, each from its softest strike to its loudest. */
  readonly exemplars: readonly Exemplar[];
}

const format = 'deep-marimba/exemplars@1';

// A file that grows beyond this when it is unpacked is damaged, or a bomb. Two bytes a sample: over 40 minutes at 48 kHz.
const unpackedLimit = 1 << 28;

interface Header {
  readonly format: string;
  readonly sampleRate: number;
  readonly title: string;
  readonly credit: string;
  readonly license: string;
  /** Samples lie one exemplar after the other, in this order. */
  readonly exemplars: readonly { midi: number; gain: number; onset: number; samples: number }[];
}

/**
 * The file of a bank: gzip of the length of a JSON header (uint32, little-endian), the header (UTF-8), and the samples of all
 * exemplars, one after the other. They are int16, full scale at the peak of their own exemplar, and stored as second
 * differences x[n] - 2 x[n-1] + x[n-2] modulo 2^16, first the high bytes of all, then the low bytes: ringing bars are
 * smooth, which makes the file a third of what gzip makes of the samples themselves.
 * @throws {RangeError} when the bank holds nothing, or an exemplar makes no sense.
 */
export async function encodeExemplars(bank: ExemplarBank): Promise<Uint8Array<ArrayBuffer>> {
  const { sampleRate, title, credit, license, exemplars } = bank;
  const header: Header = {
    format,
    sampleRate,
    title,
    credit,
    license,
    exemplars: exemplars.map(({ midi, gain, onset, samples }) => ({
      midi,
      gain: Number(gain.toPrecision(6)),
      onset: Number(onset.toFixed(7)),
      samples: samples.length,
    })),
  };
  const fault = headerFault(header);
  if (fault !== undefined) throw new RangeError(`The bank ${fault}.`);
  const text = new TextEncoder().encode(JSON.stringify(header));
  const count = exemplars.reduce((sum, { samples }) => sum + samples.length, 0);
  const bytes = new Uint8Array(4 + text.length + 2 * count);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  let high = 4 + text.length;
  let low = high + count;
  for (const { samples } of exemplars) {
    let last = 0;
    let beforeLast = 0;
    for (const sample of samples) {
      const value = Math.round(32767 * Math.max(-1, Math.min(1, sample)));
      const bend = value - 2 * last + beforeLast;
      bytes[high++] = bend >> 8;
      bytes[low++] = bend;
      beforeLast = last;
      last = value;
    }
  }
  return throughStream(bytes, new CompressionStream('gzip'), Infinity);
}

/**
 * Reads the file of a bank. Works wherever there is a `DecompressionStream`: Node, browsers, workers.
 * @param name what messages call the file.
 * @throws {SoundError} when it is something else, damaged or cut short.
 */
export async function decodeExemplars(file: Uint8Array, name = 'The file'): Promise<ExemplarBank> {
  const fail = (what: string, cause?: unknown): never => {
    throw new SoundError(`${name} ${what}`, { cause, facts: { file: name } });
  };
  if (file[0] !== 0x1f || file[1] !== 0x8b) return fail('is not a bank of exemplars.');
  const bytes = await throughStream(file, new DecompressionStream('gzip'), unpackedLimit).catch((cause: unknown) =>
    fail('cannot be unpacked: it is damaged or cut short; copy it again.', cause),
  );
  const view = new DataView(bytes.buffer);
  const length = bytes.length < 4 ? Infinity : view.getUint32(0, true);
  if (4 + length > bytes.length) return fail('is not a bank of exemplars.');
  let header: Header;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(4, 4 + length))) as Header;
  } catch (cause) {
    return fail('is not a bank of exemplars.', cause);
  }
  if ((header as Header | null)?.format !== format) return fail(`is not a bank of exemplars (${format}).`);
  const fault = headerFault(header);
  if (fault !== undefined) return fail(`${fault}.`);
  const { sampleRate, title, credit, license } = header;
  let high = 4 + length;
  const wanted = header.exemplars.reduce((sum, { samples }) => sum + samples, 0);
  let low = high + wanted;
  if (low + wanted !== bytes.length) {
    return fail(`holds ${Math.floor((bytes.length - high) / 2)} samples, its header says ${wanted}.`);
  }
  const exemplars = header.exemplars.map(({ midi, gain, onset, samples: count }) => {
    const samples = new Float32Array(count);
    let last = 0;
    let beforeLast = 0;
    for (let i = 0; i < count; i++) {
      const bend = (bytes[high++] << 8) | bytes[low++];
      // Wraps around at 16 bits, as it did when it was written.
      const value = ((bend + 2 * last - beforeLast) << 16) >> 16;
      samples[i] = value / 32767;
      beforeLast = last;
      last = value;
    }
    return { midi, gain, onset, samples };
  });
  return { sampleRate, title, credit, license, exemplars };
}

/** What a header says that cannot be. */
function headerFault({ sampleRate, title, credit, license, exemplars }: Header): string | undefined {
  if (!Number.isInteger(sampleRate) || sampleRate < 8000 || sampleRate > 192_000) {
    return `has a sample rate of ${String(sampleRate)}, expected 8000 to 192000`;
  }
  if (![title, credit, license].every((text) => typeof text === 'string')) {
    return 'lacks its title, credit or license';
  }
  if (!Array.isArray(exemplars) || exemplars.length === 0) return 'holds no exemplars';
  for (const exemplar of exemplars as readonly (Header['exemplars'][number] | null)[]) {
    const { midi, gain, onset, samples } = exemplar ?? {};
    if (!(Number.isInteger(midi) && midi! >= 0 && midi! <= 127)) {
      return `has an exemplar of MIDI number ${String(midi)}, expected 0 to 127`;
    }
    if (!(gain! > 0 && gain! < 1e6)) return `has an exemplar with a gain of ${String(gain)}, expected a number above 0`;
    if (!(Number.isInteger(samples) && samples! > 0)) return `has an exemplar of ${String(samples)} samples`;
    if (!(onset! >= 0 && onset! < samples! / sampleRate)) {
      return `has an exemplar that is struck ${String(onset)} s from its start, outside of its samples`;
    }
  }
  return undefined;
}
