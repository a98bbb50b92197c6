import { ConfigError } from './config-error.ts';

const DAY_MS = 86_400_000;
const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: DAY_MS,
  w: 7 * DAY_MS,
  // A month is a twelfth of 365 days, so that 12mo and 1y are the same promise.
  mo: 2_628_000_000,
  y: 365 * DAY_MS,
};
const DURATION = /^(0|[1-9][0-9]{0,5})(s|m|h|d|w|mo|y)$/;
const LOCAL = /^([2-9][0-9]{3})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?)?$/;

/** `30m` in milliseconds; undefined when the text is not a duration. Units: s, m, h, d, w, mo, y. */
export function durationMs(text: string): number | undefined {
  const [, count, unit] = DURATION.exec(text) ?? [];
  return count === undefined || unit === undefined ? undefined : Number(count) * (UNIT_MS[unit] ?? 0);
}

/** True when the text is a calendar date, with or without a time of day. */
export function isLocalTime(text: string): boolean {
  return wallMs(text) !== undefined;
}

/** True for an IANA zone that this runtime knows, such as `Europe/Berlin`. */
export function isTimeZone(zone: string): boolean {
  try {
    // The list of supported values leaves out aliases such as Asia/Kolkata, so the formatter itself is asked.
    new Intl.DateTimeFormat('en-US', { timeZone: zone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/**
 * The moment at which clocks in `zone` show the local time. A time that happens twice means the first one.
 * @throws ConfigError when clocks skip that time (summer time begins).
 */
export function instantOf(local: string, zone: string): Date {
  const wall = wallMs(local);
  if (wall === undefined) throw new ConfigError(`${JSON.stringify(local)} is not a date such as 2027-01-15T19:30.`);
  // The zone's offset on either side of the day: the right one shows our wall time again.
  const moments = [wall - DAY_MS, wall + DAY_MS].map((near) => wall - (shownIn(zone, near) - near));
  const shown = moments.filter((moment) => shownIn(zone, moment) === wall);
  if (shown.length === 0) throw new ConfigError(`The time ${local} does not exist in ${zone}: clocks skip it.`);
  return new Date(Math.min(...shown));
}

/** The first moment after a date, or the moment itself when a time of day is given: the end of "until". */
export function endOf(local: string, zone: string): Date {
  if (local.includes('T')) return instantOf(local, zone);
  const next = new Date((wallMs(local) ?? 0) + DAY_MS).toISOString().slice(0, 10);
  return instantOf(next, zone);
}

/** The local time as if it were UTC, in milliseconds; undefined for texts and dates that do not exist. */
function wallMs(text: string): number | undefined {
  const [whole, ...parts] = LOCAL.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map((part) => Number(part ?? 0));
  const wall = Date.UTC(year, month - 1, day, hour, minute, second);
  const canonical = new Date(wall).toISOString();
  return canonical.startsWith(whole.length === 10 ? `${whole}T00:00:00` : whole) ? wall : undefined;
}

function shownIn(zone: string, moment_ms: number): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(moment_ms);
  const number = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
  const [year, month, day] = [number('year'), number('month'), number('day')];
  return Date.UTC(year, month - 1, day, number('hour'), number('minute'), number('second'));
}
