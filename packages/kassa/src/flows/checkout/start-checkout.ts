import { claimKey, finishKey, inTransaction, releaseKey, restartKey, type Transaction } from '../../database/index.ts';
import { atCurrentPrices } from '../../domain/catalog/index.ts';
import { attemptById, isOver } from '../../domain/payments/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { unavailable } from '../asking/ask-stripe.ts';
import { checkOwnMethod } from '../asking/own-method.ts';
import type { House } from '../house.ts';
import type { Opened } from '../opening/attach-session.ts';
import type { Answer, StartCheckout } from '../opening/checkout-wish.ts';
import { draftWish, quoteFor } from '../opening/draft-wish.ts';
import { endOlderPages, olderPagesOf } from '../opening/one-page.ts';
import { type JustDrafted, openAttempt } from '../opening/open-attempt.ts';
import { mayShare } from '../opening/open-together.ts';
import { refuseEnded } from '../opening/still-stands.ts';
import { takeTurn } from '../opening/take-turn.ts';

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

/** Another page of the buyer may be met five times: by its index, unsent, sent, opened meanwhile, and open. */
const TURNS_MAX = 8;

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
    return await atCurrentPrices(house.prices, () => draftNow(house, command));
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

/** With others who come at this moment, where nothing stands between the price and the rows; else alone. */
async function draftNow(house: House, command: StartCheckout): Promise<Drafted> {
  const shared = mayShare(house, command) ? await house.shared?.draft(command) : undefined;
  if (shared === undefined || shared === 'alone') return inTransaction(house.db, (tx) => draft(house, tx, command));
  if ('refused' in shared) throw shared.refused;
  return { attempt_id: shared.attempt.id, just: shared };
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
  const { order, ...drafted } = await draftWish(house, tx, { command, at });
  // Under a key the answer is kept with what Stripe has answered: that is more than a look can be spared for.
  return { attempt_id: drafted.attempt.id, just: idempotency ? drafted : { ...drafted, order } };
}
