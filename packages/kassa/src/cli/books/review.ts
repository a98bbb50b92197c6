import type { CommandDef } from 'citty';
import { refundsOf } from '../../domain/proof/index.ts';
import { listTrouble } from '../../domain/reports/index.ts';
import type { House } from '../../flows/house.ts';
import { closeReview, type ReviewDecision } from '../../flows/proof/close-review.ts';
import { repayElsewhere } from '../../flows/refunds/repay-elsewhere.ts';
import { KassaError } from '../../kernel/errors.ts';
import { fromTypeId, toTypeId } from '../../kernel/ids.ts';
import { decimalFromMinor, minorFromDecimal } from '../../kernel/money.ts';
import { Exit, type Printer, printerTo } from '../printer.ts';
import { atOpened, type OpenedHere, SHOP_ARGS } from '../proof/opened.ts';

const ACTOR = 'admin:command line';

export const list: CommandDef = {
  meta: { name: 'review list', description: 'The orders that wait for a person, longest first, at most 50' },
  args: SHOP_ARGS,
  run: ({ args }) => runList(args, printerTo(process.stdout, args.json === true)),
};

const DECIDED_ARGS = {
  order: { type: 'positional', required: true, valueHint: 'id', description: 'The order’s id: ord_…' },
  reason: { type: 'string', required: true, valueHint: 'text', description: 'Why, for the history' },
  ...SHOP_ARGS,
} as const;

export const accept: CommandDef = {
  meta: { name: 'review accept', description: 'It is as it should be; an adopted payment becomes a sale' },
  args: DECIDED_ARGS,
  run: ({ args }) => runClose('accept', args, printerTo(process.stdout, args.json === true)),
};

export const refund: CommandDef = {
  meta: { name: 'review refund', description: 'Send back the money that the order does not keep' },
  args: DECIDED_ARGS,
  run: ({ args }) => runClose('refund', args, printerTo(process.stdout, args.json === true)),
};

export const elsewhere: CommandDef = {
  meta: {
    name: 'review elsewhere',
    description: 'Stripe could not refund it, and the buyer has had the money on another way, such as a bank transfer',
  },
  args: {
    ...DECIDED_ARGS,
    amount: {
      type: 'string',
      valueHint: 'money',
      description: 'So much of it, such as 12.50. Default: what the refund that failed would have given back',
    },
  },
  run: ({ args }) => runElsewhere(args, printerTo(process.stdout, args.json === true)),
};

type Args = Readonly<Record<string, unknown>>;

async function runList(args: Args, printer: Printer): Promise<number> {
  return atOpened(args, async ({ house }) => {
    const { reviews, counts } = await listTrouble(house.db, house.shop);
    for (const { order_id, number, reason, at } of reviews) {
      const order = toTypeId('ord', order_id);
      const text = `${order}  ${reason.replaceAll('_', ' ')}  since ${at.toISOString()}`;
      printer.say(text, { what: 'review', order_id: order, number, reason, since: at });
    }
    const waits = counts.reviews === 1 ? '1 order waits' : `${counts.reviews} orders wait`;
    printer.say(`${waits} for a person`, { what: 'reviews', count: counts.reviews });
    return 0;
  });
}

/** @returns 0 when it is decided; 1 when it was refused, with the reason. */
async function runClose(decision: ReviewDecision['decision'], args: Args, printer: Printer): Promise<number> {
  return decide(args, printer, async ({ house, untilDone }, { order_id, reason }) => {
    const { status, going_back } = await closeReview(house, order_id, { decision, reason, actor: ACTOR });
    const money = inWords(going_back);
    const open = async () => (await refundsOf(house.db, order_id)).some((one) => one.status === 'requested');
    const sent = money !== '' && (await untilDone(async () => !(await open())));
    const last = sent ? (await refundsOf(house.db, order_id)).at(-1)?.status : 'goes back as soon as the shop runs';
    const back = money === '' ? '' : `; ${money} ${sent ? `is on its way back: ${last}` : last}`;
    const refund = sent ? { refund: last } : {};
    const closed = { what: 'review_closed', decision, order_id: args.order, status, going_back, ...refund };
    printer.say(`${String(args.order)} is decided and ${status.replaceAll('_', ' ')}${back}`, closed);
  });
}

/** @returns as `runClose` does. */
async function runElsewhere(args: Args, printer: Printer): Promise<number> {
  return decide(args, printer, async ({ house }, { order_id, reason }) => {
    const amount = args.amount === undefined ? {} : { amount: await readAmount(house, order_id, String(args.amount)) };
    const { status, repaid } = await repayElsewhere(house, order_id, { reason, actor: ACTOR, ...amount });
    const closed = { what: 'review_closed', decision: 'elsewhere', order_id: args.order, status, repaid };
    const text = `${String(args.order)} is decided and ${status.replaceAll('_', ' ')}; its buyer has had ${inWords(repaid)}`;
    printer.say(text, closed);
  });
}

async function decide(
  args: Args,
  printer: Printer,
  work: (opened: OpenedHere, asked: { readonly order_id: string; readonly reason: string }) => Promise<void>,
): Promise<number> {
  const order_id = fromTypeId('ord', String(args.order));
  if (order_id === undefined) throw new Exit(2, `${JSON.stringify(args.order)} is no id of an order, such as ord_….`);
  const reason = String(args.reason).trim();
  if (reason === '' || reason.length > 500) throw new Exit(2, '--reason takes 1 to 500 characters.');
  return atOpened(args, async (opened) => {
    try {
      await work(opened, { order_id, reason });
      return 0;
    } catch (error) {
      if (!(error instanceof KassaError)) throw error;
      printer.say(`Refused: ${error.message}`, { what: 'refused', code: error.code, sentence: error.message });
      return 1;
    }
  });
}

/** In the currency of the refund that failed. */
async function readAmount(house: House, order_id: string, text: string) {
  const failed = (await refundsOf(house.db, order_id)).at(-1);
  if (!failed) throw new KassaError('not_found', 'This order has no refund that failed.');
  return { amount_minor: minorFromDecimal(text, failed.currency), currency: failed.currency };
}

function inWords(sums: Readonly<Record<string, number>>): string {
  const money = Object.entries(sums).map(
    ([currency, amount]) => `${decimalFromMinor(amount, currency)} ${currency.toUpperCase()}`,
  );
  return money.join(' and ');
}
