// What a place in the stream of clips holds: a simulated clip, or a piece of one's own recordings.
import type { Kernels } from '../kernels/module.js';
import { openCodecs } from './compression.js';
import { openOwnClips, ownSequences } from './own-clips.js';
import { clipSequences, type SequenceOptions, type Sequences } from './scene-sequences.js';

/** How clips are made, and whose. */
export interface SequenceMakerOptions extends SequenceOptions {
  /** Datasets of one's own; none where left out. */
  readonly data?: readonly { readonly file: string }[];
  /** Share of the clips that comes from them, 0..1. */
  readonly own?: number;
}

/**
 * Gets ready to make sequences. The share of own clips is spread evenly over the places.
 * @throws {VideoError} when a dataset cannot be used.
 * @throws {UnsupportedError} when clips are to be compressed and there are no codecs.
 */
export async function sequenceMaker(
  kernels: Kernels,
  options: SequenceMakerOptions,
): Promise<(place: number) => Sequences> {
  const { data = [], own = 0, compressed } = options;
  const codecs = compressed ? await openCodecs() : undefined;
  const opened = data.length > 0 && own > 0 ? await openOwnClips(data.map(({ file }) => file)) : undefined;
  const clips = opened?.clips.filter(({ use }) => use === 'train') ?? [];
  return (place) =>
    opened && Math.floor((place + 1) * own) > Math.floor(place * own)
      ? ownSequences(kernels, clips, options, Math.floor(place * own))
      : clipSequences(kernels, options, place, codecs);
}
