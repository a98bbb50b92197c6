import { durationMs, endOf, instantOf, isLocalTime } from '../../config/times.ts';
import { Exit } from '../printer.ts';

export interface AskedPeriod {
  readonly from?: unknown;
  readonly to?: unknown;
  readonly period?: unknown;
  readonly since?: unknown;
}

export const PERIOD_ARGS = {
  from: { type: 'string', valueHint: 'date', description: 'First day, such as 2026-11-01' },
  to: { type: 'string', valueHint: 'date', description: 'Last day, or the moment at which to end. Default: now' },
  period: { type: 'string', valueHint: 'month', description: 'A whole month, such as 2026-11' },
  since: { type: 'string', valueHint: 'time', description: 'So long until now, such as 30d, which is the default' },
} as const;

const SINCE = '30d';
const MONTH = /^([2-9][0-9]{3})-(0[1-9]|1[0-2])$/;

/** The period that was asked for, in the shop's own time zone. @throws Exit 2 for texts that name none. */
export function periodOf(
  { from, to, period, since }: AskedPeriod,
  { now, time_zone }: { readonly now: Date; readonly time_zone: string },
): { readonly from: Date; readonly to: Date } {
  const ways = [period, since, from ?? to].filter((one) => one !== undefined);
  if (ways.length > 1) throw new Exit(2, 'Give one of --period, --since, or --from with --to.');
  const asked =
    period !== undefined
      ? monthOf(String(period), time_zone)
      : from !== undefined || to !== undefined
        ? { from: startOf(from, time_zone), to: to === undefined ? now : endOf(dayOf('--to', to), time_zone) }
        : { from: new Date(now.getTime() - lengthOf(since ?? SINCE)), to: now };
  const ended = { from: asked.from, to: asked.to > now ? now : asked.to };
  if (ended.from >= ended.to) throw new Exit(2, 'The period ends before it begins: nothing has happened in it.');
  return ended;
}

function startOf(from: unknown, time_zone: string): Date {
  return from === undefined ? new Date(0) : instantOf(dayOf('--from', from), time_zone);
}

function lengthOf(given: unknown): number {
  const ms = durationMs(String(given));
  if (ms === undefined || ms === 0) throw new Exit(2, `--since takes a time such as 30d, 12h or 90m, not ${given}.`);
  return ms;
}

function monthOf(text: string, time_zone: string): { from: Date; to: Date } {
  const [, year, month] = MONTH.exec(text) ?? [];
  if (year === undefined || month === undefined) {
    throw new Exit(2, `--period takes a month such as 2026-11, not ${JSON.stringify(text)}.`);
  }
  const next = month === '12' ? `${Number(year) + 1}-01` : `${year}-${String(Number(month) + 1).padStart(2, '0')}`;
  return { from: instantOf(`${text}-01`, time_zone), to: instantOf(`${next}-01`, time_zone) };
}

function dayOf(flag: string, given: unknown): string {
  const text = String(given);
  if (isLocalTime(text)) return text;
  throw new Exit(2, `${flag} takes a day such as 2026-11-01, or 2026-11-01T18:00, not ${JSON.stringify(text)}.`);
}
