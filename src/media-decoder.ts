// Which decoder of compressed sound and video this machine has: node-av (FFmpeg as a native addon, an optional dependency) or an
// `ffmpeg` command of the machine's own, the way without GPL code in one's node_modules. Node only.
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { UnsupportedError } from './errors.js';
import type { DecoderChoice } from './types.js';

/** The parts of node-av in use. */
export type NodeAv = Pick<typeof import('node-av/api'), 'Decoder' | 'Demuxer' | 'FilterAPI'>;

/** The decoder found. */
export type MediaDecoder =
  | { readonly kind: 'node-av'; readonly av: NodeAv }
  | { readonly kind: 'ffmpeg'; /** Path of the command. */ readonly ffmpeg: string };

/** Path of the ffmpeg command: `$FFMPEG_PATH` if set, else the first on `$PATH`; undefined when there is none. */
export async function findFfmpeg(): Promise<string | undefined> {
  const { FFMPEG_PATH: named, PATH: path = '' } = process.env;
  const name = process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg';
  const candidates = named ? [named] : path.split(delimiter).map((folder) => join(folder, name));
  for (const candidate of candidates) {
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not here; the next.
    }
  }
  return undefined;
}

let loading: Promise<NodeAv | undefined> | undefined;

/** node-av, or undefined where it is not installed or has no binary for this machine. */
export async function nodeAv(): Promise<NodeAv | undefined> {
  loading ??= (async () => {
    try {
      const [api, lib, constants] = await Promise.all([
        import('node-av/api'),
        import('node-av/lib'),
        import('node-av/constants'),
      ]);
      // FFmpeg would print on our standard error.
      lib.Log.setLevel(constants.AV_LOG_QUIET);
      return api;
    } catch {
      return undefined;
    }
  })();
  return loading;
}

/** Checks the name of a decoder. @throws {RangeError} when it is another. */
export function checkDecoder(decoder: string): asserts decoder is DecoderChoice {
  if (!['auto', 'node-av', 'ffmpeg'].includes(decoder)) {
    throw new RangeError(`decoder: expected auto, node-av or ffmpeg, got ${decoder}.`);
  }
}

/**
 * Finds the decoder.
 * @param name what messages call the file that needs it.
 * @param otherwise a last sentence for the message, such as what needs no decoder.
 * @throws {UnsupportedError} when there is none; the message says what to install.
 */
export async function findDecoder(decoder: DecoderChoice, name: string, otherwise = ''): Promise<MediaDecoder> {
  const ffmpegFirst = decoder === 'ffmpeg' || (decoder === 'auto' && Boolean(process.env.FFMPEG_PATH));
  if (!ffmpegFirst) {
    const av = await nodeAv();
    if (av) return { kind: 'node-av', av };
    if (decoder === 'node-av') {
      throw new UnsupportedError(`node-av is not installed, or not made for this machine; try: npm install node-av.`);
    }
  }
  const ffmpeg = await findFfmpeg();
  if (ffmpeg !== undefined) return { kind: 'ffmpeg', ffmpeg };
  throw new UnsupportedError(
    `${name} needs a decoder: install ffmpeg (on the PATH, or named by FFMPEG_PATH), or npm install node-av.${otherwise}`,
    { facts: { file: name } },
  );
}
