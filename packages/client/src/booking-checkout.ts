import { type ClientOptions, type Once, openWire, type Wire } from './wire.ts';

export interface BookingItem {
  service_id: number | string;
  practitioner_id?: number | string;
  /** ISO 8601 with an offset; for a single session. */
  start_time?: string;
  end_time?: string;
  quantity?: number;
  child_selections?: Record<string, { selected: boolean; quantity?: number }>;
}

export interface BookingRequest {
  checkout_type: 'single_session' | 'bundle' | 'package';
  items: readonly BookingItem[];
  save_payment_method?: boolean;
  use_credits?: boolean;
  payment_method_id?: string;
  coupon_code?: string;
  quote_id?: string;
}

/** All sums are in the minor unit of the price's currency. */
export interface BookingSums {
  subtotal_cents: number;
  discount_cents?: number;
  tax_cents: number;
  credits_applied_cents: number;
  total_cents: number;
  requires_payment: boolean;
}

export interface Booking extends BookingSums {
  checkout_session_id: null;
  /** Null when nothing is left to pay. */
  payment_intent_id: string | null;
  client_secret: string | null;
  order_id: string;
}

export interface BookingPrice extends BookingSums {
  currency: string;
  lines: { service_id: number | string; quantity: number; unit_cents: number; total_cents: number }[];
  credits_available_cents: number;
  quote_id: string;
  expires_at: string;
}

export interface BookedTime {
  id: string;
  service_id: number | string;
  practitioner_id: number | string;
  start_time: string;
  end_time: string;
  status: string;
}

export interface BookingPayment {
  order_id: string;
  payment_intent_id: string | null;
  status: string;
  payment_intent_status: string | null;
  requires_action: boolean;
  client_secret: string | null;
  bookings: BookedTime[];
}

export type BookingStatus = Booking & {
  status: 'open' | 'complete' | 'expired';
  order_status: string;
  payment_status: 'unpaid' | 'paid' | 'no_payment_required';
  payment_intent_status: string | null;
  requires_action: boolean;
  currency: string;
  hold_expires_at: string;
  bookings: BookedTime[];
};

export interface SavedMethod {
  id: string;
  type: string;
  is_default: boolean;
  created: string;
  card?: { brand: string; last4: string; exp_month: number; exp_year: number };
}

export interface CreditBalance {
  balance_cents: number;
  held_cents: number;
  available_cents: number;
  currency: string;
  lots: { remaining_cents: number; expires_at: string | null; source: string }[];
  session_credits: { service_id: number | string; remaining: number; expires_at: string | null }[];
}

/**
 * The contract `booking-checkout`: a signed-in buyer books a time, buys a bundle or a package. The buyer is told by
 * `buyer_token`, or by the shop's own cookie: then the page's origin must be the shop's, and its mark goes along.
 */
export class BookingCheckout {
  readonly #wire: Wire;

  constructor(options: ClientOptions = {}) {
    const marked_by = options.buyer_token ? undefined : '/credits/balance';
    this.#wire = openWire('/stripe/fastapi/api/v1/stripe', '', { ...options, marked_by });
  }

  /** Books and opens the payment. @throws CheckoutError */
  createCheckout(request: BookingRequest, named?: Once): Promise<Booking> {
    return this.#wire.once('/checkout/create', request, named);
  }

  /** What it would cost; nothing is booked. @throws CheckoutError */
  calculatePrice(request: BookingRequest): Promise<BookingPrice> {
    return this.#wire.post('/checkout/calculate-price', request);
  }

  /** Tells the shop that the payment was made, or pays with a saved method. Safe to repeat. @throws CheckoutError */
  confirmPayment(payment: {
    payment_intent_id?: string;
    order_id?: string;
    payment_method_id?: string;
    return_url?: string;
  }): Promise<BookingPayment> {
    return this.#wire.once('/payment/confirm', payment);
  }

  /** @throws CheckoutError */
  getCheckoutStatus(
    ref: { order_id: string } | { payment_intent_id: string } | { checkout_session_id: string },
  ): Promise<BookingStatus> {
    return this.#wire.post('/checkout/status', ref);
  }

  /** @throws CheckoutError */
  async getPaymentMethods(limit = 20): Promise<SavedMethod[]> {
    return (await this.#wire.get<{ payment_methods: SavedMethod[] }>(`/payment-methods?limit=${limit}`))
      .payment_methods;
  }

  /** @throws CheckoutError */
  getCreditBalance(): Promise<CreditBalance> {
    return this.#wire.get('/credits/balance');
  }
}
