import { claimKey, finishKey, inTransaction, type Transaction } from '../../database/index.ts';
import { lockHolds, resumeHolds } from '../../domain/inventory/index.ts';
import {
  fieldsOf,
  lockOrder,
  moveOrder,
  nextStatus,
  type Order,
  type OrderFields,
  saveFields,
  writeAudit,
} from '../../domain/orders/index.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { CheckoutRef, CheckoutView, House } from '../house.ts';
import type { Answer, StartCheckout } from '../opening/checkout-wish.ts';

/** Who buys, as a page's form says it, for the order behind a session. */
export interface FillOrder {
  readonly session_id: string;
  /** An order of another contract is answered like none at all: its page has no business here. */
  readonly contract: string;
  /** What the page believes to sell; null: it does not say. */
  readonly offer_id: string | null;
  readonly email: string;
  readonly fields: OrderFields;
  readonly idempotency?: NonNullable<StartCheckout['idempotency']>;
  /** The contract's 200 body. */
  readonly render: (order_id: string) => unknown;
}

/** What `refresh-checkout` says of a checkout after asking Stripe this very moment. */
export type AskStripe = (ref: CheckoutRef) => Promise<CheckoutView | undefined>;

/**
 * Writes down who buys, right before the buyer is handed to Stripe: the order has begun as a draft and becomes pending.
 *   1 theirs  read the session: only while it is open may anything be written
 *   2 ours    under the order's lock: e-mail, fields, and the stock of offers that waited for this step
 * Repeats are one order: the last values win as a whole, and the same values again write nothing. An order that was
 * paid in between is not touched. Cut in half after 1 nothing has happened.
 * @throws KassaError `not_found`, `invalid_request` for another offer, `session_not_open`, `sold_out`,
 *   `idempotency_key_reused`, `payment_provider_unavailable` when Stripe cannot be asked.
 */
export async function fillOrder(house: House, askStripe: AskStripe, wish: FillOrder): Promise<Answer> {
  const checkout = await askStripe({ session_id: wish.session_id });
  if (!checkout || checkout.contract !== wish.contract) throw new KassaError('not_found', 'There is no such checkout.');
  const { order_id, lines } = checkout;
  if (wish.offer_id !== null && !lines.some((line) => line.offer_id === wish.offer_id)) {
    throw new KassaError('invalid_request', 'This checkout belongs to another offer.', { offer: 'another' });
  }
  if (checkout.status !== 'open') throw notOpen();
  return inTransaction(house.db, (tx) => once(house, tx, wish, () => fill(house, tx, order_id, wish)));
}

/** A repeat under one key is answered as the first time, although others may have written since. */
async function once(house: House, tx: Transaction, wish: FillOrder, work: () => Promise<string>): Promise<Answer> {
  const answerWith = (order_id: string) => ({ status: 200, body: JSON.stringify(wish.render(order_id)) });
  if (!wish.idempotency) return { ...answerWith(await work()), replayed: false };
  const key = { ...house.shop, ...wish.idempotency };
  const at = house.clock.now();
  const claim = await claimKey(tx, key, at);
  if (claim.state === 'replay') return { status: claim.status, body: claim.body, replayed: true };
  if (claim.state === 'reused') {
    throw new KassaError('idempotency_key_reused', 'This idempotency key was used with another request.');
  }
  return { ...(await finishKey(tx, key, answerWith(await work()), at)), replayed: false };
}

async function fill(house: House, tx: Transaction, order_id: string, wish: FillOrder): Promise<string> {
  const order = await lockOrder(tx, order_id);
  const status_to = nextStatus(order.status, 'filled');
  // Paid, or ended, since Stripe said that it is open: then nothing is written.
  if (status_to !== 'pending') throw notOpen();
  if (!(await changes(tx, order, wish))) return order.id;
  const at = house.clock.now();
  await resumeHolds(tx, await lockHolds(tx, order.id), at);
  await saveFields(tx, order.id, wish.fields);
  const version = await moveOrder(tx, order, { status: status_to, email: wish.email, paid_at: null, review: null }, at);
  const entry = {
    ...house.shop,
    order_id: order.id,
    order_version: version,
    action: 'filled',
    status_from: order.status,
    status_to,
    cause: wish.idempotency ? `request:${wish.idempotency.key}` : 'request',
    actor: 'buyer',
    details: {},
  };
  await writeAudit(tx, entry, { ids: house.ids, at });
  return order.id;
}

async function changes(tx: Transaction, order: Order, { email, fields }: FillOrder): Promise<boolean> {
  if (order.status === 'draft' || order.email !== email) return true;
  return canonicalJson(await fieldsOf(tx, order.id)) !== canonicalJson(fields);
}

function notOpen(): KassaError {
  return new KassaError('session_not_open', 'This checkout is no longer open. Start a new one.');
}
