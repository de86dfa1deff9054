// What a container's index says of its sound track, without decoding: mediabunny, in Node and the browser.
import { ALL_FORMATS, FLAC, Input, MP4, QTFF, type InputAudioTrack, type InputFormat, type Source } from 'mediabunny';
import { quietly } from '../media-quiet.js';

/** What the index says. */
export interface MediaIndex {
  /** The first sound track; undefined when there are only others. */
  readonly track: InputAudioTrack | undefined;
  /** Seconds of sound on the file's time line, where the index knows exactly; undefined where it could only guess. */
  readonly duration: number | undefined;
  /** How much later the sound track starts than the file's earliest track, s. */
  readonly lead: number;
  /** Start of the file's earliest track on the file's time line, s. */
  readonly start: number;
}

/** The others do not know: an MP3 guesses from its bit rate, an Ogg asks its last page, which a cut file has as well. */
async function exactDuration(format: InputFormat, track: InputAudioTrack, start: number): Promise<number | undefined> {
  if (format === FLAC) return (await track.getDurationFromMetadata()) ?? undefined;
  if (format !== MP4 && format !== QTFF) return undefined;
  return (await track.computeDuration({ metadataOnly: true })) - start;
}

/** Reads the index; undefined when mediabunny does not know the container or finds it damaged. */
export async function readMediaIndex(source: Source): Promise<MediaIndex | undefined> {
  const input = new Input({ source, formats: ALL_FORMATS });
  return quietly(async () => {
    const format = await input.getFormat();
    const tracks = await input.getTracks();
    if (tracks.length === 0) return undefined;
    const track = tracks.find((candidate) => candidate.isAudioTrack());
    const starts = await Promise.all(tracks.map((candidate) => candidate.getFirstTimestamp()));
    const start = Math.max(0, Math.min(...starts));
    const lead = track ? Math.max(0, (await track.getFirstTimestamp()) - start) : 0;
    return { track, duration: track && (await exactDuration(format, track, start)), lead, start };
  }).catch(() => undefined);
}
