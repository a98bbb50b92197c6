// Goal: whatever buyers, callers and the network do to payments at once, Stripe, the orders and the books agree at rest.
// Method: a seeded crowd confirms, cancels and refunds while answers and events are lost; the sandbox's private books
// are held beside ours afterwards.
import { afterEach, expect, inject, test } from 'vitest';
import { refreshCheckout } from '../../src/flows/checkout/refresh-checkout.ts';
import { cancelPayment } from '../../src/flows/payments/cancel-payment.ts';
import { confirmPayment } from '../../src/flows/payments/confirm-payment.ts';
import { refundOrder } from '../../src/flows/refunds/refund-order.ts';
import { KassaError } from '../../src/kernel/errors.ts';
import { type Random, seededRandom } from '../../src/kernel/random.ts';
import { openPaymentDesk, type PaymentDesk } from '../setup/payments.ts';

let desk: PaymentDesk | undefined;
afterEach(async () => desk?.close());

const BUYERS = 12;
const STEPS = 5;
const CARDS = ['pm_card_visa', 'pm_card_visa', 'pm_card_visa_chargeDeclined', 'pm_card_authenticationRequired'];
const CAUSE = { cause: 'request:crowd', actor: 'buyer' };

interface Purchase {
  readonly order_id: string;
  readonly payment_id: string;
}

/** One thing that somebody does. Refusals are answers; anything else is a mistake of ours. */
async function act(shop: PaymentDesk, { order_id, payment_id }: Purchase, random: Random): Promise<void> {
  const card = CARDS[random.below(CARDS.length)] ?? 'pm_card_visa';
  const acts = [
    () => shop.confirm(payment_id, card),
    () => confirmPayment(shop.house, { order_id, payment_method_id: card }, CAUSE),
    () => confirmPayment(shop.house, { order_id }, CAUSE),
    () => shop.sandbox.control.authenticate(payment_id, random.below(2) === 0 ? 'complete' : 'fail'),
    () => cancelPayment(shop.house, { payment_id }, CAUSE),
    () => refundOrder(shop.house, { payment_id, amount_minor: 1 + random.below(9_000), requested_by: 'key:crowd' }),
    () => refreshCheckout(shop.house, { payment_id }, 'now'),
  ];
  try {
    await acts[random.below(acts.length)]?.();
  } catch (error) {
    const theirs = (error as { type?: string }).type !== undefined || String(error).includes('ApiFailure');
    const refused = error instanceof KassaError && error.code !== 'internal_error';
    if (!theirs && !refused) throw error;
  }
}

test('a crowd that pays, calls off and wants its money back leaves books that agree with Stripe to the cent', async () => {
  const shop = await openPaymentDesk();
  desk = shop;
  const seed = `crowd ${inject('kassa_run').run}`;
  const random = seededRandom(seed);
  const purchases: Purchase[] = [];
  for (let count = 0; count < BUYERS; count += 1) purchases.push(await shop.begin());
  loseAnswers(shop, random);
  shop.deliver = (request) =>
    random.below(3) === 0 ? Promise.resolve(new Response('', { status: 500 })) : shop.take(request);
  for (let step = 0; step < STEPS; step += 1) {
    await Promise.all(purchases.map((purchase) => act(shop, purchase, random)));
    await shop.rest();
  }
  shop.wire = (request) => shop.sandbox.fetch(request);
  await shop.pass(26 * 3_600_000);
  expect(await reconciled(shop), seed).toEqual([]);
}, 120_000);

/** As often as one call tries: then nobody at our side knows what became of it. */
const TRIES = 3;

/** Of some writes no answer comes back, however often they are repeated at once; half of those never arrived either. */
function loseAnswers(shop: PaymentDesk, random: Random): void {
  const fates = new Map<string, { left: number; readonly arrives: boolean }>();
  shop.wire = async (request) => {
    const key = request.headers.get('idempotency-key') ?? '';
    const fate = fates.get(key) ?? { left: random.below(3) === 0 ? TRIES : 0, arrives: random.below(2) === 0 };
    fates.set(key, fate);
    if (key === '' || fate.left === 0) return shop.sandbox.fetch(request);
    fate.left -= 1;
    if (fate.arrives) await shop.sandbox.fetch(request);
    throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } });
  };
}

/** Where Stripe and we do not say the same; empty when all is well. */
async function reconciled(shop: PaymentDesk): Promise<string[]> {
  const wrong: string[] = [];
  const rows = await shop.db
    .selectFrom('payment_transactions as attempt')
    .innerJoin('orders', 'orders.id', 'attempt.order_id')
    .select(['attempt.payment_id', 'attempt.payment_status', 'attempt.received_minor', 'attempt.refunding_minor'])
    .select(['orders.status', 'orders.review_reason'])
    .execute();
  const books = shop.sandbox.books();
  for (const row of rows) {
    const intent = await shop.stripe.paymentIntents.retrieve(row.payment_id ?? '');
    const charges = books.charges.filter((charge) => charge.payment_intent === row.payment_id);
    const captured = charges.reduce((sum, charge) => sum + charge.captured, 0);
    const sent_back = charges.flatMap((charge) => charge.refunds).reduce((sum, refund) => sum + refund.amount, 0);
    const paid = ['paid', 'partially_refunded', 'refunded'].includes(row.status);
    const told = `${row.payment_id} ${row.status} ${row.payment_status} ${intent.status} ${captured}-${sent_back}`;
    const sums = captured === row.received_minor && sent_back === row.refunding_minor && captured <= 10_000;
    const ends = paid ? intent.status === 'succeeded' : intent.status === 'canceled';
    if (!sums || !ends || row.review_reason !== null) wrong.push(told);
  }
  const { held, sold, books: ledger } = await shop.tally();
  const kept = rows.filter((row) => row.received_minor > 0).length;
  const { captured = 0, refunded_succeeded = 0 } = books.currencies.usd ?? {};
  if (held !== 0 || sold !== kept) wrong.push(`held ${held}, sold ${sold}, paid ${kept}`);
  if ((ledger.stripe ?? 0) !== captured - refunded_succeeded) wrong.push(`books ${JSON.stringify(ledger)}`);
  const open = await shop.db.selectFrom('reconcile_breaks').select('kind').where('resolved_at', 'is', null).execute();
  const parked = await shop.db.selectFrom('inbox_events').select('type').where('parked_at', 'is not', null).execute();
  const requested = await shop.db.selectFrom('refunds').select('id').where('status', '=', 'requested').execute();
  return [...wrong, ...[...open, ...parked, ...requested].map((row) => JSON.stringify(row))];
}
