import type { PaymentIntent, Session } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { completeSession } from './complete.ts';

/**
 * A session goes where its payment goes. Called after every change of an intent; does nothing for intents of their own.
 * A refused attempt leaves the session open, so that the buyer can try another card.
 */
export function followIntent(tx: Tx, intent: PaymentIntent): void {
  const id = tx.hidden(intent.id).session as string | undefined;
  const session = id === undefined ? undefined : tx.find('checkout.session', id);
  if (!session) return;
  if (session.status === 'open') {
    if (intent.status === 'succeeded') completeSession(tx, session, { payment_status: 'paid', intent });
    // Whether Stripe calls money that is merely set aside paid is not known; the sandbox says not yet.
    if (intent.status === 'requires_capture') completeSession(tx, session, { payment_status: 'unpaid', intent });
    if (intent.status === 'processing') {
      tx.hidden(session.id).waits_for_bank = true;
      completeSession(tx, session, { payment_status: 'unpaid', intent });
    }
    return;
  }
  if (session.status === 'complete' && session.payment_status === 'unpaid') followLater(tx, session, intent);
}

function followLater(tx: Tx, session: Session, intent: PaymentIntent): void {
  const waits = tx.hidden(session.id).waits_for_bank === true;
  if (intent.status === 'succeeded') {
    tx.patch(session, { payment_status: 'paid' });
    if (waits) tx.emit('checkout.session.async_payment_succeeded', session);
  } else if (waits && intent.status === 'requires_payment_method') {
    tx.emit('checkout.session.async_payment_failed', session);
  }
}
