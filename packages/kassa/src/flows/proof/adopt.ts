import { inTransaction, type Transaction } from '../../database/index.ts';
import { saveOffer } from '../../domain/catalog/index.ts';
import { post } from '../../domain/ledger/index.ts';
import { insertOrder, lockOrder, moveOrder, writeAudit } from '../../domain/orders/index.ts';
import {
  changeAttempt,
  closeBreaks,
  findAttempt,
  GatewayFailure,
  insertAttempt,
  type PaymentReport,
} from '../../domain/payments/index.ts';
import { insertQuote, priceBasket } from '../../domain/pricing/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { askStripe } from '../asking/ask-stripe.ts';
import type { House } from '../house.ts';

export interface Adopted {
  readonly order_id: string;
  /** False when an order had it already: then nothing was written. */
  readonly is_new: boolean;
}

/** What an adopted payment is for, as far as anybody knows. Kept like the offers of a contract: nobody can buy it. */
const OFFER = 'adopted-payment';
const REASON = 'payment_adopted';

/**
 * Makes an order of a payment that Stripe took for us and that no order knows: its row was lost, or it was made by hand.
 * The money enters the books at once; what it is for only a person can say, so the order stands in review and nothing is
 * fulfilled. Cut in half it never happened; a second call finds the order of the first.
 * @param object_id of a session (`cs_…`) or of a payment (`pi_…`).
 * @throws KassaError `not_found` for what Stripe does not know, `invalid_request` while no money was taken.
 */
export async function adopt(house: House, object_id: string, actor: string): Promise<Adopted> {
  const report = await askStripe(() => readPaid(house, object_id));
  const known = await findAttempt(house.db, house.shop, report);
  if (known) return { order_id: known.order_id, is_new: false };
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
    const order_id = await writeOrder(house, tx, { report, object_id, actor });
    return { order_id, is_new: true };
  }).then(async (adopted) => {
    await closeBreaks(house.db, house.shop, object_id, house.clock.now());
    return adopted;
  });
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

interface Found {
  readonly report: PaymentReport;
  readonly object_id: string;
  readonly actor: string;
}

async function writeOrder(house: House, tx: Transaction, { report, object_id, actor }: Found): Promise<string> {
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
  await changeAttempt(
    tx,
    attempt_id,
    { session_id, payment_id, status: 'complete', payment_status: 'paid', ...received },
    at,
  );
  const amounts = { stripe: amount_minor, review: -amount_minor };
  await post(tx, { ...shop, order_id }, { cause: `paid:${attempt_id}`, currency, amounts }, world);
  const review = { reason: REASON, details: { object_id, amount_minor, currency } };
  const move = { status: order.status, email: null, paid_at: null, review };
  const version = await moveOrder(tx, order, move, at);
  const step = { ...shop, order_id, status_to: order.status, cause: `adopt:${object_id}`, actor };
  const created = { ...step, order_version: 1, action: 'created', status_from: null, details: { attempt_id } };
  await writeAudit(tx, created, world);
  const details = { attempt_id, payment_id, ...review.details };
  const looked = { ...step, order_version: version, action: `review:${REASON}`, status_from: order.status, details };
  await writeAudit(tx, looked, world);
  return order_id;
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
