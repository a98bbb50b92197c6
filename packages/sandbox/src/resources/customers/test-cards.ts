/** What a test card does. `after` is what its bank says after the buyer proved who they are. */
export type Behaviour =
  | { kind: 'ok' }
  | { kind: 'decline'; code: string; decline_code?: string }
  | { kind: 'attach_then_decline' }
  | { kind: 'auth_required'; after?: { code: string; decline_code?: string } }
  | { kind: 'auth_unless_setup' }
  | { kind: 'auth_off_session_ok' }
  | { kind: 'auth_optional' }
  | { kind: 'auth_lookup_error' }
  | { kind: 'radar_block' }
  | { kind: 'risk'; level: 'elevated' | 'highest' }
  | { kind: 'dispute'; reason: string; inquiry?: boolean }
  | { kind: 'early_fraud_warning' }
  | { kind: 'refund_pending' }
  | { kind: 'refund_fails' }
  | { kind: 'checks'; cvc: 'fail' | 'pass'; zip: 'fail' | 'pass' }
  | { kind: 'bypass_pending' };

export interface TestCard {
  number: string;
  brand: string;
  funding: 'credit' | 'debit' | 'prepaid';
  country: string;
  behaviour: Behaviour;
}

const OK: Behaviour = { kind: 'ok' };
const refused = (decline_code: string): Behaviour => ({ kind: 'decline', code: 'card_declined', decline_code });
const NO_FUNDS = { code: 'card_declined', decline_code: 'insufficient_funds' };

/** Number, names after `pm_card_` and `tok_` (docs.stripe.com/testing), what it does; brand and funding where not Visa credit. */
const TABLE: [string, string, Behaviour, string?, TestCard['funding']?, string?][] = [
  ['4242424242424242', 'visa', OK],
  ['4000056655665556', 'visa_debit', OK, 'visa', 'debit'],
  ['5555555555554444', 'mastercard', OK, 'mastercard'],
  ['5200828282828210', 'mastercard_debit', OK, 'mastercard', 'debit'],
  ['5105105105105100', 'mastercard_prepaid', OK, 'mastercard', 'prepaid'],
  ['378282246310005', 'amex', OK, 'amex'],
  ['6011111111111117', 'discover', OK, 'discover'],
  ['3056930009020004', 'diners', OK, 'diners'],
  ['3566002020360505', 'jcb', OK, 'jcb', 'credit', 'JP'],
  ['6200000000000005', 'unionpay', OK, 'unionpay', 'credit', 'CN'],
  ['4000000000000002', 'visa_chargeDeclined chargeDeclined', refused('generic_decline')],
  [
    '4000000000009995',
    'visa_chargeDeclinedInsufficientFunds chargeDeclinedInsufficientFunds',
    refused('insufficient_funds'),
  ],
  ['4000000000009987', 'visa_chargeDeclinedLostCard chargeDeclinedLostCard', refused('lost_card')],
  ['4000000000009979', 'visa_chargeDeclinedStolenCard chargeDeclinedStolenCard', refused('stolen_card')],
  ['4000000000000069', 'chargeDeclinedExpiredCard', { kind: 'decline', code: 'expired_card' }],
  ['4000000000000127', 'chargeDeclinedIncorrectCvc', { kind: 'decline', code: 'incorrect_cvc' }],
  ['4000000000000119', 'chargeDeclinedProcessingError', { kind: 'decline', code: 'processing_error' }],
  [
    '4000000000006975',
    'visa_chargeDeclinedVelocityLimitExceeded chargeDeclinedVelocityLimitExceeded',
    refused('card_velocity_exceeded'),
  ],
  ['4242424242424241', 'incorrectNumber', { kind: 'decline', code: 'incorrect_number' }],
  ['4000000000000341', 'chargeCustomerFail', { kind: 'attach_then_decline' }],
  ['4100000000000019', 'radarBlock', { kind: 'radar_block' }],
  ['4000000000004954', 'riskLevelHighest', { kind: 'risk', level: 'highest' }],
  ['4000000000009235', 'riskLevelElevated', { kind: 'risk', level: 'elevated' }],
  ['4000000000000101', 'cvcCheckFail', { kind: 'checks', cvc: 'fail', zip: 'pass' }],
  ['4000000000000036', 'avsZipFail', { kind: 'checks', cvc: 'pass', zip: 'fail' }],
  ['4000000000003220', 'threeDSecure2Required threeDSecureRequired', { kind: 'auth_required' }],
  [
    '4000008400001629',
    'threeDSecureRequiredChargeDeclined',
    { kind: 'auth_required', after: { code: 'card_declined', decline_code: 'generic_decline' } },
  ],
  ['4000008400001280', 'threeDSecureRequiredError', { kind: 'auth_required', after: { code: 'processing_error' } }],
  ['4000000000003055', 'threeDSecureOptional', { kind: 'auth_optional' }],
  ['4000000000003097', 'threeDSecureLookupError', { kind: 'auth_lookup_error' }],
  ['4000002500003155', 'authenticationRequiredOnSetup', { kind: 'auth_unless_setup' }],
  ['4000002760003184', 'authenticationRequired', { kind: 'auth_required' }],
  ['4000003800000446', 'authenticationRequiredSetupForOffSession', { kind: 'auth_off_session_ok' }],
  [
    '4000008260003178',
    'authenticationRequiredChargeDeclinedInsufficientFunds',
    { kind: 'auth_required', after: NO_FUNDS },
  ],
  ['4000000000000259', 'createDispute', { kind: 'dispute', reason: 'fraudulent' }],
  ['4000000000002685', 'createDisputeProductNotReceived', { kind: 'dispute', reason: 'product_not_received' }],
  ['4000000000001976', 'createDisputeInquiry', { kind: 'dispute', reason: 'fraudulent', inquiry: true }],
  ['4000000000005423', 'createIssuerFraudRecord', { kind: 'early_fraud_warning' }],
  ['4000000000007726', 'pendingRefund', { kind: 'refund_pending' }],
  ['4000000000005126', 'refundFail', { kind: 'refund_fails' }],
  ['4000000000000077', 'bypassPending', { kind: 'bypass_pending' }],
];

