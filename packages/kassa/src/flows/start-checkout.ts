import {
  claimKey,
  finishKey,
  inTransaction,
  noteDraft,
  releaseKey,
  restartKey,
  setTimer,
  type Transaction,
} from '../database/index.ts';
import { offersById } from '../domain/catalog/index.ts';
import { takeHolds } from '../domain/inventory/index.ts';
import { insertOrder, writeAudit } from '../domain/orders/index.ts';
import {
  attemptById,
  insertAttempt,
  intendOperation,
  isLive,
  operationKey,
  type SessionRequest,
} from '../domain/payments/index.ts';
import { findQuote, type Quote } from '../domain/pricing/index.ts';
import { KassaError } from '../kernel/errors.ts';
import type { House, QuoteWish } from './house.ts';
import type { Opened } from './opening/attach-session.ts';
import { openAttempt } from './opening/open-attempt.ts';

export type { Opened } from './opening/attach-session.ts';

/** A buyer's wish to pay, already checked for form by a contract. */
export interface StartCheckout {
  readonly contract: string;
  readonly presentation: 'hosted' | 'embedded' | 'elements';
  readonly lines: QuoteWish['lines'];
  readonly quote_id?: string;
  readonly currency?: string;
  /** What the caller believes the whole costs. A claim, never the price: it must equal the total. Minor units. */
  readonly claim?: { readonly amount_minor: number; readonly currency: string };
  readonly buyer: { readonly user_id?: string; readonly email?: string };
  readonly success_url: string;
  readonly cancel_url?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly idempotency?: { readonly scope: string; readonly key: string; readonly request_hash: string };
  /** The contract's 200 body. It is stored under the key, so a repeat gets the same bytes. */
  readonly render: (opened: Opened) => unknown;
  /** The contract's body for a refusal; given, a refusal is stored under the key as well. */
  readonly renderFailure?: (error: KassaError) => { readonly status: number; readonly body: string };
}

export interface Answer {
  readonly status: number;
  /** JSON text. */
  readonly body: string;
  readonly replayed: boolean;
}

/** Stripe's sessions live at least 30 minutes from when the request reaches it (docs.stripe.com/api/checkout). */
const SESSION_LIFE_MIN_MS = 30 * 60_000;
/** Room for the request to travel, and for Stripe's clock to differ from ours. */
const MARGIN_MS = 60_000;

const ENDPOINT = 'POST /v1/checkout/sessions';

/**
 * Three steps; each may be repeated.
 *   1 ours    claim the key, price, hold stock, write order and attempt   (committed before Stripe hears of it)
 *   2 theirs  open the session                                            (same key, same bytes, same session)
 *   3 ours    write down what Stripe answered, store the answer under the key
 * A crash after 1 or 2 leaves an order that `finish-checkout` takes up: it sends the same bytes again, or gives the
 * stock back. A repeat with the caller's own key continues where the first one stopped.
 * @throws KassaError what the quote refuses, `sold_out`, `price_mismatch`, `idempotency_key_reused`,
 *   `idempotency_key_in_use`, `payment_provider_unavailable` when Stripe is away or its answer unknown.
 */
export async function startCheckout(house: House, command: StartCheckout): Promise<Answer> {
  await house.gateway.reserve(ENDPOINT, 'buyer');
  const drafted = await draftOrRefuse(house, command);
  if ('body' in drafted) return drafted;
  const finish = async (tx: Transaction, opened: Opened): Promise<string> => {
    const body = JSON.stringify(command.render(opened));
    if (command.idempotency) {
      await finishKey(tx, { ...house.shop, ...command.idempotency }, { status: 200, body }, house.clock.now());
    }
    return body;
  };
  try {
    const body = await openAttempt(house, drafted.attempt_id, finish);
    return { status: 200, body, replayed: false };
  } catch (error) {
    const { idempotency } = command;
    if (idempotency) await releaseKey(house.db, { ...house.shop, ...idempotency }, house.clock.now());
    throw error;
  }
}

