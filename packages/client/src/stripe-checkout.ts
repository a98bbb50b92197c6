import { type PollOptions, poll } from './poll.ts';
import type { CheckoutSession, CheckoutSessionRequest, CheckoutStatus, PaymentOutcome } from './types.ts';
import { type ClientOptions, type Once, openWire, type Wire } from './wire.ts';

/**
 * The contract `hosted-checkout`: sends buyers to the payment page and asks what became of it. `api_key` is a
 * publishable key or empty; a secret key has no business in a page and is refused.
 */
export class StripeCheckout {
  readonly #wire: Wire;

  constructor(api_key = '', options: ClientOptions = {}) {
    if (/^(?:kassa_)?(?:sk|rk|ak)_/.test(api_key)) {
      throw new TypeError('This is a secret key: it never leaves your server. Use a publishable key or none.');
    }
    this.#wire = openWire('/api/payments/v1/checkout', api_key, options);
  }

  /**
   * Opens a checkout. The key that makes it happen once is made before the first try and kept until there is an answer:
   * a lost connection, a double click and a reload all end as one order.
   * @throws CheckoutError
   */
  createCheckoutSession(request: CheckoutSessionRequest, named?: Once): Promise<CheckoutSession> {
    return this.#wire.once('/session', request, named);
  }

  /** Where a checkout stands. Safe to ask again. @throws CheckoutError */
  getCheckoutStatus(session_id: string): Promise<CheckoutStatus> {
    return this.#wire.get(`/status/${encodeURIComponent(session_id)}`);
  }

  /** Asks until the checkout is paid or expired, five times, two seconds apart. @throws CheckoutError */
  pollPaymentStatus(session_id: string, options?: PollOptions<CheckoutStatus>): Promise<PaymentOutcome> {
    const ask = () => this.getCheckoutStatus(session_id);
    return poll(this.#wire.world, ask, endOf, options);
  }
}

function endOf({ status, payment_status }: CheckoutStatus): 'paid' | 'expired' | undefined {
  if (payment_status === 'paid') return 'paid';
  return status === 'expired' ? 'expired' : undefined;
}
