import { type Polled, type PollOptions, poll } from './poll.ts';
import { type ClientOptions, type Once, openWire, type Wire } from './wire.ts';

export interface EmbeddedStatus {
  /** `complete` means finished, not paid: a bank may still think. */
  status: 'open' | 'complete' | 'expired';
}

/** The contract `embedded-checkout`: one product, paid in a form inside the page. */
export class EmbeddedCheckout {
  readonly #wire: Wire;

  constructor(api_key = '', options: ClientOptions = {}) {
    this.#wire = openWire('/api/checkout', api_key, options);
  }

  /** Opens the session; answers the secret for Stripe.js. @throws CheckoutError */
  async createSession(
    wanted: { metadata?: Record<string, string>; customer_email?: string } = {},
    named?: Once,
  ): Promise<string> {
    return (await this.#wire.once<{ client_secret: string }>('/embedded-session', wanted, named)).client_secret;
  }

  /** @param session_id `cs_…`: from the return address, or the client secret's part before `_secret_`. @throws CheckoutError */
  getStatus(session_id: string): Promise<EmbeddedStatus> {
    return this.#wire.get(`/session-status?${new URLSearchParams({ session_id })}`);
  }

  /** Asks until the form is complete or expired. @throws CheckoutError */
  pollStatus(
    session_id: string,
    options?: PollOptions<EmbeddedStatus>,
  ): Promise<Polled<'complete' | 'expired', EmbeddedStatus>> {
    const endOf = ({ status }: EmbeddedStatus) => (status === 'open' ? undefined : status);
    return poll(this.#wire.world, () => this.getStatus(session_id), endOf, options);
  }
}
