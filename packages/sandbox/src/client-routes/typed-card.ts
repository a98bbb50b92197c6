import { ApiFailure } from '../kernel/failure.ts';
import type { PaymentMethod } from '../kernel/kinds.ts';
import type { TestCardView } from '../pages/index.ts';
import type { BillingDetails } from '../resources/customers/address.ts';
import { newCardMethod } from '../resources/customers/payment-methods.ts';
import { allCards, type Behaviour, cardByNumber, type TestCard } from '../resources/customers/test-cards.ts';
import type { Tx } from '../store/tx.ts';

/** What a person typed into a card form. It lives for one call and is never kept. */
export interface TypedCard {
  number: string;
  /** `MM / YY`, `MM/YY`, `MMYY` or with four digits of the year. */
  expiry: string;
  cvc: string;
}

export interface CheckedCard {
  card: TestCard;
  exp_month: number;
  exp_year: number;
}

/**
 * Finds the test card that was typed. The number itself is in no message.
 * @param now_ms the sandbox's time: a card expires by its clock, not by the computer's
 * @throws ApiFailure 402 card_error with `param` number, exp_month, exp_year or cvc
 */
export function checkTypedCard(typed: TypedCard, now_ms: number): CheckedCard {
  const card = cardByNumber(typed.number);
  if (!card || (card.behaviour.kind === 'decline' && card.behaviour.code === 'incorrect_number')) {
    const message = 'Only test cards work here. The number was thrown away; choose one from the list.';
    throw refused('incorrect_number', 'number', message);
  }
  const [, month = '', year = ''] = /^(\d{1,2})\s*\/?\s*(\d{2}|\d{4})$/.exec(typed.expiry.trim()) ?? [];
  const exp_month = Number(month);
  if (exp_month < 1 || exp_month > 12)
    throw refused('invalid_expiry_month', 'exp_month', 'Type the expiry as month and year, such as 12 / 34.');
  const now = new Date(now_ms);
  const exp_year = year.length === 2 ? 2000 + Number(year) : Number(year);
  const past = exp_year * 12 + exp_month < now.getUTCFullYear() * 12 + now.getUTCMonth() + 1;
  if (past) throw refused('invalid_expiry_year', 'exp_year', 'Choose an expiry that is not in the past.');
  const length = card.brand === 'amex' ? 4 : 3;
  if (!new RegExp(`^\\d{${length}}$`).test(typed.cvc.trim())) {
    throw refused('invalid_cvc', 'cvc', `Type the security code: ${length} digits.`);
  }
  return { card, exp_month, exp_year };
}

/** A payment method of the card that was typed. @throws ApiFailure as `checkTypedCard` */
export function typedCardMethod(tx: Tx, typed: TypedCard, billing: BillingDetails): PaymentMethod {
  const { card, exp_month, exp_year } = checkTypedCard(typed, tx.now_ms);
  const method = newCardMethod(tx, card, undefined, billing);
  if (method.card) tx.patch(method, { card: { ...method.card, exp_month, exp_year } });
  return method;
}

function refused(code: string, param: string, message: string): ApiFailure {
  return new ApiFailure(402, { type: 'card_error', code, param, message });
}

/** Every card that a card form accepts, each number once, with what it does in a few words. */
export function testCardViews(): TestCardView[] {
  const cards = new Map(allCards().map(({ card }) => [card.number, card]));
  return [...cards.values()]
    .filter(({ behaviour }) => behaviour.kind !== 'decline' || behaviour.code !== 'incorrect_number')
    .map((card) => ({ number: card.number, brand: card.brand, means: meaning(card) }));
}

function meaning({ behaviour, funding }: TestCard): string {
  return behaviour.kind === 'ok' && funding !== 'credit'
    ? `pays (${funding})`
    : WORDS[behaviour.kind](behaviour as never);
}

const plain = (code: string): string => code.replaceAll('_', ' ');

const WORDS: { [K in Behaviour['kind']]: (behaviour: Extract<Behaviour, { kind: K }>) => string } = {
  ok: () => 'pays',
  decline: ({ code, decline_code }) => `declined, ${plain(decline_code ?? code)}`,
  attach_then_decline: () => 'can be saved, then declines',
  auth_required: ({ after }) =>
    after ? `asks for 3-D Secure, then ${plain(after.decline_code ?? after.code)}` : 'always asks for 3-D Secure',
  auth_unless_setup: () => 'asks for 3-D Secure unless set up before',
  auth_off_session_ok: () => 'asks for 3-D Secure when the buyer is there',
  auth_optional: () => 'could ask for 3-D Secure, does not',
  auth_lookup_error: () => '3-D Secure cannot be reached, pays',
  radar_block: () => 'blocked as fraud',
  risk: ({ level }) => (level === 'highest' ? 'blocked, highest risk' : 'pays with elevated risk, opens a review'),
  dispute: ({ reason, inquiry }) => (inquiry ? 'pays, then an inquiry' : `pays, then disputed: ${plain(reason)}`),
  early_fraud_warning: () => 'pays, then a fraud warning',
  refund_pending: () => 'pays; refunds take time',
  refund_fails: () => 'pays; refunds fail later',
  checks: ({ cvc }) => (cvc === 'fail' ? 'pays; security code check fails' : 'pays; postal code check fails'),
  bypass_pending: () => 'pays; the money is there at once',
};
