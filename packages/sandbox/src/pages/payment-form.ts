// What a posted payment form says. Card digits come out only as `instrument`, never among the typed values, so that
// no renderer can give them back and no careless log of the values can hold them.
import { cardFor, FILLED_CVC, FILLED_EXPIRY } from './outcomes.ts';
import type { AddressView, DeclineChoice, Outcome, TypedValues } from './views.ts';

/** Who decides how the payment ends: the pick-list, or the card that was typed. */
export type Instrument =
  | {
      by: 'outcome';
      outcome: Exclude<Outcome, 'card'>;
      decline_code: DeclineChoice;
      later_result: 'succeeds' | 'fails';
    }
  | { by: 'card'; number: string; expiry: string; cvc: string; closes_after_paying: boolean };

export interface PaymentForm {
  token: string;
  embedded: boolean;
  intent: 'pay' | 'quantities' | 'apply_promotion' | 'remove_promotion' | 'shipping';
  typed: TypedValues;
  /** By line id, as typed: the caller checks numbers and bounds. */
  quantities: Record<string, string>;
  custom_fields: Record<string, string>;
  instrument: Instrument;
  /** The total that the buyer saw on the button; null when the field was missing or no integer. */
  expected_minor: number | null;
}

const OUTCOMES: readonly Outcome[] = [
  'pays',
  'declined',
  'needs_3ds',
  'pays_later',
  'abandons',
  'closes_after_paying',
  'card', //
];
const DECLINES: readonly DeclineChoice[] = [
  'generic_decline',
  'insufficient_funds',
  'expired_card',
  'incorrect_cvc',
  'lost_card',
  'processing_error', //
];
const INTENTS = ['pay', 'quantities', 'apply_promotion', 'remove_promotion', 'shipping'] as const;
/** Longest text kept of one field; longer is cut, because nothing that a page asks for is longer. */
const TEXT_CHARACTERS_MAX = 512;

/** Reads the fields of the payment page. Unknown choices fall back to the first one; nothing here throws. */
export function readPaymentForm(form: URLSearchParams): PaymentForm {
  const text = (name: string): string => (form.get(name) ?? '').trim().slice(0, TEXT_CHARACTERS_MAX);
  const outcome = oneOf(OUTCOMES, text('outcome'));
  const decline_code = oneOf(DECLINES, text('decline_code'));
  const later_result = text('later_result') === 'fails' ? 'fails' : 'succeeds';
  return {
    token: text('token'),
    embedded: text('embedded') === '1',
    intent: oneOf(INTENTS, text('intent')),
    typed: {
      email: text('email'),
      name: text('name'),
      phone: text('phone'),
      promotion_code: text('promotion_code'),
      outcome,
      decline_code,
      later_result,
      shipping_rate: text('shipping_rate'),
      billing: address('billing', text),
      shipping: address('shipping', text),
      save_card: text('save_card') === 'true',
      consent_terms: text('consent_terms') === 'true',
      consent_promotions: text('consent_promotions') === 'true',
    },
    quantities: nested(form, 'quantities'),
    custom_fields: nested(form, 'custom_fields'),
    instrument: instrument(form, outcome, decline_code, later_result),
    expected_minor: /^\d{1,15}$/.test(text('expected_minor')) ? Number(text('expected_minor')) : null,
  };
}

/**
 * What the page did not fill in was typed by a person, and a typed card decides for itself. Without script the choice
 * may move on while the card of the earlier choice stays in the form: that is not typing.
 */
function instrument(
  form: URLSearchParams,
  outcome: Outcome,
  decline_code: DeclineChoice,
  later_result: 'succeeds' | 'fails',
): Instrument {
  const number = (form.get('card_number') ?? '').replace(/[\s-]/g, '').slice(0, 32);
  const expiry = (form.get('card_expiry') ?? '').replace(/\s/g, '').slice(0, 16);
  const cvc = (form.get('card_cvc') ?? '').trim().slice(0, 16);
  const filledFor = oneOf(OUTCOMES, form.get('card_for') ?? '');
  const known = [cardFor(filledFor, decline_code), cardFor(outcome, decline_code), ''];
  const numberTyped = !known.includes(number) && !isDeclineFill(number, filledFor);
  const restTyped =
    number !== '' && (!['', FILLED_EXPIRY.replace(/\s/g, '')].includes(expiry) || !['', FILLED_CVC].includes(cvc));
  const cardless = outcome === 'pays_later' || outcome === 'abandons';
  if (outcome === 'card' || ((numberTyped || restTyped) && !cardless)) {
    const shown = numberTyped || outcome === 'card' ? number : cardFor(outcome, decline_code);
    return { by: 'card', number: shown, expiry, cvc, closes_after_paying: outcome === 'closes_after_paying' };
  }
  return { by: 'outcome', outcome, decline_code, later_result };
}

/** Without script the reason of the decline may change under a card that was filled in for another reason. */
function isDeclineFill(number: string, filledFor: Outcome): boolean {
  return filledFor === 'declined' && DECLINES.some((code) => cardFor('declined', code) === number);
}

function nested(form: URLSearchParams, prefix: string): Record<string, string> {
  const found: Record<string, string> = Object.create(null);
  for (const [name, value] of form) {
    const key = /^([a-z_]+)\[([A-Za-z0-9_-]{1,255})\]$/.exec(name);
    if (key?.[1] === prefix && key[2] !== undefined) found[key[2]] = value.trim().slice(0, TEXT_CHARACTERS_MAX);
  }
  return found;
}

function address(prefix: string, text: (name: string) => string): AddressView {
  const part = (key: string): string => text(`${prefix}[${key}]`);
  return {
    line1: part('line1'),
    line2: part('line2'),
    city: part('city'),
    state: part('state'),
    postal_code: part('postal_code'),
    country: part('country'),
  };
}

function oneOf<T extends string>(choices: readonly T[], value: string): T {
  const found = choices.find((choice) => choice === value) ?? choices[0];
  if (found === undefined) throw new RangeError('A list of choices is never empty.');
  return found;
}
