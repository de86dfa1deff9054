// What a file's index says of its picture, through node-av or ffprobe, without decoding it. Node only.
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { UnsupportedError, VideoError } from '../errors.js';
import type { FrameRate } from '../frame-rate.js';
import type { LumaRange } from '../kernels/pixel-format.js';
import type { NodeAv } from '../media-decoder.js';
import { lumaDepth, orientationOf, type Orientation } from './luma.js';

/** The first video track of a file. */
export interface VideoTrack {
  /** Its number among the file's streams. */
  readonly stream: number;
  /** Coded size, pixels. */
  readonly width: number;
  /** Coded size, pixels. */
  readonly height: number;
  /** FFmpeg's name, such as "yuv420p". */
  readonly pixelFormat: string;
  /** FFmpeg's name of the codec, where it is known. */
  readonly codec: string;
  /** How it is shown. */
  readonly orientation: Orientation;
  /** Black and white of the luma that is delivered. */
  readonly range: LumaRange;
  /** Mean frame rate, where the file says one. */
  readonly frameRate: FrameRate | undefined;
  /** Time stamp that counts as zero: where the file's earliest track starts, s. */
  readonly zero: number;
  /** Whether its container has edit lists. */
  readonly editable: boolean;
  /** Frames the index lists, also those an edit list hides. */
  readonly listed: number | undefined;
  /** Where the index says the picture ends, from `zero`, s. */
  readonly end: number | undefined;
}

/** A sentence for a file that no decoder understands. */
export function notVideo(file: string, cause?: unknown): VideoError {
  return new VideoError(`${file} is not a video file that can be read, or it is damaged or cut short.`, {
    cause,
    facts: { file },
  });
}

const noVideoTrack = (file: string): VideoError => new VideoError(`${file} has no video track.`, { facts: { file } });

function unknownCodec(file: string, codec: string): VideoError {
  return new VideoError(
    `${file} is coded in a way that this decoder does not know${codec === '' ? '' : ` (${codec})`}; convert it to H.264.`,
    { facts: { file, codec } },
  );
}

const guarded = (file: string): VideoError =>
  new VideoError(`${file} is protected against copying and cannot be decoded; take an unprotected copy.`, {
    facts: { file },
  });

/** "00:00:01.007000000", as Matroska's tags give a track's length, in s. */
function clock(text: string | undefined | null): number | undefined {
  const match = /^(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(text ?? '');
  return match ? Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]) : undefined;
}

function rangeOf(pixelFormat: string, full: boolean, limited: boolean): LumaRange {
  if (lumaDepth(pixelFormat) === undefined) return 'limited';
  if (pixelFormat.startsWith('yuvj') || full) return 'full';
  // As FFmpeg reads gray that does not say.
  return pixelFormat.startsWith('gray') && !limited ? 'full' : 'limited';
}

const ratio = ({ num, den }: FrameRate): FrameRate | undefined =>
  num > 0 && den > 0 && num / den <= 1000 ? { num, den } : undefined;

/**
 * Asks node-av.
 * @param name what messages call the file.
 * @throws {VideoError} when it is no video, or nobody can decode it.
 */
export async function probeWithNodeAv(av: NodeAv, file: string, name: string): Promise<VideoTrack> {
  const [{ avGetPixFmtName, avGetCodecName, Codec }, constants] = await Promise.all([
    import('node-av/lib'),
    import('node-av/constants'),
  ]);
  let demuxer;
  try {
    demuxer = av.Demuxer.openSync(resolve(file));
  } catch (cause) {
    throw notVideo(name, cause);
  }
  try {
    const track = demuxer.streams.find(
      ({ codecpar, disposition }) =>
        codecpar.codecType === constants.AVMEDIA_TYPE_VIDEO &&
        (disposition & constants.AV_DISPOSITION_ATTACHED_PIC) === 0,
    );
    if (track === undefined) throw noVideoTrack(name);
    const { codecpar: coded, timeBase, startTime, duration } = track;
    const codec = avGetCodecName(coded.codecId) ?? '';
    if (!Codec.findDecoder(coded.codecId)) throw unknownCodec(name, codec === 'none' ? '' : codec);
    const pixelFormat = avGetPixFmtName(coded.format as Parameters<typeof avGetPixFmtName>[0]) ?? '';
    if (coded.width < 1 || coded.height < 1 || pixelFormat === '') throw notVideo(name);
    for (const packet of demuxer.packetsSync(track.index)) {
      const key = packet?.getSideData(constants.AV_PKT_DATA_ENCRYPTION_INFO);
      packet?.free();
      if (key) throw guarded(name);
      break;
    }
    const seconds = (ticks: bigint): number | undefined =>
      ticks === constants.AV_NOPTS_VALUE ? undefined : (Number(ticks) * timeBase.num) / timeBase.den;
    const zero = Math.max(0, demuxer.startTime);
    const lasts = seconds(duration) ?? clock(track.metadata?.get('DURATION'));
    const matrix = coded.getCodedSideData(constants.AV_PKT_DATA_DISPLAYMATRIX);
    return {
      stream: track.index,
      width: coded.width,
      height: coded.height,
      pixelFormat,
      codec,
      orientation: orientationOf(
        matrix === null ? undefined : Array.from({ length: 9 }, (_, i) => matrix.readInt32LE(4 * i)),
      ),
      range: rangeOf(
        pixelFormat,
        coded.colorRange === constants.AVCOL_RANGE_JPEG,
        coded.colorRange === constants.AVCOL_RANGE_MPEG,
      ),
      frameRate: ratio(track.avgFrameRate) ?? ratio(track.rFrameRate),
      zero,
      editable: demuxer.formatName.includes('mov'),
      listed: track.nbFrames > 0n ? Number(track.nbFrames) : undefined,
      end: lasts === undefined ? undefined : (seconds(startTime) ?? zero) - zero + lasts,
    };
  } finally {
    demuxer.closeSync();
  }
}

