import { type Refusal, refusal } from '../refusal.ts';
import { shown } from '../wire-values.ts';

/** Judges one coerced, non-null value, whatever request it stands in. */
export type FieldRule = (value: unknown) => Refusal | undefined;

/**
 * The types say only `number`. Stripe's numbers are integers (amounts, counts, times in seconds) except these,
 * which its documentation describes as percentages, rates, measures or coordinates.
 */
export const FRACTION_FIELDS: ReadonlySet<string> = new Set([
  'amount_percent',
  'application_fee_percent',
  'effective_percentage',
  'exchange_rate',
  'height',
  'latitude',
  'length',
  'longitude',
  'percent_off',
  'percent_ownership',
  'percentage',
  'weight',
  'width',
]);

/** docs.stripe.com/metadata */
const METADATA = { keys: 50, key_characters: 40, value_characters: 500 } as const;

/** Stripe's limit for text that has no limit of its own. */
const TEXT_CHARACTERS = 5000;

/** Longest values of named fields, in characters, as the documentation in the types gives them. */
const LENGTHS: Readonly<Record<string, number>> = {
  business_name: 150,
  client_reference_id: 200,
  code: 500,
  customer_email: 512,
  description: 40_000,
  email: 512,
  lookup_key: 200,
  message: 1200,
  mandate_reference_prefix: 12,
  order_reference: 128,
  receipt_email: 512,
  statement_descriptor: 22,
  statement_descriptor_suffix: 22,
  statement_descriptor_suffix_kana: 22,
  statement_descriptor_suffix_kanji: 17,
  // The text fields of a dispute's evidence.
  access_activity_log: 20_000,
  cancellation_policy_disclosure: 20_000,
  cancellation_rebuttal: 20_000,
  duplicate_charge_explanation: 20_000,
  product_description: 20_000,
  refund_policy_disclosure: 20_000,
  refund_refusal_explanation: 20_000,
  uncategorized_text: 20_000,
};

/** Inclusive bounds of named numbers. */
const BOUNDS: Readonly<Record<string, readonly [low: number, high: number]>> = {
  amount_off: [1, 99_999_999_999],
  days_until_due: [0, 3650],
  duration_in_months: [1, 12_000],
  effective_percentage: [0, 100],
  exp_month: [1, 12],
  interval_count: [1, 156],
  limit: [1, 100],
  max_redemptions: [1, Number.MAX_SAFE_INTEGER],
  percent_off: [0, 100],
  percentage: [0, 100],
  quantity: [0, 999_999_999_999],
  trial_period_days: [1, 730],
  unit_amount: [0, 999_999_999_999],
};

const EMAIL = /^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$/;
/**
 * Web addresses and an app's own scheme; the braces of `{CHECKOUT_SESSION_ID}` may stand in them. Never a scheme whose
 * addresses run in the page that follows them.
 */
const URL_FORM = /^(?!javascript:|vbscript:|data:)[a-z][a-z0-9+.-]*:\/\/[^\s/?#]+\S*$/i;
const DESCRIPTOR_FORM = /^(?=.*[a-z])[^<>\\"'*]*$/i;

/** Rules that belong to a name wherever it stands; undefined when the name has none. */
export function fieldRule(name: string): FieldRule {
  if (name === 'metadata') return metadataRule;
  const bounds = BOUNDS[name];
  if (bounds) return boundsRule(bounds, FRACTION_FIELDS.has(name) ? undefined : 'parameter_invalid_integer');
  const form = FORMS[name];
  const length = lengthRule(LENGTHS[name] ?? TEXT_CHARACTERS);
  return form ? (value) => length(value) ?? form(value) : length;
}

const emailForm = textForm(EMAIL, (text) => `must be an e-mail address, not ${shown(text)}`, 'email_invalid');
const urlForm = textForm(
  URL_FORM,
  (text) => `must be a full address such as https://example.com, not ${shown(text)}`,
  'url_invalid',
);
const currencyForm = textForm(/^[a-z]{3}$/i, (text) => `must be a three-letter currency code, not ${shown(text)}`);
const descriptorForm = textForm(DESCRIPTOR_FORM, () => `needs at least one letter and may not contain < > \\ ' " *`);

const FORMS: Readonly<Record<string, FieldRule>> = {
  cancel_url: urlForm,
  currency: currencyForm,
  customer_email: emailForm,
  email: emailForm,
  receipt_email: emailForm,
  return_url: urlForm,
  statement_descriptor: descriptorForm,
  statement_descriptor_suffix: descriptorForm,
  success_url: urlForm,
  url: urlForm,
};

function textForm(form: RegExp, complaint: (text: string) => string, code?: string): FieldRule {
  return (value) => {
    if (typeof value !== 'string' || form.test(value)) return undefined;
    return refusal((param) => `${param} ${complaint(value)}.`, code);
  };
}

function lengthRule(characters: number): FieldRule {
  return (value) => {
    if (typeof value !== 'string' || value.length <= characters) return undefined;
    return refusal((param) => `${param} may have at most ${characters} characters; this has ${value.length}.`);
  };
}

function boundsRule([low, high]: readonly [number, number], code: string | undefined): FieldRule {
  return (value) => {
    if (typeof value !== 'number' || (value >= low && value <= high)) return undefined;
    const bound = value < low ? `at least ${low}` : `at most ${high}`;
    return refusal((param) => `${param} must be ${bound}.`, code);
  };
}

/** Only what this request adds can be counted here; the sum with what is stored is the object's own check. */
function metadataRule(value: unknown): Refusal | undefined {
  const entries = Object.entries(value as Readonly<Record<string, string | null>>);
  const { keys, key_characters, value_characters } = METADATA;
  if (entries.filter(([, text]) => text !== null).length > keys) {
    return refusal((param) => `${param} may have at most ${keys} keys; this has ${entries.length}.`);
  }
  for (const [key, text] of entries) {
    if (key.length > key_characters) {
      return refusal((param) => `The key ${param} may have at most ${key_characters} characters.`, undefined, [key]);
    }
    if (text !== null && text.length > value_characters) {
      return refusal((param) => `${param} may have at most ${value_characters} characters.`, undefined, [key]);
    }
  }
  return undefined;
}
