/** A stretch of a practitioner's time, its end not included. */
export interface Stretch {
  readonly starts_at: Date;
  readonly ends_at: Date;
}

/** How far ahead a free time is looked for. */
export const LOOK_AHEAD_MS = 14 * 86_400_000;

/**
 * The next starts at which a stretch of the same length is free, later than the wanted one and at most two weeks on.
 * The shop's opening hours are not known here: a start in the night is free too.
 * @param wanted the stretch that was asked for, the pause after it included.
 * @param taken what is taken, in the order of its starts.
 */
export function nextFree(wanted: Stretch, taken: readonly Stretch[], count: number): Date[] {
  const length_ms = wanted.ends_at.getTime() - wanted.starts_at.getTime();
  const limit_ms = wanted.starts_at.getTime() + LOOK_AHEAD_MS;
  const found: Date[] = [];
  let start_ms = wanted.starts_at.getTime();
  while (found.length < count && start_ms < limit_ms) {
    const from_ms = start_ms;
    const blocking = taken.filter(
      (one) => one.starts_at.getTime() < from_ms + length_ms && one.ends_at.getTime() > from_ms,
    );
    if (blocking.length > 0) {
      start_ms = Math.max(...blocking.map((one) => one.ends_at.getTime()));
      continue;
    }
    if (start_ms > wanted.starts_at.getTime()) found.push(new Date(start_ms));
    start_ms += length_ms;
  }
  return found;
}
