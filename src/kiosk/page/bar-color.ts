// Every bar has a colour of its own, from amber at the low end to violet at the high end.

/** Colour of a bar. @param place 0 at the low end .. 1 at the high end. */
export function barColor(place: number, alpha = 1): string {
  const hue = (75 - 150 * place + 360) % 360;
  return `oklch(0.8 ${0.145 - 0.02 * place} ${hue.toFixed(1)} / ${alpha.toFixed(3)})`;
}

/** Places of notes among each other, 0..1; a single one is at 0. */
export function notePlaces(midi: readonly number[]): ReadonlyMap<number, number> {
  const sorted = [...midi].sort((a, b) => a - b);
  return new Map(sorted.map((note, i) => [note, sorted.length > 1 ? i / (sorted.length - 1) : 0]));
}
