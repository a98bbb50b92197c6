// What the pages need to know. Plain values only: the renderers read no store and no clock, so whoever calls them
// decides what a person sees, and a test can show any page in any state. Every amount is an integer in the currency's
// minor unit; every text is raw (the renderers escape it); times are epoch seconds.

/** What every page needs around its content. */
export interface PageFrame {
  /** Fresh per response; also goes into the Content-Security-Policy header, see `contentSecurityPolicy`. */
  nonce: string;
  /** BCP 47, decides how money and dates are printed. The words of the pages are English. */
  locale: string;
  /** True inside the iframe of an embedded checkout: no cancel link, height and completion told to the parent. */
  embedded: boolean;
}

export interface SellerView {
  name: string;
  /** Shown as the way back on closed pages; null when the session names none. */
  url: string | null;
}

export interface LineView {
  id: string;
  name: string;
  description: string | null;
  quantity: number;
  unit_minor: number | null;
  amount_minor: number;
  /** Set when the buyer may change the quantity; posts `quantities[<id>]`. */
  adjustable: { minimum: number; maximum: number } | null;
}

export interface OrderView {
  currency: string;
  lines: LineView[];
  subtotal_minor: number;
  /** Coupon or promotion code; `amount_minor` is positive and printed with a minus sign. */
  discounts: { label: string; amount_minor: number }[];
  taxes: { label: string; amount_minor: number; inclusive: boolean }[];
  shipping: { label: string; amount_minor: number } | null;
  total_minor: number;
}

export interface CustomFieldView {
  key: string;
  label: string;
  type: 'text' | 'numeric' | 'dropdown';
  optional: boolean;
  value: string;
  options: { value: string; label: string }[];
  minimum_length: number | null;
  maximum_length: number | null;
}

export interface AddressView {
  line1: string;
  line2: string;
  city: string;
  state: string;
  postal_code: string;
  country: string;
}

/** One row of the accepted test cards (docs.stripe.com/testing), shown in full under the card form. */
export interface TestCardView {
  number: string;
  /** The API's word: `visa`, `amex`. */
  brand: string;
  /** What it does, in a few words: "declined, lost card". */
  means: string;
}

export type Outcome = 'pays' | 'declined' | 'needs_3ds' | 'pays_later' | 'abandons' | 'closes_after_paying' | 'card';
export type DeclineChoice =
  | 'generic_decline'
  | 'insufficient_funds'
  | 'expired_card'
  | 'incorrect_cvc'
  | 'lost_card'
  | 'processing_error';

/** Everything typed so far except card numbers, expiry and CVC, which are never given back. */
export interface TypedValues {
  email: string;
  name: string;
  phone: string;
  promotion_code: string;
  outcome: Outcome;
  decline_code: DeclineChoice;
  later_result: 'succeeds' | 'fails';
  shipping_rate: string;
  billing: AddressView;
  shipping: AddressView;
  save_card: boolean;
  consent_terms: boolean;
  consent_promotions: boolean;
}

export interface PaymentPageView {
  frame: PageFrame;
  session_id: string;
  token: string;
  mode: 'payment' | 'setup' | 'subscription';
  submit_type: 'auto' | 'pay' | 'book' | 'donate' | 'subscribe';
  seller: SellerView;
  order: OrderView;
  /** True when `customer_email` or the customer's own address decides it; shown but not editable. */
  email_fixed: boolean;
  typed: TypedValues;
  ask: {
    promotion_code: boolean;
    phone: boolean;
    billing_address: boolean;
    /** Two-letter countries allowed; null when no shipping address is asked for. */
    shipping_countries: string[] | null;
    save_card: boolean;
    consent_terms: boolean;
    consent_promotions: boolean;
  };
  /** The code in force, from the buyer or the shop; `removable` when the buyer typed it. */
  promotion: { code: string; removable: boolean } | null;
  shipping_options: { id: string; label: string; amount_minor: number; delivery: string | null }[];
  custom_fields: CustomFieldView[];
  custom_text: { submit: string | null; after_submit: string | null; terms: string | null; shipping: string | null };
  test_cards: TestCardView[];
  /** By field name, for example `email`, `card_number`, `custom_fields[size]`. Sentences that start with what to do. */
  errors: Record<string, string>;
  /** Said above the form when no single field is at fault, for example a decline. */
  notice: string | null;
  cancel_url: string | null;
  /** Seconds since the epoch; printed as the time until which the page can be paid. */
  expires_at: number;
}

export interface ChallengeView {
  frame: PageFrame;
  /** Whatever stands in `/3ds/:id`. */
  id: string;
  token: string;
  seller: SellerView;
  amount_minor: number | null;
  currency: string;
  card: { brand: string; last4: string } | null;
}

/** Shown while the sandbox waits for the shop to answer the webhook, at most ten seconds. */
export interface AfterPaymentView {
  frame: PageFrame;
  session_id: string;
  seller: SellerView;
  amount_minor: number;
  currency: string;
  payment_status: 'paid' | 'unpaid' | 'no_payment_required';
  seconds_left: number;
  /** False for `redirect_on_completion: never`: the page stays and only tells its parent. */
  redirects: boolean;
}

export type SessionEnd = 'complete' | 'expired' | 'canceled' | 'abandoned' | 'closed_after_paying' | 'left_open';

/** A session page on which nothing can be paid (any more). */
export interface SessionEndView {
  frame: PageFrame;
  session_id: string;
  end: SessionEnd;
  payment_status: 'paid' | 'unpaid' | 'no_payment_required';
  seller: SellerView;
  /** Where "try again" leads, for example the page itself after `abandoned`, or the recovery URL after `expired`. */
  again_url: string | null;
}

export interface ReceiptView {
  frame: PageFrame;
  charge_id: string;
  number: string;
  seller: SellerView;
  created: number;
  status: 'succeeded' | 'pending' | 'failed';
  currency: string;
  amount_minor: number;
  refunded_minor: number;
  email: string | null;
  description: string | null;
  method: { brand: string; last4: string } | null;
  lines: { name: string; quantity: number; amount_minor: number }[];
}
