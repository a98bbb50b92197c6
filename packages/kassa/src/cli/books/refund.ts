import type { CommandDef } from 'citty';
import { findOrder, linesOf } from '../../domain/orders/index.ts';
import type { House, RefundView } from '../../flows/house.ts';
import { currencyThatCame } from '../../flows/refunding/came-in.ts';
import { findPayment } from '../../flows/refunding/find-payment.ts';
import type { RefundWish } from '../../flows/refunding/plan.ts';
import { planRefund, type RefundPreview } from '../../flows/refunds/plan-refund.ts';
import { refundOrder } from '../../flows/refunds/refund-order.ts';
import { KassaError } from '../../kernel/errors.ts';
import { fromTypeId, hashOf, toTypeId } from '../../kernel/ids.ts';
import { decimalFromMinor, minorFromDecimal } from '../../kernel/money.ts';
import { Exit, type Printer, printerTo } from '../printer.ts';
import { atOpened, SHOP_ARGS } from '../proof/opened.ts';

const REASONS = ['duplicate', 'fraudulent', 'requested_by_customer'] as const;
const ACTOR = 'command line';

export const refund: CommandDef = {
  meta: { name: 'refund', description: 'Send the money of an order back: all of it, lines, or an amount' },
  args: {
    order: { type: 'positional', required: true, description: 'The order’s id: ord_…' },
    lines: {
      type: 'string',
      valueHint: 'list',
      description: 'Lines by id or place, such as 1:2,ln_…: two pieces of the first',
    },
    amount: {
      type: 'string',
      valueHint: 'money',
      description: 'So much of it, such as 12.50. Default: all that is left',
    },
    reason: { type: 'string', valueHint: 'word', description: REASONS.join(', ') },
    restock: { type: 'boolean', description: 'Put the stock of what goes back on sale again' },
    preview: { type: 'boolean', description: 'Only show what would go back, and whether Stripe holds enough' },
    key: { type: 'string', valueHint: 'text', description: 'Your own key: the same key never refunds twice' },
    ...SHOP_ARGS,
  },
  run: ({ args }) => runRefund(args, printerTo(process.stdout, args.json === true)),
};

type Args = Readonly<Record<string, unknown>>;

/** @returns 0 when it was made, or would be; 1 when it was refused, with the reason. */
async function runRefund(args: Args, printer: Printer): Promise<number> {
  const order_id = fromTypeId('ord', String(args.order));
  if (order_id === undefined) throw new Exit(2, `${JSON.stringify(args.order)} is no id of an order, such as ord_….`);
  if (args.lines !== undefined && args.amount !== undefined) throw new Exit(2, 'Name --lines or --amount, not both.');
  const reason = readReason(args.reason);
  return atOpened(args, async ({ house }) => {
    try {
      const wish = await readWish(house, order_id, args);
      if (args.preview === true) tellPreview(await planRefund(house, { order_id }, wish), printer);
      else
        tellRefund(
          await refundOrder(house, { ...wish, order_id, requested_by: ACTOR, ...reason, ...keyOf(args) }),
          printer,
        );
      return 0;
    } catch (error) {
      if (!(error instanceof KassaError)) throw error;
      printer.say(`Refused: ${error.message}${detailsOf(error)}`, {
        ...{ what: 'refused', code: error.code, sentence: error.message, details: error.details },
      });
      return 1;
    }
  });
}

function readReason(given: unknown): { readonly reason?: (typeof REASONS)[number] } {
  if (given === undefined) return {};
  const reason = REASONS.find((one) => one === given);
  if (!reason) throw new Exit(2, `--reason is one of ${REASONS.join(', ')}, not ${JSON.stringify(given)}.`);
  return { reason };
}

/** The same key with another wish is refused, so that a mistyped repeat is no second refund. */
function keyOf(args: Args) {
  if (args.key === undefined) return {};
  const { order, lines, amount, reason, restock } = args;
  const request_hash = hashOf(JSON.stringify({ order, lines, amount, reason, restock }));
  return { idempotency: { scope: ACTOR, key: String(args.key), request_hash } };
}

