import {
  claimKey,
  finishKey,
  inTransaction,
  releaseKey,
  restartKey,
  type Transaction,
  together,
} from '../../database/index.ts';
import { atCurrentPrices } from '../../domain/catalog/index.ts';
import { attemptById, isOver } from '../../domain/payments/index.ts';
import type { Quote } from '../../domain/pricing/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { unavailable } from '../asking/ask-stripe.ts';
import { checkOwnMethod } from '../asking/own-method.ts';
import type { House } from '../house.ts';
import type { Opened } from '../opening/attach-session.ts';
import { chargeKey } from '../opening/charge-key.ts';
import type { Answer, StartCheckout } from '../opening/checkout-wish.ts';
import { endOlderPages, olderPagesOf, quoteInTurn } from '../opening/one-page.ts';
import { type JustDrafted, openAttempt } from '../opening/open-attempt.ts';
import { refuseEnded } from '../opening/still-stands.ts';
import { takeTurn } from '../opening/take-turn.ts';
import { announce, type Written, writeDraft } from '../opening/write-draft.ts';
import { storedQuote } from '../quoting/stored-quote.ts';

export type { Opened } from '../opening/attach-session.ts';
export type { Answer, StartCheckout } from '../opening/checkout-wish.ts';

/**
 * Three steps; each may be repeated.
 *   1 ours    claim the key, price, write order and attempt, set all aside (committed before Stripe hears of it)
 *   2 theirs  open the session or the payment                              (same key, same bytes, same object)
 *   3 ours    write down what Stripe answered, store the answer under the key
 * A crash after 1 or 2 leaves an order that `finish-checkout` takes up: it sends the same bytes again, or gives
 * everything back. A repeat with the caller's own key continues where the first one stopped.
 * @throws KassaError what the quote refuses, `sold_out`, `slot_taken`, `price_mismatch`, `idempotency_key_reused`,
 *   `idempotency_key_in_use`, `payment_already_succeeded` for what an older page of the buyer was just paid for,
 *   `session_not_open` when a newer one took its place, `payment_provider_unavailable` when Stripe is away or its answer
 *   unknown.
 */
export async function startCheckout(house: House, command: StartCheckout): Promise<Answer> {
  await takeTurn(house, command, (tx) => quoteFor(house, tx, command));
  if (command.payment_method_id !== undefined) {
    await checkOwnMethod(house, command.customer?.id ?? null, command.payment_method_id);
  }
  const drafted = await draftInTurn(house, command);
  if ('body' in drafted) return drafted;
  const finish = async (tx: Transaction, opened: Opened): Promise<string> => {
    const answer = { status: 200, body: JSON.stringify(command.render(opened)) };
    if (!command.idempotency) return answer.body;
    const kept = await finishKey(tx, { ...house.shop, ...command.idempotency }, answer, house.clock.now());
    return kept.body;
  };
  try {
    const { attempt_id, just } = drafted;
    const body = await openAttempt(house, attempt_id, finish, just);
    return { status: 200, body, replayed: false };
  } catch (error) {
    const { idempotency } = command;
    if (idempotency) await releaseKey(house.db, { ...house.shop, ...idempotency }, house.clock.now());
    throw error;
  }
}

type Drafted = Answer | { readonly attempt_id: string; readonly just?: JustDrafted };

/** Other requests of the same buyer may open pages of their own meanwhile. */
const TURNS_MAX = 4;

/** Writes the draft once no older page of the same buyer stands in its way. */
async function draftInTurn(house: House, command: StartCheckout): Promise<Drafted> {
  for (let turn = 1; ; turn += 1) {
    try {
      return await draftOrRefuse(house, command);
    } catch (error) {
      const older = olderPagesOf(error);
      if (!older) throw error;
      if (turn === TURNS_MAX) throw unavailable(error);
      await endOlderPages(house, older).catch((refusal) => keepRefusal(house, command, refusal));
    }
  }
}

