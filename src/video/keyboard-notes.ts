// Which naturals a row is, by where the accidentals stand beside it.

const naturalSteps = [0, 2, 4, 5, 7, 9, 11];

/** MIDI number of a natural, counted from C: 0 is 0, 7 is 12. */
export const natural = (index: number): number => 12 * Math.floor(index / 7) + naturalSteps[((index % 7) + 7) % 7];

/** A row of naturals and the accidentals that belong to it. */
export interface MatchedNotes {
  /** The first natural, counted from C: 0..6. */
  readonly offset: number;
  /** All accidentals, low to high: after which natural (-1: before the first), where, and the distance of naturals there. */
  readonly accidentals: readonly { readonly after: number; readonly x: number; readonly pitch: number }[];
}

// Accidentals that are missing or too many, at most this share of those there should be.
const mostWrong = 0.4;

/**
 * Finds the naturals that fit where accidentals were seen best.
 * @param naturals places of their centres, low to high, on the instrument's plan view.
 * @param seen places of accidentals, any of which may be wrong.
 */
export function matchNotes(naturals: readonly number[], seen: readonly number[]): MatchedNotes | undefined {
  const count = naturals.length;
  if (count < 3) return undefined;
  // Half-ways between naturals, and one beyond either end: index k is after natural k - 1.
  const pitchAt = (k: number): number => {
    const i = Math.min(count - 1, Math.max(1, k));
    return naturals[i] - naturals[i - 1];
  };
  const half = Array.from({ length: count + 1 }, (_, k) =>
    k < count ? naturals[k] - pitchAt(k) / 2 : naturals[count - 1] + pitchAt(k) / 2,
  );
  const there = half.map((x, k) => seen.some((other) => Math.abs(other - x) < 0.27 * pitchAt(k)));
  const stray = seen.filter((other) => !half.some((x, k) => Math.abs(other - x) < 0.27 * pitchAt(k))).length;
  const may = (offset: number, k: number): boolean => natural(offset + k) - natural(offset + k - 1) === 2;
  const wrong = Array.from({ length: 7 }, (_, offset) => {
    let sum = stray;
    for (let k = 1; k < count; k++) if (may(offset, k) !== there[k]) sum++;
    for (const k of [0, count]) if (there[k] && !may(offset, k)) sum++;
    return sum;
  });
  const offset = wrong.indexOf(Math.min(...wrong));
  const accidentals = half.flatMap((x, k) =>
    may(offset, k) && ((k > 0 && k < count) || there[k]) ? [{ after: k - 1, x, pitch: pitchAt(k) }] : [],
  );
  const second = Math.min(...wrong.filter((_, k) => k !== offset));
  if (wrong[offset] > mostWrong * accidentals.length || second < wrong[offset] + 2) return undefined;
  return { offset, accidentals };
}
