import { enqueue, noteDraft, setTimer, type Transaction, together } from '../../database/index.ts';
import type { Offer } from '../../domain/catalog/index.ts';
import { type Customer, customerById } from '../../domain/customers/index.ts';
import { insertOrder, writeAudit } from '../../domain/orders/index.ts';
import {
  type Attempt,
  insertAttempt,
  intendOperation,
  type Operation,
  operationKey,
} from '../../domain/payments/index.ts';
import type { Quote } from '../../domain/pricing/index.ts';
import { Bug, KassaError } from '../../kernel/errors.ts';
import { lockPayment, setAside, takesStockOnly } from '../holding/set-aside.ts';
import type { House } from '../house.ts';
import type { PricedOrder } from './attach-session.ts';
import type { StartCheckout } from './checkout-wish.ts';
import { composeOpening } from './compose-opening.ts';

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
  /** The call to Stripe follows this very commit, so it is written down as sent. */
  readonly leaves_at_once?: boolean;
}

/** What was written, as it is. */
export interface Written {
  readonly attempt: Attempt;
  /** Null: nothing is due. */
  readonly operation: Operation | null;
  readonly order: PricedOrder;
}

/**
 * Writes order, lines, attempt and everything that is set aside, and what is only appended, in the order of the lock
 * classes; as one statement where nothing must be looked at in between.
 * @throws KassaError `sold_out`, `slot_taken`, `coupon_not_valid`, `quote_expired`
 */
export async function writeDraft(house: House, tx: Transaction, draft: Draft): Promise<Written> {
  const { command, quote, at } = draft;
  const ids = quote.lines.map((line) => line.offer_id);
  const offers = await house.prices.offersById(tx, ids);
  const customer = await payerOf(house, tx, command);
  const session_ends = new Date(at.getTime() + lifeOf(command, [...offers.values()]));
  const plan = { ...draft, offers, customer, session_ends };
  const work = (): Promise<Written> => writeRows(house, tx, plan);
  return takesStockOnly(quote) ? together(tx, work) : work();
}

/** Tells whoever wants to know that an order was written, once it is there. */
export async function announce(
  house: House,
  tx: Transaction,
  { attempt }: Written,
  draft: Pick<Draft, 'command' | 'at'>,
) {
  const { command, at } = draft;
  const told = house.destinationsOf('order.created', command.contract);
  if (told.length === 0) return;
  const message = { ...house.shop, topic: 'order.created', order_id: attempt.order_id, order_version: 1, at };
  await enqueue(tx, { ...message, payload: {} }, told, house.ids);
}

interface Plan extends Draft {
  readonly offers: ReadonlyMap<string, Offer>;
  readonly customer: Customer | undefined;
  readonly session_ends: Date;
}

async function writeRows(house: House, tx: Transaction, plan: Plan): Promise<Written> {
  const { command, quote, at, offers, customer, session_ends } = plan;
  const world = { ids: house.ids, at };
  // The hold outlives the session, so nothing is released while a page could still be paid (invariant V2).
  const hold_expires_at = new Date(session_ends.getTime() + MARGIN_MS);
  const { id: _, user_id, expires_at: __, coupon_code: ___, hash, ...sums } = quote;
  const buyer = { user_id, email: command.buyer.email ?? null };
  const owner = { ...buyer, customer_id: customer?.id ?? null };
  // A buyer's other page waits for this attempt, and may hold the credits: without a stored quote they are locked by now.
  if (quote.credits_minor > 0 && command.quote_id !== undefined) {
    await lockPayment(house, tx, { quote, buyer: owner, at });
  }
  const order = await insertOrder(
    tx,
    {
      ...house.shop,
      ...sums,
      ...buyer,
      contract: command.contract,
      customer_id: customer?.id ?? null,
      external_reference: command.external_reference ?? null,
      parent_order_id: command.parent_order_id ?? null,
      quote_id: quote.id,
      lines_hash: hash,
      hold_expires_at,
      status: statusOf(command),
    },
    world,
  );
  const free = quote.total_minor === 0;
  const attempt = await insertAttempt(
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
      save_payment_method: command.save_payment_method === true,
      opened_from: command.opened_from ?? null,
      expires_at: session_ends,
    },
    world,
  );
  const { id: order_id, line_ids } = order;
  // Nobody has said who they are: such an offer waits until they do, so that visitors take nothing from buyers.
  const waits = (offer_id: string): boolean =>
    command.begins_as_draft === true && offers.get(offer_id)?.hold_at === 'pending';
  await setAside(house, tx, { order_id, line_ids, quote, buyer: owner, expires_at: hold_expires_at, at, waits });
  const beginning = { ...plan, order_id, attempt_id: attempt.id };
  const priced = { ...quote, status: statusOf(command) };
  return { attempt, operation: await writeBeginning(house, tx, beginning), order: priced };
}

