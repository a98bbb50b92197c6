import { type Polled, type PollOptions, poll } from './poll.ts';
import { type ClientOptions, type Once, openWire, type Wire } from './wire.ts';

/** One thing that a link sells. */
export interface PaymentItemFields {
  /** What the buyer reads; not with `offer`. */
  name?: string;
  /** Section, row, seats. */
  description?: string;
  /** Of one piece, in the major unit: `50` or `'50.00'`. May be left away with `offer`: then it is the catalogue's. */
  amount?: number | string;
  quantity?: number;
  /** An offer of the catalogue, with its price and its stock. */
  offer?: string;
}

/** One thing that a link sells, such as `new PaymentItem({ name: 'Ticket', amount: 50 })`: one piece unless it says more. */
export class PaymentItem implements PaymentItemFields {
  readonly quantity: number = 1;

  constructor(fields: PaymentItemFields) {
    Object.assign(this, fields);
  }
}

interface Note {
  /** Default: the shop's. */
  currency?: string;
  /** `order_id` is your own reference; the name of an order of Kassa's links the payment to it. */
  metadata?: Record<string, string>;
}

export interface PaymentIntentRequest extends Note {
  /** The whole sum in the major unit: `150` or `'150.00'`. */
  amount: number | string;
  description?: string;
  offer?: string;
  customer_id?: string;
}

export interface PaymentLinkRequest extends Note {
  items: readonly PaymentItemFields[];
  success_url: string;
  cancel_url: string;
  customer_email?: string;
}

export type PaymentIntentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'processing'
  | 'requires_capture'
  | 'succeeded'
  | 'canceled';

/** Amounts are in the major unit: `150` is $150.00. */
export interface PaymentIntent {
  id: string;
  amount: number;
  currency: string;
  status: PaymentIntentStatus;
  client_secret: string;
}

export interface PaymentState {
  payment_intent: {
    id: string;
    amount: number;
    status: PaymentIntentStatus;
    customer_id: string | null;
    metadata: Record<string, string>;
  };
  /** Only while `requires_action`: hand it to Stripe.js, which asks the buyer to authenticate. */
  client_secret?: string;
}

export interface Refund {
  id: string;
  payment_intent_id: string;
  amount: number;
  currency: string;
  /** `pending` may last for days and is not done. */
  status: 'pending' | 'requires_action' | 'succeeded' | 'failed' | 'canceled';
  reason: RefundReason | null;
}
export type RefundReason = 'duplicate' | 'fraudulent' | 'requested_by_customer';

export interface Customer {
  id: string;
  email: string;
  name: string | null;
}

/**
 * The contract `chat-payments`, for the server of an agent: intents, links, status, cancelling, refunds, customers.
 * `api_key` is a secret or an agent key and never leaves your server; in a page it is refused. Empty is for a shop on
 * your own computer that asks for none.
 */
export class StripePaymentManager {
  readonly #wire: Wire;

  constructor(api_key: string, options: ClientOptions = {}) {
    if (/^(?:kassa_)?pk_/.test(api_key)) throw new TypeError('A publishable key may not do this: use a secret key.');
    this.#wire = openWire('/payments', api_key, options);
    if (api_key !== '' && this.#wire.world.is_page) {
      throw new TypeError('This is a secret key: it never leaves your server.');
    }
  }

  /** Opens a payment that a page confirms with `client_secret`. @throws CheckoutError */
  async createPaymentIntent(request: PaymentIntentRequest, named?: Once): Promise<PaymentIntent> {
    return (await this.#wire.once<{ payment_intent: PaymentIntent }>('/intent/create', request, named)).payment_intent;
  }

  /** Opens a payment page; send the buyer to `url`. @throws CheckoutError */
  async createCheckoutSession(
    request: PaymentLinkRequest,
    named?: Once,
  ): Promise<{ id: string; url: string; status: string }> {
    type Made = { checkout_session: { id: string; url: string; status: string } };
    return (await this.#wire.once<Made>('/checkout/create', request, named)).checkout_session;
  }

  /** Where a payment stands. Safe to ask again. @throws CheckoutError */
  getPaymentStatus(payment_intent_id: string): Promise<PaymentState> {
    return this.#wire.get(`${intentPath(payment_intent_id)}/status`);
  }

  /** Asks until the payment has succeeded, was canceled, or needs its buyer. @throws CheckoutError */
  pollPaymentStatus(
    payment_intent_id: string,
    options?: PollOptions<PaymentState>,
  ): Promise<Polled<'succeeded' | 'canceled' | 'requires_action', PaymentState>> {
    return poll(this.#wire.world, () => this.getPaymentStatus(payment_intent_id), endOf, options);
  }

  /** Ends a payment that nobody has made. @throws CheckoutError `PAYMENT_ALREADY_SUCCEEDED`: refund it instead. */
  async cancelPayment(
    payment_intent_id: string,
    reason?: RefundReason | 'abandoned',
  ): Promise<Omit<PaymentIntent, 'client_secret'>> {
    type Ended = { payment_intent: Omit<PaymentIntent, 'client_secret'> };
    const path = `${intentPath(payment_intent_id)}/cancel`;
    return (await this.#wire.once<Ended>(path, reason === undefined ? {} : { reason })).payment_intent;
  }

  /** Sends money back: `amount` in the major unit, or all that is left. @throws CheckoutError */
  async refundPayment(
    payment_intent_id: string,
    asked: { amount?: number | string; reason?: RefundReason } & Once = {},
  ): Promise<Refund> {
    const { intent, ...rest } = asked;
    const body = { payment_intent_id, ...rest };
    return (await this.#wire.once<{ refund: Refund }>('/refund', body, intent === undefined ? {} : { intent })).refund;
  }

  /** Makes a customer, or finds the one with this address. @throws CheckoutError */
  async createCustomer(customer: { email: string; name?: string }): Promise<Customer> {
    return (await this.#wire.once<{ customer: Customer }>('/customer/create', customer)).customer;
  }

  /** @throws CheckoutError `NOT_FOUND` */
  async getCustomer(customer_id: string): Promise<Customer & { created: string }> {
    type Found = { customer: Customer & { created: string } };
    return (await this.#wire.get<Found>(`/customer/${encodeURIComponent(customer_id)}`)).customer;
  }
}

function intentPath(payment_intent_id: string): string {
  return `/intent/${encodeURIComponent(payment_intent_id)}`;
}

function endOf({ payment_intent: { status } }: PaymentState): 'succeeded' | 'canceled' | 'requires_action' | undefined {
  return status === 'succeeded' || status === 'canceled' || status === 'requires_action' ? status : undefined;
}