async function readWish(house: House, order_id: string, args: Args): Promise<RefundWish> {
  const restock = args.restock === true ? { restock: true } : {};
  if (args.lines !== undefined) return { lines: await readLines(house, order_id, String(args.lines)), ...restock };
  if (args.amount === undefined) return restock;
  const order = await findOrder(house.db, order_id);
  if (order?.tenant_id !== house.shop.tenant_id || order.mode !== house.shop.mode)
    throw new KassaError('not_found', 'There is no such order.');
  const currency = await currencyThatCame(house.db, await findPayment(house, { order_id }, ACTOR));
  return { amount_minor: minorFromDecimal(String(args.amount), currency), currency, ...restock };
}

async function readLines(house: House, order_id: string, text: string): Promise<NonNullable<RefundWish['lines']>> {
  const lines = await linesOf(house.db, order_id);
  return text.split(',').map((part) => {
    const [name = '', pieces] = part.trim().split(':', 2);
    const id = /^[1-9]\d{0,2}$/.test(name) ? lines[Number(name) - 1]?.id : fromTypeId('ln', name);
    const quantity = pieces === undefined ? undefined : Number(/^[1-9]\d{0,2}$/.test(pieces) ? pieces : Number.NaN);
    if (id === undefined || Number.isNaN(quantity)) {
      throw new Exit(
        2,
        `--lines takes lines such as 1:2 or ln_…, not ${JSON.stringify(part)}: this order has ${lines.length}.`,
      );
    }
    return { order_line_id: id, ...(quantity === undefined ? {} : { quantity }) };
  });
}

function tellPreview({ order_id, payment_id, plan, available_minor, suffices }: RefundPreview, printer: Printer): void {
  const { currency } = plan;
  const money = (amount: number): string => `${decimalFromMinor(amount, currency)} ${currency.toUpperCase()}`;
  const order = toTypeId('ord', order_id);
  if (printer.json) {
    const lines = plan.lines.map((line) => ({ ...line, order_line_id: toTypeId('ln', line.order_line_id) }));
    printer.say('', { what: 'preview', order, payment_id, ...plan, lines, available_minor, suffices });
    return;
  }
  const say = (text: string): void => printer.say(text, { what: 'line' });
  say(`${order} would give back ${money(plan.amount_minor)}, of ${money(plan.refundable_minor)} that can go back.`);
  for (const line of plan.lines) {
    say(`  ${line.quantity} × ${line.name}  ${money(line.amount_minor)}  (${toTypeId('ln', line.order_line_id)})`);
  }
  if (plan.credits_minor > 0) say(`  Credits worth ${money(plan.credits_minor)} return to the buyer.`);
  if (plan.tax_minor > 0) say(`  ${money(plan.tax_minor)} of it is tax.`);
  say(
    `  Stock ${plan.restock ? 'goes on sale again' : 'stays sold'}; ${plan.is_last ? 'nothing' : 'something'} is left of the order.`,
  );
  if (available_minor !== null && !suffices) {
    say(`  Stripe has only ${money(available_minor)} available: it may refuse this, or keep it pending.`);
  }
}

function tellRefund(view: RefundView, printer: Printer): void {
  const { refund_id, stripe_refund_id, order_id, amount_minor, credits_minor, currency, status } = view;
  const money = (amount: number): string => `${decimalFromMinor(amount, currency)} ${currency.toUpperCase()}`;
  const credits = credits_minor > 0 ? ` and credits worth ${money(credits_minor)}` : '';
  const text = `${status}  ${money(amount_minor)}${credits} of ${toTypeId('ord', order_id)}  ${stripe_refund_id ?? ''}`;
  printer.say(text.trimEnd(), {
    what: 'refund',
    ...view,
    refund_id: toTypeId('ref', refund_id),
    order_id: toTypeId('ord', order_id),
  });
}

function detailsOf({ details }: KassaError): string {
  const { refundable_minor, currency } = details as { refundable_minor?: number; currency?: string };
  if (refundable_minor === undefined || currency === undefined) return '';
  return ` At most ${decimalFromMinor(refundable_minor, currency)} ${currency.toUpperCase()} can go back.`;
}
