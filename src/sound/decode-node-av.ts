// Compressed sound in Node through node-av (FFmpeg as a native addon, an optional dependency).
// Its synchronous calls, because the asynchronous ones yield nothing on Node 20; a packet takes some 50 us, and the event loop
// gets its turn every few milliseconds, so no worker is needed and the reader's pace bounds the memory.
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Decoder, Demuxer, FilterAPI } from 'node-av/api';
import { SoundError } from '../errors.js';
import type { NodeAv } from '../media-decoder.js';
import type { SoundStream } from '../types.js';
import { noSoundTrack, notSound, timelineFilter } from './coded.js';
import { decodePcm } from './pcm.js';

// How long the event loop waits at most, ms.
const patience = 8;

/**
 * The first sound track of a file, decoded as it is read.
 * @param name what messages call it.
 * @throws {SoundError} when the file is not media or has no sound track.
 */
export function openWithNodeAv(av: NodeAv, file: string, name: string): SoundStream {
  const probe = open(av, file, name);
  let facts;
  try {
    facts = factsOf(probe, name);
  } finally {
    probe.closeSync();
  }
  const { sampleRate, channelCount } = facts;
  return {
    sampleRate,
    channelCount,
    async *blocks() {
      const demuxer = open(av, file, name);
      let decoder: Decoder | undefined;
      let filter: FilterAPI | undefined;
      try {
        const stream = demuxer.audio()!;
        decoder = av.Decoder.createSync(stream, { exitOnError: false });
        filter = av.FilterAPI.create(
          `${timelineFilter(leadOf(demuxer))},aformat=sample_fmts=flt:sample_rates=${sampleRate}`,
          {},
        );
        let turn = performance.now();
        for (const packet of demuxer.packetsSync(stream.index)) {
          try {
            yield* decoded(decoder, filter, packet, channelCount, name);
          } finally {
            packet?.free();
          }
          if (packet === null) break;
          if (performance.now() - turn > patience) {
            await setImmediate();
            turn = performance.now();
          }
        }
      } finally {
        filter?.close();
        decoder?.close();
        demuxer.closeSync();
      }
    },
  };
}

function open(av: NodeAv, file: string, name: string): Demuxer {
  try {
    // Absolute, so that no name is taken for a protocol.
    return av.Demuxer.openSync(resolve(file));
  } catch (cause) {
    throw notSound(name, cause);
  }
}

function factsOf(demuxer: Demuxer, name: string): Pick<SoundStream, 'sampleRate' | 'channelCount'> {
  const stream = demuxer.audio();
  if (!stream) throw noSoundTrack(name);
  const { sampleRate, channelLayout } = stream.codecpar;
  const channelCount = channelLayout.nbChannels;
  if (sampleRate < 1 || channelCount < 1) throw notSound(name);
  return { sampleRate, channelCount };
}

/** How much later the sound starts than the earliest stream, whose start is the container's, s. */
function leadOf(demuxer: Demuxer): number {
  const { startTime, timeBase } = demuxer.audio()!;
  const start = (Number(startTime) * timeBase.num) / timeBase.den;
  // A stream without a start says the least 64-bit integer.
  return startTime < 0n ? 0 : Math.max(0, start - Math.max(0, demuxer.startTime));
}

type Packet = Parameters<Decoder['framesSync']>[0];

/** What one packet (null: the end) gives, after the filter. */
function* decoded(
  decoder: Decoder,
  filter: FilterAPI,
  packet: Packet,
  channelCount: number,
  name: string,
): Generator<Float32Array[]> {
  const emit = function* (frame: Parameters<FilterAPI['framesSync']>[0]): Generator<Float32Array[]> {
    for (const out of filter.framesSync(frame)) {
      if (!out) continue;
      try {
        if (out.channels !== channelCount) {
          throw new SoundError(`${name} changes from ${channelCount} to ${out.channels} channels; convert it first.`);
        }
        const frames = out.nbSamples;
        const channels = Array.from({ length: channelCount }, () => new Float32Array(frames));
        // Copied, so that float32 lies at an address it can be viewed from.
        if (!decodePcm('f32', new Uint8Array(out.toBuffer()), frames, channels)) throw notSound(name);
        if (frames > 0) yield channels;
      } finally {
        out.free();
      }
    }
  };
  for (const frame of decoder.framesSync(packet)) {
    if (!frame) continue;
    try {
      yield* emit(frame);
    } finally {
      frame.free();
    }
  }
  if (packet === null) yield* emit(null);
}
