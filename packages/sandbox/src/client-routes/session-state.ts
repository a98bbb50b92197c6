// A Checkout Session as the browser sees it: Stripe's own session of `initCheckoutElementsSdk`, in camel case and with
// printed amounts. The browser code checks this shape against the types of @stripe/stripe-js.
import type { Session } from '../kernel/kinds.ts';
import { decimalOf, moneyText } from '../pages/markup/money.ts';
import { lineItems } from '../resources/basket/price-session.ts';
import { returnAddress } from '../resources/checkout/complete.ts';
import type { Tx } from '../store/tx.ts';

interface Amount {
  minorUnitsAmount: number;
  amount: string;
}

/** One line as `line_items` of the API shows it. */
interface Line {
  id: string;
  amount_discount: number;
  amount_subtotal: number;
  amount_tax: number;
  amount_total: number;
  description: string;
  quantity: number;
  adjustable_quantity: { enabled: boolean; minimum: number; maximum: number } | null;
  price: { id: string; unit_amount: number | null };
}

/** What the shim asks for: the session, and what must be known before it can be paid. */
export function sessionState(tx: Tx, session: Session) {
  const lines = lineItems(tx, session) as unknown as Line[];
  const total = session.amount_total ?? 0;
  return {
    view: sessionView(tx, session, lines),
    needs: {
      payment: session.mode === 'setup' || total > 0,
      email: true,
      phone: session.phone_number_collection?.enabled === true,
      billing: session.billing_address_collection === 'required',
      shipping: Boolean(session.shipping_address_collection),
    },
    redirects: session.redirect_on_completion === 'always',
    return_url: returnAddress(tx, session),
  };
}

function sessionView(tx: Tx, session: Session, lines: Line[]) {
  const currency = session.currency ?? 'usd';
  const locale = session.locale === null || session.locale === 'auto' ? 'en' : session.locale;
  const amount = (minor: number): Amount => ({ minorUnitsAmount: minor, amount: moneyText(minor, currency, locale) });
  const details = session.customer_details;
  const shipping = session.collected_information?.shipping_details;
  const onTop = lines.reduce((sum, line) => sum + taxOnTop(line), 0);
  const tax = session.total_details?.amount_tax ?? 0;
  const discounts = discountAmounts(tx, session, amount);
  return {
    id: session.id,
    livemode: false,
    currency,
    currencyOptions: null,
    minorUnitsAmountDivisor: 10 ** (decimalOf(0, currency).split('.')[1] ?? '').length,
    status:
      session.status === 'complete'
        ? { type: 'complete', paymentStatus: session.payment_status }
        : { type: session.status },
    canConfirm: false,
    email: details?.email ?? session.customer_email,
    phoneNumber: details?.phone ?? null,
    businessName: null,
    nameCollection: null,
    billingAddress: details?.address ? { name: details.name, address: details.address } : null,
    shippingAddress: shipping ? { name: shipping.name, address: shipping.address } : null,
    lineItems: lines.map((line) => lineView(line, amount)),
    optionalItems: null,
    discountAmounts: discounts,
    taxAmounts: tax === 0 ? null : [{ ...amount(tax), inclusive: onTop === 0, displayName: 'Tax' }],
    tax: { status: 'ready' },
    surcharge: null,
    recurring: null,
    shipping: chosenShipping(tx, session, amount),
    shippingOptions: session.shipping_options.map((option) => shippingOption(tx, option, { currency, amount })),
    taxIdInfo: null,
    savedPaymentMethods: savedMethods(tx, session),
    lastPaymentError: lastError(tx, session),
    total: {
      appliedBalance: amount(0),
      balanceAppliedToNextInvoice: false,
      discount: amount(session.total_details?.amount_discount ?? 0),
      shippingRate: amount(session.total_details?.amount_shipping ?? 0),
      subtotal: amount(session.amount_subtotal ?? 0),
      surcharge: amount(0),
      taxExclusive: amount(onTop),
      taxInclusive: amount(tax - onTop),
      total: amount(session.amount_total ?? 0),
    },
  };
}

/** The part of a line's tax that is not inside its price. */
function taxOnTop(line: Line): number {
  return line.amount_total - (line.amount_subtotal - line.amount_discount);
}

function lineView(line: Line, amount: (minor: number) => Amount) {
  const adjustable = line.adjustable_quantity;
  return {
    id: line.id,
    name: line.description,
    description: null,
    quantity: line.quantity,
    unitAmount: amount(line.price.unit_amount ?? 0),
    unitAmountDecimal: null,
    unitLabel: null,
    subtotal: amount(line.amount_subtotal),
    discount: amount(line.amount_discount),
    taxExclusive: amount(taxOnTop(line)),
    taxInclusive: amount(line.amount_tax - taxOnTop(line)),
    total: amount(line.amount_total),
    discountAmounts: null,
    taxAmounts: null,
    recurring: null,
    adjustableQuantity: adjustable?.enabled ? { minimum: adjustable.minimum, maximum: adjustable.maximum } : null,
    images: [],
    priceId: line.price.id,
    isRemovable: false,
    pricing: null,
    transformQuantity: null,
  };
}

function discountAmounts(tx: Tx, session: Session, amount: (minor: number) => Amount) {
  const off = session.total_details?.amount_discount ?? 0;
  const [first] = session.discounts ?? [];
  if (!first) return null;
  const code = typeof first.promotion_code === 'string' ? tx.find('promotion_code', first.promotion_code) : undefined;
  const coupon = tx.find('coupon', String(code ? code.promotion.coupon : first.coupon));
  const displayName = coupon?.name ?? code?.code ?? 'Discount';
  return [
    {
      ...amount(off),
      displayName,
      promotionCode: code?.code ?? null,
      recurring: null,
      percentOff: coupon?.percent_off ?? null,
    },
  ];
}

type Option = Session['shipping_options'][number];

function shippingOption(tx: Tx, option: Option, money: { currency: string; amount: (minor: number) => Amount }) {
  const rate = tx.find('shipping_rate', String(option.shipping_rate));
  return {
    id: String(option.shipping_rate),
    currency: money.currency,
    ...money.amount(option.shipping_amount),
    displayName: rate?.display_name ?? null,
    deliveryEstimate: rate?.delivery_estimate ?? null,
  };
}

function chosenShipping(tx: Tx, session: Session, amount: (minor: number) => Amount) {
  const chosen = session.shipping_options.find(
    (option) => option.shipping_rate === session.shipping_cost?.shipping_rate,
  );
  if (!chosen) return null;
  return {
    shippingOption: shippingOption(tx, chosen, { currency: session.currency ?? 'usd', amount }),
    taxAmounts: null,
  };
}

/** Cards that the buyer allowed to be shown again. */
function savedMethods(tx: Tx, session: Session) {
  if (session.customer === null) return null;
  return tx
    .every('payment_method', { customer: String(session.customer) })
    .filter((method) => method.allow_redisplay === 'always' && method.card)
    .map(({ id, card, billing_details }) => ({
      id,
      type: 'card' as const,
      card: {
        brand: card?.brand ?? '',
        expMonth: card?.exp_month ?? 0,
        expYear: card?.exp_year ?? 0,
        last4: card?.last4 ?? '',
      },
      billingDetails: {
        email: billing_details.email,
        name: billing_details.name,
        phone: billing_details.phone,
        address: billing_details.address,
      },
    }));
}

function lastError(tx: Tx, session: Session): { message: string } | null {
  const intent =
    session.payment_intent === null ? undefined : tx.find('payment_intent', String(session.payment_intent));
  const message = intent?.last_payment_error?.message;
  return message ? { message } : null;
}
