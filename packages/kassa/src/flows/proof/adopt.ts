import { type Database, inTransaction, type Transaction } from '../../database/index.ts';
import { saveOffer } from '../../domain/catalog/index.ts';
import { post } from '../../domain/ledger/index.ts';
import { insertOrder, lockOrder, moveOrder, type Order, writeAudit } from '../../domain/orders/index.ts';
import {
  type BreakOwner,
  changeAttempt,
  closeBreaks,
  findAttempt,
  GatewayFailure,
  insertAttempt,
  type PaymentReport,
} from '../../domain/payments/index.ts';
import { insertQuote, priceBasket } from '../../domain/pricing/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { announceCanceled } from '../announcing/announce-canceled.ts';
import { askStripe } from '../asking/ask-stripe.ts';
import type { House } from '../house.ts';
import type { Adopted, AdoptedBy } from '../refunding/adopted.ts';
import { requestRefund } from '../refunding/request-refund.ts';

/** What an adopted payment is for, as far as anybody knows. Kept like the offers of a contract: nobody can buy it. */
const OFFER = 'adopted-payment';
const REASON = 'payment_adopted';

/**
 * Makes an order of a payment that Stripe took for us and that no order knows: its row was lost, or it was made by hand.
 * The money enters the books at once; what it is for only a person can say, so the order stands in review and nothing is
 * fulfilled. Where the shop has said that such money goes back, the order is called off at once and its refund is on
 * its way, like any other. Cut in half it never happened; a second call finds the order of the first.
 * @param object_id of a session (`cs_…`) or of a payment (`pi_…`).
 * @throws KassaError `not_found` for what Stripe does not know, `invalid_request` while no money was taken.
 */
export async function adopt(house: House, object_id: string, by: AdoptedBy): Promise<Adopted> {
  const report = await askStripe(() => readPaid(house, object_id));
  const known = await findAttempt(house.db, house.shop, report);
  if (known) {
    // Whoever adopted it may not have come so far; what Kassa itself still has to do about it stays.
    await closeBreaksOf(house, house.db, report, ['shop']);
    return { order_id: known.order_id, is_new: false };
  }
  if (report.payment_status !== 'paid') {
    throw new KassaError(
      'invalid_request',
      `Stripe has taken no money for ${object_id}, so there is nothing to adopt.`,
    );
  }
  if (report.livemode !== (house.shop.mode === 'live')) {
    throw new KassaError('invalid_request', `${object_id} belongs to the other mode of Stripe.`);
  }
  return inTransaction(house.db, async (tx) => {
    const order_id = await writeOrder(house, tx, { report, object_id, ...by });
    await closeBreaksOf(house, tx, report);
    return { order_id, is_new: true };
  });
}

/** Of the session and of its payment: either may have been found first. */
async function closeBreaksOf(
  { shop, clock }: House,
  db: Database | Transaction,
  { session_id, payment_id }: PaymentReport,
  owners?: readonly BreakOwner[],
): Promise<void> {
  for (const id of [session_id, payment_id]) {
    if (id !== null) await closeBreaks(db, shop, { stripe_object_id: id, owners }, clock.now());
  }
}

/** A payment of a session is adopted by its session, so that later facts about either find it. */
async function readPaid({ gateway }: House, object_id: string): Promise<PaymentReport> {
  try {
    if (object_id.startsWith('cs_')) return await gateway.readSession(object_id, 'unblock');
    return (await gateway.sessionOfPayment(object_id)) ?? (await gateway.readIntent(object_id, 'unblock'));
  } catch (error) {
    if (!(error instanceof GatewayFailure) || error.kind !== 'refused') throw error;
    throw new KassaError('not_found', `Stripe does not know ${object_id}.`, {}, error);
  }
}

interface Found extends AdoptedBy {
  readonly report: PaymentReport;
  readonly object_id: string;
}

