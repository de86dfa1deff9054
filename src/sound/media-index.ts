// What a container's index says of its sound track, without decoding: mediabunny, in Node and the browser.
import { ALL_FORMATS, FLAC, Input, MP4, QTFF, type InputAudioTrack, type Source } from 'mediabunny';

/** What the index says. */
export interface MediaIndex {
  /** The first sound track; undefined when there are only others. */
  readonly track: InputAudioTrack | undefined;
  /** Seconds of sound on the file's time line, where the index knows exactly; undefined where it could only guess. */
  readonly duration: number | undefined;
  /** Start of the file's earliest track, s. */
  readonly start: number;
}

/** Reads the index; undefined when mediabunny does not know the container or finds it damaged. */
export async function readMediaIndex(source: Source): Promise<MediaIndex | undefined> {
  const input = new Input({ source, formats: ALL_FORMATS });
  try {
    const format = await input.getFormat();
    const tracks = await input.getTracks();
    if (tracks.length === 0) return undefined;
    const track = tracks.find((candidate) => candidate.isAudioTrack());
    const starts = await Promise.all(tracks.map((candidate) => candidate.getFirstTimestamp()));
    const start = Math.max(0, Math.min(...starts));
    // The others do not know: an MP3 guesses from its bit rate, an Ogg asks its last page, which a cut file has as well.
    const indexed = format === MP4 || format === QTFF || format === FLAC;
    const duration = track && indexed ? (await track.computeDuration({ metadataOnly: true })) - start : undefined;
    return { track, duration, start };
  } catch {
    return undefined;
  }
}
