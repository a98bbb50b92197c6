import type { CommandDef } from 'citty';
import { type CurrencyProof, verify as prove, type VerifyReport } from '../../flows/proof/verify.ts';
import { toTypeId } from '../../kernel/ids.ts';
import { decimalFromMinor } from '../../kernel/money.ts';
import { type Printer, printerTo } from '../printer.ts';
import { atOpened, SHOP_ARGS, type ShopAsked } from './opened.ts';
import { type AskedPeriod, PERIOD_ARGS, periodOf } from './period.ts';

export const verify: CommandDef = {
  meta: {
    name: 'verify',
    description: 'Prove that Stripe, the books and the orders agree, and name what does not. Reads only; exit 1 if any',
  },
  args: { ...PERIOD_ARGS, ...SHOP_ARGS },
  run: ({ args }) => runVerify(args, printerTo(process.stdout, args.json === true)),
};

/** @returns 0 when everything is explained, else 1. */
async function runVerify(args: AskedPeriod & ShopAsked, printer: Printer): Promise<number> {
  return atOpened(args, async ({ house, ears, settings }) => {
    const period = periodOf(args, { now: house.clock.now(), time_zone: settings.time_zone });
    const report = await prove(house, period, ears.types);
    if (printer.json) tellMachine(printer, report);
    else tellPeople(printer, report);
    return report.unexplained.length === 0 ? 0 : 1;
  });
}

function tellMachine(printer: Printer, { period, counts, currencies, unexplained }: VerifyReport): void {
  for (const one of unexplained) printer.say('', { what: 'unexplained', ...one, order_id: named(one.order_id) });
  for (const currency of currencies) printer.say('', { what: 'currency', ...currency });
  printer.say('', { what: 'verified', ...period, ...counts, unexplained: unexplained.length });
}

function tellPeople(printer: Printer, report: VerifyReport): void {
  const say = (text: string): void => printer.say(text, { what: 'line' });
  const { period, counts, currencies, unexplained } = report;
  say(`From ${period.from.toISOString()} to ${period.to.toISOString()}`);
  for (const line of linesOf(currencies)) say(`  ${line}`);
  for (const { kind, sentence, cure } of unexplained) {
    say(`! ${kind}: ${sentence}`);
    say(`    ${cure}`);
  }
  const looked = `${counts.sessions} sessions, ${counts.payments} payments, ${counts.refunds} refunds, ${counts.disputes} disputes, ${counts.fees} fees and ${counts.events} events at Stripe`;
  say(`${looked} against ${counts.orders} orders and ${counts.rules} rules; ${counts.foreign} objects are not ours`);
  if (counts.fees_before > 0) say(`${counts.fees_before} fees are from before fees were booked: no books have them`);
  if (counts.reviews > 0) say(`${counts.reviews} orders wait for a person: see /admin/attention`);
  say(`${unexplained.length} unexplained`);
}

const HEADS = ['', 'payments', 'captured', 'refunds', 'refunded'];

/** Three rows for each currency: the same figures as Stripe, the orders and the books have them. */
function linesOf(currencies: readonly CurrencyProof[]): string[] {
  const rows = currencies.flatMap(({ currency, stripe, orders, books }) => {
    const sum = (amount_minor: number): string => decimalFromMinor(amount_minor, currency);
    const row = (who: string, payments: string, refunds: string, of: typeof books): string[] => {
      return [`${currency.toUpperCase()} ${who}`, payments, sum(of.captured_minor), refunds, sum(of.refunded_minor)];
    };
    return [
      row('Stripe', String(stripe.payments), String(stripe.refunds), stripe),
      row('orders', String(orders.payments), String(orders.refunds), orders),
      row('books', '', '', books),
    ];
  });
  if (rows.length === 0) return ['no payments'];
  const table = [HEADS, ...rows];
  const widths = HEADS.map((_, at) => Math.max(...table.map((cells) => cells[at]?.length ?? 0)));
  return table.map((cells) =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

function named(order_id: string | null): string | null {
  return order_id === null ? null : toTypeId('ord', order_id);
}