function statusOf(command: StartCheckout): 'draft' | 'pending' {
  return command.begins_as_draft ? 'draft' : 'pending';
}

/** Who pays, when they are known at Stripe. */
async function payerOf(house: House, tx: Transaction, command: StartCheckout): Promise<Customer | undefined> {
  if (command.customer === undefined) return undefined;
  const customer = await customerById(tx, house.shop, command.customer.id);
  if (!customer) throw new KassaError('not_found', 'There is no such customer.');
  if (customer.stripe_customer_id === null) throw new Bug(`customer ${customer.id} is not known at Stripe yet`);
  return customer;
}

/** How long it may be paid, in milliseconds: the longest hold among the offers, within what a session may live. */
function lifeOf({ presentation }: StartCheckout, offers: readonly Offer[]): number {
  const holds_ms = offers.map((offer) => offer.hold_ms);
  // Without a session nobody but us ends the payment, so the hold alone decides.
  if (presentation === 'intent') return Math.max(MARGIN_MS, ...holds_ms);
  return Math.min(Math.max(SESSION_LIFE_MIN_MS, ...holds_ms) + SKEW_MS, SESSION_LIFE_MAX_MS - SKEW_MS);
}

export interface Beginning extends Plan {
  readonly order_id: string;
  readonly attempt_id: string;
}

/** What is only appended: the first audit row, the bytes for Stripe, the timer that looks after a crash, the key. */
async function writeBeginning(house: House, tx: Transaction, beginning: Beginning): Promise<Operation | null> {
  const { command, quote, at, order_id, attempt_id } = beginning;
  const world = { ids: house.ids, at };
  const cause = command.idempotency ? `request:${command.idempotency.key}` : 'request';
  const step = { order_id, order_version: 1, action: 'created', status_from: null, status_to: statusOf(command) };
  const { key } = command;
  const named = key?.names_amounts ? { named_amount_minor: quote.subtotal_minor, currency: quote.currency } : {};
  const details = { attempt_id, contract: command.contract, ...named };
  const actor = key === undefined ? 'buyer' : `key:${key.id}`;
  await writeAudit(tx, { ...house.shop, ...step, cause, actor, details }, world);
  const operation = quote.total_minor > 0 ? await intendOpening(house, tx, beginning) : null;
  const due_at = new Date(at.getTime() + house.pace.finish_after_ms);
  await setTimer(tx, { subject: attempt_id, kind: 'finish_checkout', due_at });
  if (command.idempotency) await noteDraft(tx, { ...house.shop, ...command.idempotency }, { order_id, attempt_id });
  return operation;
}

function intendOpening(house: House, tx: Transaction, beginning: Beginning): Promise<Operation> {
  const { at, order_id, attempt_id, leaves_at_once = false } = beginning;
  const ids = { order_id, attempt_id, refund_id: null };
  const key = operationKey(attempt_id, 'open');
  const request = composeOpening(house, beginning);
  return intendOperation(
    tx,
    { ...house.shop, ...ids, key, action: 'open', request, leaves_at_once },
    { ids: house.ids, at },
  );
}
