import { wrongState } from '../../kernel/failure.ts';
import type { Session } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { sessionSecrets } from '../basket/items.ts';
import { endIntent } from '../payments/capture.ts';

const RECOVERY_S = 30 * 86_400;
const UNFINISHED = new Set(['requires_payment_method', 'requires_confirmation', 'requires_action']);

/** @throws ApiFailure 400 when the session is not open */
export function expireByCall(tx: Tx, session: Session): Session {
  if (session.status !== 'open') {
    throw wrongState('', `Only open sessions can be expired; this one is ${session.status}.`);
  }
  return expireSession(tx, session);
}

/** By the clock: does nothing when the buyer was faster. */
export function expireByTime(tx: Tx, id: string): void {
  const session = tx.find('checkout.session', id);
  if (session?.status === 'open') expireSession(tx, session);
}

function expireSession(tx: Tx, session: Session): Session {
  tx.untime('session_expires', session.id);
  const recovery = session.after_expiration?.recovery;
  if (recovery?.enabled) {
    const secret = tx.ids.secret(40);
    sessionSecrets(tx, session).recovery = secret;
    session.after_expiration = {
      recovery: {
        ...recovery,
        expires_at: tx.now + RECOVERY_S,
        url: `${tx.world.publicUrl}/c/recover/${session.id}/${secret}`,
      },
    };
  }
  // The session ends before its intent does, so that the intent's end changes nothing about the session.
  tx.patch(session, { status: 'expired', url: null });
  const intent = session.payment_intent === null ? undefined : tx.find('payment_intent', session.payment_intent);
  if (intent && UNFINISHED.has(intent.status)) endIntent(tx, intent, 'automatic');
  tx.book({ kind: 'session_closed', subject: session.id, more: { as: 'expired' } });
  tx.emit('checkout.session.expired', session);
  return session;
}