const BY_NUMBER = new Map<string, TestCard>();
const BY_NAME = new Map<string, TestCard>();
for (const [number, names, behaviour, brand = 'visa', funding = 'credit', country = 'US'] of TABLE) {
  const card: TestCard = { number, brand, funding, country, behaviour };
  BY_NUMBER.set(number, card);
  for (const name of names.split(' ')) BY_NAME.set(name, card);
}

/** @param number digits, spaces allowed. @returns undefined for anything but a listed test number */
export function cardByNumber(number: string): TestCard | undefined {
  return BY_NUMBER.get(number.replace(/[\s-]/g, ''));
}

/** @param id `pm_card_visa` or `tok_visa` */
export function cardByMagicId(id: string): TestCard | undefined {
  const name = /^(?:pm_card|tok)_(.+)$/.exec(id)?.[1];
  return name === undefined ? undefined : BY_NAME.get(name);
}

/** Every test card with one of its names, for pages and tests. */
export function allCards(): { name: string; card: TestCard }[] {
  return [...BY_NAME].map(([name, card]) => ({ name, card }));
}

/** What the buyer's bank is said to have said. Our own words. */
const SENTENCES: Record<string, string> = {
  card_declined: 'The card was declined.',
  insufficient_funds: 'The card has insufficient funds.',
  lost_card: 'The card was declined.',
  stolen_card: 'The card was declined.',
  expired_card: 'The card has expired.',
  incorrect_cvc: 'The security code of the card is incorrect.',
  processing_error: 'The bank could not process the card. Try again in a moment.',
  incorrect_number: 'The card number is not valid.',
  authentication_required: 'The bank wants the buyer to confirm this payment.',
  card_velocity_exceeded: 'The card was used too often or for too much.',
};

export function declineSentence(code: string, decline_code: string | undefined): string {
  return SENTENCES[decline_code ?? ''] ?? SENTENCES[code] ?? 'The card was declined.';
}

/** What the merchant is advised to do, where the network says so. */
export function adviceFor(code: string, decline_code: string | undefined): string | undefined {
  if (decline_code === 'lost_card' || decline_code === 'stolen_card') return 'do_not_try_again';
  if (decline_code === 'insufficient_funds' || code === 'processing_error') return 'try_again_later';
  return code === 'expired_card' || code === 'incorrect_number' ? 'confirm_card_data' : undefined;
}
