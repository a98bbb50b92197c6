import type { Database, KeptAnswer, Transaction } from '../../database/index.ts';
import { type AttemptStatus, attemptById } from '../../domain/payments/index.ts';
import { KassaError } from '../../kernel/errors.ts';

/** Only what ended unpaid: a paid one is answered as it was, since its page leads on to where the buyer belongs. */
const ENDED: Readonly<Partial<Record<AttemptStatus, string>>> = {
  superseded: 'A newer checkout of yours has taken the place of this one.',
  expired: 'This checkout has expired. Start a new one.',
  canceled: 'This checkout was canceled. Start a new one.',
  failed: 'The payment of this checkout has failed. Start a new one.',
};

/**
 * A stored answer leads to where its buyer can pay, so it is repeated while that is true. Once it has ended, a repeat is
 * told so, under a key that still never opens a second one.
 * @throws KassaError `session_not_open` with `payment_status`.
 */
export async function refuseEnded(db: Database | Transaction, { status, attempt_id }: KeptAnswer): Promise<void> {
  if (status >= 400 || attempt_id === null) return;
  const payment_status = (await attemptById(db, attempt_id))?.payment_status;
  const sentence = payment_status && ENDED[payment_status];
  if (sentence !== undefined) throw new KassaError('session_not_open', sentence, { payment_status });
}