type Drafted = Answer | { readonly attempt_id: string };

/** A refusal rolls everything back, and is then remembered by itself, so that one key keeps one answer. */
async function draftOrRefuse(house: House, command: StartCheckout): Promise<Drafted> {
  try {
    return await inTransaction(house.db, (tx) => draft(house, tx, command));
  } catch (error) {
    const { idempotency, renderFailure } = command;
    const lasting = error instanceof KassaError && error.status < 500 && error.status !== 429;
    if (!lasting || !idempotency || !renderFailure || error.code.startsWith('idempotency_')) throw error;
    const answer = renderFailure(error);
    const owner = { ...house.shop, ...idempotency };
    await inTransaction(house.db, async (tx) => {
      const claim = await claimKey(tx, owner, house.clock.now());
      if (claim.state === 'new') await finishKey(tx, owner, answer, house.clock.now());
    });
    throw error;
  }
}

async function draft(house: House, tx: Transaction, command: StartCheckout): Promise<Drafted> {
  const at = house.clock.now();
  const { idempotency } = command;
  if (idempotency) {
    const claim = await claimKey(tx, { ...house.shop, ...idempotency }, at);
    if (claim.state === 'replay') return { status: claim.status, body: claim.body, replayed: true };
    if (claim.state === 'reused') {
      throw new KassaError('idempotency_key_reused', 'This idempotency key was used with another request.');
    }
    if (claim.state === 'in_use') {
      throw new KassaError('idempotency_key_in_use', 'A request with this idempotency key is still running.', {
        retry_after_s: 1,
      });
    }
    if (claim.state === 'resume') {
      const attempt = await attemptById(tx, claim.attempt_id);
      if (attempt && (attempt.session_id !== null || isLive(attempt.payment_status))) return { attempt_id: attempt.id };
      // The first try was given up and answered with "try again": this is the try.
      await restartKey(tx, { ...house.shop, ...idempotency });
    }
  }
  const quote = await quoteFor(house, tx, command);
  compareClaim(command, quote);
  return writeDraft(house, tx, { command, quote, at });
}

async function quoteFor(house: House, tx: Transaction, command: StartCheckout): Promise<Quote> {
  const user_id = command.buyer.user_id ?? null;
  if (command.quote_id === undefined) {
    return house.quoteBasket(house, tx, { lines: command.lines, currency: command.currency, user_id });
  }
  const quote = await findQuote(tx, house.shop, command.quote_id);
  // Somebody else's quote is answered like none at all.
  if (!quote || quote.user_id !== user_id) throw new KassaError('not_found', 'There is no such quote.');
  if (quote.expires_at.getTime() <= house.clock.now().getTime()) {
    throw new KassaError('quote_expired', 'This quote has expired. Ask for a new one.');
  }
  return quote;
}

function compareClaim({ claim }: StartCheckout, quote: Quote): void {
  if (!claim || (claim.amount_minor === quote.total_minor && claim.currency === quote.currency)) return;
  throw new KassaError('price_mismatch', 'The amount does not match the price.', {
    expected_minor: quote.total_minor,
    currency: quote.currency,
  });
}

interface Draft {
  readonly command: StartCheckout;
  readonly quote: Quote;
  readonly at: Date;
}

async function writeDraft(house: House, tx: Transaction, draft: Draft): Promise<Drafted> {
  const { command, quote, at } = draft;
  const world = { ids: house.ids, at };
  const offers = await offersById(
    tx,
    house.shop,
    quote.lines.map((line) => line.offer_id),
  );
  const holds_ms = [...offers.values()].map((offer) => offer.hold_ms);
  const session_ends = new Date(at.getTime() + Math.max(SESSION_LIFE_MIN_MS, ...holds_ms) + MARGIN_MS);
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
  return { attempt_id };
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