async function writeOrder(house: House, tx: Transaction, found: Found): Promise<string> {
  const { report, object_id, actor } = found;
  const { shop, ids } = house;
  const at = house.clock.now();
  const world = { ids, at };
  const { session_id, payment_id, amount_minor, currency, email } = report;
  const quote = await insertQuote(tx, { ...shop, user_id: null }, await basketOf(house, tx, report), {
    ...world,
    expires_at: at,
  });
  const { id: quote_id, hash, expires_at: _, coupon_code: __, ...sums } = quote;
  const owner = { ...shop, user_id: null, email };
  const { id: order_id } = await insertOrder(
    tx,
    {
      ...{ ...owner, ...sums, contract: 'adopted', quote_id, lines_hash: hash, customer_id: null },
      ...{ external_reference: null, parent_order_id: null, status: 'pending', hold_expires_at: at },
    },
    world,
  );
  const presentation = session_id === null ? ('intent' as const) : ('hosted' as const);
  const { id: attempt_id } = await insertAttempt(
    tx,
    {
      ...{ ...owner, order_id, presentation, amount: amount_minor, currency, metadata: {}, success_url: null },
      ...{ cancel_url: null, save_payment_method: false, opened_from: null, expires_at: at },
    },
    world,
  );
  const order = await lockOrder(tx, order_id);
  const received = { received_minor: amount_minor, kept: false, heard_at: at };
  const paid = { session_id, payment_id, status: 'complete', payment_status: 'paid' } as const;
  await changeAttempt(tx, attempt_id, { ...paid, ...received }, at);
  if (found.end === 'refund') {
    const unkept = { order_id, attempt_id, payment_id, amount_minor, currency, cause: 'unowned' } as const;
    await requestRefund(house, tx, unkept, at);
  }
  const amounts = { stripe: amount_minor, review: -amount_minor };
  await post(tx, { ...shop, order_id }, { cause: `paid:${attempt_id}`, currency, amounts }, world);
  const step = { ...shop, order_id, status_to: order.status, cause: `adopt:${object_id}`, actor };
  const created = { ...step, order_version: 1, action: 'created', status_from: null, details: { attempt_id } };
  await writeAudit(tx, created, world);
  await endOrder(house, tx, { ...found, order, attempt_id });
  return order_id;
}

/** Whether a person decides what it was for, or it is over as soon as it is known. */
async function endOrder(
  house: House,
  tx: Transaction,
  { report, object_id, actor, end, order, attempt_id }: Found & { readonly order: Order; readonly attempt_id: string },
): Promise<void> {
  const { shop, ids } = house;
  const at = house.clock.now();
  const { payment_id, amount_minor, currency } = report;
  const facts = { object_id, amount_minor, currency };
  const review = end === 'review' ? { reason: REASON, details: facts } : null;
  const to = end === 'review' ? order.status : 'canceled';
  const version = await moveOrder(tx, order, { status: to, email: null, paid_at: null, review }, at);
  const action = end === 'review' ? `review:${REASON}` : 'sent_back:without_order';
  const entry = { ...shop, order_id: order.id, order_version: version, action, status_from: order.status, actor };
  const details = { attempt_id, payment_id, ...facts };
  const cause = `adopt:${object_id}`;
  await writeAudit(tx, { ...entry, status_to: to, cause, details }, { ids, at });
  if (to === 'canceled') await announceCanceled(house, tx, { ...order, version }, cause);
}

async function basketOf(house: House, tx: Transaction, { amount_minor, currency }: PaymentReport) {
  const offer = await saveOffer(
    tx,
    house.shop,
    {
      ...{ id: null, key: OFFER, external_id: OFFER, kind: 'custom_amount', source: 'contract', capacity: null },
      ...{ name: 'Adopted payment', description: null, max_per_order: 1, hold_ms: 60_000, hold_at: 'session' },
      ...{ when_late: 'review', tax_class: null, starts_at: null, time_zone: null, duration_ms: null, buffer_ms: 0 },
      ...{ practitioners: [], children: [], grants: [] },
      prices: [{ currency, unit_minor: null, minimum_minor: 1, maximum_minor: amount_minor, stripe_price_id: null }],
    },
    { ids: house.ids, at: house.clock.now() },
  );
  return priceBasket({
    ...{ currency, reduction: null, credits_available_minor: 0 },
    lines: [
      {
        ...{ offer_id: offer.id, offer_version: 1, name: 'Adopted payment', description: null, quantity: 1 },
        ...{ unit_minor: amount_minor, stripe_price_id: null, rate_milli: 0, reducible: false, parent: null },
        ...{ slot: null, grants: [], credit_units: 0 },
      },
    ],
  });
}
