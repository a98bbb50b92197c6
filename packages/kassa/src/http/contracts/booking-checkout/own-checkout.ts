import type { Ask, CheckoutRef, CheckoutView } from '../../../flows/checkout/refresh-checkout.ts';
import { KassaError } from '../../../kernel/errors.ts';
import type { HttpHouse } from '../../house.ts';

/** How a buyer may name an order of theirs. Absent names are undefined. */
export interface OrderNames {
  readonly order_id: string | undefined;
  readonly payment_intent_id: string | undefined;
  readonly checkout_session_id?: string | undefined;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const STRIPE_ID = /^(?:pi|cs)_[A-Za-z0-9_]{1,250}$/;

/**
 * The buyer's own checkout: of this contract, or of any where it is only looked at. What is unknown, somebody else's, or two names of different orders is all
 * one answer, so that nobody learns which orders exist.
 * @throws KassaError `not_found`.
 */
export async function ownCheckout(
  house: HttpHouse,
  names: OrderNames,
  { user_id, ask, contracts }: { user_id: string; ask: Ask; contracts: 'booking' | 'any' },
): Promise<CheckoutView> {
  const ref = refOf(names);
  // First without asking Stripe: a stranger's question must not cost a call, nor be told apart by its time.
  const known = ref && (await house.refreshCheckout(ref, 'never'));
  const foreign = contracts === 'booking' && known?.contract !== 'booking-checkout';
  if (!known || known.user_id !== user_id || foreign || contradicts(known, names)) {
    throw new KassaError('not_found', 'There is no such order.');
  }
  if (ask === 'never') return known;
  return (await house.refreshCheckout({ order_id: known.order_id }, ask)) ?? known;
}

function refOf({ order_id, payment_intent_id, checkout_session_id }: OrderNames): CheckoutRef | undefined {
  if (order_id !== undefined) return UUID.test(order_id) ? { order_id: order_id.toLowerCase() } : undefined;
  if (payment_intent_id !== undefined) {
    return STRIPE_ID.test(payment_intent_id) ? { payment_id: payment_intent_id } : undefined;
  }
  if (checkout_session_id === undefined || !STRIPE_ID.test(checkout_session_id)) return undefined;
  return { session_id: checkout_session_id };
}

function contradicts(known: CheckoutView, { payment_intent_id }: OrderNames): boolean {
  return payment_intent_id !== undefined && known.payment_id !== payment_intent_id;
}
