// What every decoder of compressed sound must give: the sound on the file's own time line. Shared by Node's two decoders.
import { SoundError } from '../errors.js';

/**
 * The same filters in node-av and in the ffmpeg command: the track's first sample at `lead` seconds after the start of the file's
 * earliest track, silence before it and in its holes. Encoder delay is gone by then; a first frame that pretends to start late, as
 * Vorbis's and Opus's do, starts where its track does.
 * @param lead s; undefined leaves it to the frames' own time stamps.
 */
export function timelineFilter(lead: number | undefined): string {
  const shift = lead === undefined ? '' : `asetpts=PTS-STARTPTS+${lead.toFixed(6)}/TB,`;
  return `${shift}aresample=async=1:first_pts=0`;
}

/** A sentence for a sound file that stops before its index says it should. */
export function endsEarly(file: string, seconds: number, expected: number): SoundError {
  return new SoundError(
    `${file} ends early: ${seconds.toFixed(2)} of ${expected.toFixed(2)} s are there; copy or export it again.`,
    { facts: { file, seconds, secondsExpected: expected } },
  );
}

/** A sentence for a file that no decoder understands. */
export function notSound(file: string, cause?: unknown): SoundError {
  return new SoundError(`${file} is not a sound or video file that can be read, or it is damaged.`, {
    cause,
    facts: { file },
  });
}

/** A sentence for a video without sound. */
export function noSoundTrack(file: string): SoundError {
  return new SoundError(`${file} has no sound track.`, { facts: { file } });
}
