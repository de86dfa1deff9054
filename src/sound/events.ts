// Strikes as JSON: the events file.
import { SoundError } from '../errors.js';
import { midiToName } from '../notes.js';
import type { Strike } from '../types.js';

const format = 'deep-marimba/events@1';

/** What an events file says beside the strikes. */
export interface EventsFacts {
  /** File the strikes were found in. */
  readonly source?: string;
  /** Length of the performance, s. */
  readonly duration?: number;
  /** Layout of the instrument. */
  readonly layout?: string;
  /** What the source lacks, where it was not whole. */
  readonly problem?: string;
}

/** Strikes and what is known of them. */
export interface Events extends EventsFacts {
  /** Sorted by time. */
  readonly strikes: readonly Strike[];
}

/** The JSON text of strikes, sorted by time, one a line; times to 10 us, velocities to 4 digits. */
export function formatEvents(strikes: readonly Strike[], facts: EventsFacts = {}): string {
  const { source, duration = strikes.reduce((latest, { time }) => Math.max(latest, time), 0), layout, problem } = facts;
  const head = JSON.stringify({ format, source, duration, layout, problem }).slice(0, -1);
  const lines = [...strikes]
    .sort((a, b) => a.time - b.time)
    .map(({ time, midi, velocity }) =>
      JSON.stringify({
        time: Number(time.toFixed(5)),
        midi,
        name: midiToName(midi),
        velocity: Number(velocity.toFixed(4)),
      }),
    );
  return `${head},"events":[${lines.length > 0 ? `\n${lines.join(',\n')}\n` : ''}]}\n`;
}

/**
 * Reads an events file.
 * @param value the parsed JSON.
 * @param name what messages call the file.
 * @throws {SoundError} when it is something else or an event makes no sense.
 */
export function parseEvents(value: unknown, name: string): Events {
  const fail = (what: string): never => {
    throw new SoundError(`${name} ${what}`, { facts: { file: name } });
  };
  const file = value as Partial<
    Record<'format' | 'source' | 'duration' | 'layout' | 'problem' | 'events', unknown>
  > | null;
  if (typeof file !== 'object' || file?.format !== format) return fail(`is not an events file (${format}).`);
  if (!Array.isArray(file.events)) return fail('has no list of events.');
  const strikes = file.events.map((event: unknown, i): Strike => {
    const { time, midi, velocity } = (event ?? {}) as Partial<Record<keyof Strike, unknown>>;
    const whole =
      typeof time === 'number' &&
      Number.isFinite(time) &&
      time >= 0 &&
      typeof midi === 'number' &&
      Number.isInteger(midi) &&
      midi >= 0 &&
      midi <= 127 &&
      typeof velocity === 'number' &&
      velocity >= 0 &&
      velocity <= 1;
    if (!whole) {
      return fail(`has event ${i} of ${JSON.stringify(event)}, expected time (s), midi (0..127) and velocity (0..1).`);
    }
    return { time, midi, velocity };
  });
  const { source, duration, layout, problem } = file;
  return {
    strikes: strikes.sort((a, b) => a.time - b.time),
    ...(typeof source === 'string' ? { source } : {}),
    ...(typeof duration === 'number' && duration >= 0 ? { duration } : {}),
    ...(typeof layout === 'string' ? { layout } : {}),
    ...(typeof problem === 'string' ? { problem } : {}),
  };
}