interface ProbedStream {
  readonly index: number;
  readonly codec_name?: string;
  readonly width?: number;
  readonly height?: number;
  readonly pix_fmt?: string;
  readonly color_range?: string;
  readonly avg_frame_rate?: string;
  readonly r_frame_rate?: string;
  readonly start_time?: string;
  readonly duration?: string;
  readonly nb_frames?: string;
  readonly disposition?: { readonly attached_pic?: number };
  readonly tags?: Readonly<Record<string, string>>;
  readonly side_data_list?: readonly { readonly displaymatrix?: string }[];
}

/** ffprobe lies beside ffmpeg, by the same kind of name. */
async function findFfprobe(ffmpeg: string): Promise<string> {
  const beside = join(dirname(ffmpeg), basename(ffmpeg).replace('ffmpeg', 'ffprobe'));
  try {
    await access(beside);
    return beside;
  } catch {
    throw new UnsupportedError(`There is no ffprobe beside ${ffmpeg}; install both, or npm install node-av.`);
  }
}

/** "00000000: 0 65536 0\n00000001: ..." as numbers. */
function parseMatrix(text: string | undefined): number[] | undefined {
  return text
    ?.split('\n')
    .filter((line) => line.includes(':'))
    .flatMap((line) =>
      line
        .slice(line.indexOf(':') + 1)
        .trim()
        .split(/\s+/)
        .map(Number),
    );
}

function parseRatio(text: string | undefined): FrameRate | undefined {
  const [num, den] = (text ?? '').split('/').map(Number);
  return ratio({ num, den });
}

const numberOf = (text: string | undefined): number | undefined => {
  const value = Number(text ?? NaN);
  return Number.isFinite(value) ? value : undefined;
};

/**
 * Asks the ffprobe that lies beside an ffmpeg.
 * @param name what messages call the file.
 * @throws {VideoError} when it is no video, or nobody can decode it.
 */
export async function probeWithFfmpeg(ffmpeg: string, file: string, name: string): Promise<VideoTrack> {
  const ffprobe = await findFfprobe(ffmpeg);
  const asked = ['-v', 'error', '-protocol_whitelist', 'file,pipe', '-of', 'json', '-show_streams', '-show_format'];
  let answer: {
    streams?: readonly ProbedStream[];
    format?: { start_time?: string; format_name?: string };
    packets?: readonly { side_data_list?: readonly { side_data_type?: string }[] }[];
  };
  try {
    const { stdout } = await promisify(execFile)(
      ffprobe,
      // The first packet tells whether it is encrypted.
      [...asked, '-show_packets', '-read_intervals', '%+#1', '-select_streams', 'v', '-i', `file:${resolve(file)}`],
      { maxBuffer: 1 << 24 },
    );
    answer = JSON.parse(stdout) as typeof answer;
  } catch (cause) {
    throw notVideo(name, cause);
  }
  const track = answer.streams?.find(({ disposition }) => disposition?.attached_pic !== 1);
  if (track === undefined) throw noVideoTrack(name);
  const { codec_name: codec, width = 0, height = 0, pix_fmt: pixelFormat } = track;
  if (codec === undefined || codec === 'none' || codec === 'unknown') throw unknownCodec(name, '');
  if (pixelFormat === undefined || width < 1 || height < 1) throw notVideo(name);
  if (answer.packets?.[0]?.side_data_list?.some(({ side_data_type: type }) => type === 'Encryption info')) {
    throw guarded(name);
  }
  const zero = Math.max(0, numberOf(answer.format?.start_time) ?? 0);
  const lasts = numberOf(track.duration) ?? clock(track.tags?.DURATION);
  const listed = numberOf(track.nb_frames);
  return {
    stream: track.index,
    width,
    height,
    pixelFormat,
    codec,
    orientation: orientationOf(
      parseMatrix(track.side_data_list?.find(({ displaymatrix }) => displaymatrix !== undefined)?.displaymatrix),
    ),
    range: rangeOf(pixelFormat, track.color_range === 'pc', track.color_range === 'tv'),
    frameRate: parseRatio(track.avg_frame_rate) ?? parseRatio(track.r_frame_rate),
    zero,
    editable: (answer.format?.format_name ?? '').includes('mov'),
    listed: listed !== undefined && listed > 0 ? listed : undefined,
    end: lasts === undefined ? undefined : (numberOf(track.start_time) ?? zero) - zero + lasts,
  };
}
