// Banks of exemplars in the browser; without a source, the one that comes with the package.
import { SoundError } from '../errors.js';
import { decodeExemplars, type ExemplarBank } from './exemplar-bank.js';

/**
 * Reads a bank of exemplars.
 * @param source an address, or a file. Default: the bank of the package, a sampled marimba on the eighteen bars of 2017;
 * bundlers that know `new URL(..., import.meta.url)` bring it along.
 * @throws {SoundError} when it cannot be fetched, or is something else, damaged or cut short.
 */
export async function readExemplars(source?: string | URL | Blob): Promise<ExemplarBank> {
  if (source instanceof Blob) return decodeExemplars(new Uint8Array(await source.arrayBuffer()));
  const url = source ?? new URL('../../models/exemplars/fluidr3-marimba.exemplars', import.meta.url);
  const fail = (cause?: unknown, status?: number): never => {
    throw new SoundError(`The exemplars at ${String(url)} cannot be fetched${status ? ` (${status})` : ''}.`, {
      cause,
    });
  };
  const response = await fetch(url).catch((cause: unknown) => fail(cause));
  if (!response.ok) return fail(undefined, response.status);
  return decodeExemplars(new Uint8Array(await response.arrayBuffer()), String(url));
}