/** A refusal rolls everything back, and is then remembered by itself, so that one key keeps one answer. */
async function draftOrRefuse(house: House, command: StartCheckout): Promise<Drafted> {
  try {
    return await atCurrentPrices(house.prices, () => inTransaction(house.db, (tx) => draft(house, tx, command)));
  } catch (error) {
    return keepRefusal(house, command, error);
  }
}

/** Remembers a refusal that a repeat would get as well, where the caller gave a key. @throws what it was given. */
async function keepRefusal(house: House, command: StartCheckout, error: unknown): Promise<never> {
  const { idempotency, renderFailure } = command;
  const lasting = error instanceof KassaError && error.status < 500 && error.status !== 429;
  if (!lasting || !idempotency || !renderFailure || error.code.startsWith('idempotency_')) throw error;
  const answer = renderFailure(error);
  const owner = { ...house.shop, ...idempotency };
  await inTransaction(house.db, async (tx) => {
    const claim = await claimKey(tx, owner, house.clock.now());
    // `resume` names the try before, which is over: only then is a draft written again, and refused.
    if (claim.state === 'new' || claim.state === 'resume') await finishKey(tx, owner, answer, house.clock.now());
  });
  throw error;
}

async function draft(house: House, tx: Transaction, command: StartCheckout): Promise<Drafted> {
  const at = house.clock.now();
  const { idempotency } = command;
  if (idempotency) {
    const claim = await claimKey(tx, { ...house.shop, ...idempotency }, at);
    if (claim.state === 'replay') {
      await refuseEnded(tx, claim);
      return { status: claim.status, body: claim.body, replayed: true };
    }
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
      if (attempt && !isOver(attempt.payment_status)) return { attempt_id: attempt.id };
      // The first try was given up, or its page ended before anybody saw it: this is the try again.
      await restartKey(tx, { ...house.shop, ...idempotency });
    }
  }
  const work = async (): Promise<Written> => {
    const quote = await quoteInTurn(house, tx, command, async () => {
      const quoted = await quoteFor(house, tx, command);
      compareClaim(command, quoted);
      return quoted;
    });
    const draft = { command, quote, at };
    await chargeKey(tx, draft);
    return writeDraft(house, tx, draft);
  };
  const just = await (asksForStockOnly(command) ? together(tx, work) : work());
  await announce(house, tx, just, { command, at });
  return { attempt_id: just.attempt.id, just };
}

/** Nothing must be looked at between the price and what is set aside, so all of it is written by one statement. */
function asksForStockOnly({ quote_id, coupon_code, use_credits, lines, presentation, buyer }: StartCheckout): boolean {
  if (presentation === 'hosted' && buyer.user_id !== undefined) return false;
  const timed = lines.some(({ slot, children }) => slot !== undefined || (children !== undefined && children.size > 0));
  return quote_id === undefined && coupon_code === undefined && use_credits !== true && !timed;
}

async function quoteFor(house: House, tx: Transaction, command: StartCheckout): Promise<Quote> {
  const user_id = command.buyer.user_id ?? null;
  if (command.quote_id === undefined) {
    const { lines, currency, buyer, customer, coupon_code, use_credits } = command;
    const who = { user_id, email: buyer.email ?? null, customer_id: customer?.id ?? null };
    const asked = { ...who, lines, currency, use_credits: use_credits === true, will_hold: true };
    return house.quoteBasket(house, tx, { ...asked, ...(coupon_code === undefined ? {} : { coupon_code }) });
  }
  return storedQuote(house, tx, { ...command, quote_id: command.quote_id, user_id });
}

function compareClaim({ claim }: StartCheckout, quote: Quote): void {
  if (!claim) return;
  const { currency } = quote;
  const expected_minor = claim.of === 'list' ? quote.subtotal_minor : quote.total_minor;
  const claimed_minor = claim.amountIn?.(currency, expected_minor === 0) ?? expected_minor;
  if (claimed_minor === expected_minor && (claim.currency ?? currency) === currency) return;
  throw new KassaError('price_mismatch', 'The amount does not match the price.', { expected_minor, currency });
}
