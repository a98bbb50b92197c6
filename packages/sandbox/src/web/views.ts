import { testCardViews } from '../client-routes/typed-card.ts';
import type { Session } from '../kernel/kinds.ts';
import { moneyText } from '../pages/index.ts';
import type {
  CustomFieldView,
  LineView,
  OrderView,
  PageFrame,
  PaymentPageView,
  SellerView,
  TypedValues,
} from '../pages/views.ts';
import { sessionSecrets } from '../resources/basket/items.ts';
import { totalsFor } from '../resources/basket/price-session.ts';
import type { Tx } from '../store/tx.ts';
import { pageToken } from './respond.ts';

const NO_ADDRESS = { line1: '', line2: '', city: '', state: '', postal_code: '', country: '' };

export function sellerOf(tx: Tx, session?: Session): SellerView {
  return { name: tx.world.options.sellerName ?? 'Sandbox shop', url: session?.cancel_url ?? null };
}

function nothingTyped(tx: Tx, session: Session): TypedValues {
  return {
    email: session.customer_details?.email ?? '',
    name: session.customer_details?.name ?? '',
    phone: session.customer_details?.phone ?? '',
    promotion_code: '',
    outcome: 'pays',
    decline_code: 'generic_decline',
    later_result: 'succeeds',
    shipping_rate: sessionSecrets(tx, session).shipping_rate ?? '',
    billing: { ...NO_ADDRESS },
    shipping: { ...NO_ADDRESS },
    save_card: false,
    consent_terms: false,
    consent_promotions: false,
  };
}

/** What is bought, with every amount as it stands now. */
export function orderOf(tx: Tx, session: Session): OrderView {
  const secrets = sessionSecrets(tx, session);
  const totals = totalsFor(tx, session);
  const lines = secrets.items.map((item, index): LineView => {
    const adjustable = item.adjustable?.enabled ? item.adjustable : null;
    return {
      id: item.id,
      name: item.description,
      description: tx.find('product', item.product)?.description ?? null,
      quantity: item.quantity,
      unit_minor: item.unit_decimal.includes('.') ? null : Number(item.unit_decimal),
      amount_minor: totals.lines[index]?.subtotal ?? 0,
      adjustable: adjustable && { minimum: adjustable.minimum, maximum: adjustable.maximum },
    };
  });
  const coupon = secrets.coupon === null ? undefined : tx.find('coupon', secrets.coupon);
  const rate = secrets.shipping_rate === null ? undefined : tx.find('shipping_rate', secrets.shipping_rate);
  return {
    currency: session.currency ?? 'usd',
    lines,
    subtotal_minor: totals.subtotal,
    discounts: coupon ? [{ label: coupon.name ?? coupon.id, amount_minor: totals.discount }] : [],
    taxes: taxLines(tx, totals.lines),
    shipping: rate ? { label: rate.display_name ?? 'Shipping', amount_minor: totals.shipping.subtotal } : null,
    total_minor: totals.total,
  };
}

function taxLines(tx: Tx, lines: { taxes: { rate: string; amount: number }[] }[]): OrderView['taxes'] {
  const sums = new Map<string, number>();
  for (const { rate, amount } of lines.flatMap((line) => line.taxes)) sums.set(rate, (sums.get(rate) ?? 0) + amount);
  return [...sums].map(([id, amount_minor]) => {
    const rate = tx.find('tax_rate', id);
    return { label: rate?.display_name ?? 'Tax', amount_minor, inclusive: rate?.inclusive ?? false };
  });
}

function customFields(session: Session): CustomFieldView[] {
  return session.custom_fields.map((field): CustomFieldView => {
    const inner = field.dropdown ?? field.numeric ?? field.text;
    const lengths = field.numeric ?? field.text;
    return {
      key: field.key,
      label: field.label.custom ?? field.key,
      type: field.dropdown ? 'dropdown' : field.numeric ? 'numeric' : 'text',
      optional: field.optional,
      value: inner?.value ?? inner?.default_value ?? '',
      options: field.dropdown?.options ?? [],
      minimum_length: lengths?.minimum_length ?? null,
      maximum_length: lengths?.maximum_length ?? null,
    };
  });
}

function shippingOptions(tx: Tx, session: Session): PaymentPageView['shipping_options'] {
  return session.shipping_options.map((option) => {
    const rate = tx.get('shipping_rate', String(option.shipping_rate));
    const { minimum, maximum } = rate.delivery_estimate ?? { minimum: null, maximum: null };
    const unit = (maximum ?? minimum)?.unit.replace('_', ' ');
    const delivery = unit ? `${[minimum?.value, maximum?.value].filter(Boolean).join('–')} ${unit}s` : null;
    return { id: rate.id, label: rate.display_name ?? rate.id, amount_minor: option.shipping_amount, delivery };
  });
}

export interface PageState {
  typed?: TypedValues;
  errors?: Record<string, string>;
  notice?: string | null;
  customValues?: Record<string, string>;
}

/** Everything the payment page shows. Nothing of what was typed is kept anywhere else. */
export function paymentView(tx: Tx, session: Session, frame: PageFrame, state: PageState = {}): PaymentPageView {
  const secrets = sessionSecrets(tx, session);
  const code = secrets.promotion_code === null ? undefined : tx.find('promotion_code', secrets.promotion_code);
  const consent = session.consent_collection;
  const words = session.custom_text;
  const fields = customFields(session);
  for (const field of fields) field.value = state.customValues?.[field.key] ?? field.value;
  return {
    frame,
    session_id: session.id,
    token: pageToken(tx.world, session.id),
    mode: session.mode === 'setup' ? 'setup' : 'payment',
    submit_type: submitType(session),
    seller: sellerOf(tx, session),
    order: orderOf(tx, session),
    email_fixed:
      session.customer_email !== null || (session.customer !== null && session.customer_details?.email !== null),
    typed: state.typed ?? nothingTyped(tx, session),
    ask: {
      promotion_code: session.allow_promotion_codes === true,
      phone: session.phone_number_collection?.enabled === true,
      billing_address: session.billing_address_collection === 'required',
      shipping_countries: (session.shipping_address_collection?.allowed_countries as string[] | undefined) ?? null,
      save_card: session.saved_payment_method_options?.payment_method_save === 'enabled',
      consent_terms: consent?.terms_of_service === 'required',
      consent_promotions: consent?.promotions === 'auto',
    },
    promotion: code ? { code: code.code, removable: session.allow_promotion_codes === true } : null,
    shipping_options: shippingOptions(tx, session),
    custom_fields: fields,
    custom_text: {
      submit: words.submit?.message ?? null,
      after_submit: words.after_submit?.message ?? null,
      terms: words.terms_of_service_acceptance?.message ?? null,
      shipping: words.shipping_address?.message ?? null,
    },
    test_cards: testCardViews(),
    errors: state.errors ?? {},
    notice: state.notice ?? null,
    cancel_url: session.cancel_url,
    expires_at: session.expires_at,
  };
}

function submitType(session: Session): PaymentPageView['submit_type'] {
  const known = ['auto', 'pay', 'book', 'donate', 'subscribe'] as const;
  return known.find((type) => type === session.submit_type) ?? 'auto';
}

/** An amount with its currency, for a sentence. */
export function amountText(amount: number | null, currency: string | null): string {
  return moneyText(amount ?? 0, currency ?? 'usd', 'en');
}
