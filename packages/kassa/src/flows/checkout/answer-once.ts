import { claimKey, finishKey, inTransaction, releaseKey } from '../../database/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { House } from '../house.ts';
import type { Answer, StartCheckout } from '../opening/checkout-wish.ts';

/** Work that repeats harmlessly by itself, such as ending a payment or making the one customer of an address. */
export interface OnceWork {
  readonly idempotency: StartCheckout['idempotency'];
  /** Answers the contract's 200 body. Opens its own transactions and may call out. */
  readonly work: () => Promise<unknown>;
  /** The contract's body for a refusal. */
  readonly renderFailure: (error: KassaError) => { readonly status: number; readonly body: string };
}

/**
 * Answers a request under the caller's key, and every repeat the same, in three steps: claim the key, do the work, keep
 * the answer or the refusal. Without a key the work is just done. Cut in half, the repeat does the work again, which is
 * why it must be harmless; one that failed for a while lets go of the key at once.
 * @throws KassaError what the work refuses, `idempotency_key_reused`, `idempotency_key_in_use`.
 */
export async function answerOnce(house: House, { idempotency, work, renderFailure }: OnceWork): Promise<Answer> {
  const answer = async () => ({ status: 200, body: JSON.stringify(await work()) });
  if (idempotency === undefined) return { ...(await answer()), replayed: false };
  const key = { ...house.shop, ...idempotency };
  const claim = await inTransaction(house.db, (tx) => claimKey(tx, key, house.clock.now()));
  if (claim.state === 'replay') return { status: claim.status, body: claim.body, replayed: true };
  if (claim.state === 'reused') {
    throw new KassaError('idempotency_key_reused', 'This idempotency key was used with another request.');
  }
  if (claim.state === 'in_use') {
    const sentence = 'A request with this idempotency key is still running.';
    throw new KassaError('idempotency_key_in_use', sentence, { retry_after_s: 1 });
  }
  const keep = (kept: { status: number; body: string }) =>
    inTransaction(house.db, (tx) => finishKey(tx, key, kept, house.clock.now()));
  try {
    return { ...(await keep(await answer())), replayed: false };
  } catch (error) {
    const lasting = error instanceof KassaError && error.status < 500 && error.status !== 429;
    if (lasting) await keep(renderFailure(error));
    else await releaseKey(house.db, key, house.clock.now());
    throw error;
  }
}
