import { enqueue, noteDraft, setTimer, type Transaction } from '../../database/index.ts';
import { offersById } from '../../domain/catalog/index.ts';
import { takeHolds } from '../../domain/inventory/index.ts';
import { insertOrder, writeAudit } from '../../domain/orders/index.ts';
import { insertAttempt, intendOperation, operationKey, type SessionRequest } from '../../domain/payments/index.ts';
import type { Quote } from '../../domain/pricing/index.ts';
import type { House } from '../house.ts';
import type { StartCheckout } from './checkout-wish.ts';

/** Stripe's sessions live at least 30 minutes from when the request reaches it (docs.stripe.com/api/checkout). */
const SESSION_LIFE_MIN_MS = 30 * 60_000;
const SESSION_LIFE_MAX_MS = 24 * 3_600_000;
/** Room for the request to be sent again, and for Stripe's clock to differ from ours. */
const SKEW_MS = 6 * 60_000;
/** The hold ends this long after the page. */
const MARGIN_MS = 60_000;

/** A priced wish on its way to an order. */
export interface Draft {
  readonly command: StartCheckout;
  readonly quote: Quote;
  readonly at: Date;
}

/**
 * Writes order, lines, attempt and holds, and what is only appended, in the order of the lock classes.
 * @returns the attempt's id.
 * @throws KassaError `sold_out`
 */
export async function writeDraft(house: House, tx: Transaction, draft: Draft): Promise<string> {
  const { command, quote, at } = draft;
  const world = { ids: house.ids, at };
  const offers = await offersById(
    tx,
    house.shop,
    quote.lines.map((line) => line.offer_id),
  );
  const holds_ms = [...offers.values()].map((offer) => offer.hold_ms);
  const wanted_ms = Math.max(SESSION_LIFE_MIN_MS, ...holds_ms) + SKEW_MS;
  const session_ends = new Date(at.getTime() + Math.min(wanted_ms, SESSION_LIFE_MAX_MS - SKEW_MS));
  // The hold outlives the session, so nothing is released while a page could still be paid (invariant V2).
  const hold_expires_at = new Date(session_ends.getTime() + MARGIN_MS);
  const { id: _, user_id, expires_at: __, coupon_code: ___, hash, ...sums } = quote;
  const buyer = { user_id, email: command.buyer.email ?? null };
  const order = await insertOrder(
    tx,
    {
      ...house.shop,
      ...sums,
      ...buyer,
      contract: command.contract,
      quote_id: quote.id,
      lines_hash: hash,
      hold_expires_at,
      status: 'pending',
    },
    world,
  );
  const free = quote.total_minor === 0;
  const attempt_id = await insertAttempt(
    tx,
    {
      ...house.shop,
      ...buyer,
      order_id: order.id,
      presentation: free ? 'none' : command.presentation,
      amount: quote.total_minor,
      currency: quote.currency,
      metadata: command.metadata,
      success_url: command.success_url,
      cancel_url: command.cancel_url ?? null,
      expires_at: session_ends,
    },
    world,
  );
  const requests = quote.lines.map(({ offer_id, quantity }, index) => ({
    offer_id,
    quantity,
    order_line_id: order.line_ids[index] ?? '',
  }));
  await takeHolds(tx, { order_id: order.id, expires_at: hold_expires_at }, requests, world);
  await writeBeginning(house, tx, { ...draft, order_id: order.id, attempt_id, session_ends });
  return attempt_id;
}

interface Beginning extends Draft {
  readonly order_id: string;
  readonly attempt_id: string;
  readonly session_ends: Date;
}

/** What is only appended: the first audit row, the bytes for Stripe, the timer that looks after a crash, the key. */
async function writeBeginning(house: House, tx: Transaction, beginning: Beginning): Promise<void> {
  const { command, quote, at, order_id, attempt_id } = beginning;
  const world = { ids: house.ids, at };
  const cause = command.idempotency ? `request:${command.idempotency.key}` : 'request';
  const step = { order_id, order_version: 1, action: 'created', status_from: null, status_to: 'pending' as const };
  const details = { attempt_id, contract: command.contract };
  await writeAudit(tx, { ...house.shop, ...step, cause, actor: 'buyer', details }, world);
  if (quote.total_minor > 0) {
    const request = house.gateway.composeSession(sessionRequest(beginning));
    const key = operationKey(attempt_id, 'open');
    const ids = { order_id, attempt_id, refund_id: null };
    await intendOperation(tx, { ...house.shop, ...ids, key, action: 'open', request }, world);
  }
  const told = house.destinationsOf('order.created', command.contract);
  if (told.length > 0) {
    const message = { ...house.shop, topic: 'order.created', order_id, order_version: 1, at };
    await enqueue(tx, { ...message, payload: {} }, told, house.ids);
  }
  const due_at = new Date(at.getTime() + house.pace.finish_after_ms);
  await setTimer(tx, { subject: attempt_id, kind: 'finish_checkout', due_at });
  if (command.idempotency) await noteDraft(tx, { ...house.shop, ...command.idempotency }, { order_id, attempt_id });
}

function sessionRequest({ command, quote, order_id, session_ends }: Beginning): SessionRequest {
  return {
    presentation: command.presentation,
    order_id,
    currency: quote.currency,
    lines: quote.lines.map(({ name, description, unit_minor, quantity, stripe_price_id, total_minor }) => ({
      name,
      description,
      unit_minor,
      quantity,
      stripe_price_id,
      total_minor,
    })),
    total_minor: quote.total_minor,
    adjusted: quote.discount_minor + quote.tax_minor + quote.credits_minor > 0,
    email: command.buyer.email ?? null,
    success_url: command.success_url,
    cancel_url: command.cancel_url ?? null,
    expires_at: session_ends,
  };
}
