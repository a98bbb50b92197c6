import type { CommandDef } from 'citty';
import { loadConfig, readSettings } from '../config.ts';
import type { CurrencyMetrics, Period } from '../domain/reports/index.ts';
import { decimalFromMinor } from '../kernel/money.ts';
import { reportOnly } from '../main.ts';
import { systemLog } from '../system.ts';
import { readPeriod } from './books/period.ts';
import { Exit, type Printer, printerTo } from './printer.ts';
import { realWorld } from './world.ts';

export const report: CommandDef = {
  meta: { name: 'report', description: 'How payments went: revenue, successes, failures, refunds, by currency' },
  args: {
    config: { type: 'string', valueHint: 'folder', default: '.', description: 'Where kassa.config.ts is' },
    from: { type: 'string', valueHint: 'date', description: 'First day, such as 2026-11-01. Default: the beginning' },
    to: { type: 'string', valueHint: 'date', description: 'Last day, or the moment at which to end. Default: now' },
    tenant: {
      type: 'string',
      valueHint: 'key',
      default: 'default',
      description: 'Which shop, where there are several',
    },
    json: { type: 'boolean', description: 'One JSON object for all of it' },
  },
  run: ({ args }) =>
    runReport(
      { config: String(args.config), tenant: String(args.tenant), from: args.from, to: args.to },
      printerTo(process.stdout, args.json === true),
    ),
};

interface Asked {
  readonly config: string;
  readonly tenant: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** Reads only. Days are those of the shop's own time zone. @returns the exit code. */
async function runReport(asked: Asked, printer: Printer): Promise<number> {
  const loaded = await loadConfig(asked.config);
  const settings = readSettings(loaded.config, process.env, { folder: process.cwd(), file: loaded.file });
  const world = realWorld(systemLog({ level: 'warn' }));
  const { time_zone } = settings;
  const period = { from: new Date(0), to: world.clock.now(), ...readPeriod(asked, time_zone) };
  if (period.from >= period.to) throw new Exit(2, '--to must be after --from.');
  const { tenant } = asked;
  const currencies = await reportOnly(settings, world, { ...period, tenant });
  const { mode } = settings;
  if (printer.json) printer.say('', { what: 'report', tenant, mode, ...asJson(period, currencies) });
  else for (const line of linesOf(period, currencies)) printer.say(line, { what: 'line' });
  return 0;
}

/** Money as decimal text in the major unit, besides the exact minor units; the rate is a plain number of percent. */
function asJson(period: Period, currencies: readonly CurrencyMetrics[]) {
  return {
    from: period.from,
    to: period.to,
    currencies: currencies.map(
      ({ currency, total_revenue_minor, refunded_minor, fees_minor, refund_rate, ...counts }) => ({
        currency,
        total_revenue: decimalFromMinor(total_revenue_minor, currency),
        total_revenue_minor,
        ...counts,
        refunded: decimalFromMinor(refunded_minor, currency),
        refunded_minor,
        refund_rate: Number(refund_rate),
        fees: decimalFromMinor(fees_minor, currency),
        fees_minor,
      }),
    ),
  };
}

const HEADS = [
  'currency',
  'total_revenue',
  'successful_payments',
  'failed_payments',
  'refunded',
  'refund_rate',
  'fees',
];

function linesOf({ from, to }: Period, currencies: readonly CurrencyMetrics[]): string[] {
  const since = from.getTime() === 0 ? 'the beginning' : from.toISOString();
  const head = `Payments from ${since} to ${to.toISOString()}`;
  if (currencies.length === 0) return [head, '  none'];
  const rows = currencies.map((row) => [
    row.currency.toUpperCase(),
    decimalFromMinor(row.total_revenue_minor, row.currency),
    String(row.successful_payments),
    String(row.failed_payments),
    decimalFromMinor(row.refunded_minor, row.currency),
    `${row.refund_rate} %`,
    decimalFromMinor(row.fees_minor, row.currency),
  ]);
  const widths = HEADS.map((name, at) =>
    Math.max(...[name, ...rows.map((row) => row[at] ?? '')].map((one) => one.length)),
  );
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ')}`;
  return [head, line(HEADS), ...rows.map(line)];
}
