import { badParam } from '../kernel/failure.ts';
import type { PaymentMethod, Session } from '../kernel/kinds.ts';
import type { Collected } from '../resources/checkout/collect.ts';
import { returnAddress } from '../resources/checkout/complete.ts';
import { type Confirmation, type Confirmed, confirmSession } from '../resources/checkout/confirm.ts';
import type { BillingDetails } from '../resources/customers/address.ts';
import { newCardMethod, newDelayedMethod, usableMethod } from '../resources/customers/payment-methods.ts';
import { cardByMagicId, cardByNumber } from '../resources/customers/test-cards.ts';
import type { Tx } from '../store/tx.ts';

/** What the person at the page does. The names with spaces are those of the page's list. */
export const OUTCOMES = [
  'pays',
  'declined',
  'needs 3-D Secure',
  'pays later',
  'pays later, then fails',
  'abandons',
  'closes after paying',
] as const;
export type PayOutcome = (typeof OUTCOMES)[number];

export interface PayRequest extends Collected {
  outcome?: PayOutcome | string;
  /** A test payment method such as `pm_card_visa`, in place of the outcome's own. */
  payment_method?: string;
  /** Which refusal `declined` gets; default generic_decline. */
  decline_code?: string;
  save_card?: boolean;
  expected_amount?: number;
}

export interface PayAnswer {
  /** Where the person's browser would go next; null when they stay, or are gone. */
  redirect_url: string | null;
  session: Session;
  /** How it went: `complete`, `requires_action`, `declined`, or `abandoned`. */
  result: 'complete' | 'requires_action' | 'declined' | 'abandoned';
  /** The refusal's code, when there was one. */
  code: string | null;
}

const DECLINES: Record<string, string> = {
  generic_decline: 'pm_card_visa_chargeDeclined',
  insufficient_funds: 'pm_card_visa_chargeDeclinedInsufficientFunds',
  expired_card: 'pm_card_chargeDeclinedExpiredCard',
  incorrect_cvc: 'pm_card_chargeDeclinedIncorrectCvc',
  lost_card: 'pm_card_visa_chargeDeclinedLostCard',
  stolen_card: 'pm_card_visa_chargeDeclinedStolenCard',
  processing_error: 'pm_card_chargeDeclinedProcessingError',
};

/** The page sends its words with underscores. */
function plainOutcome(outcome: string): PayOutcome {
  const words = outcome.replaceAll('_', ' ').replace('needs 3ds', 'needs 3-D Secure');
  const found = OUTCOMES.find((known) => known === words);
  if (!found) throw badParam('outcome', `Unknown outcome '${outcome}'. Use one of: ${OUTCOMES.join(', ')}.`);
  return found;
}

function magicIdFor(outcome: PayOutcome, decline_code: string | undefined): string {
  if (outcome === 'needs 3-D Secure') return 'pm_card_authenticationRequired';
  if (outcome !== 'declined') return 'pm_card_visa';
  const id = DECLINES[decline_code ?? 'generic_decline'];
  if (!id) throw badParam('decline_code', `Unknown decline code '${decline_code}'.`);
  return id;
}

/** Makes the method of an outcome. A number is only ever one of the listed test numbers. */
export function methodFor(request: PayRequest): Confirmation['method'] {
  const outcome = plainOutcome(request.outcome ?? 'pays');
  const named = request.payment_method;
  return (tx: Tx, billing: BillingDetails): PaymentMethod => {
    if (named === undefined && outcome.startsWith('pays later')) {
      const delay = outcome === 'pays later' ? 'succeeds' : 'fails';
      return newDelayedMethod(tx, 'sepa_debit', { delay, billing });
    }
    const id = named ?? magicIdFor(outcome, request.decline_code);
    const card = cardByMagicId(id) ?? (/^\d/.test(id) ? cardByNumber(id) : undefined);
    return card ? newCardMethod(tx, card, undefined, billing) : usableMethod(tx, id, 'payment_method');
  };
}

/**
 * The person at the payment page, without a browser. Follows no redirect.
 * @throws ApiFailure 400 when the session is not open or what was typed does not fit, 404 for an unknown session
 */
export function payAsPerson(tx: Tx, id: string, request: PayRequest): PayAnswer {
  const session = tx.get('checkout.session', id, 'session');
  const outcome = plainOutcome(request.outcome ?? 'pays');
  if (outcome === 'abandons') return { redirect_url: null, session, result: 'abandoned', code: null };
  const { outcome: _outcome, payment_method: _method, decline_code: _code, ...typed } = request;
  const result = confirmSession(tx, session, { ...typed, method: methodFor(request) });
  const code = result.kind === 'declined' ? (result.refusal.decline_code ?? result.refusal.code) : null;
  const leaves = outcome !== 'closes after paying';
  return { redirect_url: leaves ? nextPage(tx, session, result) : null, session, result: result.kind, code };
}

function nextPage(tx: Tx, session: Session, result: Confirmed): string | null {
  if (result.kind === 'complete') return returnAddress(tx, session);
  if (result.kind === 'declined') return null;
  return `${tx.world.publicUrl}/3ds/${session.payment_intent ?? session.setup_intent}`;
}
