import type { Leaving } from '../../kernel/http.ts';

/** What is asked of Stripe, before it becomes bytes. Amounts are minor units. */

/** A write to Stripe before it is sent: stored first, then sent as it stands, however often. */
export interface StoredRequest {
  readonly path: string;
  /** The exact form-encoded bytes. */
  readonly body: string;
  /** Set by who sends it: throws when it is too late for these bytes to leave. */
  readonly leaving?: Leaving;
}

export interface SessionLine {
  readonly name: string;
  readonly description: string | null;
  readonly unit_minor: number;
  readonly quantity: number;
  readonly stripe_price_id: string | null;
  /** What this line costs after discount and with tax. */
  readonly total_minor: number;
}

/** What a session is opened with. `expires_at` must lie 30 minutes to 24 hours ahead when it reaches Stripe. */
export interface SessionRequest {
  readonly presentation: 'hosted' | 'embedded' | 'elements';
  readonly order_id: string;
  /** Ours, so that other installations on the same Stripe account leave the object alone. */
  readonly shop_id: string;
  readonly currency: string;
  readonly lines: readonly SessionLine[];
  readonly total_minor: number;
  /** True when discount, tax or credits make the total differ from the sum of unit prices. */
  readonly adjusted: boolean;
  readonly email: string | null;
  /** The buyer at Stripe; then the address is that customer's. */
  readonly stripe_customer_id: string | null;
  /** The buyer wants to pay with the same method again. */
  readonly save_payment_method: boolean;
  /** Given, Stripe's objects carry it as `order_id` beside our mark (docs/contracts, chat-payments). */
  readonly order_reference: string | null;
  readonly success_url: string | null;
  readonly cancel_url: string | null;
  /** True: an embedded page leads the buyer on after every payment, also where they could have stayed. */
  readonly exact_parameters?: boolean;
  readonly expires_at: Date;
}

/** What a payment without a session is opened with. */
export interface IntentRequest {
  readonly order_id: string;
  /** Ours, so that other installations on the same Stripe account leave the object alone. */
  readonly shop_id: string;
  readonly amount_minor: number;
  readonly currency: string;
  readonly description: string;
  readonly stripe_customer_id: string | null;
  readonly save_payment_method: boolean;
  /** The method to offer first; whose it is was checked before. */
  readonly payment_method_id: string | null;
  readonly order_reference: string | null;
}

/** A try to pay with a method that the server names. `return_url` is where a bank's page leads back to. */
export interface ConfirmRequest {
  readonly payment_id: string;
  readonly payment_method_id: string;
  readonly return_url: string;
}

/** Somebody who pays, as Stripe is to know them. */
export interface CustomerRequest {
  readonly customer_id: string;
  readonly email: string | null;
  readonly name: string | null;
}

export interface RefundRequest {
  readonly payment_id: string;
  readonly amount_minor: number;
  readonly reason: string | null;
  readonly refund_id: string;
}

export type CancelReason = 'abandoned' | 'duplicate' | 'fraudulent' | 'requested_by_customer';
