import type { DeclineChoice, Outcome } from './views.ts';

/** A card as the page fills it in. Expiry and CVC are free at Stripe; these two are easy to recognise. */
export const FILLED_EXPIRY = '12 / 34';
export const FILLED_CVC = '123';
/** The account that the page shows for a bank debit; which one is used follows from the chosen result. */
export const DEBIT_IBAN = { succeeds: 'AT61 1904 3002 3457 3201', fails: 'IT60 X054 2811 1010 0000 0123 456' } as const;

/** The test card (docs.stripe.com/testing) that leads to each outcome, so that the visible path is the card path. */
export const OUTCOME_CARD = {
  pays: '4242424242424242',
  needs_3ds: '4000002500003155',
  closes_after_paying: '4242424242424242',
} as const;

export const DECLINE_CARD: Record<DeclineChoice, string> = {
  generic_decline: '4000000000000002',
  insufficient_funds: '4000000000009995',
  expired_card: '4000000000000069',
  incorrect_cvc: '4000000000000127',
  lost_card: '4000000000009987',
  processing_error: '4000000000000119',
};

export interface OutcomeChoice {
  value: Outcome;
  title: string;
  hint: string;
}

/** The pick-list of a payment, in the order in which it is shown. */
const PAYMENT_CHOICES: readonly OutcomeChoice[] = [
  { value: 'pays', title: 'Pays', hint: 'The card goes through.' },
  { value: 'declined', title: 'Is declined', hint: 'The bank says no. Nothing is charged.' },
  { value: 'needs_3ds', title: 'Needs 3-D Secure', hint: 'The bank asks first; you answer for it.' },
  { value: 'pays_later', title: 'Pays later', hint: 'Bank debit: accepted now, decided later.' },
  { value: 'abandons', title: 'Walks away', hint: 'Leaves without paying, never comes back.' },
  { value: 'closes_after_paying', title: 'Pays, then closes the tab', hint: 'The shop hears only the webhook.' },
  { value: 'card', title: 'Whatever the card does', hint: 'Decided by the test card typed below.' },
];

/** Saving a card charges nothing, so the same endings have other words, and nothing is decided later. */
const SETUP_WORDS: Partial<Record<Outcome, { title: string; hint: string }>> = {
  pays: { title: 'Is accepted', hint: 'The card is saved.' },
  declined: { title: 'Is declined', hint: 'The bank says no. Nothing is saved.' },
  abandons: { title: 'Walks away', hint: 'Leaves without saving a card.' },
  closes_after_paying: { title: 'Saves, then closes the tab', hint: 'The shop hears only the webhook.' },
};

/** The endings that make sense for a session of this mode. */
export function outcomeChoices(mode: 'payment' | 'setup' | 'subscription'): readonly OutcomeChoice[] {
  if (mode !== 'setup') return PAYMENT_CHOICES;
  const possible = PAYMENT_CHOICES.filter((choice) => choice.value !== 'pays_later');
  return possible.map((choice) => ({ ...choice, ...SETUP_WORDS[choice.value] }));
}

export const DECLINE_CHOICES: readonly { value: DeclineChoice; label: string }[] = [
  { value: 'generic_decline', label: 'without a reason' },
  { value: 'insufficient_funds', label: 'insufficient funds' },
  { value: 'expired_card', label: 'card has expired' },
  { value: 'incorrect_cvc', label: 'security code is wrong' },
  { value: 'lost_card', label: 'card was reported lost' },
  { value: 'processing_error', label: 'processing error' },
];

/** The number that the page fills in for a choice; empty where no card is used. */
export function cardFor(outcome: Outcome, decline: DeclineChoice): string {
  if (outcome === 'declined') return DECLINE_CARD[decline];
  if (outcome === 'pays' || outcome === 'needs_3ds' || outcome === 'closes_after_paying') return OUTCOME_CARD[outcome];
  return '';
}

/** 4242424242424242 as people read it: 4242 4242 4242 4242 (Amex 4-6-5). */
export function spacedNumber(number: string): string {
  if (/^3[47]/.test(number)) return number.replace(/^(.{4})(.{1,6})(.*)$/, '$1 $2 $3').trim();
  return number.replace(/(.{4})(?=.)/g, '$1 ');
}
