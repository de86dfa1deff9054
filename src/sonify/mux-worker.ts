// The thread that puts a sound beside a copied picture with node-av. Its text is inlined by scripts/build.mjs.
import { parentPort, workerData } from 'node:worker_threads';
import type { MuxAnswer, MuxJob } from './mux.js';

type Api = typeof import('node-av/api');
type Lib = typeof import('node-av/lib');
type Constants = typeof import('node-av/constants');
type Packet = import('node-av/lib').Packet;

const { video, sound, output, first, modules } = workerData as MuxJob;

// What AAC can be sampled at, Hz.
const rates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000];
const bitRate = 160_000n;

async function mux(): Promise<void> {
  const [api, lib, constants] = (await Promise.all([
    import(modules.api),
    import(modules.lib),
    import(modules.constants),
  ])) as [Api, Lib, Constants];
  lib.Log.setLevel(constants.AV_LOG_QUIET);
  const check = (code: number): void => {
    if (code < 0) lib.FFmpegError.throwIfError(code);
  };
  const none = constants.AV_NOPTS_VALUE;

  const pictures = api.Demuxer.openSync(video);
  const track = pictures.streams.find(
    ({ codecpar, disposition }) =>
      codecpar.codecType === constants.AVMEDIA_TYPE_VIDEO &&
      (disposition & constants.AV_DISPOSITION_ATTACHED_PIC) === 0,
  )!;
  const sounds = api.Demuxer.openSync(sound);
  const samples = sounds.audio()!;
  const decoder = api.Decoder.createSync(samples, {});
  const rate = rates.includes(samples.codecpar.sampleRate) ? samples.codecpar.sampleRate : 48_000;
  const filter = api.FilterAPI.create(
    `aformat=sample_fmts=fltp:channel_layouts=mono:sample_rates=${rate},asetnsamples=1024:p=0`,
    {},
  );
  const codec = lib.Codec.findEncoder(constants.AV_CODEC_ID_AAC)!;
  const encoder = new lib.CodecContext();
  encoder.allocContext3(codec);
  encoder.sampleRate = rate;
  encoder.channelLayout = constants.AV_CHANNEL_LAYOUT_MONO;
  encoder.sampleFormat = constants.AV_SAMPLE_FMT_FLTP;
  encoder.bitRate = bitRate;
  const audioTime = new lib.Rational(1, rate);
  encoder.timeBase = audioTime;
  encoder.setFlags(constants.AV_CODEC_FLAG_GLOBAL_HEADER);
  check(encoder.open2Sync(codec, null));

  const file = new lib.FormatContext();
  check(file.allocOutputContext2(null, 'mp4', output));
  const picture = file.newStream(null);
  check(track.codecpar.copy(picture.codecpar));
  // Apple's players know HEVC by this name only; the others' are the muxer's choice.
  picture.codecpar.codecTag = track.codecpar.codecId === constants.AV_CODEC_ID_HEVC ? 'hvc1' : 0;
  picture.timeBase = track.timeBase;
  picture.avgFrameRate = track.avgFrameRate;
  picture.sampleAspectRatio = track.sampleAspectRatio;
  const audio = file.newStream(null);
  // With the encoder's delay, which becomes an edit list: players leave it out.
  check(audio.codecpar.fromContext(encoder));
  audio.timeBase = audioTime;
  check(file.openOutputSync());
  check(file.writeHeaderSync(lib.Dictionary.fromObject({ movflags: '+faststart' })));

  /** The sound, coded. A packet is valid until the next one is asked for. */
  function* coded(): Generator<Packet, void> {
    const packet = new lib.Packet();
    packet.alloc();
    function* ready(): Generator<Packet, void> {
      while (encoder.receivePacketSync(packet) >= 0) yield packet;
    }
    function* frames() {
      for (const raw of sounds.packetsSync(samples.index)) {
        for (const frame of decoder.framesSync(raw)) {
          if (frame) for (const out of filter.framesSync(frame)) if (out) yield out;
          frame?.free();
        }
        raw?.free();
        if (raw === null) break;
      }
      for (const out of filter.framesSync(null)) if (out) yield out;
    }
    let at = 0n;
    for (const frame of frames()) {
      frame.pts = at;
      frame.timeBase = audioTime;
      at += BigInt(frame.nbSamples);
      check(encoder.sendFrameSync(frame));
      frame.free();
      yield* ready();
    }
    check(encoder.sendFrameSync(null));
    yield* ready();
    packet.free();
  }

  const rest = coded();
  let next = rest.next();
  /** Writes the sound up to a time, s. */
  const writeSound = (until: number): void => {
    for (; next.done !== true && Number(next.value.pts) / rate < until; next = rest.next()) {
      const packet = next.value.clone()!;
      packet.streamIndex = audio.index;
      packet.rescaleTs(audioTime, audio.timeBase);
      check(file.interleavedWriteFrameSync(packet));
      packet.free();
    }
  };

  const { num, den } = track.timeBase;
  const zero = Math.max(0, pictures.startTime) + first;
  const shift = BigInt(Math.round((zero * den) / num));
  let last = none;
  for (const packet of pictures.packetsSync(track.index)) {
    if (packet === null) break;
    if (packet.pts !== none) packet.pts -= shift;
    if (packet.dts !== none) packet.dts -= shift;
    // Matroska keeps no times of decoding: those before the first that can be told follow from the reordering.
    else if (last !== none) packet.dts = last + packet.duration;
    else if (packet.pts !== none) packet.dts = packet.pts - BigInt(track.codecpar.videoDelay) * packet.duration;
    last = packet.dts;
    if (last !== none) writeSound((Number(last) * num) / den);
    packet.streamIndex = picture.index;
    packet.rescaleTs(track.timeBase, picture.timeBase);
    check(file.interleavedWriteFrameSync(packet));
    packet.free();
  }
  writeSound(Infinity);
  check(file.writeTrailerSync());
  file.closeOutputSync();
  file.freeContext();
  encoder.freeContext();
  filter.close();
  decoder.close();
  sounds.closeSync();
  pictures.closeSync();
}

const answer = (what: MuxAnswer): void => {
  parentPort!.postMessage(what);
};

// Not at the top level: a thread started from text is a script, not a module.
mux().then(
  () => {
    answer('done');
  },
  (error: unknown) => {
    answer({ problem: error instanceof Error ? error.message : String(error) });
  },
);
