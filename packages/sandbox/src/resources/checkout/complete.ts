import type { PaymentIntent, Session, SetupIntent } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { sessionSecrets } from '../basket/items.ts';

export interface Completion {
  payment_status: 'paid' | 'unpaid' | 'no_payment_required';
  intent?: PaymentIntent;
  setup?: SetupIntent;
}

/** The buyer is through. Emits `checkout.session.completed`; only an open session ever comes here. */
export function completeSession(tx: Tx, session: Session, completion: Completion): void {
  tx.untime('session_expires', session.id);
  tx.patch(session, {
    status: 'complete',
    payment_status: completion.payment_status,
    url: null,
    payment_intent: completion.intent?.id ?? null,
    setup_intent: completion.setup?.id ?? null,
  });
  tx.hidden(session.id).completed_ms = tx.now_ms;
  redeem(tx, session);
  countSale(tx, session);
  tx.book({ kind: 'session_closed', subject: session.id, more: { as: 'complete' } });
  tx.emit('checkout.session.completed', session);
}

/** A link that sells only so often counts what it sold. */
function countSale(tx: Tx, session: Session): void {
  const link = typeof session.payment_link === 'string' ? tx.find('payment_link', session.payment_link) : undefined;
  const limit = link?.restrictions?.completed_sessions;
  if (!link || !limit) return;
  const completed_sessions = { ...limit, count: limit.count + 1 };
  tx.patch(link, { restrictions: { ...link.restrictions, completed_sessions } });
}

/** A coupon counts as used when the session that used it is complete, not when it was typed. */
function redeem(tx: Tx, session: Session): void {
  const { coupon, promotion_code } = sessionSecrets(tx, session);
  const used = coupon === null ? undefined : tx.find('coupon', coupon);
  if (used) tx.patch(used, { times_redeemed: used.times_redeemed + 1 });
  const code = promotion_code === null ? undefined : tx.find('promotion_code', promotion_code);
  if (code) tx.patch(code, { times_redeemed: code.times_redeemed + 1 });
}

const TEMPLATE = /(?:\{|%7B)CHECKOUT_SESSION_ID(?:\}|%7D)/gi;

/** Where the browser goes after paying, with the session's id in place of the template. Null: it stays. */
export function returnAddress(tx: Tx, session: Session): string | null {
  const { return_to } = sessionSecrets(tx, session);
  return return_to === null ? null : return_to.replace(TEMPLATE, session.id);
}
