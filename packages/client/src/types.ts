import type { Polled } from './poll.ts';

/** What is bought. Name an offer or a price of Stripe; an amount is a claim that the shop compares, never the price. */
export interface CheckoutSessionRequest {
  /** The whole sum in the major unit: `25.5` or `'25.50'`. */
  amount?: number | string;
  currency?: string;
  stripe_price_id?: string;
  quantity?: number;
  offer?: string;
  quote_id?: string;
  /** Should hold `session_id={CHECKOUT_SESSION_ID}`; it is appended when it does not. */
  success_url?: string;
  cancel_url?: string;
  metadata?: Record<string, string>;
}

export interface CheckoutSession {
  /** Where the buyer pays. */
  url: string;
  session_id: string;
}

export interface CheckoutStatus {
  status: 'open' | 'complete' | 'expired';
  /** Only `paid` means money: `complete` alone may still wait for a bank. */
  payment_status: 'unpaid' | 'paid';
  /** Minor unit of the currency: 2550 is $25.50. */
  amount_total: number;
  currency: string;
  metadata: Record<string, string>;
}

export type PaymentOutcome = Polled<'paid' | 'expired', CheckoutStatus>;
