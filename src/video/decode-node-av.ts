// Luma through node-av, in a thread of its own. Its synchronous calls, because the asynchronous ones yield nothing on Node 20.
import type { Demuxer, Decoder, FilterAPI } from 'node-av/api';
import type { Frame } from 'node-av/lib';
import { lumaDepth, placeLuma, toLuma } from './luma.js';
import type { DecodeJob, LumaSource } from './luma-source.js';

type Api = typeof import('node-av/api');
type Lib = typeof import('node-av/lib');
type Constants = typeof import('node-av/constants');

/** Opens a file. @throws FFmpeg's own error. */
export async function openWithNodeAv(job: DecodeJob): Promise<LumaSource> {
  if (job.decoder.kind !== 'node-av') throw new TypeError('expected node-av');
  const { file, stream, width, height, orientation } = job;
  const [api, lib, constants] = (await Promise.all([
    import(job.decoder.api),
    import(job.decoder.lib),
    import(job.decoder.constants),
  ])) as [Api, Lib, Constants];
  lib.Log.setLevel(constants.AV_LOG_QUIET);
  const demuxer: Demuxer = api.Demuxer.openSync(file);
  let decoder: Decoder | undefined;
  let filter: FilterAPI | undefined;
  let filtered = '';

  /** Frames of another size or without a luma plane of their own, as the ffmpeg command would convert them. */
  const convert = (frame: Frame, format: string): Frame | null => {
    const key = `${format} ${frame.width}x${frame.height}`;
    if (filtered !== key) {
      filter?.close();
      const keep = lumaDepth(format) === undefined ? toLuma : `format=${format}`;
      filter = api.FilterAPI.create(`scale=${width}:${height},${keep}`, {});
      filtered = key;
    }
    for (const out of filter!.framesSync(frame)) if (out) return out;
    return null;
  };

  const place = (frame: Frame, target: Uint8Array): number | undefined => {
    const format = lib.avGetPixFmtName(frame.format as Parameters<typeof lib.avGetPixFmtName>[0]) ?? '';
    const direct = frame.width === width && frame.height === height && lumaDepth(format) !== undefined;
    const shown = direct ? frame : convert(frame, format);
    if (shown === null) return undefined;
    try {
      const plane = shown.data![0];
      const depth = direct ? lumaDepth(format)! : (lumaDepth(format) ?? 8);
      placeLuma({ bytes: plane, stride: shown.linesize[0], depth }, width, height, orientation, target);
    } finally {
      if (!direct) shown.free();
    }
    const { bestEffortTimestamp: time } = frame;
    return time === constants.AV_NOPTS_VALUE ? NaN : (Number(time) * timeBase.num) / timeBase.den;
  };

  const track = demuxer.streams[stream];
  const { timeBase } = track;
  function* frames(): Generator<Frame> {
    for (const packet of demuxer.packetsSync(stream)) {
      try {
        for (const frame of decoder!.framesSync(packet)) if (frame) yield frame;
      } finally {
        packet?.free();
      }
      if (packet === null) return;
    }
  }
  let sequence: Generator<Frame>;
  try {
    decoder = api.Decoder.createSync(track, { exitOnError: false });
    sequence = frames();
  } catch (error) {
    demuxer.closeSync();
    throw error;
  }
  return {
    complaint: '',
    next(target) {
      for (;;) {
        const step = sequence.next();
        if (step.done === true) return undefined;
        const frame = step.value;
        try {
          const time = place(frame, target);
          if (time !== undefined) return time;
        } finally {
          frame.free();
        }
      }
    },
    close() {
      sequence.return(undefined);
      filter?.close();
      decoder.close();
      demuxer.closeSync();
    },
  };
}
