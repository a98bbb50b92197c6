import type { CommandDef } from 'citty';
import { loadConfig, readSettings } from '../../config.ts';
import {
  type Balance,
  type LedgerEntry,
  type LedgerFilter,
  ledgerBalances,
  ledgerEntries,
} from '../../domain/ledger/index.ts';
import { closeDays } from '../../flows/upkeep/close-days.ts';
import { toTypeId } from '../../kernel/ids.ts';
import { decimalFromMinor, isCurrency } from '../../kernel/money.ts';
import { atShop, type OpenedShop } from '../../main.ts';
import { systemLog } from '../../system.ts';
import { Exit, type Printer, printerTo } from '../printer.ts';
import { realWorld } from '../world.ts';
import { readPeriod } from './period.ts';

export const ledger: CommandDef = {
  meta: { name: 'ledger', description: 'The books: what each account holds, and every entry behind it' },
  args: {
    config: { type: 'string', valueHint: 'folder', default: '.', description: 'Where kassa.config.ts is' },
    from: { type: 'string', valueHint: 'date', description: 'First day, such as 2026-11-01. Default: the beginning' },
    to: { type: 'string', valueHint: 'date', description: 'Last day, or the moment at which to end. Default: now' },
    currency: { type: 'string', valueHint: 'code', description: 'Such as usd. Default: all' },
    'sum-again': {
      type: 'boolean',
      description: 'Throw the sums of closed days away first and make them anew from the entries',
    },
    csv: { type: 'boolean', description: 'Every entry as a line of CSV' },
    tenant: {
      type: 'string',
      valueHint: 'key',
      default: 'default',
      description: 'Which shop, where there are several',
    },
    json: { type: 'boolean', description: 'Every entry and then every balance, one JSON object per line' },
  },
  run: ({ args }) => runLedger(args, process.stdout),
};

type Args = Readonly<Record<string, unknown>>;

/**
 * Reads only, but for `--sum-again`. Days are those of the shop's own time zone.
 * @returns 0, or 1 when a currency does not add up to nothing.
 */
async function runLedger(args: Args, out: { write(text: string): unknown }): Promise<number> {
  if (args.csv === true && args.json === true) throw new Exit(2, '--csv and --json are two answers: ask for one.');
  const currency = args.currency === undefined ? undefined : String(args.currency).toLowerCase();
  if (currency !== undefined && !isCurrency(currency)) {
    throw new Exit(2, `--currency takes a code such as usd, not ${JSON.stringify(args.currency)}.`);
  }
  const loaded = await loadConfig(String(args.config));
  const settings = readSettings(loaded.config, process.env, { folder: process.cwd(), file: loaded.file });
  const filter = { ...readPeriod(args, settings.time_zone), ...(currency ? { currency } : {}) };
  const world = realWorld(systemLog({ level: 'warn' }));
  return atShop(settings, world, String(args.tenant), async (opened) => {
    const { worker_db, shop } = opened;
    if (args['sum-again'] === true && shop) {
      const { whole } = await closeDays({ db: worker_db, shop, clock: world.clock }, { anew: true });
      // Nothing is wrong meanwhile: what is not summed is read entry by entry.
      if (!whole) world.log.warn({}, 'not every day is summed yet: somebody writes for long; the shop goes on with it');
    }
    if (args.csv === true) return writeCsv(opened, filter, out);
    return writeBalances(opened, filter, printerTo(out, args.json === true));
  });
}

const COLUMNS = ['time', 'posting', 'cause', 'order', 'order_number', 'account', 'currency', 'amount', 'amount_minor'];

async function writeCsv(
  { db, shop }: OpenedShop,
  filter: LedgerFilter,
  out: { write(text: string): unknown },
): Promise<number> {
  out.write(`${COLUMNS.join(',')}\r\n`);
  if (!shop) return 0;
  for await (const entry of ledgerEntries(db, shop, filter)) {
    out.write(`${Object.values(shown(entry)).map(csvOf).join(',')}\r\n`);
  }
  return 0;
}

/** RFC 4180. Nothing in the books is a buyer's own words, so no cell can be a formula. */
function csvOf(cell: unknown): string {
  const text = cell === null ? '' : cell instanceof Date ? cell.toISOString() : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** In the order of `COLUMNS`. */
function shown(entry: LedgerEntry) {
  const { posting_id, cause, order_id, order_number, account, currency, amount_minor, created_at } = entry;
  const order = order_id === null ? null : toTypeId('ord', order_id);
  const amount = decimalFromMinor(amount_minor, currency);
  return { time: created_at, posting: posting_id, cause, order, order_number, account, currency, amount, amount_minor };
}

async function writeBalances({ db, shop }: OpenedShop, filter: LedgerFilter, printer: Printer): Promise<number> {
  if (printer.json && shop) {
    for await (const entry of ledgerEntries(db, shop, filter)) printer.say('', { what: 'entry', ...shown(entry) });
  }
  const balances = shop ? await ledgerBalances(db, shop, filter) : [];
  const off = unbalanced(balances);
  if (printer.json) {
    for (const one of balances) printer.say('', { what: 'balance', ...one });
    printer.say('', { what: 'sum', balanced: off.length === 0 });
  } else for (const line of linesOf(balances, off)) printer.say(line, { what: 'line' });
  return off.length === 0 ? 0 : 1;
}

/** The currencies whose accounts do not sum to zero; the database refuses such a posting, so there is never one. */
function unbalanced(balances: readonly Balance[]): string[] {
  const sums = new Map<string, number>();
  for (const { currency, balance_minor } of balances) sums.set(currency, (sums.get(currency) ?? 0) + balance_minor);
  return [...sums].flatMap(([currency, sum]) => (sum === 0 ? [] : [currency]));
}

const HEADS = ['account', 'currency', 'before', 'moved', 'balance'];

function linesOf(balances: readonly Balance[], off: readonly string[]): string[] {
  if (balances.length === 0) return ['The books are empty.'];
  const money = (amount: number, currency: string): string => decimalFromMinor(amount, currency);
  const rows = balances.map(({ account, currency, opening_minor, moved_minor, balance_minor }) => [
    account,
    currency.toUpperCase(),
    ...[opening_minor, moved_minor, balance_minor].map((amount) => money(amount, currency)),
  ]);
  const widths = HEADS.map((head, at) =>
    Math.max(...[head, ...rows.map((row) => row[at] ?? '')].map((one) => one.length)),
  );
  const line = (cells: readonly string[]): string =>
    cells.map((cell, at) => (at < 2 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ');
  const end = off.length === 0 ? 'Every currency adds up to zero.' : `${off.join(', ')} does not add up to zero.`;
  return [line(HEADS), ...rows.map(line), end];
}
