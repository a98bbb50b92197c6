import {
  child,
  childOrEmpty,
  children,
  choice,
  clearable,
  flag,
  has,
  type Input,
  integer,
  metadataOf,
  text,
  texts,
} from '../../http/input.ts';
import { badParam, missingParam } from '../../kernel/failure.ts';
import type { Session } from '../../kernel/kinds.ts';
import { checkCurrency } from '../../kernel/money.ts';
import type { Tx } from '../../store/tx.ts';
import { checkRestrictions, readDiscount } from '../basket/discount.ts';
import { readItems, readOptional, type SessionSecrets } from '../basket/items.ts';
import { priceSession } from '../basket/price-session.ts';
import { readShippingOptions } from '../basket/shipping.ts';
import { onTestClock, timeFor } from '../customers/frozen-time.ts';
import { readIntentFields, typesFor } from '../payments/intent.ts';
import { readSetupFields } from '../setup/intents.ts';
import { blankSession, type Way } from './blank.ts';
import { collectionFields, presentationFields } from './fields.ts';
import { readWay, refuse, refuseOtherModes } from './way.ts';

const LIFE_S = { least: 30 * 60, most: 24 * 3600 };

/** Where the buyer returns to, which differs by the kind of page. */
function readReturn(input: Input, { ui_mode }: Way): Partial<Session> & { return_to: string | null } {
  if (ui_mode === 'hosted_page') {
    refuse(input, ['return_url', 'redirect_on_completion'], ui_mode);
    const success_url = text(input, 'success_url');
    if (success_url === undefined) throw missingParam('success_url');
    checkUrl(success_url, 'success_url');
    return { success_url, cancel_url: readUrl(input, 'cancel_url'), return_to: success_url };
  }
  refuse(input, ['success_url', 'cancel_url'], ui_mode);
  const return_url = readUrl(input, 'return_url');
  const shared = { success_url: null, cancel_url: null, ...(return_url === null ? {} : { return_url }) };
  if (ui_mode === 'elements') {
    refuse(input, ['redirect_on_completion', 'custom_fields', 'custom_text', 'submit_type'], ui_mode);
    refuse(input, ['origin_context', 'after_expiration', 'branding_settings', 'optional_items'], ui_mode);
    return { ...shared, return_to: return_url };
  }
  const redirect = choice(input, 'redirect_on_completion', ['always', 'if_required', 'never'] as const) ?? 'always';
  if (return_url === null && redirect !== 'never') throw missingParam('return_url');
  return { ...shared, redirect_on_completion: redirect, return_to: redirect === 'always' ? return_url : null };
}

function readUrl(input: Input, name: string): string | null {
  const url = text(input, name);
  if (url !== undefined) checkUrl(url, name);
  return url ?? null;
}

function checkUrl(url: string, param: string): void {
  // The template's braces are not part of a valid URL everywhere, so they are left out of the check.
  const plain = url.replace(/\{CHECKOUT_SESSION_ID\}/g, 'x');
  if (!URL.canParse(plain) || !/^[a-z][a-z0-9+.-]*:/i.test(plain)) {
    throw badParam(
      param,
      `Not a valid URL: ${url}. Give a whole one with its scheme, such as https://…`,
      'url_invalid',
    );
  }
}

function readExpiry(input: Input, now: number): number {
  const at = integer(input, 'expires_at');
  if (at === undefined) return now + LIFE_S.most;
  if (at < now + LIFE_S.least || at > now + LIFE_S.most) {
    throw badParam(
      'expires_at',
      'expires_at must lie between 30 minutes and 24 hours after the creation of the session.',
    );
  }
  return at;
}

/** Fields that decide who the buyer is. */
function readBuyer(tx: Tx, input: Input, way: Way): Partial<Session> {
  const customer = text(input, 'customer');
  const creation = choice(input, 'customer_creation', ['always', 'if_required'] as const);
  if (customer !== undefined && has(input, 'customer_email')) {
    throw badParam('customer_email', 'You may give only one of these parameters: customer, customer_email.');
  }
  if (customer === undefined && has(input, 'customer_update')) {
    throw badParam('customer_update', 'customer_update can only be used together with customer.');
  }
  const known = customer === undefined ? undefined : tx.get('customer', customer, 'customer');
  return {
    customer: customer ?? null,
    customer_creation: customer === undefined ? (creation ?? (way.mode === 'setup' ? 'always' : 'if_required')) : null,
    customer_email: clearable(input, 'customer_email') ?? null,
    customer_details: known
      ? {
          address: null,
          business_name: null,
          email: known.email,
          individual_name: null,
          name: known.name ?? null,
          phone: known.phone ?? null,
          tax_exempt: known.tax_exempt ?? 'none',
          tax_ids: [],
        }
      : emailDetails(clearable(input, 'customer_email') ?? null),
  };
}

function emailDetails(email: string | null): Session['customer_details'] {
  if (email === null) return null;
  return {
    address: null,
    business_name: null,
    email,
    individual_name: null,
    name: null,
    phone: null,
    tax_exempt: 'none',
    tax_ids: null,
  };
}

/** A recovered session is opened with the same wishes, but for its own time, basket and discounts. */
function recoverable(input: Input): Pick<SessionSecrets, 'asked'> {
  const recovery = child(childOrEmpty(input, 'after_expiration'), 'recovery');
  if (!recovery || flag(recovery, 'enabled') !== true) return {};
  const { line_items: _, expires_at: __, discounts: ___, allow_promotion_codes: ____, ...asked } = input.fields;
  return { asked };
}

