import { endOf, instantOf, isLocalTime } from '../../config/times.ts';
import { Exit } from '../printer.ts';

/** What `--from` and `--to` mean in a shop's own time zone; what was not given is absent. @throws Exit */
export function readPeriod(
  args: { readonly from?: unknown; readonly to?: unknown },
  time_zone: string,
): { readonly from?: Date; readonly to?: Date } {
  const from = args.from === undefined ? {} : { from: instantOf(dayOf('--from', args.from), time_zone) };
  const to = args.to === undefined ? {} : { to: endOf(dayOf('--to', args.to), time_zone) };
  const period = { ...from, ...to };
  if (period.from && period.to && period.from >= period.to) throw new Exit(2, '--to must be after --from.');
  return period;
}

function dayOf(flag: string, given: unknown): string {
  const text = String(given);
  if (isLocalTime(text)) return text;
  throw new Exit(2, `${flag} takes a day such as 2026-11-01, or 2026-11-01T18:00, not ${JSON.stringify(text)}.`);
}