/** What the intent of the sale will be told. It is read once now, so that what is wrong with it shows at once. */
function intentData(tx: Tx, input: Input, { mode }: Way): Record<string, unknown> {
  const data = child(input, mode === 'setup' ? 'setup_intent_data' : 'payment_intent_data');
  if (!data) return {};
  if (mode === 'payment') readIntentFields(tx, data, null);
  else readSetupFields(data);
  return data.fields;
}

const KEPT = ['address', 'name', 'shipping'] as const;

function wishes(input: Input): Pick<SessionSecrets, 'keeps' | 'allow_redisplay'> {
  const update = childOrEmpty(input, 'customer_update');
  const method = childOrEmpty(input, 'payment_method_data');
  const allow_redisplay = choice(method, 'allow_redisplay', ['always', 'limited', 'unspecified'] as const);
  const keeps = KEPT.filter((name) => choice(update, name, ['auto', 'never'] as const) === 'auto');
  return {
    ...(keeps.length > 0 ? { keeps } : {}),
    ...(allow_redisplay ? { allow_redisplay } : {}),
  };
}

function methodOptions(input: Input): Session['payment_method_options'] {
  const card = childOrEmpty(childOrEmpty(input, 'payment_method_options'), 'card');
  const request = choice(card, 'request_three_d_secure', ['any', 'automatic', 'challenge'] as const);
  return { card: { request_three_d_secure: request ?? 'automatic' } };
}

/** Fields that a shared link or a recovered session bring along. */
export interface Origin {
  payment_link?: string;
  recovered_from?: string;
}

/** Opens a session. @throws ApiFailure 400 for what Stripe would refuse */
export function createSession(tx: Tx, input: Input, origin: Origin = {}): Session {
  const way = readWay(input);
  refuseOtherModes(input, way);
  const id = tx.ids.next('cs_test_', 58);
  const { return_to, ...returning } = readReturn(input, way);
  const created = timeFor(tx, text(input, 'customer') ?? null);
  const asked = text(input, 'currency');
  const wanted = asked === undefined ? undefined : checkCurrency(asked, 'currency');
  const lines = children(input, 'line_items');
  if (way.mode === 'payment' && !lines) throw missingParam('line_items');
  if (way.mode === 'setup' && lines) throw badParam('line_items', 'line_items are not used in setup mode.');
  const basket = lines ? readItems(tx, lines, way.mode, wanted) : { items: [], currency: wanted ?? null };
  const allowed = texts(input, 'allowed_payment_method_types') ?? texts(input, 'payment_method_types');
  const excluded = texts(input, 'excluded_payment_method_types');
  if (way.mode === 'setup' && basket.currency === null && !allowed) throw missingParam('currency');
  const tax = childOrEmpty(input, 'automatic_tax');
  const optional = children(input, 'optional_items');
  const automatic = flag(tax, 'enabled') === true;
  const { shipping_rate, shipping_options } = readShippingOptions(tx, input, basket.currency ?? 'usd');
  const secrets: SessionSecrets = {
    items: basket.items,
    ...readDiscount(tx, input, basket.currency),
    intent_data: intentData(tx, input, way),
    shipping_rate,
    waits_for_bank: false,
    return_to,
    ...wishes(input),
    ...recoverable(input),
  };
  const session: Session = {
    ...blankSession(tx, id, way),
    ...returning,
    ...readBuyer(tx, input, way),
    ...collectionFields(input),
    ...presentationFields(input),
    ...origin,
    allow_promotion_codes: flag(input, 'allow_promotion_codes') ?? null,
    allowed_payment_method_types: texts(input, 'allowed_payment_method_types') ?? null,
    ...(excluded ? { excluded_payment_method_types: excluded } : {}),
    automatic_tax: {
      enabled: automatic,
      liability: automatic ? { type: 'self' } : null,
      provider: automatic ? 'stripe' : null,
      status: automatic ? 'complete' : null,
    },
    client_reference_id: clearable(input, 'client_reference_id') ?? null,
    currency: basket.currency,
    created,
    expires_at: readExpiry(input, created),
    integration_identifier: text(input, 'integration_identifier') ?? null,
    metadata: metadataOf(input),
    ...(optional ? { optional_items: readOptional(tx, optional) } : {}),
    payment_method_options: methodOptions(input),
    payment_method_types: typesFor(basket.currency ?? 'usd', allowed, excluded),
    shipping_options,
  };
  tx.insert('checkout.session', session, secrets as unknown as Record<string, unknown>);
  if (way.mode === 'payment') priceSession(tx, session);
  if (secrets.promotion_code !== null) {
    const code = tx.get('promotion_code', secrets.promotion_code);
    checkRestrictions(tx, session, code, 'discounts[0][promotion_code]');
  }
  // A test clock ends the sessions of its customers itself, when it arrives.
  if (!onTestClock(tx, session.customer)) tx.timer('session_expires', id, session.expires_at * 1000);
  const { client_reference_id, metadata } = session;
  const payable_until_ms = session.expires_at * 1000;
  tx.book({ kind: 'session_payable', subject: id, more: { payable_until_ms, client_reference_id, metadata } });
  return session;
}
